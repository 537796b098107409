"""What is trained next: each skill's share of the training, and each level's share within a skill.

Knows no generator, no record and no clock: accuracies come in as counts, shares go out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from realm.errors import RealmError

K = TypeVar("K")

PRIORITIES: Final = range(1, 10)
PRIORITY: Final = 5
FOCUS_SHARE: Final = 0.8
"""What the skill in focus gets of the training while there are others."""
ENDED: Final = 0.25
"""Weight of a skill whose climb has ended, beside 1 for the others: it is only kept."""
RECENT: Final = 20
"""Generated quests that are looked back on when the next one's leading skill is chosen."""
LEAD: Final = 0.6
"""What the training level has at least beside mastered levels that are not safe, while every mastered level is at the
threshold: they grow in number, it does not."""
EPSILON: Final = 0.02
"""Weight of a level on which nothing can be gained, beside at most 1/4 for p(1 − p)."""


class Strategy(StrEnum):
    """How the training is shared between the enabled skills."""

    EQUAL = "equal"
    FOCUS = "focus"
    WEIGHTED = "weighted"
    LOWEST_FIRST = "lowest_first"


STRATEGIES: Final[Mapping[Strategy, str]] = {
    Strategy.EQUAL: "Each enabled skill gets the same share.",
    Strategy.FOCUS: f"One skill gets {FOCUS_SHARE:.0%}, the others share the rest.",
    Strategy.WEIGHTED: "Shares in proportion to the skills' priorities, 1 to 9.",
    Strategy.LOWEST_FIRST: f"The skill with the smallest part of its ladder mastered gets {FOCUS_SHARE:.0%}.",
}


class MixKind(StrEnum):
    """How a skill's examples are spread over its levels."""

    LEARNABLE = "learnable"
    UNIFORM = "uniform"


@dataclass(frozen=True, slots=True)
class Mix:
    """How a skill's part of a quest is spread over levels.

    LEARNABLE: `ahead` goes to the level after the training level; `replay` to mastered levels that are safe, in
    proportion to 1 − p + ε; the rest to the training level and to mastered levels that are not, in proportion to
    p(1 − p) + ε, but at least LEAD of it, times the part of the mastered levels that are at the threshold, to the
    training level. Safe is half-way from the threshold to 1: at 0.90 for 0.80. UNIFORM: the same to every level up to
    the one after the training level.
    """

    kind: MixKind = MixKind.LEARNABLE
    replay: float = 0.20
    ahead: float = 0.10

    def __post_init__(self) -> None:
        if min(self.replay, self.ahead) < 0 or self.replay + self.ahead > 1:
            raise RealmError(
                f"A mix of {self.replay:g} replay and {self.ahead:g} of the next level.",
                "Both are 0 or more, and at most 1 together.",
            )


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign's way of training: the strategy over skills and the mix over levels."""

    strategy: Strategy = Strategy.EQUAL
    focus: str | None = None
    mix: Mix = Mix()


@dataclass(frozen=True, slots=True)
class Preset:
    """A plan with a name."""

    id: str
    title: str
    about: str
    strategy: Strategy
    mix: Mix


PRESETS: Final = (
    Preset(
        "climb",
        "Climb",
        "What can be learned now; a fifth replays safely mastered levels, where there are any; a tenth is of the next.",
        Strategy.EQUAL,
        Mix(),
    ),
    Preset(
        "consolidate",
        "Consolidate",
        "Half replays safely mastered levels, where there are any, the weaker ones most; nothing of the next level.",
        Strategy.EQUAL,
        Mix(replay=0.50, ahead=0.0),
    ),
    Preset("catch_up", "Catch up", "The skill that is furthest behind comes first.", Strategy.LOWEST_FIRST, Mix()),
    Preset(
        "uniform",
        "Uniform",
        "The same to every level up to the one after the training level: the comparison.",
        Strategy.EQUAL,
        Mix(kind=MixKind.UNIFORM),
    ),
)


