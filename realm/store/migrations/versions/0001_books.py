"""The tables of the first realm that landed: quests, battles, skills, checkpoints, jobs."""

from __future__ import annotations

from typing import Final

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from realm.store.migrations.steps import WORD, at, ident, seq

revision = "0001"
down_revision = None

TABLES: Final = MetaData()

Table("schema_version", TABLES, Column("version", Integer, primary_key=True))

Table(
    "events",
    TABLES,
    seq("seq"),
    at("at", nullable=False),
    Column("kind", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Index("events_at", "at"),
    sqlite_autoincrement=True,
)

Table(
    "campaigns",
    TABLES,
    ident(primary_key=True),
    ident("hero_id", nullable=False),
    Column("number", Integer, nullable=False),
    Column("life", WORD, nullable=False),
    Column("momentum", WORD, nullable=False),
    Column("momentum_reason", Text, nullable=False),
    Column("exam_version", String(80), nullable=False),
    at("created_at", nullable=False),
    ident("champion_id"),
    Column("champion_accuracy", Float),
    Column("champion_exam_version", String(80)),
    UniqueConstraint("hero_id", "number"),
)

Table(
    "quests",
    TABLES,
    ident(primary_key=True),
    ident("campaign_id", nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("status", WORD, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("origin", String(40), nullable=False),
    at("posted_at", nullable=False),
    Column("shape", String(40), nullable=False),
    Column("examples", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("skipped_too_long", BigInteger, nullable=False),
    ident("skill_id"),
    Column("level", Integer),
    ident("battle_id"),
    ident("attempt_id"),
    at("lease_expires_at"),
    Column("first_step", BigInteger),
    Column("last_step", BigInteger),
    Column("steps_total", BigInteger),
    Column("steps_fought", BigInteger, nullable=False),
    Column("ended_by", String(40)),
    Column("train_loss", Float),
    Column("heldout_loss", Float),
    Column("gap_s", Float),
    Column("reason", Text),
    Column("reason_line", BigInteger),
    at("started_at"),
    at("fought_at"),
    at("completed_at"),
    Index("quests_queue", "campaign_id", "status", "priority", "position"),
    Index("quests_posted", "campaign_id", "posted_at"),
    Index("quests_position", "campaign_id", "position"),
)

Table(
    "battles",
    TABLES,
    ident(primary_key=True),
    ident("campaign_id", nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", WORD, nullable=False),
    Column("desired_state", WORD, nullable=False),
    Column("reason", Text, nullable=False),
    Column("start_step", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False),
    at("created_at", nullable=False),
    at("started_at"),
    at("ended_at"),
    UniqueConstraint("campaign_id", "number"),
)

Table(
    "attempts",
    TABLES,
    ident(primary_key=True),
    ident("battle_id", nullable=False),
    ident("campaign_id", nullable=False),
    Column("number", Integer, nullable=False),
    Column("start_step", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False),
    at("started_at", nullable=False),
    ident("checkpoint_id"),
    at("ended_at"),
    Column("outcome", String(40)),
    Column("reason", Text, nullable=False),
    UniqueConstraint("campaign_id", "number"),
    Index("attempts_battle", "battle_id"),
)

Table(
    "battle_points",
    TABLES,
    ident("campaign_id", primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    ident("battle_id", nullable=False),
    Column("attempt_number", Integer, nullable=False),
    at("at", nullable=False),
    Column("train_loss", Float, nullable=False),
    Column("learning_rate", Float),
    Column("tokens_per_second", Float),
    Column("steps_per_second", Float),
    ident("quest_id"),
)

Table(
    "skill_states",
    TABLES,
    ident("campaign_id", primary_key=True),
    ident("skill_id", primary_key=True),
    Column("max_level", Integer, nullable=False),
    Column("mastered_level", Integer, nullable=False),
    Column("xp", BigInteger, nullable=False),
    Column("window_ids", JSON, nullable=False),
    Column("last_accuracy", Float),
    Column("last_step", BigInteger),
)

Table(
    "folds",
    TABLES,
    ident("campaign_id", primary_key=True),
    ident("skill_id", primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("next_fold", BigInteger, nullable=False),
)

Table(
    "evaluations",
    TABLES,
    seq("id"),
    ident("campaign_id", nullable=False),
    ident("skill_id", nullable=False),
    Column("level", Integer, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("correct", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("fold", BigInteger, nullable=False),
    ident("job_id", nullable=False, unique=True),
    at("created_at", nullable=False),
    ident("checkpoint_id"),
    ident("battle_id"),
    Column("duration_s", Float, nullable=False),
    Column("xp_gained", Integer, nullable=False),
    Column("mastered_level", Integer),
    Column("happenings", JSON, nullable=False),
    Index("evaluations_skill", "campaign_id", "skill_id", "id"),
    Index("evaluations_mastered", "campaign_id", "mastered_level"),
    sqlite_autoincrement=True,
)

Table(
    "exams",
    TABLES,
    seq("id"),
    ident("campaign_id", nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("exam_version", String(80), nullable=False),
    Column("exam_accuracy", Float, nullable=False),
    Column("skill_accuracies", JSON, nullable=False),
    Column("n", Integer, nullable=False),
    ident("job_id", nullable=False, unique=True),
    at("created_at", nullable=False),
    ident("checkpoint_id"),
    ident("battle_id"),
    Column("val_loss", Float),
    Column("duration_s", Float, nullable=False),
    Index("exams_campaign", "campaign_id", "id"),
    sqlite_autoincrement=True,
)

Table(
    "checkpoints",
    TABLES,
    ident(primary_key=True),
    ident("campaign_id", nullable=False),
    ident("hero_id", nullable=False),
    Column("step", BigInteger, nullable=False),
    at("saved_at", nullable=False),
    Column("canonical_name", String(80), nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("has_optimizer", Boolean, nullable=False),
    Column("created_by", WORD, nullable=False),
    Column("train_loss", Float),
    Column("val_loss", Float),
    Column("perplexity", Float),
    Column("learning_rate", Float),
    Column("epoch", Float),
    ident("quest_id"),
    ident("skill_id"),
    Column("skill_level", Integer),
    Column("tokens_seen", BigInteger, nullable=False),
    Column("examples_seen", BigInteger, nullable=False),
    ident("parent_id"),
    Column("versions", JSON, nullable=False),
    Column("mastered_levels", JSON, nullable=False),
    Column("exam_accuracy", Float),
    Column("exam_version", String(80)),
    Column("exam_skills", JSON, nullable=False),
    at("trashed_at"),
    Index(
        "checkpoints_live_step",
        "campaign_id",
        "step",
        unique=True,
        sqlite_where=text("trashed_at IS NULL"),
        postgresql_where=text("trashed_at IS NULL"),
    ),
)

Table(
    "jobs",
    TABLES,
    seq("id"),
    Column("type", WORD, nullable=False),
    Column("status", WORD, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("role", String(40), nullable=False),
    Column("timeout_s", Float, nullable=False),
    at("created_at", nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("tags", JSON, nullable=False),
    ident("skill_id"),
    ident("key", unique=True),
    ident("worker_id"),
    at("lease_expires_at"),
    at("not_before"),
    at("claimed_at"),
    at("started_at"),
    at("finished_at"),
    Column("result", JSON),
    Column("failure", WORD),
    Column("error", Text),
    Column("cancel_reason", Text),
    Index("jobs_status_type", "status", "type", "skill_id"),
    Index("jobs_queue", "status", "priority", "id"),
    Index("jobs_newest", "status", "id"),
    Index("jobs_finished", "finished_at"),
    sqlite_autoincrement=True,
)

Table(
    "job_events",
    TABLES,
    seq("seq"),
    Column("job_id", BigInteger, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    at("at", nullable=False),
    Column("status", WORD, nullable=False),
    ident("worker_id"),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)

Table(
    "workers",
    TABLES,
    ident(primary_key=True),
    Column("host", String(255), nullable=False),
    Column("roles", JSON, nullable=False),
    at("registered_at", nullable=False),
    at("last_beat_at", nullable=False),
    Column("labels", JSON, nullable=False),
)


def upgrade() -> None:
    TABLES.create_all(op.get_bind())


def downgrade() -> None:
    TABLES.drop_all(op.get_bind())
