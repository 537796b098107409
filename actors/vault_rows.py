"""Ledger records as JSON-ready rows. Knows no actor."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from realm.rules.checkpoint import Checkpoint


def checkpoint_row(checkpoint: Checkpoint) -> dict[str, Any]:
    """A ledger record as JSON-ready values."""
    row = asdict(checkpoint)
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
