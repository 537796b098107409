"""Campaigns in one table: a cap where a verdict stands, else how far the climb is."""

from __future__ import annotations

import csv
import io

from realm.rules.comparison import caps, to_csv

ROW = {
    "id": "mote-1", "hero_id": "mote", "parameters": 440_000, "mastered": {"bin": 17, "sy": 3},
    "reached": {"step": 900, "tokens": 90_000, "examples": 3000.0, "seconds": 70.5},
    "transitions": [
        {"skill_id": "bin", "level": 1, "step": 10, "at": "2026-01-01T12:00:00+00:00",
         "total": {"step": 10, "tokens": 1000, "examples": 40, "seconds": 1.5}, "cost": None},
        {"skill_id": "bin", "level": 2, "step": 950, "at": "2026-01-01T13:00:00+00:00", "total": None, "cost": None},
    ],
}  # fmt: skip
VERDICT = {
    "skill_id": "bin", "kind": "capacity", "mastered_level": 17, "cap_level": 17, "step": 800, "tokens": 80_000,
    "withdrawn_at": None,
}  # fmt: skip


def test_a_skill_without_a_verdict_stands_where_the_campaign_does() -> None:
    found = caps(ROW, [VERDICT], {800: 61.0})
    keys = ("skill_id", "mastered_level", "cap_level", "kind", "step", "tokens", "seconds")
    assert [tuple(each[key] for key in keys) for each in found] == [
        ("bin", 17, 17, "capacity", 800, 80_000, 61.0),
        ("sy", 3, None, None, 900, 90_000, 70.5),
    ]
    assert {(each["campaign_id"], each["hero_id"], each["parameters"]) for each in found} == {
        ("mote-1", "mote", 440_000)
    }


def test_a_withdrawn_verdict_is_no_cap_and_what_no_point_tells_is_none() -> None:
    [bin_, _] = caps({**ROW, "reached": None}, [{**VERDICT, "withdrawn_at": "2026-01-02T00:00:00+00:00"}], {})
    assert (bin_["cap_level"], bin_["step"], bin_["seconds"]) == (None, None, None)


def test_the_csv_has_a_row_a_promotion() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv("levels", [ROW]))))
    assert [(row["campaign"], row["level"], row["tokens"], row["seconds"]) for row in rows] == [
        ("mote-1", "1", "1000", "1.5"),
        ("mote-1", "2", "", ""),
    ]


def test_the_csv_of_caps_has_a_row_a_skill_that_is_empty_where_nothing_is_known() -> None:
    known = {**ROW, "caps": caps(ROW, [VERDICT], {800: 61.0})}
    unknown = {**ROW, "caps": caps({**ROW, "id": "mote-2", "reached": None}, [], {})}
    rows = list(csv.DictReader(io.StringIO(to_csv("caps", [known, unknown]))))
    keys = ("campaign", "parameters", "skill", "mastered", "cap", "kind", "tokens", "seconds")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("mote-1", "440000", "bin", "17", "17", "capacity", "80000", "61.0"),
        ("mote-1", "440000", "sy", "3", "", "", "90000", "70.5"),
        ("mote-2", "440000", "bin", "17", "", "", "", ""),
        ("mote-2", "440000", "sy", "3", "", "", "", ""),
    ]
