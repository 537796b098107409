"""An empty database for each test, copied from one that is made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from realm.store.database import Database


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path:
    """A closed SQLite file with every table and no row."""
    path = tmp_path_factory.mktemp("empty") / "realm.db"
    db = Database.open(path)
    db.create()
    db.close()
    return path


@pytest.fixture
def database_path(empty_database, tmp_path) -> Path:
    return Path(shutil.copy(empty_database, tmp_path / "realm.db"))


@pytest.fixture
def db(database_path):
    database = Database.open(database_path)
    yield database
    database.close()
