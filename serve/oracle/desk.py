"""A call's questions answered beside one another, and what they say in one stream. Knows no Ray and no HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from realm.errors import GenerationError, RealmError
from serve.oracle.answering import Oracle
from serve.oracle.calls import Said
from serve.oracle.pace import Pace
from serve.oracle.questions import Question

log = logging.getLogger("realm.oracle")

EACH_S, LONGEST_S = 0.0005, 0.02
EARLY = 10_000
"""Questions that nobody waited for any more before they arrived, which are remembered."""


class Desk:
    """Where the calls of an event loop arrive."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._early: OrderedDict[str, None] = OrderedDict()

    @property
    def open(self) -> int:
        """Questions that are being answered."""
        return len(self._tasks)

    async def answer(self, questions: Mapping[str, Question]) -> AsyncGenerator[Sequence[Said], None]:
        """What is said to these questions, as it comes: events with the id of the question.

        To one that streams they are those of `Oracle.stream`, to another a `whole` with what `Oracle.complete` tells;
        to one that cannot be answered an `error`, a RealmError. Ends when all have ended. Those that are still open
        when the caller leaves are ended.
        """
        waiting, wake, pace = list[Said](), asyncio.Event(), Pace(EACH_S, LONGEST_S)

        async def say(question_id: str, question: Question) -> None:
            async for event in self._events(question):
                waiting.append((question_id, event))
                wake.set()

        tasks = {each: asyncio.create_task(say(each, question)) for each, question in questions.items()}
        left = set(tasks)

        def over(question_id: str) -> None:
            left.discard(question_id)
            self._tasks.pop(question_id, None)
            wake.set()

        for question_id, task in tasks.items():
            self._tasks[question_id] = task
            task.add_done_callback(lambda _, each=question_id: over(each))
            if self._early.pop(question_id, ...) is None:
                task.cancel()
        try:
            while left or waiting:
                await wake.wait()
                await pace.turn(self.open)
                wake.clear()
                said, waiting[:] = [*waiting], []
                if said:
                    yield said
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    def forget(self, question_ids: Sequence[str]) -> None:
        """Nobody waits for these any more. One that has not come yet is not begun when it does."""
        for question_id in question_ids:
            if (task := self._tasks.get(question_id)) is not None:
                task.cancel()
                continue
            self._early[question_id] = None
            while len(self._early) > EARLY:
                self._early.popitem(last=False)

    async def _events(self, question: Question) -> AsyncGenerator[Any, None]:
        try:
            if question["stream"]:
                async for event in self._oracle.stream(question):
                    yield event
            else:
                yield {"whole": await self._oracle.complete(question)}
        except RealmError as error:
            yield {"error": error}
        except Exception as error:
            log.exception("an answer failed")
            problem = f"The answer failed: {type(error).__name__}: {error}"
            yield {"error": GenerationError(problem, "The Oracle's log has the whole error.")}
