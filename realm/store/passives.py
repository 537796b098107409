"""Results of passives, their peaks and warnings. The rule is in realm.rules.passives; this keeps what it says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from realm.rules.passives import (
    POOLED_RUNS,
    PassiveMode,
    PassiveResult,
    PassiveState,
    Pool,
    Turn,
    advance,
    compared,
    pool_of,
)
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.events import emit
from realm.store.job_rows import note_recorded
from realm.store.tables import passive_results, passive_states

RUNS_SHOWN = 60


@dataclass(frozen=True, slots=True)
class PassiveRecord:
    """What is known of one version of a passive in a campaign. `runs` are its newest results, oldest first."""

    state: PassiveState
    runs: tuple[PassiveResult, ...]
    pooled: Pool | None


class PassiveStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, results: Sequence[PassiveResult]) -> tuple[PassiveRecord, ...]:
        """Record one job's results, apply the rule and tell of warnings, in one transaction and once per job."""
        with self._db.write() as connection:
            return tuple(_record(connection, each) for each in results)

    def read(
        self, campaign_id: str, versions: Collection[tuple[str, int]], limit: int = RUNS_SHOWN
    ) -> tuple[PassiveRecord, ...]:
        """What is known of these (passive, version), in their order."""
        with self._db.read() as connection:
            return tuple(_read(connection, campaign_id, passive, version, limit) for passive, version in versions)

    def examined(self, checkpoint_ids: Collection[str], versions: Collection[tuple[str, int]]) -> frozenset[str]:
        """Those of the checkpoints for which every one of these (passive, version) has a LITE result."""
        query = select(passive_results.c.checkpoint_id, passive_results.c.passive, passive_results.c.version).where(
            passive_results.c.checkpoint_id.in_(checkpoint_ids), passive_results.c.mode == PassiveMode.LITE
        )
        found: dict[str, set[tuple[str, int]]] = {}
        with self._db.read() as connection:
            for checkpoint_id, passive, version in connection.execute(query):
                found.setdefault(checkpoint_id, set()).add((passive, version))
        return frozenset(each for each, passives in found.items() if passives.issuperset(versions))


def _record(connection: Connection, result: PassiveResult) -> PassiveRecord:
    known = select(passive_results.c.id).where(
        passive_results.c.job_id == result.job_id, passive_results.c.passive == result.passive
    )
    if connection.execute(known).scalar_one_or_none() is None:
        note_recorded(connection, result.job_id, result.at)
        connection.execute(insert(passive_results).values(**values_of(result, "id")))
        if result.mode == PassiveMode.LITE:
            _advance(connection, result)
    return _read(connection, result.campaign_id, result.passive, result.version, RUNS_SHOWN)


def _advance(connection: Connection, result: PassiveResult) -> None:
    found = _read(connection, result.campaign_id, result.passive, result.version, 0)
    state, turn = advance(found.state, found.pooled)
    here = (
        passive_states.c.campaign_id == state.campaign_id,
        passive_states.c.passive == state.passive,
        passive_states.c.version == state.version,
    )
    peak = {f"peak_{name}": getattr(state.peak, name, None) for name in ("n", "correct", "step")}
    connection.execute(delete(passive_states).where(*here))
    connection.execute(insert(passive_states).values(**values_of(state, "peak"), **peak))
    if turn is None or found.pooled is None or state.peak is None:
        return
    title = f"Passive {state.passive} " + ("fell below its peak" if turn == Turn.REGRESSED else "is back near its peak")
    data = {"campaign_id": state.campaign_id, "passive": state.passive, "version": state.version, "step": result.step}
    emit(connection, result.at, f"passive.{turn}", title, compared(found.pooled, state.peak), data)


def _read(connection: Connection, campaign_id: str, passive: str, version: int, limit: int) -> PassiveRecord:
    key = {"campaign_id": campaign_id, "passive": passive, "version": version}
    row = connection.execute(select(passive_states).filter_by(**key)).mappings().one_or_none()
    state = PassiveState(campaign_id, passive, version)
    if row is not None:
        peak = Pool(row["peak_n"], row["peak_correct"], row["peak_step"]) if row["peak_n"] is not None else None
        state = to(PassiveState, row, peak=peak)
    results = select(passive_results).filter_by(**key)
    newest = results.order_by(passive_results.c.step.desc(), passive_results.c.id.desc())
    pooled = connection.execute(newest.where(passive_results.c.mode == PassiveMode.LITE).limit(POOLED_RUNS)).mappings()
    pool = pool_of([to(PassiveResult, each) for each in pooled][::-1])
    # The last recorded, so that a job finds its own among them whatever weights it asked.
    last = results.order_by(passive_results.c.id.desc()).limit(limit)
    runs = connection.execute(last).mappings() if limit else ()
    return PassiveRecord(state, tuple(to(PassiveResult, each) for each in runs)[::-1], pool)
