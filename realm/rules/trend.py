"""Theil–Sen: the slope through noisy points with its interval, which outliers hardly move. Knows no units of its own.

The slope is the median of the slopes between all pairs of points with different x (H. Theil, 1950). Its interval lies
between the pair slopes whose ranks Kendall's S, taken as normal with its variance corrected for ties, gives
(P. K. Sen, 1968; the variance: M. G. Kendall, Rank Correlation Methods, 1970). Noise of neighbouring points is taken
as independent; where it is not, the interval is too narrow. n points take n(n − 1)/2 slopes: `pooled` bounds n.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, median

from realm.errors import RealmError


@dataclass(frozen=True, slots=True)
class Trend:
    """A slope, in y per x, with its two-sided interval. None: unbounded, for want of points.

    `intercept` is the median of y − slope · x (W. J. Conover, 1980).
    """

    slope: float
    low: float | None
    high: float | None
    intercept: float
    n: int
    confidence: float

    @property
    def rising(self) -> bool:
        """The interval lies above 0."""
        return self.low is not None and self.low > 0

    def at(self, x: float) -> float:
        return self.intercept + self.slope * x


def theil_sen(points: Sequence[tuple[float, float]], confidence: float = 0.90) -> Trend | None:
    """The trend of (x, y) points, in any order; None where all have one x.

    Raises:
        RealmError: `confidence` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise RealmError(f"A confidence of {confidence:g}.", "It lies between 0 and 1, without either.")
    ordered = sorted(points)
    slopes: list[float] = []
    for i, (x0, y0) in enumerate(ordered, 1):
        slopes += [(y - y0) / (x - x0) for x, y in ordered[i:] if x > x0]
    slopes.sort()
    if not slopes:
        return None
    slope = median(slopes)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(variance_of_s(ordered))
    # Of N sorted slopes the M-th and the (N + 1 − M)-th from below bound the interval, M = (N − half) / 2.
    rank = int((len(slopes) - half) // 2)
    low, high = (slopes[rank - 1], slopes[-rank]) if rank >= 1 else (None, None)
    intercept = median(y - slope * x for x, y in ordered)
    return Trend(slope, low, high, intercept, len(ordered), confidence)


def pooled(counts: Iterable[tuple[float, int, int]], most: int) -> list[tuple[float, int, int]]:
    """Of (x, n, correct), at most `most` in order of x: of each k neighbours one, at their mean x.

    Those of one x are one first, so that the order they come in does not matter.
    """
    together: dict[float, tuple[int, int]] = {}
    for x, n, correct in counts:
        before = together.get(x)
        together[x] = (n + before[0], correct + before[1]) if before else (n, correct)
    points = [(x, *together[x]) for x in sorted(together)]
    size = -(-len(points) // most)
    if size <= 1:
        return points
    groups = (tuple(zip(*points[start : start + size], strict=True)) for start in range(0, len(points), size))
    return [(sum(xs) / len(xs), int(sum(ns)), int(sum(right))) for xs, ns, right in groups]


def variance_of_s(points: Sequence[tuple[float, float]]) -> float:
    """The variance of Kendall's S where x and y are independent, with ties in either (Kendall, 1970, p. 55)."""
    n = len(points)
    ties = [[k for k in Counter(point[axis] for point in points).values() if k > 1] for axis in (0, 1)]
    total = n * (n - 1) * (2 * n + 5) - sum(k * (k - 1) * (2 * k + 5) for each in ties for k in each)
    pairs = [sum(k * (k - 1) for k in each) for each in ties]
    triples = [sum(k * (k - 1) * (k - 2) for k in each) for each in ties]
    variance = total / 18 + pairs[0] * pairs[1] / (2 * n * (n - 1))
    if n > 2:
        variance += triples[0] * triples[1] / (9 * n * (n - 1) * (n - 2))
    return max(0.0, variance)
