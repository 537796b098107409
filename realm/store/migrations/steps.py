"""What revisions are made of: column types, and steps that keep rows. What landed builds on it: no step changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    column,
    delete,
    select,
    table,
    text,
    update,
)
from sqlalchemy.types import TypeEngine

WORD: Final = String(24)
IDENT: Final = String(160)
AT: Final = DateTime(timezone=True)

Added = Mapping[str, Mapping[str, tuple[TypeEngine[Any], Any]]]
"""Table → new column → its type and the value it has in older rows. None: it is nullable."""


class On(NamedTuple):
    """What an index is on: columns of a table, and of which rows, as SQL, if not of all."""

    table: str
    columns: tuple[str, ...]
    where: str = ""


Indexes = Mapping[str, On]

# Reflection, from which a table is made anew, does not tell of this.
_NEVER_TWICE: Final = frozenset({"evaluations", "events", "exams", "job_events", "jobs", "passive_results"})

_jobs: Final = table("jobs", column("id", Integer()), column("type", WORD))
_job_events: Final = table("job_events", column("job_id", Integer()))


def ident(name: str = "id", **more: Any) -> Column[str]:
    return Column(name, IDENT, **more)


def seq(name: str) -> Column[int]:
    """A number given by the database that is never given twice, not even after its row is gone."""
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def at(name: str, nullable: bool = True) -> Column[Any]:
    return Column(name, AT, nullable=nullable)


def create(tables: MetaData) -> None:
    """Make the tables that are not there."""
    tables.create_all(op.get_bind())


def drop(tables: Iterable[Table]) -> None:
    """Drop tables, the last first."""
    for each in reversed(list(tables)):
        op.drop_table(each.name)


def add_columns(added: Added) -> None:
    """Add columns to tables that have rows; those with a value are NOT NULL and filled with it."""
    for name, columns in added.items():
        for each, (kind, _) in columns.items():
            op.add_column(name, Column(each, kind))
        filled = {each: kind for each, (kind, value) in columns.items() if value is not None}
        if not filled:
            continue
        here = table(name, *(column(each, kind) for each, kind in filled.items()))
        op.execute(update(here).values({each: columns[each][1] for each in filled}))
        with op.batch_alter_table(name, table_kwargs={"sqlite_autoincrement": name in _NEVER_TWICE}) as batch:
            for each, kind in filled.items():
                batch.alter_column(each, existing_type=kind, nullable=False)


def drop_columns(added: Added) -> None:
    """Undo `add_columns`."""
    for name, columns in added.items():
        for each in columns:
            op.drop_column(name, each)


def add_indexes(indexes: Indexes) -> None:
    for name, on in indexes.items():
        some: dict[str, Any] = {f"{dialect}_where": text(on.where) for dialect in ("sqlite", "postgresql") if on.where}
        op.create_index(name, on.table, on.columns, **some)


def drop_indexes(indexes: Indexes) -> None:
    for name, on in indexes.items():
        op.drop_index(name, on.table)


def rename_words(of: str, name: str, words: Mapping[str, str]) -> None:
    """Put other words in the place of a column's words."""
    here = table(of, column(name, WORD))
    for old, new in words.items():
        op.execute(update(here).where(here.c[name] == old).values({name: new}))


def drop_jobs_but(types: Iterable[str]) -> None:
    """Delete the jobs, with their histories, of types that the older schema does not know."""
    unknown = _jobs.c.type.not_in(list(types))
    op.execute(delete(_job_events).where(_job_events.c.job_id.in_(select(_jobs.c.id).where(unknown))))
    op.execute(delete(_jobs).where(unknown))
