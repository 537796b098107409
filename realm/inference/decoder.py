"""Forward passes over the rows of a batch with one key/value cache. Knows no requests and chooses no tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch

from realm.inference.cache import SlotCache
from realm.models.hero import Hero


class Decoder:
    """Whoever drives it has the cache hold the rows, and says which tokens each of them takes next."""

    def __init__(self, hero: Hero) -> None:
        """
        Raises:
            HeroError: the model has layers that do not attend to the whole context.
        """
        hero.model.eval()
        self.hero = hero
        self.cache = SlotCache(hero.model.config, hero.model.dtype, hero.device)

    def step(self, cached: Sequence[int], tokens: Sequence[int]) -> torch.Tensor:
        """Rows 0, 1, 2, …, of which row i has `cached[i]` tokens, take one token each.

        Returns the logits after it, (rows, vocabulary), float32.
        """
        columns = max(cached) + 1
        both = torch.tensor((cached, tokens), device=self.hero.device)
        self.cache.aim(0, len(cached), columns, both[0])
        return self._logits(self._hidden(both[1][:, None], both[0][:, None], columns)[:, 0])

    def read(self, first: int, cached: int, pieces: Sequence[Sequence[int]]) -> torch.Tensor:
        """Rows from `first` on, each of which has `cached` tokens, take a piece of text each.

        Returns the logits after the last token of each, (rows, vocabulary), float32.
        """
        device = self.hero.device
        longest = max(map(len, pieces))
        columns = cached + longest
        # Padding is on the right, so no token attends to it; its keys and values are overwritten before one does.
        ids = torch.tensor([[*each, *[0] * (longest - len(each))] for each in pieces], device=device)
        self.cache.aim(first, len(pieces), columns, range(cached, columns))
        hidden = self._hidden(ids, self.cache.places[None, cached:columns], columns)
        last = torch.tensor([len(each) - 1 for each in pieces], device=device)
        return self._logits(hidden[torch.arange(len(pieces), device=device), last])

    def _hidden(self, ids: torch.Tensor, positions: torch.Tensor, columns: int) -> torch.Tensor:
        """`ids` (rows, tokens), `positions` (rows or 1, tokens) → (rows, tokens, hidden size)."""
        unseen = self.cache.places[:columns] > positions[:, None, :, None]
        # A float mask: torch makes one of a bool mask in every layer anew.
        mask = unseen.to(self.hero.model.dtype).mul_(torch.finfo(self.hero.model.dtype).min)
        return cast(Any, self.hero.model.base_model)(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
        ).last_hidden_state

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return cast(Any, self.hero.model.get_output_embeddings())(hidden).float()
