"""The page `/jobs`: workers, queues, what runs now, every job and its history, and a form for a new one."""

from __future__ import annotations

import gradio as gr

from serve.tavern.panels import Panels


def build(panels: Panels) -> None:
    gr.Navbar(visible=False, main_page_name="Tavern")
    panels.add("sprite", module=False)
    panels.add("strip")
    panels.add("foot")
