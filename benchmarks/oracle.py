"""The Oracle over HTTP against `transformers serve` with continuous batching, and against the engine called directly.

A realm of the benchmark's own trains mote until it has two checkpoints and is paused. Thirty-two clients, a thread and
a connection each, ask BIN's problems of all levels, greedy, answers of 4 to 64 tokens; both servers get the very same
requests on one torch thread, in turns. Then the champion is changed by hand under load, and in another realm, with two
processes, one of them is killed under load.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import torch
from transformers.utils import logging

from benchmarks.engine import BIN, LONGEST, SHORTEST, run_engine
from benchmarks.own_realm import OwnRealm, free_ports, own_realm
from benchmarks.report import Row, spread
from realm.inference.engine import Engine
from realm.inference.requests import GenerationRequest
from realm.inference.scheduler import Limits
from realm.inference.shelf import Book, Shelf, needed_bytes
from realm.models.chat import chat_ids
from realm.models.hero import load_hero

CLIENTS, REQUESTS, ROUNDS = 32, 256, 5
FLIPS, FLIPPING = 20, 16
LONE = 40
CHECKPOINTS, ROOM, ASKED = 10, 3, 1_000
READY_S = 180.0
CPU = torch.device("cpu")
Asked = dict[str, Any]


def measure(quick: bool, tell: Callable[[str], None]) -> list[Row]:
    """Ratios of throughput, first tokens, and what fails while the champion changes and a process dies."""
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    requests, rounds = (_requests(CLIENTS), 1) if quick else (_requests(REQUESTS), ROUNDS)
    rows: list[Row] = []
    with _asked_realm({"REALM_ORACLE__MAX_REPLICAS": "1"}) as (realm, port, checkpoints):
        tell(f"{CLIENTS} clients")
        rows += _throughput(port, checkpoints[0], requests, rounds)
        tell("first tokens")
        rows.append(_first_token(port, checkpoints[0], 5 if quick else LONE))
        tell("the champion changes")
        rows.append(_flips(realm, port, checkpoints, 3 if quick else FLIPS))
        tell("many checkpoints")
        rows.append(_memory(Path(checkpoints[0]["path"]), 100 if quick else ASKED))
    if not quick:
        tell("one of two processes is killed")
        two = {"REALM_ORACLE__MIN_REPLICAS": "2", "REALM_ORACLE__MAX_REPLICAS": "2"}
        with _asked_realm(two) as (realm, port, checkpoints):
            rows.append(_kill(realm, port, checkpoints[0]["id"]))
    return rows


@contextmanager
def _asked_realm(settings: dict[str, str]) -> Iterator[tuple[OwnRealm, int, list[Asked]]]:
    """A realm whose battle is paused, its Oracle's port, and two checkpoints, which are in memory."""
    with own_realm(settings=settings) as realm:
        if not realm.wait(lambda s: s["campaign"]["step"] > 60 and s["latest_checkpoint"] is not None, READY_S):
            raise RuntimeError("no checkpoint in time")
        realm.cli("battle", "pause")
        found: list[Asked] = json.loads(realm.cli("vault", "list", "--limit", "2", "--json"))["checkpoints"]
        port = int(realm.env["REALM_WEB__ORACLE_PORT"])
        for checkpoint in found:
            _post(_connection(port), "/api/oracle/load", {"model": checkpoint["id"]})
        yield realm, port, found


def _requests(count: int) -> list[Asked]:
    rng = random.Random(1)
    levels = [rng.choice(sorted(BIN.levels)) for _ in range(count)]
    prompts = [BIN.generate(level, 1, index, "eval")[0].prompt for index, level in enumerate(levels)]
    return [
        {
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": rng.randint(SHORTEST, LONGEST),
            "temperature": 0,
        }
        for prompt in prompts
    ]


# Throughput


