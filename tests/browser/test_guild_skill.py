"""A skill's own page: its levels, sample problems, and the hero's graded answers."""

from __future__ import annotations

import re

import pytest
from guild_fixture import REPEATING_LEVEL
from guild_page import Serve, assert_sound, card, opened
from playwright.sync_api import Page, expect


@pytest.mark.parametrize("skill", ["bin", "sy"])
def test_the_page_of_a_skill_fits_is_accessible_and_silent(serve: Serve, page: Page, skill: str) -> None:
    _, url = serve("busy")
    complaints = opened(page, f"{url}/guild?skill={skill}")
    expect(page.locator(".sheet").first).to_be_visible()
    assert_sound(page)
    assert complaints == []


def test_memorizable_is_said_of_problems_for_evaluation(serve: Serve, desktop: Page) -> None:
    _, url = serve("fresh")
    opened(desktop, f"{url}/guild")
    said = "fewer than 300 distinct problems for evaluation: training and evaluation draw from all of them"
    expect(card(desktop, "BIN")).to_contain_text(f"Memorizable: {said}.")
    desktop.goto(f"{url}/guild?skill=bin&level=1")
    expect(desktop.locator(".detail-levels")).to_contain_text(f"memorizable: {said}")
    expect(desktop.locator("[data-level-facts]")).to_contain_text("yes, fewer than 300 for evaluation")


def test_a_skills_page_shows_levels_problems_and_graded_answers(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    card(desktop, "BIN").get_by_role("link", name="BIN", exact=True).click()
    assert desktop.url == f"{url}/guild?skill=bin"
    expect(desktop.get_by_role("heading", level=1, name="BIN")).to_be_focused()
    assert desktop.locator(".levels > li").count() == 30
    expect(desktop.locator(".levels .now")).to_contain_text("77.0 %")
    body = desktop.locator(".detail-level")
    expect(body).to_contain_text("Level 15: popcount, 6 bits")
    expect(body).to_contain_text("231 of 300")
    expect(body).to_contain_text("2 of 5 kept answers correct")
    answers = body.locator("[data-answers] .sheet")
    assert answers.count() == 5
    body.get_by_text("Wrong", exact=True).click()
    assert answers.count() == 3
    expect(answers.first).to_contain_text("①⓪⓪ is not ①⓪①")
    desktop.get_by_role("link", name=re.compile("BIN level 14")).click()
    expect(body).to_contain_text("Level 14: add/sub, 7 bits")
    assert desktop.url == f"{url}/guild?skill=bin&level=14"
    body.get_by_role("button", name="Evaluate level 14").click()
    expect(body.locator(".job")).to_contain_text("Level 14: 83 of 100 correct")
    assert ("evaluate", "bin", 14) in double.calls
    desktop.go_back()
    expect(desktop.get_by_role("heading", level=1, name="Guild")).to_be_focused()
    assert desktop.url == f"{url}/guild"


def test_a_rung_says_and_shows_on_which_side_of_the_gate_it_is(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    double.answered |= {3: 239, 4: 240}
    opened(desktop, f"{url}/guild?skill=bin")
    rungs = desktop.locator(".levels > li")
    expect(rungs.nth(2)).to_contain_text("79.7 %")
    expect(rungs.nth(3)).to_contain_text("80.0 %")
    assert [rungs.nth(at).locator(".pip.met").count() for at in (2, 3)] == [0, 1]
    double.answered |= {3: 240, 4: 239}
    double.skill("bin")["share"] = 0.4
    expect(rungs.nth(2)).to_contain_text("80.0 %")
    assert [rungs.nth(at).locator(".pip.met").count() for at in (2, 3)] == [1, 0]


def test_a_sample_problem_that_repeats_is_shown_as_often_as_it_is_given(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild?skill=bin&level={REPEATING_LEVEL}")
    samples = desktop.locator("[data-examples] .sheet")
    expect(samples).to_have_count(3)
    for xp in (9_501, 9_502):
        double.skill("bin")["xp"] = xp
        expect(desktop.locator(".detail-head")).to_contain_text(f"{xp:,}")
        assert samples.count() == 3


def test_a_skill_or_level_that_does_not_exist_is_said(serve: Serve, desktop: Page) -> None:
    _, url = serve("busy")
    for query in ("skill=nope", "skill=bin&level=31"):
        desktop.goto(f"{url}/guild?{query}")
        expect(desktop.locator(".skill-page").get_by_role("alert").first).to_contain_text(
            re.compile("does not exist|no level 31")
        )
        expect(desktop.get_by_role("link", name="Guild").last).to_be_visible()
