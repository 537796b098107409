"""`realm db`: which revision the database has, and going up and down."""

from __future__ import annotations

import os

import pytest
from cli_helpers import FakeSession, run, use_session

from realm.store.database import Database
from realm.store.migrations import HEAD


@pytest.fixture
def database(tmp_path, monkeypatch):
    """The path of a home's database, which no running realm uses."""
    for name in [name for name in os.environ if name.startswith(("REALM_", "RAY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REALM_HOME", str(tmp_path))
    path = tmp_path / "realm.db"
    made = Database.open(path)
    made.create()
    made.close()
    return path


def test_down_and_up_with_a_copy_each(database):
    down = run("db", "downgrade", "0002", "--json").json()
    assert down == {"before": HEAD, "revision": "0002", "copy": f"{database}.before-0002"}
    assert f"Revision 0002 → {HEAD}.\nThe database as it was: {database}.before-{HEAD}" in run("db", "upgrade").out
    assert run("db", "upgrade").out == f"The database has revision {HEAD} already.\n"


def test_show(database):
    run("db", "downgrade", "0001")
    shown = run("db", "show", "--json").json()
    assert (shown["revision"], shown["newest"]) == ("0001", HEAD)
    assert list(shown["revisions"]) == ["0001", "0002", "0003", "0004"]
    assert [copy["path"] for copy in shown["copies"]] == [f"{database}.before-0001"]
    assert f"{database}.before-0001" in run("db", "show").out


def test_a_running_realm_is_left_alone(database, monkeypatch):
    use_session(monkeypatch, FakeSession())
    done = run("db", "downgrade", "0002")
    assert (done.code, done.err) == (
        1, "The realm runs, and its services use the database. Stop it first: realm stop.\n"
    )  # fmt: skip
    assert run("db", "show", "--json").json()["revision"] == HEAD
    assert not database.with_name("realm.db.before-0002").exists()


def test_without_a_database_nothing_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("REALM_HOME", str(tmp_path))
    for command in (("show",), ("upgrade",), ("downgrade", "0001")):
        done = run("db", *command)
        assert (done.code, "There is no database" in done.err) == (1, True)
    assert list(tmp_path.iterdir()) == []
