"""The training plan on the Guild page: strategy, preset, priority, and which skills are enabled."""

from __future__ import annotations

import re

from guild_fixture import REMEDY
from guild_page import Serve, assert_sound, card, opened
from playwright.sync_api import Page, expect

from realm.errors import ConflictError


def test_strategy_preset_and_priority_are_sent_and_kept(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    plan = card(desktop, "Training plan")
    plan.get_by_role("radio", name="Weighted").check()
    expect(plan.get_by_role("status")).to_have_text("Saved. The next generated quest follows it.")
    expect(plan).to_contain_text("put together by hand")
    card(desktop, "BIN").get_by_label("Priority").select_option("9")
    expect(plan.locator(".shares-key")).to_contain_text("BIN64 %")
    plan.get_by_role("radio", name="Focus").check()
    plan.get_by_label("Skill in focus").select_option("sy")
    expect(plan.locator(".shares-key")).to_contain_text("SY80 %")
    plan.get_by_role("radio", name="Catch up").check()
    expect(plan.get_by_role("radio", name="Lowest first")).to_be_checked()
    assert double.calls == [
        ("strategy", "weighted", None), ("skill", "bin", None, 9), ("strategy", "focus", "bin"),
        ("strategy", "focus", "sy"), ("preset", "catch_up"),
    ]  # fmt: skip
    double.refusal = ConflictError("There is no campaign.", "Start one.")
    plan.get_by_role("radio", name="Equal").click()  # check() would look whether it stays chosen, which it does not
    expect(plan.get_by_role("alert")).to_have_text("There is no campaign. Start one.")
    expect(plan.get_by_role("radio", name="Lowest first")).to_be_checked()
    double.refusal = ConflictError("There is no campaign.", "Start one.")
    card(desktop, "BIN").get_by_label("Priority").select_option("2")
    expect(card(desktop, "BIN").get_by_role("alert").last).to_have_text("There is no campaign. Start one.")
    expect(card(desktop, "BIN").get_by_label("Priority")).to_have_value("9")


def test_the_plan_says_what_its_mix_does(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    plan = card(desktop, "Training plan")
    mix = plan.locator("[data-mix]")
    expect(mix).to_contain_text("7.5 % of the level after the training level, where there is one; 15.0 % replay of")
    expect(mix).to_contain_text("mastered levels that are safe, where there are any; the rest goes to")
    expect(mix).to_contain_text("Safe is an accuracy at least half-way from the gate to 100 %.")
    plan.get_by_role("radio", name="Uniform").check()
    expect(mix).to_have_text("Within a skill: the same to every level up to the one after the training level.")
    double.mix |= {"kind": "learnable", "next_share": 0.0}
    expect(mix).to_contain_text("Within a skill: nothing of the level after the training level; 15.0 % replay")


def test_a_focus_that_is_not_trained_is_said(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    double.strategy |= {"name": "focus", "focus": "sy"}
    opened(desktop, f"{url}/guild")
    plan = card(desktop, "Training plan")
    picker = plan.get_by_label("Skill in focus")
    expect(picker).to_have_value("sy")
    expect(plan.locator("[data-focus-lost]")).to_be_hidden()
    card(desktop, "SY").get_by_role("button", name="Disable SY").click()
    expect(plan.locator("[data-focus-lost]")).to_have_text(
        "The skill in focus, SY, is not trained: the training is shared as with Equal until another is chosen or SY is "
        "enabled."
    )
    assert picker.evaluate("each => each.selectedOptions[0].textContent") == "none"
    assert_sound(desktop)
    picker.select_option("bin")
    expect(plan.locator("[data-focus-lost]")).to_be_hidden()
    expect(picker).to_have_value("bin")
    assert double.calls[-1] == ("strategy", "focus", "bin")


def test_the_limits_of_controls_and_words_are_those_of_the_realm(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    double.limits |= {"priorities": [1, 2, 3, 4, 5], "sparring_problems": 40, "window": 7}
    opened(desktop, f"{url}/guild")
    shown = card(desktop, "BIN")
    assert shown.get_by_label("Priority").locator("option").all_inner_texts() == list("12345")
    expect(shown.get_by_label("Problems of a sparring session of BIN")).to_have_attribute("max", "40")
    expect(shown).to_contain_text("over 7 evaluations masters the level")


def test_a_skill_is_enabled_and_disabled(serve: Serve, desktop: Page) -> None:
    double, url = serve("fresh")
    opened(desktop, f"{url}/guild")
    idle = card(desktop, "Not trained")
    assert idle.get_by_role("button", name="Enable").count() == 11
    expect(idle).to_contain_text("the champion is examined anew")
    idle.get_by_role("button", name="Enable SY", exact=True).click()
    expect(card(desktop, "SY").get_by_role("link", name="SY", exact=True)).to_be_focused()
    card(desktop, "SY").get_by_role("button", name="Disable SY").click()
    expect(idle.get_by_role("button", name="Enable SY", exact=True)).to_be_visible()
    assert double.calls == [("skill", "sy", True, None), ("skill", "sy", False, None)]


def test_skills_that_cannot_run_say_the_remedy_once(serve: Serve, desktop: Page) -> None:
    _, url = serve("bare")
    opened(desktop, f"{url}/guild")
    idle = card(desktop, "Not trained")
    expect(idle).to_contain_text(f"10 skills not available: {REMEDY}")
    assert idle.get_by_role("button", name="Enable").count() == 1
    desktop.goto(f"{url}/guild?skill=rg_gcd")
    problem = desktop.locator(".skill-page").get_by_role("alert").first
    expect(problem).to_contain_text("Skill 'rg_gcd' is not available: reasoning-gym is not installed.")
    expect(problem).to_contain_text("pip install")
    expect(desktop.locator(".skill-body")).to_be_hidden()


def test_an_enabled_skill_that_cannot_run_shows_what_the_books_say(serve: Serve, desktop: Page) -> None:
    double, url = serve("bare")
    gcd = double.skill("rg_gcd")
    gcd |= {"enabled": True, "mastered_level": 3, "training_level": 4, "xp": 412, "priority": 7}
    opened(desktop, f"{url}/guild")
    shown = card(desktop, gcd["name"])
    expect(shown).to_contain_text(REMEDY)
    expect(shown).to_contain_text("3 of 10")
    expect(shown).to_contain_text("412")
    expect(shown).to_contain_text("Enabled, but not trained, not evaluated and no part of the exam on this machine.")
    for name in ("Evaluate", "Spar", "Disable"):
        expect(shown.get_by_role("button", name=re.compile(f"^{name}"))).to_be_disabled()
    expect(desktop.locator("[data-trained]")).to_have_text("1 of 12")
    expect(card(desktop, "Training plan").locator(".shares-key")).not_to_contain_text(gcd["name"])
    assert_sound(desktop)
