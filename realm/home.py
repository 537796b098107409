"""RealmHome: every path of a realm on disk. Knows where things lie, not what is in them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RealmHome:
    """The tree of files of one realm; `root` is `$REALM_HOME`, by default `~/.realm`."""

    root: Path

    @classmethod
    def locate(cls) -> RealmHome:
        """The home that the environment names, made absolute."""
        return cls(Path(os.environ.get("REALM_HOME", "~/.realm")).expanduser().resolve())

    @property
    def config_file(self) -> Path:
        return self.root / "realm.yaml"

    @property
    def database(self) -> Path:
        return self.root / "realm.db"

    @property
    def inbox(self) -> Path:
        """Quest files dropped here are posted by QuestBoard."""
        return self.root / "inbox"

    @property
    def rejected(self) -> Path:
        return self.root / "rejected"

    @property
    def quests(self) -> Path:
        """Accepted quests in their inner form: a folder for each hero, since what fits one's context is not what fits
        another's, and in it one for each file."""
        return self.root / "quests"

    def quest(self, hero_id: str, sha256: str) -> Path:
        """A hero's quest of the file with this hash."""
        return self.quests / hero_id / sha256[:16]

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def current_model(self) -> Path:
        """A link to the active campaign's newest checkpoint."""
        return self.models / "current_model"

    def hero(self, hero_id: str) -> Path:
        """The hero's base model as a Hugging Face folder."""
        return self.models / "heroes" / hero_id

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def trash(self) -> Path:
        return self.root / "trash"

    @property
    def data(self) -> Path:
        """Files that data jobs read and write."""
        return self.root / "data"

    @property
    def exports(self) -> Path:
        """Exported checkpoints."""
        return self.root / "exports"

    @property
    def cache(self) -> Path:
        """Checkpoints fetched from other hosts; of each host its own."""
        return self.root / "cache"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def ray(self) -> Path:
        """Address, token and process record of the realm's own Ray."""
        return self.root / "ray"

    @property
    def ray_token(self) -> Path:
        return self.ray / "token"

    @property
    def ray_head(self) -> Path:
        """JSON record of the Ray head that this realm started."""
        return self.ray / "head.json"

    @property
    def ray_temp_dir(self) -> Path:
        """A short folder for Ray's sockets, whose paths are limited to about 100 characters."""
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:8]
        return Path(tempfile.gettempdir()) / f"realm-{digest}"

    @property
    def start_lock(self) -> Path:
        """Held while `realm start` or `realm stop` works, so that two never interleave."""
        return self.root / "start.lock"

    def create(self) -> None:
        """Make the folders that every realm has. Idempotent."""
        kept = (
            self.inbox,
            self.rejected,
            self.quests,
            self.models,
            self.checkpoints,
            self.trash,
            self.data,
            self.exports,
        )
        for folder in (*kept, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self.ray.mkdir(mode=0o700, exist_ok=True)
