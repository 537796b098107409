"""Campaigns that are activated, paused, archived and thrown away; what a battle had cost by each of its points;
when somebody looked, and how far notices were sent; titles and achievements that were earned, warnings that stand;
where climbs stand, what was tried against plateaus, verdicts, milestones; why no quest could be generated, and how
often one failed.

Going down forgets switches that wait, starting checkpoints, notes, what was earned and verdicts; thrown away campaigns
become archived ones.
"""

from __future__ import annotations

from datetime import UTC, datetime
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
    Table,
    Text,
    column,
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
    ident,
    rename_words,
    seq,
)

revision = "0004"
down_revision = "0003"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

COLUMNS: Final[Added] = {
    "campaigns": {
        "starting_checkpoint_id": (IDENT, None),
        "note": (Text(), ""),
        "life_since": (AT, _EPOCH),
        "created_key": (IDENT, None),
        "trouble": (Text(), ""),
        "trouble_at": (AT, None),
    },
    "battle_points": {
        "tokens_seen": (BigInteger(), None),
        "examples_seen": (BigInteger(), None),
        "train_seconds": (Float(), None),
    },
    "attempts": {"overrides": (JSON(), None)},
    "quests": {"made_of": (JSON(), None), "failures": (Integer(), 0)},
    "evaluations": {
        "train_n": (Integer(), 0),
        "train_correct": (Integer(), 0),
        "level_share": (Float(), None),
        "mastered_share": (Float(), None),
    },
}
INDEXES: Final[Indexes] = {"campaigns_starting": On("campaigns", ("starting_checkpoint_id",))}
TABLES: Final = MetaData()
Table(
    "campaign_switches",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("leaves_to", WORD, nullable=False),
    ident("activates"),
    at("requested_at", nullable=False),
)

Table(
    "visits",
    TABLES,
    seq("id"),
    at("first_at", nullable=False),
    at("last_at", nullable=False),
    Column("dismissed", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
Table(
    "notify_targets",
    TABLES,
    ident(primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("sent_at", JSON, nullable=False),
    Column("failures", Integer, nullable=False),
    at("not_before"),
    Column("error", Text, nullable=False),
)
Table(
    "honours",
    TABLES,
    ident("campaign_id", primary_key=True),
    Column("kind", WORD, primary_key=True),
    ident("honour_id", primary_key=True),
    at("at", nullable=False),
    Column("step", BigInteger, nullable=False),
)
Table(
    "campaign_warnings",
    TABLES,
    ident("campaign_id", primary_key=True),
    Column("kind", WORD, primary_key=True),
    ident("subject", primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("points", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("beyond_chance", Integer, nullable=False),
    Column("told", Boolean, nullable=False),
    at("since", nullable=False),
)

Table(
    "climbs",
    TABLES,
    ident("campaign_id", primary_key=True),
    ident("skill_id", primary_key=True),
    Column("state", WORD, nullable=False),
    Column("evaluation_id", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    at("at", nullable=False),
    Column("ask_training", Boolean, nullable=False),
    Column("missing", JSON, nullable=False),
    Column("evidence", JSON),
)
_interventions = Table(
    "interventions",
    TABLES,
    seq("number"),
    ident("campaign_id", nullable=False),
    ident("skill_id", nullable=False),
    Column("kind", WORD, nullable=False),
    Column("level", Integer, nullable=False),
    Column("span_tokens", BigInteger, nullable=False),
    Column("began_step", BigInteger, nullable=False),
    Column("began_tokens", BigInteger, nullable=False),
    at("began_at", nullable=False),
    Column("ended_step", BigInteger),
    Column("ended_tokens", BigInteger),
    at("ended_at"),
    Index("interventions_campaign", "campaign_id", "number"),
    sqlite_autoincrement=True,
)
Index(
    "interventions_under_way",
    _interventions.c.campaign_id,
    unique=True,
    sqlite_where=_interventions.c.ended_at.is_(None),
    postgresql_where=_interventions.c.ended_at.is_(None),
)
_verdicts = Table(
    "verdicts",
    TABLES,
    seq("number"),
    ident("campaign_id", nullable=False),
    ident("skill_id", nullable=False),
    Column("kind", WORD, nullable=False),
    Column("mastered_level", Integer, nullable=False),
    Column("cap_level", Integer, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    at("at", nullable=False),
    Column("words", Text, nullable=False),
    Column("body", JSON, nullable=False),
    at("withdrawn_at"),
    Column("withdrawn_why", Text, nullable=False),
    Column("reopened_tokens", BigInteger),
    sqlite_autoincrement=True,
)
Index(
    "verdicts_standing",
    _verdicts.c.campaign_id,
    _verdicts.c.skill_id,
    unique=True,
    sqlite_where=_verdicts.c.withdrawn_at.is_(None),
    postgresql_where=_verdicts.c.withdrawn_at.is_(None),
)
Table(
    "milestones",
    TABLES,
    ident("campaign_id", primary_key=True),
    ident("key", primary_key=True),
    at("at", nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("note", Text, nullable=False),
)

campaigns: Final = table("campaigns", column("created_at", AT), column("life_since", AT))


def upgrade() -> None:
    create(TABLES)
    add_columns(COLUMNS)
    add_indexes(INDEXES)
    op.execute(update(campaigns).values(life_since=campaigns.c.created_at))


def downgrade() -> None:
    rename_words("campaigns", "life", {"trashed": "archived"})
    drop_indexes(INDEXES)
    drop_columns(COLUMNS)
    drop(TABLES.sorted_tables)
