"""Proportions as people read them. Knows no command."""

from __future__ import annotations

from typing import Any


def share(row: dict[str, Any] | None) -> str | None:
    """`62 of 100, 0.62 (0.52 to 0.71)` from n, correct and, where it is there, the interval low to high."""
    if row is None or not row["n"]:
        return None
    text = f"{row['correct']} of {row['n']}, {row['correct'] / row['n']:.2f}"
    return text if row.get("low") is None else f"{text} ({row['low']:.2f} to {row['high']:.2f})"
