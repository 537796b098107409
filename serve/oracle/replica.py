"""A process of the Oracle on Ray Serve: an Oracle whose vault is VaultKeeper, on the device of its node.

torch is loaded by the process itself: whoever deploys it does without.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import ray
from ray import serve as ray_serve

from actors.service import Service, Ticker
from actors.waiting import ask
from realm.errors import RealmError
from serve.oracle.calls import Said
from serve.oracle.questions import CHAMPION, Question
from serve.oracle.scaling import QUESTIONS

if TYPE_CHECKING:
    from realm.inference.shelf import Book

ROUND_S = 2.0
"""Between two looks at who is champion."""
USE_S = 600.0
FETCH_S = 3600.0
NICENESS = 5
"""A battle on the same CPUs goes first."""
HOMES = 64
"""Checkpoints that Serve remembers a process by."""

Json = dict[str, Any]


class Replica(Service):
    """A replica of the Oracle's deployment. Herald hears every two seconds what it holds."""

    def __init__(self, home: str) -> None:
        import torch
        from transformers.utils import logging

        from realm.inference.scheduler import Limits
        from realm.inference.shelf import Shelf, free_budget
        from realm.models.hero import pick_device
        from serve.oracle.answering import Oracle
        from serve.oracle.desk import Desk

        super().__init__(home)
        logging.disable_progress_bar()
        oracle, device = self.config.oracle, pick_device()
        if device.type == "cpu":
            torch.set_num_threads(oracle.threads)
            os.nice(NICENESS)
        budget = free_budget(device) if oracle.memory_mb is None else oracle.memory_mb * 1_000_000
        limits = Limits(rows=oracle.rows, queue=oracle.queue, cache_tokens=oracle.cache_tokens)
        self.vault = ActorVault(self)
        self.oracle = Oracle(Shelf(self.vault.fetch, limits, budget, device), self.vault)
        self.desk = Desk(self.oracle)
        self._round()
        self._ticker = Ticker("champion", ROUND_S, self._round, print)

    async def answer(self, questions: Mapping[str, Question]) -> AsyncGenerator[Sequence[Said], None]:
        """See `Desk.answer`."""
        for model in {question["model"] for question in questions.values()} - {CHAMPION}:
            await cast(Any, self)._home_of(model)
        async for said in self.desk.answer(questions):
            yield said

    async def forget(self, question_ids: Sequence[str]) -> None:
        """See `Desk.forget`."""
        self.desk.forget(question_ids)

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """What Serve hands to `replicas_needed`."""
        return {QUESTIONS: float(self.desk.open)}

    async def load(self, model: str) -> Json:
        """See `Oracle.load`."""
        return await self.oracle.load(model)

    async def unload(self, model: str) -> Json:
        """See `Oracle.unload`."""
        return await self.oracle.unload(model)

    @ray_serve.multiplexed(max_num_models_per_replica=HOMES)
    async def _home_of(self, model: str) -> str:
        """Lets Serve send questions to a checkpoint where it was asked before; the shelf has the memory."""
        return model

    def _round(self) -> None:
        try:
            self.oracle.follow()
            self.oracle.renew()
        except RealmError as error:
            self.oracle.detail = str(error)
        finally:
            self.peer("herald").tell_oracle.remote(self.vault.holder, self.oracle.status())


class ActorVault:
    """VaultKeeper for the Oracle."""

    def __init__(self, service: Service) -> None:
        context = ray.get_runtime_context()
        self.holder = f"oracle {context.get_actor_id()}"
        self._node = context.get_node_id()
        self._service = service

    def book(self, model: str) -> Book:
        return self._book_of(self._ask("book", model))

    def champion(self) -> Book | None:
        found = self._ask("aliases")[CHAMPION]
        return None if found is None else self._book_of(found)

    @staticmethod
    def _book_of(row: Json) -> Book:
        from realm.inference.shelf import Book

        return Book(**row)

    def use(self, checkpoint_id: str) -> None:
        self._ask("use", checkpoint_id, self.holder, USE_S)

    def unuse(self, checkpoint_id: str) -> None:
        self._ask("unuse", checkpoint_id, self.holder)

    def fetch(self, book: Book) -> str:
        """The folder of a checkpoint on this node, whole; protected from here on."""
        self.use(book.checkpoint_id)
        return self._ask("ask", book.checkpoint_id, None, self._node, timeout_s=FETCH_S)

    def _ask(self, method: str, *args: Any, timeout_s: float = 60.0) -> Any:
        return ask(getattr(self._service.peer("vault_keeper"), method).remote(*args), timeout_s)
