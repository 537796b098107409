"""Calls that come while a transaction runs, gathered into the next one. Knows no job."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

MOST = 200
"""Calls in one batch."""


class Batches(Generic[A, R]):
    """`act` is given the arguments of all calls that wait, on `thread`; an exception among its answers is raised."""

    def __init__(self, act: Callable[[list[A]], Sequence[R | Exception]], thread: Executor) -> None:
        self._act = act
        self._thread = thread
        self._waiting: deque[tuple[A, asyncio.Future[R]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def call(self, argument: A) -> R:
        """The answer to `argument`, once the batch that it is in is done."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._waiting.append((argument, answer))
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            try:
                found: Sequence[Any] = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._act, [argument for argument, _ in batch]
                )
            except Exception as error:  # noqa: BLE001 - each caller is told of it
                found = [error] * len(batch)
            for (_, answer), value in zip(batch, found, strict=True):
                if answer.done():
                    continue
                if isinstance(value, Exception):
                    answer.set_exception(value)
                else:
                    answer.set_result(value)
