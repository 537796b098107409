"""A quest as batches, shard by shard; the next shard or the next quest is tokenized while this one is trained.

Knows no model and no board.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from transformers import PreTrainedTokenizerBase

from realm.quests import Example
from realm.training.batches import Batch, collate, plan_batches
from realm.training.encoding import Encoded, encode

HELDOUT_EVERY = 20
HELDOUT_MAX = 64

ReadShard = Callable[[str, int], Sequence[Example]]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A quest as the battle sees it. `shard_sizes` are its examples per shard."""

    quest_id: str
    name: str
    origin: str
    shard_sizes: tuple[int, ...]
    skill_id: str | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where in a quest the next step begins. `steps_done` of this quest, `first_step` = campaign step it began at."""

    quest_id: str
    epoch: int = 0
    shard: int = 0
    batch: int = 0
    steps_done: int = 0
    first_step: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Cursor:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One shard ready to train: tokens, the order of its batches, and what is held out (user quests, first shard)."""

    rows: list[Encoded]
    plan: list[list[int]]
    heldout: list[Encoded]


class QuestFeed:
    """Prepares shards on one background thread, so that a quest or shard begins without waiting."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        read_shard: ReadShard,
        *,
        batch_size: int,
        max_length: int,
        epochs: int,
        seed: int,
    ) -> None:
        self.tokenizer = tokenizer
        self.read_shard = read_shard
        self.batch_size = batch_size
        self.max_length = max_length
        self.epochs = epochs
        self.seed = seed
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="quest-feed")
        self.pending: dict[tuple[str, int, int], Future[Prepared]] = {}

    def steps_total(self, ticket: Ticket) -> int:
        """Optimizer steps of the whole quest, held-out examples taken off."""
        sizes = [
            size - (self._held(ticket, size) if index == 0 else 0) for index, size in enumerate(ticket.shard_sizes)
        ]
        return self.epochs * sum(-(-size // self.batch_size) for size in sizes)

    def prefetch(self, ticket: Ticket, epoch: int = 0, shard: int = 0) -> None:
        """Begin to prepare a shard; at most the one in use and one ahead are kept."""
        key = (ticket.quest_id, epoch, shard)
        if key not in self.pending:
            self.pending[key] = self.pool.submit(self._prepare, ticket, epoch, shard)

    def ready(self, ticket: Ticket) -> bool:
        """Whether the quest's first shard is prepared."""
        future = self.pending.get((ticket.quest_id, 0, 0))
        return future is not None and future.done()

    def drop_all_but(self, keep: set[str]) -> None:
        """Forget prepared shards of other quests."""
        for key in [key for key in self.pending if key[0] not in keep]:
            self.pending.pop(key).cancel()

    def batches(self, ticket: Ticket, cursor: Cursor) -> Iterator[tuple[Batch, Cursor]]:
        """Each batch with the cursor that follows it, beginning at `cursor`."""
        for epoch in range(cursor.epoch, self.epochs):
            first_shard = cursor.shard if epoch == cursor.epoch else 0
            for shard in range(first_shard, len(ticket.shard_sizes)):
                prepared = self._take(ticket, epoch, shard)
                self._ahead(ticket, epoch, shard)
                first_batch = cursor.batch if (epoch, shard) == (cursor.epoch, cursor.shard) else 0
                for number in range(first_batch, len(prepared.plan)):
                    rows = [prepared.rows[row] for row in prepared.plan[number]]
                    cursor = replace(
                        cursor, epoch=epoch, shard=shard, batch=number + 1, steps_done=cursor.steps_done + 1
                    )
                    yield collate(rows, self._pad), cursor

    def heldout(self, ticket: Ticket) -> list[Batch]:
        """The batches held out of the quest's training, empty for generated quests and for short ones."""
        if not self._held(ticket, ticket.shard_sizes[0]):
            return []
        rows = sorted(self._take(ticket, 0, 0, keep=True).heldout, key=lambda row: len(row.ids))
        return [collate(rows[at : at + self.batch_size], self._pad) for at in range(0, len(rows), self.batch_size)]

    def close(self) -> None:
        """Stop preparing."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    @property
    def _pad(self) -> int:
        return int(self.tokenizer.pad_token_id or 0)  # pyright: ignore[reportArgumentType]

    def _ahead(self, ticket: Ticket, epoch: int, shard: int) -> None:
        if shard + 1 < len(ticket.shard_sizes):
            self.prefetch(ticket, epoch, shard + 1)
        elif epoch + 1 < self.epochs:
            self.prefetch(ticket, epoch + 1, 0)

    def _take(self, ticket: Ticket, epoch: int, shard: int, keep: bool = False) -> Prepared:
        self.prefetch(ticket, epoch, shard)
        key = (ticket.quest_id, epoch, shard)
        return self.pending[key].result() if keep else self.pending.pop(key).result()

    def _held(self, ticket: Ticket, size: int) -> int:
        return 0 if ticket.origin == "auto" else min(size // HELDOUT_EVERY, HELDOUT_MAX)

    def _prepare(self, ticket: Ticket, epoch: int, shard: int) -> Prepared:
        rows = encode(self.read_shard(ticket.quest_id, shard), self.tokenizer, self.max_length)
        held = self._held(ticket, ticket.shard_sizes[0]) if shard == 0 else 0
        aside = {HELDOUT_EVERY * (index + 1) - 1 for index in range(held)}
        training = [row for index, row in enumerate(rows) if index not in aside]
        seed = hashlib.blake2b(f"{self.seed}/{ticket.quest_id}/{epoch}/{shard}".encode(), digest_size=8)
        plan = plan_batches([len(row.ids) for row in training], self.batch_size, int.from_bytes(seed.digest()))
        return Prepared(training, plan, [row for index, row in enumerate(rows) if index in aside])
