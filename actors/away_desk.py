"""What a page asks about an absence, over the books: a plain class that Herald holds. Knows no actor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from actors.rows import row_of
from realm.errors import RequestError
from realm.rules.away import Away, Best, Span, Visit
from realm.rules.campaign import Campaign
from realm.rules.momentum import Standing
from realm.store.away import AwayReader
from realm.store.campaigns import CampaignStore
from realm.store.database import Database
from realm.store.visits import VisitStore


class AwayDesk:
    """Notes who looks, and tells of the last time in which nobody did. `stands` says how a campaign stands now."""

    def __init__(self, database: Database, stands: Callable[[Campaign], Standing]) -> None:
        self.campaigns = CampaignStore(database)
        self.stands = stands
        self.visits = VisitStore(database)
        self.reader = AwayReader(database)

    def visit(self, at: datetime) -> dict[str, Any]:
        """Somebody looks: the visit."""
        return _visit_row(self.visits.note(at))

    def dismiss(self, visit: int) -> dict[str, Any]:
        """Put the card away that belongs to a visit."""
        return _visit_row(self.visits.dismiss(visit))

    def away(self, since: str | None, at: datetime) -> dict[str, Any]:
        """`visit`, the one under way or None, and `away`: the card of the last absence, or of the time since `since`
        (ISO, with its zone) up to `at`; None when there was no absence, or no campaign is active.

        Raises:
            RequestError: `since` is no such time, or is not past.
        """
        visit, span = self.visits.absence(at)
        if since is not None:
            span = Span(_moment(since), at)
        campaign = self.campaigns.get_active()
        found = None
        if campaign is not None and span is not None:
            suggested = self.stands(campaign).suggested
            found = away_row(self.reader.read(campaign.id, span.begin, span.end, suggested))
        return {"visit": None if visit is None else _visit_row(visit), "away": found}


def away_row(card: Away) -> dict[str, Any]:
    """A card as JSON-ready values: times in seconds, moments as ISO text."""
    times, (level_before, level_after) = card.times, card.hero_levels
    champions = {
        name: None if each is None else row_of(each)
        for name, each in (("before", card.champion_before), ("after", card.champion_after))
    }
    return {
        "campaign_id": card.campaign_id,
        "since": card.span.begin.isoformat(),
        "until": card.span.end.isoformat(),
        "seconds": (card.span.end - card.span.begin).total_seconds(),
        "failures": [row_of(each) | {"words": each.words} for each in card.failures],
        "trained_s": times.trained.total_seconds(),
        "paused_s": times.paused.total_seconds(),
        "idle_s": times.idle.total_seconds(),
        "xp_before": card.xp_before,
        "xp_after": card.xp_after,
        "xp_gained": card.xp_gained,
        "hero_level_before": level_before,
        "hero_level_after": level_after,
        "quests_completed": card.quests_completed,
        "gold": card.gold,
        "train_loss": _best_row(card.train_loss),
        "val_loss": _best_row(card.val_loss),
        "skill_ups": [{"skill_id": each.skill_id, "levels": list(each.levels)} for each in card.skill_ups],
        "champion": champions,
        "next_action": None if card.next_action is None else row_of(card.next_action),
    }


def _best_row(best: Best) -> dict[str, float | None]:
    return {"before": best.before, "after": best.after, "change": best.change}


def _visit_row(visit: Visit) -> dict[str, Any]:
    return row_of(visit)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise RequestError(f"{text!r} is no time with a zone.", "Give one such as 2026-01-31T18:00:00+00:00.")
    return found