def _throughput(port: int, checkpoint: Asked, requests: Sequence[Asked], rounds: int) -> list[Row]:
    hero = load_hero(checkpoint["path"], torch.float32, CPU)
    direct = [
        GenerationRequest(prompt=tuple(chat_ids(hero.tokenizer, each["messages"])), max_tokens=each["max_tokens"])
        for each in requests
    ]
    rates: dict[str, list[float]] = {"oracle": [], "transformers serve": [], "engine": []}
    with _opponent(checkpoint["path"]) as other:
        contestants: dict[str, Callable[[], int]] = {
            "oracle": lambda: _crowd(port, checkpoint["id"], requests),
            "transformers serve": lambda: _crowd(other, checkpoint["path"], requests),
            "engine": lambda: run_engine(hero, direct),
        }
        # The first round warms all up and does not count.
        for number in range(rounds + 1):
            for name in sorted(contestants, reverse=bool(number % 2)):
                began = time.perf_counter()
                tokens = contestants[name]()
                rates[name].append(tokens / (time.perf_counter() - began))
    counted = {name: values[1:] for name, values in rates.items()}
    return [
        _ratio(counted, "transformers serve", f"Oracle over HTTP, {CLIENTS} clients ÷ transformers serve", 1.5),
        _ratio(counted, "engine", f"Oracle over HTTP, {CLIENTS} clients ÷ the engine called directly", None),
    ]


def _ratio(rates: dict[str, list[float]], opponent: str, what: str, at_least: float | None) -> Row:
    ratios = [ours / theirs for ours, theirs in zip(rates["oracle"], rates[opponent], strict=True)]
    return Row(
        what=what,
        measured=f"{median(rates['oracle']):,.0f} ÷ {median(rates[opponent]):,.0f} output tokens/s",
        value=median(ratios),
        unit="",
        n=len(ratios),
        at_least=at_least,
        details={"ratios": ratios, "oracle": rates["oracle"], opponent: rates[opponent]},
    )


@contextmanager
def _opponent(model: str) -> Iterator[int]:
    """The port of `transformers serve` with continuous batching, given as many tokens as our engine."""
    [port] = free_ports(1)
    blocks = ["--cb-block-size", "32", "--cb-num-blocks", "1024", "--cb-max-batch-tokens", "2048"]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", "--continuous-batching", *blocks]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with tempfile.TemporaryFile() as log:
        env = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        process = subprocess.Popen([*command, model], stdout=log, stderr=log, env=env)
        try:
            deadline = time.monotonic() + READY_S
            while not _answers(port, model):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise RuntimeError(f"transformers serve is not up: {log.read()[-2000:].decode(errors='replace')}")
                time.sleep(0.5)
            yield port
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(port: int, model: str) -> bool:
    asked = {"messages": [{"role": "user", "content": "1"}], "max_tokens": 2, "temperature": 0}
    try:
        _post(_connection(port), "/v1/chat/completions", {**asked, "model": model})
    except (OSError, RuntimeError, http.client.HTTPException):
        return False
    return True


def _crowd(port: int, model: str, requests: Sequence[Asked]) -> int:
    """Output tokens of all answers, asked by all clients at once."""
    left, lock, total, errors = iter(requests), threading.Lock(), [0], list[Exception]()

    def client() -> None:
        connection = _connection(port)
        try:
            while True:
                with lock:
                    request = next(left, None)
                if request is None:
                    return
                usage = _post(connection, "/v1/chat/completions", {**request, "model": model})["usage"]
                with lock:
                    total[0] += usage["completion_tokens"]
        except Exception as error:  # noqa: BLE001 - raised by whoever waits for the thread
            errors.append(error)

    _together([client] * CLIENTS)
    if errors:
        raise errors[0]
    return total[0]


# First tokens


def _first_token(port: int, checkpoint: Asked, count: int) -> Row:
    hero = load_hero(checkpoint["path"], torch.float32, CPU)
    engine = Engine(hero)
    ours, direct = list[float](), list[float]()
    connection = _connection(port)
    for request in _requests(count + 1):
        began = time.perf_counter()
        body = json.dumps({**request, "model": checkpoint["id"], "stream": True, "max_tokens": 8})
        connection.request("POST", "/v1/chat/completions", body)
        answer = connection.getresponse()
        answer.readline()
        ours.append(time.perf_counter() - began)
        answer.read()
        began = time.perf_counter()
        prompt = tuple(chat_ids(hero.tokenizer, request["messages"]))
        for _ in engine.submit(GenerationRequest(prompt=prompt, max_tokens=8, stream=True)):
            direct.append(time.perf_counter() - began)
            break
    engine.close()
    more = [a - b for a, b in zip(ours[1:], direct[1:], strict=True)]
    return Row(
        what="time to the first token, one client: Oracle − the engine called directly",
        measured=f"Oracle {spread(ours[1:], 'ms', 1000)}; engine {spread(direct[1:], 'ms', 1000)}",
        value=median(more) * 1000,
        unit="ms",
        n=len(more),
        at_most=20,
    )


