"""Token by token to text: whole characters, up to a stop string. Knows no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from transformers import PreTrainedTokenizerBase

UNKNOWN = "\ufffd"
LONGEST = 4
"""Bytes of the longest character in UTF-8, and so the tokens that one can take."""


class Detokenizer:
    """Text of a growing list of tokens, without special ones, never half of a character."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._backend = cast(Any, tokenizer).backend_tokenizer
        self._before: list[int] = []
        self._pending: list[int] = []

    def push(self, token: int) -> str:
        """The text that this token completes; empty while a character is not whole."""
        self._pending.append(token)
        said = ""
        text = self._read(self._pending)
        if text.endswith(UNKNOWN) and len(self._pending) >= LONGEST:
            # The first of them begins no character. What follows may still be one.
            said = self._settle(1, self._read(self._pending[:1]))
            text = self._read(self._pending)
        if not text.endswith(UNKNOWN) and (text or len(self._pending) >= LONGEST):
            said += self._settle(len(self._pending), text)
        return said

    def flush(self) -> str:
        """The rest, at the end: bytes that are no character read as U+FFFD."""
        return self._settle(len(self._pending), self._read(self._pending))

    def _read(self, tokens: list[int]) -> str:
        """Text of `tokens` where they stand: some decoders drop the space before the first token."""
        whole, head = self._decode([*self._before, *tokens]), self._decode(self._before)
        return whole[len(head) :] if whole.startswith(head) else self._decode(tokens)

    def _settle(self, count: int, text: str) -> str:
        # A broken byte would spoil the whole characters that follow it.
        self._before = [] if UNKNOWN in text else self._pending[:count]
        del self._pending[:count]
        return text

    def _decode(self, tokens: list[int]) -> str:
        return self._backend.decode(tokens, skip_special_tokens=True) if tokens else ""


class StopStrings:
    """Lets text through up to the stop string that is complete first; holds back what may be the begin of one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self.stops = tuple(stops)
        self.met = False
        self._held = ""

    def push(self, text: str) -> str:
        """The text that is certain now. `met` says whether it ends before a stop string."""
        searched = self._held + text
        found = [(at + len(stop), at) for stop in self.stops if (at := searched.find(stop)) >= 0]
        if found:
            self.met, self._held = True, ""
            return searched[: min(found)[1]]
        kept = max((_overlap(searched, stop) for stop in self.stops), default=0)
        self._held = searched[len(searched) - kept :]
        return searched[: len(searched) - kept]

    def flush(self) -> str:
        """What was held back, at the end."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` with which `stop` begins."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)


def whole_text(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int]) -> str:
    """The text of all tokens at once, as a Detokenizer says it piece by piece."""
    text = cast(Any, tokenizer).backend_tokenizer.decode(list(tokens), skip_special_tokens=True)
    if UNKNOWN not in text:
        return text
    detokenizer = Detokenizer(tokenizer)
    return "".join(map(detokenizer.push, tokens)) + detokenizer.flush()
