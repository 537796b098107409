"""The API of the vault and the books over a real ledger and real folders: what it tells, does and refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from vault_api_helpers import CAMPAIGN, WEIGHTS, World

from realm.rules.checkpoint import Checkpoint
from serve.api_app import create_app
from serve.vault_models import CheckpointRow


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "realm")


@pytest.fixture
def api(world: World) -> Iterator[TestClient]:
    app = create_app(world.backends, version="1.2.3", allowed_hosts={"testserver"})
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def got(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def done(client: TestClient, path: str, body: Any = None, status: int = 200) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: Any, status: int, said: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    problem = answer.json()
    assert said in f"{problem['detail']} {problem['remedy']}"
    assert problem["remedy"]


def test_checkpoints_are_listed_sorted_filtered_and_paged(world: World, api: TestClient) -> None:
    accuracies = {100: 0.2, 200: 0.5, 300: 0.3}
    for step, accuracy in accuracies.items():
        world.vault.save(step, exam_accuracy=accuracy, exam_skills={"bin": 1 - accuracy}, exam_version="v1")
    page = got(api, "/api/checkpoints", limit=2)
    assert [each["step"] for each in page["checkpoints"]] == [300, 200]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 0)
    assert [each["step"] for each in got(api, "/api/checkpoints", offset=2)["checkpoints"]] == [100]
    by_accuracy = got(api, "/api/checkpoints", sort="exam_accuracy")["checkpoints"]
    assert [each["step"] for each in by_accuracy] == [200, 300, 100]
    by_skill = got(api, "/api/checkpoints", sort="skill:bin", order="asc")["checkpoints"]
    assert [each["step"] for each in by_skill] == [200, 300, 100]
    assert got(api, "/api/checkpoints", q="checkpoint-200")["total"] == 1
    assert got(api, "/api/checkpoints", trashed=True)["total"] == 0
    assert got(api, "/api/ledger", skill="bin", limit=1)["checkpoints"][0]["step"] == 300


def test_a_checkpoint_is_found_by_id_name_and_step(world: World, api: TestClient) -> None:
    saved = world.vault.save(100)
    for path in (saved.id, saved.canonical_name, "checkpoint-100", saved.id.replace("/", "%2F")):
        assert got(api, f"/api/checkpoints/{path}")["id"] == saved.id
    assert got(api, "/api/ledger/100")["id"] == saved.id
    assert got(api, f"/api/locate/{saved.id}")["locations"][0]["stronghold"] == "home"
    refused(api.get("/api/ledger/101"), 404, "checkpoint-101")
    refused(api.get("/api/checkpoints/mote-1/none"), 404, "mote-1/none")


def test_the_best_is_told_by_metric(world: World, api: TestClient) -> None:
    refused(api.get("/api/ledger/best"), 404, "exam_accuracy")
    world.vault.save(100, exam_accuracy=0.4, exam_version="v1", val_loss=0.1, exam_skills={"bin": 0.4})
    world.vault.save(200, exam_accuracy=0.6, exam_version="v1", val_loss=0.2, exam_skills={"bin": 0.2})
    assert got(api, "/api/ledger/best")["step"] == 200
    assert got(api, "/api/ledger/best", metric="val_loss")["step"] == 100
    refused(api.get("/api/ledger/best?metric=luck"), 400, "metric")
    assert got(api, "/api/ledger/summary")["live"] == 2
    assert got(api, "/api/stats")["vault"]["live"] == 2


def test_deletion_is_planned_confirmed_and_taken_back(world: World, api: TestClient) -> None:
    names = [world.vault.save(step).id for step in (100, 200, 300)]
    plan = done(api, "/api/checkpoints/delete-plan", {"ids": names})
    assert [each["id"] for each in plan["refused"]] == [names[2]]
    assert (len(plan["checkpoints"]), plan["confirmation"]) == (2, "delete 2 checkpoints")
    wrong = api.post("/api/checkpoints/delete", json={"ids": names, "confirmation": "yes"})
    refused(wrong, 409, "delete 2 checkpoints")
    assert got(api, "/api/checkpoints")["total"] == 3
    gone = done(api, "/api/checkpoints/delete", {"ids": names, "confirmation": plan["confirmation"]})
    assert (gone["trashed"], gone["bytes_freed"]) == (names[:2], plan["bytes_freed"])
    assert got(api, "/api/checkpoints", trashed=True)["total"] == 2
    assert done(api, f"/api/checkpoints/{names[0]}/restore")["trashed_at"] is None
    assert api.delete(f"/api/checkpoints/{names[0]}").json()["trashed"] == [names[0]]
    assert api.delete(f"/api/checkpoints/{names[2]}").json()["refused"][0]["id"] == names[2]


def test_actions_on_a_checkpoint(world: World, api: TestClient) -> None:
    saved = world.vault.save(100)
    assert done(api, f"/api/checkpoints/{saved.id}/promote")["after"]["id"] == saved.id
    assert done(api, f"/api/checkpoints/{saved.id}/verify")["ok"] is True
    export = done(api, f"/api/checkpoints/{saved.id}/export", {"format": "tar.zst"}, 202)
    assert got(api, f"/api/exports/{export['id']}")["format"] == "tar.zst"
    assert done(api, f"/api/checkpoints/{saved.id}/export", None, 202)["format"] == "folder"
    assert [each["id"] for each in got(api, "/api/exports")["exports"]] == ["2", "1"]
    assert done(api, "/api/exports/1/cancel")["state"] == "cancelled"
    refused(api.post("/api/import", json={"path": "nowhere"}), 404, "nowhere")
    refused(api.post(f"/api/checkpoints/{saved.id}/export", json={"format": "zip"}), 400, "format")
    assert (
        done(api, f"/api/checkpoints/{saved.id}/export", {"include_optimizer": True}, 202)["id"] == "3-with-optimizer"
    )


def test_strongholds_transfers_and_retention(world: World, api: TestClient) -> None:
    saved = world.vault.save(100)
    assert got(api, "/api/zones")["zones"][0]["strongholds"][0]["id"] == "home"
    assert got(api, "/api/zones/hot/assets")["assets"][0]["asset_id"] == saved.id
    started = done(api, "/api/transfer", {"asset_id": saved.id, "target": "nas"}, 202)
    assert got(api, f"/api/transfers/{started['id']}")["bytes_total"] == saved.size_bytes
    assert got(api, "/api/transfers")["total"] == 1
    assert done(api, f"/api/transfers/{started['id']}/cancel")["state"] == "cancelled"
    refused(api.post("/api/transfer", json={"asset_id": saved.id, "target": "moon"}), 404, "home, nas")
    kept = done(api, "/api/assets", {"kind": "dataset", "name": "d", "stronghold": "nas", "path": "d.jsonl"}, 201)
    assert got(api, f"/api/assets/{kept['id']}")["name"] == "d"
    assert got(api, "/api/assets", kind="dataset")["total"] == 1
    assert done(api, "/api/scan")["found"] == 1
    plan = got(api, "/api/retention/plan", zone="warm")
    assert plan["zones"][0]["zone"] == "warm"
    assert done(api, "/api/retention/apply", {"plan_id": plan["plan_id"]})["dropped"] == 0
    refused(api.post("/api/retention/apply", json={"plan_id": "old"}), 409, "no longer holds")


def test_the_books_are_read_by_skill_checkpoint_and_number(world: World, api: TestClient) -> None:
    saved = world.vault.save(100)
    for skill_id, checkpoint_id in (("bin", saved.id), ("bin", None), ("sy", None)):
        job = done(api, "/api/jobs", {"job_type": "eval", "payload": {"skill_id": skill_id}}, 201)
        world.books.evaluate(skill_id, job["job_id"], checkpoint_id)
    assert got(api, "/api/evaluations")["total"] == 3
    assert [each["skill_id"] for each in got(api, "/api/evaluations", limit=1)["evaluations"]] == ["sy"]
    assert got(api, "/api/evaluations", skill="bin")["total"] == 2
    [found] = got(api, "/api/evaluations", checkpoint=saved.id)["evaluations"]
    assert (found["job_id"], found["accuracy"], found["n"]) == ("1", 0.83, 100)
    assert got(api, "/api/evaluations", campaign="other")["total"] == 0
    passives = got(api, "/api/passives", limit=3, offset=1)
    assert (len(passives["passives"]), passives["total"]) == (3, 11)
    first = got(api, "/api/events", limit=2)
    assert len(first["events"]) == 2
    later = got(api, "/api/events", after=first["next_after"])
    assert later["events"][0]["seq"] > first["next_after"]
    assert got(api, "/api/events", after=10**6) == {"events": [], "next_after": 10**6}


def test_the_training_is_told_and_steered(api: TestClient) -> None:
    assert got(api, "/api/training/status")["campaign"]["id"] == CAMPAIGN
    assert got(api, "/api/training/queue")["quests"] == []
    refused(api.post("/api/training/control", json={"action": "pause"}), 409, "No battle is on")
    refused(api.post("/api/training/control", json={"action": "explode"}), 400, "action")


def test_a_file_is_given_whole_and_in_parts(world: World, api: TestClient) -> None:
    saved = world.vault.save(100)
    listed = {each["path"] for each in got(api, f"/api/checkpoints/{saved.id}/files")["files"]}
    assert listed == {"model.safetensors", "config.json", "training_state/meta.json", "empty.txt"}
    at = f"/api/checkpoints/{saved.id}/files/model.safetensors"
    whole = api.get(at)
    assert (whole.status_code, whole.content) == (200, WEIGHTS)
    assert (whole.headers["etag"], whole.headers["accept-ranges"]) == (f'"{saved.sha256}"', "bytes")
    parts = b""
    for start in range(0, len(WEIGHTS), 40_000):
        part = api.get(at, headers={"Range": f"bytes={start}-{start + 39_999}", "If-Range": whole.headers["etag"]})
        assert part.status_code == 206
        end = min(start + 40_000, len(WEIGHTS)) - 1
        assert part.headers["content-range"] == f"bytes {start}-{end}/{len(WEIGHTS)}"
        parts += part.content
    assert hashlib.sha256(parts).digest() == hashlib.sha256(WEIGHTS).digest()
    assert api.get(at, headers={"Range": "bytes=-10"}).content == WEIGHTS[-10:]
    assert api.get(f"/api/checkpoints/{saved.id}/files/training_state/meta.json").content == b"{}"
    assert api.get(at, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("asked", ["bytes=102400-", f"bytes={10**17}-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(world: World, api: TestClient, asked: str) -> None:
    saved = world.vault.save(100)
    answer = api.get(f"/api/checkpoints/{saved.id}/files/model.safetensors", headers={"Range": asked})
    refused(answer, 416, "102,400 bytes")
    assert answer.headers["content-range"] == "bytes */102400"


@pytest.mark.parametrize("asked", ["bytes=9-3", "bytes=x-y", "lines=0-3", "bytes=0-1,5-6", "bytes=" + "9" * 30 + "-"])
def test_a_range_that_is_none_gives_the_whole_file(world: World, api: TestClient, asked: str) -> None:
    saved = world.vault.save(100)
    answer = api.get(f"/api/checkpoints/{saved.id}/files/model.safetensors", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, WEIGHTS)


def test_a_range_of_another_version_gives_the_whole_file(world: World, api: TestClient) -> None:
    saved = world.vault.save(100)
    older = {"Range": "bytes=102400-", "If-Range": '"another"'}
    answer = api.get(f"/api/checkpoints/{saved.id}/files/model.safetensors", headers=older)
    assert (answer.status_code, len(answer.content)) == (200, len(WEIGHTS))
    empty = api.get(f"/api/checkpoints/{saved.id}/files/empty.txt", headers={"Range": "bytes=0-"})
    assert empty.status_code == 416


def test_a_row_tells_all_that_the_ledger_has() -> None:
    assert {each.name for each in fields(Checkpoint)} <= set(CheckpointRow.model_fields)
