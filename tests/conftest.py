"""One real realm for all cluster and browser tests: its own home, ports and Ray head."""

from __future__ import annotations

import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

PORTS = range(20_000, 32_000)
REALM = str(Path(sys.executable).with_name("realm"))


def free_port() -> int:
    """A port that nothing holds, of those that neither the kernel nor Ray deals out: a realm finds it free again after
    a stop."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@dataclass(frozen=True)
class RunningRealm:
    """A realm under test, driven through its command line and its HTTP port as a person would."""

    home: Path
    env: dict[str, str]
    tavern: str

    def cli(self, *args: str, check: bool = True, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([REALM, *args], env=self.env, capture_output=True, text=True, timeout=timeout)
        assert not check or done.returncode == 0, (
            f"realm {' '.join(args)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    def json(self, *args: str, **more: Any) -> Any:
        return json.loads(self.cli(*args, "--json", **more).stdout)

    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.tavern}/api/state", timeout=10) as answer:
            return json.load(answer)

    def request(self, path: str, body: Any = None, at: str | None = None) -> tuple[int, Any]:
        """Status and JSON of a GET, or with a `body` of a POST of it as JSON; of the Tavern, or of the URL `at`."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{at or self.tavern}{path}", data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=120) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the realm's database, from one snapshot of it."""
        with sqlite3.connect(f"file:{self.home}/realm.db?mode=ro", uri=True) as connection:
            return connection.execute(query).fetchall()

    def wait(self, reached: Callable[[dict[str, Any]], bool], what: str, timeout: float = 120) -> dict[str, Any]:
        """Poll the state until `reached`; an unanswered poll counts as not reached."""
        deadline = time.monotonic() + timeout
        state: dict[str, Any] = {}
        while time.monotonic() < deadline:
            try:
                state = self.state()
                if reached(state):
                    return state
            except (OSError, KeyError, TypeError):
                pass
            time.sleep(0.25)
        raise AssertionError(f"not reached within {timeout} s: {what}; last state: {json.dumps(state)[:3000]}")

    def wait_healthy(self, timeout: float = 120) -> dict[str, Any]:
        return self.wait(
            lambda s: all(row["healthy"] for row in s["services"].values()), "every service healthy", timeout
        )

    def processes(self, title: str) -> list[psutil.Process]:
        """Processes of this realm's session whose title begins with `title`."""
        session = json.loads((self.home / "ray" / "head.json").read_text())["pid"]
        found = []
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                    line = " ".join(process.cmdline())
                    if line.startswith(title) or process.name() == title:
                        found.append(process)
            except (psutil.Error, ProcessLookupError):
                continue
        return found


def settings(tavern: int) -> dict[str, str]:
    skill_ports = {skill_id: free_port() for skill_id in ("bin", "sy")}
    return {
        "REALM_RAY__PORT": str(free_port()),
        "REALM_RAY__DASHBOARD_PORT": str(free_port()),
        "REALM_RAY__NUM_CPUS": "4",
        "REALM_RAY__OBJECT_STORE_MB": "200",
        "REALM_WEB__TAVERN_PORT": str(tavern),
        "REALM_WEB__VAULT_PORT": str(free_port()),
        "REALM_WEB__ORACLE_PORT": str(free_port()),
        "REALM_WEB__SKILL_PORTS": json.dumps(skill_ports),
        "REALM_TRAINING__CHECKPOINT_INTERVAL_S": "5",
        "REALM_EVALUATION__EXAM_INTERVAL_S": "10",
        "REALM_ORACLE__IDLE_S": "15",
    }


@pytest.fixture(scope="session")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRealm]:
    home = tmp_path_factory.mktemp("realm")
    port = free_port()
    env = {key: value for key, value in os.environ.items() if not key.startswith(("REALM_", "RAY_"))}
    env |= {"REALM_HOME": str(home), **settings(port), "HF_HUB_OFFLINE": "1", "HF_HOME": str(home / "hub")}
    running = RunningRealm(home, env, f"http://127.0.0.1:{port}")
    try:
        running.cli("start")
        yield running
    finally:
        running.cli("stop")
    assert not running.home.joinpath("ray", "head.json").exists()
