"""Strongholds, zones, and the copies of assets in them. Does not know files, hosts or how bytes travel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from realm.rules.states import Transitions

HOME: Final = "home"
"""Id of the stronghold that is the realm's own folder of checkpoints, on the head; it is hot."""


class Zone(StrEnum):
    """Temperature of a stronghold: how soon what lies there is wanted again."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class Protection(StrEnum):
    """How hard an asset is to delete, hardest first."""

    SACRED = "sacred"
    """Never: what `models/current_model` points at, and base models."""
    PROTECTED = "protected"
    """Not while it is the champion, the latest, promoted, the start of a campaign or in use."""
    GUARDED = "guarded"
    """Only when its name is given a second time: it was saved because a level was mastered or it was champion."""
    EXPENDABLE = "expendable"


class AssetKind(StrEnum):
    CHECKPOINT = "checkpoint"
    BASE_MODEL = "base_model"
    DATASET = "dataset"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Asset:
    """Anything the vault keeps beside the ledger's checkpoints. `sha256` is of its largest file, or of its only one."""

    id: str
    kind: AssetKind
    name: str
    sha256: str
    size_bytes: int
    created_at: datetime
    protection: Protection = Protection.EXPENDABLE
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Location:
    """A verified copy of an asset or checkpoint in a stronghold other than its home.

    `path` is relative to the stronghold's root; `files` has the sha256 of each file by its path within the copy.
    """

    asset_id: str
    stronghold: str
    path: str
    size_bytes: int
    stored_at: datetime
    verified_at: datetime
    files: Mapping[str, str] = field(default_factory=dict[str, str])


class TransferState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return self not in (TransferState.PENDING, TransferState.RUNNING)


TRANSFER_TRANSITIONS: Final[Transitions[TransferState]] = MappingProxyType(
    {
        TransferState.PENDING: frozenset({TransferState.RUNNING, TransferState.CANCELLED, TransferState.FAILED}),
        TransferState.RUNNING: frozenset(
            {TransferState.PENDING, TransferState.COMPLETED, TransferState.FAILED, TransferState.CANCELLED}
        ),
        TransferState.COMPLETED: frozenset(),
        TransferState.FAILED: frozenset({TransferState.PENDING}),
        TransferState.CANCELLED: frozenset({TransferState.PENDING}),
    }
)


@dataclass(frozen=True, slots=True)
class Transfer:
    """A copy under way from one stronghold to another. `bytes_done` survives a break: it goes on from there."""

    id: str
    asset_id: str
    source: str
    target: str
    state: TransferState
    bytes_done: int
    bytes_total: int
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    error: str | None = None
