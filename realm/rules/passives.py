"""Passives: results pooled over checkpoints, the peak, and when a fall below it is more than chance.

Does not know what a passive asks. Results of different versions of a passive are never compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from math import sqrt
from statistics import NormalDist
from typing import Final

from realm.errors import RealmError
from realm.rules.progression import wilson_interval

POOLED_RUNS: Final = 10
"""LITE results that are pooled: 50 problems; one of them, 5 problems, says little."""
Z: Final = 1.96
FALSE_ALARMS: Final = 0.05
"""Chance of a warning at a hero whose ability does not change (1,000 results; measured 0.00 to 0.02)."""


class PassiveMode(StrEnum):
    """How many problems of each passive are asked: at every checkpoint, and on request."""

    LITE = "lite"
    FULL = "full"

    @property
    def problems(self) -> int:
        return 5 if self == PassiveMode.LITE else 30


@dataclass(frozen=True, slots=True)
class PassiveResult:
    """One passive asked of one hero. `id` is 0 until it is recorded."""

    campaign_id: str
    passive: str
    version: int
    mode: PassiveMode
    step: int
    n: int
    correct: int
    job_id: str
    at: datetime
    checkpoint_id: str | None = None
    battle_id: str | None = None
    id: int = 0

    def __post_init__(self) -> None:
        if self.n < 1 or not 0 <= self.correct <= self.n:
            raise RealmError(
                f"Passive {self.passive} has {self.correct} correct of n={self.n}.", "n is 1 or more, correct 0 to n."
            )


@dataclass(frozen=True, slots=True)
class Pool:
    """Results taken together. `step` is that of the newest."""

    n: int
    correct: int
    step: int

    @property
    def accuracy(self) -> float:
        return self.correct / self.n

    def interval(self, z: float = Z) -> tuple[float, float]:
        return wilson_interval(self.correct, self.n, z)


@dataclass(frozen=True, slots=True)
class PassiveState:
    """Where a campaign stands in one version of a passive. `runs` counts its LITE results; `peak` is its best pool."""

    campaign_id: str
    passive: str
    version: int
    runs: int = 0
    peak: Pool | None = None
    regressed: bool = False


class Turn(StrEnum):
    """What a result brought about."""

    REGRESSED = "regressed"
    RECOVERED = "recovered"


def pool_of(results: Sequence[PassiveResult], size: int = POOLED_RUNS) -> Pool | None:
    """The last `size` LITE results, oldest first, as one; None while there are fewer.

    Raises:
        RealmError: they are of several versions.
    """
    if len({(each.passive, each.version) for each in results}) > 1:
        raise RealmError("Results of several passives or versions cannot be pooled.", "Pool one version at a time.")
    last = [each for each in results if each.mode == PassiveMode.LITE][-size:]
    if len(last) < size:
        return None
    return Pool(sum(each.n for each in last), sum(each.correct for each in last), last[-1].step)


def strictness(runs: int) -> float:
    """z of the intervals that are held against each other after `runs` results; 1.96 or more.

    The peak is the best of all pools so far, and by chance the best of many is far above the rest. Any two of `runs`
    pools may be the pair compared, so each comparison gets the share 1 / runs² of FALSE_ALARMS (Bonferroni). Intervals
    that just part mean a difference of 2 z standard errors of one, √2 z of the difference; hence the √2.
    """
    return max(Z, NormalDist().inv_cdf(1 - FALSE_ALARMS / max(runs, 1) ** 2) / sqrt(2))


def advance(state: PassiveState, pool: Pool | None) -> tuple[PassiveState, Turn | None]:
    """The state after another LITE result, whose `pool` is None while there are too few.

    A warning begins when the pool's interval lies wholly below the peak's, both at `strictness`. It ends when the two
    meet at 95 %, so that it does not come and go at its edge.
    """
    state = replace(state, runs=state.runs + 1)
    if pool is None:
        return state, None
    peak = state.peak
    if peak is None or pool.interval()[0] > peak.interval()[0]:
        peak = pool
    state = replace(state, peak=peak)
    z = strictness(state.runs)
    if not state.regressed and pool.interval(z)[1] < peak.interval(z)[0]:
        return replace(state, regressed=True), Turn.REGRESSED
    if state.regressed and pool.interval()[1] >= peak.interval()[0]:
        return replace(state, regressed=False), Turn.RECOVERED
    return state, None


def compared(pool: Pool, peak: Pool) -> str:
    """The two in words, with their 95 % intervals."""
    return f"{_worded(pool)}, at its peak {_worded(peak)}"


def panel_version(passives: Iterable[tuple[str, int]]) -> str:
    """Names a set of passives by their ids and versions. 12 hex digits."""
    names = ",".join(sorted(f"{name}@{version}" for name, version in passives))
    return blake2b(names.encode(), digest_size=6).hexdigest()


def _worded(pool: Pool) -> str:
    low, high = pool.interval()
    return f"{pool.correct} of {pool.n} ({low:.2f} to {high:.2f}) at step {pool.step}"
