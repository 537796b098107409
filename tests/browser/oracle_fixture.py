"""A double of the Oracle for tests of its page: streams that can be held and broken, and a sleep it wakes from.

`python tests/browser/oracle_fixture.py ready 8899` serves it for a look. Scenarios: ready, asleep, none.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from guild_fixture import BIN_PROBLEMS, SY_PROBLEM, GuildDouble, serving

from realm.errors import ConflictError, NotFoundError, RealmError

Json = dict[str, Any]
STEPS = (127_000, 125_000, 123_000, 119_000)
CHAMPION, LATEST = 1, 0
SIZE = 1_700_000
BUDGET = 6_000_000
LOOK_S = 0.005
WAIT_S = 20
RATE_S = 0.12


def checkpoint(step: int) -> str:
    return f"mote-3/checkpoint-{step}-20261124-0{step // 15_000}{step // 1000 % 60:02d}"


class OracleDouble:
    """The Oracle's answers from memory. `pieces` is what a checkpoint answers, `requests` what was asked of it.

    A stream stops before piece number `hold_at` until `release()`, and breaks before piece number `break_at`. The next
    question is refused with `refusal`: (status, message, headers). A question waits until the state is ready.
    """

    def __init__(self, scenario: str = "ready") -> None:
        self.begin(scenario)

    def begin(self, scenario: str) -> None:
        """Be as new."""
        self.ids = [] if scenario == "none" else [checkpoint(step) for step in STEPS]
        self.state = "asleep" if scenario == "none" else scenario
        self.detail = ""
        self.held = [self.ids[CHAMPION]] if scenario == "ready" else []
        self.pieces: dict[str, list[str]] = {}
        self.default = ["①", "⓪", "⓪"]
        self.finish = "stop"
        self.hold_at: int | None = None
        self.break_at: int | None = None
        self.refusal: tuple[int, str, dict[str, str]] | None = None
        self.grading: RealmError | None = None
        self.loading: RealmError | None = None
        self.requests: list[Json] = []
        self.graded: list[Json] = []
        self.drawn: list[tuple[str, int]] = []
        self.aborted = threading.Event()
        """A stream was left by who had asked for it."""
        self.asked = threading.Event()
        self.pace_s = 0.0
        self._free = threading.Event()

    def release(self) -> None:
        self._free.set()

    def sha256(self, key: str) -> str:
        return f"{Random(key).getrandbits(256):064x}"

    def find(self, model: str) -> str | None:
        names = {"champion": CHAMPION, "latest": LATEST}
        if model in names and self.ids:
            return self.ids[names[model]]
        return next((each for each in self.ids if model in (each, each.split("/")[1])), None)

    def standing(self, place: int) -> Json | None:
        return {"checkpoint_id": self.ids[place], "sha256": self.sha256(self.ids[place])} if self.ids else None

    def status(self) -> Json:
        busy = self.state == "ready" and bool(self.held)
        return {
            "state": self.state, "detail": self.detail, "url": "http://127.0.0.1:8765",
            "replicas": 0 if self.state == "asleep" else 1,
            "champion": self.standing(CHAMPION), "latest": self.standing(LATEST),
            "loaded": [
                {"checkpoint_id": each, "sha256": self.sha256(each), "size_bytes": SIZE, "rows": 0, "waiting": 0,
                 "last_used_at": "2026-11-24T09:40:11+00:00", "champion": each == self.ids[CHAMPION]}
                for each in self.held
            ],
            "memory_bytes": SIZE * len(self.held), "memory_budget_bytes": BUDGET,
            "idle_s": 42.0 if busy else None, "sleeps_after_s": 900.0, "tokens": 48_211,
        }  # fmt: skip

    def problem(self, skill: str, level: int, seed: int) -> tuple[str, str]:
        if skill != "bin":
            return SY_PROBLEM, "garden\nwindow"
        prompt, expected, _ = BIN_PROBLEMS[seed % len(BIN_PROBLEMS)]
        return prompt, expected

    async def until_ready(self) -> None:
        if self.state == "asleep":
            self.state = "waking"
        while self.state in ("waking", "loading"):
            await asyncio.sleep(LOOK_S)

    async def stream(self, key: str, body: Json) -> AsyncIterator[str]:
        try:
            async for line in self._lines(key, body):
                yield line
        except asyncio.CancelledError:
            self.aborted.set()
            raise

    async def _lines(self, key: str, body: Json) -> AsyncIterator[str]:
        await self.until_ready()
        began = time.monotonic()
        if key not in self.held:
            self.held.append(key)
        same = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1_795_512_067, "model": key,
                "system_fingerprint": f"sha256:{self.sha256(key)}"}  # fmt: skip

        def line(more: Json) -> str:
            return f"data: {json.dumps(same | more)}\n\n"

        def choice(delta: Json, finish: str | None = None) -> Json:
            return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]}

        pieces = self.pieces.get(key, self.default)
        yield line(choice({"role": "assistant"}))
        for place, piece in enumerate(pieces):
            while self.hold_at == place and not self._free.is_set():
                await asyncio.sleep(LOOK_S)
            if self.break_at == place:
                error = {"message": "The checkpoint was unloaded while it answered.", "type": "server_error",
                         "param": None, "code": "unloaded"}  # fmt: skip
                yield f"data: {json.dumps({'error': error})}\n\n"
                return
            await asyncio.sleep(self.pace_s)
            yield line(choice({"content": piece}))
        yield line(choice({}, self.finish))
        seconds = time.monotonic() - began + 0.021 * len(pieces)
        usage = {"prompt_tokens": 31, "completion_tokens": len(pieces), "total_tokens": 31 + len(pieces)}
        timings = {"first_token_s": 0.043, "seconds": seconds, "tokens_per_second": len(pieces) / seconds}
        yield line({"choices": [], "usage": usage, "timings": timings})
        yield "data: [DONE]\n\n"

    def router(self) -> APIRouter:
        api = APIRouter()
        add_openai(api, self)
        add_own(api, self)
        return api


def refused(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": error}, status, headers=headers)


def add_openai(api: APIRouter, oracle: OracleDouble) -> None:
    @api.get("/v1/models")
    async def models() -> Json:
        names = [(name, oracle.find(name)) for name in ("champion", "latest")] if oracle.ids else []
        rows = [
            {"id": name, "object": "model", "created": 1_795_512_067, "owned_by": "realm", "step": None,
             "checkpoint_id": key, "loaded": key in oracle.held}
            for name, key in names
        ]  # fmt: skip
        rows += [
            {"id": key, "object": "model", "created": 1_795_512_067, "owned_by": key.split("/")[0],
             "step": int(key.split("-")[2]), "checkpoint_id": key, "loaded": key in oracle.held}
            for key in oracle.ids
        ]  # fmt: skip
        return {"object": "list", "data": rows}

    @api.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        body = await request.json()
        oracle.requests.append(body)
        oracle.asked.set()
        if oracle.refusal is not None:
            refusal, oracle.refusal = oracle.refusal, None
            return refused(*refusal)
        if body.get("max_tokens", 1) > 256:
            return refused(400, f"max_tokens is {body['max_tokens']}; with a prompt of 31 tokens at most 225 fit.")
        key = oracle.find(body["model"])
        if key is None:
            nearest = oracle.ids[0] if oracle.ids else "none"
            return refused(404, f"Model {body['model']!r} does not exist. Nearest: {nearest}.")
        return StreamingResponse(oracle.stream(key, body), media_type="text/event-stream")


def add_own(api: APIRouter, oracle: OracleDouble) -> None:
    @api.get("/api/oracle")
    async def status() -> Json:
        return oracle.status()

    @api.post("/api/oracle/load", status_code=202)
    async def load(model: str = Body(embed=True)) -> Json:
        if oracle.loading is not None:
            raise oracle.loading
        oracle.state = "ready"
        oracle.held.append(oracle.find(model) or model)
        return oracle.status()

    @api.post("/api/oracle/unload")
    async def unload(model: str = Body(embed=True)) -> Json:
        if model not in oracle.held:
            raise ConflictError(f"{model} is not in memory.", "GET /api/oracle lists what is.")
        oracle.held.remove(model)
        return oracle.status()

    @api.get("/api/oracle/problem")
    async def problem(skill: str, level: int | None = None, seed: int | None = None) -> Json:
        level, seed = level or 15, seed if seed is not None else len(oracle.drawn)
        if level > 30:
            raise NotFoundError(f"Skill {skill!r} has no level {level}.", "Its levels are 1 to 30.")
        oracle.drawn.append((skill, level))
        return {"skill": skill, "level": level, "seed": seed, "prompt": oracle.problem(skill, level, seed)[0],
                "max_tokens": 24}  # fmt: skip

    @api.post("/api/oracle/grade")
    async def grade(body: Json) -> Json:
        oracle.graded.append(body)
        if oracle.grading is not None:
            grading, oracle.grading = oracle.grading, None
            raise grading
        expected = oracle.problem(body["skill"], body["level"], body["seed"])[1]
        correct = body["answer"] == expected
        return {"correct": correct, "expected": expected, "reason": "" if correct else f"{body['answer']} is not it"}


class RealmDouble(GuildDouble):
    """The rest of the realm, with Ray's dashboard, so that the navigation has all its entries."""

    async def state(self) -> Json:
        return await super().state() | {"services": {"dashboard": {"url": "http://127.0.0.1:8265"}}}


@contextmanager
def serving_oracle(scenario: str, port: int = 0) -> Iterator[tuple[OracleDouble, str]]:
    """The Tavern over a double of the Oracle, which can begin another scenario while it serves."""
    oracle = OracleDouble(scenario)
    with serving(RealmDouble("busy"), port, routers=(oracle.router(),)) as url:
        yield oracle, url


if __name__ == "__main__":
    with serving_oracle(sys.argv[1], int(sys.argv[2])) as (double, url):
        double.pace_s = RATE_S
        print(url, flush=True)
        threading.Event().wait()
