"""Worker: claims jobs of its roles and runs their handlers on the node it was placed on."""

from __future__ import annotations

import os
import platform
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import ObjectLostError, RayActorError, RayError

from actors.handlers import Context, HeroFiles, Snapshot, Superseded
from actors.job_loop import JobLoop
from actors.job_loop import failure_of as failure_outside_ray
from actors.service import Service
from actors.waiting import ask
from realm.home import RealmHome
from realm.inference.machine import gpu_free_mb
from realm.rules.job import FailureKind

LOAD_TIMEOUT_S = 600.0
TELL_TIMEOUT_S = 180.0
"""What a job found is recorded before TaskMaster answers; a snapshot may be saved with it."""
LABELS = "realm/"
"""Begins the labels of a node that its workers have too."""


class Worker(Service):
    """A worker: runs jobs of the roles it has, one at a time.

    `name` tells it from other workers of its node. `niceness` keeps it behind whatever else wants the CPUs.
    """

    def __init__(self, home: str, name: str = "worker", roles: tuple[str, ...] = ("eval",), niceness: int = 0) -> None:
        super().__init__(home)
        if niceness:
            os.nice(niceness)
        master = ActorMaster(self, name, roles)
        self.context = Context(ActorPort(self), self.config.placement.eval_cpus)
        self.loop = JobLoop(master, self.context, failure_of)
        threading.Thread(target=self.loop.run, name="jobs", daemon=True).start()

    def prepare(self, hero_id: str) -> None:
        """Load a hero, so that the first job does not wait for it: a battle of it is about to begin."""
        self.context.warm_up(hero_id)


class ActorMaster:
    """TaskMaster for a worker inside the cluster. The worker's id stays the same over its restarts."""

    def __init__(self, service: Service, name: str, roles: tuple[str, ...]) -> None:
        self.service = service
        self.roles = list(roles)
        node_id = ray.get_runtime_context().get_node_id()
        self.id = f"{platform.node()}-{node_id[:8]}-{name}"
        node = next((node for node in ray.nodes() if node["NodeID"] == node_id), {})
        self.labels = {key: value for key, value in (node.get("Labels") or {}).items() if key.startswith(LABELS)}

    def register(self) -> None:
        self._ask("register", platform.node(), self.roles, self.labels, os.getpid())

    def claim(self, wait_s: float) -> dict[str, Any] | None:
        return self._ask("claim", self.roles, wait_s, self.labels, gpu_free_mb())

    def heartbeat(self, holding: list[str]) -> list[str]:
        return self._ask("heartbeat", holding)["lost"]

    def complete(self, job_id: str, result: dict[str, Any], held: list[Any] | None) -> None:
        master = self.service.peer("task_master")
        ask(master.complete.remote(job_id, self.id, result, held), TELL_TIMEOUT_S)

    def fail(self, job_id: str, kind: str, message: str) -> None:
        ask(self.service.peer("task_master").fail.remote(job_id, self.id, kind, message))

    def cancel(self, job_id: str, reason: str) -> None:
        ask(self.service.peer("task_master").cancel.remote(job_id, reason))

    def release(self, job_id: str) -> None:
        ask(self.service.peer("task_master").release.remote(job_id, self.id))

    def _ask(self, method: str, *args: Any) -> Any:
        return ask(getattr(self.service.peer("task_master"), method).remote(self.id, *args))


class ActorPort:
    """The realm for a worker inside the cluster: its actors, and weights through the object store."""

    def __init__(self, service: Service) -> None:
        self.service = service

    @property
    def home(self) -> RealmHome:
        return self.service.home

    @contextmanager
    def hero_files(self, hero_id: str) -> Iterator[HeroFiles]:
        source = self.ask("vault_keeper", "base_model", hero_id, timeout_s=300)
        if Path(source).is_dir() or not Path(source).is_absolute():
            yield HeroFiles(source, whole=True)
            return
        files: dict[str, bytes] = self.ask("vault_keeper", "model_files", hero_id)
        with tempfile.TemporaryDirectory(prefix="realm-hero-") as folder:
            for name, data in files.items():
                (Path(folder) / name).write_bytes(data)
            yield HeroFiles(folder, whole=False)

    def checkpoint(self, checkpoint_id: str) -> Mapping[str, Any]:
        from safetensors.torch import load

        return load(self.ask("vault_keeper", "read_weights", checkpoint_id, timeout_s=LOAD_TIMEOUT_S).tobytes())

    def snapshot(self, battle_id: str, step: int) -> Snapshot:
        held = self.ask("arena", "snapshot", battle_id, step)
        if held is None:
            raise Superseded("superseded")
        try:
            return Snapshot(ray.get(held[0], timeout=30), held)
        except (ObjectLostError, RayActorError):
            raise Superseded("superseded: the battle that made the snapshot is gone") from None

    def ask(self, service: str, method: str, *args: Any, timeout_s: float = 60.0, **named: Any) -> Any:
        return ask(getattr(self.service.peer(service), method).remote(*args, **named), timeout_s)


def failure_of(error: Exception) -> tuple[FailureKind, str]:
    """Kind and message of what a handler raised: what Ray raises may pass."""
    if isinstance(error, RayError):
        return FailureKind.TRANSPORT, str(error).splitlines()[0]
    return failure_outside_ray(error)
