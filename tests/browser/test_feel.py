"""The front page's picture and what it tells at a glance: every number on it is one of the state's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest
from guild_fixture import serving
from guild_page import assert_sound
from playwright.sync_api import Browser, Locator, Page, expect
from tavern_fixture import MEMORY, TavernDouble, stands

from realm.catalog import list_heroes

NAVIGATION = 70
"""Pixels at the bottom of a phone's window that the navigation takes."""
COUNT_HITS = """() => {
  window.hits = 0;
  const count = (changes) => { window.hits += changes.reduce((sum, change) => sum + change.addedNodes.length, 0); };
  new MutationObserver(count).observe(document.querySelector('[data-hits]'), { childList: true });
}"""


class Tavern(Protocol):
    def __call__(self, page: Page, scenario: str = "running") -> TavernDouble: ...


@pytest.fixture
def tavern() -> Iterator[Tavern]:
    """Opens the front page on a double of the realm."""
    with ExitStack() as running:

        def begin(page: Page, scenario: str = "running") -> TavernDouble:
            double = TavernDouble(scenario)
            page.goto(running.enter_context(serving(double)), wait_until="domcontentloaded")
            expect(page.locator(".glance [data-now]")).not_to_have_text("–")
            expect(page.locator("[data-sub]").first).not_to_have_text("–")
            return double

        yield begin


