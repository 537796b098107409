"""The API of the jobs over a real queue: submit, work, finish, and writes that are sent twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from vault_api_helpers import World

from realm.rules.job import JOB_SPECS, Job
from serve.api_app import create_app
from serve.jobs_models import JobRow

HEALTH = {"job_type": "health_check"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "realm")


@pytest.fixture
def api(world: World) -> Iterator[TestClient]:
    app = create_app(world.backends, version="1.2.3", allowed_hosts={"testserver"})
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def posted(client: TestClient, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
    answer = client.post(path, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: Any, status: int, said: str) -> Any:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert said in f"{answer.json()['detail']} {answer.json()['remedy']}"
    return answer


def test_a_job_is_submitted_as_the_docs_say(api: TestClient) -> None:
    # curl -d says application/x-www-form-urlencoded; others say nothing at all.
    body = b'{"job_type": "eval", "payload": {"skill_id": "bin"}}'
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/plain"}, {}):
        answer = api.post("/api/jobs", content=body, headers=headers)
        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert (told["status"], told["warnings"], told["queue_position"]) == ("pending", [], int(told["job_id"]))
    job = api.get(f"/api/jobs/{told['job_id']}").json()
    assert (job["type"], job["payload"], job["priority"]) == (
        "eval",
        {"skill_id": "bin", "weights": "newest"},
        "normal",
    )
    assert api.get("/api/jobs?status=pending&type=eval&limit=2").json()["total"] == 3
    assert [each["detail"] for each in api.get(f"/api/jobs/{job['id']}/events").json()["events"]] == ["normal"]


def test_a_worker_registers_claims_renews_and_finishes(api: TestClient) -> None:
    worker = {"worker_id": "box-1"}
    posted(api, "/api/jobs/batch", {"jobs": [HEALTH, HEALTH, HEALTH]}, 201)
    refused(api.post("/api/jobs/claim", json=worker), 404, "not registered")
    told = posted(api, "/api/jobs/workers/register", {**worker, "host": "box", "roles": ["eval"], "pid": 12})
    assert told["lease_s"] > told["beat_s"] > 0
    [first, second] = posted(api, "/api/jobs/claim", {**worker, "limit": 2})["jobs"]
    assert (first["status"], first["worker_id"]) == ("running", "box-1")
    assert posted(api, f"/api/jobs/{first['id']}/heartbeat", worker) == {"lost": []}
    assert posted(api, "/api/jobs/workers/heartbeat", {**worker, "holding": [first["id"], "999"]}) == {"lost": ["999"]}
    finished = posted(api, f"/api/jobs/{first['id']}/complete", {**worker, "result": {"ok": True}})
    assert (finished["status"], finished["result"]) == ("completed", {"ok": True})
    assert posted(api, f"/api/jobs/{second['id']}/release", worker)["status"] == "pending"
    [again] = posted(api, "/api/jobs/claim", worker)["jobs"]
    failed = posted(api, f"/api/jobs/{again['id']}/fail", {**worker, "kind": "bad_payload", "message": "no"})
    assert (failed["status"], failed["error"]) == ("failed", "no")
    assert posted(api, f"/api/jobs/{again['id']}/retry")["status"] == "pending"
    assert posted(api, f"/api/jobs/{again['id']}/cancel")["cancel_reason"] == "cancelled over the API"
    [third] = posted(api, "/api/jobs/claim", worker)["jobs"]
    batch = {**worker, "results": [{"job_id": third["id"], "result": {}}]}
    assert posted(api, "/api/jobs/complete-batch", batch)["jobs"][0]["status"] == "completed"
    assert posted(api, "/api/jobs/claim", worker)["jobs"] == []
    [row] = api.get("/api/jobs/workers").json()["workers"]
    assert (row["id"], row["online"]) == ("box-1", True)
    refused(api.post(f"/api/jobs/{third['id']}/cancel"), 409, third["id"])
    refused(api.post(f"/api/jobs/{first['id']}/complete", json={"worker_id": "other", "result": {}}), 409, first["id"])


def test_every_type_is_told_with_its_schema(api: TestClient) -> None:
    types = {each["type"]: each for each in api.get("/api/jobs/types").json()["types"]}
    assert types.keys() == {each.value for each in JOB_SPECS}
    assert "skill_id" in types["eval"]["schema"]["properties"]
    assert api.get("/api/jobs/stats").json()["by_status"]["pending"]["eval"] == 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"job_type": "evl", "payload": {}}, "'eval'"),
        ({"job_type": "eval", "payload": {}}, "skill_id"),
        ({"job_type": "eval", "payload": {"skill_id": "bin", "count": -1}}, "count"),
        ({"job_type": "eval", "payload": {"skill_id": "bin", "colour": "red"}}, "colour"),
        ({"job_type": "eval", "payload": []}, "payload"),
        ({"job_type": 7}, "job_type"),
        ({}, "job_type"),
        ({**HEALTH, "priority": "urgent"}, "priority"),
        ({**HEALTH, "timeout": 0}, "timeout"),
        ({**HEALTH, "timeout": -5}, "timeout"),
        ({**HEALTH, "tags": ["x" * 161]}, "tags"),
        ({**HEALTH, "labels": {"a": 1}}, "labels"),
        ({**HEALTH, "shout": True}, "shout"),
        (None, "body"),
        ([], "body"),
    ],
)
def test_a_wrong_job_is_refused_with_its_field(api: TestClient, body: Any, said: str) -> None:
    refused(api.post("/api/jobs", json=body), 400, said)
    assert api.get("/api/jobs").json()["total"] == 0


def test_a_full_queue_says_when_to_come_again(api: TestClient) -> None:
    spar = {"job_type": "sparring", "payload": {"skill_id": "bin"}}
    for _ in range(10):
        posted(api, "/api/jobs", spar, 201)
    answer = refused(api.post("/api/jobs", json=spar), 429, "sparring jobs wait already")
    assert answer.headers["retry-after"] == "60"
    assert api.get("/api/jobs").json()["total"] == 10


def test_what_does_not_answer_is_said_with_when_to_ask_again(world: World, api: TestClient) -> None:
    world.jobs.down = True
    answer = refused(api.post("/api/jobs", json=HEALTH), 503, "task_master does not answer")
    assert int(answer.headers["retry-after"]) > 0


def test_a_write_sent_twice_under_its_key_is_done_once(api: TestClient) -> None:
    key = {"Idempotency-Key": "submit-1"}
    first = api.post("/api/jobs", json=HEALTH, headers=key)
    again = api.post("/api/jobs", json=HEALTH, headers=key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert api.get("/api/jobs").json()["total"] == 1
    assert api.get(f"/api/jobs/{first.json()['job_id']}").json()["key"] == "submit-1"
    for path, body in (("/api/jobs", {**HEALTH, "priority": "high"}), ("/api/scan", HEALTH)):
        refused(api.post(path, json=body, headers=key), 409, "submit-1")
    assert api.get("/api/jobs", headers=key).status_code == 200


def test_the_key_of_a_refused_write_is_free_again(world: World, api: TestClient) -> None:
    key = {"Idempotency-Key": "later"}
    world.jobs.down = True
    refused(api.post("/api/jobs", json=HEALTH, headers=key), 503, "answer")
    world.jobs.down = False
    posted(api, "/api/jobs", HEALTH, 201, **key)
    refused(api.post("/api/jobs", json={"job_type": "nope"}, headers={"Idempotency-Key": "k2"}), 400, "nope")
    posted(api, "/api/jobs", HEALTH, 201, **{"Idempotency-Key": "k2"})


@pytest.mark.parametrize("key", ["", "k" * 161, "with space"])
def test_a_key_that_cannot_be_one_is_refused(api: TestClient, key: str) -> None:
    refused(api.post("/api/jobs", json=HEALTH, headers={"Idempotency-Key": key}), 400, "Idempotency-Key")


def test_of_two_at_once_under_one_key_one_waits(world: World, api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate = threading.Event(), threading.Event()
    submit = world.jobs.submit

    async def slow(*arguments: Any, **named: Any) -> Any:
        begun.set()
        while not gate.is_set():
            await asyncio.sleep(0.01)
        return await submit(*arguments, **named)

    monkeypatch.setattr(world.jobs, "submit", slow)
    key = {"Idempotency-Key": "one"}
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(api.post, "/api/jobs", json=HEALTH, headers=key)
        assert begun.wait(30)
        meanwhile = api.post("/api/jobs", json=HEALTH, headers=key)
        gate.set()
        assert first.result(30).status_code == 201
    assert refused(meanwhile, 409, "being answered").headers["retry-after"] == "1"
    assert api.post("/api/jobs", json=HEALTH, headers=key).headers["idempotent-replayed"] == "true"
    assert api.get("/api/jobs").json()["total"] == 1


def test_workers_elsewhere_get_what_they_need(api: TestClient) -> None:
    told = api.get("/api/worker/settings").json()
    assert [each["path"] for each in told["files"]] == ["config.json", "tokenizer.json"]
    assert api.get("/api/worker/settings", params={"hero": "dio"}).json()["hero_id"] == "dio"
    assert api.get("/api/worker/hero/config.json", params={"hero": "mote"}).content == b"{}"
    assert len(api.get("/api/worker/snapshots/mote-1-battle-1/40").content) == 1000
    refused(api.get("/api/worker/hero/realm.yaml"), 404, "realm.yaml")
    refused(api.get("/api/worker/snapshots/mote-1-battle-1/39"), 404, "39")


def test_a_row_tells_all_that_the_queue_has() -> None:
    assert {each.name for each in fields(Job)} <= set(JobRow.model_fields)
