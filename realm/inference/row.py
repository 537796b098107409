"""One request in the batch: what it has been given so far, and when it ends. Knows no tensors."""

from __future__ import annotations

import random
from collections.abc import Collection

from transformers import PreTrainedTokenizerBase

from realm.errors import RealmError
from realm.inference.requests import Completion, FinishReason, GenerationRequest, Piece, Sink
from realm.inference.sampling import Sampler, Token
from realm.inference.text import Detokenizer, StopStrings, whole_text


class Row:
    """A request on its way from the queue to its end.

    `cached`: how many of its tokens have keys and values. `deadline`: on the scheduler's clock, None = none.
    """

    def __init__(
        self,
        request: GenerationRequest,
        tokenizer: PreTrainedTokenizerBase,
        ends: Collection[int],
        sink: Sink,
        deadline: float | None = None,
    ) -> None:
        self.request = request
        self.sink = sink
        self.deadline = deadline
        self.cached = 0
        self.ended = False
        self.last = 0
        """The token that the model reads next, once the prompt is read."""
        self.tokens: list[Token] = []
        generator = random.Random(request.seed) if request.temperature > 0 else None
        self.sampler = Sampler(request.temperature, request.top_p, request.logprobs, generator)
        self._tokenizer = tokenizer
        self._ends = ends
        self._reads = request.stream or bool(request.stop)
        self._detokenizer = Detokenizer(tokenizer)
        self._stops = StopStrings(request.stop)
        self._said: list[str] = []
        self._told = 0

    @property
    def width(self) -> int:
        """Columns of keys and values that it may come to need."""
        return len(self.request.prompt) + self.request.max_tokens

    def take(self, token: Token) -> None:
        """Its next token; it may end with it."""
        if token.id in self._ends:
            self._finish("stop", len(self.tokens) + 1)
            return
        self.tokens.append(token)
        self.last = token.id
        if self._reads:
            self._say(self._stops.push(self._detokenizer.push(token.id)))
            if self._stops.met:
                self._finish("stop", len(self.tokens))
                return
        if len(self.tokens) >= self.request.max_tokens:
            self._finish("length", len(self.tokens))

    def fail(self, error: RealmError) -> None:
        """End without an answer."""
        if not self.ended:
            self.ended = True
            self.sink.fail(error)

    def _say(self, text: str, rest: bool = False) -> None:
        fresh = self.tokens[self._told :]
        if not text and not (rest and fresh):
            return
        self._said.append(text)
        self._told = len(self.tokens)
        if self.request.stream:
            self.sink.piece(Piece(text, tuple(fresh)))

    def _finish(self, reason: FinishReason, count: int) -> None:
        self.ended = True
        if self._reads:
            # What was held back may have a stop string in it, now that its last character is whole.
            rest = "" if self._stops.met else self._stops.push(self._detokenizer.flush())
            if not self._stops.met:
                rest += self._stops.flush()
            self._say(rest, rest=True)
            text = "".join(self._said)
        else:
            text = whole_text(self._tokenizer, [token.id for token in self.tokens])
        reason = "stop" if self._stops.met else reason
        self.sink.end(Completion(text, tuple(self.tokens), reason, len(self.request.prompt), count))