# Under load


@dataclass
class _Load:
    """Clients that ask without a pause, and what they saw."""

    port: int
    model: str
    stop: threading.Event = field(default_factory=threading.Event)
    models: list[str] = field(default_factory=list[str])
    failed: list[str] = field(default_factory=list[str])

    def client(self) -> None:
        connection = _connection(self.port)
        asked = {"messages": [{"role": "user", "content": "1"}], "max_tokens": 24, "temperature": 1.0}
        while not self.stop.is_set():
            try:
                self.models.append(_post(connection, "/v1/chat/completions", {**asked, "model": self.model})["model"])
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                self.failed.append(str(error))
                connection = _connection(self.port)

    def during(self, act: Callable[[], None]) -> None:
        threads = [threading.Thread(target=self.client) for _ in range(FLIPPING)]
        for thread in threads:
            thread.start()
        try:
            act()
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()

    def wait(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_S
        while not reached():
            if time.monotonic() > deadline:
                raise RuntimeError(f"not reached in time; {len(self.models)} answers, failed {self.failed[:3]}")
            time.sleep(0.02)

    def row(self, what: str) -> Row:
        first = f": {self.failed[0][:200]}" if self.failed else ""
        return Row(
            what=what,
            measured=f"{len(self.models):,} answered, {len(self.failed)} failed{first}",
            value=float(len(self.failed)),
            unit="requests",
            n=len(self.models) + len(self.failed),
            at_most=0,
        )


def _flips(realm: OwnRealm, port: int, checkpoints: Sequence[Asked], flips: int) -> Row:
    load = _Load(port, "champion")
    vault = int(realm.env["REALM_WEB__VAULT_PORT"])

    def flip() -> None:
        for number in range(flips):
            wanted = checkpoints[number % 2]["id"]
            _post(_connection(vault), f"/api/checkpoints/{wanted}/promote", {})
            load.wait(lambda wanted=wanted: bool(load.models) and load.models[-1] == wanted)

    load.during(flip)
    return load.row(f"failed while the champion changes {flips} times under {FLIPPING} clients")


def _kill(realm: OwnRealm, port: int, model: str) -> Row:
    load = _Load(port, model)
    killed: list[int] = []

    def kill() -> None:
        load.wait(lambda: len(load.models) > 100)
        # While it answers, the title has the end of the replica's name only.
        replicas = [each for each in realm.processes() if ":Replica" in " ".join(each.cmdline())]
        if len(replicas) != 2:
            raise RuntimeError(f"{len(replicas)} processes of the Oracle run, not two")
        replicas[0].kill()
        killed.append(replicas[0].pid)
        count = len(load.models)
        load.wait(lambda: len(load.models) > count + 500)

    load.during(kill)
    return load.row(f"failed when one of two processes is killed under {FLIPPING} clients")


# Memory


def _memory(folder: Path, count: int) -> Row:
    """Resident memory of this process after each tenth of the questions, once all checkpoints were loaded once."""
    limits = Limits(rows=8, cache_tokens=4096)
    books = [Book(f"checkpoint-{number}", str(number), number) for number in range(CHECKPOINTS)]
    shelf = Shelf(lambda _: str(folder), limits, ROOM * needed_bytes(folder, limits, torch.float32), CPU)
    used: list[int] = []
    for number in range(count + 2 * CHECKPOINTS):
        with shelf.lease(books[number % CHECKPOINTS]) as held:
            held.engine.submit(GenerationRequest(prompt=(300,) * 20, max_tokens=20)).result()
        if number >= 2 * CHECKPOINTS and number % (count // 10) == 0:
            used.append(psutil.Process().memory_info().rss)
    shelf.close()
    drift = max(abs(each / used[0] - 1) for each in used)
    return Row(
        what=f"memory over {count:,} requests to {CHECKPOINTS} checkpoints with room for {ROOM}",
        measured=f"{used[0] / 1e6:,.0f} to {used[-1] / 1e6:,.0f} MB, at most {100 * drift:.1f} % from the first",
        value=100 * drift,
        unit="%",
        n=count,
        at_most=5,
    )


def _together(acts: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=300)


def _post(connection: http.client.HTTPConnection, path: str, body: Any) -> Any:
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{path} was answered {answer.status}: {text[:300].decode(errors='replace')}")
    return json.loads(text)
