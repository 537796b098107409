"""Continuous batching: which requests are decoded together, step by step. Knows no threads.

A step reads waiting prompts, as many as its budget of tokens allows, and gives every row one token more. Rows are
dense: the last takes the place of one that ends.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from realm.errors import CancelledError, DeadlineError, GenerationError, RealmError
from realm.inference.decoder import Decoder
from realm.inference.row import Row
from realm.inference.sampling import choose
from realm.models.hero import Hero

READ_INTERVAL = 4
"""Steps from one reading of prompts to the next while half of the rows are taken: a few prompts together take little
longer than one. With mote on a CPU and 32 requests in flight it gives a tenth more tokens a second."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`rows` are decoded at once, `queue` more wait. A step reads at most `prompt_tokens` of prompts, padding included:
    what streams wait for. `cache_tokens` bounds rows × the longest of them, prompt and max_tokens together: a request
    for more tokens than it needs keeps others out. One that is longer by itself is decoded alone."""

    rows: int = 32
    queue: int = 256
    prompt_tokens: int = 2048
    cache_tokens: int = 32_768


class Scheduler:
    """Requests wait in the order of their submission; no later one overtakes an earlier one."""

    def __init__(self, hero: Hero, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Raises:
            HeroError: this model cannot be decoded in slots.
        """
        self.limits = limits
        self.decoder = Decoder(hero)
        self.waiting: deque[Row] = deque()
        self.rows: list[Row] = []
        """In the order of their slots: those that are given tokens, then at most one whose prompt is read in part."""
        self.made = 0
        """Tokens that rows were given, end tokens included."""
        self._clock = clock
        self._since_read = 0

    @property
    def busy(self) -> bool:
        return bool(self.rows or self.waiting)

    def add(self, row: Row) -> None:
        """Let a request wait for its turn."""
        self.waiting.append(row)

    @torch.inference_mode()
    def step(self) -> None:
        """Read prompts within the budget, then give each row a token.

        Raises whatever the model raises. Then no row can go on: `fail` ends them.
        """
        self._drop_unwanted()
        self._read_prompts()
        self._decode()

    def fail(self, error: RealmError, waiting: bool = False) -> None:
        """End every row with this error, and those that wait too if told so, and give the cache's memory back."""
        for row in [*self.rows, *(self.waiting if waiting else ())]:
            row.fail(error)
        self.rows = []
        if waiting:
            self.waiting.clear()
        self.decoder.cache.drop()

    def _drop_unwanted(self) -> None:
        now = self._clock()
        for row in (*self.rows, *self.waiting):
            if row.sink.cancelled:
                row.fail(CancelledError("The generation was cancelled."))
            elif row.deadline is not None and now >= row.deadline:
                row.fail(
                    DeadlineError(
                        f"The generation was not finished within {row.request.timeout_s:g} s: "
                        f"{len(row.tokens)} of at most {row.request.max_tokens} tokens were made.",
                        "Allow more time, or ask for fewer tokens.",
                    )
                )
        if any(row.ended for row in self.waiting):
            self.waiting = deque(row for row in self.waiting if not row.ended)
        self._close_gaps()

    def _read_prompts(self) -> None:
        """Go on with the prompt that is read in part, or begin with those whose turn it is. One that is longer than the
        budget is read alone, a piece a step."""
        budget = self.limits.prompt_tokens
        self._since_read += 1
        reading = [row for row in self.rows[-1:] if not row.tokens]
        if not reading and (self._since_read >= READ_INTERVAL or 2 * len(self.rows) < self.limits.rows):
            reading = self._admit(budget)
        if not reading:
            return
        self._since_read = 0
        first, cached = len(self.rows) - len(reading), reading[0].cached
        pieces = [row.request.prompt[cached : cached + budget] for row in reading]
        self._hold(cached + max(map(len, pieces)))
        logits = self.decoder.read(first, cached, pieces)
        for row, piece in zip(reading, pieces, strict=True):
            row.cached += len(piece)
        if reading[0].cached == len(reading[0].request.prompt):
            self._give(first, reading, logits)

    def _admit(self, budget: int) -> list[Row]:
        """Give slots to those that wait, in their order, while their prompts together are within the budget."""
        admitted: list[Row] = []
        longest = 0
        while self.waiting and self._fits(self.waiting[0]):
            longest = max(longest, len(self.waiting[0].request.prompt))
            if admitted and longest * (len(admitted) + 1) > budget:
                break
            admitted.append(self.waiting.popleft())
            self.rows.append(admitted[-1])
        return admitted

    def _decode(self) -> None:
        rows = self.rows if self.rows and self.rows[-1].tokens else self.rows[:-1]
        if rows:
            self._hold(1 + max(row.cached for row in rows))
            logits = self.decoder.step([row.cached for row in rows], [row.last for row in rows])
            for row in rows:
                row.cached += 1
            self._give(0, rows, logits)

    def _give(self, first: int, rows: Sequence[Row], logits: torch.Tensor) -> None:
        """Each of these rows, in slots from `first` on, takes the token that its logits give it."""
        for slot, row, token in zip(
            range(first, first + len(rows)), rows, choose(logits, [row.sampler for row in rows]), strict=True
        ):
            if token is None:
                self.decoder.cache.clear(slot)
                row.fail(_not_a_number())
            else:
                row.take(token)
        self.made += len(rows)
        self._close_gaps()

    def _hold(self, columns: int) -> None:
        """Have a slot for each row, so wide as is needed next and as any row is already."""
        needed = max(columns, *(row.cached for row in self.rows))
        self.decoder.cache.hold(len(self.rows), needed, self.limits.cache_tokens)

    def _fits(self, row: Row) -> bool:
        """Whether there is room for one row more, this one."""
        if not self.rows:
            return True
        widest = max(row.width, *(each.width for each in self.rows))
        return len(self.rows) < self.limits.rows and (len(self.rows) + 1) * widest <= self.limits.cache_tokens

    def _close_gaps(self) -> None:
        """Take rows that have ended out of the batch: the last ones move to their slots."""
        if not any(row.ended for row in self.rows):
            return
        left = [slot for slot, row in enumerate(self.rows) if not row.ended]
        if not left:
            self.rows = []
            self.decoder.cache.drop()
            return
        # A prompt that is read in part stays behind the others.
        partial = [left.pop()] if not self.rows[left[-1]].tokens else []
        staying = [slot for slot in left if slot < len(left)]
        moving = [slot for slot in left if slot >= len(left)]
        gaps = sorted(set(range(len(left))).difference(staying))
        sources, targets = [*moving, *partial], [*gaps, *([len(left)] if partial else [])]
        rows = list(self.rows)
        for source, target in zip(sources, targets, strict=True):
            rows[target] = self.rows[source]
        self.rows = rows[: len(left) + len(partial)]
        if sources:
            self.decoder.cache.move(sources, targets, max(row.cached for row in self.rows))


def _not_a_number() -> GenerationError:
    return GenerationError(
        "The model's logits are not finite numbers: its weights are broken.", "Load another checkpoint."
    )
