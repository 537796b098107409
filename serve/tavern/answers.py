"""Answers many readers share: serialised once, by one caller, however many browser tabs ask."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

from serve.json_answers import to_json

K = TypeVar("K", bound=Hashable)


class SharedAnswer:
    """The JSON bytes of `produce()`, made at most once per `fresh_s`; who comes meanwhile waits for the same ones."""

    def __init__(self, produce: Callable[[], Awaitable[Any]], fresh_s: float) -> None:
        self._produce = produce
        self._fresh_s = fresh_s
        self._body = b""
        self._until = -math.inf
        self._flight: asyncio.Task[bytes] | None = None

    async def body(self) -> bytes:
        if time.monotonic() < self._until:
            return self._body
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._refresh())
        return await asyncio.shield(self._flight)

    def forget(self) -> None:
        """The next caller gets a new answer, not the one kept nor the one being made."""
        self._until = -math.inf
        self._flight = None

    async def _refresh(self) -> bytes:
        flight = asyncio.current_task()
        body = to_json(await self._produce())
        if self._flight is flight:
            self._body, self._until = body, time.monotonic() + self._fresh_s
        return body


class SharedAnswers(Generic[K]):
    """A SharedAnswer for each value of one parameter, the newest `limit` of them."""

    def __init__(self, produce: Callable[[K], Awaitable[Any]], fresh_s: float, limit: int = 64) -> None:
        self._produce = produce
        self._fresh_s = fresh_s
        self._limit = limit
        self._answers: dict[K, SharedAnswer] = {}

    async def body(self, key: K) -> bytes:
        if key not in self._answers:
            while len(self._answers) >= self._limit:
                del self._answers[next(iter(self._answers))]
            self._answers[key] = SharedAnswer(lambda: self._produce(key), self._fresh_s)
        return await self._answers[key].body()

    def forget(self) -> None:
        """The next caller of every key gets a new answer."""
        self._answers.clear()
