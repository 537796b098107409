"""What a worker needs of the realm, as a protocol: over actors inside the cluster, over HTTP outside of it.

Knows no Ray, and no torch until weights are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from realm.home import RealmHome


class Superseded(Exception):
    """The weights a job names are gone: newer ones took their place."""


class Unwanted(Exception):
    """The job was cancelled, taken away or given to somebody else while it ran."""


@dataclass(frozen=True, slots=True)
class HeroFiles:
    """Folder or hub name of a hero; `whole` when its weights are there too, not only its shape and tokenizer."""

    source: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Weights by name, and the reference that keeps them, if this process has one."""

    weights: Mapping[str, Any]
    held: list[Any] | None = None


class Port(Protocol):
    """The realm as a worker sees it."""

    @property
    def home(self) -> RealmHome:
        """Where this worker's files are: the realm's own on the head, a cache of its own elsewhere."""
        ...

    def hero_files(self, hero_id: str) -> AbstractContextManager[HeroFiles]:
        """A hero's base model, or what is there of it, while the block lasts."""
        ...

    def checkpoint(self, checkpoint_id: str) -> Mapping[str, Any]:
        """The weights of a checkpoint, as tensors."""
        ...

    def snapshot(self, battle_id: str, step: int) -> Snapshot:
        """The weights of a battle at a step.

        Raises:
            Superseded: they are gone.
        """
        ...

    def ask(self, service: str, method: str, *args: Any, timeout_s: float = 60.0, **named: Any) -> Any:
        """What a service answers.

        Raises:
            RealmError: what it raised, or that this worker cannot ask it.
        """
        ...


class Master(Protocol):
    """TaskMaster, on behalf of one worker."""

    def register(self) -> None: ...

    def claim(self, wait_s: float) -> dict[str, Any] | None:
        """The next job, claimed and started, with its task; waits up to `wait_s` for one."""
        ...

    def heartbeat(self, holding: list[str]) -> list[str]:
        """Renew the leases of these jobs; those that are lost."""
        ...

    def complete(self, job_id: str, result: dict[str, Any], held: list[Any] | None) -> None: ...

    def fail(self, job_id: str, kind: str, message: str) -> None: ...

    def cancel(self, job_id: str, reason: str) -> None: ...

    def release(self, job_id: str) -> None: ...
