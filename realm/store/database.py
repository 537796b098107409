"""The realm's database: connections, transactions, schema revision, faults. Does not know what the tables mean.

SQLite runs in WAL mode. A transaction that writes begins with BEGIN IMMEDIATE: a read that turns into a write would
fail at once when another process writes, whatever the busy timeout.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import OperationalError

from realm.errors import ConflictError, DatabaseError, DiskFullError, NotFoundError, RealmError
from realm.store.migrations import HEAD, make, move, revision_of, revisions

BUSY_TIMEOUT_S: Final = 15.0
MOVE_TIMEOUT_S: Final = 600.0
"""How long to wait for another process that changes the schema: a million jobs take it half a minute."""
_WAL_RETRY_S: Final = 0.02
_PART: Final = ".part"


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
        """A transaction that may write: committed at the end of the block, rolled back when it raises.

        Raises:
            DiskFullError: the disk has no room for what was written.
            DatabaseError: another process kept the database locked, or the disk failed.
        """
        with self._faults(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection, None, None]:
        """A transaction that only reads, all of it from one snapshot. Waits for no writer."""
        with self._faults(), self._reader.begin() as connection:
            yield connection

    def revision(self) -> str | None:
        """The revision of its schema; None before it has tables."""
        with self.read() as connection:
            return revision_of(connection)

    def create(self) -> Path | None:
        """Make the tables, or bring those of an earlier realm to this one's schema; the copy that was made before that.

        Idempotent; several processes may do it at once. What fails half-way leaves everything as it was.

        Raises:
            ConflictError: a newer realm made this database.
        """
        return None if self.revision() == HEAD else self._move(HEAD)

    def downgrade(self, revision: str) -> Path | None:
        """Take the schema back to an earlier revision, for an earlier realm; the copy that was made before that.

        Raises:
            NotFoundError: no such revision.
            ConflictError: the database has an earlier one, or none.
        """
        known = list(revisions())
        if revision not in known:
            raise NotFoundError(f"There is no schema revision {revision!r}.", f"Known are {', '.join(known)}.")
        found = self.revision()
        if found is None or (found in known and known.index(found) < known.index(revision)):
            raise ConflictError(
                f"The database has schema revision {found or 'none'}, which is before {revision}.",
                "`realm db upgrade` goes up.",
            )
        return None if found == revision else self._move(revision)

    def close(self) -> None:
        """Close every pooled connection."""
        self._reader.dispose()

    def _move(self, to: str) -> Path | None:
        part: Path | None = None
        copy: Path | None = None
        try:
            with self._faults(MOVE_TIMEOUT_S), self._rebuild() as connection, connection.begin():
                found = revision_of(connection)
                if found is None:
                    make(connection)
                if found is None or found == to:  # another process was faster
                    return None
                known = list(revisions())
                if found not in known:
                    raise ConflictError(
                        f"The database has schema revision {found}; this realm knows up to {known[-1]}.",
                        "Update the realm, or point REALM_HOME at another folder.",
                    )
                part = self._copy(f"before-{to}")
                numbers = _numbers_given(connection)
                move(connection, to)
                _keep_numbers(connection, numbers)
                _check_references(connection)
                # Named last: of upgrades that are killed again and again one unnamed copy is left.
                copy = None if part is None else _named(part)
        except BaseException:
            for each in (part, copy):
                if each is not None:
                    each.unlink(missing_ok=True)
            raise
        return copy

    @contextmanager
    def _rebuild(self) -> Generator[Connection, None, None]:
        """A connection on which tables can be made anew: dropping the old one deletes no rows that refer to it."""
        with self._writer.connect() as connection:
            raw: Any = connection.connection.driver_connection
            if not isinstance(raw, sqlite3.Connection):
                yield connection
                return
            _set(raw, foreign_keys="OFF", busy_timeout=int(MOVE_TIMEOUT_S * 1000))
            try:
                yield connection
            finally:
                _set(raw, foreign_keys="ON", busy_timeout=int(BUSY_TIMEOUT_S * 1000))

    def _copy(self, suffix: str) -> Path | None:
        """A consistent copy of the file beside it, not yet under its name; None of a database that is no file.

        The caller holds the write lock.
        """
        path = self._path()
        if path is None:
            return None
        part = path.with_name(f"{path.name}.{suffix}{_PART}")
        part.unlink(missing_ok=True)
        try:
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
                source.backup(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return part

    def _path(self) -> Path | None:
        database = self._reader.url.database
        on_disk = self._reader.dialect.name == "sqlite" and database not in (None, "", ":memory:")
        return Path(str(database)) if on_disk else None

    @contextmanager
    def _faults(self, waited_s: float | None = None) -> Generator[None, None, None]:
        """Says in plain words what SQLite says of a full or failing disk and of a lock that was not given."""
        try:
            yield
        except (OperationalError, sqlite3.OperationalError) as error:
            raw = error.orig if isinstance(error, OperationalError) else error
            code = getattr(raw, "sqlite_errorcode", 0) & 0xFF
            if code not in _FAULTS:
                raise
            raise self._fault(code, str(raw), waited_s or BUSY_TIMEOUT_S) from error

    def _fault(self, code: int, reason: str, waited_s: float) -> RealmError:
        where = self._path()
        if code == sqlite3.SQLITE_FULL:
            free = shutil.disk_usage(where.parent).free if where is not None else 0
            problem = f"No room for what is to be written to the database {where}: {free // 10**6} MB are free."
            return DiskFullError(problem, "Free some space.", free=free)
        if code == sqlite3.SQLITE_BUSY:
            problem = f"Another process kept the database {where} locked for {waited_s:g} s."
            return DatabaseError(problem, "Try again.")
        return DatabaseError(f"The database {where} cannot be read or written: {reason}.", "Check the disk it lies on.")


_FAULTS: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR)


def _configure_sqlite(engine: Engine) -> None:
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; on_begin does
        _set(connection, busy_timeout=int(BUSY_TIMEOUT_S * 1000))
        _enter_wal(connection)
        _set(connection, synchronous="NORMAL", foreign_keys="ON")

    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _set(connection: sqlite3.Connection, **pragmas: str | int) -> None:
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}")


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


def _numbers_given(connection: Connection) -> dict[str, int]:
    """Table → the highest number that it gave to a row, be the row gone or not."""
    if connection.dialect.name != "sqlite":
        return {}
    return {row.name: row.seq for row in connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")}


def _keep_numbers(connection: Connection, given: dict[str, int]) -> None:
    """Make tables that were made anew go on counting where they were."""
    there = _numbers_given(connection)
    for name in given.keys() & set(inspect(connection).get_table_names()):
        if name not in there:
            connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, given[name]))
        elif there[name] < given[name]:
            connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (given[name], name))


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise DatabaseError(
            f"After the change of the schema a row of {broken[0]} would refer to nothing in {broken[2]}.",
            "Nothing was changed. Put back a copy of the database.",
        )


def _named(part: Path) -> Path:
    """Give a copy the first name that is free."""
    name = part.name.removesuffix(_PART)
    copy, number = part.with_name(name), 2
    while copy.exists():
        copy, number = part.with_name(f"{name}-{number}"), number + 1
    part.rename(copy)
    descriptor = os.open(copy.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return copy
