"""The Tavern: a FastAPI app with the API, our assets, and the Gradio pages mounted at the root."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import gradio as gr
from fastapi import APIRouter, FastAPI

from serve import problems
from serve.security import Guard
from serve.tavern.api import add_routes
from serve.tavern.assets import Assets
from serve.tavern.backend import TavernBackend
from serve.tavern.pages import campaign, guild, jobs, oracle, quests, tavern, vault
from serve.tavern.panels import Panels
from serve.tavern.theme import tavern_theme
from serve.tavern.uploads import UploadRoom

# Gradio's front end evaluates templates and writes inline styles; everything else comes from this origin.
RESPONSE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; frame-ancestors 'none'; object-src 'none'; "
        "form-action 'self'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
QUEUE_SLEEP_S = 0.5


def create_app(
    backend: TavernBackend,
    *,
    version: str,
    allowed_hosts: set[str],
    token: str | None = None,
    read_token: str | None = None,
    upload_folder: Path | None = None,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """The Tavern over `backend`, and what its pages ask of `routers`, whose paths are whole ones under /api.

    `upload_folder` (default: the system's temporary one) keeps uploads until posted.
    """
    uploads = UploadRoom(lambda: backend.upload_limit_bytes, upload_folder)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            uploads.close()

    app = FastAPI(title="Tavern", version=version, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, allowed_hosts=allowed_hosts, token=token, read_token=read_token, headers=RESPONSE_HEADERS)
    problems.install(app)
    assets = Assets()
    assets.add_route(app)
    add_routes(app, backend, uploads, version, routers)
    panels = Panels(assets)
    with warnings.catch_warnings():
        # Said of every app with more than one page, also with ssr_mode=False.
        warnings.filterwarnings("ignore", message="SSR mode is not supported", category=UserWarning)
        return gr.mount_gradio_app(
            app,
            _pages(panels),
            path="",
            theme=tavern_theme(),
            head=panels.head(),
            footer_links=[],
            run_history=False,
            ssr_mode=False,
            mcp_server=False,
            enable_monitoring=False,
            pwa=False,
            max_file_size=1,
        )


def _pages(panels: Panels) -> gr.Blocks:
    with gr.Blocks(title="Realm of Training", analytics_enabled=False) as demo:
        tavern.build(panels)
    with demo.route("Quests", "/quests", show_in_navbar=False):
        quests.build(panels)
    with demo.route("Jobs", "/jobs", show_in_navbar=False):
        jobs.build(panels)
    with demo.route("Oracle", "/oracle", show_in_navbar=False):
        oracle.build(panels)
    with demo.route("Vault", "/vault", show_in_navbar=False):
        vault.build(panels)
    with demo.route("Guild", "/guild", show_in_navbar=False):
        guild.build(panels)
    with demo.route("Campaigns", "/campaign", show_in_navbar=False):
        campaign.build(panels)
    # No page uses Gradio's queue, whose idle loop would wake a thousand times a second. These attributes are private.
    queue = getattr(demo, "_queue", None)
    for pause in ("sleep_when_free", "progress_update_sleep_when_free"):
        if hasattr(queue, pause):
            setattr(queue, pause, QUEUE_SLEEP_S)
    return demo
