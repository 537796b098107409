"""Panels: the Tavern's parts as gr.HTML.

A panel `hero` is the markup assets/hero.html and the module assets/hero.js, which mounts itself on it. Gradio renders
the markup once and never again: the module patches what a state changes.
"""

from __future__ import annotations

import gradio as gr

from serve.tavern.assets import Assets, read

STYLES = (
    "tokens.css",
    "parts.css",
    "portrait.css",
    "tavern.css",
    "glance.css",
    "quests.css",
    "guild.css",
    "lists.css",
    "vault.css",
    "jobs.css",
    "oracle.css",
    "oracleanswer.css",
    "notices.css",
    "campaigns.css",
)
TEMPLATE_MARKS = ("${", "`", "{{", "\\")


class Panels:
    """Makes the panels of one release of the assets."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    def head(self) -> str:
        """What goes into the document's head: the icon and the style sheets."""
        icon = f'<link rel="icon" type="image/svg+xml" href="{self._assets.url("icon.svg")}">'
        return icon + "".join(f'<link rel="stylesheet" href="{self._assets.url(name)}">' for name in STYLES)

    def add(self, name: str, *, module: bool = True) -> gr.HTML:
        """Adds one panel to the page being built; `module=False` for markup without a life of its own."""
        markup = read(f"{name}.html")
        found = [mark for mark in TEMPLATE_MARKS if mark in markup]
        if found:
            raise ValueError(f"assets/{name}.html holds {found}, which Gradio's templates would read as theirs")
        mount = f'import("{self._assets.url(name + ".js")}").then((panel) => panel.mount(element))' if module else None
        return gr.HTML(html_template=markup, js_on_load=mount, apply_default_css=False, elem_classes=["realm-panel"])
