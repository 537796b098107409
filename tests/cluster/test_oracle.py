"""The Oracle of a running realm: asked by OpenAI's client, its process killed, asleep and awake again."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import openai
import psutil
import pytest

from tests.conftest import REALM, RunningRealm

LONG: Any = {"max_tokens": 200, "temperature": 3.0, "seed": 11, "n": 8}
MESSAGES: Any = [{"role": "user", "content": "①+②="}]


@pytest.fixture
def client(realm: RunningRealm) -> Iterator[openai.OpenAI]:
    realm.wait(lambda s: s["champion"] is not None, "a champion")
    with openai.OpenAI(base_url=f"{url_of(realm)}/v1", api_key="none", max_retries=0, timeout=180) as made:
        yield made


def url_of(realm: RunningRealm) -> str:
    return f"http://127.0.0.1:{realm.env['REALM_WEB__ORACLE_PORT']}"


def replicas_of(realm: RunningRealm) -> list[psutil.Process]:
    """While one answers, its title has the end of its name only."""
    return [each for each in realm.processes("ray::") if ":Replica" in " ".join(each.cmdline())]


def state_of(realm: RunningRealm) -> Any:
    status, told = realm.request("/api/oracle", at=url_of(realm))
    assert status == 200, told
    return told


def asked(client: openai.OpenAI, model: str, began: Any = None) -> tuple[str, dict[int, str]]:
    """The checkpoint and the texts of several long answers; `began` is called when the first text is there."""
    texts: dict[int, str] = {}
    models: set[str] = set()
    for chunk in client.chat.completions.create(model=model, messages=MESSAGES, stream=True, **LONG):
        models.add(chunk.model)
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
        if began is not None and any(texts.values()):
            began()
            began = None
    [answered] = models
    return answered, texts


def test_the_champion_answers_with_its_own_weights(realm: RunningRealm, client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="champion", messages=MESSAGES, temperature=0, max_tokens=20)
    [(sha256,)] = realm.rows(f"select sha256 from checkpoints where id = '{answer.model}'")
    assert answer.system_fingerprint == f"sha256:{sha256}"
    told = state_of(realm)
    assert (told["state"], told["replicas"]) == ("ready", 1)
    assert realm.request("/api/oracle", at=realm.tavern)[1]["loaded"]
    assert realm.state()["services"]["oracle"]["healthy"]
    # One that is in memory is in use, which the vault knows.
    loaded = next(row for row in told["loaded"] if row["champion"])
    uses = realm.request(f"/api/checkpoints/{loaded['checkpoint_id']}", at=vault_of(realm))[1]["uses"]
    assert [use["holder"].split()[0] for use in uses if use["holder"].startswith("oracle")] == ["oracle"]


def vault_of(realm: RunningRealm) -> str:
    return f"http://127.0.0.1:{realm.env['REALM_WEB__VAULT_PORT']}"


def test_an_answer_survives_the_death_of_its_process(realm: RunningRealm, client: openai.OpenAI) -> None:
    model, whole = asked(client, "champion")
    [process] = replicas_of(realm)

    def kill() -> None:
        process.kill()
        psutil.wait_procs([process], timeout=10)

    assert asked(client, model, kill) == (model, whole)
    assert replicas_of(realm) != [process]


def test_the_command_streams_an_answer(realm: RunningRealm, client: openai.OpenAI) -> None:
    del client
    command = [REALM, "oracle", "chat", "①+②=", "--max-tokens", "8", "--json"]
    done = subprocess.run(command, env=realm.env, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["usage"]["completion_tokens"] <= 8
    unknown = subprocess.run([*command, "--checkpoint", "nobody"], env=realm.env, capture_output=True, text=True)
    assert unknown.returncode != 0
    assert "nobody" in unknown.stderr


def test_it_sleeps_when_nobody_asks_and_a_question_wakes_it(realm: RunningRealm, client: openai.OpenAI) -> None:
    client.chat.completions.create(model="champion", messages=MESSAGES, max_tokens=1)
    deadline = time.monotonic() + 120
    while state_of(realm)["state"] != "asleep":
        assert time.monotonic() < deadline, state_of(realm)
        time.sleep(0.5)
    realm.wait(lambda _: replicas_of(realm) == [], "its process ended", 60)
    assert realm.request("/health", at=url_of(realm))[0] == 200
    answer = client.chat.completions.create(model="latest", messages=MESSAGES, max_tokens=3)
    assert answer.usage is not None
    assert state_of(realm)["replicas"] == 1
