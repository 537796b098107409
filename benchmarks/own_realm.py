"""A realm of the benchmark's own: its home in a temporary folder, free ports, everything else at the defaults.

Driven from the outside, through its command line and its HTTP port. It ends what it started by `realm stop` only.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from realm.cli.ray_head import owned_pids
from realm.home import RealmHome

REALM = str(Path(sys.executable).with_name("realm"))
COMMAND_TIMEOUT_S = 300.0
PORTS = range(20_000, 32_000)


@dataclass(frozen=True)
class OwnRealm:
    """A running realm. `start_seconds`: wall time of the `realm start` that returned when all was healthy."""

    home: RealmHome
    env: dict[str, str]
    tavern: str
    start_seconds: float

    def cli(self, *args: str) -> str:
        """A command's stdout."""
        return _realm(self.env, *args)

    def state(self) -> dict[str, Any]:
        """The Tavern's snapshot."""
        with urllib.request.urlopen(f"{self.tavern}/api/state", timeout=10) as answer:
            return json.load(answer)

    def enable_only(self, skills: Sequence[str]) -> None:
        """Exactly these skills are trained."""
        rows = json.loads(self.cli("skill", "list", "--json"))
        for skill in skills:
            self.cli("skill", "enable", skill)
        for row in rows:
            if row.get("enabled") and row["id"] not in skills:
                self.cli("skill", "disable", row["id"])

    def wait(self, reached: Callable[[dict[str, Any]], bool], timeout_s: float, interval_s: float = 1.0) -> bool:
        """Poll the state until `reached`: False when it was not in time. A poll without an answer is not reached."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                if reached(self.state()):
                    return True
            except OSError:
                pass
            time.sleep(interval_s)
        return False

    def service(self, name: str) -> psutil.Process:
        """The process of a service, by the pid it answered its last ping with."""
        detail = self.state()["services"][name]["detail"]
        return psutil.Process(int(detail.removeprefix("pid ")))

    def processes(self) -> list[psutil.Process]:
        """Every process of the realm's Ray: its head, its services, its idle workers."""
        found: list[psutil.Process] = []
        for pid in owned_pids(self.home):
            try:
                found.append(psutil.Process(pid))
            except psutil.NoSuchProcess:
                continue
        return found


@contextmanager
def own_realm(*start: str, keep: Path | None = None, settings: Mapping[str, str] | None = None) -> Iterator[OwnRealm]:
    """`realm start` with these options; `realm stop` at the end, and its files are removed unless something failed.

    keep: a folder for the realm's files instead of a temporary one; what is in it goes on, and it stays.
    settings: more of its environment.
    """
    root = Path(tempfile.mkdtemp(prefix="realm-bench-")) if keep is None else keep
    home = RealmHome(root)
    port, vault, oracle, gcs, dashboard, *skills = free_ports(7)
    env = {key: value for key, value in os.environ.items() if not key.startswith(("REALM_", "RAY_"))}
    env |= {
        "REALM_HOME": str(root),
        "REALM_RAY__PORT": str(gcs),
        "REALM_RAY__DASHBOARD_PORT": str(dashboard),
        "REALM_WEB__TAVERN_PORT": str(port),
        "REALM_WEB__VAULT_PORT": str(vault),
        "REALM_WEB__ORACLE_PORT": str(oracle),
        "REALM_WEB__SKILL_PORTS": json.dumps(dict(zip(("bin", "sy"), skills, strict=True))),
        "HF_HUB_OFFLINE": "1",
        **(settings or {}),
    }
    try:
        began = time.monotonic()
        _realm(env, "start", "--json", *start)
        yield OwnRealm(home, env, f"http://127.0.0.1:{port}", time.monotonic() - began)
    except BaseException:
        print(f"The realm's files are kept in {root}.", file=sys.stderr)
        _realm(env, "stop")
        raise
    _realm(env, "stop")
    if keep is None:
        shutil.rmtree(root)
    shutil.rmtree(home.ray_temp_dir, ignore_errors=True)


def _realm(env: dict[str, str], *args: str) -> str:
    done = subprocess.run([REALM, *args], env=env, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
    if done.returncode != 0:
        raise RuntimeError(f"realm {' '.join(args)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def free_ports(count: int) -> list[int]:
    """Different free ports, of those that neither the kernel nor Ray deals out."""
    ports: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            break
    return ports
