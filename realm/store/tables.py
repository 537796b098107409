"""The tables. Columns carry the names of the domain objects' fields. Does not know how they are written."""

from __future__ import annotations

from typing import Any, Final

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
    String,
    Table,
    Text,
    UniqueConstraint,
)

from realm.rules.battle import BattleState, DesiredState
from realm.rules.campaign import CampaignLife, Momentum
from realm.rules.campaign_warnings import WarningKind
from realm.rules.checkpoint import CreatedBy, TrashedBy
from realm.rules.climb import InterventionKind
from realm.rules.job import FailureKind, JobStatus, JobType, Priority
from realm.rules.level_cap import CapKind, CapState
from realm.rules.passives import PassiveMode
from realm.rules.primitives import WINDOW
from realm.rules.quest import QuestPriority, QuestStatus
from realm.rules.schedule import MixKind, Strategy
from realm.rules.stronghold import AssetKind, Protection, TransferState
from realm.rules.titles import HonourKind
from realm.store.columns import JsonTuple, LevelResults, Ranked, UtcDateTime, word

METADATA: Final = MetaData()


def _id(name: str = "id", **more: Any) -> Column[str]:
    return Column(name, String(160), **more)


def _seq(name: str) -> Column[int]:
    """A number given by the database that is never given twice, not even after its row is gone."""
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _at(name: str, nullable: bool = True) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=nullable)


# Read by realms from before Alembic, which refuse a number that is not theirs: see realm.store.migrations.
schema_versions = Table("schema_version", METADATA, Column("version", Integer, primary_key=True))

