"""Tokens as clients are told of them: their text, bytes and logprobs. Knows no HTTP."""

from __future__ import annotations

import math
from typing import Any, TypedDict

from transformers import PreTrainedTokenizerBase

from realm.inference.requests import GenerationRequest, Piece

LEAST = -9999.0
"""In place of -infinity, which JSON cannot carry; OpenAI's own API says it so."""


class Spelled(TypedDict):
    """A piece of text; `logprobs` has a row a token where they were asked for."""

    text: str
    logprobs: list[dict[str, Any]]


def spelled(tokenizer: PreTrainedTokenizerBase, piece: Piece, request: GenerationRequest) -> Spelled:
    """A piece in words."""
    if request.logprobs is None:
        return {"text": piece.text, "logprobs": []}
    rows = [
        {
            **_token(tokenizer, token.id, token.logprob),
            "top_logprobs": [_token(tokenizer, each, logprob) for each, logprob in token.top],
        }
        for token in piece.tokens
    ]
    return {"text": piece.text, "logprobs": rows}


def _token(tokenizer: PreTrainedTokenizerBase, token: int, logprob: float | None) -> dict[str, Any]:
    text = str(tokenizer.decode([token]))
    known = logprob if logprob is not None and math.isfinite(logprob) else LEAST
    return {"token": text, "logprob": known, "bytes": [*text.encode()]}
