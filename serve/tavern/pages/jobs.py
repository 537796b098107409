"""The page `/jobs`: what runs, queues, workers, every job and a form for a new one; with `?job=` one of them."""

from __future__ import annotations

import gradio as gr

from serve.tavern.panels import Panels


def build(panels: Panels) -> None:
    gr.Navbar(visible=False, main_page_name="Tavern")
    panels.add("sprite", module=False)
    panels.add("strip")
    with gr.Column(elem_classes=["realm", "jobs"]):
        with gr.Column(elem_classes=["jobs-overview"]):
            panels.add("jobs")
            panels.add("workers")
            panels.add("joblist")
            panels.add("jobform")
        panels.add("jobpage")
    panels.add("foot")
