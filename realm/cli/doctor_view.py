"""The findings of `realm doctor` as a table."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from realm.cli.doctor import Check
from realm.cli.output import add_row, table

STYLES = {"pass": "green", "warn": "yellow", "fail": "red"}


def doctor_view(checks: list[Check]) -> RenderableType:
    """One row a check, remedies under what they mend, counts at the end."""
    made = table("", "check", "found")
    for check in checks:
        add_row(made, Text(check.state, style=STYLES[check.state]), check.name, check.detail)
        if check.remedy:
            add_row(made, "", "", Text(f"→ {check.remedy}", style="bold"))
    counts = ", ".join(f"{sum(check.state == state for check in checks)} {state}" for state in STYLES)
    return Group(made, Text(counts))
