"""Greedy answers to many prompts, in the calling thread; weights put into a model. Knows no skills and no grading."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from realm.errors import RealmError
from realm.inference.requests import Completion, GenerationRequest, Piece
from realm.inference.row import Row
from realm.inference.scheduler import Limits, Scheduler
from realm.models.chat import chat_ids
from realm.models.hero import Hero, end_tokens


def load_weights(hero: Hero, weights: Mapping[str, np.ndarray] | Mapping[str, torch.Tensor]) -> None:
    """Put named weights into the hero's model.

    Raises:
        KeyError: `weights` lacks a parameter of the model.
    """
    with torch.no_grad():
        for name, parameter in hero.model.named_parameters():
            found = weights[name]
            # Arrays are read-only views of shared memory, of which torch makes no tensors without a warning.
            parameter.copy_(found if isinstance(found, torch.Tensor) else torch.from_numpy(np.array(found, copy=True)))


Watch = Callable[[], None]
"""Called before every token; it may raise what ends the work."""


def undisturbed() -> None:
    """A watch that never ends anything."""


class _Answer:
    """Keeps the text of a row."""

    cancelled = False
    text = ""

    def piece(self, piece: Piece) -> None:
        """Nobody streams."""

    def end(self, completion: Completion) -> None:
        self.text = completion.text

    def fail(self, error: RealmError) -> None:
        raise error


def generate(hero: Hero, prompts: Sequence[str], max_new_tokens: int, watch: Watch = undisturbed) -> list[str]:
    """The hero's greedy answer to each prompt, without special tokens, at most `max_new_tokens` long.

    All are read at once and decoded together, by the same steps as an Engine's.

    Raises:
        HeroError: the tokenizer has no chat template, or the model cannot be decoded in slots.
        GenerationError: the model's logits are not finite numbers.
    """
    scheduler = Scheduler(hero, Limits(rows=len(prompts), prompt_tokens=sys.maxsize, cache_tokens=sys.maxsize))
    ends, answers = end_tokens(hero), [_Answer() for _ in prompts]
    for prompt, answer in zip(prompts, answers, strict=True):
        ids = chat_ids(hero.tokenizer, [{"role": "user", "content": prompt}])
        request = GenerationRequest(prompt=tuple(ids), max_tokens=max_new_tokens)
        scheduler.add(Row(request, hero.tokenizer, ends, answer))
    while scheduler.busy:
        watch()
        scheduler.step()
    return [answer.text for answer in answers]
