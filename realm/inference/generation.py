"""Greedy decoding of many prompts at once, with a key/value cache. Knows no skills and no grading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from transformers import DynamicCache

from realm.models.chat import render, token_ids
from realm.models.hero import Hero


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


def chat_prompt(hero: Hero, text: str) -> list[int]:
    """Token ids of one user turn, ready for the assistant's."""
    messages = [{"role": "user", "content": text}]
    return token_ids(hero.tokenizer, render(hero.tokenizer, messages, generation_prompt=True))


Watch = Callable[[], None]
"""Called before every token; it may raise what ends the work."""


def undisturbed() -> None:
    """A watch that never ends anything."""


@torch.inference_mode()
def generate(hero: Hero, prompts: Sequence[str], max_new_tokens: int, watch: Watch = undisturbed) -> list[str]:
    """The hero's greedy answer to each prompt, without special tokens, at most `max_new_tokens` long.

    One left-padded batch; finished rows leave it when a third of it is finished.
    """
    if not prompts:
        return []
    hero.model.eval()
    ids = [chat_prompt(hero, prompt) for prompt in prompts]
    longest = max(len(row) for row in ids)
    pad = int(cast(int, hero.tokenizer.pad_token_id))
    end = _end_tokens(hero)
    tokens = torch.full((len(ids), longest), pad, dtype=torch.long)
    mask = torch.zeros((len(ids), longest), dtype=torch.long)
    for row, values in enumerate(ids):
        tokens[row, longest - len(values) :] = torch.tensor(values)
        mask[row, longest - len(values) :] = 1
    tokens, mask = tokens.to(hero.device), mask.to(hero.device)
    answers: list[list[int]] = [[] for _ in ids]
    alive = list(range(len(ids)))
    cache = DynamicCache(config=hero.model.config)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    done = torch.zeros(len(ids), dtype=torch.bool, device=hero.device)
    for _ in range(max_new_tokens):
        watch()
        out = cast(Any, hero.model)(
            input_ids=tokens, attention_mask=mask, position_ids=positions, past_key_values=cache, logits_to_keep=1
        )
        chosen = out.logits[:, -1].argmax(-1)
        done |= torch.isin(chosen, end)
        finished = done.tolist()
        for row, token in enumerate(chosen.tolist()):
            if not finished[row]:
                answers[alive[row]].append(token)
        left = finished.count(False)
        if left == 0:
            break
        positions, tokens = positions[:, -1:] + 1, chosen[:, None]
        mask = torch.cat([mask, mask.new_ones((len(alive), 1))], dim=1)
        if left <= len(alive) * 2 // 3:
            keep = (~done).nonzero(as_tuple=True)[0]
            cache.batch_select_indices(keep)
            tokens, mask, positions, done = tokens[keep], mask[keep], positions[keep], done[keep]
            alive = [alive[row] for row in keep.tolist()]
    return hero.tokenizer.batch_decode(answers, skip_special_tokens=True)


def _end_tokens(hero: Hero) -> torch.Tensor:
    configured = getattr(hero.model.generation_config, "eos_token_id", None)
    ends = configured if isinstance(configured, list) else [configured]
    values = {int(value) for value in [*ends, hero.tokenizer.eos_token_id] if value is not None}
    return torch.tensor(sorted(values), device=hero.device)
