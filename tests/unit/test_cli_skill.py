"""`realm skill`, `realm hero` and `realm vault`: what they show, and problems as JSONL."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from cli_helpers import FakeSession, run, use_session

from realm.rules.schedule import Mix, level_shares, whole_counts
from skills import get_engine
from skills.curriculum import training_examples

STATE = {"id": "bin", "mastered_level": 4, "training_level": 5, "last_accuracy": 0.79, "evaluations": []}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    for name in [name for name in os.environ if name.startswith("REALM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REALM_HOME", str(tmp_path / "home"))
    use_session(monkeypatch, None)
    return tmp_path


def rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_generate_writes_the_examples_of_the_catalog_to_stdout():
    done = run("skill", "generate", "bin", "--level", "3", "--count", "5", "--seed", "7", "--split", "eval")
    problems = get_engine().get("bin").generate(3, 5, 7, "eval")
    assert done.code == 0
    assert done.err == ""
    assert rows(done.out) == [problem.as_training_example() for problem in problems]


def test_generate_writes_a_file_and_replaces_none(home):
    out = home / "bin.jsonl"
    assert "20 examples written" in run("skill", "generate", "bin", "--count", "20", "--out", str(out)).out
    before = out.read_text()
    assert len(rows(before)) == 20
    again = run("skill", "generate", "bin", "--count", "20", "--seed", "1", "--out", str(out))
    assert again.code == 1
    assert out.read_text() == before
    assert [path.name for path in home.iterdir()] == ["bin.jsonl"]


def test_the_mix_is_that_of_generated_quests():
    done = run("skill", "generate", "bin", "--level", "4", "--count", "40", "--mix", "--replay", "0.5", "--next", "0.1")
    counts = whole_counts(level_shares(4, 30, {}, Mix(replay=0.5, ahead=0.1)), 40)
    problems = training_examples(get_engine().get("bin"), counts, 0)
    assert rows(done.out) == [problem.as_training_example() for problem in problems]
    assert Counter(row["level"] for row in rows(done.out)) == {1: 11, 2: 11, 3: 10, 4: 4, 5: 4}


@pytest.mark.parametrize(
    "wrong",
    [
        ("--mix", "--split", "eval"),
        ("--replay", "0.5"),
        ("--mix", "--replay", "0.8", "--next", "0.8"),
        ("--count", "0"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_exit_2(wrong):
    done = run("skill", "generate", "bin", *wrong)
    assert (done.code, done.out) == (2, "")


def test_an_unknown_skill_and_level_say_what_there_is():
    assert "The skills are: bin" in run("skill", "generate", "nib").err
    assert "Its levels are 1 to 30" in run("skill", "generate", "bin", "--level", "31").err


def test_the_list_has_levels_while_the_realm_runs(monkeypatch):
    offline = run("skill", "list")
    assert offline.code == 0
    assert "levels are not known" in offline.out
    assert "mastered_level" not in run("skill", "list", "--json").json()[0]
    use_session(monkeypatch, FakeSession({("skill_engine", "list"): [STATE]}))
    row = run("skill", "list", "--json").json()[0]
    assert (row["id"], row["max_level"], row["mastered_level"]) == ("bin", 30, 4)


def test_showing_a_skill_lists_its_ladder(monkeypatch):
    assert len(run("skill", "show", "bin", "--json").json()["levels"]) == 30
    state = {**STATE, "evaluations": [{"accuracy": 0.81, "step": 900}]}
    use_session(monkeypatch, FakeSession({("skill_engine", "show"): state}))
    assert "0.81 at step 900" in run("skill", "show", "bin").out


def test_the_heroes_of_the_catalog(monkeypatch):
    monkeypatch.setenv("REALM_HERO__NAME", "dio")
    heroes = {row["id"]: row["chosen"] for row in run("hero", "list", "--json").json()}
    assert heroes == {"dio": True, "flo": False, "mote": False}
    shown = run("hero", "show", "--json").json()
    assert (shown["id"], shown["weights"], shown["state"]) == ("dio", "Qwen/Qwen3-0.6B", None)
    assert "moat" in run("hero", "show", "moat").err


def test_the_best_checkpoint_by_a_metric(monkeypatch):
    session = FakeSession({("vault_keeper", "best"): None})
    use_session(monkeypatch, session)
    done = run("vault", "best", "--metric", "skill:bin")
    assert session.calls == [("vault_keeper", "best", "skill:bin")]
    assert done.code == 1
    assert "No checkpoint has skill:bin yet." in done.err


def test_the_primitives_of_a_track():
    listed = run("primitive", "list", "--json").json()
    assert len(listed) == 39
    assert {row["track"] for row in listed} == {"arithmetic", "binary", "logic", "string", "code"}
    strings = run("primitive", "list", "--track", "string", "--json").json()
    assert [row["id"] for row in strings] == [row["id"] for row in listed if row["track"] == "string"]
    assert strings[0]["memorizable"] is False
    shown = run("primitive", "list", "--track", "arithmetic").out
    assert "arithmetic/parity@1" in shown
    assert "binary/" not in shown


def test_an_unknown_track_says_what_there_is():
    done = run("primitive", "list", "--track", "cooking")
    assert (done.code, done.out) == (1, "")
    assert "The tracks are: arithmetic, binary, logic, string, code." in done.err


def test_the_passives():
    listed = run("passive", "list", "--json").json()
    assert len(listed) == 11
    assert {row["version"] for row in listed} == {1}
    shown = run("passive", "list").out
    assert all(row["id"] in shown and row["title"] in shown for row in listed)
