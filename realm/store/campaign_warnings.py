"""The warnings that stand, a row each, and their events. Does not know how a warning is found.

The rows, not the events, say what was told: events are deleted after 14 days, which a warning may outlast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from realm.rules.campaign_warnings import TOLD_AFTER, CampaignWarning, WarningKind
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import campaign_warnings

_TITLES: Final = {
    WarningKind.REGRESSION: "Below its best",
    WarningKind.WEAK_PRIMITIVE: "Weak primitive",
}
_ENDED: Final = "ended"
_NAMED: Final = 3
"""Warnings of one event that its title names; the detail has them all."""


@dataclass(frozen=True, slots=True)
class StandingWarning:
    """A warning since it appeared; the rest as of the last reading. `beyond_chance`: results in a row, up to now, whose
    intervals do not overlap. `told`: an event told of it."""

    kind: WarningKind
    subject: str
    level: int
    name: str
    points: float
    text: str
    beyond_chance: int
    told: bool
    since: datetime

    @property
    def key(self) -> tuple[WarningKind, str, int]:
        return self.kind, self.subject, self.level


class WarningStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def standing(self, campaign_id: str) -> tuple[StandingWarning, ...]:
        """Regressions, the deepest first, then weak primitives, the weakest first."""
        with self._db.read() as connection:
            return tuple(_standing(connection, campaign_id))

    def settle(self, campaign_id: str, found: Sequence[CampaignWarning], now: datetime) -> None:
        """Have the rows be those that were found now. The same again writes nothing.

        An event tells of a warning that is more than chance (`TOLD_AFTER`), and of the end of one that was told. Those
        of a kind that are told at once are one event.
        """
        before = self.standing(campaign_id)
        after = _after(before, found, now)
        if set(after) == set(before):
            return
        with self._db.write() as connection:
            before = _standing(connection, campaign_id)
            after = _after(before, found, now)
            connection.execute(delete(campaign_warnings).where(campaign_warnings.c.campaign_id == campaign_id))
            if after:
                rows = [{"campaign_id": campaign_id, **values_of(each)} for each in after]
                connection.execute(insert(campaign_warnings), rows)
            known = {each.key for each in before if each.told}
            for kind, title in _TITLES.items():
                new = [each for each in after if each.kind == kind and each.told and each.key not in known]
                _tell(connection, now, campaign_id, kind.value, title, new)
            stand = {each.key for each in after}
            gone = [each for each in before if each.told and each.key not in stand]
            _tell(connection, now, campaign_id, _ENDED, "No longer a warning", gone)


def _after(before: Sequence[StandingWarning], found: Sequence[CampaignWarning], now: datetime) -> list[StandingWarning]:
    known = {each.key: each for each in before}
    return [_standing_now(known.get((each.kind, each.subject, each.level)), each, now) for each in found]


def _standing_now(old: StandingWarning | None, found: CampaignWarning, now: datetime) -> StandingWarning:
    """A warning as it stands now. Another text is another result."""
    beyond = 0 if old is None else old.beyond_chance
    if old is None or old.text != found.text:
        beyond = 0 if found.overlap else beyond + 1
    return StandingWarning(
        kind=found.kind,
        subject=found.subject,
        level=found.level,
        name=found.name,
        points=found.points,
        text=found.text,
        beyond_chance=beyond,
        told=beyond >= TOLD_AFTER or (old is not None and old.told),
        since=now if old is None else old.since,
    )


def _standing(connection: Connection, campaign_id: str) -> list[StandingWarning]:
    columns = campaign_warnings.c
    query = select(*(each for each in columns if each.name != "campaign_id")).where(columns.campaign_id == campaign_id)
    query = query.order_by(columns.kind, columns.points.desc(), columns.subject, columns.level)
    return [to(StandingWarning, row) for row in connection.execute(query).mappings()]


def _tell(
    connection: Connection, now: datetime, campaign_id: str, kind: str, title: str, told: Sequence[StandingWarning]
) -> None:
    if not told:
        return
    names = ", ".join(each.name for each in told[:_NAMED])
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    subjects: list[dict[str, Any]] = [
        {"kind": each.kind.value, "subject": each.subject, "level": each.level} for each in told
    ]
    words = " ".join(f"Since {each.since:%Y-%m-%d %H:%M} UTC: {each.text}" for each in told)
    if kind != _ENDED:
        words = " ".join(each.text for each in told)
    data = {"campaign_id": campaign_id, "warnings": subjects}
    emit(connection, now, f"warning.{kind}", f"{title}: {names}{more}", words, data)
