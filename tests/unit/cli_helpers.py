"""A realm's session that answers from a table, and a way to run commands in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from typer.testing import CliRunner

from realm.cli.exits import NotRunningError
from realm.cli.main import app


@dataclass
class FakeSession:
    """Answers `call` from `answers`: by (service, method) a value, an error, or a list of them taken in turn."""

    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    here: bool = True

    def call(self, service: str, method: str, *args: Any, timeout_s: float = 60.0) -> Any:
        self.calls.append((service, method, *args))
        answer = self.answers[service, method]
        if isinstance(answer, list) and answer and isinstance(answer[0], Turn):
            answer = answer.pop(0).value if len(answer) > 1 else answer[0].value
        if isinstance(answer, Exception):
            raise answer
        return answer

    follow = call

    def on_head(self) -> bool:
        return self.here

    def node_id(self) -> str:
        return "this-node"


@dataclass
class Turn:
    """One of several answers in turn; the last one stays."""

    value: Any


@dataclass
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def run(*args: str) -> Ran:
    done = CliRunner().invoke(app, list(args), env={"COLUMNS": "200"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ran(done.exit_code, done.stdout, done.stderr)


def use_session(monkeypatch, session: FakeSession | None) -> None:
    """Make commands find this session, or no realm at all."""

    def opened() -> Any:
        if session is None:
            raise NotRunningError("No realm runs for HOME.", "Start it: realm start.")
        return session

    monkeypatch.setattr("realm.cli.session.open_session", opened)
    monkeypatch.setattr("realm.cli.session.session_if_running", lambda: session)
