"""Strongholds, copies and transfers; every type of job, workers outside the cluster; answers kept by request key.

Going down forgets what the older schema has no place for: jobs of types it does not know, and checkpoints of which
only copies in strongholds are left.
"""

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
    String,
    Table,
    Text,
    column,
    delete,
    insert,
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
    rename_words,
    seq,
)

revision = "0003"
down_revision = "0002"

RENAMED_JOBS: Final = {"passive": "passive_eval", "spar": "sparring"}
JOB_TYPES: Final = ("eval", "exam", "passive", "primitive", "spar")
"""Those of revision 0002."""
COLUMNS: Final[Added] = {
    "checkpoints": {"promoted_at": (AT, None), "crowned_at": (AT, None), "trashed_by": (WORD, None)},
    "jobs": {"labels": (JSON(), {}), "min_gpu_mb": (Integer(), 0)},
    "workers": {"pid": (Integer(), None), "external": (Boolean(), False)},
}
INDEXES: Final[Indexes] = {
    "checkpoints_exam": On(
        "checkpoints", ("campaign_id", "trashed_at", "exam_version", "exam_accuracy", "saved_at", "id")
    ),
    "checkpoints_val_loss": On("checkpoints", ("campaign_id", "trashed_at", "val_loss", "saved_at", "id")),
    "checkpoints_train_loss": On("checkpoints", ("campaign_id", "trashed_at", "train_loss", "saved_at", "id")),
    "checkpoints_perplexity": On("checkpoints", ("campaign_id", "trashed_at", "perplexity", "saved_at", "id")),
    "checkpoints_size": On("checkpoints", ("campaign_id", "trashed_at", "size_bytes", "saved_at", "id")),
    "checkpoints_why": On("checkpoints", ("campaign_id", "trashed_at", "created_by", "saved_at", "id")),
    "checkpoints_skill": On("checkpoints", ("campaign_id", "trashed_at", "skill_id", "saved_at", "id")),
    "checkpoints_saved": On("checkpoints", ("campaign_id", "trashed_at", "saved_at", "id")),
    "checkpoints_step": On("checkpoints", ("campaign_id", "trashed_at", "step", "id")),
    "checkpoints_name": On("checkpoints", ("campaign_id", "canonical_name")),
    "checkpoints_parent": On("checkpoints", ("parent_id",)),
    "checkpoints_path": On("checkpoints", ("campaign_id", "trashed_at", "path", "id")),
    "checkpoints_promoted": On("checkpoints", ("campaign_id", "promoted_at"), "promoted_at IS NOT NULL"),
}
TABLES: Final = MetaData()

# There since 0001; named for the key that refers to it.
_referred: Final = Table("checkpoints", TABLES, ident(primary_key=True))

Table(
    "checkpoint_skills",
    TABLES,
    Column(
        "checkpoint_id", String(160), ForeignKey("checkpoints.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    ident("skill_id", primary_key=True),
    ident("campaign_id", nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("exam_version", String(80), nullable=False),
    Column("accuracy", Float, nullable=False),
    Index("checkpoint_skills_best", "campaign_id", "skill_id", "exam_version", "accuracy", "step", "checkpoint_id"),
)

Table(
    "checkpoint_uses",
    TABLES,
    ident("checkpoint_id", primary_key=True),
    ident("holder", primary_key=True),
    at("expires_at", nullable=False),
)

Table(
    "assets",
    TABLES,
    ident(primary_key=True),
    Column("kind", WORD, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    at("created_at", nullable=False),
    Column("protection", WORD, nullable=False),
    Column("data", JSON, nullable=False),
    Index("assets_kind", "kind", "created_at"),
)

Table(
    "locations",
    TABLES,
    ident("asset_id", primary_key=True),
    ident("stronghold", primary_key=True),
    Column("path", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    at("stored_at", nullable=False),
    at("verified_at", nullable=False),
    Column("files", JSON, nullable=False),
    Index("locations_stronghold", "stronghold", "stored_at"),
)

Table(
    "transfers",
    TABLES,
    seq("id"),
    ident("asset_id", nullable=False),
    ident("source", nullable=False),
    ident("target", nullable=False),
    Column("state", WORD, nullable=False),
    Column("bytes_done", BigInteger, nullable=False),
    Column("bytes_total", BigInteger, nullable=False),
    at("created_at", nullable=False),
    at("updated_at", nullable=False),
    at("finished_at"),
    Column("error", Text),
    Index("transfers_state", "state", "id"),
    Index("transfers_asset", "asset_id", "id"),
    sqlite_autoincrement=True,
)

Table(
    "idempotency_keys",
    TABLES,
    ident("key", primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    at("at", nullable=False),
    Column("status", Integer),
    Column("body", Text),
    Index("idempotency_keys_at", "at"),
)

checkpoints: Final = table(
    "checkpoints",
    column("id", IDENT),
    column("campaign_id", IDENT),
    column("step", BigInteger()),
    column("path", Text()),
    column("created_by", WORD),
    column("exam_version", String(80)),
    column("exam_skills", JSON()),
    column("trashed_at", AT),
    column("trashed_by", WORD),
)


def upgrade() -> None:
    create(TABLES)
    add_columns(COLUMNS)
    add_indexes(INDEXES)
    rename_words("jobs", "type", RENAMED_JOBS)
    trashed = update(checkpoints).where(checkpoints.c.trashed_at.is_not(None))
    op.execute(trashed.values(trashed_by="retention"))
    _fill_checkpoint_skills()


def downgrade() -> None:
    rename_words("jobs", "type", {new: old for old, new in RENAMED_JOBS.items()})
    drop_jobs_but(JOB_TYPES)
    op.execute(delete(checkpoints).where(checkpoints.c.path == ""))
    rename_words("checkpoints", "created_by", {"import": "start"})
    drop_indexes(INDEXES)
    drop_columns(COLUMNS)
    drop(each for each in TABLES.sorted_tables if each is not _referred)


def _fill_checkpoint_skills() -> None:
    connection = op.get_bind()
    columns = checkpoints.c
    query = select(columns.id, columns.campaign_id, columns.step, columns.exam_version, columns.exam_skills)
    rows = [
        {
            "checkpoint_id": checkpoint,
            "skill_id": skill,
            "campaign_id": campaign,
            "step": step,
            "exam_version": version,
            "accuracy": accuracy,
        }
        for checkpoint, campaign, step, version, skills in connection.execute(
            query.where(columns.exam_version.is_not(None), columns.trashed_at.is_(None))
        )
        for skill, accuracy in skills.items()
    ]
    if rows:
        connection.execute(insert(TABLES.tables["checkpoint_skills"]), rows)
