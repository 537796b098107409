"""The desk where workers wait for jobs: one look at the queue serves all that wait. Knows neither Ray nor handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from actors.service import now
from realm.errors import ConflictError
from realm.rules.job import Job
from realm.rules.job_match import Ask
from realm.store.jobs import JobStore

T = TypeVar("T")

MOST = 100
"""Jobs that are handed out in one transaction: what else is written waits for it."""
LOOK_S = 1.0
"""While workers wait the queue is looked at this often at least: time alone makes some jobs ready."""


@dataclass(eq=False, slots=True)
class _Waiter:
    """`looked`: it heard "none" of the queue as it was; `away`: a look is made for it; `over`: it waits no more."""

    ask: Ask
    answer: asyncio.Future[tuple[Job, ...]]
    looked: bool = False
    away: bool = False
    over: bool = False


class Desk:
    """First come first served among the workers that may take a job."""

    def __init__(self, store: JobStore, thread: Executor) -> None:
        self._store = store
        self._thread = thread
        self._waiting: dict[int, _Waiter] = {}
        self._changed = True
        self._poke = asyncio.Event()
        self._server: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """The queue changed: whoever waits may find something now."""
        self._changed = True
        self._poke.set()

    def waiting(self) -> list[Ask]:
        """What the workers that wait ask for, in the order in which they came."""
        return [waiter.ask for waiter in self._waiting.values()]

    async def wait(self, ask: Ask, wait_s: float) -> tuple[Job, ...]:
        """Jobs for a worker, claimed and started; none when none came within `wait_s`."""
        loop = asyncio.get_running_loop()
        if self._server is None or self._server.done():
            self._server = loop.create_task(self._serve())
        waiter = _Waiter(ask, loop.create_future())
        self._waiting[id(waiter)] = waiter
        self._poke.set()
        end = loop.call_later(max(0.0, wait_s), self._end, waiter)
        try:
            return await waiter.answer
        finally:
            end.cancel()
            del self._waiting[id(waiter)]

    def _end(self, waiter: _Waiter) -> None:
        waiter.over = True
        if waiter.looked and not waiter.away and not waiter.answer.done():
            waiter.answer.set_result(())

    async def _serve(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_S if self._waiting else None):
                    await self._poke.wait()
            except TimeoutError:
                self._changed = True
            self._poke.clear()
            changed, self._changed = self._changed, False
            # Who was answered a moment ago is still among them.
            there = [each for each in self._waiting.values() if not each.answer.done()]
            served = [each for each in there if changed or not each.looked]
            if served:
                await self._look(served)

    async def _look(self, served: Sequence[_Waiter]) -> None:
        for waiter in served:
            waiter.away = True
        try:
            found = await self._in_thread(
                lambda: self._store.claim_started([each.ask for each in served], now(), most=MOST)
            )
        except Exception as error:  # noqa: BLE001 - without this loop no worker gets a job; what failed is said
            print(f"the queue could not be read: {type(error).__name__}: {error}")
            found = [()] * len(served)
            self._changed = True
        if sum(len(jobs) for jobs in found) == MOST:
            self.wake()
        for waiter, jobs in zip(served, found, strict=True):
            waiter.away, waiter.looked = False, True
            if not waiter.answer.done() and (jobs or waiter.over):
                waiter.answer.set_result(jobs)
            elif jobs:
                self._in_thread(lambda jobs=jobs: self._release(jobs))

    def _release(self, jobs: Sequence[Job]) -> None:
        """Give back what was claimed for a worker that had given up waiting."""
        for job in jobs:
            with suppress(ConflictError):
                self._store.release(job.id, str(job.worker_id), now())

    def _in_thread(self, act: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, act)
