"""The `realm` command as a whole: help, exit codes, what an error looks like, how fast it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import typer
from cli_helpers import FakeSession, run, use_session

from realm.cli.exits import DESCRIPTION
from realm.cli.main import app
from realm.errors import ConflictError

GROUP = typer.main.get_command(app)


def leaves(group=GROUP, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], object]]:
    found = []
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found += leaves(command, (*path, name))
        else:
            found.append(((*path, name), command))
    return found


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("REALM_", "RAY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REALM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_commands_are_those_that_the_documents_name():
    names = {" ".join(path) for path, _ in leaves()}
    assert names == {
        "start", "stop", "status", "doctor", "train", "spar", "worker",
        "quest post", "quest list", "quest show", "quest cancel", "quest retry", "quest priority",
        "battle status", "battle pause", "battle resume", "battle stop",
        "campaign new", "campaign list", "campaign show", "campaign compare", "campaign activate", "campaign pause",
        "campaign archive", "campaign restore", "campaign delete", "campaign verdict",
        "skill list", "skill show", "skill generate", "skill grade", "skill eval", "skill new",
        "skill plan", "skill enable", "skill disable", "skill priority",
        "passive list", "passive run", "primitive list", "primitive run",
        "vault list", "vault show", "vault best", "vault export", "vault import",
        "vault ask", "vault promote", "vault verify",
        "vault delete", "vault restore", "vault retention plan", "vault retention apply",
        "vault zones", "vault scan", "vault transfer",
        "job submit", "job list", "job show", "job cancel", "job retry", "job watch", "job types",
        "oracle chat", "oracle status", "oracle load", "oracle unload",
        "hero list", "hero show",
        "away", "notify test", "config show", "config set",
        "db show", "db upgrade", "db downgrade",
    }  # fmt: skip


@pytest.mark.parametrize("path", [path for path, _ in leaves()], ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(path):
    done = run(*path, "--help")
    assert done.code == 0
    assert f"Example: realm {' '.join(path)}" in " ".join(done.out.split())


def test_every_command_that_prints_state_prints_json():
    without = {
        path for path, command in leaves() if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert without == {("skill", "generate"), ("skill", "new"), ("worker",)}


def test_the_top_level_help_says_what_the_exit_codes_mean():
    assert DESCRIPTION in " ".join(run("--help").out.split())


def test_wrong_usage_exits_2():
    assert run("quest", "post").code == 2
    assert run("quest", "list", "--status", "lost").code == 2
    assert run("nothing").code == 2


ASKING = [
    ("status",),
    ("quest", "list"),
    ("quest", "show", "x"),
    ("quest", "cancel", "x"),
    ("quest", "retry", "x"),
    ("quest", "priority", "x", "high"),
    ("quest", "post", "x.jsonl"),
    ("battle", "status"),
    ("battle", "pause"),
    ("battle", "resume"),
    ("battle", "stop"),
    ("vault", "list"),
    ("vault", "show", "x"),
    ("vault", "best"),
    ("vault", "export", "x"),
    ("vault", "import", "x"),
    ("vault", "ask", "x"),
    ("vault", "promote", "x"),
    ("vault", "verify", "x"),
    ("vault", "delete", "x"),
    ("vault", "restore", "x"),
    ("vault", "retention", "plan"),
    ("vault", "retention", "apply"),
    ("vault", "zones"),
    ("vault", "scan"),
    ("vault", "transfer", "x", "y"),
    ("job", "submit", "eval"),
    ("job", "list"),
    ("job", "show", "1"),
    ("job", "cancel", "1"),
    ("job", "retry", "1"),
    ("job", "watch", "1"),
    ("job", "types"),
    ("spar", "--skill", "bin"),
    ("skill", "eval", "bin"),
    ("passive", "run"),
    ("primitive", "run"),
]


@pytest.mark.parametrize("command", ASKING, ids=" ".join)
def test_commands_that_ask_the_realm_exit_3_when_none_runs(command, home):
    done = run(*command)
    assert done.code == 3
    assert done.out == ""
    assert f"No realm runs for {home}." in done.err
    assert "realm start" in done.err


def test_an_error_is_one_line_on_stderr(monkeypatch):
    use_session(monkeypatch, FakeSession({("vault_keeper", "list"): ConflictError("The vault is shut.", "Open it.")}))
    done = run("vault", "list")
    assert (done.code, done.out, done.err) == (1, "", "The vault is shut. Open it.\n")


def test_an_error_is_json_on_stderr_when_json_was_asked_for(monkeypatch):
    use_session(monkeypatch, FakeSession({("vault_keeper", "list"): ConflictError("The vault is shut.", "Open it.")}))
    done = run("vault", "list", "--json")
    assert done.code == 1
    assert json.loads(done.err) == {"error": "The vault is shut.", "remedy": "Open it."}


def test_an_interrupt_exits_130_and_says_nothing(monkeypatch):
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("realm.cli.session.open_session", interrupted)
    done = run("vault", "list")
    assert (done.code, done.out, done.err) == (130, "", "")


def test_help_imports_nothing_heavy():
    heavy = ("ray", "torch", "transformers", "sqlalchemy", "pydantic", "realm.config", "realm.store", "actors")
    script = f"import sys, realm.cli.main; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
