"""A realm of one folder for workers in tests: the third implementation of their port, over local files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from actors.handlers import HeroFiles, Snapshot, Superseded
from realm.home import RealmHome


class LocalPort:
    """Checkpoints are folders; snapshots are what the test holds. `services` answers what handlers ask."""

    def __init__(self, home: Path, hero: Path) -> None:
        self.home = RealmHome(home)
        self.hero = hero
        self.heroes: dict[str, Path] = {}
        """Folders of other heroes than the one that all are otherwise."""
        self.opened: list[str] = []
        self.snapshots: dict[tuple[str, int], Mapping[str, Any]] = {}
        self.checkpoints: dict[str, Path] = {}
        self.services: dict[str, Callable[..., Any]] = {}

    @contextmanager
    def hero_files(self, hero_id: str) -> Iterator[HeroFiles]:
        self.opened.append(hero_id)
        yield HeroFiles(str(self.heroes.get(hero_id, self.hero)), whole=False)

    def checkpoint(self, checkpoint_id: str) -> Mapping[str, Any]:
        return load_file(self.checkpoints[checkpoint_id] / "model.safetensors")

    def snapshot(self, battle_id: str, step: int) -> Snapshot:
        weights = self.snapshots.get((battle_id, step))
        if weights is None:
            raise Superseded("superseded")
        return Snapshot(weights, [f"{battle_id}@{step}"])

    def ask(self, service: str, method: str, *args: Any, timeout_s: float = 60.0, **named: Any) -> Any:
        del timeout_s
        return self.services[f"{service}.{method}"](*args, **named)
