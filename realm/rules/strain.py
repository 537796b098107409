"""Strain: train loss minus its floor, in nats per token. Knows no rows.

    floor     = the 5 % quantile (nearest rank) of all window medians of the campaign
    strain(w) = median of window w − floor

A window is a span of steps; its loss is the median of the metric points in it. The lowest of many noisy values falls
on and on by chance alone, the quantile does not, and the median keeps single points from it. The floor is what the
campaign reached and came back to, not what it may reach: while the loss falls, it falls too, and quests of easier
levels lie below what harder ones can reach. Its interval is between order statistics of the medians (H. A. David,
H. N. Nagaraja, Order Statistics, 2003, 7.1), which are taken as independent; neighbours are not quite, so it is
somewhat too narrow.

exp(strain) is the factor by which perplexity is above that of the floor: the zones are bounded by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, comb, isfinite, log
from statistics import median
from types import MappingProxyType
from typing import Final

MOST_WINDOWS: Final = 400
ENOUGH_WINDOWS: Final = 20
"""Windows below which there is no floor: the 5 % quantile of fewer is their lowest."""
QUANTILE: Final = 0.05
CONFIDENCE: Final = 0.95
_GROWTH: Final = (2.0, 2.5, 2.0)


class StrainZone(StrEnum):
    """How far perplexity is above that of the floor: less than 1.05 times, less than twice, twice or more."""

    NEAR = "near"
    ABOVE = "above"
    FAR = "far"


FACTORS: Final[Mapping[StrainZone, float]] = MappingProxyType({StrainZone.NEAR: 1.05, StrainZone.ABOVE: 2.0})
"""Where a zone ends, as the factor of perplexity; the last has no end."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor, from so many windows. `low` is None while too few of them bound it."""

    loss: float
    low: float | None
    high: float
    windows: int


@dataclass(frozen=True, slots=True)
class Window:
    """Steps `first` to `last`, how many points lie in it, their median loss."""

    first: int
    last: int
    points: int
    loss: float


@dataclass(frozen=True, slots=True)
class Strain:
    """A campaign's windows of `width` steps, in order, and its floor; None while there are too few of them."""

    width: int
    windows: tuple[Window, ...]
    floor: Floor | None

    def of(self, window: Window) -> float | None:
        return None if self.floor is None else window.loss - self.floor.loss

    @property
    def now(self) -> float | None:
        """Of the last window."""
        return self.of(self.windows[-1]) if self.windows else None

    def zone(self, window: Window) -> StrainZone | None:
        strain = self.of(window)
        return None if strain is None else zone_of(strain)

    def in_zones(self) -> Mapping[StrainZone, int]:
        """Windows in each zone; none in any while there is no floor."""
        zones = [self.zone(each) for each in self.windows]
        return {zone: zones.count(zone) for zone in StrainZone}


def zone_of(strain: float) -> StrainZone:
    """The zone of a strain; below the floor is near it."""
    return next((zone for zone, factor in FACTORS.items() if strain < log(factor)), StrainZone.FAR)


def window_width(first: int, last: int) -> int:
    """Steps a window: the smallest of 1, 2, 5, 10, 20, 50, … with which `MOST_WINDOWS` hold all."""
    width = turn = 1
    while last // width - first // width >= MOST_WINDOWS:
        width, turn = int(width * _GROWTH[(turn - 1) % 3]), turn + 1
    return width


def strain_of(points: Iterable[tuple[int, float]]) -> Strain:
    """The strain of (step, train loss) points, in any order; losses that are not finite are left out."""
    finite = [(step, loss) for step, loss in points if isfinite(loss)]
    if not finite:
        return Strain(1, (), None)
    width = window_width(min(finite)[0], max(finite)[0])
    held: dict[int, list[float]] = {}
    for step, loss in finite:
        held.setdefault(step // width, []).append(loss)
    windows = tuple(
        Window(place * width, (place + 1) * width - 1, len(held[place]), median(held[place])) for place in sorted(held)
    )
    return Strain(width, windows, _floor(sorted(each.loss for each in windows)))


def _floor(ordered: Sequence[float]) -> Floor | None:
    n = len(ordered)
    if n < ENOUGH_WINDOWS:
        return None
    # Of n values, so many lie below the quantile: a binomial count. Between the l-th and the u-th it lies but for both
    # tails.
    tail = (1 - CONFIDENCE) / 2
    low, high, upto = 0, n, 0.0
    for below in range(n):
        upto += comb(n, below) * QUANTILE**below * (1 - QUANTILE) ** (n - below)
        if upto <= tail:
            low = below + 1
        if upto >= 1 - tail:
            high = below + 1
            break
    return Floor(ordered[ceil(QUANTILE * n) - 1], ordered[low - 1] if low else None, ordered[high - 1], n)
