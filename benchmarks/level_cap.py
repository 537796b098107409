"""Whether the level cap is found: simulated campaigns under the realm's own rules, each with a planted cap.

A campaign evaluates with 100 problems, is promoted by `realm.rules.progression.advance` and stopped by
`realm.rules.level_cap.decide`. Within ±1: a verdict came, and the level it says is mastered is the planted cap, or one
more or less. A false stop: a cap was declared below the planted one, by one level too, or on a ladder that the learner
would have mastered; however long it would have taken for the next level. What has no verdict after MOST evaluations
counts as not found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from statistics import median

import numpy as np

from benchmarks.cap_watch import CapWatch
from benchmarks.learners import FAMILIES, LATE, LEARNERS, Learner
from benchmarks.report import Row, p95
from realm.rules.climb import CapRule, Observation
from realm.rules.level_cap import CapKind, Verdict
from realm.rules.progression import Change, Evaluation, LevelRule, SkillState, advance

CAMPAIGNS, QUICK = 1_000, 40
LATE_ONES = 100
"""Campaigns beside these, of learners that the rule does not wait for long enough."""
PROBLEMS, REVIEWED = 100, 25
TOKENS = 100_000
"""Training tokens from one evaluation to the next."""
MOST = 3_000
"""Evaluations after which a campaign without a verdict is given up."""
T0 = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A simulated campaign. `spent`: tokens after the last promotion, in medians of what its levels took."""

    family: str
    cap: int | None
    kind: CapKind
    verdict: Verdict | None
    evaluations: int
    spent: float

    @property
    def found(self) -> bool:
        if self.verdict is None:
            return False
        if self.cap is None or self.verdict.kind == CapKind.LADDER_EXHAUSTED:
            return self.cap is None and self.verdict.kind == CapKind.LADDER_EXHAUSTED
        return abs(self.verdict.cap_level - self.cap) <= 1

    @property
    def exact(self) -> bool:
        return self.found and self.verdict is not None and self.verdict.cap_level == self.cap

    @property
    def false_stop(self) -> bool:
        if self.verdict is None or self.verdict.kind == CapKind.LADDER_EXHAUSTED:
            return False
        return self.cap is None or self.verdict.cap_level < self.cap


def measure(quick: bool, tell: Callable[[str], None]) -> list[Row]:
    """Found, false stops and time over all campaigns; then each family of learners by itself."""
    count = QUICK if quick else CAMPAIGNS
    tell(f"{count:,} campaigns of {len(FAMILIES)} families of learners")
    clock, cpu = time.perf_counter(), time.process_time()
    outcomes = simulate(count)
    seconds = Row(
        "level cap: seconds for all campaigns",
        f"{sum(each.evaluations for each in outcomes):,} evaluations; {time.process_time() - cpu:.1f} s of CPU",
        time.perf_counter() - clock,
        "s",
        count,
        at_most=60,
    )
    families = [_family(name, [each for each in outcomes if each.family == name]) for name in FAMILIES]
    tell(LATE)
    late = _family(LATE, simulate(5 if quick else LATE_ONES, families=(LATE,)))
    return [*_totals(outcomes), seconds, *families, late]


def _totals(outcomes: Sequence[Outcome]) -> list[Row]:
    capped = [each for each in outcomes if each.cap is not None]
    spent = [each.spent for each in capped if each.found]
    kinds = [each for each in capped if each.verdict is not None and not each.false_stop]
    far = sum(each.false_stop and not each.found for each in outcomes)
    return [
        Row(
            "level cap: found within ±1 of the planted one",
            f"exactly {_percent([each.exact for each in capped]):.1f} %; without a verdict "
            f"{sum(each.verdict is None for each in capped)}; tokens after the last promotion ÷ a level's: "
            f"median {median(spent):.1f}, p95 {p95(spent):.1f}",
            _percent([each.found for each in capped]),
            "%",
            len(capped),
            at_least=95,
        ),
        Row(
            "level cap: stops below the planted cap, by one level too",
            f"by two or more, or on a ladder without a cap: {far} campaigns",
            _percent([each.false_stop for each in outcomes]),
            "%",
            len(outcomes),
            at_most=5,
        ),
        Row(
            "level cap: kind said right, where the stop was not false",
            _confusions(kinds),
            _percent([each.verdict is not None and each.verdict.kind == each.kind for each in kinds]),
            "%",
            len(kinds),
        ),
    ]


