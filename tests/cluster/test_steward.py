"""The steward of a running realm: jobs that need no hero, queued by an actor call, done beside the battle."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.conftest import RunningRealm

DRIVER = """
import json, sys, time
import ray
from actors.client import connect

master = connect().task_master
submitted = [ray.get(master.submit.remote(*each))["job_id"] for each in json.load(sys.stdin)]
deadline = time.monotonic() + 90
while time.monotonic() < deadline:
    jobs = [ray.get(master.show.remote(each)) for each in submitted]
    if all(job["status"] in ("completed", "failed") for job in jobs):
        break
    time.sleep(0.2)
workers = [worker for worker in ray.get(master.workers.remote()) if worker["online"]]
wanted = ("status", "error", "result", "worker_id")
json.dump({"jobs": [{name: job[name] for name in wanted} for job in jobs], "workers": workers}, sys.stdout)
"""


def test_jobs_of_every_role_are_done_beside_the_battle(realm: RunningRealm) -> None:
    state = realm.wait(lambda s: s["latest_checkpoint"] is not None, "a checkpoint")
    newest = state["latest_checkpoint"]["id"]
    asked: list[Any] = [
        ["health_check", {}, "high"],
        ["data_gen", {"skill_id": "bin", "count": 200, "level": 2, "seed": 5}, "high"],
        ["layer_stats", {"checkpoint_id": newest}, "high"],
        ["report", {"report_type": "jobs"}, "high"],
        ["data_validate", {"path": "../realm.db"}, "high"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(asked),
        env=realm.env,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    health, made, layers, report, refused = (told := json.loads(done.stdout))["jobs"]
    assert (health["status"], made["status"], layers["status"], report["status"]) == ("completed",) * 4, done.stdout
    assert health["result"]["worker_id"] == health["worker_id"]
    assert made["worker_id"].endswith("-steward")
    assert (realm.home / "data" / made["result"]["file"]).stat().st_size == made["result"]["size_bytes"]
    assert layers["result"]["parameters"] > 400_000
    assert all((realm.home / "data" / name).is_file() for name in report["result"]["files"])
    assert (refused["status"], refused["result"]) == ("failed", None)
    assert "not below" in refused["error"]
    # Workers of an earlier start are on record too, as offline.
    assert sorted(sorted(worker["roles"]) for worker in told["workers"]) == [["analytics", "forge", "vault"], ["eval"]]
