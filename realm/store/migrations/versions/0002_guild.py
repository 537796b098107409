"""Primitives, passives, sparring and plans; intervals and reviews of evaluations, results of an exam by level."""

from __future__ import annotations

from math import sqrt
from typing import Final

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    cast,
    column,
    func,
    select,
    table,
    update,
)

from realm.store.migrations.steps import (
    AT,
    IDENT,
    WORD,
    Added,
    Indexes,
    On,
    add_columns,
    add_indexes,
    at,
    create,
    drop,
    drop_columns,
    drop_indexes,
    drop_jobs_but,
    ident,
    seq,
)

revision = "0002"
down_revision = "0001"

JOB_TYPES: Final = ("eval", "exam")
"""Those of revision 0001."""
COLUMNS: Final[Added] = {
    "evaluations": {
        "low": (Float(), 0.0),
        "high": (Float(), 0.0),
        "review_level": (Integer(), None),
        "review_n": (Integer(), 0),
        "review_correct": (Integer(), 0),
    },
    "exams": {"level_results": (JSON(), {})},
    "jobs": {"recorded_at": (AT, None)},
}
INDEXES: Final[Indexes] = {
    "evaluations_level": On("evaluations", ("campaign_id", "skill_id", "level", "step", "id")),
    "evaluations_review": On("evaluations", ("campaign_id", "skill_id", "review_level", "step", "id")),
}
TABLES: Final = MetaData()

Table(
    "plans",
    TABLES,
    ident("campaign_id", primary_key=True),
    Column("strategy", WORD, nullable=False),
    ident("focus"),
    Column("mix", WORD, nullable=False),
    Column("replay_share", Float, nullable=False),
    Column("next_share", Float, nullable=False),
)

Table(
    "skill_settings",
    TABLES,
    ident("campaign_id", primary_key=True),
    ident("skill_id", primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
)

Table(
    "evaluation_samples",
    TABLES,
    ident("campaign_id", primary_key=True),
    ident("skill_id", primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("step", BigInteger, nullable=False),
    at("at", nullable=False),
    Column("samples", JSON, nullable=False),
)

Table(
    "primitive_stats",
    TABLES,
    ident("campaign_id", primary_key=True),
    ident("primitive", primary_key=True),
    Column("attempts", BigInteger, nullable=False),
    Column("correct", BigInteger, nullable=False),
    Column("window", String(100), nullable=False),
)

Table(
    "primitive_history",
    TABLES,
    ident("campaign_id", primary_key=True),
    ident("primitive", primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    Column("correct", BigInteger, nullable=False),
)

Table(
    "primitive_runs",
    TABLES,
    seq("id"),
    ident("campaign_id", nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("correct", Integer, nullable=False),
    ident("job_id", nullable=False, unique=True),
    at("at", nullable=False),
    ident("checkpoint_id"),
    ident("battle_id"),
    sqlite_autoincrement=True,
)

Table(
    "passive_results",
    TABLES,
    seq("id"),
    ident("campaign_id", nullable=False),
    ident("passive", nullable=False),
    Column("version", Integer, nullable=False),
    Column("mode", WORD, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("correct", Integer, nullable=False),
    ident("job_id", nullable=False),
    at("at", nullable=False),
    ident("checkpoint_id"),
    ident("battle_id"),
    UniqueConstraint("job_id", "passive"),
    Index("passive_results_passive", "campaign_id", "passive", "version", "mode", "id"),
    sqlite_autoincrement=True,
)

Table(
    "passive_states",
    TABLES,
    ident("campaign_id", primary_key=True),
    ident("passive", primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("runs", Integer, nullable=False),
    Column("peak_n", Integer),
    Column("peak_correct", Integer),
    Column("peak_step", BigInteger),
    Column("regressed", Boolean, nullable=False),
)

Table(
    "sparring_sessions",
    TABLES,
    seq("id"),
    ident("campaign_id", nullable=False),
    ident("skill_id", nullable=False),
    Column("level", Integer, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("first_correct", Integer, nullable=False),
    Column("second_correct", Integer, nullable=False),
    Column("mistakes", Integer, nullable=False),
    Column("examples", Integer, nullable=False),
    ident("quest_id"),
    Column("reason", Text, nullable=False),
    ident("job_id", nullable=False, unique=True),
    at("at", nullable=False),
    ident("checkpoint_id"),
    ident("battle_id"),
    Column("duration_s", Float, nullable=False),
    Index("sparring_campaign", "campaign_id", "id"),
    Index("sparring_quest", "quest_id"),
    sqlite_autoincrement=True,
)

evaluations: Final = table(
    "evaluations",
    column("id", Integer()),
    column("n", Integer()),
    column("correct", Integer()),
    column("low", Float()),
    column("high", Float()),
    column("job_id", IDENT),
    column("created_at", AT),
)
exams: Final = table("exams", column("job_id", IDENT), column("created_at", AT))
jobs: Final = table("jobs", column("id", Integer()), column("recorded_at", AT))


def upgrade() -> None:
    create(TABLES)
    add_columns(COLUMNS)
    add_indexes(INDEXES)
    _fill_intervals()
    _note_recorded()


def downgrade() -> None:
    drop_jobs_but(JOB_TYPES)
    drop_indexes(INDEXES)
    drop_columns(COLUMNS)
    drop(TABLES.sorted_tables)


def _fill_intervals() -> None:
    connection = op.get_bind()
    found = connection.execute(select(evaluations.c.id, evaluations.c.correct, evaluations.c.n)).all()
    rows = [{"number": number, **_wilson_interval(correct, n)} for number, correct, n in found]
    if rows:
        query = update(evaluations).where(evaluations.c.id == bindparam("number"))
        connection.execute(query.values(low=bindparam("from"), high=bindparam("to")), rows)


def _wilson_interval(correct: int, n: int, z: float = 1.96) -> dict[str, float]:
    """The Wilson score interval of a proportion, as realm.rules.progression had it with this revision."""
    p = correct / n
    spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    centre = p + z * z / (2 * n)
    scale = 1 + z * z / n
    return {"from": max(0.0, (centre - spread) / scale), "to": min(1.0, (centre + spread) / scale)}


def _note_recorded() -> None:
    """What a job found was recorded when its evaluation or exam was."""
    number = cast(jobs.c.id, IDENT)
    recorded = [
        select(found.c.created_at).where(found.c.job_id == number).scalar_subquery() for found in (evaluations, exams)
    ]
    op.execute(update(jobs).values(recorded_at=func.coalesce(*recorded)))
