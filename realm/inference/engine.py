"""The inference engine: one thread that decodes for many clients with one hero. Knows no HTTP and no Ray."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import Any, cast

from realm.errors import ConflictError, GenerationError, QueueFullError, RequestError
from realm.inference.requests import GenerationRequest
from realm.inference.row import Row
from realm.inference.scheduler import Limits, Scheduler
from realm.inference.streaming import Generation
from realm.models.hero import Hero, end_tokens

log = logging.getLogger("realm.engine")

LONGEST_RETRY_S = 60.0
FIRST_RETRY_S = 1.0
"""Per request, before any has ended."""


@dataclass(frozen=True, slots=True)
class Load:
    """`rows` are decoded, `waiting` wait for their turn, `tokens` were made since the engine began."""

    rows: int
    waiting: int
    tokens: int


class Engine:
    """Serves one hero's weights; a process may have several, each with its own hero. Safe in any thread.

    torch's number of threads is the caller's matter, before the first request.
    """

    def __init__(self, hero: Hero, limits: Limits = Limits()) -> None:
        """
        Raises:
            HeroError: the model has layers that do not attend to the whole context.
        """
        self.limits = limits
        self.context = int(hero.model.config.max_position_embeddings)
        """Tokens that a prompt and its answer may have together."""
        self._tokenizer = hero.tokenizer
        self._ends = end_tokens(hero)
        self._vocabulary = cast(Any, hero.model.get_input_embeddings()).weight.shape[0]
        self._scheduler: Scheduler | None = Scheduler(hero, limits)
        self._arrived: list[Row] = []
        self._open = 0
        """Requests that have not ended."""
        self._load = Load(0, 0, 0)
        self._closing = False
        self._changed = threading.Condition()
        self._pace = Pace()
        self._thread = threading.Thread(target=self._run, args=(self._scheduler,), name="engine", daemon=True)
        self._thread.start()

    def submit(self, request: GenerationRequest) -> Generation:
        """Have a request answered, beside the others.

        Raises:
            RequestError: the prompt leaves no room in the context, or has ids that are no tokens of this model.
            QueueFullError: as many wait as may; says when to come again.
            ConflictError: the engine is closed.
        """
        request = self._checked(request)
        generation = Generation(request, self._one_ends)
        deadline = None if request.timeout_s is None else time.monotonic() + request.timeout_s
        row = Row(request, self._tokenizer, self._ends, generation, deadline)
        with self._changed:
            if self._closing:
                raise ConflictError("The engine is closed.", "Ask the one that took its place.")
            most = self.limits.rows + self.limits.queue
            if self._open >= most:
                retry_after_s = self._pace.seconds(self.limits.queue)
                raise QueueFullError(
                    f"{most} requests are answered or wait, which is the most.",
                    f"Ask again in {retry_after_s:.0f} s.",
                    retry_after_s,
                )
            self._open += 1
            self._arrived.append(row)
            self._changed.notify_all()
        return generation

    @property
    def load(self) -> Load:
        """What it is doing, as of its last step."""
        return replace(self._load, waiting=self._load.waiting + len(self._arrived))

    def close(self) -> None:
        """End every request with an error and let go of the hero. Returns when the thread has ended."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._scheduler = None

    def _checked(self, request: GenerationRequest) -> GenerationRequest:
        """The request with max_tokens cut down to what the context has room for."""
        length = len(request.prompt)
        room = self.context - length
        if room <= 0:
            raise RequestError(
                f"The prompt has {length} tokens; the context of this model is {self.context}, the answer included.",
                "Shorten the prompt.",
            )
        if min(request.prompt) < 0 or max(request.prompt) >= self._vocabulary:
            raise RequestError(
                f"The prompt has token ids from {min(request.prompt)} to {max(request.prompt)}; "
                f"this model has 0 to {self._vocabulary - 1}.",
                "Use this hero's tokenizer.",
            )
        return replace(request, max_tokens=min(request.max_tokens, room))

    def _one_ends(self) -> None:
        with self._changed:
            self._open -= 1

    def _run(self, scheduler: Scheduler) -> None:
        while self._next(scheduler):
            began, before = time.monotonic(), len(scheduler.rows) + len(scheduler.waiting)
            try:
                scheduler.step()
            except Exception as error:
                log.exception("a step of the engine failed")
                scheduler.fail(
                    GenerationError(
                        f"A step of the engine failed: {type(error).__name__}: {error}",
                        "Ask again. The engine goes on; its log has the whole error.",
                    )
                )
            ended = before - len(scheduler.rows) - len(scheduler.waiting)
            self._pace.step(time.monotonic() - began, ended)
        scheduler.fail(GenerationError("The engine was closed.", "Ask the one that took its place."), waiting=True)
        self._load = Load(0, 0, self._load.tokens)

    def _next(self, scheduler: Scheduler) -> bool:
        """Take over what has arrived, and wait while there is nothing to do. False = closing."""
        with self._changed:
            self._show(scheduler)
            self._changed.wait_for(lambda: self._closing or self._arrived or scheduler.busy)
            for row in self._arrived:
                scheduler.add(row)
            self._arrived.clear()
            self._show(scheduler)
            return not self._closing

    def _show(self, scheduler: Scheduler) -> None:
        self._load = Load(len(scheduler.rows), len(scheduler.waiting), scheduler.made)


class Pace:
    """How fast places in the queue come free."""

    def __init__(self) -> None:
        self._each_s: float | None = None
        self._busy_s = 0.0

    def step(self, seconds: float, ended: int) -> None:
        """A step took `seconds`, with which so many requests ended."""
        self._busy_s += seconds
        if ended > 0:
            each, self._busy_s = self._busy_s / ended, 0.0
            self._each_s = each if self._each_s is None else 0.9 * self._each_s + 0.1 * each

    def seconds(self, waiting: int) -> float:
        """Time until half of those that wait have had their turn."""
        each = FIRST_RETRY_S if self._each_s is None else self._each_s
        return min(LONGEST_RETRY_S, max(each, each * waiting / 2))
