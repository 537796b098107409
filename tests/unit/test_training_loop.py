"""The step loop on a real tiny hero: resume bit for bit, pause, early ends, checkpoints, full disks."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from realm.catalog import HeroSpec
from realm.config import RealmConfig
from realm.errors import ConflictError, HeroError
from realm.quests import Example
from realm.rules.interventions import Rewarming, TrainingChange
from realm.training import checkpoints
from realm.training import loop as loop_module
from realm.training.batches import collate, joined
from realm.training.checkpoints import SavedCheckpoint, load_training_state
from realm.training.encoding import encode
from realm.training.engine import GPU_LANE_TOKENS
from realm.training.loop import BattleLoop, LoopOutcome, LoopSettings, Progress
from realm.training.ports import Metrics, Orders, QuestOutcome
from realm.training.quest_feed import Ticket
from realm.training.settings import make_engine, make_feed, open_hero
from realm.vault.folders import STATE, sha256_of
from skills import get_engine, training_examples

QUIET = LoopSettings(
    checkpoint_interval=1e9, snapshot_interval=0, metrics_interval=0.05, idle_timeout=0.0, min_free_bytes=0
)


@dataclass
class Board:
    """Ports over lists: quests in, everything that happened out."""

    out: Path
    quests: dict[str, list[Example]]
    decide: Callable[[int], Orders] = lambda _: Orders()
    waiting: list[str] = field(default_factory=list)
    levels: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Skill and level that a generated quest is named after."""
    asked: int = 0
    begun: list[tuple[str, int, int]] = field(default_factory=list)
    outcomes: list[QuestOutcome] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    saved: list[SavedCheckpoint] = field(default_factory=list)
    seen: list[Metrics] = field(default_factory=list)
    snapshots: list[tuple[int, dict[str, np.ndarray]]] = field(default_factory=list)

    def ticket(self, name: str) -> Ticket:
        sizes = [min(100, len(self.quests[name]) - at) for at in range(0, len(self.quests[name]), 100)]
        origin = "user" if name.startswith("user") else "auto"
        return Ticket(name, name, origin, tuple(sizes), *self.levels.get(name, ()))

    def claim(self) -> Ticket | None:
        return self.ticket(self.waiting.pop(0)) if self.waiting else None

    def peek(self) -> Ticket | None:
        return self.ticket(self.waiting[0]) if self.waiting else None

    def read_shard(self, quest_id: str, index: int) -> list[Example]:
        return self.quests[quest_id][index * 100 : (index + 1) * 100]

    def began(self, ticket: Ticket, first_step: int, steps_total: int) -> None:
        self.begun.append((ticket.quest_id, first_step, steps_total))

    def fought(self, outcome: QuestOutcome) -> None:
        self.outcomes.append(outcome)

    def failed(self, quest_id: str, reason: str) -> None:
        self.failures[quest_id] = reason

    def orders(self) -> Orders:
        self.asked += 1
        return self.decide(self.asked)

    def metrics(self, metrics: Metrics) -> None:
        self.seen.append(metrics)

    def snapshot(self, step: int, weights: dict[str, np.ndarray]) -> None:
        self.snapshots.append((step, weights))

    def checkpoint_place(self, step: int) -> tuple[Path, dict[str, Any]]:
        return self.out / f"checkpoint-{step}", {"campaign_id": "mote-1"}

    def checkpointed(self, saved: SavedCheckpoint) -> None:
        self.saved.append(saved)


