"""An Oracle over folders of small heroes, without Ray, on a port of its own."""

from __future__ import annotations

import random
import shutil
import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import torch
import uvicorn
from engine_helpers import CPU, loud_hero

from realm.errors import NotFoundError
from realm.inference.scheduler import Limits
from realm.inference.shelf import Book, Shelf
from realm.inference.text import whole_text
from realm.models.chat import chat_ids
from realm.models.hero import Hero, load_hero
from realm.store.database import Database
from realm.store.idempotency import IdempotencyStore
from realm.vault.folders import WEIGHTS, sha256_of
from serve.oracle.answering import Json, Oracle
from serve.oracle.app import create_app
from serve.oracle.calls import Calls
from serve.oracle.desk import Desk
from serve.oracle.questions import Question

LIMITS = Limits(rows=8, queue=32, cache_tokens=4096)
CAMPAIGN = "mote-1"
OPEN = 10_000


def loud_folder(base: Path, folder: Path, seed: int) -> Path:
    """A hero whose answers differ with `seed`, each token depending on all before it."""
    hero = loud_hero(base)
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in hero.model.parameters():
            if parameter.dim() == 2:
                parameter.add_(0.05 * torch.randn_like(parameter))
    shutil.copytree(base, folder)
    (folder / WEIGHTS).unlink()
    hero.model.save_pretrained(folder)
    return folder


class Folders:
    """A vault of folders: each checkpoint by its id; what was told of their use."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}
        self.shas: dict[str, str] = {}
        self.crowned = ""
        self.used: set[str] = set()
        self.fetched: list[str] = []
        self.checks = True

    def add(self, folder: Path, step: int) -> Book:
        checkpoint_id = f"{CAMPAIGN}/checkpoint-{step}-20260101-1200"
        self.folders[checkpoint_id], self.shas[checkpoint_id] = folder, sha256_of(folder / WEIGHTS)
        return self.book(checkpoint_id)

    def book(self, model: str) -> Book:
        if model == "champion" and self.crowned:
            return self.book(self.crowned)
        if model == "latest" and self.folders:
            return self.book([*self.folders][-1])
        if model not in self.folders:
            raise NotFoundError(f"There is no checkpoint {model!r}.", f"Nearest: {', '.join(self.folders)}.")
        return Book(model, self.shas[model], int(model.split("-")[2]))

    def champion(self) -> Book | None:
        return self.book(self.crowned) if self.crowned else None

    def use(self, checkpoint_id: str) -> None:
        self.used.add(checkpoint_id)

    def unuse(self, checkpoint_id: str) -> None:
        self.used.discard(checkpoint_id)

    def fetch(self, book: Book) -> str:
        self.fetched.append(book.checkpoint_id)
        folder = self.folders[book.checkpoint_id]
        if self.checks and sha256_of(folder / WEIGHTS) != book.sha256:
            raise NotFoundError(f"No whole copy of {book.checkpoint_id}: home: damaged.", "`realm vault verify`")
        return str(folder)


class LocalOracle:
    """`OracleBackend` over an Oracle in this process, whose questions travel as they do to another."""

    timeout_s = 60.0

    def __init__(self, vault: Folders, budget_bytes: int = 10**10, limits: Limits = LIMITS) -> None:
        self.vault = vault
        self.oracle = Oracle(Shelf(vault.fetch, limits, budget_bytes, CPU), vault)
        self.desk = Desk(self.oracle)
        self.calls = Calls(lambda _group, questions: self.desk.answer(questions), self._forget)

    async def complete(self, question: Question) -> Json:
        async with aclosing(self.calls.ask(question, "", OPEN)) as events:
            return (await anext(events))["whole"]

    def stream(self, question: Question) -> AsyncGenerator[Json, None]:
        return self.calls.ask(question, "", OPEN)

    async def _forget(self, question_ids: Sequence[str]) -> None:
        self.desk.forget(question_ids)

    async def books(self) -> Sequence[Json]:
        at = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
        found = [self.vault.book(each) for each in self.vault.folders]
        return [{**each.as_dict(), "campaign_id": CAMPAIGN, "saved_at": at} for each in reversed(found)]

    async def aliases(self) -> dict[str, Json | None]:
        champion = self.vault.champion()
        latest = self.vault.book("latest") if self.vault.folders else None
        found = {"champion": champion, "latest": latest}
        return {alias: None if book is None else book.as_dict() for alias, book in found.items()}

    async def status(self) -> Json:
        told = self.oracle.status()
        more = {"state": "ready", "url": "", "replicas": 1, "sleeps_after_s": None, "tokens": 0}
        return {**told, **await self.aliases(), **more}

    async def load(self, model: str) -> Json:
        await self.oracle.load(model)
        return await self.status()

    async def unload(self, model: str) -> Json:
        await self.oracle.unload(model)
        return await self.status()

    async def training_level(self, skill_id: str) -> int | None:
        return 3 if skill_id == "bin" else None


@contextmanager
def served(oracle: LocalOracle, folder: Path, token: str | None = None) -> Iterator[str]:
    """The Oracle's URL while the block lasts."""
    db = Database.open(folder / "keys.db")
    db.create()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = create_app(oracle, IdempotencyStore(db), version="test", allowed_hosts={f"127.0.0.1:{port}"}, token=token)
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    waited(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
        oracle.oracle.shelf.close()
        db.close()


def waited(reached: Callable[[], bool], timeout: float = 60.0) -> None:
    """Wait until `reached()`."""
    deadline = time.monotonic() + timeout
    while not reached():
        assert time.monotonic() < deadline, f"not reached within {timeout} s"
        time.sleep(0.01)


def greedy(hero: Hero, text: str, max_tokens: int) -> str:
    """What `model.generate` answers to one user turn."""
    ids = torch.tensor([chat_ids(hero.tokenizer, [{"role": "user", "content": text}])])
    out = hero.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=max_tokens, do_sample=False)
    return whole_text(hero.tokenizer, out[0, ids.shape[1] :].tolist())


def hero_of(folder: Path) -> Hero:
    torch.set_num_threads(1)
    return load_hero(folder, torch.float32, CPU)


def texts(count: int, seed: int = 0) -> list[str]:
    """Ragged texts of characters that MOTE has."""
    rng = random.Random(seed)
    return ["".join(rng.choice("abcdefgh 0123456789") for _ in range(rng.randint(1, 40))) for _ in range(count)]
