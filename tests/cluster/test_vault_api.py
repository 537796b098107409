"""The realm's API of a running realm: a job as the docs submit it, its result, and a checkpoint's bytes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from realm.rules.job import LEASE_S
from tests.conftest import REALM, RunningRealm


def url_of(realm: RunningRealm) -> str:
    return f"http://127.0.0.1:{realm.env['REALM_WEB__VAULT_PORT']}"


def got(realm: RunningRealm, path: str, at: str | None = None) -> Any:
    status, answer = realm.request(path, at=at or url_of(realm))
    assert status == 200, answer
    return answer


def part(realm: RunningRealm, path: str, asked: str) -> bytes:
    request = urllib.request.Request(f"{url_of(realm)}{path}", headers={"Range": f"bytes={asked}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 206
        return answer.read()


def test_a_job_as_the_docs_submit_it_is_done_and_recorded(realm: RunningRealm) -> None:
    assert got(realm, "/health")["service"] == "vault-api"
    state = realm.wait(lambda s: s["latest_checkpoint"] is not None, "a checkpoint")
    assert state["services"]["vault-api"]["url"] == url_of(realm)
    # As curl -d sends it: with the content type of a form.
    body = b'{"job_type": "eval", "payload": {"skill_id": "bin"}, "priority": "critical"}'
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with urllib.request.urlopen(urllib.request.Request(f"{url_of(realm)}/api/jobs", body, form), timeout=60) as answer:
        assert answer.status == 201
        job_id = json.load(answer)["job_id"]
    deadline = time.monotonic() + 90
    while (job := got(realm, f"/api/jobs/{job_id}"))["finished_at"] is None:
        assert time.monotonic() < deadline, job
        time.sleep(0.25)
    assert job["status"] == "completed", job
    assert got(realm, f"/api/jobs/{job_id}", realm.tavern) == job
    found = got(realm, "/api/evaluations?skill=bin&limit=200")["evaluations"]
    [recorded] = [each for each in found if each["job_id"] == job_id]
    assert (recorded["n"], recorded["correct"]) == (job["result"]["n"], job["result"]["correct"])
    history = [each["status"] for each in got(realm, f"/api/jobs/{job_id}/events")["events"]]
    assert (history[0], history[-1]) == ("pending", "completed")


def test_a_killed_outside_workers_job_is_done_by_another(realm: RunningRealm, tmp_path: Path) -> None:
    realm.wait(lambda s: s["latest_checkpoint"] is not None, "a checkpoint")
    newest = got(realm, "/api/checkpoints?limit=1&sort=step")["checkpoints"][0]["id"]
    payload = {"skill_id": "bin", "checkpoint_id": newest, "level": 3, "count": 1000}
    with ExitStack() as ends:
        first, first_log = outside_worker(realm, tmp_path / "first", ends)
        # Only those two may take it.
        asked = {"job_type": "eval", "payload": payload, "labels": {"site": "attic"}, "priority": "critical"}
        status, made = realm.request("/api/jobs", asked, at=url_of(realm))
        assert status == 201, made
        job_id = made["job_id"]
        wait_for(lambda: f"job {job_id} (eval) begins" in first_log.read_text(), first_log.read_text, 90)
        first.kill()
        killed = time.monotonic()
        assert first.wait(10) == -9
        _, second_log = outside_worker(realm, tmp_path / "second", ends)
        wait_for(lambda: f"job {job_id} (eval) done" in second_log.read_text(), second_log.read_text, LEASE_S + 60)
        took = time.monotonic() - killed
    job = got(realm, f"/api/jobs/{job_id}")
    assert (job["status"], job["attempts"], job["result"]["n"]) == ("completed", 2, 1000), job
    assert took < LEASE_S + 30
    lines = got(realm, f"/api/jobs/{job_id}/events")["events"]
    assert len({line["worker_id"] for line in lines if line["status"] == "running"}) == 2
    found = got(realm, f"/api/evaluations?checkpoint={newest}&limit=200")["evaluations"]
    assert [each["n"] for each in found if each["job_id"] == job_id] == [1000]


def outside_worker(realm: RunningRealm, home: Path, ends: ExitStack) -> tuple[subprocess.Popen[bytes], Path]:
    """`realm worker` with a home of its own, as on another machine, and its log; ended with `ends`."""
    log = home.with_suffix(".log")
    command = [REALM, "worker", "--server", url_of(realm), "--label", "site=attic"]
    env = {name: value for name, value in realm.env.items() if not name.startswith(("REALM_", "RAY_"))}
    with log.open("wb") as output:
        worker = subprocess.Popen(
            command, env={**env, "REALM_HOME": str(home)}, stdout=output, stderr=subprocess.STDOUT
        )
    ends.callback(worker.wait)
    ends.callback(worker.kill)
    wait_for(lambda: "Ctrl-C ends it" in log.read_text(), log.read_text, 60)
    return worker, log


def wait_for(reached: Callable[[], bool], told: Callable[[], str], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not reached():
        assert time.monotonic() < deadline, told()
        time.sleep(0.1)


def test_whatever_can_be_read_is_answered(realm: RunningRealm) -> None:
    realm.wait(lambda s: s["latest_checkpoint"] is not None, "a checkpoint")
    newest = got(realm, "/api/checkpoints?limit=1")["checkpoints"][0]
    names = {"checkpoint_id": newest["id"], "asset_id": newest["id"], "step": str(newest["step"]), "zone": "hot"}
    for path, methods in got(realm, "/openapi.json")["paths"].items():
        for name, value in names.items():
            path = path.replace("{" + name + "}", value)
        if "get" in methods and "{" not in path:
            status, answer = realm.request(path, at=url_of(realm))
            # A checkpoint is no asset; an exam may be to come.
            assert status == 200 or (status == 404 and path.startswith(("/api/assets/", "/api/ledger/best"))), answer


def test_a_checkpoints_weights_come_in_parts(realm: RunningRealm) -> None:
    realm.wait(lambda s: s["latest_checkpoint"] is not None, "a checkpoint")
    newest = got(realm, "/api/checkpoints?limit=1&sort=step")["checkpoints"][0]
    at = f"/api/checkpoints/{newest['id']}/files/model.safetensors"
    weights = part(realm, at, "0-99999") + part(realm, at, "100000-")
    assert hashlib.sha256(weights).hexdigest() == newest["sha256"]
    status, problem = realm.request(f"/api/checkpoints/{newest['id']}/files/..%2F..%2F..%2Frealm.db", at=url_of(realm))
    assert (status in (400, 404), bool(problem["remedy"])) == (True, True)
