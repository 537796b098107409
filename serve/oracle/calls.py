"""Questions that arrive together travel to a replica in one call. Knows no Ray and no HTTP.

A call to a process costs more than a short answer. So the first question goes at once, and those that arrive in the
next milliseconds go together; what their answers say comes back in one stream.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from realm.errors import ClusterError, QueueFullError
from serve.oracle.pace import Pace
from serve.oracle.questions import Question

Json = dict[str, Any]
Said = tuple[str, Json]
"""The id of a question, and an event of its answer."""

MOST = 32
"""Questions in one call."""
EACH_S, LONGEST_S = 0.001, 0.03
RETRY_S = 2.0
LAST_EVENTS = ("whole", "end", "error")

Answering = Callable[[str, Mapping[str, Question]], AsyncGenerator[Sequence[Said], None]]
"""Asks a replica all of these questions, by id; the first argument is their group."""
Forgetting = Callable[[Sequence[str]], Awaitable[object]]
"""Says of questions that nobody waits for them any more."""


@dataclass(eq=False)
class _Asked:
    """A question under way. `call` holds those of its call that somebody waits for."""

    id: str
    question: Question
    events: asyncio.Queue[Json | Exception] = field(default_factory=asyncio.Queue[Any])
    over: bool = False
    call: dict[str, _Asked] | None = None
    task: asyncio.Task[None] | None = None


@dataclass
class _Group:
    """Questions that may share a call, and wait for it."""

    waiting: list[_Asked] = field(default_factory=list[_Asked])
    pace: Pace = field(default_factory=lambda: Pace(EACH_S, LONGEST_S))
    departing: bool = False


class Calls:
    """Gathers the questions of one event loop. Those of one group may share a call."""

    def __init__(self, answering: Answering, forgetting: Forgetting) -> None:
        self.open = 0
        self._answering = answering
        self._forgetting = forgetting
        self._groups: defaultdict[str, _Group] = defaultdict(_Group)
        self._unwanted: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._name, self._numbers = uuid.uuid4().hex, itertools.count()

    async def ask(self, question: Question, group: str, most: int) -> AsyncGenerator[Json, None]:
        """The events of `Desk.answer` to one question, the last one a `whole` or an `end`.

        Who leaves the iteration before its end takes the question back.

        Raises:
            QueueFullError: `most` are open.
            Exception: what the answer ends with, or the call.
        """
        if self.open >= most:
            raise QueueFullError(f"{most} questions to the Oracle are open.", "Ask again in a moment.", RETRY_S)
        asked, among = _Asked(f"{self._name}-{next(self._numbers)}", question), self._groups[group]
        self.open += 1
        try:
            among.waiting.append(asked)
            if not among.departing:
                among.departing = True
                self._start(self._departures(group))
            while not asked.over:
                event = await asked.events.get()
                if isinstance(event, Exception):
                    asked.over = True
                    raise event
                asked.over = any(name in event for name in LAST_EVENTS)
                if "error" in event:
                    raise event["error"]
                yield event
        finally:
            self.open -= 1
            self._left(among, asked)

    # Inside

    async def _departures(self, name: str) -> None:
        """Send those that wait, call by call, until nobody waits."""
        group = self._groups[name]
        while group.waiting:
            await group.pace.turn(self.open)
            call = {each.id: each for each in group.waiting[:MOST]}
            del group.waiting[:MOST]
            if call:
                task = self._start(self._carry(name, call))
                for each in call.values():
                    each.call, each.task = call, task
        group.departing = False

    async def _carry(self, group: str, call: dict[str, _Asked]) -> None:
        """Hand what a call tells to whoever asked."""
        end: Exception = ClusterError("The call ended before its answers.", "Ask again.")
        try:
            async with aclosing(self._answering(group, {each.id: each.question for each in call.values()})) as told:
                async for events in told:
                    for question_id, event in events:
                        if (known := call.get(question_id)) is not None:
                            known.events.put_nowait(event)
        except Exception as error:  # noqa: BLE001 - raised where each question was asked
            end = error
        for each in call.values():
            each.events.put_nowait(end)

    def _left(self, group: _Group, asked: _Asked) -> None:
        """Nobody waits for a question: it ends, and with the last of its call the call does."""
        if asked.call is None or asked.task is None:
            group.waiting.remove(asked)
            return
        del asked.call[asked.id]
        if asked.over:
            return
        if not asked.call:
            asked.task.cancel()
            return
        self._unwanted.append(asked.id)
        if len(self._unwanted) == 1:
            self._start(self._forget())

    async def _forget(self) -> None:
        # Those that leave in the same moment are told together.
        unwanted, self._unwanted = self._unwanted, []
        await self._forgetting(unwanted)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
