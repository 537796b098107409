"""The Guild page in a real browser, over a double of the realm's actors: what is shown, what controls send and say."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from guild_fixture import AT, REMEDY, REPEATING_LEVEL, GuildDouble, result, serving
from playwright.sync_api import Browser, Page, expect

from realm.errors import ConflictError

Serve = Callable[[str], tuple[GuildDouble, str]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as running:

        def begin(scenario: str) -> tuple[GuildDouble, str]:
            double = GuildDouble(scenario)
            return double, running.enter_context(serving(double))

        yield begin


@pytest.fixture
def desktop(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    yield page
    page.close()


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


@pytest.mark.parametrize("scenario", ["busy", "fresh", "bare"])
def test_the_page_fits_is_accessible_and_silent(serve: Serve, page: Page, scenario: str) -> None:
    double, url = serve(scenario)
    complaints = opened(page, f"{url}/guild")
    open_folds(page)
    shown = page.locator(".card h2").all_inner_texts()
    assert shown == [row["name"] for row in double.skills if row["enabled"]]
    assert_sound(page)
    assert complaints == []


@pytest.mark.parametrize("skill", ["bin", "sy"])
def test_the_page_of_a_skill_fits_is_accessible_and_silent(serve: Serve, page: Page, skill: str) -> None:
    _, url = serve("busy")
    complaints = opened(page, f"{url}/guild?skill={skill}")
    expect(page.locator(".sheet").first).to_be_visible()
    assert_sound(page)
    assert complaints == []


def test_a_card_shows_gate_window_and_intervals(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    skill, shown = double.skill("bin"), card(desktop, "BIN")
    expect(shown).to_contain_text("14 of 30")
    expect(shown).to_contain_text("Next gate: level 15, popcount, 6 bits")
    expect(shown).to_contain_text("Mean of the last 3: 77.0 %. A mean of 80 % over 3 evaluations masters the level.")
    rows = shown.locator(".ev[role=group]")
    assert rows.count() == len(skill["window"])
    for row, evaluation in zip(rows.all(), skill["window"], strict=True):
        expect(row).to_contain_text(f"{100 * evaluation['accuracy']:.1f} %")
        style = row.locator(".trk").evaluate(
            "e => ['--gate', '--lo', '--hi', '--m'].map((name) => Number(e.style.getPropertyValue(name)))"
        )
        expected = [80, *(round(100 * evaluation[name], 1) for name in ("low", "high", "accuracy"))]
        assert style == pytest.approx(expected, abs=0.051)
    met = [row.locator(".pip.met").count() for row in rows.all()]
    assert met == [0, 0, 1]
    on, now = shown.locator(".rung .on"), shown.locator(".rung .now")
    assert (on.count(), now.inner_text()) == (14, "15")
    expect(shown.get_by_role("link", name="BIN level 15: popcount, 6 bits, training")).to_have_attribute(
        "title", "popcount, 6 bits"
    )


def test_the_chart_reads_out_each_evaluation(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    plot = card(desktop, "BIN").get_by_role("slider")
    plot.focus()
    desktop.keyboard.press("End")
    newest, first = double.skill("bin")["recent"][-1], double.skill("bin")["recent"][0]
    expect(plot).to_have_attribute("aria-valuetext", re.compile(rf"{newest['correct']} of 100"))
    desktop.keyboard.press("Home")
    expect(plot).to_have_attribute("aria-valuetext", re.compile(rf"step {first['step']:,} · level {first['level']}"))
    expect(plot.locator("[data-cross-text]")).to_contain_text(f"{first['correct']} of {first['n']}")


def test_an_evaluation_of_older_weights_takes_its_place_in_the_chart(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    recent = double.skill("bin")["recent"]
    recent.append({**result(110_000, 13, 81), "at": AT.format(23, 59), "mastered_level": None})
    opened(desktop, f"{url}/guild")
    plot = card(desktop, "BIN").get_by_role("slider")
    places = [float(x) for x in re.findall(r"M([-\d.]+) ", plot.locator(".ci").get_attribute("d") or "")]
    assert len(places) == len(recent)
    assert places == sorted(places)
    assert min(places) >= 0
    assert max(places) <= 1000
    plot.focus()
    desktop.keyboard.press("End")
    expect(plot).to_have_attribute("aria-valuetext", re.compile("step 127,000 · level 15"))


def test_the_crosshair_stays_at_its_evaluation(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    plot = card(desktop, "BIN").get_by_role("slider")
    recent = double.skill("bin")["recent"]
    plot.focus()
    desktop.keyboard.press("Home")
    for _ in range(4):
        desktop.keyboard.press("ArrowRight")
    held = f"step {recent[4]['step']:,} · level {recent[4]['level']}"
    expect(plot).to_have_attribute("aria-valuetext", re.compile(held))
    last = len(recent)
    double.skill("bin")["recent"] = [*recent, {**result(127_400, 15, 79), "mastered_level": None}]
    expect(plot).to_have_attribute("aria-valuemax", str(last))
    expect(plot).to_have_attribute("aria-valuenow", "4")
    expect(plot).to_have_attribute("aria-valuetext", re.compile(held))
    expect(plot.locator("[data-cross]")).to_be_visible()
    desktop.keyboard.press("ArrowRight")
    expect(plot).to_have_attribute("aria-valuenow", "5")
    double.skill("bin")["recent"] = double.skill("bin")["recent"][10:]
    expect(plot).to_have_attribute("aria-valuemax", str(last - 10))
    expect(plot).to_have_attribute("aria-valuenow", "0")


def test_a_chart_drawn_while_hidden_is_labelled_when_shown(serve: Serve, desktop: Page) -> None:
    double, url = serve("bare")
    climbed = [{**result(10_000 * level, level, 60), "mastered_level": None} for level in range(1, 11)]
    double.skill("bin")["recent"] = climbed
    opened(desktop, f"{url}/guild?skill=bin")
    expect(desktop.locator(".skill-body")).to_be_visible()
    labels = card(desktop, "BIN").locator("[data-marks] span")
    desktop.get_by_role("link", name="Guild").last.click()
    # The two newest would stand on each other.
    expect(labels).to_have_text(["level 10", *(f"level {level}" for level in range(8, 0, -1))])


def test_the_heat_map_shows_the_numbers_of_the_data(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    cells = desktop.locator(".cell")
    shown = [[cell.locator("> span").first.inner_text(), cell.locator("> b").inner_text()] for cell in cells.all()]
    assert shown == [
        [row["title"], "–" if row["window_accuracy"] is None else str(round(100 * row["window_accuracy"]))]
        for row in double.primitives
    ]
    assert len(shown) == 39
    assert desktop.locator(".cell.none").count() == sum(row["window_n"] == 0 for row in double.primitives)
    expect(desktop.locator("#track-logic")).to_have_text("Logic4 of 7 · mean 60 %")
    cells.first.focus()
    expect(cells.first.get_by_role("tooltip")).to_contain_text("91 of 100 correct = 91.0 %")
    desktop.keyboard.press("ArrowRight")
    expect(cells.nth(1)).to_be_focused()
    assert desktop.locator(".cell[tabindex='0']").count() == 1


def test_passives_show_pool_peak_and_warning(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    cards = desktop.locator(".mx > li:not(.key)")
    for shown, row in zip(cards.all(), double.passives, strict=True):
        pooled = row["pooled"]
        expect(shown).to_contain_text(f"{pooled['correct']} of {pooled['n']} ({100 * pooled['low']:.1f}")
        expect(shown).to_contain_text(f"peak {round(100 * row['peak']['accuracy'])} % at {row['peak']['step']:,}")
    warned = desktop.locator(".mx > .w")
    assert warned.count() == 1
    [warning] = [row["warning"] for row in double.passives if row["warning"]]
    expect(warned).to_contain_text(warning)


@pytest.mark.parametrize(("size", "line"), [(10, 11), (12, 9)])
def test_the_line_of_a_passive_pools_lite_runs_only(serve: Serve, desktop: Page, size: int, line: int) -> None:
    double, url = serve("busy")
    double.limits |= {"pooled_runs": size, "pooled_problems": 5 * size}
    opened(desktop, f"{url}/guild")
    expect(desktop.locator(".mx .key")).to_contain_text(f"the last {size} LITE runs ({5 * size} problems) pooled")
    for shown, row in zip(desktop.locator(".mx > li:not(.key)").all(), double.passives, strict=True):
        lite = [run for run in row["runs"] if run["mode"] == "lite"]
        pools = [lite[at : at + size] for at in range(len(lite) - size + 1)]
        assert len(pools) == line
        shares = [sum(run["correct"] for run in pool) / sum(run["n"] for run in pool) for pool in pools]
        drawn = re.findall(r"[ML]([\d.]+) ([\d.]+)", shown.locator(".ln").get_attribute("d") or "")
        assert [float(y) for _, y in drawn] == pytest.approx([58 - 56 * share for share in shares], abs=0.06)
        assert float(drawn[0][0]) == pytest.approx(1000 * (size - 1) / 19, abs=1)
        assert (shown.locator(".ar").get_attribute("d") or "").endswith(f"H{drawn[0][0]}Z")
        dots = shown.locator(".dt").get_attribute("d") or ""
        assert dots.count("M") == len(row["runs"]) == len(lite) + 1


def test_a_passive_that_is_not_pooled_yet_says_how_much_was_asked(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    first, second, third = double.passives[:3]
    first |= {"runs": first["runs"][:3], "pooled": None, "peak": None}
    second |= {"runs": [{**second["runs"][0], "mode": "full"}], "pooled": None, "peak": None}
    third |= {"runs": [], "pooled": None, "peak": None}
    opened(desktop, f"{url}/guild")
    cards = desktop.locator(".mx > li:not(.key)")
    expect(cards.nth(0)).to_contain_text("15 of 50 problems asked")
    expect(cards.nth(1)).to_contain_text("asked in FULL only")
    expect(cards.nth(2)).to_contain_text("not asked yet")


def test_an_evaluation_is_followed_to_its_result(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    shown = card(desktop, "SY")
    button = shown.get_by_role("button", name="Evaluate SY now")
    button.focus()
    desktop.keyboard.press("Enter")
    status = shown.locator("[data-job='eval/sy']")
    expect(status).to_contain_text(re.compile("Evaluation (queued|running)"))
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_be_focused()
    expect(status).to_contain_text("Level 4: 83 of 100 correct = 83.0 %.")
    expect(button).not_to_have_attribute("aria-disabled", "true")
    assert shown.locator(".ev[role=group]").count() == 3
    assert double.calls == [("evaluate", "sy", None)]


def test_sparring_sends_its_count_and_shows_the_session(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    shown = card(desktop, "BIN")
    count = shown.get_by_label("Problems of a sparring session of BIN")
    problem = shown.get_by_role("alert").last
    for wrong in ("0", "-5", "1000000000", "2.5", ""):
        count.fill(wrong)
        with desktop.expect_response("**/spar") as answer:
            shown.get_by_role("button", name="Spar BIN now").click()
        assert answer.value.status == 400, wrong
        expect(problem).to_contain_text(answer.value.json()["detail"])
        expect(problem).to_be_visible()
        problem.evaluate("each => { each.textContent = ''; }")  # what stands there next is of the next count
    assert double.calls == []
    count.fill("60")
    shown.get_by_role("button", name="Spar BIN now").click()
    expect(shown.locator("[data-job='spar/bin']")).to_contain_text(
        "52 of 100 correct at the first try, 19 of 48 mistakes at the second"
    )
    expect(problem).to_be_hidden()
    assert double.calls == [("spar", "bin", 60)]


def test_a_waiting_job_can_be_cancelled(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    double.holds_jobs = True
    desktop.get_by_role("button", name="Run FULL").click()
    status = desktop.locator(".passives .job")
    expect(status).to_contain_text("Passives queued; it waits for a free worker.")
    status.get_by_role("button", name="Cancel").click()
    expect(status).to_contain_text("Passives cancelled: cancelled on the Guild page.")
    assert double.calls == [("passives", "full"), ("cancel", "job-1")]


def test_an_error_is_said_at_the_control(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    double.refusal = ConflictError("The queue of eval jobs is full: 32 of 32.", "Try again in 15 s.")
    shown = card(desktop, "BIN")
    shown.get_by_role("button", name="Evaluate BIN now").click()
    expect(shown.get_by_role("alert").last).to_have_text("The queue of eval jobs is full: 32 of 32. Try again in 15 s.")
    shown.get_by_role("button", name="Evaluate BIN now").click()
    expect(shown.get_by_role("alert").last).to_be_hidden()


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


def test_empty_states_say_what_will_happen(serve: Serve, desktop: Page) -> None:
    _, url = serve("fresh")
    opened(desktop, f"{url}/guild")
    expect(card(desktop, "BIN")).to_contain_text("No evaluation yet. While a battle runs")
    expect(card(desktop, "Primitives")).to_contain_text("None measured yet")
    expect(card(desktop, "Passives")).to_contain_text("No passive was run yet. At every checkpoint")


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


def test_a_reading_that_fails_is_said_until_one_is_answered(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild?skill=bin")
    expect(desktop.locator(".skill-body")).to_be_visible()
    problem = desktop.locator(".skill-page").get_by_role("alert").first
    double.down = {"guild"}
    expect(problem).to_contain_text("skill_engine does not answer.")
    double.down = set()
    expect(problem).to_be_hidden()


def test_a_job_whose_end_cannot_be_asked_is_asked_again(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    shown = card(desktop, "SY").locator("[data-job='eval/sy']")
    double.down = {"job"}
    with desktop.expect_response(lambda answer: "/jobs/" in answer.url and answer.status == 503):
        card(desktop, "SY").get_by_role("button", name="Evaluate SY now").click()
    # The next reading asks anew, and that the line was written after the first answer is sure by then.
    with desktop.expect_response(lambda answer: "/jobs/" in answer.url and answer.status == 503):
        pass
    expect(shown).to_contain_text("Evaluation running.")
    double.down = set()
    expect(shown).to_contain_text("Level 4: 83 of 100 correct = 83.0 %.")


def queued(desktop: Page, double: GuildDouble, url: str) -> Any:
    """The line of an evaluation that stays queued."""
    opened(desktop, f"{url}/guild")
    double.holds_jobs = True
    card(desktop, "SY").get_by_role("button", name="Evaluate SY now").click()
    shown = card(desktop, "SY").locator("[data-job='eval/sy']")
    expect(shown).to_contain_text("Evaluation queued")
    return shown


def test_a_job_that_is_no_longer_known_is_over(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    shown = queued(desktop, double, url)
    double.jobs.clear()
    expect(shown).to_contain_text("Evaluation failed: Job 'job-1' does not exist.")


def test_a_job_that_waits_for_another_attempt_says_why(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    shown = queued(desktop, double, url)
    double.jobs["job-1"]["error"] = "CUDA out of memory."
    expect(shown).to_contain_text("Evaluation failed and waits to be tried again: CUDA out of memory.")


def test_results_say_what_was_not_counted_and_why_there_is_no_quest(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild?skill=bin")
    double.result_more = {"counted": False, "detail": "the training level is 15"}
    desktop.get_by_role("button", name="Evaluate BIN now").last.click()
    expect(desktop.locator(".skill-page [data-job='eval/bin']")).to_contain_text(
        "83 of 100 correct = 83.0 %. Not counted towards the next level: the training level is 15."
    )
    double.result_more = {"quest_id": None, "reason": "the hero is 2400 steps beyond these mistakes"}
    desktop.get_by_role("button", name="Spar BIN now").last.click()
    expect(desktop.locator(".skill-page [data-job='spar/bin']")).to_contain_text(
        "19 of 48 mistakes at the second. No quest: the hero is 2400 steps beyond these mistakes."
    )
    newest = desktop.locator("[data-sessions] li").first
    expect(newest).to_contain_text("48 mistakes, no quest: the hero is 2400 steps beyond these mistakes")
    expect(desktop.locator("[data-sessions] li").last).to_contain_text("quest 5f0c2a9e")


def test_a_sample_problem_that_repeats_is_shown_as_often_as_it_is_given(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild?skill=bin&level={REPEATING_LEVEL}")
    samples = desktop.locator("[data-examples] .sheet")
    expect(samples).to_have_count(3)
    for xp in (9_501, 9_502):
        double.skill("bin")["xp"] = xp
        expect(desktop.locator(".detail-head")).to_contain_text(f"{xp:,}")
        assert samples.count() == 3


def test_a_list_holds_its_items_and_no_others(serve: Serve, desktop: Page) -> None:
    _, url = serve("busy")
    opened(desktop, f"{url}/guild")
    shown = desktop.evaluate("""async () => {
        const styles = document.querySelector("link[rel=stylesheet][href*='/realm/']").href;
        const { h, keyed } = await import(styles.replace(/[^/]*$/, "dom.js"));
        const list = h("ul");
        return ["aab", "aab", "ba", "", "caa"].map((keys) => {
            keyed(list, [...keys], (key) => key, (key) => h("li", {}, key), () => {});
            return list.textContent;
        });
    }""")
    assert shown == ["aab", "aab", "ba", "", "caa"]


def test_a_skill_or_level_that_does_not_exist_is_said(serve: Serve, desktop: Page) -> None:
    _, url = serve("busy")
    for query in ("skill=nope", "skill=bin&level=31"):
        desktop.goto(f"{url}/guild?{query}")
        expect(desktop.locator(".skill-page").get_by_role("alert").first).to_contain_text(
            re.compile("does not exist|no level 31")
        )
        expect(desktop.get_by_role("link", name="Guild").last).to_be_visible()


def test_an_update_moves_nothing_and_keeps_the_elements(serve: Serve, desktop: Page) -> None:
    double, url = serve("busy")
    opened(desktop, f"{url}/guild")
    places = """[...document.querySelectorAll('.panel')].map((each) => {
        const box = each.getBoundingClientRect(); return [box.top, box.height]; })"""
    desktop.evaluate(
        "document.querySelectorAll('.card, .cell, .mx > li, .ev').forEach((each) => { each.kept = true; })"
    )
    before = desktop.evaluate(places)
    for row in double.primitives:
        row["window_accuracy"] = row["window_n"] and 0.5
    double.skill("bin")["xp"] = 9500
    expect(card(desktop, "BIN")).to_contain_text("9,500")
    assert desktop.locator(".cell > b").first.inner_text() == "50"
    assert desktop.evaluate(places) == before
    assert desktop.evaluate(
        "[...document.querySelectorAll('.card, .cell, .mx > li, .ev[role]')].every((each) => each.kept)"
    )


def test_a_hidden_page_does_not_ask_for_the_guild(serve: Serve, desktop: Page) -> None:
    _, url = serve("busy")
    desktop.clock.install()
    opened(desktop, f"{url}/guild")
    desktop.evaluate(
        "Object.defineProperty(document, 'hidden', { get: () => window.away ?? true, configurable: true })"
    )
    asked: list[str] = []
    desktop.on("request", lambda request: asked.append(request.url))
    # Each answer of the state comes when a reading of the guild has been due for long; that of the one before has been
    # dealt with by then.
    for _ in range(3):
        with desktop.expect_response("**/api/state"):
            desktop.clock.fast_forward(10_000)
    assert [each for each in asked if "/api/guild" in each] == []
    desktop.evaluate("window.away = false")
    with desktop.expect_request("**/api/guild"):
        desktop.clock.fast_forward(10_000)


def test_nothing_moves_for_who_wants_it_still(serve: Serve, browser: Browser) -> None:
    double, url = serve("busy")
    double.holds_jobs = True
    page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    opened(page, f"{url}/guild")
    page.get_by_role("button", name="Run FULL").click()
    expect(page.locator(".passives .job")).to_contain_text("queued")
    assert page.evaluate("document.getAnimations().length") == 0
    page.close()


def ask(url: str, body: Any = None) -> tuple[int, Any, str]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"})) as answer:
            return answer.status, json.load(answer), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers["Content-Type"]


def test_the_api_refuses_what_makes_no_sense_and_says_why(serve: Serve) -> None:
    double, url = serve("busy")
    refused = {
        ("strategy", '{"strategy": "best"}'): (400, "strategy"),
        ("strategy", '{"strategy": "focus"}'): (400, "names a skill"),
        ("strategy", '{"strategy": "equal", "focus": "bin"}'): (400, "names a skill"),
        ("preset", '{"preset": "rush"}'): (404, "rush"),
        ("preset", "{}"): (400, "preset"),
        ("skills/bin", "{}"): (400, "enabled, priority"),
        ("skills/bin", '{"priority": 0}'): (400, "greater than or equal to 1"),
        ("skills/bin", '{"priority": 10}'): (400, "less than or equal to 9"),
        ("skills/bin", '{"priority": true}'): (400, "priority"),
        ("skills/bin", '{"enabled": 1}'): (400, "enabled"),
        ("skills/bin", '{"colour": "red"}'): (400, "colour"),
        ("skills/nope", '{"priority": 3}'): (404, "nope"),
        ("skills/nope/evaluate", "{}"): (404, "nope"),
        ("skills/bin/evaluate", '{"level": 0}'): (400, "level"),
        ("skills/bin/spar", '{"count": 0}'): (400, "count"),
        ("skills/bin/spar", '{"count": -1}'): (400, "count"),
        ("skills/bin/spar", '{"count": 1000000000}'): (400, "count"),
        ("skills/bin/spar", '{"count": "9"}'): (400, "count"),
        ("skills/bin/spar", "{}"): (400, "count"),
        ("passives/run", '{"mode": "all"}'): (400, "mode"),
    }
    for (path, body), (status, words) in refused.items():
        got, problem, kind = ask(f"{url}/api/guild/{path}", json.loads(body))
        assert (got, kind) == (status, "application/problem+json"), (path, body, problem)
        assert words in problem["detail"], (path, body, problem)
        assert problem["remedy"]
    for path in ("skills/bin?level=0", "skills/bin?level=31", "skills/nope", "jobs/nope"):
        got, problem, kind = ask(f"{url}/api/guild/{path}")
        assert got in (400, 404), path
        assert kind == "application/problem+json"
        assert problem["detail"]
    assert [call for call in double.calls if call[0] not in ("preset", "skill", "evaluate")] == []


def test_reading_changes_nothing(serve: Serve) -> None:
    double, url = serve("busy")
    double.holds_jobs = True
    assert ask(f"{url}/api/guild/skills/bin/evaluate", {})[0] == 200
    first, calls = ask(f"{url}/api/guild"), list(double.calls)
    for path in ("skills/bin", "skills/bin?level=3", "jobs/job-1"):
        assert ask(f"{url}/api/guild/{path}")[0] == 200, path
    for path in ("strategy", "preset", "skills/bin/evaluate", "skills/bin/spar", "passives/run", "jobs/job-1/cancel"):
        assert ask(f"{url}/api/guild/{path}")[0] in (404, 405), path
    with serving(double) as other:  # it has kept no answer
        assert ask(f"{other}/api/guild") == first
    assert double.calls == calls
