"""How `realm campaign compare` is printed: what each level took, then the caps."""

from __future__ import annotations

from typing import Any

from realm.cli.output import add_row, duration, stdout, table

CAP_COLUMNS = ("campaign", "hero", "parameters", "skill", "mastered", "cap", "kind", "step", "tokens", "time")


def print_comparison(rows: list[dict[str, Any]]) -> None:
    """Rows of `CampaignDirector.compare`."""
    made = table("skill", "level", *(row["id"] for row in rows), right=("level",))
    reached = {row["id"]: {(each["skill_id"], each["level"]): each for each in row["transitions"]} for row in rows}
    for skill, level in sorted({key for each in reached.values() for key in each}):
        cells = [_reached(reached[row["id"]].get((skill, level))) for row in rows]
        add_row(made, skill, level, *cells)
    stdout().print(made)
    caps = table(*CAP_COLUMNS, right=("parameters", "mastered", "cap", "step", "tokens", "time"))
    for each in (each for row in rows for each in row["caps"]):
        add_row(caps, *_cap(each))
    stdout().print(caps)


def _reached(found: dict[str, Any] | None) -> str | None:
    if found is None:
        return None
    total = found["total"]
    if total is None:
        return f"step {found['step']:,}"
    return f"step {found['step']:,}, {total['tokens'] / 1e6:,.2f} M tokens, {total['seconds']:,.0f} s"


def _cap(row: dict[str, Any]) -> tuple[object, ...]:
    level, kind = row["cap_level"], row["kind"]
    cap = None if level is None else "none" if kind == "ladder_exhausted" else f"{level} to {level + 1}"
    counted = [f"{row[name]:,}" if row[name] is not None else None for name in ("step", "tokens")]
    return (
        *(row["campaign_id"], row["hero_id"], f"{row['parameters']:,}", row["skill_id"], row["mastered_level"], cap),
        *(kind or "no verdict", *counted, duration(row["seconds"])),
    )
