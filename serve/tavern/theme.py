"""The Tavern's colours and fonts for Gradio's own parts; assets/tokens.css holds the same tokens for the panels.

Each colour is set twice, for Gradio's light and dark schemes: the Tavern has one look.
"""

from __future__ import annotations

import inspect

from gradio.themes.base import Base

SANS = (
    "Segoe UI Variable Text",
    "Segoe UI",
    "BlinkMacSystemFont",
    "Roboto",
    "Noto Sans",
    "DejaVu Sans Condensed",
    "system-ui",
    "sans-serif",
)
MONO = ("ui-monospace", "Cascadia Mono", "SF Mono", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")

BG, PANEL, PANEL_RAISED, PANEL_HOVER, WELL = "#17100b", "#221710", "#2a1c12", "#36261a", "#140d08"
HAIR, LINE, CONTROL_LINE = "#3a2919", "#54391f", "#8a6a3d"
TEXT, MUTED, FAINT = "#f6ead6", "#d9c3a0", "#bda37c"
GOLD, GOLD_BRIGHT, PRIMARY, PRIMARY_INK = "#e7c07a", "#ffcf5c", "#e0a030", "#1a0f05"
BAD, BAD_FILL = "#ff9a86", "#2f1611"

COLOURS = {
    "body_background_fill": BG,
    "body_text_color": TEXT,
    "body_text_color_subdued": MUTED,
    "background_fill_primary": PANEL,
    "background_fill_secondary": PANEL_RAISED,
    "border_color_primary": LINE,
    "border_color_accent": CONTROL_LINE,
    "border_color_accent_subdued": LINE,
    "color_accent_soft": PANEL_HOVER,
    "code_background_fill": WELL,
    "link_text_color": GOLD,
    "link_text_color_active": GOLD_BRIGHT,
    "link_text_color_hover": GOLD_BRIGHT,
    "link_text_color_visited": GOLD,
    "block_background_fill": PANEL,
    "block_border_color": HAIR,
    "block_info_text_color": FAINT,
    "block_label_background_fill": PANEL_RAISED,
    "block_label_border_color": LINE,
    "block_label_text_color": MUTED,
    "block_title_text_color": GOLD,
    "panel_background_fill": PANEL,
    "panel_border_color": HAIR,
    "accordion_text_color": TEXT,
    "table_text_color": TEXT,
    "table_border_color": LINE,
    "table_even_background_fill": PANEL,
    "table_odd_background_fill": PANEL_RAISED,
    "table_row_focus": PANEL_HOVER,
    "checkbox_background_color": WELL,
    "checkbox_background_color_focus": WELL,
    "checkbox_background_color_hover": PANEL_RAISED,
    "checkbox_background_color_selected": PRIMARY,
    "checkbox_border_color": CONTROL_LINE,
    "checkbox_border_color_focus": GOLD_BRIGHT,
    "checkbox_border_color_hover": GOLD,
    "checkbox_border_color_selected": GOLD,
    "checkbox_label_background_fill": PANEL_RAISED,
    "checkbox_label_background_fill_hover": PANEL_HOVER,
    "checkbox_label_background_fill_selected": PANEL_HOVER,
    "checkbox_label_border_color": LINE,
    "checkbox_label_border_color_hover": CONTROL_LINE,
    "checkbox_label_text_color": TEXT,
    "checkbox_label_text_color_selected": TEXT,
    "error_background_fill": BAD_FILL,
    "error_border_color": BAD,
    "error_text_color": BAD,
    "error_icon_color": BAD,
    "input_background_fill": WELL,
    "input_background_fill_focus": WELL,
    "input_background_fill_hover": WELL,
    "input_border_color": CONTROL_LINE,
    "input_border_color_focus": GOLD_BRIGHT,
    "input_border_color_hover": GOLD,
    "input_placeholder_color": FAINT,
    "loader_color": GOLD,
    "slider_color": PRIMARY,
    "stat_background_fill": PRIMARY,
    "button_primary_background_fill": PRIMARY,
    "button_primary_background_fill_hover": GOLD_BRIGHT,
    "button_primary_border_color": GOLD,
    "button_primary_text_color": PRIMARY_INK,
    "button_primary_text_color_hover": PRIMARY_INK,
    "button_secondary_background_fill": PANEL_RAISED,
    "button_secondary_background_fill_hover": PANEL_HOVER,
    "button_secondary_border_color": CONTROL_LINE,
    "button_secondary_text_color": TEXT,
    "button_secondary_text_color_hover": TEXT,
    "button_cancel_background_fill": BAD_FILL,
    "button_cancel_background_fill_hover": PANEL_HOVER,
    "button_cancel_border_color": BAD,
    "button_cancel_text_color": BAD,
    "button_cancel_text_color_hover": BAD,
}


def tavern_theme() -> Base:
    """Gradio's base theme with the Tavern's colours; system fonts only, so no page asks another host for one."""
    settings = dict(COLOURS)
    dark = {f"{name}_dark" for name in COLOURS} & set(inspect.signature(Base.set).parameters)
    settings |= {name: COLOURS[name.removesuffix("_dark")] for name in dark}
    theme = Base(font=SANS, font_mono=MONO)
    theme.set(**settings)
    return theme
