"""What pages show of titles, achievements and warnings, over the books: a plain class. Knows no actor."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from realm.catalog.honours import Honours, shipped_honours
from realm.rules.conditions import describe, progress
from realm.rules.record import CampaignRecord
from realm.rules.titles import Achievement, HeldHonour, HonourKind, Title, primary_title
from realm.store.campaign_records import CampaignRecordReader
from realm.store.campaign_warnings import WarningStore
from realm.store.database import Database
from realm.store.honours import HonourStore


class HonourBooks:
    """`state` only reads what CampaignDirector noted; `rows` reads the campaign's record for the progress."""

    def __init__(self, database: Database, honours: Callable[[], Honours] = shipped_honours) -> None:
        self.store = HonourStore(database)
        self.warnings = WarningStore(database)
        self.reader = CampaignRecordReader(database)
        self.honours = honours
        self.reading = threading.Lock()

    def state(self, campaign_id: str | None) -> dict[str, Any]:
        """`title` {id, name, priority}, the primary one, or None; `achievements` {earned, of}; `warnings` [{kind,
        text}]."""
        honours = self.honours()
        held = self._held(campaign_id)
        title = primary_title(honours.titles, {name for kind, name in held if kind == HonourKind.TITLE})
        earned = sum((HonourKind.ACHIEVEMENT, each.id) in held for each in honours.achievements)
        standing = () if campaign_id is None else self.warnings.standing(campaign_id)
        return {
            "title": None if title is None else {"id": title.id, "name": title.name, "priority": title.priority},
            "achievements": {"earned": earned, "of": len(honours.achievements)},
            "warnings": [{"kind": each.kind.value, "text": each.text} for each in standing],
        }

    def rows(self, campaign_id: str | None) -> list[dict[str, Any]]:
        """Every title, then every achievement, in the order of the catalog, with how far each leaf of its condition
        is; before the first campaign as at its beginning."""
        honours, held, record = self.honours(), self._held(campaign_id), CampaignRecord()
        if campaign_id is not None:
            with self.reading:
                record = self.reader.record(campaign_id)
        names = honours.known.names
        titles = [_row(HonourKind.TITLE, each, held, record, names) for each in honours.titles]
        achievements = [_row(HonourKind.ACHIEVEMENT, each, held, record, names) for each in honours.achievements]
        return [*titles, *achievements]

    def _held(self, campaign_id: str | None) -> dict[tuple[HonourKind, str], HeldHonour]:
        found = () if campaign_id is None else self.store.held(campaign_id)
        return {(each.kind, each.honour_id): each for each in found}


def _row(
    kind: HonourKind,
    honour: Title | Achievement,
    held: Mapping[tuple[HonourKind, str], HeldHonour],
    record: CampaignRecord,
    names: Mapping[str, str],
) -> dict[str, Any]:
    mine = held.get((kind, honour.id))
    return {
        "id": honour.id,
        "name": honour.name,
        "kind": kind.value,
        "category": honour.category if isinstance(honour, Achievement) else None,
        "icon": honour.icon if isinstance(honour, Achievement) else None,
        "priority": honour.priority if isinstance(honour, Title) else None,
        "description": honour.description,
        "earned_at": None if mine is None else mine.at.isoformat(),
        "step": None if mine is None else mine.step,
        "progress": [
            {"text": describe(each.leaf, names), "value": each.value, "target": each.target, "met": each.met}
            for each in progress(honour.condition, record)
        ],
    }
