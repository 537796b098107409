"""Which copies a zone keeps, and what leaves the trash. Plans only; does not know files and moves nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from realm.rules.checkpoint import Checkpoint, TrashedBy


class DropReason(StrEnum):
    """The limit for which a copy goes."""

    CAP = "cap"
    AGE = "age"
    THINNED = "one a day"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a zone may hold. None = no limit."""

    max_bytes: int | None = None
    max_age: timedelta | None = None
    keep_newest: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A checkpoint in a zone; `size_bytes` is what its copies there take."""

    id: str
    campaign_id: str
    step: int
    saved_at: datetime
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Drop:
    held: Held
    reason: DropReason


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """What leaves a zone, oldest first, and what is left in it.

    `over_by_protection`: bytes by which what is always kept exceeds the cap by itself; 0 when it fits.
    """

    drop: tuple[Drop, ...]
    kept: int
    kept_bytes: int
    protected: int
    protected_bytes: int
    over_by_protection: int

    @property
    def bytes_freed(self) -> int:
        return sum(each.held.size_bytes for each in self.drop)


def plan_zone(held: Sequence[Held], protected: Collection[str], limits: Limits, now: datetime) -> ZonePlan:
    """What a zone drops. The protected stay whatever the limits say; of the others one stays if no limit drops it:

    1. cap: newest saved first, they fill what the protected leave of `max_bytes`; from the first that does not fit on,
       the older ones go. Only those count that the limits below leave, so that nothing goes for room that they make;
    2. age: those saved more than `max_age` ago go;
    3. newest: the `keep_newest` of highest step of each campaign stay, the protected not counted;
    4. one a day: of those older than these, the newest of each campaign and day (UTC) stays, the others go.

    An earlier limit goes before a later one: one of the newest, or the only one of its day, still goes for its age, and
    anything but the protected for the cap.
    """
    always = [each for each in held if each.id in protected]
    others = sorted((each for each in held if each.id not in protected), key=_age_order, reverse=True)
    reserved = sum(each.size_bytes for each in always)
    young = [each for each in others if limits.max_age is None or now - each.saved_at <= limits.max_age]
    spared = _newest_and_daily(young, limits.keep_newest)
    left = [each for each in young if each.id in spared]
    fitting = _fitting(left, reserved, limits.max_bytes)
    drop: list[Drop] = []
    for each in reversed(others):
        if limits.max_age is not None and now - each.saved_at > limits.max_age:
            drop.append(Drop(each, DropReason.AGE))
        elif each.id not in spared:
            drop.append(Drop(each, DropReason.THINNED))
        elif each.id not in fitting:
            drop.append(Drop(each, DropReason.CAP))
    kept = [each for each in left if each.id in fitting]
    return ZonePlan(
        drop=tuple(drop),
        kept=len(always) + len(kept),
        kept_bytes=reserved + sum(each.size_bytes for each in kept),
        protected=len(always),
        protected_bytes=reserved,
        over_by_protection=0 if limits.max_bytes is None else max(0, reserved - limits.max_bytes),
    )


def _age_order(held: Held) -> tuple[datetime, int, str]:
    return held.saved_at, held.step, held.id


def _newest_and_daily(newest_first: Sequence[Held], keep_newest: int | None) -> set[str]:
    """Ids that the third and the fourth limit spare."""
    if keep_newest is None:
        return {each.id for each in newest_first}
    spared: set[str] = set()
    counts: dict[str, int] = {}
    days: set[tuple[str, date]] = set()
    for each in sorted(newest_first, key=lambda held: -held.step):
        count = counts[each.campaign_id] = counts.get(each.campaign_id, 0) + 1
        if count <= keep_newest:
            spared.add(each.id)
            continue
        day = each.campaign_id, each.saved_at.astimezone(UTC).date()
        if day not in days:
            days.add(day)
            spared.add(each.id)
    return spared


def _fitting(newest_first: Sequence[Held], reserved: int, max_bytes: int | None) -> set[str]:
    """Ids of the newest that fit beside `reserved`."""
    if max_bytes is None:
        return {each.id for each in newest_first}
    fitting: set[str] = set()
    total = reserved
    for each in newest_first:
        total += each.size_bytes
        if total > max_bytes:
            break
        fitting.add(each.id)
    return fitting


def plan_purge(
    trashed: Sequence[Checkpoint], now: datetime, keep: timedelta, max_bytes: int, in_use: Collection[str] = ()
) -> tuple[Checkpoint, ...]:
    """Those that leave the trash for good, longest trashed first.

    What a person deleted stays restorable for `keep`. What retention dropped, or a newer checkpoint of its step
    replaced, stays as long, and goes sooner while the trash exceeds `max_bytes`. What is in use stays.
    """
    inside = [each for each in trashed if each.trashed_at is not None]
    inside.sort(key=lambda each: (each.trashed_at or each.saved_at, each.step, each.id))
    excess = sum(each.size_bytes for each in inside) - max_bytes
    doomed: list[Checkpoint] = []
    for each in inside:
        expired = now - (each.trashed_at or now) > keep
        too_much = excess > 0 and each.trashed_by != TrashedBy.PERSON
        if each.id not in in_use and (expired or too_much):
            doomed.append(each)
            excess -= each.size_bytes
    return tuple(doomed)