def examples(count: int, seed: int = 1) -> list[Example]:
    counts = {1: count // 3, 2: count - count // 3}
    problems = training_examples(get_engine().get("bin"), counts, seed)
    return [Example.from_row(problem.as_training_example()) for problem in problems]


@pytest.fixture
def board(tmp_path: Path) -> Board:
    quests = {"a": examples(250), "b": examples(90, seed=2)}
    return Board(tmp_path, quests, waiting=["a", "b"])


def fight(
    board: Board,
    spec: HeroSpec,
    source: Path,
    settings: LoopSettings = QUIET,
    training: dict[str, Any] | None = None,
    max_length: int | None = None,
) -> tuple[LoopOutcome, BattleLoop]:
    """One attempt from `source`: a base model, or a checkpoint to resume."""
    torch.set_num_threads(1)
    config = RealmConfig(**{"training": {"warmup_steps": 5, **(training or {})}, "hero": {"max_length": max_length}})
    hero = open_hero(spec, source, trains=True)
    engine = make_engine(hero, spec, config)
    progress = Progress()
    if (source / STATE).is_dir():
        state, meta = load_training_state(source)
        engine.load_training_state(state)
        progress = Progress.from_json(meta)
    feed = make_feed(hero, spec, config, board.read_shard)
    loop = BattleLoop(engine, feed, board, settings, progress)
    resume = board.ticket(progress.cursor.quest_id) if progress.cursor else None
    return loop.run(resume), loop


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoints.load_file(folder / "model.safetensors")


def test_quests_are_fought_to_their_last_step(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    outcome, loop = fight(board, mote, mote_folder)
    assert outcome.state == "idle"
    # 250 examples in shards of 100, 100 and 50 are 4 + 4 + 2 batches of 32; 90 examples are 3.
    assert [(o.quest_id, o.first_step, o.last_step, o.steps_fought, o.ended_by) for o in board.outcomes] == [
        ("a", 0, 10, 10, "exhausted"),
        ("b", 10, 13, 3, "exhausted"),
    ]
    assert board.begun == [("a", 0, 10), ("b", 10, 3)]
    assert loop.progress.examples_seen == 340
    assert board.saved[-1].step == 13
    assert board.outcomes[1].train_loss is not None
    assert board.outcomes[1].train_loss < 6


def test_an_interrupted_run_ends_with_the_same_bits(
    board: Board, tmp_path: Path, mote: HeroSpec, mote_folder: Path
) -> None:
    fight(board, mote, mote_folder)
    straight = board.saved[-1]
    for stop_after in (1, 6, 11):
        again = Board(tmp_path / str(stop_after), board.quests, waiting=["a", "b"])
        again.decide = lambda asked, limit=stop_after: Orders("pause") if asked > limit + 1 else Orders()
        outcome, _ = fight(again, mote, mote_folder)
        assert outcome.state == "paused"
        again.decide = lambda _: Orders()
        fight(again, mote, again.saved[-1].path)
        assert again.saved[-1].step == straight.step
        assert again.saved[-1].sha256 == straight.sha256, f"stopped after {stop_after}"
        ours, theirs = load_training_state(again.saved[-1].path)[0], load_training_state(straight.path)[0]
        assert all(torch.equal(ours["raw"][name], theirs["raw"][name]) for name in theirs["raw"])
        assert sum(o.steps_fought for o in again.outcomes) == 13


def test_a_checkpoint_opens_with_transformers_and_holds_the_average(
    board: Board, mote: HeroSpec, mote_folder: Path
) -> None:
    began = time.monotonic()
    fight(board, mote, mote_folder)
    lasted = time.monotonic() - began
    saved = board.saved[-1]
    model = AutoModelForCausalLM.from_pretrained(saved.path)
    state, meta = load_training_state(saved.path)
    name, averaged = next(iter(model.named_parameters()))
    assert not torch.equal(averaged.data, state["raw"][name])
    assert saved.sha256 == sha256_of(saved.path / "model.safetensors")
    assert meta["campaign_id"] == "mote-1"
    assert meta["step"] == 13
    assert 0 < meta["stall_s"] < lasted
    json.dumps(meta)


def test_a_step_takes_several_batches_while_an_intervention_asks_for_it(
    board: Board, mote: HeroSpec, mote_folder: Path
) -> None:
    larger = TrainingChange(batches=4)
    # From the fifth look on: four batches of the first quest are steps of their own, the other six are 4 + 2.
    board.decide = lambda asked: Orders(change=larger) if asked > 5 else Orders()
    _, loop = fight(board, mote, mote_folder)
    assert [(o.quest_id, o.first_step, o.last_step, o.steps_fought) for o in board.outcomes] == [
        ("a", 0, 6, 6),
        ("b", 6, 7, 1),
    ]
    assert loop.progress.examples_seen == 340
    assert board.saved[-1].step == 7


def test_a_paused_quest_goes_on_where_its_last_step_ended(
    board: Board, tmp_path: Path, mote: HeroSpec, mote_folder: Path
) -> None:
    larger = TrainingChange(batches=4)
    # Paused with two batches waiting for their step: they are read again.
    board.decide = lambda asked: Orders("pause") if asked > 7 else Orders(change=larger)
    fight(board, mote, mote_folder)
    assert (board.saved[-1].step, board.outcomes) == (1, [])
    again = Board(tmp_path / "again", board.quests, waiting=["b"])
    _, loop = fight(again, mote, board.saved[-1].path)
    assert [(o.quest_id, o.steps_fought, o.ended_by) for o in again.outcomes] == [
        ("a", 7, "exhausted"),
        ("b", 3, "exhausted"),
    ]
    assert loop.progress.examples_seen == 340


def test_the_learning_rate_is_warmed_up_anew_by_tokens(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    settings = replace(QUIET, metrics_interval=0.0)
    span = 4000
    board.decide = lambda _: Orders(change=TrainingChange(rewarming=Rewarming(1000, span)))
    fight(board, mote, mote_folder, settings, {"warmup_steps": 0, "learning_rate": 1.0})
    before = [0, *(each.tokens_seen for each in board.seen)]
    expected = [Rewarming(1000, span).factor(tokens) for tokens in before[: len(board.seen)]]
    assert [each.learning_rate for each in board.seen] == pytest.approx(expected)
    assert expected[0] == 0
    assert max(expected) > 0.9
    assert expected[-1] == pytest.approx(0.1)


def test_an_ended_quest_is_left_at_the_next_step(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    board.decide = lambda asked: Orders("run", "a", "cancelled") if asked > 4 else Orders()
    fight(board, mote, mote_folder)
    assert [(o.quest_id, o.steps_fought, o.ended_by) for o in board.outcomes] == [
        ("a", 3, "cancelled"),
        ("b", 3, "exhausted"),
    ]


def test_a_mastered_quest_is_trained_on_until_the_next_is_prepared(
    board: Board, mote: HeroSpec, mote_folder: Path
) -> None:
    board.quests["a"] = examples(6400)
    board.decide = lambda asked: Orders("run", "a", "level_mastered") if asked > 4 else Orders()
    _, loop = fight(board, mote, mote_folder)
    first, second = board.outcomes
    assert first.ended_by == "level_mastered"
    assert 3 <= first.steps_fought < 200  # the next one may be there at once
    assert (second.quest_id, second.ended_by) == ("b", "exhausted")
    assert loop.progress.cursor is None


@pytest.mark.parametrize(
    ("ahead", "ended_by"),
    [
        (("bin", 9), "exhausted"),
        (("bin", 10), "level_mastered"),
        (("sy", 3), "level_mastered"),
    ],
)
def test_a_mastered_quest_does_not_wait_for_another_skills(
    board: Board,
    mote: HeroSpec,
    mote_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    ahead: tuple[str, int],
    ended_by: str,
) -> None:
    """Only a waiting quest of the same skill, up to the mastered level, is about to be cancelled."""
    monkeypatch.setattr(loop_module, "LEAVE_WITHIN_S", 1e9)
    board.quests["a"] = examples(1600)
    board.levels = {"a": ("bin", 9), "b": ahead}
    board.decide = lambda asked: Orders("run", "a", "level_mastered") if asked > 4 else Orders()
    fight(board, mote, mote_folder)
    assert [(o.quest_id, o.ended_by) for o in board.outcomes] == [("a", ended_by), ("b", "exhausted")]


def test_a_quest_that_fits_nowhere_fails_and_the_next_one_is_fought(
    board: Board, mote: HeroSpec, mote_folder: Path
) -> None:
    long = [Example(messages=[{"role": "user", "content": "x" * 600}, {"role": "assistant", "content": "y"}])]
    board.quests["a"] = long
    fight(board, mote, mote_folder)
    assert "512" in board.failures["a"]
    assert [o.quest_id for o in board.outcomes] == ["b"]


def test_a_users_quest_keeps_a_heldout_loss(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    board.quests["user"] = examples(100, seed=3)
    board.waiting = ["user"]
    fight(board, mote, mote_folder)
    [outcome] = board.outcomes
    assert outcome.steps_fought == 3  # 95 of 100 examples are trained
    assert outcome.heldout_loss is not None
    assert 0 < outcome.heldout_loss < 10


def test_a_quest_notes_the_gap_before_it(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    board.quests["c"] = examples(40, seed=5)
    claim, slept = board.claim, 0.3

    def slow_claim() -> Ticket | None:
        if board.waiting == ["c"]:
            time.sleep(slept)
        return claim()

    board.claim = slow_claim  # type: ignore[method-assign]
    board.waiting = ["a", "b", "c"]
    fight(board, mote, mote_folder)
    gaps = {outcome.quest_id: outcome.gap_s for outcome in board.outcomes}
    assert gaps["a"] is None
    assert gaps["b"] is not None
    assert gaps["b"] > 0
    assert (gaps["c"] or 0) >= slept


def test_a_quest_after_an_empty_board_has_no_gap(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    asked = iter([board.ticket("a"), None, board.ticket("b"), None])
    board.claim = lambda: next(asked, None)  # type: ignore[method-assign]
    fight(board, mote, mote_folder, replace(QUIET, idle_timeout=0.5))
    assert [(outcome.quest_id, outcome.gap_s) for outcome in board.outcomes] == [("a", None), ("b", None)]


def test_intervals_save_report_and_snapshot(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    fight(board, mote, mote_folder, replace(QUIET, checkpoint_interval=0.05, snapshot_interval=0.05))
    assert len(board.saved) > 2
    assert [saved.step for saved in board.saved] == sorted({saved.step for saved in board.saved})
    assert board.snapshots
    assert all(array.dtype == np.float32 for array in board.snapshots[0][1].values())
    assert board.seen
    assert all(m.tokens_per_second > 0 and m.learning_rate > 0 and m.train_loss > 0 for m in board.seen)
    first, last = board.snapshots[0][1], board.snapshots[-1][1]
    assert any(not np.array_equal(first[name], last[name]) for name in first)


def test_weights_that_did_not_change_are_no_new_snapshot(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    fight(board, mote, mote_folder, replace(QUIET, snapshot_interval=0.01, idle_timeout=0.5))
    steps = [step for step, _ in board.snapshots]
    assert steps[-1] == board.outcomes[-1].last_step
    assert steps == sorted(set(steps))


def test_a_full_disk_pauses_and_writes_nothing(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    outcome, _ = fight(board, mote, mote_folder, replace(QUIET, min_free_bytes=10**18))
    assert outcome.state == "paused"
    assert "MB must stay free" in outcome.detail
    assert not list(board.out.glob("*checkpoint*"))


def test_a_checkpoint_that_breaks_off_leaves_nothing(
    board: Board, mote: HeroSpec, mote_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints.torch, "save", torn)
    outcome, _ = fight(board, mote, mote_folder)
    assert outcome.state == "paused"
    assert "No space left" in outcome.detail
    assert not list(board.out.glob("*"))


def test_a_disk_that_fills_while_it_is_written_pauses_with_the_numbers(
    board: Board, mote: HeroSpec, mote_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter([10**12])  # plenty when it is checked before, nothing after

    def usage(_: object) -> Any:
        return SimpleNamespace(free=next(free, 0))

    def torn(*_: object, **__: object) -> None:
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr(shutil, "disk_usage", usage)
    monkeypatch.setattr(checkpoints.torch, "save", torn)
    outcome, _ = fight(board, mote, mote_folder)
    assert outcome.state == "paused"
    assert "0.0 MB free" in outcome.detail


def test_a_failed_record_of_a_checkpoint_ends_the_attempt(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    def refused(_: SavedCheckpoint) -> None:
        raise ConflictError("The attempt was replaced.")

    board.checkpointed = refused  # type: ignore[method-assign]
    with pytest.raises(ConflictError, match="replaced"):
        fight(board, mote, mote_folder)


def test_small_updates_reach_weights_that_are_saved_in_bfloat16(
    board: Board, mote: HeroSpec, mote_folder: Path
) -> None:
    torch.set_num_threads(1)
    config = RealmConfig(**{"training": {"optimizer": "adamw", "learning_rate": 1e-5, "ema_decay": 0}})
    hero = open_hero(mote, mote_folder, trains=True)
    hero.saved_dtype = torch.bfloat16
    loop = BattleLoop(make_engine(hero, mote, config), make_feed(hero, mote, config, board.read_shard), board, QUIET)
    loop.run()
    folder = board.saved[-1].path
    saved, raw = weights(folder), checkpoints.load_file(folder / STATE / "raw.safetensors")
    assert {tensor.dtype for tensor in saved.values()} == {torch.bfloat16}
    before = weights(mote_folder)
    moved = [name for name, tensor in raw.items() if not torch.equal(tensor, before[name])]
    assert set(moved) == set(before), "some weights never moved"
    assert AutoModelForCausalLM.from_pretrained(folder).dtype in (torch.float32, torch.bfloat16)


def test_a_quests_train_loss_is_its_own(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    board.quests = {"a": examples(32 * 30), "hard": [Example(text=f"zq{n}~^|{n * 7919}") for n in range(64)]}
    board.waiting = ["a", "hard"]
    fight(board, mote, mote_folder)
    easy, hard = (outcome.train_loss or 0 for outcome in board.outcomes)
    assert hard > 2 * easy


def test_time_without_a_quest_is_no_time_of_training(board: Board, mote: HeroSpec, mote_folder: Path) -> None:
    answers = iter([None] * 20 + [board.ticket("a")])
    claimed: list[float] = []
    reported: list[float] = []
    report = board.metrics

    def claim() -> Ticket | None:
        claimed.append(time.monotonic())
        return next(answers, None)

    def metered(metrics: Metrics) -> None:
        reported.append(time.monotonic())
        report(metrics)

    board.decide = lambda _: Orders("stop") if board.outcomes else Orders()
    board.claim, board.metrics = claim, metered  # type: ignore[method-assign]
    fight(board, mote, mote_folder, replace(QUIET, idle_timeout=30.0, metrics_interval=0.0))
    last_look_in_vain = claimed[19]
    assert 1 / board.seen[0].steps_per_second <= reported[0] - last_look_in_vain


def test_a_folder_without_training_state_is_named(mote_folder: Path) -> None:
    with pytest.raises(HeroError, match=str(mote_folder)):
        load_training_state(mote_folder)


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_the_loss_falls_with_either_optimizer(board: Board, mote: HeroSpec, mote_folder: Path, optimizer: str) -> None:
    board.quests["a"] = examples(32 * 40)
    board.waiting = ["a"]
    settings = replace(QUIET, metrics_interval=0.0)
    fight(board, mote, mote_folder, settings, {"optimizer": optimizer})
    losses = [m.train_loss for m in board.seen]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])


def test_joined_lanes_train_the_same(mote: HeroSpec, mote_folder: Path) -> None:
    """What a GPU is given in fewer, larger lanes."""

    def losses(max_tokens: int | None) -> list[float]:
        hero = open_hero(mote, mote_folder, trains=True)
        engine = make_engine(hero, mote, RealmConfig())
        rows = encode(examples(96), hero.tokenizer, 256)
        pad = hero.tokenizer.pad_token_id
        batches = [collate(rows[at : at + 32], pad) for at in (0, 32, 64)]
        if max_tokens is not None:
            batches = [replace(batch, lanes=joined(batch.lanes, max_tokens, pad)) for batch in batches]
            assert all(len(batch.lanes) < 4 for batch in batches)
        return [float(engine.step(batch).loss_sum) for batch in batches]

    assert losses(None) == pytest.approx(losses(GPU_LANE_TOKENS), rel=1e-4)
