"""Herald: live battle metrics, the state as one snapshot, events, notices, absences.

Reads all; writes battle_points, events, visits, notify_targets.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import realm
from actors.away_desk import AwayDesk
from actors.campaign_books import CampaignBooks
from actors.notifier import Notifier
from actors.rows import row_of
from actors.service import Service, Ticker, now
from actors.snapshot import StateReader
from realm.errors import RealmError
from realm.rules.battle import BattlePoint
from realm.store.battles import BattleStore
from realm.store.events import EventStore
from realm.store.notices import NoticeStore

WRITE_INTERVAL_S = 2.0
NOTIFY_INTERVAL_S = 5.0
FRESH_S = 0.05
"""A state snapshot this old is given again."""

ORACLE_KEPT_S = 60.0


class Herald(Service):
    """Tells what happens: one snapshot of the state, the loss curve, the events."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.battles = BattleStore(self.database)
        self.events_store = EventStore(self.database)
        self.reader = StateReader(self.home, self.database)
        self.campaign_books = CampaignBooks(self.database, self.reader.engine)
        self.live: dict[str, Any] | None = None
        self.waiting: list[tuple[str, BattlePoint]] = []
        self.services: dict[str, dict[str, Any]] = {}
        self.nodes: list[dict[str, Any]] = []
        self.oracles: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self.reading = threading.Lock()
        self.seq = int(time.time() * 1000)
        self.cached: tuple[float, dict[str, Any]] | None = None
        self.writer = Ticker("points", WRITE_INTERVAL_S, self._write, print)
        self.desk = AwayDesk(self.database, lambda campaign: self.reader.standing(campaign, self.services))
        self.notices_store = NoticeStore(self.database)
        notifier = Notifier(self.database, lambda: self.config.notify)
        self.notifying = Ticker("notices", NOTIFY_INTERVAL_S, lambda: notifier.tick(now()), print)

    def metrics(self, campaign_id: str, battle_id: str, attempt_id: str, metrics: dict[str, Any]) -> None:
        """What rank 0 sends about twice a second."""
        at = now()
        point = BattlePoint(
            step=metrics["step"],
            at=at,
            train_loss=metrics["train_loss"],
            learning_rate=metrics["learning_rate"],
            tokens_per_second=metrics["tokens_per_second"],
            steps_per_second=metrics["steps_per_second"],
            quest_id=metrics["quest_id"],
            tokens_seen=metrics["tokens_seen"],
            examples_seen=metrics["examples_seen"],
            train_seconds=metrics["train_seconds"],
        )
        with self.lock:
            self.live = {**metrics, "campaign_id": campaign_id, "battle_id": battle_id, "at": at}
            self.waiting.append((attempt_id, point))

    def tell_services(self, services: dict[str, dict[str, Any]], nodes: list[dict[str, Any]]) -> None:
        """Weaver's newest round."""
        self.services, self.nodes = services, nodes

    def tell_oracle(self, holder: str, report: dict[str, Any]) -> None:
        """What a process of the Oracle holds, from itself, every few seconds; `at` in Unix seconds."""
        self.oracles = {**self.oracles, holder: report}

    def oracle(self) -> dict[str, dict[str, Any]]:
        """The newest report of each process of the Oracle that told something within a minute."""
        since = time.time() - ORACLE_KEPT_S
        self.oracles = {holder: report for holder, report in self.oracles.items() if report["at"] > since}
        return self.oracles

    def snapshot(self) -> dict[str, Any]:
        """The whole state, JSON-ready; `seq` grows with every new one."""
        with self.reading:
            if self.cached is not None and time.monotonic() - self.cached[0] < FRESH_S:
                return self.cached[1]
            with self.lock:
                live = self.live
            state = self.reader.read(live, now(), self.services)
            self.seq += 1
            state |= {
                "seq": self.seq,
                "version": realm.__version__,
                "services": self.services,
                "nodes": self.nodes,
            }
            self.cached = (time.monotonic(), state)
            return state

    def loss(self, after: int = -1) -> dict[str, Any]:
        """Train-loss points, validation losses and level marks of the active campaign at steps beyond `after`."""
        found = self.reader.loss(after)
        last = found["points"][-1][0] if found["points"] else after
        with self.lock:
            # Those of the last two seconds are not in the database yet.
            fresh = [[point.step, round(point.train_loss, 5)] for _, point in self.waiting if point.step > last]
        found["points"] += fresh
        return found

    def events(self, before: int | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """Events before a `seq`, newest first."""
        return self.reader.events(before, limit)

    def events_after(self, seq: int, limit: int = 100) -> list[dict[str, Any]]:
        """Events after a `seq` with their data, oldest first; all of them, also those that pages leave out."""
        return [row_of(event) for event in self.events_store.after(seq, limit)]

    def notices(self, after: int, limit: int = 100) -> dict[str, Any]:
        """What is worth a notice of the events after a `seq`, oldest first, and `next_after`, to go on from."""
        found, upto = self.notices_store.after(after, limit)
        return {"notices": [row_of(each) for each in found], "next_after": upto}

    def honours(self, campaign_id: str | None = None) -> list[dict[str, Any]]:
        """Every title and achievement with how far it is, of the campaign whose state is shown unless one is named: see
        HonourBooks."""
        return self.reader.honour_rows(campaign_id)

    def campaign_record(self, campaign_id: str) -> dict[str, Any]:
        """Bests, strain, milestones, overrides and warnings of a campaign: see CampaignBooks."""
        return self.campaign_books.record(campaign_id)

    def visit(self) -> dict[str, Any]:
        """Somebody looks at the realm: the visit."""
        return self.desk.visit(now())

    def away(self, since: str | None = None) -> dict[str, Any]:
        """What happened while nobody looked, or since `since`: see AwayDesk."""
        return self.desk.away(since, now())

    def dismiss_away(self, visit: int) -> dict[str, Any]:
        """Put the card of the absence before a visit away."""
        return self.desk.dismiss(visit)

    def say(self, kind: str, title: str, detail: str = "") -> None:
        """Note an event that belongs to no change of state, such as a service that came back."""
        self.events_store.add(kind, title, now(), detail)

    def _write(self) -> None:
        with self.lock:
            waiting, self.waiting = self.waiting, []
        by_attempt: dict[str, list[BattlePoint]] = {}
        for attempt_id, point in waiting:
            by_attempt.setdefault(attempt_id, []).append(point)
        for attempt_id, points in by_attempt.items():
            try:
                self.battles.add_points(attempt_id, points)
            except RealmError as error:
                print(f"points of {attempt_id} were not stored: {error}")
