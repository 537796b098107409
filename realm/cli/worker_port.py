"""Job queue and weights over HTTP: what the worker's loop and its handlers need, outside the cluster."""

from __future__ import annotations

import os
import platform
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import realm
from actors.handlers import HeroFiles, Snapshot, Superseded
from realm.cli.worker_cache import WeightsCache
from realm.cli.worker_client import RealmClient
from realm.errors import ConfigError, NotFoundError
from realm.home import RealmHome
from realm.inference.machine import gpu_free_mb

TELL_TIMEOUT_S = 180.0
SPARE_S = 20.0


class HttpMaster:
    """TaskMaster over HTTP. The worker's id is this process's own."""

    def __init__(self, client: RealmClient, roles: list[str], labels: dict[str, str]) -> None:
        self.client = client
        self.roles = roles
        self.labels = labels
        self.id = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(3)}"

    def register(self) -> None:
        host = platform.node() or "unknown"
        self._post("workers/register", host=host, roles=self.roles, labels=self.labels, pid=os.getpid())

    def claim(self, wait_s: float) -> dict[str, Any] | None:
        asked = {"roles": self.roles, "wait_s": wait_s, "labels": self.labels, "gpu_free_mb": gpu_free_mb(), "limit": 1}
        jobs = self._post("claim", timeout_s=wait_s + SPARE_S, **asked)["jobs"]
        return jobs[0] if jobs else None

    def heartbeat(self, holding: list[str]) -> list[str]:
        return self._post("workers/heartbeat", holding=holding)["lost"]

    def complete(self, job_id: str, result: dict[str, Any], held: list[Any] | None) -> None:
        del held
        self._post(f"{job_id}/complete", timeout_s=TELL_TIMEOUT_S, result=result)

    def fail(self, job_id: str, kind: str, message: str) -> None:
        self._post(f"{job_id}/fail", kind=kind, message=message[:2000])

    def cancel(self, job_id: str, reason: str) -> None:
        self.client.post(f"/api/jobs/{job_id}/cancel", {"reason": reason})

    def release(self, job_id: str) -> None:
        self._post(f"{job_id}/release")

    def _post(self, route: str, timeout_s: float = SPARE_S, **body: Any) -> Any:
        return self.client.post(f"/api/jobs/{route}", {"worker_id": self.id, **body}, timeout_s)


class HttpPort:
    """The hero's files and weights over HTTP; weights of checkpoints stay in the cache."""

    def __init__(self, client: RealmClient, home: RealmHome, cache: WeightsCache) -> None:
        self.client = client
        self._home = home
        self.cache = cache

    @property
    def home(self) -> RealmHome:
        return self._home

    def settings(self, hero_id: str | None = None) -> dict[str, Any]:
        """What the realm tells its workers of a hero; without one, of the active campaign's.

        Raises:
            ConfigError: it runs another version than this worker.
        """
        found = self.client.get(f"/api/worker/settings{_of(hero_id)}")
        theirs = found["versions"].get("realm")
        if theirs != realm.__version__:
            raise ConfigError(
                f"The realm at {self.client.server} has version {theirs}, this worker {realm.__version__}.",
                "Install the same version on both.",
            )
        return found

    @contextmanager
    def hero_files(self, hero_id: str) -> Iterator[HeroFiles]:
        settings = self.settings(hero_id)
        if settings.get("base_model") is not None:
            yield HeroFiles(settings["base_model"], whole=True)
            return
        with tempfile.TemporaryDirectory(prefix="realm-hero-") as folder:
            for file in settings["files"]:
                name = Path(file["path"]).name
                data = self.client.data(f"/api/worker/hero/{quote(name)}{_of(hero_id)}")
                (Path(folder) / name).write_bytes(data)
            yield HeroFiles(folder, whole=False)

    def checkpoint(self, checkpoint_id: str) -> Mapping[str, Any]:
        from safetensors.torch import load_file

        return load_file(self.cache.get(checkpoint_id))

    def snapshot(self, battle_id: str, step: int) -> Snapshot:
        from safetensors.torch import load

        try:
            return Snapshot(load(self.client.data(f"/api/worker/snapshots/{quote(battle_id)}/{step}")))
        except NotFoundError as error:
            raise Superseded(f"superseded: {error}") from None

    def ask(self, service: str, method: str, *args: Any, timeout_s: float = 60.0, **named: Any) -> Any:
        del args, timeout_s, named
        raise ConfigError(
            f"A worker outside the cluster cannot ask {service} for {method}.", "Run it with --roles eval."
        )


def _of(hero_id: str | None) -> str:
    return "" if hero_id is None else f"?hero={quote(hero_id)}"
