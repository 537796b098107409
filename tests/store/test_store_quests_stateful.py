"""The quest board against a plain model, through posts, fights, checkpoints, crashes and what people do meanwhile."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from store_helpers import CAMPAIGN, T0, kinds, new_attempt

from realm.errors import ConflictError
from realm.rules.quest import QuestPriority, QuestStatus
from realm.store.battles import BattleStore
from realm.store.database import Database
from realm.store.quests import QuestStore

priorities = st.sampled_from(list(QuestPriority))
# No shrinking: it takes minutes, and the steps of a failure read well enough.
SETTINGS = settings(max_examples=25, stateful_step_count=40, deadline=None, phases=(Phase.reuse, Phase.generate))
pick = st.integers(0, 10_000)


@dataclass
class Model:
    """What a quest should look like; `first` and `last` are the steps between which it was fought."""

    priority: QuestPriority
    status: str = "queued"
    first: int | None = None
    last: int | None = None


class BoardMachine(RuleBasedStateMachine):
    template: Path

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.db = Database.open(shutil.copy(self.template, self.folder / "realm.db"))
        self.store, self.battles = QuestStore(self.db), BattleStore(self.db)
        self.model: dict[str, Model] = {}
        self.lines: dict[QuestPriority, list[str]] = {priority: [] for priority in QuestPriority}
        self.held: list[str] = []
        self.lost: list[tuple[str, str]] = []
        self.step = 0
        self.durable: tuple[int, str | None] = (0, None)
        self.attempt = new_attempt(self.db)

    def teardown(self):
        if hasattr(self, "db"):
            self.db.close()
            shutil.rmtree(self.folder)

    # The model's moves

    def some(self, choice):
        return list(self.model)[choice % len(self.model)]

    def enqueue(self, quest, front=False):
        each = self.model[quest]
        each.status, each.first, each.last = "queued", None, None
        line = self.lines[each.priority]
        line.insert(0, quest) if front else line.append(quest)

    def leave_queue(self, quest, status):
        each = self.model[quest]
        if each.status == "queued":
            self.lines[each.priority].remove(quest)
        if quest in self.held:
            self.held.remove(quest)
        each.status = status

    def complete(self):
        for each in self.model.values():
            if each.status == "fought" and each.last <= self.durable[0]:
                each.status = "completed"

    # Posting and what people do

    @rule(priority=priorities, number=st.integers(1, 4))
    def post(self, priority, number):
        for _ in range(number):
            self.post_one(priority)

    def post_one(self, priority):
        sha = f"{len(self.model):064x}"
        posted = self.store.add(
            CAMPAIGN, sha, f"q{len(self.model)}", T0, shape="text", examples=1, size_bytes=1, priority=priority
        )
        assert not posted.duplicate
        self.model[posted.quest.id] = Model(priority)
        self.enqueue(posted.quest.id)

    @precondition(lambda self: self.model)
    @rule(choice=pick)
    def post_again(self, choice):
        quest = self.some(choice)
        each, found = self.model[quest], self.store.get(quest)
        posted = self.store.add(
            CAMPAIGN, found.sha256, found.name, T0, shape="text", examples=1, size_bytes=1, priority=each.priority
        )
        assert posted.duplicate == (each.status not in ("failed", "cancelled"))
        if not posted.duplicate:
            self.enqueue(quest)

    @precondition(lambda self: self.model)
    @rule(choice=pick, end=st.sampled_from(["cancelled", "failed"]))
    def take_off(self, choice, end):
        quest = self.some(choice)
        call = self.store.cancel if end == "cancelled" else lambda quest, now: self.store.fail(quest, "x", now)
        if self.model[quest].status in ("queued", "active"):
            call(quest, T0)
            self.leave_queue(quest, end)
        elif self.model[quest].status == end:
            call(quest, T0)
        else:
            with pytest.raises(ConflictError):
                call(quest, T0)

    @precondition(lambda self: self.model)
    @rule(choice=pick)
    def retry(self, choice):
        quest = self.some(choice)
        status = self.model[quest].status
        if status in ("failed", "cancelled", "queued"):
            self.store.retry(quest, T0)
            if status != "queued":
                self.enqueue(quest)
        else:
            with pytest.raises(ConflictError):
                self.store.retry(quest, T0)

    @precondition(lambda self: any(self.lines.values()))
    @rule(choice=pick, priority=priorities)
    def set_priority(self, choice, priority):
        queued = [quest for line in self.lines.values() for quest in line]
        quest = queued[choice % len(queued)]
        self.store.set_priority(quest, priority, T0)
        each = self.model[quest]
        if each.priority != priority:
            self.lines[each.priority].remove(quest)
            each.priority = priority
            self.lines[priority].append(quest)

    @precondition(lambda self: any(len(line) > 1 for line in self.lines.values()))
    @rule(choice=pick, other=pick, before=st.booleans())
    def move(self, choice, other, before):
        line = next(line for line in self.lines.values() if len(line) > 1)
        quest = line[choice % len(line)]
        neighbour = [each for each in line if each != quest][other % (len(line) - 1)]
        self.store.move(quest, T0, **{"before" if before else "after": neighbour})
        line.remove(quest)
        line.insert(line.index(neighbour) + (not before), quest)

    # Fights

    @precondition(lambda self: len(self.held) < 2)
    @rule(answer_lost=st.booleans())
    def claim(self, answer_lost):
        expected = next((line[0] for line in self.lines.values() if line), None)
        for _ in range(1 + answer_lost):
            claimed = self.store.claim(self.attempt, T0, holding=self.held)
            assert (claimed.id if claimed else None) == expected
        if expected:
            self.leave_queue(expected, "active")
            self.held.append(expected)

    @precondition(lambda self: self.held)
    @rule(steps=st.integers(1, 9))
    def fight(self, steps):
        each = self.model[self.held[0]]
        if each.first is None:
            each.first = self.step
        assert self.store.begin(self.held[0], self.attempt, self.step, 10, T0).first_step == each.first
        self.step += steps

    @precondition(lambda self: self.held and self.model[self.held[0]].first is not None)
    @rule(answer_lost=st.booleans())
    def finish(self, answer_lost):
        quest = self.held.pop(0)
        each = self.model[quest]
        each.status, each.last = "fought", self.step
        for _ in range(1 + answer_lost):
            self.store.finish(quest, self.attempt, T0, last_step=self.step, steps_fought=1, ended_by="exhausted")

    @precondition(lambda self: not self.held and any(self.lines.values()))
    @rule(steps=st.integers(1, 9))
    def fight_whole_board(self, steps):
        while any(self.lines.values()):
            self.claim(answer_lost=False)
            self.fight(steps)
            self.finish(answer_lost=False)

    @precondition(lambda self: len(self.held) == 2)
    @rule()
    def release(self):
        quest = self.held.pop()
        self.store.release(quest, self.attempt, T0)
        self.enqueue(quest, front=True)

    @rule()
    def renew(self):
        assert self.store.renew(self.attempt, T0) == set(self.held)

    @rule(answer_lost=st.booleans())
    def checkpoint(self, answer_lost):
        begun = self.held and self.model[self.held[0]].first is not None
        self.durable = (self.step, self.held[0] if begun else None)
        self.complete()
        for _ in range(1 + answer_lost):
            self.store.complete_through(CAMPAIGN, self.step, T0)

    @rule(noticed=st.booleans(), answer_lost=st.booleans())
    def crash(self, noticed, answer_lost):
        """The attempt dies; the next one starts from the last durable checkpoint."""
        self.lost += [(quest, self.attempt) for quest in self.held]
        if noticed:
            self.battles.end_attempt(self.attempt, "failed", T0)
        self.step, cursor = self.durable
        self.attempt = new_attempt(self.db, self.step)
        # A quest may end at the very step of the checkpoint that was taken inside it: nothing of it is lost.
        covered = [q for q, each in self.model.items() if each.status == "fought" and each.last <= self.step]
        self.complete()
        resumed = cursor if cursor and self.model[cursor].status in ("active", "fought", "queued") else None
        back = [q for q, each in self.model.items() if each.status in ("active", "fought") and q != resumed]
        back.sort(key=lambda q: (self.model[q].first is None, self.model[q].first or 0, self.store.get(q).position))
        if resumed:
            first = self.model[resumed].first
            self.leave_queue(resumed, "active")
            self.model[resumed].first, self.model[resumed].last = first, None
        for quest in reversed(back):
            self.enqueue(quest, front=True)
        self.held = [resumed] if resumed else []
        for _ in range(1 + answer_lost):
            rewound = self.store.rewind(CAMPAIGN, self.step, cursor, self.attempt, T0)
            assert (rewound.cursor.id if rewound.cursor else None) == resumed
            assert {quest.id for quest in rewound.completed} == set(covered)
            covered = []

    @precondition(lambda self: self.lost)
    @rule(choice=pick)
    def zombie(self, choice):
        """What a dead attempt's process still sends changes nothing."""
        quest, attempt = self.lost[choice % len(self.lost)]
        for call in (
            lambda: self.store.begin(quest, attempt, 0, 1, T0),
            lambda: self.store.finish(quest, attempt, T0, last_step=0, steps_fought=1, ended_by="exhausted"),
            lambda: self.store.claim(attempt, T0),
            lambda: self.store.renew(attempt, T0),
            lambda: self.store.rewind(CAMPAIGN, 0, None, attempt, T0),
        ):
            with pytest.raises(ConflictError):
                call()

    @invariant()
    def store_and_model_agree(self):
        if not hasattr(self, "store"):
            return
        found = {q.id: (q.status.value, q.first_step, q.last_step) for q in self.store.page(CAMPAIGN, limit=1000)}
        for quest, each in self.model.items():
            status, first, last = found[quest]
            assert status == each.status
            if status in ("active", "fought", "completed"):
                assert (first, last) == (each.first, each.last)
        assert len(found) == len(self.model)
        queue = self.store.page(CAMPAIGN, [QuestStatus.QUEUED], limit=1000, order="queue")
        assert [quest.id for quest in queue] == [quest for line in self.lines.values() for quest in line]
        completed = sum(each.status == "completed" for each in self.model.values())
        assert self.store.counts(CAMPAIGN)[QuestStatus.COMPLETED] == completed

    @rule()
    def each_completion_is_told_once(self):
        completed = sum(each.status == "completed" for each in self.model.values())
        assert len(kinds(self.db, "quest.completed")) == completed


def test_quest_board(empty_database):
    BoardMachine.template = empty_database
    run_state_machine_as_test(BoardMachine, settings=SETTINGS)
