"""What a realm's database tells of campaigns, read from outside while the realm runs or after it has stopped.

Seconds are seconds of battle: from the begin of each attempt to its end, the start of its processes included. Tokens
are the campaign's training tokens, at a step between two points of its course in proportion.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from realm.home import RealmHome


@dataclass(frozen=True, slots=True)
class Seen:
    """An evaluation at a level, `mastered`: with it the level was mastered."""

    tokens: float
    seconds: float
    level: int
    n: int
    correct: int
    mastered: bool


@dataclass(frozen=True, slots=True)
class Course:
    """A campaign's way so far. `verdict`: the one that stands. `climb`: where the skill stands; None before the first
    decision."""

    campaign_id: str
    evaluations: list[Seen]
    interventions: list[dict[str, Any]]
    verdict: dict[str, Any] | None
    climb: dict[str, Any] | None
    tokens: float
    seconds: float

    @property
    def mastered(self) -> list[Seen]:
        return [each for each in self.evaluations if each.mastered]


@contextmanager
def reading(home: RealmHome) -> Iterator[sqlite3.Connection]:
    """The realm's database, read-only."""
    connection = sqlite3.connect(f"file:{home.database}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()


def campaign_of(home: RealmHome, hero_id: str | None = None) -> str:
    """The active campaign; of a hero, its newest one. A word that is no campaign's id where there is none."""
    which, rest = ("life = ?", ("active",)) if hero_id is None else ("hero_id = ?", (hero_id,))
    if not home.database.exists():
        return ""
    with reading(home) as connection:
        query = f"select id from campaigns where {which} order by number desc limit 1"
        found = connection.execute(query, rest).fetchone()
    return found["id"] if found else ""


def is_held(home: RealmHome, campaign_id: str) -> bool:
    """Whether the campaign's last battle was paused or stopped by hand."""
    with reading(home) as connection:
        query = "select desired_state from battles where campaign_id = ? order by number desc limit 1"
        last = connection.execute(query, (campaign_id,)).fetchone()
    return last is not None and last["desired_state"] != "run"


def read_course(home: RealmHome, campaign_id: str, skill_id: str) -> Course:
    """The campaign's way up this skill; nothing yet where there is no database."""
    if not home.database.exists():
        return Course(campaign_id, [], [], None, None, 0.0, 0.0)
    of = (campaign_id, skill_id)
    with reading(home) as connection:
        elapsed, spent = battle_clock(connection, campaign_id), token_count(connection, campaign_id)
        query = "select * from evaluations where campaign_id = ? and skill_id = ? order by id"
        evaluations = [
            Seen(
                spent(row["step"]),
                elapsed(moment(row["created_at"])),
                row["level"],
                row["n"],
                row["correct"],
                row["mastered_level"] is not None,
            )
            for row in connection.execute(query, of)
        ]
        interventions = _rows(connection, "interventions", of, "order by number")
        verdicts = _rows(connection, "verdicts", of, "and withdrawn_at is null order by number desc")
        climbs = _rows(connection, "climbs", of, "")
        return Course(
            campaign_id,
            evaluations,
            interventions,
            verdicts[0] if verdicts else None,
            climbs[0] if climbs else None,
            spent(float("inf")),
            elapsed(float("inf")),
        )


def battle_clock(connection: sqlite3.Connection, campaign_id: str) -> Callable[[float], float]:
    """Moment → seconds of the campaign's battles up to it; an attempt under way counts to its last metrics."""
    attempts = connection.execute(
        "select a.started_at, coalesce(a.ended_at, (select max(p.at) from battle_points p where "
        "p.campaign_id = a.campaign_id and p.attempt_number = a.number), a.started_at) from attempts a "
        "where a.campaign_id = ?",
        (campaign_id,),
    )
    spans = [(moment(start), moment(end)) for start, end in attempts.fetchall()]
    return lambda at: sum(max(0.0, min(at, end) - start) for start, end in spans)


def token_count(connection: sqlite3.Connection, campaign_id: str) -> Callable[[float], float]:
    """Step → training tokens up to it."""
    query = "select step, tokens_seen from battle_points where campaign_id = ? and tokens_seen is not null"
    rows = connection.execute(f"{query} order by step", (campaign_id,)).fetchall()
    steps, tokens = [0, *(row["step"] for row in rows)], [0, *(row["tokens_seen"] for row in rows)]
    return lambda step: float(np.interp(step, steps, tokens))


def moment(stamp: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(stamp).timestamp()


def _rows(connection: sqlite3.Connection, table: str, of: tuple[str, str], rest: str) -> list[dict[str, Any]]:
    query = f"select * from {table} where campaign_id = ? and skill_id = ? {rest}"
    found = [dict(row) for row in connection.execute(query, of)]
    for row in found:
        for name in {"body", "evidence", "missing"} & set(row):
            row[name] = json.loads(row[name]) if row[name] is not None else None
    return found
