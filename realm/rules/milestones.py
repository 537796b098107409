"""Milestones of a campaign: what its rows tell, and what a person wrote beside it. Knows no rows.

A milestone's key stays the same as long as the rows do, so that a note finds it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from realm.rules.titles import HeldHonour, HonourKind
from realm.rules.transitions import Mastery

EVERY_LEVEL: Final = 5
"""The first mastered level of a skill is a milestone, and each fifth."""
OWN: Final = "own:"
"""Keys of milestones that a person made begin with it."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something to remember at a step of the campaign. `own`: a person made it."""

    key: str
    at: datetime
    step: int
    title: str
    note: str = ""

    @property
    def own(self) -> bool:
        return self.key.startswith(OWN)


@dataclass(frozen=True, slots=True)
class Crowning:
    """A checkpoint that became champion."""

    checkpoint_id: str
    at: datetime
    step: int
    exam_accuracy: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict, by its number."""

    number: int
    words: str
    step: int
    at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Deeds:
    """What a campaign's rows tell. `first_attempt`: when training began. `crownings`: the first, and the champion's."""

    begun_at: datetime
    starting_checkpoint_id: str | None = None
    first_attempt: datetime | None = None
    mastered: tuple[Mastery, ...] = ()
    crownings: tuple[Crowning, ...] = ()
    honours: tuple[HeldHonour, ...] = ()
    verdicts: tuple[Told, ...] = ()


def milestones_of(deeds: Deeds, skills: Mapping[str, str], honours: Mapping[str, str]) -> tuple[Milestone, ...]:
    """The milestones of a campaign, in the order of time. `skills`: names by id, `honours`: names by the key here."""
    start = deeds.starting_checkpoint_id
    begins = f"Begins with {start}" if start else "Begins with the hero’s base model"
    found = [Milestone("begun", deeds.begun_at, 0, begins)]
    if deeds.first_attempt is not None:
        found.append(Milestone("first_step", deeds.first_attempt, 0, "Training begins"))
    for each in deeds.mastered:
        if each.level == 1 or each.level % EVERY_LEVEL == 0:
            title = f"{skills.get(each.skill_id, each.skill_id)} level {each.level} mastered"
            found.append(Milestone(f"level:{each.skill_id}:{each.level}", each.at, each.step, title))
    for place, crowned in enumerate(deeds.crownings):
        accuracy = "" if crowned.exam_accuracy is None else f", exam accuracy {100 * crowned.exam_accuracy:.1f} %"
        words = f"{'Champion' if place else 'First champion'}{accuracy}"
        found.append(Milestone(f"champion:{crowned.checkpoint_id}", crowned.at, crowned.step, words))
    for held in deeds.honours:
        kind = "Title" if held.kind == HonourKind.TITLE else "Achievement"
        key = f"{held.kind}:{held.honour_id}"
        found.append(Milestone(key, held.at, held.step, f"{kind}: {honours.get(key, held.honour_id)}"))
    for verdict in deeds.verdicts:
        withdrawn = "" if verdict.withdrawn_at is None else " (withdrawn)"
        found.append(Milestone(f"verdict:{verdict.number}", verdict.at, verdict.step, f"{verdict.words}{withdrawn}"))
    return tuple(sorted(found, key=_order))


def with_notes(found: Iterable[Milestone], written: Iterable[Milestone]) -> tuple[Milestone, ...]:
    """The milestones with what a person wrote: notes to them, own ones, and noted ones that rows no longer tell of."""
    notes = {each.key: each for each in written}
    known = [replace(each, note=notes.pop(each.key).note) if each.key in notes else each for each in found]
    return tuple(sorted([*known, *notes.values()], key=_order))


def _order(each: Milestone) -> tuple[datetime, int, str]:
    return each.at, each.step, each.key
