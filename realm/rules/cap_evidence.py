"""The numbers that a level cap is decided by, counted from a climb.

Does not decide: realm.rules.level_cap does. All of it comes from recorded rows; no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, sqrt
from statistics import median
from typing import Final

from realm.rules.climb import CapRule, Climb, Intervention, InterventionKind, Observation, has_lapsed
from realm.rules.progression import wilson_interval
from realm.rules.trend import Trend, pooled, theil_sen

MOST_GROWTH: Final = 1.5
"""Most that the cost of a level is taken to grow from one to the next, as a factor."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an intervention did: accuracy before it and at its end. The interval is of the difference, 95 %.

    `measured`: either side has as many observations as the rule asks for.
    """

    kind: InterventionKind
    began_tokens: int
    ended_tokens: int | None
    before_n: int
    before_correct: int
    after_n: int
    after_correct: int
    low: float
    high: float
    measured: bool

    @property
    def difference(self) -> float:
        """Accuracy after − before; 0 while either is not known."""
        if not self.before_n or not self.after_n:
            return 0.0
        return self.after_correct / self.after_n - self.before_correct / self.before_n


@dataclass(frozen=True, slots=True)
class Evidence:
    """Every number that a verdict rests on. Slopes are accuracy per level's tokens.

    `level_tokens` is what a level is expected to take, from `levels_counted` promotions. `n`, `correct`, `train_*` and
    `review_*` are of the observations in the window, which begins at `window_tokens`. `reach`: accuracy at the end of
    as many tokens again as the window has, at the upper end of the slope's interval. `maintenance`: tokens on
    mastered levels per token on the training level; None where not known.
    """

    level: int
    threshold: float
    step: int
    tokens: int
    tokens_since: int
    level_tokens: int
    levels_counted: int
    window_tokens: int
    observations: int
    n: int
    correct: int
    slope: Trend | None
    reach: float
    train_observations: int
    train_n: int
    train_correct: int
    train_slope: Trend | None
    review_n: int
    review_correct: int
    maintenance: float | None
    effects: tuple[Effect, ...] = ()

    @property
    def accuracy(self) -> float:
        return self.correct / self.n if self.n else 0.0

    @property
    def lapsed(self) -> bool:
        """Mastered levels, as a whole, are below the threshold by more than chance."""
        return has_lapsed(self.review_n, self.review_correct, self.threshold)


def level_tokens(climb: Climb, rule: CapRule) -> int:
    """Tokens that the training level is expected to take, from what the levels before it took.

    Theil–Sen's line through the logarithms of the newest `recent_levels` costs, read at the next level: the median
    where costs do not grow (a falling line counts as level), and more where each level takes longer than the last. A
    level that was mastered with interventions counts from the beginning of its last one: what was waited for before
    would make the next wait longer, and that the one after it. At least `longest_share` of the longest, wait included,
    and so much that `multiple` of it is `floor_tokens`.
    """
    began: dict[int, int] = {}
    for each in climb.interventions:
        began[each.level] = max(each.began_tokens, began.get(each.level, 0))
    tokens = sorted({each.level: each.tokens for each in climb.promotions}.items())
    costs: list[int] = []
    longest = before = 0
    for level, mastered in tokens:
        costs.append(mastered - min(mastered, max(before, began.get(level, 0))))
        longest = max(longest, mastered - before)
        before = mastered
    expected = _next_cost(tuple(costs[-rule.recent_levels :]))
    return max(1, round(max(rule.floor_tokens / rule.multiple, rule.longest_share * longest, expected)))


@lru_cache(maxsize=256)
def _next_cost(costs: tuple[int, ...]) -> float:
    if not costs:
        return 0.0
    recent = [log(max(1, each)) for each in costs]
    trend = theil_sen(list(enumerate(recent)))
    slope = min(max(trend.slope, 0.0), log(MOST_GROWTH)) if trend else 0.0
    middle = median(y - slope * x for x, y in enumerate(recent))
    return exp(middle + slope * len(recent))


def effect_of(intervention: Intervention, observations: Sequence[Observation], rule: CapRule) -> Effect:
    """Held-out accuracy over the newest observations before it began, against the newest up to its end.

    The interval is R. G. Newcombe's for a difference of proportions, from their Wilson intervals (1998, method 10);
    -1 to 1 while either side is not known.
    """
    began, ended = intervention.began_tokens, intervention.ended_tokens
    before = [each for each in observations if each.tokens <= began][-rule.measured_observations :]
    after = [each for each in observations if each.tokens > began and (ended is None or each.tokens <= ended)]
    after = after[-rule.measured_observations :]
    counts = [(sum(each.correct for each in side), sum(each.n for each in side)) for side in (before, after)]
    (x1, n1), (x2, n2) = counts
    low, high = -1.0, 1.0
    if n1 and n2:
        (low1, high1), (low2, high2) = wilson_interval(x1, n1), wilson_interval(x2, n2)
        p1, p2 = x1 / n1, x2 / n2
        low = p2 - p1 - sqrt((p2 - low2) ** 2 + (high1 - p1) ** 2)
        high = p2 - p1 + sqrt((high2 - p2) ** 2 + (p1 - low1) ** 2)
    measured = min(len(before), len(after)) >= rule.measured_observations
    return Effect(intervention.kind, began, ended, n1, x1, n2, x2, low, high, measured)


def gather(climb: Climb, rule: CapRule) -> Evidence:
    """The evidence of a climb as it stands."""
    level, since = climb.mastered_level + 1, climb.since_tokens
    seen = sorted((each for each in climb.observations if each.level == level and each.tokens >= since), key=_order)
    tokens = seen[-1].tokens if seen else since
    expected = level_tokens(climb, rule)
    begins = tokens - int(rule.window_share * (tokens - since))
    window = [each for each in seen if each.tokens >= begins]
    trained = [each for each in window if each.train_n]
    slope = _trend([(each.tokens, each.n, each.correct) for each in window], expected, rule)
    train_slope = _trend([(each.tokens, each.train_n, each.train_correct) for each in trained], expected, rule)
    effects = (effect_of(each, seen, rule) for each in climb.interventions if _counts(each, level, since))
    return Evidence(
        level=level,
        threshold=climb.threshold,
        step=seen[-1].step if seen else 0,
        tokens=tokens,
        tokens_since=tokens - since,
        level_tokens=expected,
        levels_counted=min(len({each.level for each in climb.promotions}), rule.recent_levels),
        window_tokens=begins,
        observations=len(window),
        n=sum(each.n for each in window),
        correct=sum(each.correct for each in window),
        slope=slope,
        reach=_reach(slope, begins, tokens, expected),
        train_observations=len(trained),
        train_n=sum(each.train_n for each in trained),
        train_correct=sum(each.train_correct for each in trained),
        train_slope=train_slope,
        review_n=sum(each.review_n for each in window),
        review_correct=sum(each.review_correct for each in window),
        maintenance=_maintenance(window),
        effects=tuple(effects),
    )


def _counts(intervention: Intervention, level: int, since: int) -> bool:
    return intervention.level == level and intervention.began_tokens >= since


def _order(each: Observation) -> tuple[int, ...]:
    """By tokens; those of one step in an order of their own, so that the order they come in does not matter."""
    return each.tokens, each.step, each.n, each.correct, each.train_n, each.train_correct


def _trend(counts: Sequence[tuple[int, int, int]], expected: int, rule: CapRule) -> Trend | None:
    points = pooled(((tokens / expected, n, correct) for tokens, n, correct in counts), rule.max_points)
    return theil_sen([(x, correct / n) for x, n, correct in points], rule.confidence)


def _reach(slope: Trend | None, begins: int, tokens: int, expected: int) -> float:
    """1 where the slope has no upper end."""
    if slope is None or slope.high is None:
        return 1.0
    span = (tokens - begins) / expected
    middle = slope.at((tokens + begins) / 2 / expected)
    return min(1.0, max(0.0, middle + 1.5 * span * max(0.0, slope.high)))


def _maintenance(window: Sequence[Observation]) -> float | None:
    known = [
        (each.mastered_share, each.level_share)
        for each in window
        if each.mastered_share is not None and each.level_share is not None
    ]
    on_level = sum(share for _, share in known)
    return sum(share for share, _ in known) / on_level if on_level else None