@pytest.fixture
def calm(browser: Browser) -> Iterator[Page]:
    """A page whose reader wants nothing to move."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    yield page
    page.close()


def polled(page: Page, times: int) -> None:
    """Waits until that many states have come, and the first of them is shown."""
    for _ in range(times):
        with page.expect_response("**/api/state"):
            pass


def root(page: Page, name: str) -> str | None:
    return page.locator("html").get_attribute(name)


def hits(page: Page) -> Locator:
    return page.locator("[data-hits] .hit")


def test_a_glance_tells_what_happens_what_comes_and_what_is_wrong(tavern: Tavern, page: Page) -> None:
    double = tavern(page)
    glance = page.get_by_role("region", name="At a glance")
    expect(page.locator(".glance [data-now]")).to_have_text("Battle running")
    expect(page.locator(".glance [data-now-words]")).to_have_text(
        "bin-l15-auto-0044 · 1,362 of 2,400 steps · 4 min 12 s left"
    )
    expect(page.locator(".glance [data-next]")).to_have_text("BIN level 15: 77.0 % → 80 %")
    short = "3.0 points short, mean of 3 evaluations. Then bin-l15-auto-0045 (6 queued)."
    expect(page.locator(".glance [data-next-words]")).to_have_text(short)
    expect(page.locator(".glance [data-checks]")).to_have_text("Nothing is wrong")
    checked = "Checked: battle, campaign, 8 services, 41.0 GB of disk free."
    expect(page.locator(".glance [data-checks-words]")).to_have_text(checked)
    box, window = glance.bounding_box(), page.viewport_size
    assert box is not None
    assert window is not None
    assert box["y"] + box["height"] <= window["height"] - (NAVIGATION if window["width"] < 640 else 0)
    assert_sound(page)

    down = {"state": "down", "healthy": False, "detail": "no answer <b>for 41 s</b>"}
    double.put(services={"oracle": down}, disk={"free_bytes": 1_200_000_000})
    expect(page.locator(".glance [data-checks]")).to_have_text("oracle is down")
    expect(page.locator(".glance [data-checks-words]")).to_have_text(
        "No answer <b>for 41 s</b>. Also: The disk is full."
    )
    double.put(campaign=stands(queued=0, trouble="<b>No</b> skill can be trained.", trainable=False))
    expect(page.locator(".glance [data-checks]")).to_have_text("No enabled skill can be trained")
    assert_sound(page)
    page.route("**/api/state", lambda route: route.abort())
    expect(page.locator(".glance [data-checks]")).to_have_text("The realm does not answer")
    expect(page.locator(".glance [data-now]")).to_contain_text("Battle running, as of ")
    page.unroute_all(behavior="ignoreErrors")


def test_what_is_in_the_way_has_its_why_what_was_tried_and_what_to_do(tavern: Tavern, page: Page) -> None:
    double = tavern(page, "blocked")
    rows = page.get_by_role("list", name="What is in the way").get_by_role("listitem")
    expect(rows).to_have_count(3)
    first = rows.first
    expect(first.locator("[data-what]")).to_have_text("No quest can be generated.")
    expect(first.locator("[data-why]")).to_contain_text("Skill rg_countdown is of another version.")
    expect(first.locator("[data-tried]")).to_have_text("It is tried every second since 2026-11-24 08:49 UTC.")
    expect(first.locator("[data-command]")).to_have_text("realm quest post FILE")
    expect(rows.locator(".i").nth(1)).to_be_visible()
    assert [row.get_attribute("class") == "bad" for row in rows.all()] == [True, False, False]
    expect(page.locator("[data-note]")).to_contain_text("Blocked")
    expect(page.locator("[data-note]")).to_contain_text("rg_countdown is of another version")
    assert_sound(page)

    double.put(campaign=stands(), battle={"state": "running"})
    expect(rows).to_have_count(0)
    expect(page.locator(".glance [data-suggested]")).to_be_hidden()
    double.put(campaign=stands(queued=0, auto=False))
    expect(page.locator(".glance [data-suggested]")).to_have_text("No quest is on the board. realm quest post FILE")
    assert_sound(page)


def test_a_skill_with_a_verdict_has_no_gate_ahead(tavern: Tavern, desktop: Page) -> None:
    double = tavern(desktop)
    words = "BIN: mastered 14, cap between 14 and 15 at a budget of 9,000,000 tokens; capacity"
    for skill in double.skills:
        if skill["enabled"]:
            skill["verdict"] = words.replace("BIN", skill["name"])
    expect(desktop.locator(".glance [data-next]")).to_contain_text("BIN ended at level 14")
    expect(desktop.get_by_role("region", name="BIN").locator("[data-training]")).to_have_text(words)


def test_a_battle_that_failed_is_told_with_its_attempts(tavern: Tavern, desktop: Page) -> None:
    tavern(desktop, "failed")
    expect(desktop.locator(".glance [data-checks]")).to_have_text("Battle 12 failed at step 126056")
    expect(desktop.locator(".glance [data-checks-words]")).to_have_text(f"{MEMORY}.")
    tried = "3 attempts, the last at 2026-11-24 08:52 UTC. No other battle begins by itself."
    expect(desktop.locator(".glance [data-tried]")).to_have_text(tried)
    expect(desktop.locator(".glance [data-command]")).to_have_text("realm battle resume")


def test_a_running_battle_without_metrics_is_told_after_a_minute(tavern: Tavern, desktop: Page) -> None:
    double = tavern(desktop)
    double.put(battle={"steps_per_second": None}, at="2026-11-24T09:41:10+00:00")
    expect(desktop.locator("[data-g='steps_per_second']")).to_have_text("–")
    expect(desktop.locator(".glance [data-checks]")).to_have_text("Nothing is wrong")
    double.put(at="2026-11-24T09:42:15+00:00")
    expect(desktop.locator(".glance [data-checks]")).to_have_text("The battle is silent")
    expect(desktop.locator(".glance [data-checks-words]")).to_have_text("Running, no metrics for 1 min 05 s.")


def test_each_blow_is_a_number_of_a_new_state(tavern: Tavern, desktop: Page) -> None:
    double = tavern(desktop)
    desktop.evaluate(COUNT_HITS)
    polled(desktop, 2)
    assert desktop.evaluate("hits") == 0, "a blow without an update"
    double.strike(0.300)
    expect(desktop.locator(".hit.on-foe")).to_have_text("−0.012train loss 0.300")
    double.strike(0.309)
    expect(desktop.locator(".hit.on-me")).to_have_text("+0.009train loss 0.309")
    double.evaluated(87)
    expect(desktop.locator(".hit.score.met")).to_have_text("87/100BIN level 15 evaluated")
    assert desktop.evaluate("hits") == 3

    double.put(battle={"state": "paused"})
    expect(desktop.locator("[data-note]")).to_contain_text("Paused")
    expect(hits(desktop)).to_have_count(0)
    double.strike(0.290)
    polled(desktop, 3)
    assert desktop.evaluate("hits") == 3, "a blow in a battle that is paused"


def test_without_motion_a_number_stands_until_the_next(tavern: Tavern, calm: Page) -> None:
    double = tavern(calm)
    double.strike(0.300)
    expect(hits(calm)).to_have_text("−0.012train loss 0.300")
    polled(calm, 5)  # a number that moves is gone by then
    expect(hits(calm)).to_have_count(1)
    double.strike(0.309)
    expect(hits(calm)).to_have_text("+0.009train loss 0.309")
    double.master()
    expect(calm.locator("[data-ribbon]")).to_be_visible()
    assert calm.evaluate("document.getAnimations().length") == 0


def test_a_level_has_its_moment_once(tavern: Tavern, desktop: Page) -> None:
    double = tavern(desktop)
    ribbon = desktop.locator("[data-ribbon]")
    double.master()
    double.put(hero={"hero_level": 128})
    expect(ribbon).to_have_text("BIN level 15 mastered · Hero level 128")
    expect(desktop.locator("[data-medal]")).to_have_class("lvl levelled")
    expect(ribbon).to_be_hidden(timeout=4_000)
    desktop.reload(wait_until="domcontentloaded")
    expect(desktop.locator("[data-level]").first).to_have_text("128")
    polled(desktop, 2)
    expect(ribbon).to_be_hidden(timeout=1)


def test_the_picture_follows_hero_level_and_title(tavern: Tavern, desktop: Page) -> None:
    double = tavern(desktop)
    for level, gear in ((0, ""), (1, "staff"), (4, "staff"), (5, "staff shield"), (100, None)):
        double.put(hero={"hero_level": level})
        expect(desktop.locator("[data-level]").first).to_have_text(str(level))
        wanted = "staff shield mantle stones crown wings" if gear is None else gear
        assert root(desktop, "data-gear") == wanted
    double.put(hero={"hero_level": 5})
    words = "Level 1 and up: staff, level 5 and up: shield. Not reached: level 10 and up: mantle (now 5)."
    expect(desktop.locator("#tip-hero_level [data-gear]")).to_have_text(words)
    title = desktop.locator(".who .title")
    expect(title).to_have_text("In battle")
    for name, priority, aura in (("<b>Page</b>", 19, "glow"), ("Squire", 20, "glow ring"), ("Sage", 90, None)):
        double.put(title={"id": "x", "name": name, "priority": priority})
        expect(title).to_have_text(name)
        assert root(desktop, "data-aura") == (aura or "glow ring runes rays")
    assert root(desktop, "data-aura") != ""
    double.put(title=None)
    expect(title).to_have_text("In battle")
    assert root(desktop, "data-aura") == ""


def test_every_hero_of_the_catalog_has_a_head_of_its_own(tavern: Tavern, desktop: Page) -> None:
    double = tavern(desktop)
    shown = """['any', 'hood', 'mote', 'dio', 'flo'].filter((head) =>
      getComputedStyle(document.querySelector(`.sprite .h-${head}`)).display !== 'none').join()"""
    worn = """() => [getComputedStyle(document.documentElement).getPropertyValue('--hood-1'),
      document.querySelector('[data-portrait]').getAttribute('aria-label').split(', ')[1].split(': ')[1]]"""
    motes = ("mote", "mote-100k", "mote-20k")
    assert {each.id for each in list_heroes()} == {"dio", "flo", *motes}
    heads_of = {"dio": "dio", "flo": "flo", **dict.fromkeys(motes, "hood,mote"), "stranger": "any,hood"}
    seen: list[tuple[str, str]] = []
    for hero, heads in heads_of.items():
        double.put(hero={"id": hero, "name": hero.upper()})
        expect(desktop.locator("[data-name]").first).to_have_text(hero.upper())
        assert desktop.evaluate(shown) == heads
        colour, figure = desktop.evaluate(worn)
        seen.append((colour, figure))
    assert all(len(set(each)) == len(heads_of) for each in zip(*seen, strict=True)), "colours and words of its own"
