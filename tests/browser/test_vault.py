"""The Vault page in a real browser, over a double of the vault: what is read there, and what each button does."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from vault_fixture import COUNT, VaultDouble
from vault_page import Serve, assert_usable, opened

from realm.errors import ConflictError

ROWS = ".checkpoints tbody tr"


def steps(page: Page) -> list[int]:
    return [int(each.replace(",", "")) for each in page.locator(f"{ROWS} .st").all_inner_texts()]


def select(page: Page, *numbers: int) -> None:
    for step in numbers:
        page.get_by_role("checkbox", name=f"Select checkpoint {step:,}", exact=True).check()


def detail_of(vault: VaultDouble, step: int) -> str:
    return f"/vault?checkpoint={next(each for each, row in vault.rows.items() if row['step'] == step)}"


@pytest.mark.parametrize("scenario", ["full", "empty"])
def test_the_page_fits_is_accessible_and_silent(serve_vault: Serve, page: Page, scenario: str) -> None:
    _, _, url = serve_vault(scenario)
    complaints = opened(page, f"{url}/vault")
    expect(page.locator(".zone")).to_have_count(3)
    if scenario == "full":
        select(page, 127_000, 123_000)
        page.get_by_role("button", name="Show plan").click()
    assert_usable(page)
    assert complaints == []


def test_a_checkpoint_fits_is_accessible_and_silent(serve_vault: Serve, page: Page) -> None:
    vault, _, url = serve_vault("full")
    complaints = opened(page, url + detail_of(vault, 119_000))
    expect(page.get_by_role("heading", name="Checkpoint 119,000")).to_be_visible()
    asks = page.get_by_role("link", name="Ask in the Oracle")
    expect(asks).to_have_attribute("href", re.compile(r"^/oracle\?model=mote-3%2Fcheckpoint-119000-"))
    assert_usable(page)
    page.get_by_role("button", name="Promote", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_usable(page)
    assert complaints == []


def test_zones_show_their_numbers_and_their_disks(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(desktop, f"{url}/vault")
    hot, _, cold = vault.zones()
    shown = desktop.get_by_role("region", name="Hot")
    expect(shown).to_contain_text(f"protected {hot['protected_count']}")
    expect(shown).to_contain_text(f"over cap {hot['over_count']}")
    expect(shown).to_contain_text("53 of 50")
    expect(shown).to_contain_text("148 GB free of 460 GB")
    widths = shown.locator(".fill i").evaluate_all(
        "all => all.map((each) => parseFloat(each.style.getPropertyValue('--v')))"
    )
    assert sum(widths) == pytest.approx(100)
    assert widths[2] == pytest.approx(100 * hot["over_count"] / hot["count"], abs=0.01)
    expect(desktop.get_by_role("region", name="Cold")).to_contain_text(cold["strongholds"][0]["detail"])
    expect(desktop.locator(".vault-head")).to_contain_text(f"{COUNT} checkpoints of campaign mote-3")


def test_the_server_sorts_filters_and_turns_pages(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(desktop, f"{url}/vault")
    by_step = sorted((row["step"] for row in vault.rows.values()), reverse=True)
    expect(desktop.locator(ROWS)).to_have_count(20)
    assert steps(desktop) == by_step[:20]
    desktop.get_by_role("button", name="Next").click()
    expect(desktop.locator(".pager")).to_contain_text("21–40 of 60")
    expect(desktop.locator(f"{ROWS} .st").first).to_have_text(f"{by_step[20]:,}")
    desktop.get_by_role("button", name="val_loss").click()
    expect(desktop.locator("th[aria-sort=ascending]")).to_have_text("val_loss")
    expect(desktop.locator(f"{ROWS} .st").first).to_have_text("127,000")
    desktop.get_by_role("button", name="SY", exact=True).click()
    desktop.locator("select[name=zone]").select_option("warm")
    expect(desktop.locator(ROWS)).to_have_count(4)
    assert "sort=skill%3Asy" in desktop.url
    assert "zone=warm" in desktop.url
    desktop.reload()
    expect(desktop.locator(ROWS)).to_have_count(4)
    expect(desktop.locator("select[name=zone]")).to_have_value("warm")
    desktop.get_by_role("searchbox").fill("no such name")
    expect(desktop.locator(".teaching")).to_contain_text("No checkpoint fits these filters")


def test_two_checkpoints_are_compared_and_can_be_linked(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(desktop, f"{url}/vault")
    select(desktop, 121_000, 125_000)
    compare = desktop.get_by_role("complementary", name="Compare")
    a, b = (next(row for row in vault.rows.values() if row["step"] == step) for step in (121_000, 125_000))
    points = 100 * (a["exam_accuracy"] - b["exam_accuracy"])
    accuracy = compare.get_by_role("listitem").filter(has_text="accuracy")
    expect(accuracy).to_contain_text(f"−{-points:.1f} points")
    expect(accuracy).to_contain_text(f"{100 * a['exam_accuracy']:.1f} %")
    expect(compare.get_by_role("listitem").filter(has_text="SY")).to_contain_text("mastered 3 and 3")
    desktop.reload()
    expect(compare.get_by_role("link", name="121,000")).to_be_visible()
    compare.get_by_role("button", name="Exchange A and B").click()
    expect(accuracy).to_contain_text(f"+{-points:.1f} points")
    compare.get_by_role("button", name="Close the comparison").click()
    expect(compare).to_contain_text("Select two checkpoints")
    assert "compare" not in desktop.url


def test_deleting_wants_its_words_and_restoring_brings_it_back(serve_vault: Serve, page: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(page, f"{url}/vault")
    select(page, 127_000, 121_000, 117_000)
    page.get_by_role("group", name="Selected checkpoints").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Move 2 checkpoints to the trash?")
    expect(dialog).to_contain_text("It is protected: latest.")
    confirm = dialog.get_by_role("button", name="Delete, 3.4 MB")
    expect(confirm).to_have_attribute("aria-disabled", "true")
    words = dialog.get_by_label("Type delete 2 checkpoints to confirm")
    expect(words).to_be_focused()
    page.keyboard.type("delete 2 checkpoint")
    page.keyboard.press("Enter")
    assert vault.calls == []
    page.keyboard.type("s")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("[data-say]")).to_have_text("2 checkpoints moved to the trash, 3.4 MB.")
    expect(page.get_by_role("checkbox", name="Select checkpoint 121,000")).to_have_count(0)
    expect(page.locator("#cks-h")).to_be_focused()
    page.locator("label").filter(has_text="Trash").click()
    expect(page.locator(ROWS)).to_have_count(2)
    page.get_by_role("button", name="Restore checkpoint 121,000").click()
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator("#cks-h")).to_be_focused()
    assert [call[0] for call in vault.calls] == ["delete", "restore"]


def test_a_whole_page_is_selected_and_deleted(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(desktop, f"{url}/vault")
    select(desktop, 121_000)
    desktop.get_by_role("button", name="Select the page").click()
    bar = desktop.get_by_role("group", name="Selected checkpoints")
    expect(bar).to_contain_text("20 selected, 40.0 MB")
    bar.get_by_role("button", name="Delete").click()
    dialog = desktop.get_by_role("dialog", name="Move 17 checkpoints to the trash?")
    expect(dialog).to_contain_text("guarded: mastery")
    dialog.get_by_role("textbox").fill("delete 17 checkpoints")
    vault.pinned |= {row["id"]: "in use" for row in vault.rows.values() if row["step"] == 121_000}
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is not 'delete 16 checkpoints'")
    assert all(row["trashed_at"] is None for row in vault.rows.values())


def test_one_expendable_needs_no_words_and_a_guarded_one_its_name(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(desktop, url + detail_of(vault, 117_000))
    desktop.get_by_role("button", name="Delete").click()
    dialog = desktop.get_by_role("dialog")
    expect(dialog.get_by_role("textbox")).to_have_count(0)
    dialog.get_by_role("button", name="Delete, 1.7 MB").click()
    expect(desktop.get_by_role("heading", name="Vault", exact=True)).to_be_focused()
    opened(desktop, url + detail_of(vault, 101_000))
    expect(desktop.locator(".locked")).to_have_text("Guarded: mastery.")
    desktop.get_by_role("button", name="Delete").click()
    dialog.get_by_label("Type checkpoint-101000-20261124-0809 to confirm").fill("checkpoint-101000-20261124-0809")
    dialog.get_by_role("button", name="Delete, 1.7 MB").click()
    expect(desktop.get_by_role("heading", name="Vault", exact=True)).to_be_focused()
    assert [call[2] for call in vault.calls] == [None, "checkpoint-101000-20261124-0809"]


def test_what_the_vault_protects_is_refused_with_its_reason(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(desktop, url + detail_of(vault, 125_000))
    expect(desktop.locator(".locked")).to_have_text("The vault does not delete it: champion.")
    delete = desktop.get_by_role("button", name="Delete")
    delete.click()
    dialog = desktop.get_by_role("dialog", name="Nothing can be deleted")
    expect(dialog).to_contain_text("It is protected: champion.")
    desktop.keyboard.press("Escape")
    expect(delete).to_be_focused()
    assert vault.calls == []


def test_promoting_shows_before_and_after_and_what_was_refused(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(desktop, url + detail_of(vault, 121_000))
    vault.refusal = ConflictError("Checkpoint 121000 has no exam of the present version.", "Wait for its exam.")
    desktop.get_by_role("button", name="Promote", exact=True).click()
    dialog = desktop.get_by_role("dialog")
    expect(dialog.get_by_role("row", name=re.compile("step"))).to_contain_text("125,000")
    expect(dialog).to_contain_text("points below the present champion’s")
    confirm = dialog.get_by_role("button", name="Promote")
    confirm.click()
    expect(dialog.get_by_role("alert")).to_have_text(
        "Checkpoint 121000 has no exam of the present version. Wait for its exam."
    )
    confirm.click()
    expect(desktop.locator("[data-say]")).to_have_text("Champion: step 125,000 before, step 121,000 now.")
    expect(desktop.get_by_role("button", name="This is the champion")).to_have_attribute("aria-disabled", "true")
    expect(desktop.locator(".ck-head .badges")).to_contain_text("promoted")


def test_a_retention_plan_is_read_applied_and_told_when_it_changed(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(desktop, f"{url}/vault")
    bar = desktop.get_by_role("region", name="Retention")
    expect(bar).to_contain_text("3 checkpoints leave the hot zone, 5.1 MB: to the trash")
    bar.get_by_role("button", name="Show plan").click()
    drops = vault.plan()["zones"][0]["drop"]
    expect(bar.locator(".drops li")).to_have_count(len(drops))
    expect(bar.locator(".drops li").first).to_contain_text("past the newest ones, of which one a day is kept")
    vault.plan_number += 1
    bar.get_by_role("button", name="Apply").click()
    dialog = desktop.get_by_role("dialog")
    expect(dialog).to_contain_text("56 checkpoints, 110 MB → 53, 105 MB")
    dialog.get_by_role("button", name="Drop 3 checkpoints").click()
    expect(bar.get_by_role("alert")).to_contain_text("Plan plan-1 no longer holds.")
    bar.get_by_role("button", name="Apply").click()
    dialog.get_by_role("button", name="Drop 3 checkpoints").click()
    expect(bar.get_by_role("alert")).to_have_text("3 checkpoints dropped, 5.1 MB freed.")
    expect(bar).to_contain_text("nothing is due to go")


def test_exports_and_transfers_show_their_progress_and_can_be_cancelled(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    vault.holds_work = True
    opened(desktop, url + detail_of(vault, 121_000))
    desktop.get_by_label("Format").select_option("tar.zst")
    desktop.get_by_role("button", name="Export").click()
    desktop.get_by_role("button", name="Transfer").click()
    work = desktop.get_by_role("region", name="Exports and transfers")
    export = work.get_by_role("listitem").filter(has_text="Export as tar.zst")
    transfer = work.get_by_role("listitem").filter(has_text="Transfer from home to nas")
    expect(export.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "0")
    transfer.get_by_role("button", name="Cancel").click()
    expect(transfer).to_contain_text("cancelled")
    vault.holds_work = False
    expect(export).to_contain_text("~/.realm/exports/checkpoint-121000-20261124-0919")
    assert [call[0] for call in vault.calls] == ["export", "transfer", "cancel"]


def test_copies_are_verified_and_lineage_leads_on(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(desktop, url + detail_of(vault, 117_000))
    places = desktop.get_by_role("region", name="Copies")
    places.get_by_role("button", name="Verify").click()
    expect(places.get_by_role("status")).to_have_text("Every copy is as the ledger says: home, nas.")
    expect(desktop.get_by_role("region", name="Evaluations")).to_contain_text("96 of 125")
    desktop.get_by_role("region", name="Lineage").get_by_role("link", name="115,000").click()
    expect(desktop.get_by_role("heading", name="Checkpoint 115,000")).to_be_focused()
    desktop.go_back()
    expect(desktop.get_by_role("heading", name="Checkpoint 117,000")).to_be_focused()
    desktop.get_by_role("link", name="Vault").last.click()
    expect(desktop.get_by_role("heading", name="Vault", exact=True)).to_be_focused()


def test_an_unknown_checkpoint_and_a_silent_vault_are_told(serve_vault: Serve, desktop: Page) -> None:
    _, _, url = serve_vault("full")
    desktop.goto(f"{url}/vault?checkpoint=mote-3/none")
    expect(desktop.locator(".checkpoint-page .problem")).to_contain_text("Checkpoint 'mote-3/none' does not exist.")
    opened(desktop, f"{url}/vault")
    desktop.route(
        "**/api/checkpoints**",
        lambda route: route.fulfill(
            status=503, json={"detail": "vault_keeper does not answer.", "remedy": "It is brought back by itself."}
        ),
    )
    expect(desktop.locator(".checkpoints .problem")).to_contain_text("vault_keeper does not answer.")
    expect(desktop.locator(ROWS)).to_have_count(20)
    desktop.unroute("**/api/checkpoints**")
    expect(desktop.locator(".checkpoints .problem")).to_be_hidden()


def test_the_focus_and_the_rows_stay_through_updates(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    opened(desktop, f"{url}/vault")
    box = desktop.get_by_role("checkbox", name="Select checkpoint 121,000")
    box.focus()
    desktop.keyboard.press("Space")
    desktop.evaluate("document.querySelectorAll('.checkpoints tbody tr').forEach((each) => { each.kept = true; })")
    next(row for row in vault.rows.values() if row["step"] == 123_000)["exam_accuracy"] = 0.123
    expect(desktop.locator(ROWS).nth(2)).to_contain_text("12.3 %")
    expect(box).to_be_focused()
    expect(box).to_be_checked()
    assert desktop.evaluate("[...document.querySelectorAll('.checkpoints tbody tr')].every((each) => each.kept)")


def test_an_empty_vault_says_when_the_first_checkpoint_comes(serve_vault: Serve, desktop: Page) -> None:
    _, _, url = serve_vault("empty")
    opened(desktop, f"{url}/vault")
    expect(desktop.locator(".teaching")).to_contain_text("The first is saved while a battle runs")


def test_nothing_moves_or_asks_when_nobody_looks(serve_vault: Serve, browser: Browser) -> None:
    _, _, url = serve_vault("full")
    page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.clock.install()
    opened(page, f"{url}/vault")
    assert page.evaluate("document.getAnimations().length") == 0
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    page.clock.fast_forward(20_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response("**/api/state"):
        page.clock.fast_forward(20_000)
    assert [each for each in asked if "/api/state" not in each] == []
    page.close()


def test_one_checkpoint_in_detail_asks_for_no_list(serve_vault: Serve, desktop: Page) -> None:
    vault, _, url = serve_vault("full")
    asked: list[str] = []
    desktop.on("request", lambda request: asked.append(request.url))
    opened(desktop, url + detail_of(vault, 117_000))
    # The checkpoint is read for the second time when a list would have been twice.
    for _ in range(2):
        with desktop.expect_response("**/api/checkpoints/mote-3/**"):
            pass
    assert [each for each in asked if "sort=" in each or "/api/retention" in each] == []
    desktop.get_by_role("link", name="Vault").last.click()
    expect(desktop.locator(ROWS)).to_have_count(20)
    expect(desktop.get_by_role("region", name="Retention")).to_contain_text("3 checkpoints leave the hot zone")


def test_a_lost_link_keeps_what_was_read_and_says_since_when(serve_vault: Serve, desktop: Page) -> None:
    _, _, url = serve_vault("full")
    opened(desktop, f"{url}/vault")
    desktop.route("**/api/**", lambda route: route.abort())
    expect(desktop.locator(".pill")).to_contain_text("Disconnected since")
    expect(desktop.locator(ROWS)).to_have_count(20)
    assert desktop.locator(".problem:visible").count() == 0
    desktop.unroute("**/api/**")
    expect(desktop.locator(".pill")).to_contain_text("Battle running")
