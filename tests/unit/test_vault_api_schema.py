"""The OpenAPI document of the realm's API: complete, kept to, and shown on one page without anything from elsewhere."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from vault_api_helpers import World

from serve.api_app import create_app
from serve.docs_page import docs_page, example_of

FOLDER = tempfile.TemporaryDirectory(prefix="realm-api-")
WORLD = World(Path(FOLDER.name))
APP = create_app(WORLD.backends, version="1.2.3", allowed_hosts={"testserver", "localhost"})
SPEC_PATHS = """
    /health /api/stats /api/ledger /api/ledger/summary /api/ledger/best /api/ledger/{step}
    /api/checkpoints /api/checkpoints/{checkpoint_id} /api/checkpoints/{checkpoint_id}/files/{path}
    /api/checkpoints/{checkpoint_id}/promote /api/checkpoints/{checkpoint_id}/verify
    /api/checkpoints/{checkpoint_id}/export /api/checkpoints/{checkpoint_id}/restore
    /api/assets /api/assets/{asset_id} /api/locate/{asset_id} /api/scan /api/zones /api/zones/{zone}/assets
    /api/transfer /api/retention/plan /api/retention/apply /api/evaluations /api/passives /api/events
    /api/training/status /api/training/queue /api/training/control
    /api/jobs /api/jobs/{job_id} /api/jobs/{job_id}/events /api/jobs/stats /api/jobs/workers /api/jobs/claim
    /api/jobs/{job_id}/heartbeat /api/jobs/{job_id}/complete /api/jobs/{job_id}/fail /api/jobs/{job_id}/cancel
    /api/jobs/{job_id}/release /api/jobs/{job_id}/retry /api/jobs/workers/register /api/jobs/workers/heartbeat
"""


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    paths = APP.openapi()["paths"]
    return [(path, method, each) for path, methods in paths.items() for method, each in methods.items()]


def test_every_route_of_the_specification_is_there() -> None:
    assert set(SPEC_PATHS.split()) <= APP.openapi()["paths"].keys()
    assert "delete" in APP.openapi()["paths"]["/api/checkpoints/{checkpoint_id}"]
    assert len({each["operationId"] for _, _, each in operations()}) == len(operations())


@pytest.mark.parametrize(("path", "method", "operation"), operations())
def test_a_route_declares_all_of_it(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["tags"]
    for status, answer in operation["responses"].items():
        if status.startswith(("4", "5")):
            assert list(answer["content"]) == ["application/problem+json"]
        elif status != "304":
            assert list(answer["content"]) in (["application/json"], ["application/octet-stream"])
    if path.startswith("/api"):
        assert {"401", "421", "400", "503"} <= operation["responses"].keys()
    if method != "get":
        assert {"403", "409", "413"} <= operation["responses"].keys()
        assert "Idempotency-Key" in [each["name"] for each in operation["parameters"]]
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            assert parameter.get("examples") or parameter["schema"].get("examples"), parameter["name"]


def bodies() -> list[tuple[str, dict[str, Any]]]:
    return [
        (path, each["requestBody"]["content"]["application/json"]["schema"])
        for path, _, each in operations()
        if "requestBody" in each
    ]


@pytest.mark.parametrize(("path", "schema"), bodies())
def test_the_example_of_a_body_is_a_valid_one(path: str, schema: dict[str, Any]) -> None:
    example = example_of(APP.openapi(), schema)
    with TestClient(APP) as client:
        known = {"checkpoint_id": "mote-1/none", "job_id": "1", "export_id": "1", "transfer_id": "1"}
        for name, value in known.items():
            path = path.replace("{" + name + "}", value)
        answer = client.post(path, json=example)
    # What it names may not be there; its form is right.
    assert answer.status_code != 400 or "Request not valid" not in answer.json()["title"], answer.text


def test_every_schema_is_used() -> None:
    document = APP.openapi()
    used = set(re.findall(r"#/components/schemas/([\w-]+)", json.dumps(document)))
    assert used == set(document["components"]["schemas"])


def test_the_page_needs_nothing_from_elsewhere() -> None:
    with TestClient(APP) as client:
        answer = client.get("/docs")
        assert client.get("/", follow_redirects=False).headers["location"] == "/docs"
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in answer.text
    assert not re.findall(r"(?:src|href)=\"(?!#|/openapi\.json\")", answer.text)
    for path, _, operation in operations():
        assert f">{path}</code>" in answer.text
        assert f'id="{operation["operationId"]}"' in answer.text
    assert "curl -X POST http://testserver/api/jobs -d" in answer.text


def test_the_page_escapes_what_a_document_says() -> None:
    bad = "<script>alert(1)</script>"
    operation = {"tags": [bad], "summary": bad, "operationId": bad, "description": bad, "responses": {}}
    document = {
        "info": {"title": bad, "version": bad, "description": bad},
        "tags": [{"name": bad, "description": bad}],
        "paths": {f"/{bad}": {"get": operation}},
    }
    assert "<script" not in docs_page(document, bad)


SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)
# What the schema cannot say: a body has a limit as a whole.
SCHEMA.config.checks.negative_data_rejection.expected_statuses.append("413")


@SCHEMA.parametrize()
@settings(max_examples=15, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_the_api_keeps_to_its_openapi_document(case: Any) -> None:
    # That a checkpoint or a job is there, and in which state, is not in the schema.
    case.call_and_validate(excluded_checks=[schemathesis.checks.positive_data_acceptance])
