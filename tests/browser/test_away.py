"""The card of an absence, toasts, sounds and browser notifications in a real browser, over real books."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from away_fixture import AwayDouble
from guild_fixture import serving
from guild_page import assert_sound
from playwright.sync_api import Browser, Page, expect

Begin = Callable[[], tuple[AwayDouble, str]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    with ExitStack() as running:

        def made() -> tuple[AwayDouble, str]:
            double = AwayDouble(tmp_path)
            return double, running.enter_context(serving(double))

        yield made


def opened(page: Page, url: str) -> list[str]:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url, wait_until="domcontentloaded")
    expect(page.get_by_role("heading", name="MOTE", exact=True)).to_be_visible()
    return complaints


def card(page: Page) -> Any:
    return page.get_by_role("region", name="While you were away")


def test_the_card_is_the_same_in_a_second_browser_and_put_away_in_both(
    page: Page, browser: Browser, begin: Begin
) -> None:
    double, url = begin()
    double.desk.visit(double.evening(0))
    complaints = opened(page, url)
    expect(card(page)).to_be_visible()
    expect(card(page).locator("li").first).to_contain_text("Battle 1 failed: 3 attempts in a row failed")
    for words in ("8 h 30 min", "6 h 12 min", "1 h 12 min", "+25,000", "BIN 2–5", "5,900 gold", "from 0.500"):
        expect(card(page)).to_contain_text(words)
    expect(card(page)).to_contain_text("realm battle resume")
    order = card(page).evaluate("card => card.innerText.indexOf('failed') < card.innerText.indexOf('Trained')")
    assert order, "what failed comes first"
    assert_sound(page)
    second = browser.new_context().new_page()
    opened(second, url)
    expect(card(second)).to_be_visible()
    strip = "card => [...card.querySelectorAll('dd')].map((each) => each.textContent)"
    assert card(second).evaluate(strip) == card(page).evaluate(strip)
    card(page).get_by_role("button", name="Put this card away").click()
    expect(card(page)).to_be_hidden()
    second.reload()
    expect(second.get_by_role("heading", name="MOTE", exact=True)).to_be_visible()
    expect(second.locator("[data-step]")).to_have_text("127,418")
    expect(card(second)).to_be_hidden()
    second.context.close()
    assert complaints == []


def test_who_looked_within_five_minutes_was_not_away(desktop: Page, begin: Begin) -> None:
    double, url = begin()
    double.desk.visit(double.morning - timedelta(minutes=4))
    opened(desktop, url)
    expect(desktop.locator("[data-step]")).to_have_text("127,418")
    expect(card(desktop)).to_be_hidden()
    assert double.desk.away(None, double.now())["away"] is None


def test_each_notice_is_shown_once_over_a_lost_link_and_a_reload(desktop: Page, begin: Begin) -> None:
    double, url = begin()
    double.desk.visit(double.now())
    desktop.emulate_media(reduced_motion="reduce")
    opened(desktop, url)
    toasts = desktop.get_by_role("region", name="Notices").locator(".toast")
    expect(desktop.locator(".feed li").first).to_be_visible()
    expect(toasts).to_have_count(0)
    double.happen("level.mastered", "bin level 6 mastered", "mean 0.83")
    expect(toasts.locator("b")).to_have_text(["bin level 6 mastered"])
    desktop.route("**/api/**", lambda route: route.abort())
    for level in range(7, 10):
        double.happen("level.mastered", f"bin level {level} mastered")
    double.happen("evaluation.recorded", "not worth a notice")
    double.happen("campaign.momentum", "Campaign mote-1: blocked", "the disk is full", momentum="blocked")
    expect(desktop.locator("[data-pill-text]")).to_contain_text("Disconnected")
    desktop.unroute("**/api/**")
    expect(toasts.locator("b")).to_have_text(
        ["bin level 8 mastered", "bin level 9 mastered", "Campaign mote-1: blocked"]
    )
    expect(desktop.get_by_text("2 more notices in Events")).to_be_visible()
    assert desktop.evaluate("document.querySelector('.toasts').getAnimations({subtree: true}).length") == 0
    assert_sound(desktop)
    desktop.reload()
    expect(desktop.locator("[data-step]")).to_have_text("127,418")
    double.happen("champion.moved", "Champion: step 9")
    expect(toasts.locator("b")).to_have_text(["Champion: step 9"])
    toasts.get_by_role("button", name="Put away: Champion: step 9").click()
    expect(toasts).to_have_count(0)


LISTEN = """
  window.made = []; window.told = [];
  const Real = window.AudioContext;
  window.AudioContext = class extends Real {
    constructor() { super(); window.made.push("context"); }
    createOscillator() { window.made.push("tone"); return super.createOscillator(); }
  };
  window.Notification = class {
    static permission = "default";
    static async requestPermission() { return (window.Notification.permission = "granted"); }
    constructor(title, { tag }) { window.told.push([title, tag]); }
    addEventListener() {}
  };
"""


def test_sounds_and_browser_notifications_are_off_until_a_person_switches_them_on(desktop: Page, begin: Begin) -> None:
    double, url = begin()
    double.desk.visit(double.now())
    desktop.add_init_script(LISTEN)
    opened(desktop, url)
    toasts = desktop.get_by_role("region", name="Notices").locator(".toast")
    expect(desktop.locator("[data-step]")).to_have_text("127,418")
    double.happen("level.mastered", "one")
    expect(toasts).to_have_count(1)
    assert desktop.evaluate("[window.made, window.told]") == [[], []]
    desktop.get_by_label("Sounds").check()
    assert desktop.evaluate("window.made[0]") == "context"
    desktop.get_by_label("Browser notifications").check()
    expect(desktop.get_by_label("Browser notifications")).to_be_checked()
    before = desktop.evaluate("window.made.length")
    desktop.evaluate("Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })")
    seq = double.happen("champion.moved", "two", "exam accuracy 0.5")
    expect(toasts).to_have_count(2)
    assert desktop.evaluate("window.made.length") > before
    assert desktop.evaluate("window.told") == [["two", f"realm-{seq}"]]
    desktop.evaluate("delete document.hidden")
    desktop.reload()
    expect(desktop.get_by_label("Sounds")).to_be_checked()
    assert desktop.evaluate("window.made") == []  # no gesture on this page yet


def test_what_is_asked_wrongly_is_told_and_reading_notes_nothing(begin: Begin) -> None:
    double, url = begin()

    def ask(path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    assert ask("/api/away") == (200, {"visit": None, "away": None})
    since = double.evening(0).isoformat().replace("+", "%2B")
    status, found = ask(f"/api/away?since={since}")
    assert (status, found["visit"], found["away"]["quests_completed"]) == (200, None, 59)
    spent = found["away"]["trained_s"] + found["away"]["paused_s"] + found["away"]["idle_s"]
    assert spent == pytest.approx(found["away"]["seconds"])
    for wrong, said in (
        ("yesterday", "'yesterday'"),
        ("2026-01-01T00:00:00", "zone"),
        ("2999-01-01T00:00:00Z", "past"),
    ):
        status, found = ask(f"/api/away?since={wrong}")
        assert 400 <= status < 500
        assert said in f"{found['detail']} {found['remedy']}"
    assert ask("/api/visits", {})[0] == 200
    assert ask("/api/visits", {"who": "me"})[0] in (400, 422)
    assert ask("/api/away/dismiss", {"visit": 77})[0] == 404
    assert ask("/api/away")[1]["visit"]["id"] == 1
