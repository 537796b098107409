"""Files that QuestBoard is reading in: how far each is, and which are to be given up. Knows no files and no store."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from realm.errors import ConflictError, NotFoundError
from realm.quests.intake import Progress

GIVEN_UP_KEPT = 256
"""Ids that were given up while they waited for their turn."""


@dataclass
class Intake:
    """One file under way; bytes of the file as it was given. `bytes_total` is None until reading has begun."""

    name: str
    bytes_done: int = 0
    bytes_total: int | None = None


class Intakes:
    """What is being read in, by an id that its poster chose."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Intake] = {}
        self._given_up: deque[str] = deque(maxlen=GIVEN_UP_KEPT)

    @contextmanager
    def reading(self, intake_id: str, name: str) -> Iterator[Progress]:
        """Around the reading of one file: what to call with its progress, which ends it once it is given up."""
        intake = Intake(name)
        with self._lock:
            self._running[intake_id] = intake

        def report(done: int, total: int) -> None:
            intake.bytes_done, intake.bytes_total = done, total
            if self._is_given_up(intake_id):
                raise ConflictError(f"{name} was cancelled at {done:,} of {total:,} bytes.", "Nothing was queued.")

        try:
            if self._is_given_up(intake_id):
                raise ConflictError(f"{name} was cancelled before it was read.", "Nothing was queued.")
            yield report
        finally:
            with self._lock:
                self._running.pop(intake_id, None)
                if intake_id in self._given_up:
                    self._given_up.remove(intake_id)

    def progress(self, intake_id: str) -> dict[str, Any]:
        """Name, bytes_done and bytes_total of a file under way.

        Raises:
            NotFoundError: it waits for its turn, or it is done.
        """
        with self._lock:
            intake = self._running.get(intake_id)
        if intake is None:
            raise NotFoundError(f"No file is being read as {intake_id!r}.", "It waits for its turn, or is done.")
        return {"name": intake.name, "bytes_done": intake.bytes_done, "bytes_total": intake.bytes_total}

    def cancel(self, intake_id: str) -> None:
        """Give a file up, also one that waits for its turn: its poster hears so within the next megabyte."""
        with self._lock:
            self._given_up.append(intake_id)

    def _is_given_up(self, intake_id: str) -> bool:
        with self._lock:
            return intake_id in self._given_up
