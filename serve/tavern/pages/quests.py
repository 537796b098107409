"""The page `/quests`: files into the board, the board, and what became of the quests that left it."""

from __future__ import annotations

import gradio as gr

from serve.tavern.panels import Panels


def build(panels: Panels) -> None:
    gr.Navbar(visible=False, main_page_name="Tavern")
    panels.add("sprite", module=False)
    panels.add("strip")
    with gr.Column(elem_classes=["realm", "quests"]):
        panels.add("post")
        panels.add("board")
        panels.add("history")
    panels.add("foot")
