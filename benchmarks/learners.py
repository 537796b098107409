"""Simulated learners with a planted cap: how accurate each is on a level after so much training. They train nothing.

A learner's true cap L is the highest level on which its accuracy, without noise, comes to lie above the threshold
(with the right intervention, where one is needed), as on all levels below. From L + 1 on it ends at 0.25 to 0.70, far
enough from 0.80 that no luck of three evaluations masters it. Time is in evaluations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp, sqrt
from random import Random
from typing import Final, Protocol

from realm.rules.climb import InterventionKind
from realm.rules.level_cap import CapKind
from realm.rules.schedule import Mix, level_shares

LADDER: Final = 30
SHORT_LADDER: Final = 12
TAU: Final = 4.0
"""Evaluations in which a learner covers 63 % of what is left to learn on a level: it takes 8 to 10 in all."""
LAST: Final = 0.94
"""Accuracy that a level within the cap comes to."""
FREED_BY: Final = {
    InterventionKind.LEARNING_RATE: 0.6,
    InterventionKind.EASIER_MIX: 0.25,
    InterventionKind.LARGER_BATCH: 0.15,
}


class Learner(Protocol):
    """`cap` None: it masters its whole ladder. `kind`: what ends its climb."""

    cap: int | None
    kind: CapKind
    max_level: int

    def train(self, level: int, intervention: InterventionKind | None) -> None:
        """Train for the time of one evaluation."""

    def accuracies(self, level: int) -> tuple[float, float]:
        """Probability of a right answer to a held-out problem of the training level, and to one it was trained on."""
        ...

    def review(self, level: int) -> float:
        """Probability of a right answer on a mastered level."""
        ...

    def shares(self) -> tuple[float, float]:
        """Shares of the training that go to the training level and to the mastered ones."""
        ...


@dataclass(frozen=True, slots=True)
class Traits:
    """What the learners of a family have in common.

    `wobble`: standard deviation of accuracy from one evaluation to the next, besides that of 100 problems; it comes and
    goes with a correlation of 0.7. `growth`: each level takes so many times the last one's. `waits`: chance that
    nothing is seen of a level for 1 to `longest_wait` times the usual, until it is learned at a jump. `stuck`: chance
    that a level stays below the threshold until one intervention, drawn by FREED_BY, is tried.
    """

    wobble: float = 0.01
    growth: tuple[float, float] = (1.0, 1.0)
    waits: float = 0.0
    longest_wait: float = 0.0
    stuck: float = 0.0
    caps: tuple[int, int] = (3, 25)
    capped: bool = True


@dataclass(slots=True)
class Curve:
    """One level of one learner: from `start` to `last`, by a saturating exponential after `wait`."""

    start: float
    last: float
    tau: float
    wait: float = 0.0
    train_last: float = 0.0
    train_wait: float = 0.0
    freed_by: InterventionKind | None = None
    trained: float = 0.0

    def at(self, last: float, wait: float) -> float:
        return last - (last - self.start) * exp(-max(0.0, self.trained - wait) / self.tau)


@dataclass(slots=True)
class Climber:
    """A learner whose levels are learned one after the other; those behind it keep."""

    traits: Traits
    random: Random
    max_level: int = LADDER
    cap: int | None = None
    kind: CapKind = CapKind.CAPACITY
    level: int = 0
    curve: Curve = field(default_factory=lambda: Curve(0, 0, 1))
    noise: float = 0.0
    growth: float = 1.0

    def __post_init__(self) -> None:
        self.growth = self.random.uniform(*self.traits.growth)
        if self.traits.capped:
            self.cap = self.random.randint(*self.traits.caps)
            self.kind = self.random.choice((CapKind.CAPACITY, CapKind.GENERALIZATION))
        else:
            self.max_level = SHORT_LADDER

    def train(self, level: int, intervention: InterventionKind | None) -> None:
        if level != self.level:
            self.level, self.curve = level, self._curve(level)
        curve = self.curve
        if curve.freed_by is not None and intervention == curve.freed_by:
            curve.start, curve.last, curve.trained, curve.freed_by = self._now(), LAST, 0.0, None
            curve.train_last = LAST
        curve.trained += 1
        self.noise = 0.7 * self.noise + sqrt(1 - 0.7**2) * self.random.gauss(0, self.traits.wobble)

    def accuracies(self, level: int) -> tuple[float, float]:
        trained = self.curve.at(self.curve.train_last, self.curve.train_wait)
        return _probability(self._now() + self.noise), _probability(max(trained, self._now()) + self.noise)

    def review(self, level: int) -> float:
        return _probability(LAST + self.noise)

    def shares(self) -> tuple[float, float]:
        return 0.42, 0.48

    def _now(self) -> float:
        return self.curve.at(self.curve.last, self.curve.wait)

    def _curve(self, level: int) -> Curve:
        random, traits = self.random, self.traits
        tau = TAU * self.growth**level * random.lognormvariate(0, 0.35)
        start, early = random.uniform(0.1, 0.4), self.kind == CapKind.GENERALIZATION
        if self.cap is not None and level > self.cap:
            last = random.uniform(0.25, 0.70)
            return Curve(min(start, last), last, tau, train_last=0.97 if early else last)
        curve = Curve(start, LAST, tau, train_last=LAST)
        if random.random() < traits.waits:
            # Usual is what a level takes that is not waited for.
            curve.wait = random.uniform(1, traits.longest_wait) * 2.5 * TAU
            curve.train_wait = 0.0 if early else curve.wait
            curve.tau = 1.0
        if random.random() < traits.stuck:
            curve.last = curve.train_last = random.uniform(max(start, 0.3), 0.65)
            curve.freed_by = random.choices(list(FREED_BY), list(FREED_BY.values()))[0]
        return curve


@dataclass(slots=True)
class Forgetter:
    """A learner with room for so much: what goes beyond is taken from all levels in proportion.

    Its training is shared by the realm's own rule (realm.rules.schedule), so that levels that lapse are given more.
    The planted cap is the number of levels for which there is room at the threshold.
    """

    random: Random
    max_level: int = LADDER
    cap: int | None = None
    kind: CapKind = CapKind.FORGETTING
    room: float = 0.0
    strengths: dict[int, float] = field(default_factory=dict[int, float])
    asked: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    mix: dict[int, float] = field(default_factory=dict[int, float])
    level: int = 1

    def __post_init__(self) -> None:
        self.cap = self.random.randint(4, 20)
        self.room = 0.8 * self.cap + 0.4

    def train(self, level: int, intervention: InterventionKind | None) -> None:
        easier = intervention == InterventionKind.EASIER_MIX
        mix = Mix(replay=0.5, ahead=0.0) if easier else Mix()
        self.level = level
        self.mix = level_shares(level - 1, self.max_level, self.asked, mix)
        for each, share in self.mix.items():
            strength = self.strengths.get(each, 0.15)
            self.strengths[each] = strength + (1 - exp(-0.5 * share)) * (0.98 - strength)
        over = sum(self.strengths.values()) / self.room
        if over > 1:
            self.strengths = {each: strength / over for each, strength in self.strengths.items()}

    def accuracies(self, level: int) -> tuple[float, float]:
        held_out = self.strengths[level]
        self.asked[level] = 50, round(50 * held_out)
        return held_out, held_out

    def review(self, level: int) -> float:
        strength = self.strengths[level]
        self.asked[level] = 50, sum(self.random.random() < strength for _ in range(50))
        return strength

    def shares(self) -> tuple[float, float]:
        mastered = sum(share for each, share in self.mix.items() if each < self.level)
        return self.mix[self.level], mastered


FAMILIES: Final[dict[str, Callable[[Random], Learner]]] = {
    "plain": lambda random: Climber(Traits(), random),
    "noisy": lambda random: Climber(Traits(wobble=0.06), random),
    "slow": lambda random: Climber(Traits(wobble=0.02, growth=(1.05, 1.15), caps=(3, 20)), random),
    "grokking": lambda random: Climber(Traits(wobble=0.02, waits=0.3, longest_wait=4), random),
    "stuck": lambda random: Climber(Traits(wobble=0.02, stuck=0.2), random),
    "mixed": lambda random: Climber(
        Traits(wobble=0.04, growth=(1.0, 1.1), waits=0.15, longest_wait=4, stuck=0.1, caps=(3, 20)), random
    ),
    "forgetting": Forgetter,
    "no cap": lambda random: Climber(Traits(wobble=0.03, growth=(1.0, 1.1), stuck=0.05, capped=False), random),
}
LATE: Final = "late grokking"
"""Learners whose plateaus are 1 to 10 times the usual: those beyond 5 outlast what the rule waits for."""
LEARNERS: Final[dict[str, Callable[[Random], Learner]]] = {
    **FAMILIES,
    LATE: lambda random: Climber(Traits(wobble=0.02, waits=0.3, longest_wait=10), random),
}


def _probability(value: float) -> float:
    return min(1.0, max(0.0, value))
