"""What the Tavern asks of the realm. The Tavern knows this protocol and neither actors, Ray nor the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]


class TavernBackend(Protocol):
    """The realm as its pages see it. Everything here answers JSON-ready values and raises only RealmError."""

    upload_limit_bytes: int

    async def state(self) -> Json:
        """The cached snapshot, also `realm status --json`.

        seq, at, version, home, hero, campaign, battle, skills, quests, champion, latest_checkpoint, events, services,
        nodes, disk. What is not known yet is None; pages show a dash.
        """
        ...

    async def loss(self, after: int) -> Json:
        """`{battle_id, points: [[step, train_loss]], val: [[step, val_loss]], marks: [[step, label]]}`.

        Campaign steps > `after`, ascending, at most about 2000 points.
        """
        ...

    async def battle(self, action: str) -> Json:
        """`pause`, `resume` or `stop`; answers `{state, desired_state}` once the wish is recorded."""
        ...

    async def quests(self, statuses: list[str], limit: int, offset: int) -> Json:
        """`{quests: [...], total}`; queued quests in the order they will be fought, finished ones newest first."""
        ...

    async def inspect(self, path: Path, name: str) -> Json:
        """Reads a file without queueing it; QuestError names the line.

        name, format, compression, shape, examples_checked, size_bytes, and preview: `[{messages}|{text}]`.
        """
        ...

    async def post(self, path: Path, name: str, priority: str, intake_id: str) -> Json:
        """Reads, stores and queues a file: `{quest, duplicate}`. The caller deletes `path` afterwards."""
        ...

    async def intake(self, intake_id: str) -> Json:
        """How far a file that is being read for `post` is: `{name, bytes_done, bytes_total}`."""
        ...

    async def cancel_intake(self, intake_id: str) -> None:
        """Ends such a `post` with a ConflictError."""
        ...

    async def cancel(self, quest_id: str) -> Json:
        """The quest, cancelled."""
        ...

    async def retry(self, quest_id: str) -> Json:
        """The quest, queued again."""
        ...

    async def set_priority(self, quest_id: str, priority: str) -> Json:
        """The quest, at the end of another priority."""
        ...

    async def move(self, quest_id: str, before_id: str | None) -> Json:
        """The quest, placed before another of its priority, or last of it."""
        ...

    async def events(self, before: int | None, limit: int) -> list[Json]:
        """Events with `seq` < `before`, newest first."""
        ...
