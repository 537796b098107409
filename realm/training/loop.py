"""The battle's step loop: quest after quest, with pause, stop, metrics, snapshots and checkpoints at step boundaries.

Knows nothing of where quests come from or where results go: that is behind `BattlePorts`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from realm.errors import DiskFullError, RealmError
from realm.rules.interventions import UNCHANGED, Rewarming
from realm.training.batches import Batch, together
from realm.training.checkpoints import CheckpointWriter
from realm.training.engine import StepResult, TrainingEngine
from realm.training.meter import LOSS_WINDOW, Meter
from realm.training.ports import BattlePorts, Metrics, Orders, QuestOutcome
from realm.training.quest_feed import Cursor, QuestFeed, Ticket

MASTERED = "level_mastered"
"""Ends a quest whose level is mastered: the only reason that can wait for the next quest."""
LEAVE_WITHIN_S = 5.0
PEEK_INTERVAL_S = 1.0
SAVED_AT_END = {"paused": "pause", "stopped": "stop", "idle": "quest_end"}
"""Why the checkpoint at the end of a loop was saved."""


@dataclass(frozen=True, slots=True)
class LoopOutcome:
    """Why the loop returned. `detail` is for people."""

    state: Literal["paused", "stopped", "idle"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """Intervals in seconds; `snapshot_interval` 0 = no snapshots."""

    checkpoint_interval: float
    snapshot_interval: float
    metrics_interval: float
    idle_timeout: float
    min_free_bytes: int


@dataclass
class Progress:
    """Counters of the campaign, saved with every checkpoint. `train_seconds` is the time of its steps, that between two
    steps without a pause included; steps that a crash took back are not in it."""

    tokens_seen: int = 0
    examples_seen: int = 0
    train_seconds: float = 0.0
    cursor: Cursor | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "tokens_seen": self.tokens_seen,
            "examples_seen": self.examples_seen,
            "train_seconds": self.train_seconds,
            "cursor": self.cursor.to_json() if self.cursor else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Progress:
        cursor = Cursor.from_json(data["cursor"]) if data["cursor"] else None
        return cls(data["tokens_seen"], data["examples_seen"], data.get("train_seconds", 0.0), cursor)


class BattleLoop:
    """Fights quests until paused, stopped or out of quests."""

    def __init__(
        self,
        engine: TrainingEngine,
        feed: QuestFeed,
        ports: BattlePorts,
        settings: LoopSettings,
        progress: Progress | None = None,
    ) -> None:
        self.engine = engine
        self.feed = feed
        self.ports = ports
        self.settings = settings
        self.progress = progress or Progress()
        self.meter = Meter()
        self.ahead: Ticket | None = None
        self.leave_by: float | None = None
        self.write_error: Exception | None = None
        self.disk_full = ""
        """Why no checkpoint can be written; the battle pauses with it, on every worker at the same step."""
        self.writer = CheckpointWriter(engine.hero, settings.min_free_bytes, ports.checkpointed, self._note_write_error)
        self.last_checkpoint = self.last_snapshot = self.last_peek = time.monotonic()
        self.saved_step = engine.step_number
        self.offered_step: int | None = None
        """Of the newest snapshot: the same weights are not offered again."""
        self.stepped_at: float | None = None
        """When the newest step ended; None after a time without a quest."""
        self.stepped_quest: str | None = None
        self.gap: float | None = None

    def run(self, resume: Ticket | None = None) -> LoopOutcome:
        """Fight; `resume` is the quest that `progress.cursor` points into. The last step is saved before returning."""
        try:
            outcome = self._fight_all(resume)
            self._settle_writes()
            if self.engine.step_number > self.saved_step and not self.disk_full:
                self.checkpoint(SAVED_AT_END[outcome.state])
                self._settle_writes()
        finally:
            self.feed.close()
        return LoopOutcome("paused", self.disk_full) if self.disk_full else outcome

    def checkpoint(self, created_by: str) -> None:
        """Save the present step in the background."""
        if self.engine.rank == 0:
            step = self.engine.step_number
            folder, facts = self.ports.checkpoint_place(step)
            meta = {
                **facts,
                **self.progress.to_json(),
                "step": step,
                "created_by": created_by,
                "train_loss": self.meter.window_loss(),
                "learning_rate": self.meter.learning_rate(),
            }
            try:
                self.writer.save(folder, self.engine.averaged_state(), self.engine.training_state(), meta)
                self.saved_step = step
            except DiskFullError as error:
                self.disk_full = str(error)
        self.last_checkpoint = time.monotonic()

    def _fight_all(self, resume: Ticket | None) -> LoopOutcome:
        # Rank 0 alone asked the board what to resume.
        ticket = self._agree(lambda: resume)
        idle_since: float | None = None
        while True:
            orders = self._agree(self._orders)
            if orders.state != "run":
                return LoopOutcome("paused" if orders.state == "pause" else "stopped")
            if ticket is None:
                ticket = self._agree(self.ports.claim)
            if ticket is None:
                self.stepped_at = None
                self.meter.wait()
                idle_since = idle_since or time.monotonic()
                if self._agree(lambda since=idle_since: time.monotonic() - since > self.settings.idle_timeout):
                    return LoopOutcome("idle", "no quest on the board")
                self._timers()
                time.sleep(0.05)
                continue
            idle_since = None
            ended = self._fight(ticket)
            if ended is not None:
                return ended
            ticket = None

    def _fight(self, ticket: Ticket) -> LoopOutcome | None:
        """One quest. Returns an outcome when the battle itself is to end."""
        cursor = self.progress.cursor
        if cursor is None or cursor.quest_id != ticket.quest_id:
            cursor = Cursor(ticket.quest_id, first_step=self.engine.step_number)
        self.progress.cursor = cursor
        self.leave_by = self.gap = self.stepped_quest = None
        self.feed.drop_all_but({ticket.quest_id})
        total = self.feed.batches_total(ticket)
        if self.engine.rank == 0:
            self.ports.began(ticket, cursor.first_step, cursor.steps_done + total - cursor.batches_done)
        ended_by = "exhausted"
        waiting: list[Batch] = []
        reached, change = cursor, UNCHANGED
        try:
            for batch, reached in self.feed.batches(ticket, cursor):
                orders = self._agree(self._orders)
                if orders.state != "run":
                    return LoopOutcome("paused" if orders.state == "pause" else "stopped")
                if orders.end_quest == ticket.quest_id and self._agree(
                    lambda why=orders.end_reason: self._leaves(ticket, why)
                ):
                    ended_by = orders.end_reason
                    break
                waiting.append(batch)
                change = orders.change
                if len(waiting) >= change.batches:
                    self._step(together(waiting), reached, total, change.rewarming)
                    waiting.clear()
            else:
                if waiting:
                    self._step(together(waiting), reached, total, change.rewarming)
        except RealmError as error:
            self._leave(ticket, str(error))
            return None
        if self.progress.cursor.batches_done == 0 and ended_by == "exhausted":
            self._leave(ticket, f"no example fits the context of {self.feed.max_length} tokens")
            return None
        self._close(ticket, ended_by)
        return None

    def _step(self, batch: Batch, after: Cursor, total: int, rewarming: Rewarming | None) -> None:
        assert self.progress.cursor is not None
        after = replace(after, steps_done=self.progress.cursor.steps_done + 1)
        if after.quest_id != self.stepped_quest:
            self.gap = None if self.stepped_at is None else time.monotonic() - self.stepped_at
            self.stepped_quest = after.quest_id
        began = self.stepped_at or time.monotonic()
        result = self.engine.step(batch, rewarming.factor(self.progress.tokens_seen) if rewarming else 1.0)
        self.stepped_at = time.monotonic()
        self.progress.train_seconds += self.stepped_at - began
        if self.engine.rank == 0:
            self.meter.add(result)
        self.progress.tokens_seen += batch.tokens
        self.progress.examples_seen += batch.rows
        self.progress.cursor = after
        if self.engine.rank == 0:
            if time.monotonic() - self.meter.started >= self.settings.metrics_interval:
                self._report(result, after, total)
            self._timers()

    def _report(self, result: StepResult, cursor: Cursor, total: int) -> None:
        loss, steps_per_second, tokens_per_second = self.meter.flush()
        self.ports.metrics(
            Metrics(
                step=self.engine.step_number,
                quest_id=cursor.quest_id,
                quest_step=cursor.steps_done,
                quest_steps_total=max(cursor.steps_done, cursor.steps_done + total - cursor.batches_done),
                train_loss=loss,
                learning_rate=result.learning_rate,
                steps_per_second=steps_per_second,
                tokens_per_second=tokens_per_second,
                tokens_seen=self.progress.tokens_seen,
                examples_seen=self.progress.examples_seen,
                train_seconds=self.progress.train_seconds,
            )
        )

    def _timers(self) -> None:
        """What is due by the clock, on rank 0: snapshot, checkpoint, a look at the next quest."""
        if self.engine.rank != 0:
            return
        self._raise_write_error()
        now = time.monotonic()
        interval, step = self.settings.snapshot_interval, self.engine.step_number
        if interval and now - self.last_snapshot >= interval and step != self.offered_step:
            self.last_snapshot, self.offered_step = now, step
            self.ports.snapshot(step, self._snapshot())
        due = now - self.last_checkpoint >= self.settings.checkpoint_interval
        if due and not self.writer.busy and self.engine.step_number > self.saved_step:
            self.checkpoint("interval")
        if now - self.last_peek >= (0.1 if self.leave_by is not None else PEEK_INTERVAL_S):
            self.last_peek = now
            self._prefetch()

    def _leaves(self, ticket: Ticket, why: str) -> bool:
        """Whether an ended quest is left now: a mastered one is trained on until the next quest is prepared."""
        if why != MASTERED:
            return True
        if self.leave_by is None:
            self.leave_by = time.monotonic() + LEAVE_WITHIN_S
        ahead = self.ahead
        if ahead is None or ahead.quest_id == ticket.quest_id:
            return time.monotonic() > self.leave_by
        # A generated quest of this level or below of the same skill is about to be cancelled.
        same = ahead.origin == "auto" and ahead.skill_id == ticket.skill_id
        stale = same and ahead.level is not None and ahead.level <= (ticket.level or 0)
        return (not stale and self.feed.ready(ahead)) or time.monotonic() > self.leave_by

    def _prefetch(self) -> None:
        current = self.progress.cursor.quest_id if self.progress.cursor else ""
        ticket = self.ports.peek()
        if ticket is not None and ticket.quest_id != current and not self.feed.prepares(ticket):
            self.ahead = ticket
            self.feed.drop_all_but({current, ticket.quest_id})
            self.feed.prefetch(ticket)

    def _snapshot(self) -> dict[str, np.ndarray]:
        return {name: t.to("cpu", torch.float32, copy=True).numpy() for name, t in self.engine.averaged_state().items()}

    def _close(self, ticket: Ticket, ended_by: str) -> None:
        cursor = self.progress.cursor
        assert cursor is not None
        heldout = self.feed.heldout(ticket) if self.engine.rank == 0 else []
        outcome = QuestOutcome(
            quest_id=ticket.quest_id,
            first_step=cursor.first_step,
            last_step=self.engine.step_number,
            steps_fought=cursor.steps_done,
            ended_by=ended_by,
            train_loss=self.meter.window_loss(min(cursor.steps_done, LOSS_WINDOW)),
            heldout_loss=self.engine.loss(heldout) if heldout else None,
            gap_s=self.gap,
        )
        self.progress.cursor = None
        if self.engine.rank == 0:
            self.ports.fought(outcome)

    def _leave(self, ticket: Ticket, reason: str) -> None:
        self.progress.cursor = None
        if self.engine.rank == 0:
            self.ports.failed(ticket.quest_id, reason)

    def _agree(self, decide: Any) -> Any:
        """What rank 0 decided, on every worker."""
        if self.engine.world_size == 1:
            return decide()
        box = [decide() if self.engine.rank == 0 else None]
        torch.distributed.broadcast_object_list(box, src=0)
        return box[0]

    def _orders(self) -> Orders:
        return Orders("pause") if self.disk_full else self.ports.orders()

    def _settle_writes(self) -> None:
        self.writer.wait()
        self._raise_write_error()

    def _note_write_error(self, error: Exception) -> None:
        self.write_error = error

    def _raise_write_error(self) -> None:
        """A full disk pauses the battle; anything else ends the attempt."""
        error, self.write_error = self.write_error, None
        if isinstance(error, DiskFullError):
            self.disk_full = str(error)
        elif error is not None:
            raise error
