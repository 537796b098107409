"""The page `/guild`: the skills, the training plan, primitives, passives; with `?skill=` one skill and its levels."""

from __future__ import annotations

import gradio as gr

from serve.tavern.panels import Panels


def build(panels: Panels) -> None:
    gr.Navbar(visible=False, main_page_name="Tavern")
    panels.add("sprite", module=False)
    panels.add("strip")
    with gr.Column(elem_classes=["realm", "guild"]):
        with gr.Column(elem_classes=["guild-overview"]):
            panels.add("guild")
            with gr.Column(elem_classes=["guild-plan"]):
                panels.add("plan")
                panels.add("idle")
            panels.add("primitives")
            panels.add("passives")
        panels.add("skillpage")
    panels.add("foot")
