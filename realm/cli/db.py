"""`realm db`: the revision of the database's schema, up and down. Starting a realm goes up by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from realm.cli.output import Json, add_row, facts, print_json, say, size, stderr, stdout, table
from realm.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from realm.home import RealmHome
    from realm.store.database import Database

app = typer.Typer(help="The database: the revision of its schema.", no_args_is_help=True)


@app.command(epilog="Example: realm db show")
def show(as_json: Json = False) -> None:
    """Show which revision the database has, which there are, and the copies made before earlier changes."""
    from realm.home import RealmHome
    from realm.store.migrations import HEAD, revisions

    home = RealmHome.locate()
    found = _with_database(home, lambda database: database.revision())
    known = revisions()
    copies = sorted(home.database.parent.glob(f"{home.database.name}.before-*[0-9]"))
    if as_json:
        report = {"database": str(home.database), "revision": found, "newest": HEAD, "revisions": known}
        print_json(report | {"copies": [{"path": str(each), "size_bytes": each.stat().st_size} for each in copies]})
        return
    kept = "\n".join(f"{each} ({size(each.stat().st_size)})" for each in copies)
    rows = {"database": home.database, "size": size(home.database.stat().st_size), "revision": found}
    stdout().print(facts(rows | {"copies": kept or None}))
    made = table("revision", "what it brought", "here")
    for revision, about in known.items():
        add_row(made, revision, about, revision == found)
    stdout().print(made)


@app.command(epilog="Example: realm db upgrade")
def upgrade(as_json: Json = False) -> None:
    """Bring the schema to this realm's revision, as `realm start` does; a copy of the database is made before."""
    _change(lambda database: database.create(), as_json)


@app.command(epilog="Example: realm db downgrade 0002")
def downgrade(
    revision: Annotated[str, typer.Argument(help="The revision that the earlier realm has: see realm db show.")],
    as_json: Json = False,
) -> None:
    """Take the schema back for an earlier realm. What that has no place for stays in the copy that is made before."""
    _change(lambda database: database.downgrade(revision), as_json)


def _change(change: Callable[[Database], Path | None], as_json: bool) -> None:
    from realm.cli.locks import locked
    from realm.cli.session import session_if_running
    from realm.home import RealmHome

    home = RealmHome.locate()
    _require_database(home)
    with locked(home.start_lock, lambda: stderr().print("waiting for another realm start or stop")):
        if session_if_running() is not None:
            raise ConflictError("The realm runs, and its services use the database.", "Stop it first: realm stop.")

        def changed(database: Database) -> tuple[str | None, Path | None, str | None]:
            before = database.revision()
            copy = change(database)
            return before, copy, database.revision()

        before, copy, after = _with_database(home, changed)
    if as_json:
        print_json({"before": before, "revision": after, "copy": str(copy) if copy else None})
    elif before == after:
        say(f"The database has revision {after} already.")
    else:
        say(f"Revision {before} → {after}.", f"The database as it was: {copy}")


def _with_database(home: RealmHome, ask: Callable[[Database], Any]) -> Any:
    from realm.store.database import Database

    _require_database(home)
    database = Database.open(home.database)
    try:
        return ask(database)
    finally:
        database.close()


def _require_database(home: RealmHome) -> None:
    if not home.database.exists():
        raise NotFoundError(f"There is no database {home.database} yet.", "The first `realm start` makes it.")
