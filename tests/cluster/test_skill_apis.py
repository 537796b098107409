"""The skills' APIs of a running realm: on their ports, back after a kill, and named when a port is taken."""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from skills import get_engine
from tests.conftest import RunningRealm

SKILLS = ("bin", "sy")


def url_of(realm: RunningRealm, skill_id: str) -> str:
    return f"http://127.0.0.1:{json.loads(realm.env['REALM_WEB__SKILL_PORTS'])[skill_id]}"


def asked(realm: RunningRealm, skill_id: str, path: str, body: Any = None) -> Any:
    status, answer = realm.request(path, body, at=url_of(realm, skill_id))
    assert status == 200, answer
    return answer


def grade(realm: RunningRealm, skill_id: str, batch: dict[str, Any]) -> Any:
    """Right answers to a batch of count 5 and seed 3, graded over HTTP."""
    problems = get_engine().get(skill_id).generate(batch["level"], 5, 3, "eval")
    answers = [problem.answer for problem in problems]
    return asked(realm, skill_id, "/grade", {"batch_id": batch["batch_id"], "answers": answers})


def hold(port: int) -> socket.socket:
    """Listen on a port as soon as it is free."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.parametrize("skill_id", SKILLS)
def test_each_skill_answers_on_its_port_and_is_shown_there(realm: RunningRealm, skill_id: str) -> None:
    assert asked(realm, skill_id, "/health")["service"] == f"skill-api-{skill_id}"
    assert asked(realm, skill_id, "/info")["max_level"] == get_engine().get(skill_id).max_level
    assert realm.json("start")["urls"][f"skill-api-{skill_id}"] == url_of(realm, skill_id)
    state = realm.wait_healthy()
    assert state["services"][f"skill-api-{skill_id}"]["url"] == url_of(realm, skill_id)


def test_a_batch_outlives_its_server_and_a_taken_port_is_named(realm: RunningRealm) -> None:
    batches = {skill_id: asked(realm, skill_id, "/eval?level=2&count=5&seed=3") for skill_id in SKILLS}
    [process] = realm.processes("ray::ApiHost")
    process.kill()
    port = urlsplit(url_of(realm, "sy")).port or 0
    with hold(port):
        state = realm.wait(lambda s: s["services"]["skill-api-sy"]["state"] == "degraded", "the taken port noticed")
        assert str(port) in state["services"]["skill-api-sy"]["detail"]
        # The other one is served; so is the realm.
        state = realm.wait(lambda s: s["services"]["skill-api-bin"]["healthy"], "BIN served again")
        assert grade(realm, "bin", batches["bin"])["accuracy"] == 1.0
        assert "skill-api-sy is degraded" in realm.cli("start").stdout
        named = [check for check in realm.json("doctor", check=False)["checks"] if str(port) in check["name"]]
        assert [check["state"] for check in named] == ["warn"]
    realm.wait_healthy()
    assert grade(realm, "sy", batches["sy"])["accuracy"] == 1.0
    assert [process.pid] != [each.pid for each in realm.processes("ray::ApiHost")]
