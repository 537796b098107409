"""Campaigns held against each other: their levels and their caps, as rows of one table and as CSV.

Campaigns come as the rows that CampaignDirector tells. Knows no actor.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

Row = Mapping[str, Any]
CsvTable = Literal["levels", "caps"]
HEAD: Final = ("campaign", "hero", "parameters", "skill", "level", "step", "tokens", "examples", "seconds", "at")
COUNTED: Final = ("tokens", "examples", "seconds")
CAPS: Final = {
    "campaign": "campaign_id", "hero": "hero_id", "parameters": "parameters", "skill": "skill_id",
    "mastered": "mastered_level", "cap": "cap_level", "kind": "kind", "step": "step", "tokens": "tokens",
    "seconds": "seconds",
}  # fmt: skip
"""Columns of the caps' CSV, and what of `caps` each holds."""


def to_csv(table: CsvTable, campaigns: Iterable[Row]) -> str:
    """`levels`: a row a promotion, with what the campaign had taken by then. `caps`: a row a skill of a campaign; the
    cap lies between `cap` and the next level. Empty where nothing is known. Ends without a line break."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if table == "levels":
        writer.writerow(HEAD)
        writer.writerows(_level(row, each) for row in campaigns for each in row["transitions"])
    else:
        writer.writerow(CAPS)
        writer.writerows([each[name] for name in CAPS.values()] for row in campaigns for each in row["caps"])
    return out.getvalue().rstrip("\n")


def _level(campaign: Row, promotion: Row) -> list[Any]:
    total: Row = promotion["total"] or {}
    numbers = [total.get(name) for name in COUNTED]
    head = [campaign["id"], campaign["hero_id"], campaign["parameters"]]
    return [*head, promotion["skill_id"], promotion["level"], promotion["step"], *numbers, promotion["at"]]


def caps(campaign: Row, verdicts: Iterable[Row], seconds: Mapping[int, float | None]) -> list[dict[str, Any]]:
    """A row for each skill of a campaign: the verdict that stands, else what the skill's climb has come to.

    `seconds`: training seconds by the step of each verdict. `cap_level` and `kind` are None without a verdict; its
    numbers are then those of the newest point.
    """
    standing = {each["skill_id"]: each for each in verdicts if each["withdrawn_at"] is None}
    reached: Row = campaign["reached"] or {}
    head = {"campaign_id": campaign["id"], "hero_id": campaign["hero_id"], "parameters": campaign["parameters"]}
    rows: list[dict[str, Any]] = []
    for skill_id, mastered in campaign["mastered"].items():
        verdict = standing.get(skill_id)
        found: dict[str, Any] = {"skill_id": skill_id, "mastered_level": mastered, "cap_level": None, "kind": None}
        if verdict is None:
            found |= {name: reached.get(name) for name in ("step", "tokens", "seconds")}
        else:
            found |= {name: verdict[name] for name in ("mastered_level", "cap_level", "kind", "step", "tokens")}
            found["seconds"] = seconds.get(verdict["step"])
        rows.append({**head, **found})
    return rows
