"""The Campaign page in a real browser, over the real desk, books and stores: what it tells, what each button does."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from campaign_fixture import CampaignDouble
from guild_fixture import serving
from playwright.sync_api import Browser, Page, Route, expect
from vault_page import assert_usable

Begin = Callable[..., tuple[CampaignDouble, str]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    with ExitStack() as running:

        def made(scenario: str = "full") -> tuple[CampaignDouble, str]:
            double = CampaignDouble(tmp_path, scenario)
            return double, running.enter_context(serving(double))

        yield made


def opened(page: Page, url: str) -> list[str]:
    """Open the page and wait for the record; what its console complains about."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url, wait_until="domcontentloaded")
    expect(page.get_by_role("heading", name="Campaigns", exact=True)).to_be_visible()
    page.wait_for_function(
        "document.querySelector('[data-stones] li, .camp-head .teaching:not([hidden])')"
        " && document.querySelector('.camp-compare :is([data-body], [data-empty]):not([hidden])')"
    )
    return complaints


def told(page: Page) -> Any:
    return page.locator(".outcomes .told")


def downloaded(page: Page, link: str) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    return list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))


def head(page: Page) -> Any:
    return page.locator(".camp-head")


@pytest.mark.parametrize("scenario", ["full", "new", "none"])
def test_the_page_fits_is_accessible_and_silent(begin: Begin, page: Page, scenario: str) -> None:
    _, url = begin(scenario)
    complaints = opened(page, f"{url}/campaign")
    if scenario == "full":
        page.goto(f"{url}/campaign?campaign=mote-1", wait_until="domcontentloaded")
        expect(page.locator(".cap-verdict")).to_be_visible()
        page.locator(".cap-verdict summary").click()
        page.locator(".camp-honours summary").click()
    else:
        expect(page.locator(".camp-compare")).to_contain_text("Nothing to compare")
        words = "No campaign yet" if scenario == "none" else "Campaign mote-1"
        expect(head(page)).to_contain_text(words)
    assert_usable(page)
    assert complaints == []


def test_the_record_is_that_of_the_rows(begin: Begin, desktop: Page) -> None:
    double, url = begin()
    opened(desktop, f"{url}/campaign")
    row = {**double.desk.show("mote-3"), **double.books.record("mote-3")}
    best, train = row["bests"]["accuracy"], row["bests"]["train_loss"]
    shown = head(desktop)
    expect(shown).to_contain_text(f"BIN level {best['level']}, {best['correct']} of 100, step {best['step']:,}")
    expect(shown).to_contain_text(f"one metric point, step {train['step']:,}")
    expect(shown).to_contain_text("14.0 points below its best")
    expect(shown).to_contain_text(f"{row['reached']['tokens']:,} tokens")
    line = desktop.locator(".camp-levels tr[data-key='bin/21']")
    [last] = [each for each in row["transitions"] if each["level"] == 21]
    expect(line).to_contain_text(f"{last['step']:,}")
    expect(line).to_contain_text(f"{last['cost']['tokens']:,.0f}")
    expect(desktop.locator(".camp-strain [data-now]")).to_have_text(f"{row['strain']['now']:.3f}")
    shares = [each["windows"] / len(row["strain"]["windows"]) for each in row["strain"]["zones"]]
    assert desktop.locator(".zones-key [data-share]").all_inner_texts() == [
        f"{int(100 * share + 0.5)} % of windows" for share in shares
    ]
    expect(desktop.locator(".camp-strain")).to_contain_text("5 % quantile of the window medians")
    expect(desktop.locator(".camp-overrides")).to_contain_text("training.batch_size")
    expect(desktop.locator(".stones li")).to_have_count(len(row["milestones"]))
    expect(desktop.locator(".camp-honours [data-earned] li")).to_have_count(11)
    drawn = "[...document.querySelectorAll('.camp-honours use')].map((use) => use.getAttribute('href'))"
    assert [each for each in desktop.evaluate(drawn) if desktop.locator(f"symbol{each}").count() != 1] == []


