"""A worker's loop that is told to end: the job at hand is given back, however the signal arrives."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from worker_helpers import LocalPort

from actors import job_loop
from actors.handlers import Context
from actors.job_loop import JobLoop


class OneJob:
    """A queue with one job; what becomes of it."""

    def __init__(self) -> None:
        self.waiting = ["7"]
        self.told: list[tuple[str, str]] = []

    def register(self) -> None: ...

    def claim(self, _wait_s: float) -> dict[str, Any] | None:
        return {"id": self.waiting.pop(), "type": "primitive"} if self.waiting else None

    def heartbeat(self, _held: list[str]) -> list[str]:
        return []

    def release(self, job_id: str) -> None:
        self.told.append((job_id, "released"))

    def complete(self, job_id: str, _result: dict[str, Any], _held: list[Any] | None) -> None:
        self.told.append((job_id, "completed"))

    def fail(self, job_id: str, _kind: str, message: str) -> None:
        self.told.append((job_id, message))


class InFinalizer:
    """Where a signal comes while it is thrown away, its exception is lost."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)


@pytest.fixture
def restored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("lost", [False, True])
def test_a_worker_that_is_told_to_end_gives_its_job_back(
    lost: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handler(_job: dict[str, Any], context: Context) -> dict[str, Any]:
        if lost:
            InFinalizer()
        else:
            os.kill(os.getpid(), signal.SIGINT)
        for _ in range(200):
            context.require_wanted()
            time.sleep(0.01)
        return {}

    def end(_signal: int, _frame: Any) -> None:
        loop.end()
        raise KeyboardInterrupt

    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    monkeypatch.setattr(job_loop, "handler_of", lambda _type: handler)
    master = OneJob()
    loop = JobLoop(master, Context(LocalPort(tmp_path, tmp_path)))  # pyright: ignore[reportArgumentType]
    signal.signal(signal.SIGINT, end)
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    assert master.told == [("7", "released")]
    assert len(seen) == lost
