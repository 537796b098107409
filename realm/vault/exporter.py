"""Exports one after another on a thread of its own: their progress, their cancelling, and what lies finished on disk.

Keeps its state in memory. A killed process leaves a hidden file or folder, which `staging.sweep` removes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from realm.errors import ConflictError, NotFoundError, RealmError
from realm.rules.stronghold import TransferState
from realm.vault.export import ExportFormat, export_name, parse_export_name, write_export
from realm.vault.staging import require_free

REMEMBERED: Final = 100
"""Ended exports that are remembered beside those that lie finished on disk."""


@dataclass(frozen=True, slots=True)
class Export:
    """One export. `id` is the name of its file or folder; `bytes_done` of `bytes_total` read of the checkpoint."""

    id: str
    checkpoint_id: str
    format: ExportFormat
    state: TransferState
    bytes_done: int
    bytes_total: int
    path: str
    error: str | None
    created_at: datetime
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be exported, as `write_export` takes it. `source` gives the checkpoint's folder for so long."""

    checkpoint_id: str
    source: Callable[[], AbstractContextManager[Path]]
    sha256: str
    extras: dict[str, str]
    format: ExportFormat
    include_optimizer: bool = False
    force: bool = False
    min_free: int = 0


class _CancelledError(Exception):
    pass


class Exporter:
    """The exports in `folder`. Safe to call from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._exports: dict[str, Export] = {}
        self._cancelled: set[str] = set()
        self._thread = ThreadPoolExecutor(1, "exports")

    def start(self, order: Order) -> Export:
        """Queue an export. One that is under way already is answered as it is.

        Raises:
            ConflictError: it was exported before, and it is not to be replaced.
        """
        name = export_name(order.checkpoint_id, order.format)
        path = self.folder / name
        with self._lock:
            known = self._exports.get(name)
            if known is not None and not known.state.terminal:
                return known
            require_free(path, order.force)
            made = Export(name, order.checkpoint_id, order.format, TransferState.PENDING, 0, 0, str(path), None, _now())
            self._exports.pop(name, None)
            self._exports[name] = made
            self._cancelled.discard(name)
            self._forget()
        self._thread.submit(self._run, name, order)
        return made

    def list(self) -> list[Export]:
        """Exports of this process and those that lie on disk, newest first."""
        with self._lock:
            known = dict(self._exports)
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.name not in known and (found := _on_disk(path)) is not None:
                known[path.name] = found
        there = [each for each in known.values() if each.state != TransferState.COMPLETED or Path(each.path).exists()]
        return sorted(there, key=lambda each: each.created_at, reverse=True)

    def get(self, export_id: str) -> Export:
        """One export.

        Raises:
            NotFoundError: there is none of this id.
        """
        with self._lock:
            known = self._exports.get(export_id)
        if known is None:
            known = next((each for each in self.list() if each.id == export_id), None)
        if known is None:
            raise NotFoundError(f"There is no export {export_id!r}.", "`GET /api/exports` lists them.")
        return known

    def cancel(self, export_id: str) -> Export:
        """Give an export up: nothing of it is left. Cancelling twice changes nothing.

        Raises:
            ConflictError: it has ended otherwise.
        """
        found = self.get(export_id)
        with self._lock:
            found = self._exports.get(export_id, found)
            if found.state == TransferState.CANCELLED:
                return found
            if found.state.terminal:
                raise ConflictError(f"Export {export_id} is {found.state}.", "Only one under way can be cancelled.")
            self._cancelled.add(export_id)
            if found.state == TransferState.PENDING:
                return self._change(export_id, state=TransferState.CANCELLED, finished_at=_now())
            return found

    def _run(self, name: str, order: Order) -> None:
        with self._lock:
            if self._exports[name].state != TransferState.PENDING:
                return
            self._change(name, state=TransferState.RUNNING)
        state, error = TransferState.COMPLETED, None
        try:
            with order.source() as source:
                write_export(
                    source,
                    self.folder / name,
                    order.sha256,
                    order.extras,
                    format=order.format,
                    report=self._reporter(name),
                    include_optimizer=order.include_optimizer,
                    force=order.force,
                    min_free=order.min_free,
                )
        except _CancelledError:
            state = TransferState.CANCELLED
        except RealmError as failed:
            state, error = TransferState.FAILED, str(failed)
        except Exception as failed:  # noqa: BLE001 - the thread goes on to the next export; what failed is told
            state, error = TransferState.FAILED, f"{type(failed).__name__}: {failed}"
        with self._lock:
            self._change(name, state=state, error=error, finished_at=_now())

    def _reporter(self, name: str) -> Callable[[int, int], None]:
        def report(done: int, total: int) -> None:
            with self._lock:
                if name in self._cancelled:
                    raise _CancelledError
                self._change(name, bytes_done=done, bytes_total=total)

        return report

    def _change(self, name: str, **values: Any) -> Export:
        changed = self._exports[name] = replace(self._exports[name], **values)
        return changed

    def _forget(self) -> None:
        ended = [name for name, each in self._exports.items() if each.state.terminal]
        for name in ended[: max(0, len(ended) - REMEMBERED)]:
            del self._exports[name]


def _on_disk(path: Path) -> Export | None:
    """A finished export of an earlier process; None for what is none."""
    said = parse_export_name(path.name)
    if said is None or path.is_dir() != (said.format == ExportFormat.FOLDER):
        return None
    size = path.stat().st_size if path.is_file() else sum(each.stat().st_size for each in path.rglob("*"))
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Export(
        path.name, said.checkpoint_id, said.format, TransferState.COMPLETED, size, size, str(path), None, at, at
    )


def _now() -> datetime:
    return datetime.now(UTC)
