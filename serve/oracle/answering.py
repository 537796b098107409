"""What a process of the Oracle does: answers questions from the checkpoints it holds, and follows the champion.

It knows no HTTP and no Ray; the vault is a port. A question is a `serve.oracle.questions.Question`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from realm.errors import RealmError
from realm.inference.requests import GenerationRequest
from realm.inference.shelf import Book, Held, Shelf
from realm.inference.streaming import Generation
from realm.models.chat import chat_ids, token_ids
from serve.oracle.questions import CHAMPION, Question
from serve.oracle.words import Spelled, spelled

TRY_AGAIN_S = 60.0
"""After which a champion that could not be loaded is tried again."""
PACE_S = 0.002
"""Per answer under way: so long is waited for more text before some is sent, since each message costs time."""
SLOWEST_S = 0.1
MIN_TOKENS = 16

Json = dict[str, Any]


class VaultPort(Protocol):
    """The vault, for a process of the Oracle."""

    def book(self, model: str) -> Book:
        """The checkpoint of an id, name or alias.

        Raises:
            NotFoundError: there is none.
        """
        ...

    def champion(self) -> Book | None: ...

    def use(self, checkpoint_id: str) -> None:
        """Have a checkpoint protected for a while."""
        ...

    def unuse(self, checkpoint_id: str) -> None: ...


class Oracle:
    """Any checkpoint is loaded when it is asked; the champion stays, and another takes its place when it is loaded."""

    def __init__(self, shelf: Shelf, vault: VaultPort) -> None:
        self.shelf = shelf
        self.vault = vault
        self.champion: Book | None = None
        self.detail = ""
        self._refused: tuple[Book, float] | None = None
        self._asked_at = time.monotonic()
        self._used: set[str] = set()

    # Answers

    async def complete(self, question: Question) -> Json:
        """The whole answer: `checkpoint_id`, `sha256`, `prompt_tokens`, `choices`, `timings`."""
        choices: dict[int, Json] = {}
        told: Json = {}
        async for event in self.stream({**question, "stream": False}):
            told |= event.get("begin", {}) | event.get("end", {})
            for piece in event.get("pieces", ()):
                choice = choices.setdefault(piece["index"], {"text": "", "logprobs": []})
                choice["text"] += piece["text"]
                choice["logprobs"] += piece["logprobs"]
            for ended in event.get("ended", ()):
                choices.setdefault(ended["index"], {"text": "", "logprobs": []}).update(ended)
        return {**told, "choices": [choices[index] for index in sorted(choices)]}

    async def stream(self, question: Question) -> AsyncGenerator[Json, None]:
        """Events of an answer: `begin`, then `pieces` and `ended` of each choice, then `end` with the timings.

        Raises:
            NotFoundError: no such checkpoint, or no copy of it is whole.
            RequestError, HeroError: the question does not fit the checkpoint.
            QueueFullError: too many ask.
            GenerationError: time was up, or the weights are broken.
        """
        self._asked_at = began = time.monotonic()
        async with self._held(question["model"]) as held:
            request = _request(held, question)
            generations: list[Generation] = []
            first: float | None = None
            made = 0
            try:
                for each in request.copies(question["n"]):
                    generations.append(held.engine.submit(each))
                yield {"begin": {**held.book.as_dict(), "prompt_tokens": len(request.prompt)}}
                async for event in _merged(generations, held):
                    if first is None and request.stream:
                        first = time.monotonic()
                    made += sum(each["completion_tokens"] for each in event["ended"])
                    yield event
            finally:
                for generation in generations:
                    generation.cancel()
            seconds = time.monotonic() - began
            self._asked_at = time.monotonic()
            timings = {
                "first_token_s": None if first is None else round(first - began, 4),
                "seconds": round(seconds, 4),
                "tokens_per_second": round(made / seconds, 2) if seconds else 0.0,
            }
            yield {"end": {"timings": timings}}

    # What is in memory

    def status(self) -> Json:
        """What is held, how much of the memory that is, and since when nobody asks."""
        holding = self.shelf.holding()
        return {
            "at": time.time(),
            "champion": None if self.champion is None else self.champion.checkpoint_id,
            "loaded": [_row(held, held.book == self.champion) for held in holding],
            "loading": self.shelf.loading,
            "memory_bytes": sum(held.size_bytes for held in holding),
            "memory_budget_bytes": self.shelf.budget_bytes,
            "idle_s": round(time.monotonic() - self._asked_at, 1),
            "detail": self.detail,
        }

    async def load(self, model: str) -> Json:
        """Have a checkpoint in memory; the status after."""
        self._asked_at = time.monotonic()
        async with self._held(model):
            return self.status()

    async def unload(self, model: str) -> Json:
        """Let a checkpoint go; the status after. Raises as `Shelf.unload`."""
        book = await asyncio.to_thread(self.vault.book, model)
        await asyncio.to_thread(self.shelf.unload, book.checkpoint_id)
        return self.status()

    def follow(self) -> None:
        """Take over the champion when it changed. The one before answers until the new one is loaded."""
        found = self.vault.champion()
        if found is None or found == self.champion:
            return
        if self._refused is not None and self._refused[0] == found and time.monotonic() < self._refused[1]:
            return
        before = [] if self.champion is None else [self.champion.checkpoint_id]
        self.shelf.keep({*before, found.checkpoint_id})
        try:
            with self.shelf.lease(found):
                self.champion = found
        except RealmError as error:
            self._refused = found, time.monotonic() + TRY_AGAIN_S
            self.detail = f"The champion {found.checkpoint_id} cannot be loaded: {error}"
            self.shelf.keep(before)
            return
        self.detail = ""
        self.shelf.keep({found.checkpoint_id})

    def renew(self) -> None:
        """Tell the vault which checkpoints are in use, and which no longer."""
        holding = {held.book.checkpoint_id for held in self.shelf.holding()} | {*self.shelf.loading}
        for checkpoint_id in self._used - holding:
            self.vault.unuse(checkpoint_id)
        for checkpoint_id in holding:
            self.vault.use(checkpoint_id)
        self._used = holding

    @asynccontextmanager
    async def _held(self, model: str) -> AsyncIterator[Held]:
        if model == CHAMPION and self.champion is not None:
            model = self.champion.checkpoint_id
        # At once where it is in memory; else in a thread, since it may come from another host.
        held = self.shelf.take(model)
        if held is None:
            held = await asyncio.to_thread(self._loaded, model)
        try:
            yield held
        finally:
            self.shelf.give_back(held)

    def _loaded(self, model: str) -> Held:
        return self.shelf.load(self.vault.book(model))


async def _merged(generations: list[Generation], held: Held) -> AsyncGenerator[Json, None]:
    """What several answers say, in one stream, a little at a time."""
    wake, streams = asyncio.Event(), any(each.request.stream for each in generations)
    waiting: list[tuple[int, Spelled]] = []

    async def follow(index: int, generation: Generation) -> Json:
        async for piece in generation:
            waiting.append((index, spelled(held.hero.tokenizer, piece, generation.request)))
            wake.set()
        found = await generation.completion()
        return {"index": index, "finish_reason": found.finish_reason, "completion_tokens": found.completion_tokens}

    tasks = [asyncio.create_task(follow(index, each)) for index, each in enumerate(generations)]
    for task in tasks:
        task.add_done_callback(lambda _: wake.set())
    left = set(tasks)
    try:
        while left:
            await wake.wait()
            wake.clear()
            done = [task for task in tasks if task in left and task.done()]
            left.difference_update(done)
            # Of those that failed, the first one's error ends all.
            ended = [task.result() for task in done]
            pieces, waiting[:] = [{"index": index, **each} for index, each in waiting], []
            if pieces or ended:
                yield {"pieces": pieces, "ended": ended}
            if left and streams:
                await asyncio.sleep(min(SLOWEST_S, PACE_S * held.engine.load.rows))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _request(held: Held, question: Question) -> GenerationRequest:
    tokenizer, limits = held.hero.tokenizer, held.engine.limits
    if question["messages"] is not None:
        prompt = tuple(chat_ids(tokenizer, question["messages"]))
    else:
        prompt = tuple(token_ids(tokenizer, question["prompt"] or ""))
    # Where no limit is given, as much as lets every row have as much.
    most = question["max_tokens"] or max(MIN_TOKENS, limits.cache_tokens // limits.rows - len(prompt))
    return GenerationRequest(
        prompt=prompt,
        max_tokens=most,
        temperature=question["temperature"],
        top_p=question["top_p"],
        seed=question["seed"],
        stop=tuple(question["stop"]),
        logprobs=question["logprobs"],
        stream=question["stream"],
        timeout_s=question["timeout_s"],
    )


def _row(held: Held, champion: bool) -> Json:
    load = held.engine.load
    return {
        **held.book.as_dict(),
        "size_bytes": held.size_bytes,
        "rows": load.rows,
        "waiting": load.waiting,
        "tokens": load.tokens,
        "last_used_at": held.used_at.isoformat(),
        "champion": champion,
    }
