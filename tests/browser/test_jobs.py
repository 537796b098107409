"""The Jobs page in a real browser, over a double of the job system: what is read there, and what each button does."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from vault_page import Serve, assert_usable, opened

from realm.errors import ConflictError
from realm.rules.job import JOB_SPECS

ROWS = ".job-list tbody tr"


@pytest.mark.parametrize("scenario", ["full", "empty"])
def test_the_page_fits_is_accessible_and_silent(serve_vault: Serve, page: Page, scenario: str) -> None:
    _, _, url = serve_vault(scenario)
    complaints = opened(page, f"{url}/jobs")
    expect(page.locator(".worker").first).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert_usable(page)
    assert complaints == []


def test_a_job_fits_is_accessible_and_silent(serve_vault: Serve, page: Page) -> None:
    _, _, url = serve_vault("full")
    complaints = opened(page, f"{url}/jobs?job=1009")
    expect(page.get_by_role("heading", name="eval 1009")).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert_usable(page)
    assert complaints == []


def test_workers_queues_and_stuck_jobs_are_shown(serve_vault: Serve, desktop: Page) -> None:
    _, jobs, url = serve_vault("full")
    opened(desktop, f"{url}/jobs")
    expect(desktop.locator(".jobs-head")).to_contain_text("3 workers online, 1 offline, on 2 hosts")
    card = desktop.locator(".worker").filter(has_text="eval-2@gpu-box")
    for words in ("online, heard 2 s ago", "outside the cluster", "18.2 GB free of 24.6 GB", "sparring 1003"):
        expect(card).to_contain_text(words)
    expect(desktop.locator(".worker.offline")).to_contain_text("offline, last heard 6 min 52 s ago")
    queues = {each["priority"]: str(each["pending"]) for each in jobs.stats()["queues"]}
    shown = desktop.locator(".queue-list li").evaluate_all(
        "all => all.map((each) => [each.firstChild.textContent, each.lastChild.textContent])"
    )
    assert dict(shown) == queues
    posted = desktop.get_by_role("list", name="Idle-time work, the last of each kind").get_by_role("listitem")
    expect(posted).to_contain_text(["hot: not applied yet", "checkpoint-40 was not verified for 7 d"])
    expect(posted.first.get_by_role("link", name="retention 1")).to_have_attribute("href", re.compile("job=1$"))
    stuck = desktop.get_by_role("list", name="Stuck jobs")
    expect(stuck).to_contain_text(jobs.stuck[0]["reason"])
    stuck.get_by_role("button", name="Cancel layer_stats 1004").click()
    expect(stuck).to_be_hidden()
    assert jobs.calls == [("cancel", "1004")]


def test_idle_time_work_is_apart_and_a_late_job_is_marked(serve_vault: Serve, desktop: Page) -> None:
    _, _, url = serve_vault("full")
    opened(desktop, f"{url}/jobs")
    asked = desktop.get_by_role("list", name="Running jobs that were asked for").get_by_role("listitem")
    idle = desktop.get_by_role("list", name="Running idle-time work").get_by_role("listitem")
    expect(asked).to_have_count(2)
    expect(idle).to_have_count(1)
    expect(idle).to_contain_text("sparring 1003")
    late = asked.filter(has_text="archive")
    expect(late).to_have_class(re.compile("late"))
    expect(late).to_contain_text(re.compile(r"58 min \d\d s of at most 1 h"))


def test_the_list_is_filtered_by_the_server_and_paged(serve_vault: Serve, desktop: Page) -> None:
    _, jobs, url = serve_vault("full")
    opened(desktop, f"{url}/jobs")
    expect(desktop.locator(ROWS)).to_have_count(25)
    desktop.get_by_role("button", name="Next").click()
    expect(desktop.locator(".pager")).to_contain_text(f"26–50 of {len(jobs.jobs)}")
    desktop.get_by_label("Status").select_option("failed")
    expect(desktop.locator(ROWS)).to_have_count(1)
    expect(desktop.locator(ROWS)).to_contain_text("Skill 'nope' does not exist.")
    desktop.locator(".job-list").get_by_label("Type").select_option("exam")
    expect(desktop.locator(".job-list .teaching")).to_contain_text("No job fits these filters")
    assert "status=failed&type=exam" in desktop.url
    desktop.get_by_label("Status").select_option("open")
    expect(desktop.locator(ROWS)).to_have_count(3)


def test_a_job_tells_its_result_payload_and_history(serve_vault: Serve, desktop: Page) -> None:
    _, _, url = serve_vault("full")
    opened(desktop, f"{url}/jobs?job=1009")
    expect(desktop.get_by_role("region", name="Result")).to_contain_text(
        "Level 15: 104 of 125 correct = 83.2 %. Level 15 is mastered."
    )
    expect(desktop.get_by_role("region", name="Payload")).to_contain_text("newest")
    expect(desktop.get_by_role("region", name="History").get_by_role("listitem")).to_have_count(4)
    desktop.get_by_role("link", name="Jobs").last.click()
    expect(desktop.get_by_role("heading", name="Jobs", exact=True)).to_be_focused()
    desktop.get_by_role("link", name="health_check 1012").click()
    expect(desktop.get_by_role("region", name="Result")).to_contain_text("1,200")
    desktop.goto(f"{url}/jobs?job=9")
    expect(desktop.locator(".job-page .problem")).to_contain_text("Job '9' does not exist.")


def test_a_job_is_cancelled_and_retried_with_the_keyboard(serve_vault: Serve, page: Page) -> None:
    _, jobs, url = serve_vault("full")
    opened(page, f"{url}/jobs?job=1001")
    jobs.refusal = ConflictError("Job 1001 has entered the books.", "Its result is on the Guild page.")
    cancel = page.get_by_role("button", name="Cancel")
    cancel.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="entered the books")).to_be_visible()
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".job-error")).to_have_text("Cancelled: cancelled on the Jobs page")
    expect(page.get_by_role("heading", name="eval 1001")).to_be_focused()
    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".job-head .badges")).to_have_text("pending")
    assert jobs.calls == [("cancel", "1001"), ("cancel", "1001"), ("retry", "1001")]


def test_every_type_has_a_form_from_its_schema(serve_vault: Serve, desktop: Page) -> None:
    _, _, url = serve_vault("full")
    opened(desktop, f"{url}/jobs")
    form = desktop.get_by_role("region", name="Submit a job")
    picker = form.locator("#job-type")
    expect(picker.locator("option")).to_have_count(len(JOB_SPECS))
    for job_type, spec in JOB_SPECS.items():
        picker.select_option(job_type)
        shown = form.locator("[id^=payload-][name]").evaluate_all("all => all.map((each) => each.name)")
        assert set(shown) == set(spec.payload.model_fields), job_type
    picker.select_option("passive_eval")
    assert form.locator("#payload-mode option").all_inner_texts() == ["lite", "full"]
    picker.select_option("data_filter")
    expect(form.locator("#payload-unique")).to_be_checked()


def test_a_job_is_submitted_and_a_wrong_field_is_told_where_it_is(serve_vault: Serve, page: Page) -> None:
    _, jobs, url = serve_vault("full")
    opened(page, f"{url}/jobs")
    form = page.get_by_role("region", name="Submit a job")
    submit = form.get_by_role("button", name="Submit")
    submit.click()
    skill = form.get_by_label("skill_id required")
    expect(skill).to_be_focused()
    expect(form.locator("#payload-skill_id-problem")).to_contain_text("'skill_id' of job eval is missing")
    skill.fill("bin")
    form.get_by_text("optional fields").click()
    form.get_by_label("count").fill("2.5")
    submit.click()
    expect(form.locator("#payload-count-problem")).to_contain_text("is 2.5")
    expect(skill).not_to_have_attribute("aria-invalid", "true")
    form.get_by_label("count").fill("40")
    form.get_by_label("Priority").select_option("high")
    submit.click()
    expect(form.get_by_role("status")).to_have_text(re.compile(r"eval \d+ is pending, place 4 in the queue\."))
    assert jobs.calls[-1] == ("submit", "eval", {"skill_id": "bin", "count": 40}, "high", None, None)
    form.get_by_role("status").get_by_role("link").click()
    expect(page.get_by_role("region", name="Payload")).to_contain_text("40")


def test_one_wish_is_one_job_when_the_answer_was_lost(serve_vault: Serve, desktop: Page) -> None:
    _, _, url = serve_vault("full")
    opened(desktop, f"{url}/jobs")
    keys: list[str | None] = []
    desktop.on(
        "request", lambda asked: keys.append(asked.headers.get("idempotency-key")) if asked.method == "POST" else None
    )
    form = desktop.get_by_role("region", name="Submit a job")
    form.locator("#job-type").select_option("health_check")
    submit = form.get_by_role("button", name="Submit")
    desktop.route("**/api/jobs", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    submit.click()
    expect(form.get_by_role("alert")).to_contain_text("did not answer")
    desktop.unroute("**/api/jobs")
    submit.click()
    expect(form.get_by_role("status")).to_contain_text("is pending")
    submit.click()
    expect(form.get_by_role("status")).to_contain_text("is pending")
    expect(submit).not_to_have_attribute("aria-busy", "true")
    assert len(keys) == 3
    assert keys[0] == keys[1] != keys[2]


def test_an_empty_queue_says_where_jobs_come_from(serve_vault: Serve, desktop: Page) -> None:
    _, jobs, url = serve_vault("empty")
    jobs.workers.clear()
    opened(desktop, f"{url}/jobs")
    expect(desktop.locator(".job-list .teaching")).to_contain_text("No job yet")
    expect(desktop.get_by_role("region", name="Workers")).to_contain_text("No worker has registered yet.")
    expect(desktop.get_by_role("region", name="Running now")).to_contain_text("No worker is online.")


def test_both_pages_are_in_the_navigation_in_order(serve_vault: Serve, page: Page) -> None:
    _, _, url = serve_vault("empty")
    opened(page, f"{url}/jobs")
    entries = page.get_by_role("navigation", name="Pages").get_by_role("link")
    assert entries.all_inner_texts() == ["Tavern", "Quests", "Jobs", "Oracle", "Vault", "Guild", "Campaign"]
    entries.nth(4).click()
    expect(page.get_by_role("heading", name="Vault", exact=True)).to_be_visible()
    expect(page).to_have_title(re.compile("Vault"))


def test_nothing_moves_for_who_wants_it_still(serve_vault: Serve, browser: Browser) -> None:
    _, _, url = serve_vault("full")
    page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    opened(page, f"{url}/jobs")
    assert page.evaluate("document.getAnimations().length") == 0
    page.close()
