"""How a campaign stands: the books' facts with what disk, settings and services say. Knows no actor.

The rule is in `realm.rules.momentum`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from actors.cap_watch import CapWatch
from actors.curriculum import Curriculum
from actors.rows import row_of
from realm.config import RealmConfig
from realm.home import RealmHome
from realm.rules.campaign import Campaign
from realm.rules.momentum import Facts, Service, Standing, Start, standing
from realm.store.database import Database
from realm.store.locations import LocationStore
from realm.store.momentum import MomentumReads
from skills import Engine


class MomentumReader:
    """Reads how campaigns stand."""

    def __init__(self, home: RealmHome, database: Database, engine: Engine) -> None:
        self.home = home
        self.reads = MomentumReads(database)
        self.locations = LocationStore(database)
        self.curriculum = Curriculum(database, engine)

    def read(
        self, campaign: Campaign, config: RealmConfig, services: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Standing:
        """How a campaign stands; `services` as Weaver tells of them, where it is known."""
        found = self.reads.facts(campaign.id)
        return standing(
            replace(
                found,
                auto=config.auto_quest.enabled,
                trainable=not found.trouble or bool(self.curriculum.shares(campaign)),
                concluded=CapWatch(self.curriculum, lambda: config.level_cap).concluded(campaign),
                start=self._start(found),
                free_bytes=shutil.disk_usage(self.home.root).free,
                kept_free_bytes=config.vault.min_free_mb * 1_000_000,
                services={name: _service(row) for name, row in (services or {}).items()},
            )
        )

    def _start(self, facts: Facts) -> Start | None:
        start = facts.start
        if start is None or Path(start.path).is_dir():
            return start
        return replace(start, missing=not self.locations.of(start.checkpoint_id))


def _service(row: Mapping[str, Any]) -> Service:
    return Service(row["state"], row["healthy"], row["detail"], row["restarts"])


def standing_row(found: Standing) -> dict[str, Any]:
    """A standing as JSON-ready values, named as a campaign's are."""
    return {
        "momentum": found.momentum.value,
        "reason": found.reason,
        "blockers": [row_of(each) for each in found.blockers],
        "suggested": None if found.suggested is None else row_of(found.suggested),
    }
