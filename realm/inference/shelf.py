"""Engines of several checkpoints in one process, within a budget of memory. Knows no HTTP and no Ray.

What is asked for is loaded; where it does not fit, the least recently used of those that nobody uses is let go.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import AutoConfig

from realm.errors import ConflictError, HeroError, NotFoundError, QueueFullError, RequestError
from realm.inference.engine import Engine
from realm.inference.scheduler import Limits
from realm.models.hero import Hero, load_hero
from realm.models.tensors import TensorFile

WEIGHTS = "model.safetensors"
SHARE = 0.5
"""Of the memory that is free when the process begins."""
WAIT_S = 30.0
"""How long a request waits for memory that others use."""


@dataclass(frozen=True, slots=True)
class Book:
    """A checkpoint by its id in the ledger, the sha256 of its weights, and its step."""

    checkpoint_id: str
    sha256: str
    step: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Held:
    """A checkpoint in memory. `size_bytes`: weights and the largest cache of keys and values that it may come to have.

    `users`: leases that have not ended. `used_at`: when one began or ended last.
    """

    book: Book
    engine: Engine
    hero: Hero
    size_bytes: int
    used_at: datetime
    order: float
    users: int = 0


class Shelf:
    """Safe in any thread. `fetch` gives the folder of a checkpoint on this machine, whole; it may take long."""

    def __init__(
        self,
        fetch: Callable[[Book], str],
        limits: Limits,
        budget_bytes: int,
        device: torch.device,
        wait_s: float = WAIT_S,
    ) -> None:
        self.limits = limits
        self.budget_bytes = budget_bytes
        self.device = device
        self._fetch = fetch
        self._wait_s = wait_s
        self._kept: frozenset[str] = frozenset()
        self._held: dict[str, Held] = {}
        self._loading: dict[str, Future[Held]] = {}
        self._changed = threading.Condition()
        self._one_at_a_time = threading.Lock()

    @contextmanager
    def lease(self, book: Book) -> Iterator[Held]:
        """A checkpoint in memory for as long as the block lasts. Raises as `load`."""
        held = self.load(book)
        try:
            yield held
        finally:
            self.give_back(held)

    def load(self, book: Book) -> Held:
        """A checkpoint in memory, to be given back; loaded first when it is not there.

        Raises:
            NotFoundError: no copy of it is whole.
            HeroError: its folder holds no model that can be loaded.
            RequestError: it needs more memory than the whole budget.
            QueueFullError: the memory is used by checkpoints that are being asked.
        """
        with self._changed:
            if (held := self._held.get(book.checkpoint_id)) is not None:
                return self._taken(held)
            future = self._loading.get(book.checkpoint_id)
            mine = future is None
            if future is None:
                future = self._loading[book.checkpoint_id] = Future()
        if mine:
            self._load_into(future, book)
        held = future.result()
        with self._changed:
            if self._held.get(book.checkpoint_id) is held:
                return self._taken(held)
        # It was let go before this one had it.
        return self.load(book)

    def take(self, checkpoint_id: str) -> Held | None:
        """The checkpoint when it is in memory, to be given back; at once."""
        with self._changed:
            held = self._held.get(checkpoint_id)
            return None if held is None else self._taken(held)

    def give_back(self, held: Held) -> None:
        """End a use."""
        with self._changed:
            held.users -= 1
            held.used_at, held.order = datetime.now(UTC), time.monotonic()
            self._changed.notify_all()

    def keep(self, checkpoint_ids: Collection[str]) -> None:
        """Never let these go for others."""
        with self._changed:
            self._kept = frozenset(checkpoint_ids)

    def unload(self, checkpoint_id: str) -> None:
        """Let a checkpoint go.

        Raises:
            NotFoundError: it is not in memory.
            ConflictError: it is being asked, or always kept.
        """
        with self._changed:
            held = self._held.get(checkpoint_id)
            if held is None:
                raise NotFoundError(f"{checkpoint_id} is not in memory.", "`realm oracle status` lists what is.")
            if checkpoint_id in self._kept:
                raise ConflictError(f"{checkpoint_id} is the champion, which stays in memory.", "Promote another.")
            if held.users:
                raise ConflictError(f"{checkpoint_id} is being asked: {held.users} requests.", "Wait for their end.")
            del self._held[checkpoint_id]
        _let_go([held])

    def holding(self) -> list[Held]:
        """What is in memory, the last used first."""
        with self._changed:
            return sorted(self._held.values(), key=lambda held: -held.order)

    @property
    def loading(self) -> list[str]:
        """Ids of what is being loaded."""
        with self._changed:
            return [*self._loading]

    def close(self) -> None:
        """End every request and let all go."""
        with self._changed:
            gone = [*self._held.values()]
            self._held.clear()
        _let_go(gone)

    def _taken(self, held: Held) -> Held:
        held.users += 1
        held.used_at, held.order = datetime.now(UTC), time.monotonic()
        return held

    def _load_into(self, future: Future[Held], book: Book) -> None:
        try:
            with self._one_at_a_time:
                held = self._loaded(book)
        except BaseException as error:  # noqa: BLE001 - raised to all that wait for it
            with self._changed:
                del self._loading[book.checkpoint_id]
            future.set_exception(error)
            return
        with self._changed:
            self._held[book.checkpoint_id] = held
            del self._loading[book.checkpoint_id]
        future.set_result(held)

    def _loaded(self, book: Book) -> Held:
        folder = Path(self._fetch(book))
        dtype = torch.float32 if self.device.type == "cpu" else None
        size = needed_bytes(folder, self.limits, dtype)
        self._make_room(book, size)
        hero = load_hero(folder, dtype or "auto", self.device)
        return Held(book, Engine(hero, self.limits), hero, size, used_at=datetime.now(UTC), order=time.monotonic())

    def _make_room(self, book: Book, size: int) -> None:
        """Let go of what is least recently used until `size` bytes fit; wait for what is in use."""
        if size > self.budget_bytes:
            raise RequestError(
                f"{book.checkpoint_id} needs {size / 1e6:,.0f} MB of memory; the Oracle has "
                f"{self.budget_bytes / 1e6:,.0f} MB.",
                "Give it more: oracle.memory_mb; or less cache: oracle.cache_tokens.",
            )
        deadline = time.monotonic() + self._wait_s
        gone: list[Held] = []
        with self._changed:
            while self.used_bytes + size > self.budget_bytes:
                oldest = min(self._loose(), key=lambda each: each.order, default=None)
                if oldest is not None:
                    gone.append(self._held.pop(oldest.book.checkpoint_id))
                    continue
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise QueueFullError(
                        f"No memory for {book.checkpoint_id}: the checkpoints in memory are being asked.",
                        "Ask again when they are done.",
                        self._wait_s,
                    )
        _let_go(gone)

    def _loose(self) -> list[Held]:
        """What may be let go. What is always kept only where nothing else would make room; it comes back by itself."""
        others = [each for each in self._held.values() if each.book.checkpoint_id not in self._kept]
        return [each for each in others or self._held.values() if not each.users]

    @property
    def used_bytes(self) -> int:
        """Memory that what is held may come to need."""
        return sum(each.size_bytes for each in self._held.values())


def needed_bytes(folder: Path, limits: Limits, dtype: torch.dtype | None) -> int:
    """Memory of a checkpoint's weights in `dtype` (None = as they are saved) and of its largest key/value cache.

    Weights: Σ elements × bytes of one. Cache: tokens × layers × 2 × key/value heads × head size × bytes of one.

    Raises:
        HeroError: its weights are no safetensors file, or its config.json is of no known model.
    """
    try:
        config = AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise HeroError(f"{folder} holds no model: {str(error).splitlines()[0]}", "Give another checkpoint.") from None
    saved = getattr(config, "dtype", None) or torch.float32
    item = (dtype or saved).itemsize
    weights = sum(tensor.size for tensor in TensorFile(folder / WEIGHTS).tensors.values()) * item
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return weights + limits.cache_tokens * config.num_hidden_layers * 2 * heads * size * item


def free_budget(device: torch.device) -> int:
    """Half of the memory that is free on a device now, in bytes."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] * SHARE)
    return int(psutil.virtual_memory().available * SHARE)


def _let_go(gone: list[Held]) -> None:
    """Free the memory of engines that nobody uses."""
    if not gone:
        return
    for held in gone:
        held.engine.close()
    gone.clear()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        # glibc keeps what was freed for itself otherwise.
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
