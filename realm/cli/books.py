"""The realm's books as the command line needs them: made before services run, and whose campaign it is."""

from __future__ import annotations

from collections.abc import Callable

from realm.catalog import hero_spec
from realm.config import RealmConfig
from realm.errors import ConflictError
from realm.home import RealmHome
from realm.rules.campaign import Campaign


def prepare_books(
    home: RealmHome, config: RealmConfig, hero: str | None, say: Callable[[str], None] = lambda _line: None
) -> None:
    """The database with this realm's schema, and an open campaign in it.

    A `hero` that is named has the one of its campaigns that `CampaignStore.ensure_campaign` tells of; without one the
    campaign stays that was there, and a realm without any begins one of `hero.name`. `say` hears that an earlier schema
    was brought up, and where the database lies as it was.
    """
    from actors.service import now
    from realm.store.campaigns import CampaignStore
    from realm.store.database import Database
    from skills import exam_version, get_engine

    database = Database.open(home.database)
    before, copy = database.revision(), database.create()
    if copy is not None:
        say(f"Database: schema revision {before} → {database.revision()}; as it was: {copy}")
    campaigns = CampaignStore(database)
    if hero is not None or campaigns.get_current() is None:
        spec = hero_spec(hero or config.hero.name)
        version = exam_version(get_engine().get(skill_id) for skill_id in spec.skills)
        campaigns.ensure_campaign(spec.id, version, now())
    database.close()


def current_campaign(home: RealmHome) -> Campaign | None:
    """The active campaign, else the paused one that was left last; None before the first start."""
    from realm.store.campaigns import CampaignStore
    from realm.store.database import Database

    if not home.database.exists():
        return None
    database = Database.open(home.database)
    try:
        return CampaignStore(database).get_current()
    finally:
        database.close()


def current_hero(home: RealmHome, config: RealmConfig) -> str:
    """The hero of that campaign; what a realm begins with where there is none, or where the books cannot be read."""
    from sqlalchemy.exc import SQLAlchemyError

    from realm.errors import DatabaseError

    try:
        campaign = current_campaign(home)
    except (SQLAlchemyError, DatabaseError):
        campaign = None
    return campaign.hero_id if campaign else config.hero.name


def refuse_other_schema(home: RealmHome) -> None:
    """The schema is not changed under services of earlier code that read and write it."""
    from realm.store.database import Database
    from realm.store.migrations import HEAD

    database = Database.open(home.database)
    found = database.revision()
    database.close()
    if found != HEAD:
        raise ConflictError(
            f"The services that run are of an earlier version, with schema revision {found}; this one has {HEAD}.",
            "Stop them first: realm stop, then: realm start.",
        )
