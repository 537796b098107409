"""What the realm's API keeps out: other people, other folders, huge and endless bodies; and what it never tells."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from vault_api_helpers import World

from serve.api_app import create_app
from serve.api_routes import MAX_BODY_BYTES

HEALTH = {"job_type": "health_check"}
EVERYTHING, READING = "correct-horse-battery", "only-reading-battery"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("realm"))
    world.vault.save(100)
    return world


@pytest.fixture(scope="module")
def api(world: World) -> Iterator[TestClient]:
    with TestClient(app_of(world), raise_server_exceptions=False) as client:
        yield client


def app_of(world: World, **more: Any) -> Any:
    return create_app(world.backends, version="1.2.3", allowed_hosts={"testserver"}, **more)


def refused(answer: Any, status: int, said: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert said in f"{answer.json()['detail']} {answer.json()['remedy']}"
    assert answer.json()["remedy"]


OUTSIDE = [
    "../../../realm.db",
    "training_state/../../../../realm.db",
    "/etc/passwd",
    "//etc/passwd",
    "..\\..\\..\\realm.db",
    "./config.json",
    "training_state/../config.json",
    "training_state//meta.json",
    "config.json\0.txt",
    "..",
    "",
]


def got_raw(app: Any, path: str) -> tuple[int, bytes, bytes]:
    """Status, content type and body of a GET of a path as it is: clients tidy theirs up first."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"testserver")]
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": headers, "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1"}
    scope |= {"scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 1), "root_path": ""}
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(app(scope, receive, send))).result(30)
    start, *parts = sent
    kind = dict(start["headers"])[b"content-type"]
    return start["status"], kind, b"".join(part.get("body", b"") for part in parts)


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_leads_nowhere_but_into_its_folder(world: World, api: TestClient, path: str) -> None:
    [saved] = world.vault.store.page()
    for at in (f"/api/checkpoints/{saved.id}/files/{path}", f"/api/worker/hero/{path}"):
        status, kind, body = got_raw(api.app, at)
        assert (status in (400, 404), kind) == (True, b"application/problem+json"), (at, status, body)
    assert got_raw(api.app, f"/api/checkpoints/{saved.id}/files/config.json")[::2] == (200, b"{}")


def test_links_out_of_the_folder_are_not_followed(world: World, api: TestClient, tmp_path: Path) -> None:
    [saved] = world.vault.store.page()
    folder, secret = Path(saved.path), tmp_path / "secret.txt"
    secret.write_text("hidden")
    (folder / "secret.txt").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    (folder / "same.json").symlink_to(folder / "config.json")
    for path in ("secret.txt", "up/secret.txt"):
        refused(api.get(f"/api/checkpoints/{saved.id}/files/{path}"), 400, "outside")
    assert api.get(f"/api/checkpoints/{saved.id}/files/same.json").content == b"{}"
    refused(api.get(f"/api/checkpoints/{saved.id}/files/training_state"), 404, "training_state")
    refused(api.get(f"/api/checkpoints/{saved.id}/files/none.json"), 404, "none.json")


@pytest.mark.parametrize(
    "path",
    [
        "/api/checkpoints?limit=0",
        "/api/checkpoints?limit=-1",
        "/api/checkpoints?limit=201",
        "/api/checkpoints?offset=-1",
        "/api/checkpoints?offset=99999999999999999999",
        "/api/checkpoints?sort=path",
        "/api/checkpoints?order=up",
        "/api/checkpoints?zone=lava",
        "/api/jobs?limit=-5",
        "/api/jobs?type=evl",
        "/api/jobs?status=lost",
        "/api/jobs/none",
        "/api/jobs/-1",
        "/api/jobs/99999999999999999999",
        "/api/jobs/1/events?limit=x",
        "/api/events?after=-1",
        "/api/ledger/-3",
        "/api/transfers/x",
        "/api/zones/lava/assets",
        "/api/evaluations?limit=1e3",
        "/api/retention/plan?zone=lava",
        "/nowhere",
        "/api",
    ],
)
def test_what_makes_no_sense_is_refused(api: TestClient, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code in (400, 404), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["remedy"]


def huge(size: int) -> Iterator[bytes]:
    for _ in range(size // 1_000_000):
        yield b" " * 1_000_000


def test_a_body_of_100_mb_is_refused_before_it_is_read(api: TestClient) -> None:
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for chunk in huge(100_000_000):
            sent += len(chunk)
            yield chunk

    declared = api.post("/api/jobs", content=body(), headers={"Content-Length": "100000000"})
    refused(declared, 413, f"{MAX_BODY_BYTES:,} bytes")
    refused(api.post("/api/jobs", content=huge(20_000_000)), 413, f"{MAX_BODY_BYTES:,} bytes")
    refused(api.post("/api/jobs", content=b"{}", headers={"Content-Length": "9" * 40}), 413, "bytes")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 3_000,
        b"\xff",
        b'{"job_type": "health_check", "timeout": 1e999}',
        b'{"job_type": "health_check", "timeout": NaN}',
        b'{"job_type": "health_check", "payload": {"x": Infinity}}',
        b'{"job_type": "health_check", "payload": {"x": ' + b"[" * 200 + b"]" * 200 + b"}}",
        b"9" * 10_000,
        b'{"job_type": "\\ud800"}',
        b'{"job_type": "health_check", "tags": ["\\u0000"], "priority": "\\ud800"}',
    ],
)
def test_a_body_that_is_no_json_is_refused(api: TestClient, body: bytes) -> None:
    before = api.get("/api/jobs").json()["total"]
    refused(api.post("/api/jobs", content=body), 400, "")
    assert api.get("/api/jobs").json()["total"] == before


