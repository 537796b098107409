"""What the tests of the Vault's and the Jobs page share: opening one, and what must hold of every page."""

from __future__ import annotations

from collections.abc import Callable

from guild_page import assert_sound
from jobs_fixture import JobsDouble
from playwright.sync_api import Page, expect
from vault_fixture import VaultDouble

Serve = Callable[[str], tuple[VaultDouble, JobsDouble, str]]

SMALL = """[...document.querySelectorAll('a, button, input, select, summary, textarea')].filter((each) => {
    const label = each.closest('label') ?? each;
    const box = label.getBoundingClientRect();
    const small = box.width < 43.5 || box.height < 43.5;
    return small && each.checkVisibility() && box.width && !each.closest('.vh, .skip');
}).map((each) => each.outerHTML.slice(0, 120))"""


def opened(page: Page, url: str) -> list[str]:
    """Open a page and wait for its numbers; what its console complains about."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url, wait_until="domcontentloaded")
    expect(page.locator("h1:visible").first).to_be_visible()
    shown = "table:not([hidden]), .teaching:not([hidden]), .checkpoint-body:not([hidden]), .job-body:not([hidden])"
    page.wait_for_function(f"document.querySelector('{shown}')")
    return complaints


def assert_usable(page: Page) -> None:
    """No narrower than its content, accessible, and every target large enough for a thumb."""
    assert_sound(page)
    assert page.evaluate(SMALL) == []
