"""Jobs asked for on the Guild page: followed to their results, cancelled, lost and found."""

from __future__ import annotations

import re
from typing import Any

from guild_fixture import GuildDouble
from guild_page import Serve, card, opened
from playwright.sync_api import Page, expect

from realm.errors import ConflictError


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
    expect(shown.locator("[data-job='sparring/bin']")).to_contain_text(
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
    expect(desktop.locator(".skill-page [data-job='sparring/bin']")).to_contain_text(
        "19 of 48 mistakes at the second. No quest: the hero is 2400 steps beyond these mistakes."
    )
    newest = desktop.locator("[data-sessions] li").first
    expect(newest).to_contain_text("48 mistakes, no quest: the hero is 2400 steps beyond these mistakes")
    expect(desktop.locator("[data-sessions] li").last).to_contain_text("quest 5f0c2a9e")
