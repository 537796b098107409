"""Events: what happened, in words and numbers. Does not know who reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `seq` grows with every event; `kind` is dotted, e.g. `quest.completed`."""

    seq: int
    at: datetime
    kind: str
    title: str
    detail: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
