"""What every service actor has: the realm's home, its config, a ping, its peers. Knows no rules."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import ray
from ray.actor import ActorHandle

from actors.cluster import actor, code_version
from realm.config import RealmConfig, load_config
from realm.errors import ConflictError
from realm.home import RealmHome
from realm.store.campaigns import CampaignStore
from realm.store.database import Database


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def call_id() -> str | None:
    """The id of the Ray call that runs, None outside one. Run again because its actor was killed, a call keeps it."""
    return ray.get_runtime_context().get_task_id() if ray.is_initialized() else None


class Service:
    """Base of the service actors: a plain class, made remote where it is spawned."""

    def __init__(self, home: str) -> None:
        self.home = RealmHome(Path(home))
        self.started_at = now()

    @property
    def config(self) -> RealmConfig:
        """The settings as they are on disk now: live ones apply at once."""
        return load_config(self.home)

    @cached_property
    def database(self) -> Database:
        return Database.open(self.home.database)

    @cached_property
    def campaigns(self) -> CampaignStore:
        return CampaignStore(self.database)

    @property
    def campaign_id(self) -> str:
        """The active campaign; where none is, the paused one that was left last.

        Raises:
            ConflictError: there is none.
        """
        current = self.campaigns.get_current()
        if current is None:
            raise ConflictError("There is no open campaign.", "Begin one: realm campaign new.")
        return current.id

    def ping(self) -> dict[str, Any]:
        """Who answers: pid, code version, start time."""
        return {"pid": os.getpid(), "version": code_version(), "started_at": self.started_at.isoformat()}

    def peer(self, name: str) -> ActorHandle[Any]:
        """The handle of another service, asked for anew: one that Ray gave up is made again under its name."""
        return actor(name)


class Ticker:
    """Calls `act` every `interval_s` seconds on a daemon thread; a failure is logged and the next tick still comes."""

    def __init__(self, name: str, interval_s: float, act: Callable[[], object], log: Callable[[str], None]) -> None:
        self.interval_s = interval_s
        self.act = act
        self.log = log
        self.wake = threading.Event()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def nudge(self) -> None:
        """Tick now."""
        self.wake.set()

    def _run(self) -> None:
        while True:
            self.wake.wait(self.interval_s)
            self.wake.clear()
            try:
                self.act()
            except Exception as error:  # noqa: BLE001 - a tick must not end the loop; what failed is said
                self.log(f"{type(error).__name__}: {error}")
