"""What the Tavern asks of the actors about campaigns: each call is one that the actor takes."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from actors.campaign_director import CampaignDirector
from actors.herald import Herald
from realm.rules.campaign import CampaignLife
from serve.tavern.campaign_api import Action
from serve.tavern.host import CAMPAIGN_ACTIONS, RealmBackend

ACTORS = {"campaign_director": CampaignDirector, "herald": Herald}
CALLS: dict[str, tuple[Callable[[RealmBackend], Coroutine[Any, Any, Any]], list[str]]] = {
    "campaigns": (lambda tavern: tavern.campaigns(), ["overview"]),
    "campaign": (lambda tavern: tavern.campaign("mote-1"), ["show", "campaign_record"]),
    "compare": (lambda tavern: tavern.compare_campaigns(["mote-1"]), ["compare"]),
    "begin": (lambda tavern: tavern.begin_campaign("mote", "champion", "x"), ["begin"]),
    "reopen": (lambda tavern: tavern.reopen_campaign("mote-1", None), ["reopen"]),
    "note": (lambda tavern: tavern.note_milestone("mote-1", "begun", "", "x"), ["note"]),
    "honours": (lambda tavern: tavern.honours("mote-1"), ["honours"]),
}


@pytest.fixture
def asked(monkeypatch) -> list[tuple[str, tuple[Any, ...]]]:
    calls: list[tuple[str, tuple[Any, ...]]] = []

    async def ask(name: str, method: str, *arguments: Any, **_: Any) -> dict[str, Any]:
        inspect.signature(getattr(ACTORS[name], method)).bind(None, *arguments)
        calls.append((method, arguments))
        return {}

    monkeypatch.setattr("serve.tavern.host.ask", ask)
    return calls


@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_one_that_the_actor_takes(asked, name) -> None:
    call, methods = CALLS[name]
    asyncio.run(call(RealmBackend(1)))
    assert [method for method, _ in asked] == methods


def test_every_action_has_its_order(asked) -> None:
    actions = Action.__args__  # type: ignore[attr-defined]
    assert set(actions) == set(CAMPAIGN_ACTIONS)
    for action in actions:
        asyncio.run(RealmBackend(1).change_campaign("mote-1", action))
    left = [arguments[1] for method, arguments in asked if method == "leave"]
    assert {CampaignLife(life) for life in left} == {CampaignLife.PAUSED, CampaignLife.ARCHIVED}
