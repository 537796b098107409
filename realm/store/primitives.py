"""Outcomes of primitives: counts, windows and history by checkpoint. Each job's outcomes are counted once.

Outcomes of evaluations are recorded in the evaluation's own transaction (realm.store.skills).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from realm.rules.primitives import HISTORY, HistoryEntry, PrimitiveStats, merged_history
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.events import emit
from realm.store.job_rows import note_recorded
from realm.store.tables import checkpoints, primitive_history, primitive_runs, primitive_stats


@dataclass(frozen=True, slots=True)
class PrimitiveRun:
    """Primitives asked alone, outside of any skill. `id` is 0 until it is recorded."""

    campaign_id: str
    step: int
    n: int
    correct: int
    job_id: str
    at: datetime
    checkpoint_id: str | None = None
    battle_id: str | None = None
    id: int = 0


class PrimitiveStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, run: PrimitiveRun, outcomes: Mapping[str, str]) -> bool:
        """Count the outcomes (0 and 1 by primitive) of a run; whether they were not counted before."""
        with self._db.write() as connection:
            known = select(primitive_runs.c.id).where(primitive_runs.c.job_id == run.job_id)
            if connection.execute(known).scalar_one_or_none() is not None:
                return False
            note_recorded(connection, run.job_id, run.at)
            connection.execute(insert(primitive_runs).values(**values_of(run, "id")))
            record_outcomes(connection, run.campaign_id, run.step, outcomes)
            title = f"{len(outcomes)} primitives at step {run.step}: {run.correct} of {run.n}"
            data = {"campaign_id": run.campaign_id, "step": run.step, "n": run.n, "correct": run.correct}
            emit(connection, run.at, "primitives.recorded", title, data=data)
            return True

    def stats(self, campaign_id: str) -> dict[str, PrimitiveStats]:
        """What was recorded, by primitive."""
        with self._db.read() as connection:
            return _stats(connection, campaign_id)

    def history(self, campaign_id: str) -> dict[str, tuple[HistoryEntry, ...]]:
        """Outcomes by primitive and checkpoint step, oldest first; at most HISTORY entries a primitive."""
        with self._db.read() as connection:
            return _history(connection, campaign_id)

    def recorded(self, campaign_id: str) -> tuple[dict[str, PrimitiveStats], dict[str, tuple[HistoryEntry, ...]]]:
        """Stats and history as of one moment."""
        with self._db.read() as connection:
            return _stats(connection, campaign_id), _history(connection, campaign_id)


def _stats(connection: Connection, campaign_id: str) -> dict[str, PrimitiveStats]:
    query = select(primitive_stats).where(primitive_stats.c.campaign_id == campaign_id)
    rows = connection.execute(query.order_by(primitive_stats.c.primitive)).mappings()
    return {row["primitive"]: to(PrimitiveStats, row) for row in rows}


def _history(connection: Connection, campaign_id: str) -> dict[str, tuple[HistoryEntry, ...]]:
    query = select(primitive_history).where(primitive_history.c.campaign_id == campaign_id)
    found: dict[str, list[HistoryEntry]] = {}
    rows = connection.execute(query.order_by(primitive_history.c.primitive, primitive_history.c.step))
    for row in rows.mappings():
        found.setdefault(row["primitive"], []).append(to(HistoryEntry, row))
    return {primitive: tuple(entries) for primitive, entries in found.items()}


def record_outcomes(connection: Connection, campaign_id: str, step: int, outcomes: Mapping[str, str]) -> None:
    """Count outcomes at `step` inside the caller's transaction; those of weights older than a checkpoint that was
    counted already enter its history only, not the window of the newest."""
    outcomes = {primitive: each for primitive, each in outcomes.items() if each}
    if not outcomes:
        return
    mine = primitive_stats.c.campaign_id == campaign_id
    rows = connection.execute(select(primitive_stats).where(mine, primitive_stats.c.primitive.in_(outcomes)))
    known = {row["primitive"]: to(PrimitiveStats, row) for row in rows.mappings()}
    newest = select(func.max(checkpoints.c.step)).where(
        checkpoints.c.campaign_id == campaign_id, checkpoints.c.step <= step, checkpoints.c.trashed_at.is_(None)
    )
    at = connection.execute(newest).scalar_one() or 0
    last = select(func.max(primitive_history.c.step)).where(primitive_history.c.campaign_id == campaign_id)
    older = at < (connection.execute(last).scalar_one() or 0)
    for primitive, each in outcomes.items():
        if older:
            _add_history(connection, campaign_id, primitive, HistoryEntry(at, len(each), each.count("1")))
            continue
        before = known.get(primitive)
        stats = (before or PrimitiveStats(campaign_id, primitive)).with_outcomes(each)
        if before is None:
            connection.execute(insert(primitive_stats).values(**values_of(stats)))
        else:
            values = values_of(stats, "campaign_id", "primitive")
            connection.execute(
                update(primitive_stats).where(mine, primitive_stats.c.primitive == primitive).values(**values)
            )
        _add_history(connection, campaign_id, primitive, HistoryEntry(at, len(each), each.count("1")))


def _add_history(connection: Connection, campaign_id: str, primitive: str, entry: HistoryEntry) -> None:
    mine = (primitive_history.c.campaign_id == campaign_id, primitive_history.c.primitive == primitive)
    grown = update(primitive_history).where(*mine, primitive_history.c.step == entry.step)
    grown = grown.values(n=primitive_history.c.n + entry.n, correct=primitive_history.c.correct + entry.correct)
    if connection.execute(grown).rowcount:
        return
    key = {"campaign_id": campaign_id, "primitive": primitive}
    connection.execute(insert(primitive_history).values(**key, **values_of(entry)))
    if connection.execute(select(func.count()).where(*mine)).scalar_one() <= HISTORY:
        return
    rows = connection.execute(select(primitive_history).where(*mine).order_by(primitive_history.c.step)).mappings()
    merged = merged_history([to(HistoryEntry, row) for row in rows])
    connection.execute(delete(primitive_history).where(*mine))
    connection.execute(insert(primitive_history), [{**key, **values_of(each)} for each in merged])
