"""The page `/`: a glance, what happened while nobody looked, hero, battle, skills, events, campaign, services."""

from __future__ import annotations

import gradio as gr

from serve.tavern.panels import Panels


def build(panels: Panels) -> None:
    gr.Navbar(visible=False, main_page_name="Tavern")
    panels.add("sprite", module=False)
    panels.add("strip")
    with gr.Column(elem_classes=["realm", "tavern"]):
        panels.add("glance")
        panels.add("away")
        with gr.Column(elem_classes=["tavern-side"]):
            panels.add("hero")
            panels.add("feed")
        with gr.Column(elem_classes=["tavern-field"]):
            panels.add("battle")
            panels.add("skills")
        panels.add("campaign")
        panels.add("services")
    panels.add("foot")
