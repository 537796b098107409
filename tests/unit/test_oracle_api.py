"""The Oracle over HTTP, asked by the official client, with real small heroes and without Ray."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest
from oracle_helpers import LIMITS, Folders, LocalOracle, greedy, hero_of, loud_folder, served, texts, waited

TOKEN = "a-token-of-the-tests-7f3a"
USER: Any = [{"role": "user", "content": "abc 12"}]


def chat(client: openai.OpenAI, model: str = "champion", **more: Any) -> Any:
    """A chat completion of one user turn."""
    return client.chat.completions.create(model=model, **{"messages": USER, **more})


@pytest.fixture(scope="module")
def folders(mote_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    return [loud_folder(mote_folder, root / str(seed), seed) for seed in range(3)]


@pytest.fixture
def vault(folders: list[Path]) -> Folders:
    made = Folders()
    for step, folder in enumerate(folders, 1):
        made.add(folder, step)
    made.crowned = next(iter(made.folders))
    return made


@pytest.fixture
def oracle(vault: Folders) -> LocalOracle:
    made = LocalOracle(vault)
    made.oracle.follow()
    return made


@pytest.fixture
def url(oracle: LocalOracle, tmp_path: Path) -> Iterator[str]:
    with served(oracle, tmp_path) as found:
        yield found


@pytest.fixture
def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=60)


def post(url: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, Any, Any]:
    request = urllib.request.Request(f"{url}{path}", body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


# Answers


def test_checkpoints_and_aliases_are_listed(client: openai.OpenAI, vault: Folders) -> None:
    listed = {each.id: each for each in client.models.list()}
    assert [*listed] == ["champion", "latest", *reversed(vault.folders)]
    assert listed["champion"].to_dict()["checkpoint_id"] == vault.crowned
    assert listed["champion"].to_dict()["loaded"]
    assert client.models.retrieve(vault.crowned).owned_by == "mote-1"


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_the_checkpoints_own_and_names_it(
    client: openai.OpenAI, vault: Folders, folders: list[Path], stream: bool
) -> None:
    for checkpoint_id, folder in zip(vault.folders, folders, strict=True):
        expected = greedy(hero_of(folder), "abc 12", 30)
        if stream:
            chunks = [*chat(client, checkpoint_id, temperature=0, max_tokens=30, stream=True)]
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
            assert len(chunks) > 3, "text came before the end"
            assert {chunk.model for chunk in chunks} == {checkpoint_id}
            assert {chunk.system_fingerprint for chunk in chunks} == {f"sha256:{vault.shas[checkpoint_id]}"}
            assert (chunks[-1].choices, chunks[-2].choices[0].finish_reason in ("stop", "length")) == ([], True)
            usage = chunks[-1].usage
        else:
            answer = chat(client, checkpoint_id, temperature=0, max_tokens=30)
            text = answer.choices[0].message.content or ""
            assert (answer.model, answer.system_fingerprint) == (checkpoint_id, f"sha256:{vault.shas[checkpoint_id]}")
            usage = answer.usage
        assert text == expected
        assert usage is not None
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
        assert 0 < usage.completion_tokens <= 30


def test_a_stream_ends_with_done_and_tells_usage_only_when_wanted(url: str) -> None:
    asked = {"model": "champion", "messages": USER, "max_tokens": 3, "stream": True}
    for usage in (True, False):
        body = json.dumps({**asked, "stream_options": {"include_usage": usage}}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/chat/completions", body), timeout=60) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            lines = [line for line in answer.read().decode().split("\n\n") if line]
        assert lines[-1] == "data: [DONE]"
        assert ('"usage"' in lines[-2]) is usage


def test_seeds_repeat_and_choices_differ(client: openai.OpenAI) -> None:
    def said(seed: int | None) -> list[str | None]:
        answer = chat(client, max_tokens=20, temperature=1.5, seed=seed, n=3)
        return [choice.message.content for choice in answer.choices]

    first = said(7)
    assert said(7) == first
    assert len({*first}) == 3
    assert said(8) != first
    assert said(None) != said(None)


def test_plain_completions_stop_before_a_stop_string(client: openai.OpenAI) -> None:
    whole = client.completions.create(model="champion", prompt="abc", max_tokens=40, temperature=0).choices[0].text
    stop = whole[10:13]
    answer = client.completions.create(model="champion", prompt="abc", max_tokens=40, temperature=0, stop=[stop])
    assert answer.choices[0].text == whole[: whole.index(stop)]
    assert answer.choices[0].finish_reason == "stop"
    assert len(client.completions.create(model="champion", prompt="abc", temperature=0).choices[0].text) <= 16


def test_logprobs_are_told_token_by_token(client: openai.OpenAI) -> None:
    answer = chat(client, max_tokens=5, temperature=0, logprobs=True, top_logprobs=2)
    assert answer.choices[0].logprobs is not None
    content = answer.choices[0].logprobs.content or []
    assert "".join(each.token for each in content) == answer.choices[0].message.content
    assert all(each.top_logprobs[0].token == each.token and each.logprob <= 0 for each in content)
    assert all(len(each.top_logprobs) == 2 for each in content)
    plain = client.completions.create(model="champion", prompt="abc", max_tokens=5, temperature=0, logprobs=1)
    told = plain.choices[0].logprobs
    assert told is not None
    assert told.text_offset == [sum(map(len, (told.tokens or [])[:at])) for at in range(len(told.tokens or []))]


def test_without_a_limit_an_answer_ends_in_time(client: openai.OpenAI) -> None:
    answer = chat(client, temperature=0)
    assert answer.usage is not None
    assert answer.usage.total_tokens <= LIMITS.cache_tokens // LIMITS.rows
    most = chat(client, temperature=0, max_tokens=10**9)
    assert most.choices[0].finish_reason in ("stop", "length")


# Refusals


def test_an_unknown_model_is_answered_with_the_nearest(client: openai.OpenAI, vault: Folders) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        chat(client, "checkpoint-1")
    assert refused.value.code == "model_not_found"
    assert vault.crowned in str(refused.value)
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"temperature": -1}, "temperature"),
        ({"top_p": 2}, "top_p"),
        ({"n": 0}, "n"),
        ({"n": 100}, "n"),
        ({"stop": [""]}, "stop"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, "role"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "take turns"),
        ({"messages": [*USER, *USER]}, "take turns"),
        ({"messages": [*USER, {"role": "system", "content": "x"}]}, "system message comes first"),
        ({"messages": [{"role": "user", "content": 5}]}, "content"),
        ({"messages": [{"role": "user", "content": "x" * 600}]}, "context"),
        ({"tools": [{}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"presence_penalty": 1}, "presence_penalty"),
        ({"top_logprobs": 3}, "logprobs"),
        ({"model": ""}, "model"),
        ({"seed": 2**70}, "seed"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_makes_no_sense_is_refused_with_the_field(url: str, change: Any, field: str, stream: bool) -> None:
    body = {"model": "champion", "messages": USER, "max_tokens": 4, "stream": stream, **change}
    status, told, _ = post(url, "/v1/chat/completions", json.dumps(body).encode())
    assert status == 400, told
    assert told["error"]["type"] == "invalid_request_error"
    assert field in told["error"]["message"]


@pytest.mark.parametrize(
    "body", [b"\xff\xfe{", b'{"model": "\xc3\x28"}', b"", b"[", b"[]", b'{"model": NaN}', b"[" * 100_000]
)
def test_a_body_that_is_no_json_is_refused(url: str, body: bytes) -> None:
    status, told, _ = post(url, "/v1/chat/completions", body)
    assert status == 400
    assert told["error"]["message"]


def test_a_damaged_checkpoint_is_refused_and_the_others_answer(
    client: openai.OpenAI, vault: Folders, oracle: LocalOracle, folders: list[Path], tmp_path: Path
) -> None:
    bad = loud_folder(folders[0], tmp_path / "bad", 9)
    book = vault.add(bad, 99)
    weights = (bad / "model.safetensors").read_bytes()
    (bad / "model.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    for _ in range(2):
        with pytest.raises(openai.NotFoundError, match="damaged"):
            chat(client, book.checkpoint_id)
    vault.crowned = book.checkpoint_id
    oracle.oracle.follow()
    assert "damaged" in oracle.oracle.detail
    # The champion before goes on.
    assert chat(client, max_tokens=2).model == next(iter(vault.folders))


def test_weights_that_are_no_safetensors_are_never_loaded(
    client: openai.OpenAI, vault: Folders, tmp_path: Path, folders: list[Path]
) -> None:
    pickled = loud_folder(folders[0], tmp_path / "pickled", 5)
    book = vault.add(pickled, 98)
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    vault.checks = False
    with pytest.raises(openai.BadRequestError, match="safetensors"):
        chat(client, book.checkpoint_id)


def test_a_tokenizer_without_a_template_takes_plain_text_only(
    client: openai.OpenAI, vault: Folders, tmp_path: Path, folders: list[Path]
) -> None:
    bare = loud_folder(folders[0], tmp_path / "bare", 5)
    (bare / "chat_template.jinja").unlink()
    book = vault.add(bare, 97)
    with pytest.raises(openai.BadRequestError, match="chat template"):
        chat(client, book.checkpoint_id)
    assert client.completions.create(model=book.checkpoint_id, prompt="abc", max_tokens=3).usage is not None


def test_a_full_queue_says_when_to_come_again(vault: Folders, tmp_path: Path) -> None:
    oracle = LocalOracle(vault, limits=replace(LIMITS, rows=1, queue=0))
    with served(oracle, tmp_path) as url:
        body = json.dumps({"model": "champion", "messages": USER, "max_tokens": 400, "temperature": 0}).encode()
        with ThreadPoolExecutor(6) as pool:
            found = [*pool.map(lambda _: post(url, "/v1/chat/completions", body), range(6))]
    refused = [headers for status, _, headers in found if status == 429]
    assert refused
    assert all(int(headers["Retry-After"]) >= 1 for headers in refused)
    assert any(status == 200 for status, _, _ in found)


def test_beyond_loopback_a_token_is_wanted(oracle: LocalOracle, tmp_path: Path) -> None:
    with served(oracle, tmp_path, TOKEN) as url:
        base = f"{url}/v1"
        with pytest.raises(openai.AuthenticationError):
            openai.OpenAI(base_url=base, api_key="wrong", max_retries=0).models.list()
        with pytest.raises(openai.AuthenticationError):
            openai.OpenAI(base_url=base, api_key="wrong", max_retries=0).chat.completions.create(
                model="champion", messages=USER
            )
        assert openai.OpenAI(base_url=base, api_key=TOKEN).models.list().data


# Clients that go away


def test_a_client_that_leaves_ends_its_answer(client: openai.OpenAI, oracle: LocalOracle) -> None:
    stream = chat(client, max_tokens=400, temperature=0, stream=True)
    next(iter(stream))
    [held] = oracle.oracle.shelf.holding()
    stream.close()
    waited(lambda: (held.engine.load.rows, held.users) == (0, 0))


def test_connections_that_never_read_do_not_hold_up_others(
    url: str, client: openai.OpenAI, oracle: LocalOracle
) -> None:
    host, port = url.removeprefix("http://").split(":")
    body = json.dumps(
        {"model": "champion", "messages": USER, "max_tokens": 300, "stream": True, "temperature": 0}
    ).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n\r\n"
    deaf = [socket.create_connection((host, int(port))) for _ in range(1000)]
    try:
        for each in deaf:
            each.sendall(head.encode() + body)
        answer = _patiently(client)
        assert answer.usage is not None
        assert answer.usage.completion_tokens > 0
    finally:
        for each in deaf:
            each.close()
    waited(lambda: all(held.engine.load.rows == 0 and held.users == 0 for held in oracle.oracle.shelf.holding()), 120)


def _patiently(client: openai.OpenAI) -> Any:
    """The answer, asked again while the queue is full."""
    return chat(client.with_options(max_retries=100), max_tokens=3)


# The champion


def test_the_champion_changes_under_load_without_a_failed_or_mixed_answer(
    client: openai.OpenAI, oracle: LocalOracle, vault: Folders, folders: list[Path]
) -> None:
    prompts = texts(4, seed=3)
    heroes = {each: hero_of(folder) for each, folder in zip(vault.folders, folders, strict=True)}
    expected = {(each, text): greedy(hero, text, 12) for each, hero in heroes.items() for text in prompts}
    stop, wrong, seen = threading.Event(), [], []

    def ask(number: int) -> None:
        at = number
        while not stop.is_set():
            text = prompts[at % len(prompts)]
            at += 1
            messages: Any = [{"role": "user", "content": text}]
            answer = client.chat.completions.create(model="champion", messages=messages, max_tokens=12, temperature=0)
            seen.append(answer.model)
            if answer.choices[0].message.content != expected[answer.model, text]:
                wrong.append(answer)

    with ThreadPoolExecutor(16) as pool:
        asking = [pool.submit(ask, number) for number in range(16)]
        for flip in range(20):
            vault.crowned = [*vault.folders][flip % 3]
            oracle.oracle.follow()
            count = len(seen)
            waited(lambda count=count: len(seen) > count + 4)
        stop.set()
        for each in asking:
            each.result()
    assert not wrong
    assert {*seen} == {*vault.folders}
    assert chat(client, max_tokens=1).model == vault.crowned


def test_loading_and_unloading_by_hand(url: str, oracle: LocalOracle, vault: Folders) -> None:
    first, second, _ = vault.folders
    status, told, _ = post(url, "/api/oracle/load", json.dumps({"model": second}).encode())
    assert (status, {each["checkpoint_id"] for each in told["loaded"]}) == (202, {first, second})
    assert vault.used == set()
    oracle.oracle.renew()
    assert vault.used == {first, second}
    assert post(url, "/api/oracle/unload", json.dumps({"model": "champion"}).encode())[0] == 409
    status, told, _ = post(url, "/api/oracle/unload", json.dumps({"model": second}).encode())
    assert (status, [each["checkpoint_id"] for each in told["loaded"]]) == (200, [first])
    oracle.oracle.renew()
    assert vault.used == {first}
    assert post(url, "/api/oracle/unload", json.dumps({"model": second}).encode())[0] == 404


def test_a_drawn_problem_is_graded(url: str) -> None:
    with urllib.request.urlopen(f"{url}/api/oracle/problem?skill=bin&seed=17", timeout=30) as answer:
        drawn = json.load(answer)
    assert (drawn["skill"], drawn["level"], drawn["seed"]) == ("bin", 3, 17)
    asked = {"skill": "bin", "level": 3, "seed": 17}
    _, wrong, _ = post(url, "/api/oracle/grade", json.dumps({**asked, "answer": "I do not know"}).encode())
    assert not wrong["correct"]
    _, right, _ = post(url, "/api/oracle/grade", json.dumps({**asked, "answer": wrong["expected"]}).encode())
    assert right["correct"]
    for path in ("skill=nobody", "skill=bin&level=99", "skill=bin&seed=-1"):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{url}/api/oracle/problem?{path}", timeout=30)
