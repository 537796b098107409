"""Cross-entropy of a hero: the module that training differentiates, and the loss of given responses. Knows no data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import nn

from realm.models.chat import render, token_ids
from realm.models.hero import Hero
from realm.models.labels import IGNORE


class LossModel(nn.Module):
    """Cross-entropy summed over trained positions; the LM head sees only those."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """`ids`, `labels` (rows, length), right-padded → scalar sum in nats over labels other than -100."""
        hidden = self.model.base_model(input_ids=ids, use_cache=False).last_hidden_state
        target = labels[:, 1:]
        picked = target != IGNORE
        logits = self.model.get_output_embeddings()(hidden[:, :-1][picked])
        return F.cross_entropy(logits.float(), target[picked], reduction="sum")


@torch.inference_mode()
def response_loss(hero: Hero, pairs: Sequence[tuple[str, str]], batch_size: int = 64) -> float:
    """Mean loss in nats a token of the assistant's turn in each (prompt, response)."""
    hero.model.eval()
    module = LossModel(hero.model)
    rows = sorted((_turn(hero, prompt, response) for prompt, response in pairs), key=lambda row: len(row[0]))
    total, tokens = 0.0, 0
    for at in range(0, len(rows), batch_size):
        chunk = rows[at : at + batch_size]
        longest = len(chunk[-1][0])
        ids = torch.full((len(chunk), longest), int(cast(int, hero.tokenizer.pad_token_id)))
        labels = torch.full((len(chunk), longest), IGNORE)
        for index, (values, start) in enumerate(chunk):
            ids[index, : len(values)] = torch.tensor(values)
            labels[index, start : len(values)] = ids[index, start : len(values)]
        total += float(module(ids.to(hero.device), labels.to(hero.device)))
        tokens += int((labels[:, 1:] != IGNORE).sum())
    return total / tokens


def _turn(hero: Hero, prompt: str, response: str) -> tuple[list[int], int]:
    """Token ids of the conversation and the position where the response begins."""
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
    before = render(hero.tokenizer, messages[:1], generation_prompt=True)
    return token_ids(hero.tokenizer, render(hero.tokenizer, messages)), len(token_ids(hero.tokenizer, before))
