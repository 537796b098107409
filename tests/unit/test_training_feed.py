"""A quest as batches: every cursor goes on with the very batches that followed it, shards and epochs through."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from transformers import PreTrainedTokenizerFast

from realm.errors import QuestError
from realm.models.tokenizer import build_char_tokenizer
from realm.quests import Example
from realm.training.batches import Batch
from realm.training.quest_feed import HELDOUT_EVERY, Cursor, QuestFeed, Ticket

SHARDS = (70, 70, 9)
EXAMPLES = [
    Example(messages=[{"role": "user", "content": f"{n} + 1"}, {"role": "assistant", "content": str(n) * (n % 7 + 1)}])
    for n in range(sum(SHARDS))
]
Rows = list[list[int]]


def read_shard(_: str, index: int) -> list[Example]:
    start = sum(SHARDS[:index])
    return EXAMPLES[start : start + SHARDS[index]]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return build_char_tokenizer("", 64)


@pytest.fixture
def feed(tokenizer: PreTrainedTokenizerFast) -> Iterator[QuestFeed]:
    made = QuestFeed(tokenizer, read_shard, batch_size=4, max_length=64, epochs=2, seed=3)
    yield made
    made.close()


def batch_rows(batch: Batch) -> Rows:
    return [row for lane in batch.lanes for row in lane.ids.tolist()]


def rows(feed: QuestFeed, ticket: Ticket, cursor: Cursor) -> list[tuple[Rows, Cursor]]:
    return [(batch_rows(batch), after) for batch, after in feed.batches(ticket, cursor)]


@pytest.mark.parametrize("origin", ["auto", "user"])
def test_every_cursor_goes_on_with_what_followed_it(feed: QuestFeed, origin: str) -> None:
    ticket = Ticket("q", "q", origin, SHARDS)
    whole = rows(feed, ticket, Cursor("q"))
    assert len(whole) == feed.batches_total(ticket)
    for index, (_, cursor) in enumerate(whole):
        assert rows(feed, ticket, cursor) == whole[index + 1 :]


def test_what_was_prepared_ahead_is_what_is_trained(feed: QuestFeed) -> None:
    ticket = Ticket("q", "q", "auto", SHARDS)
    whole = rows(feed, ticket, Cursor("q"))
    feed.prefetch(ticket)
    feed.pending["q"].wait()
    assert feed.ready(ticket)
    assert rows(feed, ticket, Cursor("q")) == whole


def test_what_is_held_out_is_never_trained(feed: QuestFeed, tokenizer: PreTrainedTokenizerFast) -> None:
    ticket = Ticket("q", "q", "user", SHARDS)
    trained = {
        tokenizer.decode(row, skip_special_tokens=True) for batch, _ in rows(feed, ticket, Cursor("q")) for row in batch
    }
    heldout = feed.heldout(ticket)
    held = {tokenizer.decode(row, skip_special_tokens=True) for batch in heldout for row in batch_rows(batch)}
    assert len(held) == SHARDS[0] // HELDOUT_EVERY
    assert not held & trained
    assert len(trained) == len(EXAMPLES) - len(held)
    # After a resume beyond the first shard it is read again.
    again = [batch_rows(batch) for batch in feed.heldout(ticket)]
    assert again == [batch_rows(batch) for batch in heldout]


def test_a_quest_left_early_was_hardly_tokenized(tokenizer: PreTrainedTokenizerFast) -> None:
    rendered: list[str] = []

    class Counted(str):
        def __add__(self, end: str) -> str:
            rendered.append(self)
            return str(self) + end

    large = [Example(text=Counted(f"number {n}")) for n in range(4096)]
    feed = QuestFeed(tokenizer, lambda *_: large, batch_size=4, max_length=64, epochs=1, seed=3)
    next(feed.batches(Ticket("q", "q", "auto", (4096,)), Cursor("q")))
    feed.close()
    assert 4 <= len(rendered) <= 4096 // 8


def test_a_shard_that_cannot_be_read_is_said_when_it_is_reached(tokenizer: PreTrainedTokenizerFast) -> None:
    def broken(_: str, index: int) -> list[Example]:
        if index:
            raise QuestError("The shard is damaged.", "Post the file again.")
        return read_shard("q", 0)

    feed = QuestFeed(tokenizer, broken, batch_size=4, max_length=64, epochs=1, seed=3)
    batches = feed.batches(Ticket("q", "q", "auto", SHARDS), Cursor("q"))
    assert len(list(itertools.islice(batches, -(-SHARDS[0] // 4)))) == -(-SHARDS[0] // 4)
    with pytest.raises(QuestError, match="damaged"):
        next(batches)
    feed.close()