def test_a_failure_of_our_own_tells_a_number_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(job_id: str) -> Any:
        raise ValueError(f"secret of job {job_id}")

    monkeypatch.setattr(world.jobs, "show", broken)
    with TestClient(app_of(world), raise_server_exceptions=False) as api, caplog.at_level(logging.ERROR, "realm.web"):
        answer = api.get("/api/jobs/7")
    refused(answer, 500, "error ")
    assert "secret" not in answer.text
    assert "ValueError" not in answer.text
    assert "Traceback" not in answer.text
    number = answer.json()["detail"].rpartition("error ")[2].rstrip(".")
    [record] = [each for each in caplog.records if each.name == "realm.web"]
    assert f"error {number} at GET /api/jobs/7" in record.getMessage()
    assert record.exc_info is not None


def statuses(world: World, headers: dict[str, str]) -> tuple[int, ...]:
    """Of a read, a write, the docs and the list of routes."""
    with TestClient(app_of(world, token=EVERYTHING, read_token=READING)) as client:
        return (
            client.get("/api/jobs", headers=headers).status_code,
            client.post("/api/jobs", json=HEALTH, headers=headers).status_code,
            client.get("/docs", headers=headers).status_code,
            client.get("/openapi.json", headers=headers).status_code,
        )


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (401, 401, 401, 401)),
        ({"Authorization": f"Bearer {EVERYTHING}"}, (200, 201, 200, 200)),
        ({"Authorization": f"bearer  {EVERYTHING} "}, (200, 201, 200, 200)),
        ({"Cookie": f"realm_token={EVERYTHING}"}, (200, 201, 200, 200)),
        ({"Authorization": f"Bearer {READING}"}, (200, 403, 200, 200)),
        ({"Cookie": f"realm_token={READING}"}, (200, 403, 200, 200)),
        ({"Authorization": f"Bearer {READING}", "Cookie": f"realm_token={EVERYTHING}"}, (200, 201, 200, 200)),
        ({"Authorization": f"Basic {EVERYTHING}"}, (401, 401, 401, 401)),
        ({"Authorization": "Bearer "}, (401, 401, 401, 401)),
        ({"Authorization": f"Bearer {EVERYTHING[:-1]}"}, (401, 401, 401, 401)),
        ({"Authorization": f"Bearer {EVERYTHING}x"}, (401, 401, 401, 401)),
        ({"Authorization": f"Bearer {EVERYTHING}", "Host": "evil.example"}, (421, 421, 421, 421)),
    ],
)
def test_each_token_opens_what_it_is_for(world: World, headers: dict[str, str], expected: tuple[int, ...]) -> None:
    assert statuses(world, headers) == expected


def test_a_write_with_the_reading_token_says_what_is_missing(world: World) -> None:
    with TestClient(app_of(world, token=EVERYTHING, read_token=READING)) as client:
        answer = client.delete("/api/checkpoints/a/b", headers={"Authorization": f"Bearer {READING}"})
        refused(answer, 403, "web.token")
        refused(client.get("/api/jobs?token=wrong"), 401, "token")
        signed_in = client.get(f"/docs?token={READING}", follow_redirects=False)
        assert signed_in.status_code == 303
        assert READING in signed_in.headers["set-cookie"]


def test_every_route_wants_the_token(world: World) -> None:
    app = app_of(world, token=EVERYTHING)
    with TestClient(app) as client:
        for path, methods in app.openapi()["paths"].items():
            for method in methods:
                answer = client.request(method, path.replace("{", "").replace("}", ""))
                assert answer.status_code == 401, (method, path)


def test_a_page_of_another_origin_cannot_write(api: TestClient) -> None:
    refused(api.post("/api/jobs", json=HEALTH, headers={"Origin": "http://evil.example"}), 403, "evil.example")
    assert api.post("/api/jobs", json=HEALTH, headers={"Origin": "http://testserver"}).status_code == 201


def test_reading_changes_nothing(world: World, api: TestClient) -> None:
    [saved] = world.vault.store.page()
    job = api.post("/api/jobs", json=HEALTH).json()["job_id"]
    names = {"checkpoint_id": saved.id, "asset_id": saved.id, "step": "100", "job_id": job, "zone": "hot"}
    names |= {"transfer_id": "1", "export_id": "1"}

    def everything() -> bytes:
        world.database.close()
        with sqlite3.connect(world.home.database) as connection:
            return "\n".join(connection.iterdump()).encode()

    before = everything()
    for path, methods in api.get("/openapi.json").json()["paths"].items():
        if "get" in methods:
            for name, value in names.items():
                path = path.replace("{" + name + "}", value)
            assert api.get(path).status_code in (200, 404), path
    assert everything() == before