def test_campaigns_are_compared_by_tokens_seconds_and_steps(begin: Begin, desktop: Page) -> None:
    double, url = begin()
    opened(desktop, f"{url}/campaign")
    ends = desktop.locator(".course-chart .ends span")
    expect(ends).to_have_count(4)
    assert {text.split()[0]: text.split()[1] for text in ends.all_inner_texts()} == {
        "mote-1": "17", "mote-2": "12", "mote-3": "21", "dio-1": "9",
    }  # fmt: skip
    colours = ends.evaluate_all("all => all.map(each => getComputedStyle(each).color)")
    assert len(set(colours)) == 4
    for words, title in (
        ("Seconds", "seconds of training steps"),
        ("Steps", "steps"),
        ("Tokens", "tokens of training"),
    ):
        desktop.get_by_role("radio", name=words).check()
        expect(desktop.locator("[data-axis-title]")).to_have_text(title)
    desktop.get_by_role("checkbox", name="Compare mote-2").uncheck()
    expect(ends).to_have_count(3)
    rows = desktop.locator(".caps-table tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.filter(has_text="mote-1")).to_contain_text("17 to 18")
    expect(rows.filter(has_text="mote-1")).to_contain_text("capacity")
    expect(desktop.locator(".cap-chart .dot.known")).to_have_count(2)
    desktop.get_by_label("Skill").select_option("sy")
    expect(desktop.locator(".cap-chart .dot")).to_have_count(1)
    found = downloaded(desktop, "Levels as CSV")
    assert {each["campaign"] for each in found} == {"mote-1", "mote-3", "dio-1"}
    assert len(found) == 17 + 21 + 9 + len(
        [t for t in double.desk.show("dio-1")["transitions"] if t["skill_id"] == "sy"]
    )
    capped = {(each["campaign"], each["skill"]): each["cap"] for each in downloaded(desktop, "Caps as CSV")}
    assert (capped["mote-1", "bin"], capped["dio-1", "sy"]) == ("17", "")
    desktop.reload()
    expect(ends).to_have_count(1)  # skill and campaigns are in the address


def test_long_names_end_within_their_charts(begin: Begin, page: Page) -> None:
    _, url = begin()

    def renamed(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"mote-', '"mote-100k-long-'))

    page.route("**/api/campaigns/compare?*", renamed)
    opened(page, f"{url}/campaign")
    expect(page.locator(".course-chart .ends span")).to_have_count(4)
    for chart in ("course", "cap"):
        plot = page.locator(f".{chart}-chart .plot").bounding_box()
        assert plot is not None
        for name in page.locator(f".{chart}-chart .ends span").all():
            box = name.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= plot["x"] + plot["width"] + 1, name.inner_text()
    names = page.locator(".course-chart .ends span")
    whole = names.evaluate_all("all => all.every((name) => name.scrollWidth <= name.clientWidth)")
    assert whole or page.evaluate("innerWidth < 500")


def test_a_note_and_a_milestone_of_ones_own_are_kept(begin: Begin, desktop: Page) -> None:
    double, url = begin()
    complaints = opened(desktop, f"{url}/campaign")
    desktop.get_by_role("button", name="Write a note: BIN level 20 mastered").click()
    desktop.get_by_role("dialog").get_by_label("Note").fill("<b>the rate</b> was halved here")
    desktop.get_by_role("button", name="Keep").click()
    stone = desktop.locator(".stones li", has_text="BIN level 20 mastered")
    expect(stone).to_contain_text("<b>the rate</b> was halved here")
    desktop.get_by_role("button", name="Add one").click()
    desktop.get_by_role("button", name="Add it").click()
    expect(desktop.get_by_role("dialog")).to_contain_text("The milestone has no title. Give it one.")
    desktop.get_by_role("dialog").get_by_label("Title").fill("a new data set")
    desktop.keyboard.press("Enter")
    own = desktop.locator(".stones li", has_text="a new data set")
    expect(own).to_contain_text(f"step {double.desk.show('mote-3')['reached']['step']:,}")
    own.get_by_role("button").click()
    desktop.get_by_label("Remove this milestone").check()
    desktop.get_by_role("button", name="Keep").click()
    expect(own).to_have_count(0)
    assert [each.note for each in double.books.milestones.written("mote-3")] == [
        "from 2e-3", "<b>the rate</b> was halved here",
    ]  # fmt: skip
    assert [each for each in complaints if "400" not in each] == []


def test_the_life_of_a_campaign_from_the_keyboard(begin: Begin, desktop: Page) -> None:
    double, url = begin()
    complaints = opened(desktop, f"{url}/campaign")
    desktop.get_by_role("button", name="New campaign").focus()
    desktop.keyboard.press("Enter")
    form = desktop.get_by_role("dialog")
    form.get_by_label("Begins with").fill("mote-1/champion")
    form.get_by_label("Note").fill("from the legend")
    desktop.get_by_role("button", name="Make it").press("Enter")
    expect(told(desktop)).to_have_text("Campaign mote-5 is made, paused.")
    expect(head(desktop)).to_contain_text(f"{double.desk.store.get('mote-1').champion_id}")
    head(desktop).get_by_role("button", name="Delete").press("Enter")
    expect(desktop.get_by_role("dialog")).to_contain_text("It can be restored")
    desktop.keyboard.press("Escape")
    assert double.lives_now()["mote-5"] == "paused"
    for act, confirm, life in (
        ("Delete", "Delete", "trashed"), ("Restore", None, "paused"), ("Archive", "Archive", "archived"),
        ("Restore", None, "paused"), ("Activate", None, "active"), ("Pause", None, "paused"),
    ):  # fmt: skip
        head(desktop).get_by_role("button", name=act).press("Enter")
        if confirm:
            desktop.get_by_role("dialog").get_by_role("button", name=confirm).press("Enter")
        words = {"trashed": "in the trash", "archived": "in the Hall of Legends"}.get(life, life)
        expect(told(desktop)).to_have_text(f"Campaign mote-5 is {words}.")
        expect(head(desktop).get_by_role("button").first).to_be_focused()
        assert double.lives_now()["mote-5"] == life
    assert double.lives_now()["mote-3"] == "paused"
    assert complaints == []


def test_what_waits_for_the_battle_is_told_and_then_done(begin: Begin, desktop: Page) -> None:
    double, url = begin()
    attempt = double.battle_on("mote-3")
    opened(desktop, f"{url}/campaign?campaign=mote-2")
    head(desktop).get_by_role("button", name="Activate", exact=True).click()
    expect(desktop.locator(".waiting")).to_contain_text("mote-2 becomes active once the battle is saved")
    expect(told(desktop)).to_have_text("Campaign mote-2 will be active once the battle is saved.")
    double.battle_saved(attempt)
    expect(told(desktop)).to_have_text("Campaign mote-2 is active.")
    expect(desktop.locator(".waiting")).to_be_hidden()
    expect(desktop.get_by_role("region", name="Active").locator("li")).to_contain_text("mote-2")


def test_a_verdict_is_read_with_its_evidence_and_reopened(begin: Begin, desktop: Page) -> None:
    _, url = begin()
    opened(desktop, f"{url}/campaign?campaign=mote-1")
    verdict = desktop.locator(".cap-verdict")
    expect(verdict).to_contain_text("BIN: mastered 17, cap between 17 and 18")
    verdict.locator("summary").click()
    expect(verdict).to_contain_text("53.8 % (1,290 of 2,400)")
    expect(verdict).to_contain_text("learning rate warmed up anew: 52.4 % (262 of 500) before")
    expect(desktop.locator(".climbs")).to_contain_text("BIN: capped")
    verdict.get_by_role("button", name="Reopen").click()
    expect(verdict).to_contain_text("withdrawn")
    expect(verdict.get_by_role("button", name="Reopen")).to_be_hidden()
    expect(desktop.locator(".caps-table tr", has_text="mote-1")).to_contain_text("no verdict")


@pytest.mark.parametrize("battle", [False, True], ids=["resting", "fighting"])
@pytest.mark.parametrize("first", ["activate", "archive"])
def test_two_browsers_press_opposite_buttons(
    begin: Begin, browser: Browser, desktop: Page, first: str, battle: bool
) -> None:
    """One activates a campaign, the other archives it, each from a page that shows it paused: one outcome, both told.

    Neither page reads again until both have pressed.
    """
    double, url = begin()
    attempt = double.battle_on("mote-3") if battle else None
    other = browser.new_context().new_page()
    for each in (desktop, other):
        opened(each, f"{url}/campaign?campaign=mote-2")
    activates, archives = (desktop, other) if first == "activate" else (other, desktop)
    activate = head(activates).get_by_role("button", name="Activate", exact=True)
    head(archives).get_by_role("button", name="Archive", exact=True).click()
    archive = archives.get_by_role("dialog").get_by_role("button", name="Archive")
    for each in (desktop, other):
        each.route("**/api/campaigns", lambda route: route.abort())
    statuses: dict[str, int] = {}
    presses = [("activate", activates, activate), ("archive", archives, archive)]
    for name, page, control in presses if first == "activate" else reversed(presses):
        with page.expect_response(f"**/mote-2/{name}") as answered:
            control.click()
        statuses[name] = answered.value.status
    for each in (desktop, other):
        each.unroute("**/api/campaigns")
    if attempt is not None:
        double.battle_saved(attempt)

    assert statuses == {"archive": 200, "activate": 200 if first == "activate" else 409}
    assert double.lives_now()["mote-2"] == "archived"
    assert list(double.lives_now().values()).count("active") == (1 if battle or first == "archive" else 0)
    for each in (desktop, other):
        expect(each.get_by_role("region", name="Hall of Legends")).to_contain_text("mote-2")
        expect(each.locator(".waiting")).to_be_hidden()
    expect(told(archives)).to_contain_text("Campaign mote-2 is in the Hall of Legends.")
    if first == "archive":
        expect(head(activates)).to_contain_text("Campaign mote-2 is archived, it cannot become active.")
    else:
        words = "something else was asked meanwhile" if battle else "it was asked for elsewhere"
        expect(activates.locator(".outcomes")).to_contain_text(words)
    other.context.close()


def test_nothing_moves_where_less_motion_is_asked_for(begin: Begin, desktop: Page) -> None:
    double, url = begin()
    double.battle_on("mote-3")
    desktop.emulate_media(reduced_motion="reduce")
    opened(desktop, f"{url}/campaign?campaign=mote-2")
    head(desktop).get_by_role("button", name="Activate", exact=True).click()
    expect(desktop.locator(".waiting")).to_be_visible()
    assert desktop.evaluate("document.querySelector('.realm.campaigns').getAnimations({subtree: true}).length") == 0
