"""A browser for the pages of the Tavern."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from guild_fixture import GuildDouble, serving
from guild_page import Serve
from jobs_fixture import JobsDouble
from playwright.sync_api import Browser, Page, expect, sync_playwright
from vault_fixture import VaultDouble, serving_vault
from vault_page import Serve as ServeVault

CHROMIUM = shutil.which("chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}

# A battle's start takes both cores of a small machine: what a page shows may come seconds later than alone.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield running
        running.close()


@pytest.fixture(params=SIZES.values(), ids=SIZES.keys())
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, height = request.param
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(60_000)
    yield page
    page.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as running:

        def begin(scenario: str) -> tuple[GuildDouble, str]:
            double = GuildDouble(scenario)
            return double, running.enter_context(serving(double))

        yield begin


@pytest.fixture(scope="session")
def vault_server() -> Iterator[tuple[VaultDouble, JobsDouble, str]]:
    with serving_vault("full") as served:
        yield served


@pytest.fixture
def serve_vault(vault_server: tuple[VaultDouble, JobsDouble, str]) -> ServeVault:
    def begin(scenario: str) -> tuple[VaultDouble, JobsDouble, str]:
        vault, jobs, _ = vault_server
        vault.begin(scenario)
        jobs.begin(scenario)
        return vault_server

    return begin


@pytest.fixture
def desktop(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    yield page
    page.close()
