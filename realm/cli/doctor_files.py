"""Checks of the realm's files: the hero's model and the database. Without torch."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from realm.catalog import HeroSpec, hero_spec
from realm.cli.doctor import Check
from realm.config import RealmConfig
from realm.errors import ConfigError
from realm.home import RealmHome
from realm.models.base import base_source, lacking
from realm.store.database import Database
from realm.store.migrations import HEAD, revision_of, revisions
from realm.store.tables import METADATA


def check_hero(home: RealmHome, config: RealmConfig) -> Check:
    """Whether the hero's first weights are there or can be made, and the link to its newest checkpoint holds."""
    try:
        spec = hero_spec(config.hero.name)
    except ConfigError as error:
        return Check("hero", "fail", error.problem, error.remedy)
    link = home.current_model
    if link.is_symlink() and not link.exists():
        return Check(
            "hero", "fail", f"{link} points to {link.readlink()}, which is gone.", "realm vault list shows others."
        )
    folder = home.hero(spec.id)
    source = base_source(spec, folder, config.hero.base_model)
    if source is None and not folder.is_dir():
        return Check("hero", "pass", f"{spec.id}: built at {folder} by the first start")
    return _check_source(spec, source or str(folder))


def check_honours() -> Check:
    """Whether the titles and achievements can be read, and name only what there is."""
    from realm.catalog.honours import shipped_honours

    try:
        found = shipped_honours()
    except ConfigError as error:
        return Check("titles", "fail", error.problem, error.remedy)
    return Check("titles", "pass", f"{len(found.titles)} titles, {len(found.achievements)} achievements")


def check_database(home: RealmHome) -> Check:
    """Whether the database opens, is whole and of this version."""
    if not home.database.exists():
        return Check("database", "pass", f"{home.database}: made by the first start")
    database = Database.open(home.database)
    try:
        with database.read() as connection:
            damage = [row[0] for row in connection.execute(text("PRAGMA quick_check"))]
            missing = sorted(set(METADATA.tables) - set(inspect(connection).get_table_names()))
            revision = revision_of(connection)
    except (SQLAlchemyError, sqlite3.Error) as error:
        return Check("database", "fail", f"{home.database}: {str(error).splitlines()[0]}.", "Put back a copy of it.")
    finally:
        database.close()
    if damage != ["ok"]:
        return Check("database", "fail", f"{home.database} is damaged: {damage[0]}.", "Put back a copy of it.")
    if revision is None or (revision != HEAD and revision in revisions()):
        detail = f"Schema revision {revision or 'none'}; this realm has {HEAD}."
        return Check("database", "warn", detail, "realm start brings it there, after a copy of it.")
    if revision != HEAD:
        detail = f"Schema revision {revision}; this realm knows up to {HEAD}."
        return Check("database", "fail", detail, "Use the version of the realm that made it, or another REALM_HOME.")
    if missing:
        return Check("database", "fail", f"Tables are missing: {', '.join(missing)}.", "Put back a copy of it.")
    return Check("database", "pass", f"{home.database} is whole, schema revision {revision}")


def _check_source(spec: HeroSpec, source: str) -> Check:
    """A folder on this machine, or a hub name that may be in the cache."""
    folder = Path(source).expanduser()
    lack, local = lacking(source), folder.is_dir() or folder.is_absolute()
    if not lack:
        return Check("hero", "pass", f"{spec.id}: {source}{'' if local else ' is in the cache of the hub'}")
    if local:
        return Check("hero", "fail", f"{spec.id}: {lack}.", "Give a Hugging Face folder, or correct hero.base_model.")
    return Check(
        "hero",
        "warn",
        f"{spec.id}: {lack}; the first start downloads it.",
        "Or: realm config set hero.base_model FOLDER --unlock.",
    )
