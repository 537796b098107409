"""The strongholds that the settings name, and how one is opened. Does not know which host this is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from realm.config import RealmConfig
from realm.errors import NotFoundError
from realm.home import RealmHome
from realm.rules.stronghold import HOME, Zone
from realm.vault.bucket import BucketStronghold
from realm.vault.stronghold import FolderStronghold, Stronghold


@dataclass(frozen=True, slots=True)
class Place:
    """A stronghold by its settings. `node`: whose folder it is; None = the head's, and any host's for a bucket."""

    id: str
    zone: Zone
    uri: str
    node: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def folder(self) -> Path | None:
        """The folder that it is on its host; None for a bucket."""
        parts = urlsplit(self.uri)
        if parts.scheme not in ("", "file"):
            return None
        return Path(unquote(parts.path) if parts.scheme else self.uri).expanduser()

    def open(self) -> Stronghold:
        """The stronghold, on the host that it belongs to."""
        folder = self.folder
        return BucketStronghold(self.uri, self.options) if folder is None else FolderStronghold(folder)


def places(home: RealmHome, config: RealmConfig) -> dict[str, Place]:
    """Every stronghold by id, `home` first."""
    found = {HOME: Place(HOME, Zone.HOT, str(home.checkpoints))}
    for name, each in config.vault.strongholds.items():
        found[name] = Place(name, Zone(each.zone), each.uri, each.node, each.options)
    return found


def place_of(found: Mapping[str, Place], stronghold: str) -> Place:
    """The stronghold of an id.

    Raises:
        NotFoundError: the settings have none of that id.
    """
    if stronghold not in found:
        raise NotFoundError(
            f"There is no stronghold {stronghold!r}.", f"vault.strongholds has {', '.join(found)}; add it there."
        )
    return found[stronghold]
