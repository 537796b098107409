"""Hand: reads and writes the strongholds of its node for VaultKeeper. It keeps nothing but what it has opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from realm.home import RealmHome
from realm.vault.cache import Cache
from realm.vault.digests import Digests
from realm.vault.places import Place
from realm.vault.stronghold import Stronghold

ALLOWED = frozenset(
    {"space", "files", "folders_with", "staged", "discard", "staged_sha256", "publish", "delete", "sha256"}
)


class Hand:
    """The vault's hand on one node: files in, files out. Made when it is needed, ends with VaultKeeper."""

    def __init__(self, home: str) -> None:
        # Another machine may have its realm's folder elsewhere.
        self.home = RealmHome(Path(os.environ.get("REALM_HOME") or home).expanduser())
        self.digests = Digests()
        self.cache = Cache(self.home.cache, self.digests)
        self.opened: dict[tuple[str, str], Stronghold] = {}

    def ping(self) -> dict[str, Any]:
        """Who answers: pid and the realm's folder on this node."""
        return {"pid": os.getpid(), "home": str(self.home.root)}

    def do(self, place: Place, method: str, *args: Any) -> Any:
        """What a method of a stronghold answers."""
        if method not in ALLOWED:
            raise AttributeError(method)
        found = getattr(self._open(place), method)(*args)
        return list(found) if method == "folders_with" else found

    def read(self, place: Place, path: str, offset: int, length: int) -> np.ndarray:
        """A piece of a file, through the object store."""
        return np.frombuffer(self._open(place).read(path, offset, length), dtype=np.uint8)

    def write(self, place: Place, copy: str, file: str, offset: int, data: np.ndarray) -> None:
        """Append a piece to a file of a growing copy."""
        self._open(place).write(copy, file, offset, data.data)

    def cached(self, checkpoint_id: str, sha256: str) -> str | None:
        """The folder of a checkpoint in this host's cache, if its weights are whole."""
        found = self.cache.find(checkpoint_id, sha256)
        return None if found is None else str(found)

    def make_room(self, needed: int, max_bytes: int) -> str:
        """Empty the cache until `needed` bytes fit; where it is."""
        self.cache.make_room(needed, max_bytes)
        return str(self.cache.root)

    def _open(self, place: Place) -> Stronghold:
        key = place.uri, repr(sorted(place.options.items()))
        if key not in self.opened:
            self.opened[key] = place.open()
        return self.opened[key]
