"""The page `/vault`: zones, retention, the checkpoints and two of them compared; with `?checkpoint=` one of them."""

from __future__ import annotations

import gradio as gr

from serve.tavern.panels import Panels


def build(panels: Panels) -> None:
    gr.Navbar(visible=False, main_page_name="Tavern")
    panels.add("sprite", module=False)
    panels.add("strip")
    with gr.Column(elem_classes=["realm", "vault"]):
        with gr.Column(elem_classes=["vault-overview"]):
            panels.add("vault")
            panels.add("retention")
        panels.add("checkpoint")
        panels.add("vaultwork")
        with gr.Column(elem_classes=["vault-lists"]):
            panels.add("checkpoints")
            panels.add("compare")
    panels.add("foot")
