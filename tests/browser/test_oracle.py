"""The Oracle page in a real browser, over a double of the Oracle: what is asked, shown, stopped, graded and kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from oracle_fixture import WAIT_S, OracleDouble, serving_oracle
from playwright.sync_api import Browser, Locator, Page, expect
from vault_page import assert_usable
from vault_page import opened as loaded

from realm.errors import ClusterError, QueueFullError

Serve = Callable[[str], tuple[OracleDouble, str]]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[OracleDouble, str]]:
    with serving_oracle("ready") as served:
        yield served


@pytest.fixture
def serve_oracle(server: tuple[OracleDouble, str]) -> Iterator[Serve]:
    def begin(scenario: str) -> tuple[OracleDouble, str]:
        server[0].begin(scenario)
        return server

    yield begin
    server[0].state = "ready"
    server[0].release()


def opened(page: Page, url: str) -> list[str]:
    """Open the page and wait until it hears what is typed; what its console complains about."""
    complaints = loaded(page, url)
    expect(page.get_by_label("Checkpoint A")).to_be_visible()
    expect(page.locator(".held-list li, .weights .empty:not([hidden])").first).to_be_visible()
    return complaints


def question(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Question")


def answer(page: Page, lane: str = "A") -> Locator:
    return page.get_by_role("article", name=f"Answer {lane}")


def ask(page: Page, words: str) -> None:
    question(page).fill(words)
    question(page).press("Enter")


def draw(page: Page) -> None:
    page.get_by_role("button", name="Draw a problem").click()
    expect(page.locator(".drawn")).to_be_visible()


def measure(shown: Locator, name: str) -> Locator:
    return shown.locator(".measures > div").filter(has=shown.page.get_by_text(name, exact=True)).locator("dd")


@pytest.mark.parametrize("scenario", ["ready", "asleep", "none"])
def test_the_page_fits_is_accessible_and_silent(serve_oracle: Serve, page: Page, scenario: str) -> None:
    _, url = serve_oracle(scenario)
    complaints = opened(page, f"{url}/oracle")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert_usable(page)
    assert complaints == []


def test_two_answers_fit_are_accessible_and_silent(serve_oracle: Serve, page: Page) -> None:
    oracle, url = serve_oracle("ready")
    oracle.pieces[oracle.ids[0]] = ["a long word of the model ", *["⓪①" * 60, "x" * 400]]
    complaints = opened(page, f"{url}/oracle?beside=latest")
    draw(page)
    question(page).press("Enter")
    expect(page.locator(".verdict .badge")).to_have_count(2)
    assert_usable(page)
    tops = [answer(page, lane).locator(".measures").bounding_box() for lane in "AB"]
    assert tops[0]
    assert tops[1]
    assert page.viewport_size
    assert tops[0]["y"] == tops[1]["y"] or page.viewport_size["width"] < 641, "measures are not aligned"
    assert complaints == []


def test_the_navigation_has_its_entries_in_order(serve_oracle: Serve, page: Page) -> None:
    _, url = serve_oracle("ready")
    opened(page, f"{url}/oracle")
    entries = page.get_by_role("navigation", name="Pages").get_by_role("listitem")
    expect(entries.filter(visible=True)).to_have_count(8)
    shown = entries.evaluate_all("all => all.map((each) => each.querySelector('a').innerText.split('\\n')[0])")
    assert shown == ["Tavern", "Quests", "Jobs", "Oracle", "Vault", "Guild", "Campaign", "Ray"]
    expect(page.locator(".nav [aria-current]")).to_have_text("Oracle")
    expect(page).to_have_title(re.compile("Oracle"))


@pytest.mark.parametrize("width", [320, 641, 761, 1000, 1241, 1341, 1381])
def test_the_strip_holds_its_entries(serve_oracle: Serve, desktop: Page, width: int) -> None:
    _, url = serve_oracle("ready")
    desktop.set_viewport_size({"width": width, "height": 800})
    opened(desktop, f"{url}/oracle")
    expect(desktop.locator("[data-dashboard]")).to_be_visible()
    edges = desktop.evaluate(
        "[...document.querySelectorAll('.nav li, .vitals, .brand')].map((each) => each.getBoundingClientRect().right)"
    )
    assert max(edges) <= width - 2
    assert desktop.evaluate("document.documentElement.scrollWidth") <= width


def test_text_appears_before_the_end_and_what_was_measured_after_it(serve_oracle: Serve, page: Page) -> None:
    oracle, url = serve_oracle("ready")
    oracle.default = ["One ", "two ", "three"]
    oracle.hold_at = 2
    opened(page, f"{url}/oracle")
    ask(page, "Count to three")
    expect(answer(page).locator(".reply")).to_have_text("One two ")
    expect(answer(page)).to_have_attribute("data-state", "writing")
    expect(measure(answer(page), "Tokens")).to_have_text("–")
    first = answer(page).element_handle()
    oracle.release()
    expect(answer(page).locator(".reply")).to_have_text("One two three")
    expect(measure(answer(page), "Tokens")).to_have_text("3")
    expect(measure(answer(page), "Tokens/s")).to_have_text(re.compile(r"\d"))
    expect(measure(answer(page), "First token")).to_have_text("43 ms")
    expect(measure(answer(page), "Ended by")).to_have_text("end of answer")
    seed = oracle.requests[0]["seed"]
    expect(measure(answer(page), "Seed")).to_have_text(str(seed))
    expect(answer(page)).to_contain_text("checkpoint-125000-20261124-0805")
    sha = answer(page).locator("[data-sha]")
    expect(sha).to_have_text(f"sha256 {oracle.sha256(oracle.ids[1])[:12]}")
    expect(sha).to_have_attribute("title", oracle.sha256(oracle.ids[1]))
    assert answer(page).evaluate("(shown, before) => shown === before", first), "the answer was made anew"
    sent = oracle.requests[0]
    assert sent["messages"] == [{"role": "user", "content": "Count to three"}]
    assert (sent["model"], sent["stream"], sent["temperature"]) == ("champion", True, 0)
    assert "max_tokens" not in sent


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_stop_ends_the_request_on_the_server(serve_oracle: Serve, desktop: Page, way: str) -> None:
    oracle, url = serve_oracle("ready")
    oracle.hold_at = 1
    opened(desktop, f"{url}/oracle")
    ask(desktop, "Go on")
    expect(answer(desktop)).to_have_attribute("data-state", "writing")
    if way == "button":
        desktop.get_by_role("button", name="Stop").click()
    else:
        desktop.keyboard.press("Escape")
    expect(measure(answer(desktop), "Ended by")).to_have_text("stopped")
    assert oracle.aborted.wait(WAIT_S)
    expect(answer(desktop).locator(".reply")).to_have_text("①")
    expect(desktop.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_enter_asks_and_shift_enter_breaks_the_line(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("ready")
    opened(desktop, f"{url}/oracle")
    question(desktop).press("Enter")
    question(desktop).press_sequentially("one")
    question(desktop).press("Shift+Enter")
    question(desktop).press_sequentially("two")
    question(desktop).press("Enter")
    expect(answer(desktop)).to_have_attribute("data-state", "done")
    assert [each["messages"][0]["content"] for each in oracle.requests] == ["one\ntwo"]


def test_a_checkpoint_is_picked_and_the_address_keeps_it(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("ready")
    opened(desktop, f"{url}/oracle")
    picker = desktop.get_by_label("Checkpoint A")
    names = picker.locator("option").all_inner_texts()
    assert names[0].startswith("champion: checkpoint-125000")
    assert names[1].startswith("latest: checkpoint-127000")
    assert len(names) == 6
    picker.select_option(oracle.ids[3])
    assert f"model={oracle.ids[3].replace('/', '%2F')}" in desktop.url
    desktop.reload()
    expect(picker).to_have_value(oracle.ids[3])
    ask(desktop, "Who are you?")
    expect(answer(desktop)).to_contain_text("checkpoint-119000")
    assert oracle.requests[0]["model"] == oracle.ids[3]


def test_two_checkpoints_answer_the_same_at_the_same_time(serve_oracle: Serve, page: Page) -> None:
    oracle, url = serve_oracle("ready")
    oracle.pieces = {oracle.ids[0]: ["latest ", "says"], oracle.ids[1]: ["champion ", "says"]}
    oracle.hold_at = 1
    opened(page, f"{url}/oracle")
    page.get_by_label("Two side by side").check()
    expect(page.get_by_label("Checkpoint B")).to_have_value("latest")
    ask(page, "Who are you?")
    expect(answer(page, "A").locator(".reply")).to_have_text("champion ")
    expect(answer(page, "B").locator(".reply")).to_have_text("latest ")
    oracle.release()
    expect(answer(page, "A").locator(".reply")).to_have_text("champion says")
    expect(answer(page, "B").locator(".reply")).to_have_text("latest says")
    one, other = oracle.requests
    assert one["seed"] == other["seed"]
    assert one["messages"] == other["messages"]
    assert {one["model"], other["model"]} == {"champion", "latest"}
    page.get_by_label("One").check()
    expect(answer(page, "B")).to_be_hidden()


def test_a_second_checkpoint_is_asked_what_the_first_was(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("ready")
    opened(desktop, f"{url}/oracle")
    ask(desktop, "Who are you?")
    expect(answer(desktop)).to_have_attribute("data-state", "done")
    desktop.get_by_label("Two side by side").check()
    expect(answer(desktop, "B")).to_contain_text("Not asked yet.")
    answer(desktop, "B").get_by_role("button", name="Ask again").click()
    expect(answer(desktop, "B").locator(".reply")).to_have_text("①⓪⓪")
    assert [each["model"] for each in oracle.requests] == ["champion", "latest"]


def test_a_drawn_problem_is_graded(serve_oracle: Serve, page: Page) -> None:
    oracle, url = serve_oracle("ready")
    opened(page, f"{url}/oracle")
    page.get_by_label("Level").select_option("3")
    draw(page)
    expect(page.locator(".drawn")).to_have_text("bin · level 3 · seed 0 · graded when the answer ends")
    expect(question(page)).to_have_value("Count the ones: ①⓪①①⓪①")
    question(page).press("Enter")
    verdict = answer(page).locator(".verdict")
    expect(verdict).to_contain_text("correct")
    assert oracle.requests[0]["max_tokens"] == 24
    assert oracle.graded == [{"skill": "bin", "level": 3, "seed": 0, "answer": "①⓪⓪"}]
    draw(page)
    expect(page.locator(".drawn")).to_contain_text("seed 1")
    question(page).press("Enter")
    expect(verdict).to_contain_text("wrong")
    expect(verdict).to_contain_text("expected①⓪①")
    expect(verdict).to_contain_text("①⓪⓪ is not it")
    expect(page.locator(".drawn-name")).to_have_text("bin · level 3 · seed 1")
    assert oracle.drawn == [("bin", 3), ("bin", 3)]


def test_a_changed_problem_is_not_graded_and_a_failed_grade_is_tried_again(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("ready")
    opened(desktop, f"{url}/oracle")
    draw(desktop)
    question(desktop).press_sequentially(" and more")
    expect(desktop.locator(".drawn")).to_be_hidden()
    question(desktop).press("Enter")
    expect(answer(desktop)).to_have_attribute("data-state", "done")
    assert oracle.graded == []
    oracle.grading = ClusterError("skill_engine does not answer.", "It is brought back by itself.")
    draw(desktop)
    question(desktop).press("Enter")
    expect(answer(desktop).get_by_role("alert")).to_contain_text("Not graded: skill_engine does not answer.")
    answer(desktop).get_by_role("button", name="Grade again").click()
    expect(answer(desktop).locator(".verdict .badge")).to_be_visible()


def test_sampling_is_sent_and_kept(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("ready")
    opened(desktop, f"{url}/oracle")
    desktop.get_by_role("slider", name="Temperature").fill("0.7")
    desktop.get_by_label("Length, tokens").fill("40")
    desktop.get_by_text("More", exact=True).click()
    desktop.get_by_label("top_p").fill("0.9")
    desktop.get_by_label("Stop at").fill("\\n")
    desktop.get_by_label("System message").fill("Answer in digits.")
    ask(desktop, "How many?")
    expect(answer(desktop)).to_have_attribute("data-state", "done")
    first = oracle.requests[0]
    assert {name: first[name] for name in ("temperature", "max_tokens", "top_p", "stop")} == {
        "temperature": 0.7, "max_tokens": 40, "top_p": 0.9, "stop": "\\n",
    }  # fmt: skip
    assert first["messages"][0] == {"role": "system", "content": "Answer in digits."}
    answer(desktop).get_by_role("button", name="Ask again").click()
    expect(measure(answer(desktop), "Seed")).not_to_have_text(str(first["seed"]))
    expect(answer(desktop)).to_have_attribute("data-state", "done")
    seed = oracle.requests[1]["seed"]
    answer(desktop).get_by_role("button", name="Set this seed").click()
    expect(desktop.get_by_label("Seed", exact=True)).to_have_value(str(seed))
    desktop.reload()
    expect(desktop.get_by_label("Seed", exact=True)).to_have_value(str(seed))
    expect(desktop.get_by_label("top_p")).to_have_value("0.9")
    ask(desktop, "How many?")
    expect(answer(desktop)).to_have_attribute("data-state", "done")
    assert oracle.requests[2]["seed"] == seed
    desktop.get_by_role("button", name="Defaults").click()
    expect(desktop.get_by_label("Seed", exact=True)).to_have_value("")


def test_a_conversation_keeps_its_turns(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("ready")
    oracle.default = ["Mote."]
    opened(desktop, f"{url}/oracle")
    desktop.get_by_label("Conversation").check()
    ask(desktop, "Your name?")
    expect(answer(desktop)).to_have_attribute("data-state", "done")
    expect(question(desktop)).to_have_value("")
    ask(desktop, "Again?")
    expect(answer(desktop)).to_have_count(2)
    expect(answer(desktop).last).to_have_attribute("data-state", "done")
    assert [each["content"] for each in oracle.requests[1]["messages"]] == ["Your name?", "Mote.", "Again?"]
    desktop.get_by_role("region", name="Questions", exact=True).get_by_role("button", name="Clear").click()
    expect(answer(desktop)).to_have_count(0)
    expect(desktop.get_by_text("No question yet")).to_be_visible()


def test_earlier_questions_survive_and_are_deleted(serve_oracle: Serve, page: Page) -> None:
    _, url = serve_oracle("ready")
    opened(page, f"{url}/oracle")
    draw(page)
    question(page).press("Enter")
    expect(answer(page).locator(".verdict .badge")).to_be_visible()
    ask(page, "Second")
    expect(answer(page)).to_have_attribute("data-state", "done")
    page.reload()
    rows = page.get_by_role("list", name="Earlier questions, newest first").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Second")
    rows.last.locator(".take").click()
    expect(question(page)).to_have_value("Count the ones: ①⓪①①⓪①")
    expect(question(page)).to_be_focused()
    expect(page.locator(".drawn")).to_contain_text("bin · level 15 · seed 0")
    rows.first.get_by_role("button", name="Delete: Second").click()
    expect(rows).to_have_count(1)
    expect(rows.get_by_role("button", name="Delete")).to_be_focused()
    page.get_by_role("region", name="Earlier questions").get_by_role("button", name="Clear").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(0)
    page.reload()
    expect(page.get_by_text("None in this browser.")).to_be_visible()


def test_refusals_are_told_in_the_server_s_words(serve_oracle: Serve, page: Page) -> None:
    oracle, url = serve_oracle("ready")
    opened(page, f"{url}/oracle?model=nope")
    alert = answer(page).get_by_role("alert")
    ask(page, "Who are you?")
    expect(alert).to_contain_text(f"Model 'nope' does not exist. Nearest: {oracle.ids[0]}.")
    page.get_by_label("Checkpoint A").select_option("champion")
    for status, words, headers in (
        (429, "16 questions wait: no room for one more.", {"Retry-After": "3"}),
        (503, "The Oracle does not answer: its process ended.", {}),
    ):
        oracle.refusal = (status, words, headers)
        ask(page, "Who are you?")
        expect(alert).to_contain_text(words)
        expect(alert).to_contain_text("Retry-After: 3 s." if headers else words)
    alert.get_by_role("button", name="Retry").click()
    expect(answer(page)).to_have_attribute("data-state", "done")
    assert oracle.requests[-1] == oracle.requests[-2], "a retry is the same request"
    expect(alert).to_be_hidden()
    page.get_by_label("Length, tokens").fill("9999")
    ask(page, "Who are you?")
    expect(alert).to_contain_text("max_tokens is 9999; with a prompt of 31 tokens at most 225 fit.")


def test_an_answer_that_breaks_keeps_its_text_and_the_other_goes_on(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("ready")
    oracle.pieces = {oracle.ids[0]: ["fine"], oracle.ids[1]: ["half", "whole"]}
    oracle.break_at = 1
    opened(desktop, f"{url}/oracle?beside=latest")
    ask(desktop, "Who are you?")
    expect(answer(desktop).get_by_role("alert")).to_contain_text("The checkpoint was unloaded while it answered.")
    expect(answer(desktop).locator(".reply")).to_have_text("half")
    expect(answer(desktop, "B").locator(".reply")).to_have_text("fine")
    expect(answer(desktop, "B")).to_have_attribute("data-state", "done")


def test_what_the_model_writes_stays_text(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("ready")
    attack = "<img src=x onerror=\"document.title='pwned'\">"
    oracle.default = ["<img src=x ", "onerror=\"document.title='pwned'\">"]
    complaints = opened(desktop, f"{url}/oracle")
    ask(desktop, attack)
    expect(answer(desktop).locator(".reply")).to_have_text(attack)
    expect(answer(desktop)).to_have_attribute("data-state", "done")
    assert desktop.locator(".turns img, .past img").count() == 0
    assert "pwned" not in desktop.title()
    assert complaints == []


def test_an_answer_is_copied(serve_oracle: Serve, browser: Browser) -> None:
    _, url = serve_oracle("ready")
    page = browser.new_page(permissions=["clipboard-read", "clipboard-write"])
    opened(page, f"{url}/oracle")
    ask(page, "Copy this")
    answer(page).get_by_role("button", name="Copy").click()
    expect(page.get_by_text("The answer is copied.")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == "①⓪⓪"
    page.close()


def test_an_answer_cut_at_its_length_says_so(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("ready")
    oracle.finish = "length"
    opened(desktop, f"{url}/oracle")
    desktop.get_by_label("Length, tokens").fill("3")
    ask(desktop, "Go on")
    expect(measure(answer(desktop), "Ended by")).to_have_text("length, 3 tokens")


def test_a_question_wakes_the_oracle(serve_oracle: Serve, page: Page) -> None:
    oracle, url = serve_oracle("asleep")
    opened(page, f"{url}/oracle")
    state = page.locator(".oracle-state")
    expect(state).to_contain_text("Asleep: no weights are held. A question wakes it.")
    expect(page.locator(".held-list")).to_contain_text("picked, not in memory")
    assert oracle.state == "asleep", "looking at the page woke it"
    ask(page, "Good morning")
    expect(state).to_contain_text("Waking: ")
    expect(answer(page)).to_contain_text("The Oracle wakes")
    oracle.state = "loading"
    expect(state).to_contain_text("Loading: ")
    expect(answer(page)).to_contain_text("Weights go into memory")
    oracle.state = "ready"
    expect(answer(page).locator(".reply")).to_have_text("①⓪⓪")
    expect(state).to_contain_text("Ready: 1 checkpoint in memory")
    expect(page.locator(".weights .held")).to_contain_text("1.7 MB used")
    expect(page.locator(".weights .held")).to_contain_text("of 6.0 MB")


def test_checkpoints_are_loaded_and_unloaded(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("asleep")
    opened(desktop, f"{url}/oracle?beside=latest")
    oracle.loading = QueueFullError("Two checkpoints of 3.4 MB do not fit in 3.0 MB.", "Unload one.", retry_after_s=1)
    load = desktop.get_by_role("button", name="Load checkpoint-125000-20261124-0805")
    load.click()
    expect(desktop.get_by_role("alert").filter(has_text="do not fit in 3.0 MB")).to_be_visible()
    oracle.loading = None
    load.click()
    unload = desktop.get_by_role("button", name="Unload checkpoint-125000-20261124-0805")
    expect(unload).to_be_focused()
    expect(desktop.get_by_role("progressbar", name="Memory of the Oracle")).to_have_attribute(
        "aria-valuetext", "1.7 MB of 6.0 MB"
    )
    assert oracle.held == [oracle.ids[1]]
    unload.click()
    expect(load).to_be_focused()
    assert oracle.held == []


def test_states_say_why_and_where(serve_oracle: Serve, desktop: Page) -> None:
    oracle, url = serve_oracle("ready")
    oracle.state, oracle.detail = "failed", "The weights need 4.1 GB, 2.0 GB are free."
    opened(desktop, f"{url}/oracle")
    state = desktop.locator(".oracle-state")
    expect(state).to_contain_text("Failed: The weights need 4.1 GB, 2.0 GB are free.")
    oracle.state, oracle.detail = "elsewhere", "The host oracle-box holds it."
    expect(state).to_contain_text("Elsewhere: The host oracle-box holds it.")
    expect(state.get_by_role("link")).to_have_attribute("href", "http://127.0.0.1:8765")


def test_without_a_checkpoint_the_page_says_where_they_come_from(serve_oracle: Serve, desktop: Page) -> None:
    _, url = serve_oracle("none")
    opened(desktop, f"{url}/oracle")
    expect(desktop.locator(".turns")).to_contain_text("No checkpoint yet")
    expect(desktop.locator(".lane-head").first).to_contain_text("no checkpoint yet")


def test_nothing_moves_for_who_wants_it_still(serve_oracle: Serve, browser: Browser) -> None:
    oracle, url = serve_oracle("ready")
    oracle.hold_at = 1
    page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    opened(page, f"{url}/oracle")
    ask(page, "Go on")
    expect(answer(page)).to_have_attribute("data-state", "writing")
    assert page.evaluate("document.getAnimations().length") == 0
    page.close()
