"""A realm as its player sees it: it starts once, levels up by itself, takes quests, pauses and resumes."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.conftest import REALM, RunningRealm

ROOT = Path(__file__).parents[2]


def test_starting_again_changes_nothing(realm: RunningRealm) -> None:
    before = {name: row["detail"] for name, row in realm.state()["services"].items()}
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: realm.json("start"), range(2)))
    assert [each["fresh"] for each in both] == [False, False]
    assert {name: row["detail"] for name, row in realm.state()["services"].items()} == before


def test_the_state_has_what_is_promised(realm: RunningRealm) -> None:
    state = realm.json("status")
    assert {"id", "name", "hero_level", "xp", "atk", "def", "acc", "gold"} <= state["hero"].keys()
    assert {"id", "step", "state"} <= state["campaign"].keys()
    wanted = {"state", "battle_id", "quest", "step", "steps_total", "train_loss", "tokens_per_second"}
    realm.wait(lambda s: wanted <= s["battle"].keys(), "a battle")
    assert {"mastered_level", "training_level", "last_accuracy"} <= state["skills"]["bin"].keys()
    assert {"queued", "active", "completed", "failed"} <= state["quests"].keys()
    assert "champion" in state
    assert all({"healthy", "url", "restarts"} <= row.keys() for row in state["services"].values())


def test_the_hero_levels_up_unattended(realm: RunningRealm) -> None:
    state = realm.wait(lambda s: s["skills"]["bin"]["mastered_level"] >= 2, "BIN level 2 mastered", 240)
    step = state["skills"]["bin"]["levels_mastered_at"]["2"]
    window = realm.rows(f"select n, correct, step from evaluations where level = 2 and step <= {step} order by id")[-3:]
    assert sum(correct / n for n, correct, _ in window) / 3 >= 0.8
    assert all(n >= 100 for n, _, _ in window)
    assert len({at for _, _, at in window}) == 3
    state = realm.wait(lambda s: s["champion"] is not None and s["quests"]["completed"] > 0, "a champion, a quest done")
    assert state["hero"]["gold"] == 100 * state["quests"]["completed"]
    # Exams go on while the command runs.
    highest = "select max(exam_accuracy) from checkpoints"
    [(before,)] = realm.rows(highest)
    best = realm.json("vault", "best")
    assert before <= best["exam_accuracy"] <= realm.rows(highest)[0][0]


def test_every_checkpoint_is_a_hugging_face_folder(realm: RunningRealm) -> None:
    realm.wait(lambda s: s["latest_checkpoint"] is not None, "a checkpoint")
    folder = (realm.home / "models" / "current_model").resolve()
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.model_type == "qwen3"
    assert AutoTokenizer.from_pretrained(folder).chat_template
    ledger = json.loads((folder / "ledger.json").read_text())
    assert realm.json("vault", "show", ledger["id"])["sha256"] == ledger["sha256"]


def test_good_quests_complete_and_bad_ones_name_their_line(realm: RunningRealm, tmp_path: Path) -> None:
    good = tmp_path / "good.jsonl"
    good.write_text("".join(json.dumps({"question": f"What is {n}?", "answer": str(n)}) + "\n" for n in range(64)))
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"question": "a", "answer": "b"}\nnot json\n')
    preference = tmp_path / "preference.jsonl"
    preference.write_text('{"prompt": "a", "chosen": "b", "rejected": "c"}\n')
    done = realm.cli("quest", "post", str(bad), str(good), str(preference), "--priority", "high", check=False)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "line 2" in said
    assert "chosen" in said
    again = realm.json("quest", "post", str(good))
    assert [each["duplicate"] for each in again["posted"]] == [True]

    def completed(_: dict[str, Any]) -> bool:
        return any(q["name"] == "good.jsonl" for q in realm.json("quest", "list", "--status", "completed")["quests"])

    realm.wait(completed, "good.jsonl completed", 180)
    quest = next(q for q in realm.json("quest", "list", "--status", "completed")["quests"] if q["name"] == "good.jsonl")
    assert quest["shape"] == "question-answer"
    assert quest["steps_fought"] == 2
    assert quest["heldout_loss"] > 0
    assert len(realm.rows("select 1 from quests where status = 'rejected'")) >= 2


def test_a_large_file_tells_its_progress_holds_nobody_up_and_can_be_given_up(
    realm: RunningRealm, tmp_path: Path
) -> None:
    row = json.dumps({"question": "What is one and one? " * 8, "answer": "two"})
    part = b'Content-Disposition: form-data; name="file"; filename="large.jsonl"\r\n\r\n'
    body = b"--x\r\n" + part + "".join(f"{row}\n" for _ in range(1_000_000)).encode() + b"\r\n--x--\r\n"
    upload = urllib.request.Request(
        f"{realm.tavern}/api/quests/inspect", body, {"Content-Type": "multipart/form-data; boundary=x"}
    )
    with urllib.request.urlopen(upload, timeout=60) as answer:
        token = json.load(answer)["upload"]

    def reading(_: Any = None) -> bool:
        status, at = realm.request(f"/api/quests/intakes/{token}")
        return status == 200 and 0 < at["bytes_done"] < at["bytes_total"]

    small = tmp_path / "small.jsonl"
    small.write_text('{"text": "between two megabytes"}\n')
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(realm.request, "/api/quests", {"upload": token})
        realm.wait(reading, "the large file being read", 60)
        realm.cli("quest", "post", str(small))
        assert reading(), (
            f"the small file had to wait for the large one: {realm.request(f'/api/quests/intakes/{token}')}"
        )
        assert realm.request(f"/api/quests/intakes/{token}/cancel", {})[0] == 200
        status, problem = posted.result(60)
    assert status == 409
    assert "cancelled at" in problem["detail"]
    assert not realm.rows("select 1 from quests where name = 'large.jsonl'")
    assert realm.rows("select 1 from quests where name = 'small.jsonl'")
    # The director's next quest may be under way at this very moment.
    realm.wait(lambda _: not list((realm.home / "quests").glob(".incoming-*")), "nothing half read")


def test_the_inbox_is_watched_and_escapes_are_confined(realm: RunningRealm) -> None:
    (realm.home / "inbox" / "dropped.jsonl").write_text('{"text": "plain words to learn"}\n')
    (realm.home / "inbox" / "broken.jsonl").write_text("{}\n")

    def settled(_: dict[str, Any]) -> bool:
        return not [path for path in (realm.home / "inbox").iterdir() if not path.name.startswith(".")]

    realm.wait(settled, "the inbox empty")
    reasons = list((realm.home / "rejected").glob("*broken.jsonl.reason.txt"))
    assert len(reasons) == 1
    assert "line 1" in reasons[0].read_text()
    assert realm.rows("select name from quests where name = 'dropped.jsonl'")
    part = b'Content-Disposition: form-data; name="file"; filename="../../x"\r\n\r\n{"text": "up and away"}\n'
    body = b"--x\r\n" + part + b"\r\n--x--\r\n"
    escape = urllib.request.Request(
        f"{realm.tavern}/api/quests", body, {"Content-Type": "multipart/form-data; boundary=x"}
    )
    with urllib.request.urlopen(escape, timeout=60) as answer:
        assert json.load(answer)["quest"]["name"] == "x"
    assert not (realm.home.parent / "x").exists()


def test_pause_saves_and_resume_goes_on_from_there(realm: RunningRealm) -> None:
    realm.wait(lambda s: s["battle"]["state"] == "running", "running")
    paused = realm.json("battle", "pause")
    assert paused["state"] == "paused"
    state = realm.wait(lambda s: s["campaign"]["durable_step"] == s["campaign"]["step"], "all steps durable", 30)
    at = state["campaign"]["durable_step"]
    assert not realm.processes("ray::RayTrainWorker") or realm.wait(
        lambda _: not realm.processes("ray::RayTrainWorker"), "the worker group released", 30
    )
    assert realm.json("battle", "resume")["state"] in ("starting", "running")
    started = realm.rows("select start_step from attempts order by number desc limit 1")
    assert started == [(at,)]
    realm.wait(lambda s: s["campaign"]["step"] > at + 20, "steps beyond the pause")


def test_a_hero_too_large_for_snapshots_is_evaluated_at_checkpoints(realm: RunningRealm) -> None:
    realm.cli("battle", "pause")
    realm.cli("config", "set", "training.snapshot_max_mb", "0")
    try:
        [(before,)] = realm.rows("select count(*) from evaluations where checkpoint_id is not null")
        realm.cli("battle", "resume")
        count = "select count(*) from evaluations where checkpoint_id is not null"
        realm.wait(lambda _: realm.rows(count)[0][0] >= before + 2, "two evaluations of checkpoints", 150)
    finally:
        realm.cli("battle", "pause")
        realm.cli("config", "set", "training.snapshot_max_mb", "64")
        realm.cli("battle", "resume")


def test_two_train_workers_fight_and_pause_together(realm: RunningRealm) -> None:
    realm.cli("battle", "pause")
    realm.cli("config", "set", "placement.train_workers", "2")
    try:
        realm.cli("battle", "resume")
        state = realm.wait(lambda s: s["battle"]["state"] == "running", "running", 150)
        assert len(realm.processes("ray::RayTrainWorker")) == 2
        realm.wait(lambda s: s["campaign"]["step"] > state["campaign"]["durable_step"] + 5, "steps", 120)
        realm.cli("battle", "pause")
        realm.wait(lambda _: not realm.processes("ray::RayTrainWorker"), "both workers released", 60)
    finally:
        realm.cli("config", "set", "placement.train_workers", "1")
    realm.cli("battle", "resume")


def test_a_full_disk_pauses_the_battle_with_the_numbers(realm: RunningRealm) -> None:
    realm.cli("battle", "pause")
    free_mb = realm.state()["disk"]["free_bytes"] // 1_000_000
    realm.cli("config", "set", "vault.min_free_mb", str(free_mb + 100_000))
    try:
        realm.cli("battle", "resume", "--no-wait")
        state = realm.wait(
            lambda s: s["battle"]["state"] == "paused" and "must stay free" in (s["battle"]["reason"] or ""),
            "the battle paused by a full disk",
        )
        assert "MB free" in state["battle"]["reason"]
    finally:
        realm.cli("config", "set", "vault.min_free_mb", "512")
    realm.cli("battle", "resume")
    realm.wait(lambda s: s["battle"]["state"] == "running", "running again")


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}], ids=["foreign origin", "foreign host"]
)
def test_foreign_pages_change_nothing(realm: RunningRealm, headers: dict[str, str]) -> None:
    request = urllib.request.Request(
        f"{realm.tavern}/api/battle", b'{"action": "stop"}', {"Content-Type": "application/json", **headers}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code in (403, 421)
    assert realm.state()["battle"]["state"] != "stopping"


def test_the_driver_script_drives_the_realm(realm: RunningRealm) -> None:
    script = ROOT / "examples" / "drive_the_realm.py"
    done = subprocess.run([sys.executable, script], env=realm.env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("posted", "paused", "running", "champion"):
        assert word in done.stdout.lower()


def test_the_driver_runs_as_a_ray_job_and_battles_show_in_the_train_view(realm: RunningRealm) -> None:
    address = f"http://127.0.0.1:{realm.env['REALM_RAY__DASHBOARD_PORT']}"
    token = (realm.home / "ray" / "token").read_text()
    ray = str(Path(REALM).with_name("ray"))
    env = {**realm.env, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(realm.home / "ray" / "token")}
    command = [
        ray,
        "job",
        "submit",
        "--address",
        address,
        "--",
        sys.executable,
        str(ROOT / "examples" / "drive_the_realm.py"),
    ]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "champion" in done.stdout.lower()
    request = urllib.request.Request(f"{address}/api/train/v2/runs/v1", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        runs = json.load(answer)
    assert any("-attempt-" in run["name"] for run in runs["train_runs"])
