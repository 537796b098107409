"""A process of the Oracle: the checkpoints it holds and their answers. Ray Serve runs as many as are needed.

It knows no HTTP. A question is what `serve.oracle.questions.Question` is, as a dict.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import ray
import torch

from actors.service import Service, Ticker
from actors.waiting import ask
from realm.errors import RealmError
from realm.inference.requests import GenerationRequest
from realm.inference.scheduler import Limits
from realm.inference.shelf import Book, Held, Shelf, free_budget
from realm.inference.streaming import Generation
from realm.models.chat import chat_ids, token_ids
from realm.models.hero import pick_device
from serve.oracle.words import Spelled, spelled

FOLLOW_S = 2.0
"""Between two looks at who is champion."""
TRY_AGAIN_S = 60.0
"""After which a champion that could not be loaded is tried again."""
USE_S = 600.0
FETCH_S = 3600.0
PACE_S = 0.002
"""Per stream: so long is waited for more text before it is sent, since each message costs the realm time."""
SLOWEST_S = 0.1
NICENESS = 5
"""A battle on the same CPUs goes first."""
CHAMPION = "champion"


class Replica(Service):
    """Answers with any checkpoint; the champion stays in memory, and another takes its place only when it is loaded."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        oracle, device = self.config.oracle, pick_device()
        if device.type == "cpu":
            torch.set_num_threads(oracle.threads)
            os.nice(NICENESS)
        budget = free_budget(device) if oracle.memory_mb is None else oracle.memory_mb * 1_000_000
        limits = Limits(rows=oracle.rows, queue=oracle.queue, cache_tokens=oracle.cache_tokens)
        self.node = ray.get_runtime_context().get_node_id()
        self.holder = f"oracle {ray.get_runtime_context().get_actor_id()[:12]}"
        self.shelf = Shelf(self._fetch, limits, budget, device)
        self.champion: Book | None = None
        self.detail = ""
        self._refused: tuple[str, float] = ("", 0.0)
        self._asked_at = time.monotonic()
        self._used: dict[str, float] = {}
        self._follow()
        self._ticker = Ticker("champion", FOLLOW_S, self._follow, print)

    # Answers

    async def complete(self, question: dict[str, Any]) -> dict[str, Any]:
        """The whole answer: `checkpoint_id`, `sha256`, `prompt_tokens`, `choices`, `timings`."""
        choices: dict[int, dict[str, Any]] = {}
        told: dict[str, Any] = {}
        async for event in self.stream({**question, "stream": False}):
            told |= event.get("begin", {}) | event.get("end", {})
            for piece in event.get("pieces", ()):
                choice = choices.setdefault(piece["index"], {"text": "", "logprobs": []})
                choice["text"] += piece["text"]
                choice["logprobs"] += piece["logprobs"]
            for ended in event.get("ended", ()):
                choices.setdefault(ended["index"], {"text": "", "logprobs": []}).update(ended)
        return {**told, "choices": [choices[index] for index in sorted(choices)]}

    async def stream(self, question: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Events of an answer: `begin`, then `pieces` and `ended` of each choice, then `end` with the timings."""
        self._asked_at = began = time.monotonic()
        async with self._held(question["model"]) as held:
            prompt = _prompt_ids(held, question)
            request = _request(question, prompt, held.engine.context)
            yield {
                "begin": {
                    "checkpoint_id": held.book.checkpoint_id,
                    "sha256": held.book.sha256,
                    "prompt_tokens": len(prompt),
                }
            }
            generations = [held.engine.submit(each) for each in request.copies(question["n"])]
            first: float | None = None
            made = 0
            async for event in self._merged(generations, held):
                if request.stream:
                    first = first or time.monotonic()
                made += sum(each["completion_tokens"] for each in event["ended"])
                yield event
            seconds = time.monotonic() - began
            self._asked_at = time.monotonic()
            yield {
                "end": {
                    "timings": {
                        "first_token_s": None if first is None else round(first - began, 4),
                        "seconds": round(seconds, 4),
                        "tokens_per_second": round(made / seconds, 2) if seconds else 0.0,
                    }
                }
            }

    async def _merged(self, generations: list[Generation], held: Held) -> AsyncIterator[dict[str, Any]]:
        """What several answers say, in one stream, a little at a time."""
        wake = asyncio.Event()
        waiting: list[tuple[int, Spelled]] = []

        async def follow(index: int, generation: Generation) -> dict[str, Any]:
            async for piece in generation:
                waiting.append((index, spelled(held.hero.tokenizer, piece, generation.request)))
                wake.set()
            found = await generation.completion()
            return {
                "index": index,
                "finish_reason": found.finish_reason,
                "completion_tokens": found.completion_tokens,
            }

        tasks = [asyncio.create_task(follow(index, each)) for index, each in enumerate(generations)]
        for task in tasks:
            task.add_done_callback(lambda _: wake.set())
        left = set(tasks)
        try:
            while left:
                await wake.wait()
                wake.clear()
                done = {task for task in left if task.done()}
                left -= done
                # Of what failed, one error ends all.
                ended = [task.result() for task in tasks if task in done]
                pieces, waiting[:] = [{"index": index, **each} for index, each in waiting], []
                if pieces or ended:
                    yield {"pieces": pieces, "ended": ended}
                if left:
                    await asyncio.sleep(min(SLOWEST_S, PACE_S * held.engine.load.rows))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # What is in memory

    async def status(self) -> dict[str, Any]:
        """What is held, how much of the memory that is, and since when nobody asks."""
        holding = self.shelf.holding()
        return {
            "champion": None if self.champion is None else self.champion.checkpoint_id,
            "loaded": [_row(held, held.book == self.champion) for held in holding],
            "loading": self.shelf.loading,
            "memory_bytes": sum(held.size_bytes for held in holding),
            "memory_budget_bytes": self.shelf.budget_bytes,
            "idle_s": round(time.monotonic() - self._asked_at, 1),
            "detail": self.detail,
        }

    async def load(self, model: str) -> dict[str, Any]:
        """Have a checkpoint in memory."""
        self._asked_at = time.monotonic()
        async with self._held(model):
            pass
        return await self.status()

    async def unload(self, model: str) -> dict[str, Any]:
        """Let a checkpoint go."""
        book = await asyncio.to_thread(self._book, model)
        await asyncio.to_thread(self.shelf.unload, book.checkpoint_id)
        await asyncio.to_thread(self._unuse, book.checkpoint_id)
        return await self.status()

    # Inside

    @asynccontextmanager
    async def _held(self, model: str) -> AsyncIterator[Held]:
        if model == CHAMPION and self.champion is not None:
            model = self.champion.checkpoint_id
        async with AsyncExitStack() as ends:
            held = self.shelf.take(model)
            if held is None:
                book = await asyncio.to_thread(self._book, model)
                lease = self.shelf.lease(book)
                held = await asyncio.to_thread(lease.__enter__)
                ends.callback(lease.__exit__, None, None, None)
            else:
                ends.callback(self.shelf.give_back, held)
            yield held

    def _book(self, model: str) -> Book:
        return Book(**ask(self.peer("vault_keeper").book.remote(model)))

    def _fetch(self, book: Book) -> str:
        keeper = self.peer("vault_keeper")
        ask(keeper.use.remote(book.checkpoint_id, self.holder, USE_S))
        self._used[book.checkpoint_id] = time.monotonic()
        return ask(keeper.ask.remote(book.checkpoint_id, None, self.node), FETCH_S)

    def _unuse(self, checkpoint_id: str) -> None:
        self._used.pop(checkpoint_id, None)
        ask(self.peer("vault_keeper").unuse.remote(checkpoint_id, self.holder))

    def _follow(self) -> None:
        """Take over the champion when it changed, and tell the vault what is still in use."""
        try:
            found = ask(self.peer("vault_keeper").aliases.remote())[CHAMPION]
        except RealmError as error:
            self.detail = f"The vault does not answer: {error.problem}"
            return
        book = None if found is None else Book(**found)
        refused, at = self._refused
        if book is not None and book != self.champion:
            if book.sha256 == refused and time.monotonic() - at < TRY_AGAIN_S:
                return
            before = self.champion
            self.shelf.keep({each.checkpoint_id for each in (before, book) if each is not None})
            try:
                with self.shelf.lease(book):
                    self.champion = book
            except RealmError as error:
                self._refused = (book.sha256, time.monotonic())
                self.detail = f"The champion {book.checkpoint_id} cannot be loaded: {error}"
                self.shelf.keep({before.checkpoint_id} if before else ())
                return
            self.shelf.keep({book.checkpoint_id})
        self.detail = ""
        self._renew()

    def _renew(self) -> None:
        holding = {held.book.checkpoint_id for held in self.shelf.holding()} | {*self.shelf.loading}
        for checkpoint_id, at in [*self._used.items()]:
            if checkpoint_id not in holding:
                self._unuse(checkpoint_id)
            elif time.monotonic() - at > USE_S / 2:
                ask(self.peer("vault_keeper").use.remote(checkpoint_id, self.holder, USE_S))
                self._used[checkpoint_id] = time.monotonic()


def _row(held: Held, champion: bool) -> dict[str, Any]:
    load = held.engine.load
    return {
        "checkpoint_id": held.book.checkpoint_id,
        "sha256": held.book.sha256,
        "step": held.book.step,
        "size_bytes": held.size_bytes,
        "rows": load.rows,
        "waiting": load.waiting,
        "tokens": load.tokens,
        "last_used_at": held.used_at.isoformat(),
        "champion": champion,
    }


def _prompt_ids(held: Held, question: dict[str, Any]) -> tuple[int, ...]:
    tokenizer = held.hero.tokenizer
    if question["messages"] is not None:
        return tuple(chat_ids(tokenizer, question["messages"]))
    return tuple(token_ids(tokenizer, question["prompt"]))


def _request(question: dict[str, Any], prompt: tuple[int, ...], context: int) -> GenerationRequest:
    return GenerationRequest(
        prompt=prompt,
        max_tokens=question["max_tokens"] or context,
        temperature=question["temperature"],
        top_p=question["top_p"],
        seed=question["seed"],
        stop=tuple(question["stop"]),
        logprobs=question["logprobs"],
        stream=question["stream"],
        timeout_s=question["timeout_s"],
    )


