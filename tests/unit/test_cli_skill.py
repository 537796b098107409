"""`realm skill`, `realm hero` and `realm vault`: what they show, and problems as JSONL."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from cli_helpers import FakeSession, run, use_session
from typer.testing import CliRunner

from realm.cli.main import app
from skills import Problem, SkillCatalog, get_engine
from skills.catalog import Engine
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


@pytest.mark.parametrize(
    ("level", "options", "counts"),
    [
        (4, (), {1: 7, 2: 7, 3: 6, 4: 70, 5: 10}),
        (4, ("--replay", "0.6", "--next", "0.25"), {1: 20, 2: 20, 3: 20, 4: 15, 5: 25}),
        (3, ("--replay", "0.5", "--next", "0"), {1: 25, 2: 25, 3: 50}),
        (4, ("--replay", "0"), {4: 90, 5: 10}),
        (1, ("--replay", "0.5"), {1: 90, 2: 10}),
        (30, ("--replay", "0.29"), dict.fromkeys(range(1, 30), 1) | {30: 71}),
    ],
)
def test_the_mix_gives_the_levels_below_and_the_next_what_is_asked(level, options, counts):
    done = run("skill", "generate", "bin", "--level", str(level), "--count", "100", "--mix", *options)
    problems = training_examples(get_engine().get("bin"), counts, 0)
    assert rows(done.out) == [problem.as_training_example() for problem in problems]
    assert Counter(row["level"] for row in rows(done.out)) == counts


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
    assert "The nearest is 'bin'. The skills are: bin" in run("skill", "generate", "bim").err
    assert "Its levels are 1 to 30" in run("skill", "generate", "bin", "--level", "31").err


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (("--level", "0"), 2, "--level"),
        (("--level", "-3"), 2, "--level"),
        (("--level", "31"), 1, "no level 31"),
        (("--count", "0"), 2, "--count"),
        (("--count", "1000000000"), 1, "A call makes 1 to 100000 problems"),
        (("--count", "many"), 2, "--count"),
        (("--seed", "-1"), 2, "--seed"),
        (("--split", "test"), 2, "test"),
    ],
)
def test_what_nobody_can_mean_is_refused(wrong, code, said):
    done = run("skill", "generate", "bin", *wrong)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


# Grading


def answered(home: Path, *replies: str | None, level: int = 3) -> Path:
    """A file of BIN problems with these answers; None is the right one."""
    written = run("skill", "generate", "bin", "--level", str(level), "--count", str(len(replies)), "--problems")
    path = home / f"answered-{level}.jsonl"
    lines = [
        json.dumps({**row, "reply": row["answer"] if reply is None else reply})
        for row, reply in zip(rows(written.out), replies, strict=True)
    ]
    path.write_text("\n".join(lines))
    return path


def test_problems_are_written_with_all_that_grading_needs():
    written = rows(run("skill", "generate", "bin", "--level", "3", "--count", "4", "--problems").out)
    problems = get_engine().get("bin").generate(3, 4, 0, "train")
    assert [Problem(**{**row, "primitives": tuple(row["primitives"])}) for row in written] == problems


def test_answers_are_graded_against_the_problems_that_came_with_them(home):
    path = answered(home, None, "I do not know", "", None)
    assert run("skill", "grade", "bin", str(path)).out == "2 of 4 correct.\n"
    graded = run("skill", "grade", "bin", str(path), "--json").json()
    assert (graded["total"], graded["correct"], graded["accuracy"]) == (4, 2, 0.5)
    assert [row["correct"] for row in graded["grades"]] == [True, False, False, True]
    assert [row["line"] for row in graded["grades"]] == [1, 2, 3, 4]
    assert graded["grades"][1]["extracted"] == "I do not know"
    assert graded["grades"][2]["reason"] == "There is no final answer."


def test_levels_are_counted_apart(home):
    path = answered(home, None, "", None)
    path.write_text(path.read_text() + "\n\n" + answered(home, "", None, level=9).read_text())
    out = run("skill", "grade", "bin", str(path)).out.splitlines()
    assert out[0] == "3 of 5 correct."
    assert [line.split() for line in out[-2:]] == [["3", "2", "3"], ["9", "1", "2"]]
    refused = run("skill", "grade", "bin", str(path), "--level", "3")
    assert refused.code == 1
    assert "Line 5 is a problem of 'bin', level 9." in refused.err


def test_grading_reads_a_pipe(home):
    text = answered(home, None, None).read_text()
    done = CliRunner().invoke(app, ["skill", "grade", "bin", "-", "--json"], input=text)
    assert json.loads(done.stdout)["correct"] == 2


def test_a_skill_of_reasoning_gym_is_graded_from_a_file(home):
    written = rows(run("skill", "generate", "rg_n_queens", "--level", "5", "--count", "3", "--problems").out)
    path = home / "queens.jsonl"
    replies = [written[0]["answer"], written[1]["answer"].replace("Q", "_"), "x"]
    path.write_text("\n".join(json.dumps({**row, "reply": said}) for row, said in zip(written, replies, strict=True)))
    assert run("skill", "grade", "rg_n_queens", str(path)).out == "1 of 3 correct.\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "Line 1 is not JSON"),
        ("[1]", "Line 1 has no text 'reply'"),
        ('{"prompt": "1 + 1"}', "Line 1 has no text 'reply'"),
        ('{"reply": 3}', "Line 1 has no text 'reply'"),
        ('{"reply": "3"}', "Line 1: field 'skill_id': "),
        ('{"reply": ' + "[" * 100_000 + "]" * 100_000 + "}", "Line 1 is nested too deeply."),
        ('{"reply": ' + "1" * 5000 + "}", "Line 1 is not JSON: Exceeds the limit (4300 digits)"),
    ],
    ids=["half", "list", "no reply", "number", "no problem", "deep", "digits"],
)
def test_a_line_that_cannot_be_graded_is_named(home, line, said):
    path = home / "wrong.jsonl"
    path.write_text(line)
    done = run("skill", "grade", "bin", str(path))
    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert "--problems" in done.err


def test_text_that_is_none_is_named(home):
    path = answered(home, None)
    right = path.read_bytes()
    key = b'"reply": "'
    path.write_bytes(right + b"\n\n" + right.replace(key, key + b"\xff"))
    done = run("skill", "grade", "bin", str(path))
    assert (done.code, done.out) == (1, "")
    at = right.index(key) + len(key) + 1
    assert f"Line 3 is not UTF-8: byte {at} of it is 0xff. Save the file as UTF-8." in done.err
    piped = CliRunner().invoke(app, ["skill", "grade", "bin", "-"], input=b"\xff")
    assert (piped.exit_code, "Line 1 is not UTF-8" in piped.stderr) == (1, True)
    path.write_bytes(right.replace(key, key + b"\\ud800"))
    done = run("skill", "grade", "bin", str(path), "--json")
    assert (done.code, done.out) == (1, "")
    assert "Line 1 has half a character: \\\\ud800." in done.err


def test_problems_of_another_skill_or_level_are_not_graded(home):
    path = answered(home, None)
    assert "Line 1 is a problem of 'bin', level 3." in run("skill", "grade", "rg_gcd", str(path)).err
    assert "no level 31" in run("skill", "grade", "bin", str(path), "--level", "31").err
    path.write_text(path.read_text().replace('"level": 3', '"level": 99'))
    assert "no level 99" in run("skill", "grade", "bin", str(path)).err
    assert run("skill", "grade", "bin", str(home / "none.jsonl")).code == 2


def test_skills_that_are_not_available_are_listed_with_why(monkeypatch):
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    engine = Engine(SkillCatalog.load())
    monkeypatch.setattr("skills.get_engine", lambda: engine)
    listed = run("skill", "list").out
    assert "Not available: rg_base_conversion, rg_basic_arithmetic," in listed
    assert "pip install 'realm-of-training[reasoning-gym]'" in listed
    missing = {row["id"]: row for row in run("skill", "list", "--json").json() if "unavailable" in row}
    assert "not installed" in missing["rg_gcd"]["unavailable"]
    done = run("skill", "generate", "rg_gcd")
    assert (done.code, done.out) == (1, "")
    assert "Skill 'rg_gcd' is not available" in done.err
    assert "pip install" in done.err


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
    assert heroes == {"dio": True, "flo": False, "mote": False, "mote-100k": False, "mote-20k": False}
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
    versions = {passive.id: passive.version for passive in get_engine().list_passives()}
    assert {row["id"]: row["version"] for row in listed} == versions
    shown = run("passive", "list").out
    assert all(row["id"] in shown and row["title"] in shown for row in listed)