@dataclass(frozen=True, slots=True)
class SkillSetting:
    """A campaign's settings of one skill."""

    skill_id: str
    enabled: bool
    priority: int = PRIORITY

    def __post_init__(self) -> None:
        if self.priority not in PRIORITIES:
            raise RealmError(
                f"Priority {self.priority} for skill {self.skill_id!r}.",
                f"Priorities are {PRIORITIES[0]} to {PRIORITIES[-1]}.",
            )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an enabled skill stands. `capped`: a verdict says that it climbs no further."""

    skill_id: str
    mastered_level: int
    max_level: int
    priority: int = PRIORITY
    capped: bool = False

    @property
    def ended(self) -> bool:
        return self.capped or self.mastered_level >= self.max_level


def mix_in_words(mix: Mix) -> str:
    """What a mix gives the levels of a skill."""
    if mix.kind == MixKind.UNIFORM:
        return "uniform: the same to every level up to the one after the training level"
    shares = f"{100 * mix.replay:g}% to safely mastered levels and {100 * mix.ahead:g}% to the next level"
    return f"learnable: {shares}, where there are any; the rest to what can be learned now"


def preset_of(plan: Plan) -> str | None:
    """Id of the preset that `plan` is, or None if it was put together by hand."""
    return next((each.id for each in PRESETS if (each.strategy, each.mix) == (plan.strategy, plan.mix)), None)


def skill_shares(plan: Plan, standings: Sequence[Standing]) -> dict[str, float]:
    """Each enabled skill's share of the training; they add up to 1 (none enabled: empty).

    The focus of a plan that focuses on a skill that is not enabled falls to none: the shares are equal then.
    """
    if not standings:
        return {}
    weights = {each.skill_id: ENDED if each.ended else 1.0 for each in standings}
    first: str | None = None
    if plan.strategy == Strategy.WEIGHTED:
        weights = {each.skill_id: weights[each.skill_id] * each.priority for each in standings}
    elif plan.strategy == Strategy.FOCUS:
        first = plan.focus if plan.focus in weights else None
    elif plan.strategy == Strategy.LOWEST_FIRST:
        climbing = [each for each in standings if not each.ended]
        lowest = min(climbing, key=lambda each: (each.mastered_level / each.max_level, each.skill_id), default=None)
        first = lowest.skill_id if lowest else None
    if first is None or len(weights) == 1:
        return _shares(weights, 1.0)
    return {first: FOCUS_SHARE} | _shares({k: v for k, v in weights.items() if k != first}, 1 - FOCUS_SHARE)


def leading_skill(shares: Mapping[str, float], recent: Sequence[str]) -> str:
    """The skill that the next quest is named after: the one whose part of the `recent` leads is furthest below its
    share."""
    led = Counter(skill_id for skill_id in recent[-RECENT:] if skill_id in shares)
    return min(shares, key=lambda skill_id: ((led[skill_id] + 1) / shares[skill_id], skill_id))


def level_shares(
    mastered_level: int, max_level: int, results: Mapping[int, tuple[int, int]], mix: Mix, threshold: float = 0.80
) -> dict[int, float]:
    """Each level's share of a skill's examples; they add up to 1.

    `results`: level → (problems asked, right answers) of its latest evaluations. p is right ÷ asked, 1/2 for a level
    never asked. Below 1/2, p counts as 1/2 in p(1 − p): a level that is not understood yet is what is to be learned,
    and the product alone would leave it out. When every level is mastered, none leads.
    """
    training_level = min(mastered_level + 1, max_level)
    ahead = training_level + 1 if training_level < max_level else None
    if mix.kind == MixKind.UNIFORM:
        levels = range(1, (ahead or training_level) + 1)
        return {level: 1 / len(levels) for level in levels}
    known = {level: _p(*results.get(level, (0, 0))) for level in range(1, training_level + 1)}
    safe = {level: p for level, p in known.items() if level <= mastered_level and p >= (1 + threshold) / 2}
    learnable = {level: max(p, 0.5) * (1 - max(p, 0.5)) + EPSILON for level, p in known.items() if level not in safe}
    if 0 < mastered_level < max_level:
        lead = LEAD * sum(known[level] >= threshold for level in range(1, training_level)) / mastered_level
        shaky = sum(learnable.values()) - learnable[training_level]
        learnable[training_level] = max(learnable[training_level], shaky * lead / (1 - lead))
    next_share = mix.ahead if ahead else 0.0
    replay = (mix.replay if learnable else 1.0) if safe else 0.0
    shares = _shares({level: 1 - p + EPSILON for level, p in safe.items()}, replay)
    shares |= _shares(learnable, 1 - replay - next_share)
    if ahead and next_share:
        shares[ahead] = next_share
    return shares


def whole_counts(shares: Mapping[K, float], count: int) -> dict[K, int]:
    """`count` dealt out by `shares` in whole numbers, by the largest remainder (Hamilton); zeros are left out."""
    exact = {key: share * count for key, share in shares.items()}
    whole = {key: int(value) for key, value in exact.items()}
    left = count - sum(whole.values())
    for key in sorted(exact, key=lambda key: whole[key] - exact[key])[:left]:
        whole[key] += 1
    return {key: value for key, value in whole.items() if value}


def _p(asked: int, right: int) -> float:
    return right / asked if asked else 0.5


def _shares(weights: Mapping[K, float], whole: float) -> dict[K, float]:
    total = sum(weights.values())
    return {key: whole * weight / total for key, weight in weights.items()}
