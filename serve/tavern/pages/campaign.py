"""The page `/campaign`: every campaign, the record of one, several held against each other."""

from __future__ import annotations

import gradio as gr

from serve.tavern.panels import Panels


def build(panels: Panels) -> None:
    gr.Navbar(visible=False, main_page_name="Tavern")
    panels.add("sprite", module=False)
    panels.add("strip")
    with gr.Column(elem_classes=["realm", "campaigns"]):
        with gr.Column(elem_classes=["camp-page"]):
            panels.add("campaignlist")
            with gr.Column(elem_classes=["camp-record"]):
                panels.add("campaignhead")
                panels.add("campaignverdicts")
                panels.add("campaignlevels")
                panels.add("campaignstrain")
                panels.add("milestones")
                panels.add("campaignhonours")
        panels.add("campaigncompare")
    panels.add("foot")
