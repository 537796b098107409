"""Revisions of the schema, and moving a database between them with Alembic. Does not know transactions or files.

A realm from before Alembic keeps a number in the table `schema_version`. It is kept up to date, so that such a realm
refuses a newer schema, and takes back one that was downgraded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Integer, String, column, insert, inspect, select, table, update

from realm.store.tables import METADATA

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0004"
"""The revision that realm.store.tables describes."""

_FOLDER: Final = Path(__file__).parent
_numbers: Final = table("schema_version", column("version", Integer))
_revisions: Final = table("alembic_version", column("version_num", String))


def revision_of(connection: Connection) -> str | None:
    """The revision that a database has; None before it has any."""
    tables = inspect(connection).get_table_names()
    if _revisions.name in tables:
        return connection.execute(select(_revisions.c.version_num)).scalar_one_or_none()
    if _numbers.name in tables:
        number = connection.execute(select(_numbers.c.version)).scalar_one_or_none()
        return None if number is None else f"{number:04d}"
    return None


def revisions() -> dict[str, str]:
    """Revision → what it brought, the oldest first."""
    # Alembic is loaded only where a schema is moved or listed.
    from alembic.script import ScriptDirectory

    found = [(script.revision, script.doc) for script in ScriptDirectory(str(_FOLDER)).walk_revisions()]
    return dict(reversed(found))


def make(connection: Connection) -> None:
    """Every table of HEAD, in a database that has none."""
    METADATA.create_all(connection)
    _stamp(connection, HEAD)
    connection.execute(insert(_numbers).values(version=int(HEAD)))


def move(connection: Connection, to: str) -> None:
    """Take a database up or down to a revision, step by step. The caller's transaction decides whether it happened."""
    from alembic import command

    found = revision_of(connection)
    if found is not None and _revisions.name not in inspect(connection).get_table_names():
        _stamp(connection, found)
    order = [None, *revisions()]
    step = command.upgrade if order.index(to) > order.index(found) else command.downgrade
    step(_config(connection), to)
    connection.execute(update(_numbers).values(version=int(to)))


def _stamp(connection: Connection, revision: str) -> None:
    from alembic import command

    command.stamp(_config(connection), revision)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
