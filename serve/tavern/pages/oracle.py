"""The page `/oracle`: one checkpoint or two asked, drawn problems graded, weights in memory, earlier questions."""

from __future__ import annotations

import gradio as gr

from serve.tavern.panels import Panels


def build(panels: Panels) -> None:
    gr.Navbar(visible=False, main_page_name="Tavern")
    panels.add("sprite", module=False)
    panels.add("strip")
    with gr.Column(elem_classes=["realm", "oracle"]):
        panels.add("oraclehead")
        with gr.Column(elem_classes=["oracle-body"]):
            panels.add("oracletalk")
            with gr.Column(elem_classes=["oracle-side"]):
                panels.add("oracleweights")
                panels.add("oraclesettings")
                panels.add("oraclehistory")
    panels.add("foot")
