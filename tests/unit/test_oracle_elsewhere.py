"""OpenAI's routes passed on to a server elsewhere: another Oracle, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from oracle_helpers import Folders, LocalOracle, loud_folder, served, waited

from serve.oracle.elsewhere import forwarding_router

TOKEN = "a-token-of-the-tests-7f3a"
ASKED = {"model": "champion", "messages": [{"role": "user", "content": "abc"}], "max_tokens": 12, "temperature": 0}


@pytest.fixture
def oracle(mote_folder: Path, tmp_path: Path) -> LocalOracle:
    vault = Folders()
    vault.crowned = vault.add(loud_folder(mote_folder, tmp_path / "hero", 1), 1).checkpoint_id
    made = LocalOracle(vault)
    made.oracle.follow()
    return made


@pytest.fixture
def url(oracle: LocalOracle, tmp_path: Path) -> Iterator[str]:
    with served(oracle, tmp_path, TOKEN) as found:
        yield found


def passing_on(url: str, token: str | None = TOKEN) -> TestClient:
    app = FastAPI()
    app.include_router(forwarding_router(url, token))
    return TestClient(app)


def test_answers_streams_and_refusals_come_as_they_are(url: str, oracle: LocalOracle) -> None:
    with passing_on(url) as client:
        assert client.get("/v1/models").json()["data"][0]["id"] == "champion"
        whole = client.post("/v1/chat/completions", json=ASKED).json()
        assert whole["model"] == oracle.vault.crowned
        told = client.post("/v1/chat/completions", json={**ASKED, "stream": True}).text.split("\n\n")
        chunks = [json.loads(line.removeprefix("data: ")) for line in told if line and "[DONE]" not in line]
        said = "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])
        assert said == whole["choices"][0]["message"]["content"]
        unknown = client.post("/v1/chat/completions", json={**ASKED, "model": "nobody"})
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
    [held] = oracle.oracle.shelf.holding()
    waited(lambda: held.users == 0)


def test_a_wrong_token_and_nobody_there_are_said(url: str) -> None:
    with passing_on(url, "wrong") as client:
        assert client.get("/v1/models").status_code == 401
    with passing_on("http://127.0.0.1:9") as client:
        answer = client.get("/v1/models")
        assert answer.status_code == 503
        assert "http://127.0.0.1:9 does not answer" in answer.json()["error"]["message"]
