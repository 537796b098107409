"""What each level had cost: steps, tokens, examples, seconds of training since the promotion before it. Knows no rows.

Counters are known at the metric points of battles, which are thinned with time; between two points they are
interpolated linearly over the steps.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Counters:
    """What a campaign had taken at `step`, from its first step on."""

    step: int
    tokens: float
    examples: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Mastery:
    """A level of a skill that was mastered by the evaluation of `step`."""

    skill_id: str
    level: int
    step: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Transition:
    """A promotion with what the campaign had taken by then, and what this level took since the skill's promotion before
    it, or the campaign's start. None = no point tells."""

    skill_id: str
    level: int
    step: int
    at: datetime
    total: Counters | None
    cost: Counters | None


BEGINNING = Counters(0, 0.0, 0.0, 0.0)


def at_step(points: Sequence[Counters], step: int) -> Counters | None:
    """The counters at a step: of the point there, else between its neighbours; the campaign's beginning is one. Beyond
    the last point they are not known. `points` ascend by step."""
    place = bisect_left(points, step, key=lambda point: point.step)
    if place == len(points):
        return None
    after = points[place]
    before = points[place - 1] if place else BEGINNING
    if after.step == step or after.step == before.step:
        return after
    share = (step - before.step) / (after.step - before.step)
    return Counters(
        step,
        before.tokens + share * (after.tokens - before.tokens),
        before.examples + share * (after.examples - before.examples),
        before.seconds + share * (after.seconds - before.seconds),
    )


def transitions(promotions: Sequence[Mastery], points: Sequence[Counters]) -> tuple[Transition, ...]:
    """Each promotion with its cost, in the order given, which is that of time."""
    last: dict[str, Counters | None] = {}
    found: list[Transition] = []
    for each in promotions:
        total, before = at_step(points, each.step), last.get(each.skill_id, BEGINNING)
        cost = None if total is None or before is None else _difference(total, before)
        found.append(Transition(each.skill_id, each.level, each.step, each.at, total, cost))
        last[each.skill_id] = total
    return tuple(found)


def _difference(after: Counters, before: Counters) -> Counters:
    return Counters(
        after.step - before.step,
        after.tokens - before.tokens,
        after.examples - before.examples,
        after.seconds - before.seconds,
    )
