"""What the tests of the Guild's pages share: opening one, finding a card, and what must hold of every page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from guild_fixture import GuildDouble
from playwright.sync_api import Page, expect

Serve = Callable[[str], tuple[GuildDouble, str]]


def opened(page: Page, url: str) -> list[str]:
    """Open a page of the guild and wait for its numbers; what its console complains about."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url, wait_until="domcontentloaded")
    expect(page.locator("h1:visible").first).to_be_visible()
    page.wait_for_function("document.querySelector('.card, .skill-body:not([hidden])')")
    return complaints


def card(page: Page, name: str) -> Any:
    return page.get_by_role("region", name=name, exact=True)


def assert_sound(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "wider than the window"
    found = Axe().run(page).response["violations"]
    assert not found, json.dumps([(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found], indent=1)
    ids = page.evaluate("[...document.querySelectorAll('[id]:not([id=\"\"])')].map((each) => each.id)")
    assert len(ids) == len(set(ids)), sorted({each for each in ids if ids.count(each) > 1})


def open_folds(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
