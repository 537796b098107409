"""Ten kills of workers and services while a hundred jobs run: the small form of `python -m benchmarks.soak`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import RunningRealm

ROOT = Path(__file__).parents[2]


def test_each_job_is_done_once_whoever_is_killed(realm: RunningRealm) -> None:
    command = [sys.executable, "-m", "benchmarks.soak", "--kills", "10", "--jobs", "100", "--home", str(realm.home)]
    done = subprocess.run(command, env=realm.env, cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert report["wrong"] == []
    assert report["completed"] == report["jobs"] == 100
    assert sum(report["kills"].values()) == 10
    assert set(report["kills"]) == {"worker", "steward", "task_master", "vault_keeper", "api_host"}
    realm.wait_healthy()
