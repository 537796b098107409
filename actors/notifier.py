"""Tells the URLs of `notify.urls` what happened: a plain class that Herald holds. Knows no actor.

Each URL is told on its own, in order and at least once: what is killed between a message and its note sends it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from realm.config import NotifyConfig
from realm.notify import send
from realm.rules.notices import Notice, Target, messages, redacted, target_id
from realm.store.database import Database
from realm.store.notices import NoticeStore

NOTE_EVERY = 5000
"""Events without anything to tell after which that is noted, so that a restart does not read them again."""
MOST_WAITING = 1000
"""Notices of one URL that are held in memory; more are left in the database until some were sent."""

Send = Callable[[str, str, str], str | None]


@dataclass
class _Line:
    """A URL, what waits for it, and the `seq` up to which the events were read."""

    url: str
    name: str
    target: Target
    waiting: list[Notice]
    read_upto: int


class Notifier:
    """Reads new events, and sends what of them is asked for."""

    def __init__(self, database: Database, settings: Callable[[], NotifyConfig], send: Send = send) -> None:
        self.store = NoticeStore(database)
        self.settings = settings
        self.send = send
        self.lines: dict[str, _Line] | None = None

    def tick(self, at: datetime) -> int:
        """Tell every URL what it may be told at `at`; how many messages were taken."""
        settings = self.settings()
        return sum(self._tell(line, settings, at) for line in self._lines(settings.urls).values())

    def _lines(self, urls: tuple[str, ...]) -> dict[str, _Line]:
        wanted = {target_id(url): (number, url) for number, url in enumerate(urls, start=1)}
        if self.lines is None or list(self.lines) != list(wanted):
            self.store.keep(list(wanted))
            known, self.lines = self.lines or {}, {}
            for key, (number, url) in wanted.items():
                line = known.get(key)
                if line is None:
                    target = self.store.target(key)
                    line = _Line(url, "", target, [], target.seq)
                line.name = f"URL {number} ({redacted(url)})"
                self.lines[key] = line
        return self.lines

    def _tell(self, line: _Line, settings: NotifyConfig, at: datetime) -> int:
        self._read(line, settings, at)
        if not line.target.due(at):
            return 0
        taken = 0
        for message in messages(line.waiting, line.target.slots(at, settings.per_hour)):
            reason = self.send(line.url, message.title, message.body)
            if reason is not None:
                self._refused(line, reason, at)
                break
            back = line.target.failures > 0
            line.target = line.target.sent(message, at)
            line.waiting = [each for each in line.waiting if each.seq > message.upto]
            told = ("notify.recovered", f"Notices reach {line.name} again", "") if back else None
            self.store.save(line.target, at, told)
            taken += 1
        return taken

    def _read(self, line: _Line, settings: NotifyConfig, at: datetime) -> None:
        if len(line.waiting) >= MOST_WAITING:
            return
        found, line.read_upto = self.store.after(line.read_upto, MOST_WAITING)
        line.waiting += [each for each in found if each.kind.value in settings.kinds]
        if not line.waiting and line.read_upto - line.target.seq >= NOTE_EVERY:
            line.target = replace(line.target, seq=line.read_upto)
            self.store.save(line.target, at)

    def _refused(self, line: _Line, reason: str, at: datetime) -> None:
        first = line.target.failures == 0
        line.target = line.target.refused(reason, at)
        print(f"notices do not reach {line.name}, try {line.target.failures}: {reason}")
        told = ("notify.failed", f"Notices do not reach {line.name}", reason) if first else None
        self.store.save(line.target, at, told)
