"""The realm's database: connections, transactions, schema version. Does not know what the tables mean.

SQLite runs in WAL mode. A transaction that writes begins with BEGIN IMMEDIATE: a read that turns into a write would
fail at once when another process writes, whatever the busy timeout.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, select

from realm.errors import ConflictError, NotFoundError
from realm.store.tables import METADATA, schema_versions

SCHEMA_VERSION: Final = 3
BUSY_TIMEOUT_S: Final = 15.0
_WAL_RETRY_S: Final = 0.02


class Database:
    """One database. Safe to share between threads; every process opens its own."""

    def __init__(self, engine: Engine) -> None:
        self._reader = engine
        self._writer = engine.execution_options(writes=True)
        if engine.dialect.name == "sqlite":
            _configure_sqlite(engine)

    @classmethod
    def open(cls, where: Path | str) -> Database:
        """The database at a path (SQLite) or an SQLAlchemy URL. Creates no tables: see `create`.

        Raises:
            NotFoundError: the folder of the path does not exist.
        """
        if isinstance(where, str) and "://" in where:
            return cls(create_engine(where))
        path = Path(where)
        if not path.parent.is_dir():
            raise NotFoundError(
                f"The folder of the database {path} does not exist.", "Create it, or correct REALM_HOME."
            )
        url = URL.create("sqlite", database=str(path))
        return cls(create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}))

    @contextmanager
    def write(self) -> Generator[Connection, None, None]:
        """A transaction that may write: committed at the end of the block, rolled back when it raises."""
        with self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection, None, None]:
        """A transaction that only reads, all of it from one snapshot. Waits for no writer."""
        with self._reader.begin() as connection:
            yield connection

    def create(self) -> None:
        """Make the tables that are missing. Idempotent; several processes may do it at once.

        Raises:
            ConflictError: another version of the realm made this database.
        """
        with self.write() as connection:
            found: int | None = None
            if inspect(connection).has_table(schema_versions.name):
                found = connection.execute(select(schema_versions.c.version)).scalar_one_or_none()
            if found is not None and found != SCHEMA_VERSION:
                remedy = "Update the realm" if found > SCHEMA_VERSION else "Start the version of the realm that made it"
                raise ConflictError(
                    f"The database has schema version {found}; this realm knows {SCHEMA_VERSION}.",
                    f"{remedy}, or point REALM_HOME at another folder.",
                )
            METADATA.create_all(connection)
            if found is None:
                connection.execute(insert(schema_versions).values(version=SCHEMA_VERSION))

    def close(self) -> None:
        """Close every pooled connection."""
        self._reader.dispose()


def _configure_sqlite(engine: Engine) -> None:
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; on_begin does
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
        _enter_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not apply the busy timeout to this switch, so it is tried again here."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_WAL_RETRY_S)
