"""GET /api/honours, from the route through the Tavern's backend and Herald's method to the database."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from store_helpers import CAMPAIGN, T0

from actors.herald import Herald
from actors.snapshot import StateReader
from realm.catalog.honours import shipped_honours
from realm.home import RealmHome
from realm.store.campaigns import CampaignStore
from realm.store.honours import HonourStore
from serve.tavern.api import add_routes
from serve.tavern.host import RealmBackend
from serve.tavern.uploads import UploadRoom

HONOURS = shipped_honours()


@pytest.fixture
def client(db, tmp_path, monkeypatch) -> TestClient:
    herald: Any = SimpleNamespace(reader=StateReader(RealmHome(tmp_path), db))

    async def ask(actor: str, method: str, *arguments: Any) -> Any:
        assert actor == "herald"
        return getattr(Herald, method)(herald, *arguments)

    monkeypatch.setattr("serve.tavern.host.ask", ask)
    app = FastAPI()
    add_routes(app, RealmBackend(1), UploadRoom(lambda: 1, tmp_path), "1.2.3")
    return TestClient(app)


def test_every_honour_is_listed_before_the_first_campaign(client):
    answer = client.get("/api/honours")
    assert answer.status_code == 200
    assert len(answer.json()) == len(HONOURS.titles) + len(HONOURS.achievements)
    assert {each["earned_at"] for each in answer.json()} == {None}
    assert all(each["progress"] for each in answer.json())


def test_what_the_current_campaign_earned_is_marked(db, client):
    CampaignStore(db).ensure_campaign("mote", "v1", T0)
    HonourStore(db).award(CAMPAIGN, HONOURS.titles[1:2], HONOURS.achievements[:1], 70, T0)
    HonourStore(db).award("mote-2", HONOURS.titles, [], 70, T0)
    earned = [each for each in client.get("/api/honours").json() if each["earned_at"]]
    assert [(each["id"], each["step"], each["earned_at"]) for each in earned] == [
        (HONOURS.titles[1].id, 70, T0.isoformat()),
        (HONOURS.achievements[0].id, 70, T0.isoformat()),
    ]
    assert [(leaf["value"], leaf["met"]) for leaf in earned[0]["progress"]] == [(0, False)]


def test_it_is_read_only(client):
    assert client.post("/api/honours", json={}).status_code == 404
