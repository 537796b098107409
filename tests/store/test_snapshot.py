"""The state that pages poll, read from a database."""

from __future__ import annotations

from store_helpers import CAMPAIGN, T0

from actors.snapshot import StateReader
from realm.home import RealmHome
from realm.rules.quest import QuestPriority
from realm.store.campaigns import CampaignStore
from realm.store.quests import QuestStore


def test_the_next_quest_is_the_one_that_would_be_claimed(db, tmp_path):
    reader, board = StateReader(RealmHome(tmp_path), db), QuestStore(db)
    assert reader.read(None, T0)["next_quest"] is None, "of no campaign"
    CampaignStore(db).ensure_campaign("mote", "v1", T0)
    assert reader.read(None, T0)["next_quest"] is None
    for digest, name, priority in (("a", "urgent.jsonl", QuestPriority.HIGH), ("b", "later.jsonl", QuestPriority.LOW)):
        board.add(CAMPAIGN, digest * 64, name, T0, shape="messages", examples=1, size_bytes=9, priority=priority,
                  origin="auto", skill_id="bin", level=2)  # fmt: skip
    assert reader.read(None, T0)["next_quest"] == {"name": "urgent.jsonl", "origin": "auto", "skill": "bin", "level": 2}
