"""/api/campaigns over the real desk and books: what is told, what is refused, and that GET changes nothing."""

from __future__ import annotations

import csv
import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from campaign_fixture import CampaignDouble
from guild_fixture import serving
from sqlalchemy import func, select

from realm.store.tables import METADATA

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[CampaignDouble, Ask]]:
    with ExitStack() as running:
        double = CampaignDouble(tmp_path)
        url = running.enter_context(serving(double))

        def ask(path: str, body: Any = None) -> tuple[int, Any]:
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    raw = answer.read().decode()
                    return answer.status, json.loads(raw) if "json" in answer.headers["Content-Type"] else raw
            except urllib.error.HTTPError as error:
                return error.code, json.load(error)

        yield double, ask


def counts(double: CampaignDouble) -> dict[str, int]:
    with double.db.read() as connection:
        return {name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in METADATA.tables.items() if name != "schema_version"}  # fmt: skip


def test_reading_tells_all_of_a_campaign_and_changes_nothing(served: tuple[CampaignDouble, Ask]) -> None:
    double, ask = served
    before = counts(double)
    status, found = ask("/api/campaigns")
    assert status == 200
    assert {row["id"]: row["life"] for row in found["campaigns"]} == {
        "mote-1": "archived", "mote-2": "paused", "mote-3": "active", "mote-4": "trashed", "dio-1": "paused",
    }  # fmt: skip
    assert found["waits"] is None
    assert {each["id"] for each in found["heroes"]} >= {"mote", "dio", "flo"}

    status, row = ask("/api/campaigns/mote-3")
    assert status == 200
    levels = {each["level"]: each for each in row["bests"]["levels"]}
    assert set(levels) == set(range(1, 23))
    for each in levels.values():
        assert each["low"] <= each["accuracy"] == each["correct"] / each["n"] <= each["high"]
    assert row["bests"]["accuracy"]["accuracy"] == max(each["accuracy"] for each in levels.values())
    assert [each["skill_id"] for each in row["bests"]["streaks"]] == ["bin"]
    assert row["bests"]["val_loss"]["loss"] == pytest.approx(0.9 / 6)
    losses = sorted(window[3] for window in row["strain"]["windows"])
    floor = row["strain"]["floor"]
    assert floor["low"] <= floor["loss"] <= floor["high"]
    assert floor["loss"] == losses[-(-len(losses) // 20) - 1]
    assert row["strain"]["now"] == pytest.approx(row["strain"]["windows"][-1][3] - floor["loss"])
    assert sum(zone["windows"] for zone in row["strain"]["zones"]) == len(losses)
    assert row["overrides"]["settings"]["training.batch_size"] == 64
    assert [each["level"] for each in row["transitions"]] == list(range(1, 22))
    assert row["reached"]["step"] >= row["transitions"][-1]["step"]
    assert [each["kind"] for each in row["warnings"]] == ["regression"]
    keys = [each["key"] for each in row["milestones"]]
    assert {"begun", "first_step", "level:bin:1", "level:bin:20", "own:1"} <= set(keys)
    assert ask("/api/honours?campaign=mote-2")[1] != ask("/api/honours?campaign=mote-4")[1]
    assert ask("/api/campaigns/mote-4")[1]["strain"]["floor"] is None
    assert counts(double) == before


def test_comparison_and_its_csv_are_of_the_same_rows(served: tuple[CampaignDouble, Ask]) -> None:
    _, ask = served
    status, found = ask("/api/campaigns/compare?ids=mote-1,dio-1,mote-1")
    assert status == 200
    assert [row["id"] for row in found["campaigns"]] == ["mote-1", "dio-1"]
    told = {(cap["campaign_id"], cap["skill_id"]): cap for row in found["campaigns"] for cap in row["caps"]}
    assert told["mote-1", "bin"]["kind"] == "capacity"
    assert told["dio-1", "sy"]["kind"] is None
    assert told["mote-1", "bin"]["seconds"] > 0
    status, text = ask("/api/campaigns/compare.csv?ids=mote-1,dio-1")
    assert status == 200
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == sum(len(row["transitions"]) for row in found["campaigns"])
    assert {row["campaign"] for row in rows} == {"mote-1", "dio-1"}
    status, text = ask("/api/campaigns/compare.csv?table=caps&ids=mote-1,dio-1")
    assert status == 200
    rows = {(row["campaign"], row["skill"]): row for row in csv.DictReader(io.StringIO(text))}
    assert {key: row["kind"] or None for key, row in rows.items()} == {key: cap["kind"] for key, cap in told.items()}
    assert ask("/api/campaigns/compare.csv?table=costs&ids=mote-1")[0] == 400


def test_a_change_that_is_made_while_a_campaign_is_read_does_not_look_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = CampaignDouble(tmp_path)
    attempt = double.battle_on("mote-3")
    assert double.desk.activate("mote-2")["waits"] is not None
    pending = double.desk.lives.pending

    def made_meanwhile() -> object:
        double.battle_saved(attempt)
        return pending()

    monkeypatch.setattr(double.desk.lives, "pending", made_meanwhile)
    row = double.desk.show("mote-2")
    assert (row["life"], row["waits"]) == ("active", None)


def test_what_cannot_be_done_is_told_with_its_remedy(served: tuple[CampaignDouble, Ask]) -> None:
    _, ask = served
    for path, body, status, words in (
        ("/api/campaigns/mote-9", None, 404, "mote-9"),
        ("/api/campaigns/compare?ids=mote-9", None, 404, "mote-9"),
        ("/api/campaigns/compare?ids=,", None, 400, "0 campaigns"),
        ("/api/campaigns/mote-4/activate", {}, 409, "Restore it first"),
        ("/api/campaigns/mote-3/delete", {}, 409, "Pause or archive it first"),
        ("/api/campaigns/mote-3/explode", {}, 400, "action"),
        ("/api/campaigns/mote-2/restore", {}, 409, "paused"),
        ("/api/campaigns/mote-2/pause", {"now": True}, 400, "now"),
        ("/api/campaigns", {"hero": "nobody"}, 400, "nobody"),
        ("/api/campaigns", {"checkpoint": "mote-1/nothing"}, 404, "nothing"),
        ("/api/campaigns/mote-3/milestones", {"title": "  "}, 400, "no title"),
        ("/api/campaigns/mote-3/milestones", {"key": "level:bin:35", "note": "x"}, 404, "level:bin:35"),
        ("/api/campaigns/mote-3/milestones", {"key": "begun", "note": "x" * 2001}, 400, "2001 characters"),
    ):
        found, told = ask(path, body)
        assert found == status, (path, told)
        assert words in f"{told['detail']} {told['remedy']}", path
    assert ask("/api/campaigns/mote-3/activate")[0] in (404, 405)


def test_a_new_game_plus_begins_with_a_checkpoint(served: tuple[CampaignDouble, Ask]) -> None:
    double, ask = served
    status, made = ask("/api/campaigns", {"checkpoint": "mote-1/champion", "note": "again"})
    assert (status, made["id"], made["life"], made["note"]) == (200, "mote-5", "paused", "again")
    assert made["starting_checkpoint_id"] == double.desk.store.get("mote-1").champion_id
    assert ask("/api/campaigns")[1]["campaigns"][0]["id"] == "mote-5"
    shown = ask("/api/campaigns/mote-5")[1]
    assert shown["milestones"][0]["title"] == f"Begins with {made['starting_checkpoint_id']}"
    assert shown["bests"]["accuracy"] is None


def test_milestones_are_noted_made_and_taken_back(served: tuple[CampaignDouble, Ask]) -> None:
    _, ask = served
    at = "/api/campaigns/mote-3/milestones"

    def noted() -> dict[str, Any]:
        return {each["key"]: each for each in ask("/api/campaigns/mote-3")[1]["milestones"]}

    assert ask(at, {"key": "level:bin:5", "note": "took an hour"})[1]["note"] == "took an hour"
    assert noted()["level:bin:5"]["note"] == "took an hour"
    ask(at, {"key": "level:bin:5", "note": ""})
    assert noted()["level:bin:5"]["note"] == ""
    made = ask(at, {"title": "other data", "note": "from the wiki"})[1]
    assert made["own"]
    assert made["step"] == ask("/api/campaigns/mote-3")[1]["reached"]["step"]
    ask(at, {"key": made["key"], "note": ""})
    assert noted()[made["key"]]["title"] == "other data"
    ask(at, {"key": made["key"]})
    assert made["key"] not in noted()


def test_the_battle_is_saved_before_another_campaign_becomes_active(served: tuple[CampaignDouble, Ask]) -> None:
    double, ask = served
    attempt = double.battle_on("mote-3")
    status, told = ask("/api/campaigns/mote-2/activate", {})
    assert (status, told["life"], told["waits"]["activates"]) == (200, "paused", "mote-2")
    assert ask("/api/campaigns")[1]["waits"]["activates"] == "mote-2"
    double.battle_saved(attempt)
    assert double.lives_now()["mote-2"] == "active"
    assert double.lives_now()["mote-3"] == "paused"
