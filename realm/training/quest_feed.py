"""A quest as batches. A few windows of them are tokenized ahead of the training, and those that begin the next quest.

Window by window, because tokenizing takes time from the training: a quest that is left early has cost no more of it
than was trained, and a quest begins without waiting for a whole shard. Knows no model and no board.
"""

from __future__ import annotations

import hashlib
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from transformers import PreTrainedTokenizerBase

from realm.quests import Example
from realm.training.batches import Batch, bucket, collate, windows
from realm.training.encoding import Encoded, encode

HELDOUT_EVERY = 20
HELDOUT_MAX = 64
WINDOWS_AHEAD = 2
"""Of 16 batches each: what hides the reading of the next shard, too."""

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
    """Where in a quest the next step begins. `batches_done` and `steps_done` of this quest: a step takes a batch, or
    several while an intervention asks for it. `first_step` = campaign step it began at."""

    quest_id: str
    epoch: int = 0
    shard: int = 0
    batch: int = 0
    batches_done: int = 0
    steps_done: int = 0
    first_step: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Cursor:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Window:
    """Batches ready to train; `batch` is the number of the first one within its shard."""

    epoch: int
    shard: int
    batch: int
    batches: list[list[Encoded]]


class Preparation:
    """The windows of one quest, prepared in order on the feed's thread, a few ahead of what was taken."""

    def __init__(self, windows: Iterator[Window], pool: ThreadPoolExecutor) -> None:
        self._windows = windows
        self._pool = pool
        self._ahead: deque[Future[Window | None]] = deque()
        self._top_up()

    def take(self) -> Window | None:
        """The next window, None after the last.

        Raises:
            RealmError: its examples could not be read.
        """
        window = self._ahead.popleft().result()
        self._top_up()
        return window

    @property
    def ready(self) -> bool:
        """Whether the next window can be taken without waiting."""
        return self._ahead[0].done()

    def wait(self) -> None:
        """Until nothing more is being prepared."""
        for future in self._ahead:
            future.result()

    def cancel(self) -> None:
        for future in self._ahead:
            future.cancel()

    def _top_up(self) -> None:
        while len(self._ahead) < WINDOWS_AHEAD:
            self._ahead.append(self._pool.submit(next, self._windows, None))


class QuestFeed:
    """Prepares quests on one background thread, so that a quest or shard begins without waiting."""

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
        self.pending: dict[str, Preparation] = {}
        """Quests prepared from their beginning, by id."""
        self.held: dict[str, list[Encoded]] = {}

    def batches_total(self, ticket: Ticket) -> int:
        """Batches of the whole quest, held-out examples taken off."""
        sizes = [
            size - (self._held(ticket, size) if index == 0 else 0) for index, size in enumerate(ticket.shard_sizes)
        ]
        return self.epochs * sum(-(-size // self.batch_size) for size in sizes)

    def prefetch(self, ticket: Ticket) -> None:
        """Begin to prepare a quest."""
        if ticket.quest_id not in self.pending:
            self.pending[ticket.quest_id] = self._prepare(ticket, Cursor(ticket.quest_id))

    def prepares(self, ticket: Ticket) -> bool:
        """Whether the quest is prepared, or about to be."""
        return ticket.quest_id in self.pending

    def ready(self, ticket: Ticket) -> bool:
        """Whether the quest's first batches are prepared."""
        return ticket.quest_id in self.pending and self.pending[ticket.quest_id].ready

    def drop_all_but(self, keep: set[str]) -> None:
        """Forget what is prepared of other quests."""
        for quest_id in self.pending.keys() - keep:
            self.pending.pop(quest_id).cancel()
        for quest_id in self.held.keys() - keep:
            del self.held[quest_id]

    def batches(self, ticket: Ticket, cursor: Cursor) -> Iterator[tuple[Batch, Cursor]]:
        """Each batch with the cursor that follows it, beginning at `cursor`; steps are for the caller to count."""
        prepared = self.pending.pop(ticket.quest_id, None)
        if prepared is None or cursor.batches_done:
            prepared = self._prepare(ticket, cursor)
        while (window := prepared.take()) is not None:
            for number, rows in enumerate(window.batches, window.batch + 1):
                cursor = replace(
                    cursor, epoch=window.epoch, shard=window.shard, batch=number, batches_done=cursor.batches_done + 1
                )
                yield collate(rows, self._pad), cursor

    def heldout(self, ticket: Ticket) -> list[Batch]:
        """The batches held out of the quest's training, empty for generated quests and for short ones."""
        if not self._held(ticket, ticket.shard_sizes[0]):
            return []
        if ticket.quest_id not in self.held:  # it was resumed beyond its first shard
            self._split(ticket, self.read_shard(ticket.quest_id, 0))
        rows = sorted(self.held.pop(ticket.quest_id), key=lambda row: len(row.ids))
        return [collate(rows[at : at + self.batch_size], self._pad) for at in range(0, len(rows), self.batch_size)]

    def close(self) -> None:
        """Stop preparing."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    @property
    def _pad(self) -> int:
        return int(self.tokenizer.pad_token_id or 0)  # pyright: ignore[reportArgumentType]

    def _held(self, ticket: Ticket, size: int) -> int:
        # What the realm made itself is trained whole.
        return min(size // HELDOUT_EVERY, HELDOUT_MAX) if ticket.origin == "user" else 0

    def _prepare(self, ticket: Ticket, cursor: Cursor) -> Preparation:
        return Preparation(self._windows(ticket, cursor), self.pool)

    def _windows(self, ticket: Ticket, cursor: Cursor) -> Iterator[Window]:
        for epoch in range(cursor.epoch, self.epochs):
            first_shard = cursor.shard if epoch == cursor.epoch else 0
            for shard in range(first_shard, len(ticket.shard_sizes)):
                done = cursor.batch if (epoch, shard) == (cursor.epoch, cursor.shard) else 0
                yield from self._shard_windows(ticket, epoch, shard, done)

    def _shard_windows(self, ticket: Ticket, epoch: int, shard: int, done: int) -> Iterator[Window]:
        """The windows of one shard without its first `done` batches, which follow from the seed as before."""
        examples = self.read_shard(ticket.quest_id, shard)
        if shard == 0:
            examples = self._split(ticket, examples)
        seed = hashlib.blake2b(f"{self.seed}/{ticket.quest_id}/{epoch}/{shard}".encode(), digest_size=8)
        rng = random.Random(int.from_bytes(seed.digest()))
        number = 0
        for chosen in windows(len(examples), self.batch_size, rng):
            rows = encode([examples[each] for each in chosen], self.tokenizer, self.max_length)
            plan = bucket([len(row.ids) for row in rows], self.batch_size, rng)
            left = plan[max(0, done - number) :]
            if left:
                yield Window(epoch, shard, max(done, number), [[rows[row] for row in batch] for batch in left])
            number += len(plan)

    def _split(self, ticket: Ticket, examples: Sequence[Example]) -> Sequence[Example]:
        """The examples of the first shard that are trained; those held out are kept tokenized until the quest ends."""
        count = self._held(ticket, ticket.shard_sizes[0])
        aside = {HELDOUT_EVERY * (index + 1) - 1 for index in range(count)}
        if count:
            self.held[ticket.quest_id] = encode(
                [examples[each] for each in sorted(aside)], self.tokenizer, self.max_length
            )
        return [example for index, example in enumerate(examples) if index not in aside]
