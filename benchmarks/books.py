"""What a battle left in a realm's database and checkpoint folders, as numbers. Only reads.

Read as SQL, not through the realm's own store: the benchmark looks from the outside.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

from realm.home import RealmHome

NEIGHBOURS = 4
"""Metric messages on each side of a quest change from which the usual time of a step is taken."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What one metric message covers: `steps` in `seconds`; `change` = the quest changed within it."""

    steps: int
    seconds: float
    change: bool


@dataclass(frozen=True, slots=True)
class QuestChanges:
    """Seconds from one quest to the next. `gaps`: no step was taken, by the battle's own clock (`gap_s` of a quest).

    `cost`: how much longer the metric message around a change took than its steps usually take. It holds the gap and
    what else goes on at that moment on the same cores: the next quests are generated, a checkpoint is written.
    `fighting` = seconds of battle that the messages cover.
    """

    gaps: list[float]
    cost: list[float]
    fighting: float


@dataclass(frozen=True, slots=True)
class Books:
    """The numbers of one unattended campaign."""

    levels: dict[int, float]
    """BIN level → seconds from the start of the first quest to its mastery."""
    first_message: float
    """Seconds from the start of the first quest to the first metric message."""
    changes: QuestChanges
    evaluations: list[float]
    tokens_per_second: list[float]


def read_books(home: RealmHome) -> Books:
    """All of it, while the realm runs or after.

    Raises:
        RuntimeError: no quest was begun.
    """
    connection = sqlite3.connect(f"file:{home.database}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    with connection:
        quests = _rows(connection, "select * from quests where started_at is not null order by first_step")
        points = _rows(connection, "select * from battle_points order by step")
        mastered = _rows(connection, "select at, data from events where kind = 'level.mastered' order by seq")
        evaluations = _rows(connection, "select duration_s from evaluations where n = 100")
    connection.close()
    if not quests:
        raise RuntimeError("no quest was begun")
    # The first step is taken a little later, once the first quest is tokenized: this clock runs early, not late.
    began = min(_seconds(quest["started_at"]) for quest in quests)
    levels: dict[int, float] = {}
    for event in mastered:
        levels.setdefault(int(json.loads(event["data"])["level"]), _seconds(event["at"]) - began)
    return Books(
        levels=levels,
        first_message=_seconds(points[0]["at"]) - began if points else float("nan"),
        changes=_quest_changes(quests, points),
        evaluations=[row["duration_s"] for row in evaluations],
        tokens_per_second=[row["tokens_per_second"] for row in points],
    )


def _quest_changes(quests: list[sqlite3.Row], points: list[sqlite3.Row]) -> QuestChanges:
    gaps = [quest["gap_s"] for quest in quests if quest["gap_s"] is not None]
    intervals = [
        _interval(before, after)
        for before, after in pairwise(points)
        if before["attempt_number"] == after["attempt_number"]
    ]
    cost: list[float] = []
    for number, interval in enumerate(intervals):
        if interval.change:
            around = intervals[max(0, number - NEIGHBOURS) : number + NEIGHBOURS + 1]
            usual = [each.seconds / each.steps for each in around if not each.change]
            if usual:
                cost.append(interval.seconds - interval.steps * median(usual))
    return QuestChanges(gaps, cost, sum(interval.seconds for interval in intervals))


def _interval(before: sqlite3.Row, after: sqlite3.Row) -> Interval:
    steps = after["step"] - before["step"]
    change = before["quest_id"] != after["quest_id"]
    return Interval(steps, steps / after["steps_per_second"], change)


def read_stalls(home: RealmHome) -> list[float]:
    """Seconds for which each saved checkpoint held up the training, as it noted itself."""
    metas = [*home.checkpoints.glob("*/*/training_state/meta.json"), *home.trash.glob("**/training_state/meta.json")]
    return [json.loads(path.read_text())["stall_s"] for path in sorted(metas)]


def _rows(connection: sqlite3.Connection, query: str, *values: Any) -> list[sqlite3.Row]:
    return connection.execute(query, values).fetchall()


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
