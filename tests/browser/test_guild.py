"""The Guild page in a real browser, over a double of the realm's actors: cards, charts, heat map, passives, updates."""

from __future__ import annotations

import re

import pytest
from guild_fixture import AT, result
from guild_page import Serve, assert_sound, card, open_folds, opened
from playwright.sync_api import Browser, Page, expect


@pytest.mark.parametrize("scenario", ["busy", "fresh", "bare"])
def test_the_page_fits_is_accessible_and_silent(serve: Serve, page: Page, scenario: str) -> None:
    double, url = serve(scenario)
    complaints = opened(page, f"{url}/guild")
    open_folds(page)
    shown = page.locator(".card h2").all_inner_texts()
    assert shown == [row["name"] for row in double.skills if row["enabled"]]
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


def test_empty_states_say_what_will_happen(serve: Serve, desktop: Page) -> None:
    _, url = serve("fresh")
    opened(desktop, f"{url}/guild")
    expect(card(desktop, "BIN")).to_contain_text("No evaluation yet. While a battle runs")
    expect(card(desktop, "Primitives")).to_contain_text("None measured yet")
    expect(card(desktop, "Passives")).to_contain_text("No passive was run yet. At every checkpoint")


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
