"""Numbers of a campaign, of the vault and of the jobs, read from the books as JSON-ready rows. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from realm.rules.job import JobStatus, Worker
from realm.store.columns import to
from realm.store.database import Database
from realm.store.tables import (
    attempts,
    battles,
    campaigns,
    checkpoints,
    evaluations,
    exams,
    jobs,
    locations,
    quests,
    skill_states,
    sparring_sessions,
    transfers,
    workers,
)

MEASURED_JOBS: Final = 10_000
"""Last finished jobs whose waiting and running times are averaged."""


class ReportStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def read(self, report_type: str, campaign_id: str, now: datetime) -> dict[str, Any]:
        """The numbers of a report: `campaign`, `vault` or `jobs`."""
        with self._db.read() as connection:
            found = _REPORTS[report_type](connection, campaign_id, now)
        return {"report_type": report_type, "at": now.isoformat(), **found}


def _campaign(connection: Connection, campaign_id: str, now: datetime) -> dict[str, Any]:
    row = connection.execute(select(campaigns).where(campaigns.c.id == campaign_id)).mappings().one()
    fought = [
        ((ended or now) - started).total_seconds()
        for started, ended in connection.execute(
            select(attempts.c.started_at, attempts.c.ended_at).where(attempts.c.campaign_id == campaign_id)
        )
    ]
    newest = select(func.max(checkpoints.c.step)).where(checkpoints.c.campaign_id == campaign_id)
    return {
        "campaign_id": campaign_id,
        "hero_id": row["hero_id"],
        "life": row["life"].value,
        "created_at": row["created_at"].isoformat(),
        "durable_step": connection.execute(newest).scalar_one() or 0,
        "champion_id": row["champion_id"],
        "champion_accuracy": row["champion_accuracy"],
        "battles": _count(connection, battles.c.id, battles.c.campaign_id == campaign_id),
        "attempts": len(fought),
        "battle_hours": round(sum(fought) / 3600, 3),
        "quests": _by(connection, quests.c.status, quests.c.campaign_id == campaign_id),
        "sparring_sessions": _count(connection, sparring_sessions.c.id, sparring_sessions.c.campaign_id == campaign_id),
        "exams": _exams(connection, campaign_id),
        "skills": _skills(connection, campaign_id),
    }


def _skills(connection: Connection, campaign_id: str) -> list[dict[str, Any]]:
    counted = select(evaluations.c.skill_id, func.count(), func.sum(evaluations.c.n))
    counted = counted.where(evaluations.c.campaign_id == campaign_id).group_by(evaluations.c.skill_id)
    asked = {skill_id: (count, int(n)) for skill_id, count, n in connection.execute(counted)}
    states = select(skill_states).where(skill_states.c.campaign_id == campaign_id).order_by(skill_states.c.skill_id)
    return [
        {
            "skill_id": row["skill_id"],
            "mastered_level": row["mastered_level"],
            "max_level": row["max_level"],
            "last_accuracy": row["last_accuracy"],
            "evaluations": asked.get(row["skill_id"], (0, 0))[0],
            "problems": asked.get(row["skill_id"], (0, 0))[1],
        }
        for row in connection.execute(states).mappings()
    ]


def _exams(connection: Connection, campaign_id: str) -> dict[str, Any]:
    query = select(exams.c.step, exams.c.exam_accuracy, exams.c.val_loss).where(exams.c.campaign_id == campaign_id)
    rows = connection.execute(query.order_by(exams.c.id)).all()
    if not rows:
        return {"count": 0}
    best = max(rows, key=lambda row: row.exam_accuracy)
    return {
        "count": len(rows),
        **{
            name: {"step": row.step, "exam_accuracy": row.exam_accuracy, "val_loss": row.val_loss}
            for name, row in (("first", rows[0]), ("best", best), ("last", rows[-1]))
        },
    }


def _vault(connection: Connection, campaign_id: str, now: datetime) -> dict[str, Any]:
    del campaign_id, now
    live = checkpoints.c.trashed_at.is_(None)
    return {
        "live": _sized(connection, checkpoints.c.campaign_id, checkpoints.c.size_bytes, live),
        "trashed": _sized(connection, checkpoints.c.campaign_id, checkpoints.c.size_bytes, ~live),
        "because_of": _sized(connection, checkpoints.c.created_by, checkpoints.c.size_bytes, live),
        "strongholds": _sized(connection, locations.c.stronghold, locations.c.size_bytes),
        "transfers": _by(connection, transfers.c.state),
    }


def _jobs(connection: Connection, campaign_id: str, now: datetime) -> dict[str, Any]:
    del campaign_id
    counts: dict[str, dict[str, int]] = {}
    grouped = select(jobs.c.type, jobs.c.status, func.count()).group_by(jobs.c.type, jobs.c.status)
    for job_type, status, count in connection.execute(grouped):
        counts.setdefault(job_type.value, {})[status.value] = count
    query = select(jobs.c.type, jobs.c.created_at, jobs.c.started_at, jobs.c.finished_at, jobs.c.attempts)
    query = query.where(jobs.c.status == JobStatus.COMPLETED, jobs.c.started_at.is_not(None))
    times: dict[str, list[tuple[float, float, int]]] = {}
    for job_type, created, started, finished, tries in connection.execute(
        query.order_by(jobs.c.finished_at.desc()).limit(MEASURED_JOBS)
    ):
        waited, ran = (started - created).total_seconds(), (finished - started).total_seconds()
        times.setdefault(job_type.value, []).append((waited, ran, tries))
    known = [to(Worker, row) for row in connection.execute(select(workers)).mappings()]
    return {
        "by_status": _by(connection, jobs.c.status),
        "workers": len(known),
        "workers_online": sum(not worker.offline(now) for worker in known),
        "types": [
            {"type": name, **by_status, **_averages(times.get(name, []))} for name, by_status in sorted(counts.items())
        ],
    }


def _averages(times: list[tuple[float, float, int]]) -> dict[str, Any]:
    if not times:
        return {}
    names = ("mean_wait_s", "mean_run_s", "mean_attempts")
    return {
        name: round(sum(column) / len(times), 3) for name, column in zip(names, zip(*times, strict=True), strict=True)
    }


def _count(connection: Connection, column: Any, *where: Any) -> int:
    return connection.execute(select(func.count(column)).where(*where)).scalar_one()


def _by(connection: Connection, column: Any, *where: Any) -> dict[str, int]:
    found = connection.execute(select(column, func.count()).where(*where).group_by(column))
    return dict(sorted((str(name), count) for name, count in found))


def _sized(connection: Connection, column: Any, size: Any, *where: Any) -> list[dict[str, Any]]:
    found = connection.execute(select(column, func.count(), func.sum(size)).where(*where).group_by(column))
    return [
        {"name": str(name), "count": count, "size_bytes": int(total)}
        for name, count, total in sorted(found, key=lambda row: str(row[0]))
    ]


_REPORTS: Final[dict[str, Callable[[Connection, str, datetime], dict[str, Any]]]] = {
    "campaign": _campaign,
    "vault": _vault,
    "jobs": _jobs,
}
