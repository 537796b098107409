"""While you were away: what a card says of the time in which nobody looked at the realm.

Does not know the rows it is computed from (realm.store.away), nor how it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from realm.errors import RequestError
from realm.rules.battle import Attempt, Battle
from realm.rules.hero import GOLD_PER_QUEST, STEPS_PER_HERO_LEVEL
from realm.rules.momentum import Action

AWAY_AFTER: Final = timedelta(minutes=5)
"""A realm that nobody looked at for longer than this was left alone."""
TOLD_OUTCOMES: Final = frozenset({"paused", "stopped", "idle", "finished"})
"""Outcomes that an attempt's own loop tells, so that `ended_at` is when it ended. Others are noticed later."""
PAUSED: Final = "paused"


@dataclass(frozen=True, slots=True)
class Span:
    """From `begin` to `end`; one whose end is not after its begin, as after a clock was set back, is empty."""

    begin: datetime
    end: datetime

    @property
    def empty(self) -> bool:
        return self.end <= self.begin


@dataclass(frozen=True, slots=True)
class Visit:
    """A stretch of time in which some browser showed the realm, without a gap longer than five minutes."""

    id: int
    first_at: datetime
    last_at: datetime
    dismissed: bool = False
    """Whether the card of the absence before it was put away."""

    def goes_on(self, now: datetime) -> bool:
        """Whether a look at `now` belongs to it; after a clock was set back it does."""
        return now - self.last_at <= AWAY_AFTER


def absence(newest: Visit | None, before: Visit | None, now: datetime) -> Span | None:
    """The last time in which nobody looked, from any browser; None when there is none to tell of.

    While somebody looks it lies between the visit `before` and the `newest`; once nobody has looked for five minutes it
    goes from the newest visit to `now`. So two browsers that are open at once are one visit, and after a look from a
    phone the desktop is told what came since that look.
    """
    if newest is None:
        return None
    found = None if before is None else Span(before.last_at, newest.first_at)
    if not newest.goes_on(now):
        found = Span(newest.last_at, now)
    return found if found is not None and found.end - found.begin > AWAY_AFTER else None


@dataclass(frozen=True, slots=True)
class Times:
    """How a span of time was spent; the three add up to it exactly."""

    trained: timedelta
    paused: timedelta
    idle: timedelta


def times_of(span: Span, trained: Iterable[Span], paused: Iterable[Span]) -> Times:
    """trained = the part of `span` that the union of `trained` covers; paused = what `paused` covers of the rest;
    idle = what is left.

    Raises:
        RequestError: `span` ends before it begins.
    """
    if span.end < span.begin:
        raise RequestError(
            f"The time away begins at {span.begin.isoformat()}, after its end, {span.end.isoformat()}.",
            "Give a time that is past.",
        )
    trained = tuple(trained)
    whole = span.end - span.begin
    busy = _covered(span, trained)
    either = _covered(span, (*trained, *paused))
    return Times(trained=busy, paused=either - busy, idle=whole - either)


def _covered(span: Span, spans: Iterable[Span]) -> timedelta:
    """How much of `span` the union of `spans` covers."""
    total, reached = timedelta(), span.begin
    for each in sorted(spans, key=lambda one: one.begin):
        begin, end = max(each.begin, reached), min(each.end, span.end)
        if end > begin:
            total += end - begin
            reached = end
    return total


def trained_spans(attempts: Iterable[Attempt], last_signs: Mapping[int, datetime]) -> tuple[Span, ...]:
    """When attempts were on: each from its start to its end, its start-up included.

    The end of one whose loop told it is `ended_at`. One that was lost, or that is on, counts up to its last sign (by
    attempt number: the newest stored metric point or checkpoint), so a machine that was off does not train.
    """
    spans: list[Span] = []
    for attempt in attempts:
        told = attempt.ended_at if attempt.outcome in TOLD_OUTCOMES else None
        sign = last_signs.get(attempt.number, attempt.started_at)
        spans.append(Span(attempt.started_at, told if told is not None else min(sign, attempt.ended_at or sign)))
    return tuple(spans)


def paused_spans(attempts: Sequence[Attempt], battles: Iterable[Battle], until: datetime) -> tuple[Span, ...]:
    """When battles were saved and held: from the end of an attempt that ended as paused to the battle's next attempt,
    else to the battle's end, else to `until`. A pause does that, and a realm that is stopped while a battle is on.
    """
    spans: list[Span] = []
    ends = {battle.id: battle.ended_at for battle in battles}
    following: dict[str, Attempt] = {}
    for attempt in sorted(attempts, key=lambda one: one.number, reverse=True):
        later = following.get(attempt.battle_id)
        if attempt.outcome == PAUSED and attempt.ended_at is not None:
            end = later.started_at if later is not None else ends.get(attempt.battle_id) or until
            spans.append(Span(attempt.ended_at, end))
        following[attempt.battle_id] = attempt
    return tuple(span for span in spans if not span.empty)


@dataclass(frozen=True, slots=True)
class Failure:
    """So many of one kind that failed, and the last of them. `kind`: battle, attempt, quest or job."""

    kind: str
    count: int
    last: str
    reason: str
    at: datetime

    @property
    def words(self) -> str:
        """`3 quests failed, the last sums.jsonl: no row fits.`"""
        several = f"{self.count} {self.kind}s failed, the last {self.last}"
        said = several if self.count > 1 else f"{self.last} failed"
        return f"{said[0].upper()}{said[1:]}: {self.reason or 'no reason was recorded'}".rstrip(".") + "."


@dataclass(frozen=True, slots=True)
class Best:
    """The lowest loss up to the begin and up to the end of the absence; None = not measured by then."""

    before: float | None = None
    after: float | None = None

    @property
    def change(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class SkillUp:
    """Levels of a skill that were mastered, in order."""

    skill_id: str
    levels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Champion:
    """The champion at a moment; None = not examined."""

    checkpoint_id: str
    step: int
    exam_accuracy: float | None = None


def next_action(suggested: Action | None, failed_quests: Sequence[str]) -> Action | None:
    """What the campaign needs (`realm.rules.momentum`); else the last of the quests that failed during the absence and
    still have, by their ids. None when it needs nothing and none failed."""
    if suggested is not None or not failed_quests:
        return suggested
    return Action("A quest failed and is not trained.", f"realm quest retry {failed_quests[-1]}")


@dataclass(frozen=True, slots=True)
class Away:
    """What happened in a campaign in `span`. XP as everywhere: steps up to what training can resume from."""

    campaign_id: str
    span: Span
    times: Times
    xp_before: int = 0
    xp_after: int = 0
    quests_completed: int = 0
    train_loss: Best = Best()
    val_loss: Best = Best()
    skill_ups: tuple[SkillUp, ...] = ()
    champion_before: Champion | None = None
    champion_after: Champion | None = None
    failures: tuple[Failure, ...] = ()
    next_action: Action | None = None

    @property
    def xp_gained(self) -> int:
        return max(0, self.xp_after - self.xp_before)

    @property
    def hero_levels(self) -> tuple[int, int]:
        """Before and after: xp ÷ 1000, rounded down."""
        return self.xp_before // STEPS_PER_HERO_LEVEL, self.xp_after // STEPS_PER_HERO_LEVEL

    @property
    def gold(self) -> int:
        """100 × quests completed."""
        return GOLD_PER_QUEST * self.quests_completed
