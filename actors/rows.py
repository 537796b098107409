"""Records as JSON-ready rows. Knows no actor."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def row_of(record: DataclassInstance) -> dict[str, Any]:
    """A record's fields, times as ISO text."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(record).items()}
