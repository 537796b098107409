"""A campaign's record as pages show it, over the books: bests, strain, milestones, overrides, warnings. Knows no actor.

All of it is computed from rows each time; only the notes of milestones are written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import log
from typing import Any
from uuid import uuid4

from actors.rows import flat_row_of, row_of
from realm.catalog.honours import Honours, shipped_honours
from realm.errors import NotFoundError, RequestError
from realm.rules.bests import Mark
from realm.rules.milestones import OWN, Milestone, milestones_of, with_notes
from realm.rules.progression import wilson_interval
from realm.rules.strain import ENOUGH_WINDOWS, FACTORS, Strain, StrainZone
from realm.store.campaign_bests import BestsReader, CampaignBests
from realm.store.campaign_warnings import WarningStore
from realm.store.database import Database
from realm.store.milestones import MilestoneStore
from skills import Engine

FORMULA = "floor = 5 % quantile of the window medians; strain = median of a window − floor"


class CampaignBooks:
    """`record` reads, `note` writes. From any thread."""

    def __init__(self, database: Database, engine: Engine, honours: Callable[[], Honours] = shipped_honours) -> None:
        self.bests = BestsReader(database)
        self.milestones = MilestoneStore(database)
        self.warnings = WarningStore(database)
        self.engine = engine
        self.honours = honours

    def record(self, campaign_id: str) -> dict[str, Any]:
        """What the campaign has done, JSON-ready: see `TavernBackend.campaign`.

        Raises:
            NotFoundError: no such campaign.
        """
        found = self.bests.read(campaign_id)
        return {
            "skills": [self._skill(each) for each in (*self.engine.list_skills(), *self._unavailable())],
            "bests": _bests(found),
            "strain": _strain(found.strain),
            "milestones": [milestone_row(each) for each in self._milestones(campaign_id)],
            "overrides": self._overrides(campaign_id),
            "warnings": [
                {"kind": each.kind.value, "text": each.text, "since": each.since.isoformat()}
                for each in self.warnings.standing(campaign_id)
            ],
        }

    def note(
        self, campaign_id: str, key: str | None, title: str, note: str | None, now: datetime, call: str | None
    ) -> Milestone:
        """Write a note to the milestone `key`; without a key, make one with this title at the present step. A note of
        None takes back what was written: an own milestone is gone then. `call` is the same when the call runs again.

        Raises:
            NotFoundError: no such campaign, or no such milestone.
            RequestError: a milestone without a title, or a text that is too long.
        """
        if key is None:
            if not title.strip():
                raise RequestError("The milestone has no title.", "Give it one.")
            step = self.milestones.present_step(campaign_id)
            made = Milestone(f"{OWN}{call or uuid4().hex}", now, step, title.strip(), (note or "").strip())
            self.milestones.write(campaign_id, made)
            return made
        found = next((each for each in self._milestones(campaign_id) if each.key == key), None)
        if found is None:
            raise NotFoundError(f"Campaign {campaign_id} has no milestone {key!r}.", "Its record lists those it has.")
        if note is None or not (note.strip() or found.own):
            self.milestones.erase(campaign_id, key)
            return Milestone(key, found.at, found.step, found.title)
        noted = Milestone(key, found.at, found.step, found.title, note.strip())
        self.milestones.write(campaign_id, noted)
        return noted

    def _milestones(self, campaign_id: str) -> tuple[Milestone, ...]:
        honours = self.honours()
        names = {f"title:{each.id}": each.name for each in honours.titles}
        names |= {f"achievement:{each.id}": each.name for each in honours.achievements}
        skills = {each.id: each.name for each in (*self.engine.list_skills(), *self._unavailable())}
        found = milestones_of(self.milestones.deeds(campaign_id), skills, names)
        return with_notes(found, self.milestones.written(campaign_id))

    def _overrides(self, campaign_id: str) -> dict[str, Any] | None:
        found = self.milestones.overrides(campaign_id)
        if found is None:
            return None
        number, began, ended, settings = found
        return {
            "attempt": number,
            "began_at": began.isoformat(),
            "ended_at": None if ended is None else ended.isoformat(),
            "settings": settings,
        }

    def _unavailable(self) -> list[Any]:
        return [skill for skill, _ in self.engine.list_unavailable()]

    def _skill(self, skill: Any) -> dict[str, Any]:
        return {"id": skill.id, "name": skill.name, "colour": skill.colour, "max_level": skill.max_level}


def milestone_row(each: Milestone) -> dict[str, Any]:
    """A milestone as JSON-ready values."""
    return {**row_of(each), "own": each.own}


def _bests(found: CampaignBests) -> dict[str, Any]:
    bests = found.evaluations
    streaks = [
        {
            "skill_id": skill_id,
            "length": each.length,
            "first_step": each.first.step,
            "last_step": each.last.step,
            "going_on": bests.going.get(skill_id) == each,
        }
        for skill_id, each in sorted(bests.longest.items())
    ]
    return {
        "levels": [_mark(mark, found) for _, mark in sorted(bests.levels.items())],
        "accuracy": None if bests.accuracy is None else _mark(bests.accuracy, found),
        "streaks": streaks,
        "train_loss": None if found.train_loss is None else row_of(found.train_loss),
        "val_loss": None if found.val_loss is None else row_of(found.val_loss),
        "exam": None if found.exam is None else row_of(found.exam),
    }


def _mark(mark: Mark, found: CampaignBests) -> dict[str, Any]:
    low, high = wilson_interval(mark.correct, mark.n)
    return {
        "evaluation_id": mark.id,
        "skill_id": mark.skill_id,
        "level": mark.level,
        "step": mark.step,
        "n": mark.n,
        "correct": mark.correct,
        "accuracy": mark.correct / mark.n,
        "low": low,
        "high": high,
        "at": found.moments[mark.id].isoformat(),
    }


def _strain(found: Strain) -> dict[str, Any]:
    held = found.in_zones()
    starts = [0.0, *(log(factor) for factor in FACTORS.values())]
    return {
        "formula": FORMULA,
        "width": found.width,
        "needed": ENOUGH_WINDOWS,
        "windows": [[each.first, each.last, each.points, each.loss] for each in found.windows],
        "floor": None if found.floor is None else flat_row_of(found.floor),
        "now": found.now,
        "zone": found.zone(found.windows[-1]) if found.windows else None,
        "zones": [
            {"id": zone.value, "from": begin, "factor": FACTORS.get(zone), "windows": held[zone]}
            for zone, begin in zip(StrainZone, starts, strict=True)
        ],
    }
