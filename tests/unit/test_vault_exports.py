"""Exports: what is written is what the ledger has, whole or not at all, and loads where there is no realm."""

from __future__ import annotations

import errno
import io
import json
import shutil
import subprocess
import sys
import tarfile
import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import zstandard
from huggingface_hub import ModelCard
from transformers import AutoModelForCausalLM, AutoTokenizer
from vault_helpers import CAMPAIGN, STEP, Keeper, add_checkpoint, fill_books, new_home, wait_ended

from realm.errors import ConflictError, DiskFullError, HeroError, NotFoundError, RequestError
from realm.rules.checkpoint import Checkpoint, CreatedBy
from realm.rules.stronghold import TransferState
from realm.vault.export import ExportFormat, export_name, parse_export_name, write_export
from realm.vault.exporter import Exporter, Order
from realm.vault.folders import WEIGHTS, sha256_of
from realm.vault.staging import staged, sweep

EXPORTED = f"{CAMPAIGN}-checkpoint-{STEP}-20260131-1145"


@pytest.fixture
def keeper(tmp_path: Path, mote_folder: Path) -> Keeper:
    return Keeper(new_home(tmp_path / "home"), mote_folder)


@pytest.fixture
def checkpoint(keeper: Keeper, mote_folder: Path) -> Checkpoint:
    return add_checkpoint(keeper.home, mote_folder)


def order(checkpoint: Checkpoint, format: ExportFormat = ExportFormat.FOLDER) -> Order:
    return Order(
        checkpoint.id, lambda: nullcontext(Path(checkpoint.path)), checkpoint.sha256, {"README.md": "# card\n"}, format
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_exported_folder_gives_the_same_logits(keeper: Keeper, checkpoint: Checkpoint) -> None:
    row = keeper.export_start(checkpoint.canonical_name)
    assert row["id"] == EXPORTED
    done = keeper.wait(row["id"])
    assert (done["state"], done["error"]) == ("completed", None)
    assert done["bytes_done"] == done["bytes_total"] > 0
    folder = Path(done["path"])
    assert folder == keeper.home.exports / EXPORTED
    assert sha256_of(folder / WEIGHTS) == checkpoint.sha256
    ours, theirs = (AutoModelForCausalLM.from_pretrained(each) for each in (checkpoint.path, folder))
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "1 + 1"}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.inference_mode():
        assert torch.equal(ours(**ids).logits, theirs(**ids).logits)
    assert not (folder / "training_state").exists()
    assert not (folder / "ledger.json").exists()


