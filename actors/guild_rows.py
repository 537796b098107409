"""Primitives, passives, samples and sparring as JSON-ready rows. Knows no actor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.skill_rows import share
from realm.rules.passives import PassiveResult, Pool, compared
from realm.rules.primitives import HistoryEntry, PrimitiveStats, merged_history
from realm.rules.sparring import SparringSession
from realm.store.passives import PassiveRecord
from realm.store.skills import Samples
from skills.catalog import Passive, Primitive

HISTORY_SHOWN = 60


def primitive_row(
    primitive_id: str, known: Primitive | None, stats: PrimitiveStats, history: Sequence[HistoryEntry]
) -> dict[str, Any]:
    """A primitive with what was recorded of it; the interval is that of the window."""
    while len(history) > HISTORY_SHOWN:
        history = merged_history(history)
    window = share(stats.window_correct, stats.window_n)
    return {
        "id": primitive_id,
        "track": known.track if known else primitive_id.partition("/")[0],
        "title": known.title if known else primitive_id.rpartition("@")[0] or primitive_id,
        "attempts": stats.attempts,
        "correct": stats.correct,
        "accuracy": stats.correct / stats.attempts if stats.attempts else None,
        "window_n": window["n"],
        "window_correct": window["correct"],
        "window_accuracy": window["accuracy"],
        "low": window["low"],
        "high": window["high"],
        "history": [{"step": each.step, "n": each.n, "correct": each.correct} for each in history],
    }


def weakest_first(row: Mapping[str, Any]) -> tuple[bool, float, str]:
    """Sorts primitive rows: by the accuracy of the window, those never asked last."""
    return row["window_accuracy"] is None, row["window_accuracy"] or 0.0, row["id"]


def passive_row(passive: Passive, record: PassiveRecord) -> dict[str, Any]:
    """A passive with its results by step. `warning` says what fell from where while it is below its peak."""
    state, pooled = record.state, record.pooled
    warning = compared(pooled, state.peak) if state.regressed and pooled and state.peak else None
    return {
        "id": passive.id,
        "title": passive.title,
        "version": passive.version,
        "runs": [_run_row(each) for each in sorted(record.runs, key=lambda run: run.step)],
        "pooled": _pool_row(pooled),
        "peak": _pool_row(state.peak),
        "warning": warning,
    }


def samples_row(found: Samples) -> dict[str, Any]:
    """Answers of the newest evaluation of a level."""
    return {
        "skill_id": found.skill_id,
        "level": found.level,
        "step": found.step,
        "at": found.at.isoformat(),
        "samples": [dict(each) for each in found.samples],
    }


def sparring_row(session: SparringSession) -> dict[str, Any]:
    """A sparring session; `second_accuracy` is None when there was no mistake."""
    return {
        "skill_id": session.skill_id,
        "level": session.level,
        "step": session.step,
        "checkpoint_id": session.checkpoint_id,
        "n": session.n,
        "first_correct": session.first_correct,
        "first_accuracy": session.first_accuracy,
        "mistakes": session.mistakes,
        "second_correct": session.second_correct,
        "second_accuracy": session.second_accuracy,
        "examples": session.examples,
        "quest_id": session.quest_id,
        "reason": session.reason,
        "job_id": session.job_id,
        "at": session.at.isoformat(),
    }


def _run_row(result: PassiveResult) -> dict[str, Any]:
    return {
        "step": result.step,
        **share(result.correct, result.n),
        "mode": result.mode.value,
        "at": result.at.isoformat(),
        "job_id": result.job_id,
    }


def _pool_row(pool: Pool | None) -> dict[str, Any] | None:
    return None if pool is None else {"step": pool.step, **share(pool.correct, pool.n)}
