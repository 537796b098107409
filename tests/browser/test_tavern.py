"""The Tavern in a real browser over a real realm: numbers that move, buttons that act, pages that everybody can use."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.conftest import RunningRealm


def opened(page: Page, url: str) -> list[str]:
    """Open `url` and wait for its first state; the requests that left this machine."""
    strangers: list[str] = []
    page.on(
        "request",
        lambda r: strangers.append(r.url) if not re.match(r"(http://127\.0\.0\.1|data:|blob:)", r.url) else None,
    )
    page.goto(url, wait_until="domcontentloaded")
    expect(page.get_by_role("heading", name=re.compile("MOTE|quests|Guild|BIN|Vault|Jobs")).first).to_be_visible()
    return strangers


@pytest.mark.parametrize("path", ["/", "/quests", "/guild", "/guild?skill=bin", "/vault", "/jobs"])
def test_pages_fit_are_accessible_and_ask_nobody_else(realm: RunningRealm, page: Page, path: str) -> None:
    strangers = opened(page, realm.tavern + path)
    expect(page.locator("[data-sub]").first).not_to_have_text("–")
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "wider than the window"
    serious = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert not serious, json.dumps([(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in serious], indent=1)
    assert strangers == []


def test_the_numbers_are_the_realms_and_they_move(realm: RunningRealm, page: Page) -> None:
    realm.wait(lambda s: s["battle"]["state"] == "running" and s["battle"]["tokens_per_second"], "a battle")
    opened(page, realm.tavern)
    body = page.locator("body")
    expect(body).to_contain_text("Battle running")
    step = "document.querySelector('[data-battle] [data-sub]').textContent.split(' · ')[0]"
    first = page.evaluate(step)
    assert first.startswith("step ")
    page.wait_for_function(f"old => {step} !== old", arg=first)
    state = realm.state()
    expect(body).to_contain_text(state["hero"]["name"])
    expect(body).to_contain_text(f"of {state['skills']['bin']['max_level']}")


def test_pause_and_resume_by_keyboard(realm: RunningRealm, browser: Browser) -> None:
    realm.wait(lambda s: s["battle"]["state"] == "running", "a battle")
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    opened(page, realm.tavern)
    page.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Enter")
    realm.wait(lambda s: s["battle"]["state"] == "paused", "paused from the page")
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_enabled(timeout=15_000)
    resume.focus()
    page.keyboard.press("Enter")
    realm.wait(lambda s: s["battle"]["state"] in ("starting", "running"), "resumed from the page")
    page.close()


def test_dropped_files_are_checked_before_they_are_posted(realm: RunningRealm, page: Page, tmp_path: Path) -> None:
    good, bad = tmp_path / f"page-{page.viewport_size['width']}.jsonl", tmp_path / "<img src=x onerror=alert(1)>.jsonl"
    good.write_text(json.dumps({"question": f"From a page {page.viewport_size}?", "answer": "yes"}) + "\n")
    bad.write_text("{}\n")
    opened(page, f"{realm.tavern}/quests")
    page.on("dialog", lambda dialog: pytest.fail(f"a file name ran as code: {dialog.message}"))
    page.locator("input[type=file]").first.set_input_files([good, bad])
    body = page.locator("body")
    expect(body).to_contain_text("question-answer")
    expect(body).to_contain_text("line 1")
    page.get_by_role("button", name=re.compile("post|queue", re.I)).first.click()
    realm.wait(
        lambda _: any(q["name"] == good.name for q in realm.json("quest", "list", "--limit", "100")["quests"]), "posted"
    )


def test_a_page_says_when_the_realm_is_gone(realm: RunningRealm, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    opened(page, realm.tavern)
    page.route("**/api/**", lambda route: route.abort())
    expect(page.locator("body")).to_contain_text(re.compile("disconnected", re.I), timeout=20_000)
    page.unroute("**/api/**")
    expect(page.locator("body")).to_contain_text(re.compile("battle (running|starting|paused)", re.I), timeout=30_000)
    page.close()