def simulate(count: int, rule: CapRule | None = None, families: Sequence[str] = tuple(FAMILIES)) -> list[Outcome]:
    """`count` campaigns, the families in turn; campaign i depends on i alone."""
    return [campaign(families[i % len(families)], i, rule or CapRule()) for i in range(count)]


def campaign(family: str, seed: int, rule: CapRule) -> Outcome:
    """One campaign to its verdict, or to MOST evaluations."""
    learner = LEARNERS[family](Random(seed))
    run = _Campaign(learner, rule, seed)
    while run.verdict is None and run.evaluations < MOST:
        run.go_on()
    costs = [b - a for a, b in zip([0, *run.promoted], run.promoted, strict=False)]
    since = run.evaluations - run.promoted[-1] if run.promoted else run.evaluations
    return Outcome(
        family, learner.cap, learner.kind, run.verdict, run.evaluations, since / median(costs) if costs else 0.0
    )


class _Campaign:
    """What CampaignDirector and SkillEngine do, in small."""

    def __init__(self, learner: Learner, rule: CapRule, seed: int) -> None:
        self.learner = learner
        self.random = np.random.default_rng(seed)
        self.level_rule = LevelRule(learner.max_level)
        self.state = SkillState("sim-1", "sim", learner.max_level)
        self.watch = CapWatch("SIM", learner.max_level, rule)
        self.promoted: list[int] = []
        self.evaluations = 0
        self.verdict: Verdict | None = None

    def go_on(self) -> None:
        """Train, evaluate, promote, decide, and do what was decided."""
        level = self.state.training_level
        self.learner.train(level, self.watch.under_way)
        self.evaluations += 1
        seen = self._observe(level, self.evaluations * TOKENS)
        promoted = self._promoted(seen)
        if promoted:
            self.promoted.append(self.evaluations)
        self.verdict = self.watch.see(seen, promoted).verdict

    def _observe(self, level: int, tokens: int) -> Observation:
        held_out, trained = self.learner.accuracies(level)
        train_n = PROBLEMS if self.watch.decision.ask_training else 0
        review = 1 + self.evaluations % (level - 1) if level > 1 else None
        review_n = REVIEWED if review else 0
        mine, mastered = self.learner.shares()
        return Observation(
            self.evaluations,
            tokens,
            level,
            PROBLEMS,
            self._right(PROBLEMS, held_out),
            train_n,
            self._right(train_n, trained),
            review,
            review_n,
            self._right(review_n, self.learner.review(review)) if review else 0,
            mine,
            mastered,
        )

    def _promoted(self, seen: Observation) -> bool:
        evaluation = Evaluation(
            "sim-1", "sim", seen.level, seen.step, seen.n, seen.correct, 1, self.evaluations % 3, "", T0
        )
        self.state, happenings = advance(self.state, evaluation, self.level_rule)
        return any(each.change == Change.LEVEL_MASTERED for each in happenings)

    def _right(self, n: int, probability: float) -> int:
        return int(self.random.binomial(n, probability))


def _family(name: str, outcomes: Sequence[Outcome]) -> Row:
    ladder = all(each.cap is None for each in outcomes)
    spent = [each.spent for each in outcomes if each.found]
    stops = _percent([each.false_stop for each in outcomes])
    above = sum(
        each.verdict is not None and each.cap is not None and each.verdict.cap_level > each.cap for each in outcomes
    )
    return Row(
        f"level cap, {name} learners: {'ladder exhausted, said so' if ladder else 'found within ±1'}",
        f"stopped below {stops:.1f} %, above {_percent([True] * above + [False] * (len(outcomes) - above)):.1f} %; "
        f"without a verdict {sum(each.verdict is None for each in outcomes)}"
        + ("" if ladder or not spent else f"; tokens after the last promotion: median {median(spent):.1f} levels"),
        _percent([each.found for each in outcomes]),
        "%",
        len(outcomes),
    )


def _confusions(outcomes: Sequence[Outcome]) -> str:
    kinds = {each.kind for each in outcomes}
    parts = [
        f"{kind} {sum(each.verdict is not None and each.verdict.kind == kind for each in of)} of {len(of)}"
        for kind in sorted(kinds)
        for of in [[each for each in outcomes if each.kind == kind]]
    ]
    return ", ".join(parts)


def _percent(flags: Sequence[bool]) -> float:
    return 100 * sum(flags) / len(flags) if flags else 0.0
