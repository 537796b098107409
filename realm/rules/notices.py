"""Notices: which events are told to people outside the pages, and how they are summed up and paced.

Does not know how a message is sent, nor where what was sent is kept.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from realm.rules.campaign import Momentum
from realm.rules.event import Event


class NoticeKind(StrEnum):
    LEVEL_UP = "level_up"
    CHAMPION = "champion"
    BLOCKER = "blocker"
    VERDICT = "verdict"
    BATTLE_FAILED = "battle_failed"
    TITLE = "title"
    ACHIEVEMENT = "achievement"


_MOMENTUM: Final = "campaign.momentum"
_BY_EVENT: Final = {
    "level.mastered": NoticeKind.LEVEL_UP,
    "champion.moved": NoticeKind.CHAMPION,
    _MOMENTUM: NoticeKind.BLOCKER,
    "battle.failed": NoticeKind.BATTLE_FAILED,
    "title.earned": NoticeKind.TITLE,
    "achievement.earned": NoticeKind.ACHIEVEMENT,
}
_VERDICTS: Final = "verdict."
EVENT_KINDS: Final = tuple(_BY_EVENT)
EVENT_PREFIXES: Final = (_VERDICTS,)

NAMES: Final = {
    NoticeKind.LEVEL_UP: ("level mastered", "levels mastered"),
    NoticeKind.CHAMPION: ("new champion", "new champions"),
    NoticeKind.BLOCKER: ("campaign blocked", "times blocked"),
    NoticeKind.VERDICT: ("verdict", "verdicts"),
    NoticeKind.BATTLE_FAILED: ("battle failed", "battles failed"),
    NoticeKind.TITLE: ("title", "titles"),
    NoticeKind.ACHIEVEMENT: ("achievement", "achievements"),
}
LISTED: Final = 20
"""Notices that a summary lists, the newest; of the others it gives the number."""
WINDOW: Final = timedelta(hours=1)
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=30)
_PLAIN_HOSTS: Final = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
"""Schemes whose host is the address of a machine. Of others it may be a key or a secret topic."""
_SHORTEST_SECRET: Final = 4


@dataclass(frozen=True, slots=True)
class Notice:
    """An event that is told. `seq` is the event's: it grows, so that none is told twice or left out."""

    seq: int
    at: datetime
    kind: NoticeKind
    title: str
    detail: str = ""


def notice_of(event: Event) -> Notice | None:
    """What is told of an event; None of one that is not told, such as a campaign that goes on."""
    kind = NoticeKind.VERDICT if event.kind.startswith(_VERDICTS) else _BY_EVENT.get(event.kind)
    if kind is None or (event.kind == _MOMENTUM and event.data.get("momentum") != Momentum.BLOCKED):
        return None
    return Notice(event.seq, event.at, kind, event.title, event.detail)


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent at once. `upto`: the `seq` of the last notice in it; `count`: how many notices."""

    title: str
    body: str
    upto: int
    count: int = 1


def messages(pending: Sequence[Notice], slots: int) -> tuple[Message, ...]:
    """What is sent of what waits, in order, when `slots` more messages are allowed: each notice alone where that
    suffices, else all of them summed up in one message; nothing without a slot."""
    if slots < 1 or not pending:
        return ()
    if len(pending) <= slots:
        return tuple(_alone(each) for each in pending)
    return (_summed_up(pending),)


def _alone(notice: Notice) -> Message:
    said = f"{notice.detail}\n" if notice.detail else ""
    return Message(f"Realm: {notice.title}", f"{said}{_moment(notice.at)}", notice.seq)


def _summed_up(pending: Sequence[Notice]) -> Message:
    counts = Counter(each.kind for each in pending)
    parts = [f"{counts[kind]} {NAMES[kind][counts[kind] > 1]}" for kind in NoticeKind if counts[kind]]
    shown = pending[-LISTED:]
    earlier = [f"{len(pending) - len(shown)} earlier ones"] if len(pending) > len(shown) else []
    lines = [*earlier, *(f"{_moment(each.at)} {each.title}" for each in shown)]
    return Message(f"Realm: {', '.join(parts)}", "\n".join(lines), pending[-1].seq, len(pending))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class Target:
    """How far one URL has been told. `seq`: every notice up to it was sent. `sent_at`: of the last hour's messages.
    `failures` in a row; `not_before`: when it is tried again; `error`: why the last one failed."""

    id: str
    seq: int
    sent_at: tuple[datetime, ...] = ()
    failures: int = 0
    not_before: datetime | None = None
    error: str = ""

    def slots(self, now: datetime, per_hour: int) -> int:
        """Messages that may be sent at `now`. One sent more than an hour ahead is from before a clock was set back."""
        return max(0, per_hour - len(self._recent(now)))

    def due(self, now: datetime) -> bool:
        """Whether it may be tried; a wait that is longer than any is one from before a clock was set back."""
        return self.not_before is None or not now < self.not_before <= now + LONGEST_WAIT

    def sent(self, message: Message, now: datetime) -> Target:
        """After a message was taken."""
        return Target(self.id, message.upto, (*self._recent(now), now))

    def refused(self, reason: str, now: datetime) -> Target:
        """After one was not: tried again in 30 s, doubling to half an hour."""
        failures = self.failures + 1
        wait = min(FIRST_WAIT * 2 ** min(failures - 1, 16), LONGEST_WAIT)
        return Target(self.id, self.seq, self._recent(now), failures, now + wait, reason)

    def _recent(self, now: datetime) -> tuple[datetime, ...]:
        return tuple(each for each in self.sent_at if abs(now - each) < WINDOW)


def target_id(url: str) -> str:
    """The id of a URL: the first 16 hex digits of its sha256, which tell nothing of it."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def redacted(url: str) -> str:
    """A URL without what may be secret: its scheme, and of one whose host is a machine the host and port."""
    scheme, found, rest = url.partition("://")
    if not found or not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme, re.IGNORECASE):
        return "…"
    if scheme.lower() not in _PLAIN_HOSTS:
        return f"{scheme}://…"
    authority, slash, path = rest.partition("/")
    host = authority.partition("?")[0].rpartition("@")[2]
    return f"{scheme}://{host}{'/…' if slash and path else ''}"


def scrubbed(text: str, url: str) -> str:
    """A text without the parts of a URL that `redacted` leaves out, in case it repeats them."""
    shown = redacted(url)
    rest = url.partition("://")[2]
    parts = {part for each in (rest, unquote(rest)) for part in re.split(r"[/:@?&=#,\s]+", each)}
    secrets = {part for part in parts if len(part) >= _SHORTEST_SECRET}
    for part in sorted({url, *secrets}, key=len, reverse=True):
        if part not in shown:
            text = text.replace(part, "…")
    return text