def test_an_archive_unpacks_to_the_bytes_of_the_folder(keeper: Keeper, checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = Path(keeper.wait(keeper.export_start(checkpoint.id)["id"])["path"])
    archive = Path(keeper.wait(keeper.export_start(checkpoint.id, "tar.zst")["id"])["path"])
    assert archive.name == f"{EXPORTED}.tar.zst"
    with archive.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as plain:
        with tarfile.open(fileobj=io.BytesIO(plain.read())) as tar:
            tar.extractall(tmp_path / "unpacked", filter="data")
    unpacked, exported = contents(tmp_path / "unpacked" / EXPORTED), contents(folder)
    # The cards tell when they were written.
    assert unpacked.pop("README.md").startswith(b"---\n")
    del exported["README.md"]
    assert unpacked == exported


def test_the_optimizer_comes_along_when_asked_for(keeper: Keeper, checkpoint: Checkpoint) -> None:
    row = keeper.export_start(checkpoint.id, include_optimizer=True)
    assert (Path(keeper.wait(row["id"])["path"]) / "training_state" / "state.pt").read_bytes() == b"optimizer"


@pytest.mark.parametrize("format", ExportFormat)
def test_damaged_weights_are_not_exported(keeper: Keeper, checkpoint: Checkpoint, format: ExportFormat) -> None:
    weights = Path(checkpoint.path) / WEIGHTS
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    done = keeper.wait(keeper.export_start(checkpoint.id, format)["id"])
    assert done["state"] == "failed"
    assert checkpoint.sha256 in done["error"]
    assert list(keeper.home.exports.iterdir()) == []


@pytest.mark.parametrize("format", ExportFormat)
def test_cancelled_half_way_nothing_is_left(checkpoint: Checkpoint, tmp_path: Path, format: ExportFormat) -> None:
    seen: list[tuple[int, int]] = []

    def report(done: int, total: int) -> None:
        seen.append((done, total))
        if done > total / 2:
            raise InterruptedError

    target = tmp_path / "out" / export_name(checkpoint.id, format)
    with pytest.raises(InterruptedError):
        write_export(Path(checkpoint.path), target, checkpoint.sha256, {}, format=format, report=report)
    assert seen[0][0] == 0
    assert 0 < seen[-1][0] < seen[-1][1]
    assert list(target.parent.iterdir()) == []


def test_exports_under_way_and_waiting_are_cancelled(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """The first is held in its middle, so that the second waits."""
    reached, go_on = threading.Event(), threading.Event()

    class Held(dict[str, str]):
        def items(self):
            reached.set()
            assert go_on.wait(30)
            return super().items()

    exporter = Exporter(tmp_path / "out")
    first = exporter.start(replace(order(checkpoint), extras=Held({"README.md": "# card\n"})))
    second = exporter.start(order(checkpoint, ExportFormat.ARCHIVE))
    assert reached.wait(30)
    assert exporter.get(first.id).state == TransferState.RUNNING
    assert exporter.start(order(checkpoint)).id == first.id
    assert exporter.cancel(second.id).state == TransferState.CANCELLED
    exporter.cancel(first.id)
    go_on.set()
    third = exporter.start(order(checkpoint, ExportFormat.ARCHIVE))
    wait_ended(exporter.get, third.id)
    assert [exporter.get(each.id).state for each in (first, third)] == ["cancelled", "completed"]
    assert exporter.cancel(first.id).state == TransferState.CANCELLED
    assert [path.name for path in (tmp_path / "out").iterdir()] == [third.id]


def test_an_export_is_replaced_only_by_force(keeper: Keeper, checkpoint: Checkpoint) -> None:
    done = keeper.wait(keeper.export_start(checkpoint.id)["id"])
    old = Path(done["path"]) / "old.txt"
    old.write_text("of the first")
    with pytest.raises(ConflictError, match="force"):
        keeper.export_start(checkpoint.id)
    with pytest.raises(ConflictError, match="completed"):
        keeper.export_cancel(done["id"])
    assert old.exists()
    again = keeper.wait(keeper.export_start(checkpoint.id, force=True)["id"])
    assert again["state"] == "completed"
    assert not old.exists()
    assert [path.name for path in keeper.home.exports.iterdir()] == [EXPORTED]


def test_a_full_disk_is_told_before_anything_is_written(checkpoint: Checkpoint, tmp_path: Path) -> None:
    target = tmp_path / "out" / "export"
    with pytest.raises(DiskFullError) as full:
        write_export(
            Path(checkpoint.path),
            target,
            checkpoint.sha256,
            {},
            format=ExportFormat.FOLDER,
            report=lambda _done, _total: None,
            min_free=shutil.disk_usage(tmp_path).total,
        )
    assert full.value.needed > 0
    assert not target.parent.exists()


def test_a_disk_that_fills_up_meanwhile_keeps_nothing(checkpoint: Checkpoint, tmp_path: Path) -> None:
    def report(done: int, total: int) -> None:
        if done > total / 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    target = tmp_path / "out" / "export"
    with pytest.raises(DiskFullError, match="Nothing of it was kept"):
        write_export(Path(checkpoint.path), target, checkpoint.sha256, {}, format=ExportFormat.ARCHIVE, report=report)
    assert list(target.parent.iterdir()) == []


KILLED = """
import sys, time
from pathlib import Path
from realm.vault.export import ExportFormat, write_export

def report(done, total):
    if done > total / 2:
        print("half-way", flush=True)
        time.sleep(60)

write_export(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], {}, format=ExportFormat.FOLDER, report=report)
"""


def test_a_killed_export_leaves_what_the_next_start_removes(keeper: Keeper, checkpoint: Checkpoint) -> None:
    target = keeper.home.exports / EXPORTED
    command = [sys.executable, "-c", KILLED, checkpoint.path, str(target), checkpoint.sha256]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as exporting:
        assert exporting.stdout is not None
        assert exporting.stdout.readline() == "half-way\n"
        exporting.kill()
    [left] = keeper.home.exports.iterdir()
    assert left.name.startswith(".")
    assert keeper.exports() == []
    keeper.tidy_exports()
    assert list(keeper.home.exports.iterdir()) == []
    assert keeper.wait(keeper.export_start(checkpoint.id)["id"])["state"] == "completed"


def test_what_cannot_be_exported_is_said(keeper: Keeper, checkpoint: Checkpoint) -> None:
    with pytest.raises(NotFoundError):
        keeper.export_start("checkpoint-7")
    with pytest.raises(RequestError, match="'zip'"):
        keeper.export_start(checkpoint.id, "zip")
    with pytest.raises(NotFoundError):
        keeper.export_status("nothing")
    shutil.rmtree(checkpoint.path)
    assert "is not there" in keeper.wait(keeper.export_start(checkpoint.id)["id"])["error"]


@pytest.mark.parametrize("missing", [WEIGHTS, "config.json", "tokenizer.json"])
def test_an_incomplete_checkpoint_is_not_exported(keeper: Keeper, checkpoint: Checkpoint, missing: str) -> None:
    (Path(checkpoint.path) / missing).unlink()
    done = keeper.wait(keeper.export_start(checkpoint.id)["id"])
    assert (done["state"], list(keeper.home.exports.iterdir())) == ("failed", [])
    assert checkpoint.path in done["error"]


def test_the_next_process_knows_what_is_finished_and_removes_what_is_not(
    keeper: Keeper, checkpoint: Checkpoint, mote_folder: Path
) -> None:
    for format in ExportFormat:
        keeper.wait(keeper.export_start(checkpoint.id, format)["id"])
    exports = keeper.home.exports
    (exports / f".{EXPORTED}.999.tmp").mkdir()
    (exports / "other").mkdir()
    later = Keeper(keeper.home, mote_folder)
    later.tidy_exports()
    assert {path.name for path in exports.iterdir()} == {EXPORTED, f"{EXPORTED}.tar.zst", "other"}
    assert {(row["id"], row["checkpoint_id"], row["state"]) for row in later.exports()} == {
        (EXPORTED, checkpoint.id, "completed"),
        (f"{EXPORTED}.tar.zst", checkpoint.id, "completed"),
    }
    shutil.rmtree(exports / EXPORTED)
    assert [row["format"] for row in keeper.exports()] == ["tar.zst"]


def test_a_replacement_that_was_killed_half_way_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / ".a.retired").write_text("old")
    (tmp_path / ".b.retired").write_text("old")
    (tmp_path / "b").write_text("new")
    sweep(tmp_path)
    assert contents(tmp_path) == {"a": b"old", "b": b"new"}
    with pytest.raises(ConflictError), staged(tmp_path / "a") as staging:
        staging.write_text("half")
    assert contents(tmp_path) == {"a": b"old", "b": b"new"}


@pytest.mark.parametrize("checkpoint_id", ["mote-1/checkpoint-0-20260131-1145", "a-b-2/checkpoint-7-20260131-0000~2~3"])
@pytest.mark.parametrize("format", ExportFormat)
def test_the_name_of_an_export_says_what_it_is(checkpoint_id: str, format: ExportFormat) -> None:
    said = parse_export_name(export_name(checkpoint_id, format))
    assert said is not None
    assert (said.checkpoint_id, said.format) == (checkpoint_id, format)


def test_the_card_says_what_the_books_say(keeper: Keeper, mote_folder: Path) -> None:
    checkpoint = add_checkpoint(
        keeper.home, mote_folder, train_loss=0.25, perplexity=1.284, mastered_levels={"bin": 3}, examples_seen=1001
    )
    fill_books(keeper.home, checkpoint)
    folder = Path(keeper.wait(keeper.export_start(checkpoint.id)["id"])["path"])
    card = ModelCard.load(folder / "README.md")
    assert (card.data.library_name, card.data.pipeline_tag, card.data.base_model) == (
        "transformers",
        "text-generation",
        None,
    )
    results = {each.dataset_name: each for each in card.data.eval_results}
    assert set(results) == {"bin level 4", "exam", "exam, bin", "passive letter_count"}
    assert results["bin level 4"].metric_value == 0.83
    assert results["bin level 4"].metric_args == {"n": 100, "correct": 83, "wilson_95": [0.7445, 0.8911]}
    assert (results["exam"].metric_value, results["exam"].dataset_revision) == (0.875, "exam-1")
    for said in (
        f"MOTE at step 1,200 of {CAMPAIGN}",
        checkpoint.sha256,
        "| bin | 3 | 30 |",
        "| bin | 4 | 0.830 (83 of 100; 0.745 to 0.891) | these |",
        "| sy | 4 | 0.830 (83 of 100; 0.745 to 0.891) | step 900 |",
        "a fixed panel of 8 problems",
        "| bin | 0.875 (7 of 8; 0.529 to 0.978) |",
        "| letter_count | 1 | 0.800 (4 of 5;",
        "Quests (training data files): 2, of which 1 were generated from the skills; examples: 1,001.",
        f"| sums\\|\\<b\\>.jsonl | `{0:064x}` | 500 | user | 0 to 600 |",
        "built from scratch",
        "torch 2.13.0",
    ):
        assert said in card.text, said
    assert [quest["examples"] for quest in json.loads((folder / "quests.json").read_text())] == [500, 501]


def test_what_was_measured_is_told_with_n_and_interval(keeper: Keeper, checkpoint: Checkpoint) -> None:
    fill_books(keeper.home, checkpoint)
    told = keeper.measured("checkpoint-1200")
    assert (told["checkpoint_id"], told["exam"]["n"]) == (checkpoint.id, 8)
    assert [(each["skill_id"], each["own"], each["step"]) for each in told["evaluations"]] == [
        ("bin", True, STEP),
        ("sy", False, 900),
    ]
    assert told["passives"][0]["n"] == 5
    assert told["evaluations"][0]["low"] == pytest.approx(0.7445, abs=1e-4)


def test_the_card_of_a_checkpoint_without_measurements_says_so(keeper: Keeper, mote_folder: Path) -> None:
    fill = add_checkpoint(keeper.home, mote_folder)
    fill_books(keeper.home, fill)
    other = add_checkpoint(keeper.home, mote_folder, 1201, created_by=CreatedBy.STOP, parent_id=fill.id)
    card = ModelCard.load(Path(keeper.wait(keeper.export_start(other.id)["id"])["path"]) / "README.md")
    assert card.data.eval_results is None
    unmeasured = card.text.split("## What was not measured")[1]
    for said in ("No evaluation asked these very weights", "no exam", "Validation loss", "Train loss", "Passives"):
        assert said in unmeasured, said
    assert f"- parent: `{fill.id}`, step 1,200, interval" in card.text


def test_an_export_needs_the_checkpoints_folder(tmp_path: Path) -> None:
    with pytest.raises(HeroError, match="not there"):
        write_export(
            tmp_path / "gone", tmp_path / "out", "", {}, format=ExportFormat.FOLDER, report=lambda _done, _total: None
        )
