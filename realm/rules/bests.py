"""Personal bests of a campaign in its evaluations, told on from one reading to the next. Knows no rows.

Only evaluations of at least 100 problems count, as for titles (realm.rules.record).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from realm.rules.record import ENOUGH_PROBLEMS, passes

Level = tuple[str, int]


class Mark(NamedTuple):
    """An evaluation. Ids rise in the order in which they were recorded."""

    id: int
    skill_id: str
    level: int
    step: int
    n: int
    correct: int


@dataclass(frozen=True, slots=True)
class Streak:
    """So many evaluations of a skill in a row, over all its levels, at or above 0.80."""

    length: int
    first: Mark
    last: Mark


@dataclass(frozen=True, slots=True)
class Bests:
    """Of the evaluations up to the id `upto`.

    `levels`: of each (skill id, level) the evaluation with the best accuracy; of equals the one with more problems, of
    those the first. `longest`: the longest streak of each skill, of equals the first; `going`: the one that its newest
    evaluation belongs to.
    """

    upto: int = 0
    levels: Mapping[Level, Mark] = field(default_factory=dict[Level, Mark])
    longest: Mapping[str, Streak] = field(default_factory=dict[str, Streak])
    going: Mapping[str, Streak] = field(default_factory=dict[str, Streak])

    @property
    def accuracy(self) -> Mark | None:
        """The best of all levels; of equals that of the highest level."""
        return max(self.levels.values(), key=lambda mark: (mark.correct / mark.n, mark.level, -mark.id), default=None)


def advanced(bests: Bests, marks: Iterable[Mark]) -> Bests:
    """The bests with the evaluations that came since, in the order of their ids."""
    levels, longest, going = dict(bests.levels), dict(bests.longest), dict(bests.going)
    upto = bests.upto
    for mark in marks:
        upto = mark.id
        if mark.n < ENOUGH_PROBLEMS:
            continue
        here = (mark.skill_id, mark.level)
        if here not in levels or _better(mark, levels[here]):
            levels[here] = mark
        if not passes(mark.correct, mark.n):
            going.pop(mark.skill_id, None)
            continue
        run = going.get(mark.skill_id)
        run = Streak(1, mark, mark) if run is None else Streak(run.length + 1, run.first, mark)
        going[mark.skill_id] = run
        if mark.skill_id not in longest or run.length > longest[mark.skill_id].length:
            longest[mark.skill_id] = run
    return replace(bests, upto=upto, levels=levels, longest=longest, going=going)


def _better(one: Mark, other: Mark) -> bool:
    """In whole numbers, so that equals are equal."""
    return (one.correct * other.n, one.n) > (other.correct * one.n, other.n)