events = Table(
    "events",
    METADATA,
    _seq("seq"),
    _at("at", nullable=False),
    Column("kind", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Index("events_at", "at"),
    sqlite_autoincrement=True,
)

visits = Table(
    "visits",
    METADATA,
    _seq("id"),
    _at("first_at", nullable=False),
    _at("last_at", nullable=False),
    Column("dismissed", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

notify_targets = Table(
    "notify_targets",
    METADATA,
    _id(primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("sent_at", JsonTuple, nullable=False),
    Column("failures", Integer, nullable=False),
    _at("not_before"),
    Column("error", Text, nullable=False),
)

campaigns = Table(
    "campaigns",
    METADATA,
    _id(primary_key=True),
    _id("hero_id", nullable=False),
    Column("number", Integer, nullable=False),
    Column("life", word(CampaignLife), nullable=False),
    Column("momentum", word(Momentum), nullable=False),
    Column("momentum_reason", Text, nullable=False),
    Column("exam_version", String(80), nullable=False),
    _at("created_at", nullable=False),
    _id("champion_id"),
    Column("champion_accuracy", Float),
    Column("champion_exam_version", String(80)),
    _id("starting_checkpoint_id"),
    Column("note", Text, nullable=False),
    _at("life_since", nullable=False),
    _id("created_key"),
    Column("trouble", Text, nullable=False),
    _at("trouble_at"),
    UniqueConstraint("hero_id", "number"),
    Index("campaigns_starting", "starting_checkpoint_id"),
)

campaign_switches = Table(
    "campaign_switches",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("leaves_to", word(CampaignLife), nullable=False),
    _id("activates"),
    _at("requested_at", nullable=False),
)

honours = Table(
    "honours",
    METADATA,
    _id("campaign_id", primary_key=True),
    Column("kind", word(HonourKind), primary_key=True),
    _id("honour_id", primary_key=True),
    _at("at", nullable=False),
    Column("step", BigInteger, nullable=False),
)

campaign_warnings = Table(
    "campaign_warnings",
    METADATA,
    _id("campaign_id", primary_key=True),
    Column("kind", word(WarningKind), primary_key=True),
    _id("subject", primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("points", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("beyond_chance", Integer, nullable=False),
    Column("told", Boolean, nullable=False),
    _at("since", nullable=False),
)

climbs = Table(
    "climbs",
    METADATA,
    _id("campaign_id", primary_key=True),
    _id("skill_id", primary_key=True),
    Column("state", word(CapState), nullable=False),
    Column("evaluation_id", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    _at("at", nullable=False),
    Column("ask_training", Boolean, nullable=False),
    Column("missing", JSON, nullable=False),
    Column("evidence", JSON),
)

interventions = Table(
    "interventions",
    METADATA,
    _seq("number"),
    _id("campaign_id", nullable=False),
    _id("skill_id", nullable=False),
    Column("kind", word(InterventionKind), nullable=False),
    Column("level", Integer, nullable=False),
    Column("span_tokens", BigInteger, nullable=False),
    Column("began_step", BigInteger, nullable=False),
    Column("began_tokens", BigInteger, nullable=False),
    _at("began_at", nullable=False),
    Column("ended_step", BigInteger),
    Column("ended_tokens", BigInteger),
    _at("ended_at"),
    sqlite_autoincrement=True,
)
Index(
    "interventions_under_way",
    interventions.c.campaign_id,
    unique=True,
    sqlite_where=interventions.c.ended_at.is_(None),
    postgresql_where=interventions.c.ended_at.is_(None),
)
Index("interventions_campaign", interventions.c.campaign_id, interventions.c.number)

verdicts = Table(
    "verdicts",
    METADATA,
    _seq("number"),
    _id("campaign_id", nullable=False),
    _id("skill_id", nullable=False),
    Column("kind", word(CapKind), nullable=False),
    Column("mastered_level", Integer, nullable=False),
    Column("cap_level", Integer, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    _at("at", nullable=False),
    Column("words", Text, nullable=False),
    Column("body", JSON, nullable=False),
    _at("withdrawn_at"),
    Column("withdrawn_why", Text, nullable=False),
    Column("reopened_tokens", BigInteger),
    sqlite_autoincrement=True,
)
Index(
    "verdicts_standing",
    verdicts.c.campaign_id,
    verdicts.c.skill_id,
    unique=True,
    sqlite_where=verdicts.c.withdrawn_at.is_(None),
    postgresql_where=verdicts.c.withdrawn_at.is_(None),
)

milestones = Table(
    "milestones",
    METADATA,
    _id("campaign_id", primary_key=True),
    _id("key", primary_key=True),
    _at("at", nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("note", Text, nullable=False),
)

quests = Table(
    "quests",
    METADATA,
    _id(primary_key=True),
    _id("campaign_id", nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("status", word(QuestStatus), nullable=False),
    Column("priority", Ranked(QuestPriority), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("origin", String(40), nullable=False),
    _at("posted_at", nullable=False),
    Column("shape", String(40), nullable=False),
    Column("examples", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("skipped_too_long", BigInteger, nullable=False),
    _id("skill_id"),
    Column("level", Integer),
    _id("battle_id"),
    _id("attempt_id"),
    _at("lease_expires_at"),
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
    Column("failures", Integer, nullable=False),
    _at("started_at"),
    _at("fought_at"),
    _at("completed_at"),
    Column("made_of", JSON),
    Index("quests_queue", "campaign_id", "status", "priority", "position"),
    Index("quests_posted", "campaign_id", "posted_at"),
    Index("quests_position", "campaign_id", "position"),
)

battles = Table(
    "battles",
    METADATA,
    _id(primary_key=True),
    _id("campaign_id", nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", word(BattleState), nullable=False),
    Column("desired_state", word(DesiredState), nullable=False),
    Column("reason", Text, nullable=False),
    Column("start_step", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False),
    _at("created_at", nullable=False),
    _at("started_at"),
    _at("ended_at"),
    UniqueConstraint("campaign_id", "number"),
)

attempts = Table(
    "attempts",
    METADATA,
    _id(primary_key=True),
    _id("battle_id", nullable=False),
    _id("campaign_id", nullable=False),
    Column("number", Integer, nullable=False),
    Column("start_step", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False),
    _at("started_at", nullable=False),
    _id("checkpoint_id"),
    _at("ended_at"),
    Column("outcome", String(40)),
    Column("reason", Text, nullable=False),
    Column("overrides", JSON),
    UniqueConstraint("campaign_id", "number"),
    Index("attempts_battle", "battle_id"),
)

battle_points = Table(
    "battle_points",
    METADATA,
    _id("campaign_id", primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    _id("battle_id", nullable=False),
    Column("attempt_number", Integer, nullable=False),
    _at("at", nullable=False),
    Column("train_loss", Float, nullable=False),
    Column("learning_rate", Float),
    Column("tokens_per_second", Float),
    Column("steps_per_second", Float),
    _id("quest_id"),
    Column("tokens_seen", BigInteger),
    Column("examples_seen", BigInteger),
    Column("train_seconds", Float),
)

plans = Table(
    "plans",
    METADATA,
    _id("campaign_id", primary_key=True),
    Column("strategy", word(Strategy), nullable=False),
    _id("focus"),
    Column("mix", word(MixKind), nullable=False),
    Column("replay_share", Float, nullable=False),
    Column("next_share", Float, nullable=False),
)

skill_settings = Table(
    "skill_settings",
    METADATA,
    _id("campaign_id", primary_key=True),
    _id("skill_id", primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
)

skill_states = Table(
    "skill_states",
    METADATA,
    _id("campaign_id", primary_key=True),
    _id("skill_id", primary_key=True),
    Column("max_level", Integer, nullable=False),
    Column("mastered_level", Integer, nullable=False),
    Column("xp", BigInteger, nullable=False),
    Column("window_ids", JsonTuple, nullable=False),
    Column("last_accuracy", Float),
    Column("last_step", BigInteger),
)

folds = Table(
    "folds",
    METADATA,
    _id("campaign_id", primary_key=True),
    _id("skill_id", primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("next_fold", BigInteger, nullable=False),
)

evaluations = Table(
    "evaluations",
    METADATA,
    _seq("id"),
    _id("campaign_id", nullable=False),
    _id("skill_id", nullable=False),
    Column("level", Integer, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("correct", Integer, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("fold", BigInteger, nullable=False),
    _id("job_id", nullable=False, unique=True),
    _at("created_at", nullable=False),
    _id("checkpoint_id"),
    _id("battle_id"),
    Column("duration_s", Float, nullable=False),
    Column("review_level", Integer),
    Column("review_n", Integer, nullable=False),
    Column("review_correct", Integer, nullable=False),
    Column("train_n", Integer, nullable=False),
    Column("train_correct", Integer, nullable=False),
    Column("level_share", Float),
    Column("mastered_share", Float),
    Column("xp_gained", Integer, nullable=False),
    Column("mastered_level", Integer),
    Column("happenings", JSON, nullable=False),
    Index("evaluations_skill", "campaign_id", "skill_id", "id"),
    Index("evaluations_level", "campaign_id", "skill_id", "level", "step", "id"),
    Index("evaluations_review", "campaign_id", "skill_id", "review_level", "step", "id"),
    Index("evaluations_mastered", "campaign_id", "mastered_level"),
    sqlite_autoincrement=True,
)

evaluation_samples = Table(
    "evaluation_samples",
    METADATA,
    _id("campaign_id", primary_key=True),
    _id("skill_id", primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("step", BigInteger, nullable=False),
    _at("at", nullable=False),
    Column("samples", JSON, nullable=False),
)

primitive_stats = Table(
    "primitive_stats",
    METADATA,
    _id("campaign_id", primary_key=True),
    _id("primitive", primary_key=True),
    Column("attempts", BigInteger, nullable=False),
    Column("correct", BigInteger, nullable=False),
    Column("window", String(WINDOW), nullable=False),
)

primitive_history = Table(
    "primitive_history",
    METADATA,
    _id("campaign_id", primary_key=True),
    _id("primitive", primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    Column("correct", BigInteger, nullable=False),
)

primitive_runs = Table(
    "primitive_runs",
    METADATA,
    _seq("id"),
    _id("campaign_id", nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("correct", Integer, nullable=False),
    _id("job_id", nullable=False, unique=True),
    _at("at", nullable=False),
    _id("checkpoint_id"),
    _id("battle_id"),
    sqlite_autoincrement=True,
)

passive_results = Table(
    "passive_results",
    METADATA,
    _seq("id"),
    _id("campaign_id", nullable=False),
    _id("passive", nullable=False),
    Column("version", Integer, nullable=False),
    Column("mode", word(PassiveMode), nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("correct", Integer, nullable=False),
    _id("job_id", nullable=False),
    _at("at", nullable=False),
    _id("checkpoint_id"),
    _id("battle_id"),
    UniqueConstraint("job_id", "passive"),
    Index("passive_results_passive", "campaign_id", "passive", "version", "mode", "id"),
    sqlite_autoincrement=True,
)

passive_states = Table(
    "passive_states",
    METADATA,
    _id("campaign_id", primary_key=True),
    _id("passive", primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("runs", Integer, nullable=False),
    Column("peak_n", Integer),
    Column("peak_correct", Integer),
    Column("peak_step", BigInteger),
    Column("regressed", Boolean, nullable=False),
)

sparring_sessions = Table(
    "sparring_sessions",
    METADATA,
    _seq("id"),
    _id("campaign_id", nullable=False),
    _id("skill_id", nullable=False),
    Column("level", Integer, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("first_correct", Integer, nullable=False),
    Column("second_correct", Integer, nullable=False),
    Column("mistakes", Integer, nullable=False),
    Column("examples", Integer, nullable=False),
    _id("quest_id"),
    Column("reason", Text, nullable=False),
    _id("job_id", nullable=False, unique=True),
    _at("at", nullable=False),
    _id("checkpoint_id"),
    _id("battle_id"),
    Column("duration_s", Float, nullable=False),
    Index("sparring_campaign", "campaign_id", "id"),
    Index("sparring_quest", "quest_id"),
    sqlite_autoincrement=True,
)

exams = Table(
    "exams",
    METADATA,
    _seq("id"),
    _id("campaign_id", nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("exam_version", String(80), nullable=False),
    Column("exam_accuracy", Float, nullable=False),
    Column("skill_accuracies", JSON, nullable=False),
    Column("n", Integer, nullable=False),
    _id("job_id", nullable=False, unique=True),
    _at("created_at", nullable=False),
    _id("checkpoint_id"),
    _id("battle_id"),
    Column("val_loss", Float),
    Column("duration_s", Float, nullable=False),
    Column("level_results", LevelResults, nullable=False),
    Index("exams_campaign", "campaign_id", "id"),
    sqlite_autoincrement=True,
)

checkpoints = Table(
    "checkpoints",
    METADATA,
    _id(primary_key=True),
    _id("campaign_id", nullable=False),
    _id("hero_id", nullable=False),
    Column("step", BigInteger, nullable=False),
    _at("saved_at", nullable=False),
    Column("canonical_name", String(80), nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("has_optimizer", Boolean, nullable=False),
    Column("created_by", word(CreatedBy), nullable=False),
    Column("train_loss", Float),
    Column("val_loss", Float),
    Column("perplexity", Float),
    Column("learning_rate", Float),
    Column("epoch", Float),
    _id("quest_id"),
    _id("skill_id"),
    Column("skill_level", Integer),
    Column("tokens_seen", BigInteger, nullable=False),
    Column("examples_seen", BigInteger, nullable=False),
    _id("parent_id"),
    Column("versions", JSON, nullable=False),
    Column("mastered_levels", JSON, nullable=False),
    Column("exam_accuracy", Float),
    Column("exam_version", String(80)),
    Column("exam_skills", JSON, nullable=False),
    _at("promoted_at"),
    _at("crowned_at"),
    _at("trashed_at"),
    Column("trashed_by", word(TrashedBy)),
    Index("checkpoints_saved", "campaign_id", "trashed_at", "saved_at", "id"),
    Index("checkpoints_step", "campaign_id", "trashed_at", "step", "id"),
    Index("checkpoints_exam", "campaign_id", "trashed_at", "exam_version", "exam_accuracy", "saved_at", "id"),
    Index("checkpoints_val_loss", "campaign_id", "trashed_at", "val_loss", "saved_at", "id"),
    Index("checkpoints_train_loss", "campaign_id", "trashed_at", "train_loss", "saved_at", "id"),
    Index("checkpoints_perplexity", "campaign_id", "trashed_at", "perplexity", "saved_at", "id"),
    Index("checkpoints_size", "campaign_id", "trashed_at", "size_bytes", "saved_at", "id"),
    Index("checkpoints_why", "campaign_id", "trashed_at", "created_by", "saved_at", "id"),
    Index("checkpoints_skill", "campaign_id", "trashed_at", "skill_id", "saved_at", "id"),
    Index("checkpoints_path", "campaign_id", "trashed_at", "path", "id"),
    Index("checkpoints_name", "campaign_id", "canonical_name"),
    Index("checkpoints_parent", "parent_id"),
)
Index(
    "checkpoints_live_step",
    checkpoints.c.campaign_id,
    checkpoints.c.step,
    unique=True,
    sqlite_where=checkpoints.c.trashed_at.is_(None),
    postgresql_where=checkpoints.c.trashed_at.is_(None),
)
Index(
    "checkpoints_promoted",
    checkpoints.c.campaign_id,
    checkpoints.c.promoted_at,
    sqlite_where=checkpoints.c.promoted_at.is_not(None),
    postgresql_where=checkpoints.c.promoted_at.is_not(None),
)

checkpoint_skills = Table(
    "checkpoint_skills",
    METADATA,
    Column(
        "checkpoint_id", String(160), ForeignKey("checkpoints.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    _id("skill_id", primary_key=True),
    _id("campaign_id", nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("exam_version", String(80), nullable=False),
    Column("accuracy", Float, nullable=False),
    Index("checkpoint_skills_best", "campaign_id", "skill_id", "exam_version", "accuracy", "step", "checkpoint_id"),
)

checkpoint_uses = Table(
    "checkpoint_uses",
    METADATA,
    _id("checkpoint_id", primary_key=True),
    _id("holder", primary_key=True),
    _at("expires_at", nullable=False),
)

assets = Table(
    "assets",
    METADATA,
    _id(primary_key=True),
    Column("kind", word(AssetKind), nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    _at("created_at", nullable=False),
    Column("protection", word(Protection), nullable=False),
    Column("data", JSON, nullable=False),
    Index("assets_kind", "kind", "created_at"),
)

locations = Table(
    "locations",
    METADATA,
    _id("asset_id", primary_key=True),
    _id("stronghold", primary_key=True),
    Column("path", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    _at("stored_at", nullable=False),
    _at("verified_at", nullable=False),
    Column("files", JSON, nullable=False),
    Index("locations_stronghold", "stronghold", "stored_at"),
)

transfers = Table(
    "transfers",
    METADATA,
    _seq("id"),
    _id("asset_id", nullable=False),
    _id("source", nullable=False),
    _id("target", nullable=False),
    Column("state", word(TransferState), nullable=False),
    Column("bytes_done", BigInteger, nullable=False),
    Column("bytes_total", BigInteger, nullable=False),
    _at("created_at", nullable=False),
    _at("updated_at", nullable=False),
    _at("finished_at"),
    Column("error", Text),
    Index("transfers_state", "state", "id"),
    Index("transfers_asset", "asset_id", "id"),
    sqlite_autoincrement=True,
)

idempotency_keys = Table(
    "idempotency_keys",
    METADATA,
    _id("key", primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    _at("at", nullable=False),
    Column("status", Integer),
    Column("body", Text),
    Index("idempotency_keys_at", "at"),
)

jobs = Table(
    "jobs",
    METADATA,
    _seq("id"),
    Column("type", word(JobType), nullable=False),
    Column("status", word(JobStatus), nullable=False),
    Column("priority", Ranked(Priority), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("role", String(40), nullable=False),
    Column("timeout_s", Float, nullable=False),
    _at("created_at", nullable=False),
    Column("labels", JSON, nullable=False),
    Column("min_gpu_mb", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("tags", JsonTuple, nullable=False),
    _id("skill_id"),
    _id("key", unique=True),
    _id("worker_id"),
    _at("lease_expires_at"),
    _at("not_before"),
    _at("claimed_at"),
    _at("started_at"),
    _at("recorded_at"),
    _at("finished_at"),
    Column("result", JSON(none_as_null=True)),
    Column("failure", word(FailureKind)),
    Column("error", Text),
    Column("cancel_reason", Text),
    Index("jobs_status_type", "status", "type", "skill_id"),
    Index("jobs_queue", "status", "priority", "id"),
    Index("jobs_newest", "status", "id"),
    Index("jobs_finished", "finished_at"),
    sqlite_autoincrement=True,
)

job_events = Table(
    "job_events",
    METADATA,
    _seq("seq"),
    Column("job_id", BigInteger, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    _at("at", nullable=False),
    Column("status", word(JobStatus), nullable=False),
    _id("worker_id"),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)

workers = Table(
    "workers",
    METADATA,
    _id(primary_key=True),
    Column("host", String(255), nullable=False),
    Column("roles", JsonTuple, nullable=False),
    _at("registered_at", nullable=False),
    _at("last_beat_at", nullable=False),
    Column("labels", JSON, nullable=False),
    Column("pid", Integer),
    Column("external", Boolean, nullable=False),
)
