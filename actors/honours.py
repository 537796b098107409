"""Awards titles and achievements and notes warnings, for CampaignDirector's tick. Knows no actor."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from realm.catalog.honours import Honours, shipped_honours
from realm.rules.campaign import Campaign
from realm.rules.campaign_warnings import warnings_of
from realm.rules.titles import HonourKind, newly_earned
from realm.store.campaign_records import CampaignRecordReader
from realm.store.campaign_warnings import WarningStore
from realm.store.database import Database
from realm.store.honours import HonourStore

READ_INTERVAL_S = 10.0


class Awarding:
    """Reads the active campaign's record every 10 s, and at once when it is told to hurry or the campaign is
    another."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], honours: Callable[[], Honours] = shipped_honours
    ) -> None:
        self.reader = CampaignRecordReader(database)
        self.store = HonourStore(database)
        self.warnings = WarningStore(database)
        self.clock = clock
        self.honours = honours
        self.hurried = True
        self.read: tuple[str, float] | None = None

    def hurry(self) -> None:
        """Something that may earn an honour happened: the next tick reads. From any thread."""
        self.hurried = True

    def tick(self, campaign: Campaign) -> None:
        due = self.read is None or self.read[0] != campaign.id or time.monotonic() - self.read[1] >= READ_INTERVAL_S
        if due or self.hurried:
            # Before the reading: what hurries meanwhile is for the next one.
            self.hurried, self.read = False, (campaign.id, time.monotonic())
            self._judge(campaign.id)

    def _judge(self, campaign_id: str) -> None:
        record, honours = self.reader.record(campaign_id), self.honours()
        held = self.store.held(campaign_id)
        titles = newly_earned(
            honours.titles, record, {each.honour_id for each in held if each.kind == HonourKind.TITLE}
        )
        achievements = newly_earned(
            honours.achievements, record, {each.honour_id for each in held if each.kind == HonourKind.ACHIEVEMENT}
        )
        if titles or achievements:
            self.store.award(campaign_id, titles, achievements, record.steps, self.clock())
        self.warnings.settle(campaign_id, warnings_of(record, honours.known.names), self.clock())
