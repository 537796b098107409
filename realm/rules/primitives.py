"""Accuracy of primitives: outcomes of problems that exercise one, counted in all and over the newest.

Does not know which primitives there are, nor who asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 100
"""Newest outcomes that make up a primitive's present accuracy."""
HISTORY: Final = 400
"""Entries of a primitive's history; above that, neighbours are merged two by two."""


@dataclass(frozen=True, slots=True)
class PrimitiveStats:
    """What a campaign's hero did with one primitive. `window`: its newest outcomes as 0 and 1, oldest first."""

    campaign_id: str
    primitive: str
    attempts: int = 0
    correct: int = 0
    window: str = ""

    @property
    def window_n(self) -> int:
        return len(self.window)

    @property
    def window_correct(self) -> int:
        return self.window.count("1")

    def with_outcomes(self, outcomes: str) -> PrimitiveStats:
        """The stats after more outcomes, 0 and 1 in the order they came."""
        return PrimitiveStats(
            self.campaign_id,
            self.primitive,
            self.attempts + len(outcomes),
            self.correct + outcomes.count("1"),
            (self.window + outcomes)[-WINDOW:],
        )


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Outcomes at weights up to which `step` was the newest checkpoint; 0 before the first."""

    step: int
    n: int
    correct: int


def outcomes_of(answers: Iterable[tuple[Sequence[str], bool]]) -> dict[str, str]:
    """Primitive → outcomes as 0 and 1, from answers as (the primitives that it took, whether it was right)."""
    found: dict[str, list[str]] = {}
    for primitives, correct in answers:
        for primitive in primitives:
            found.setdefault(primitive, []).append("01"[correct])
    return {primitive: "".join(found[primitive]) for primitive in sorted(found)}


def merged_history(entries: Sequence[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """A history, oldest first, of half as many entries: each two neighbours as one of the later's step."""
    pairs = zip(entries[::2], entries[1::2], strict=False)
    merged = [HistoryEntry(later.step, each.n + later.n, each.correct + later.correct) for each, later in pairs]
    return (*merged, *entries[len(merged) * 2 :])
