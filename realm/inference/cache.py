"""Keys and values of the rows of a batch, in one tensor. Knows no tokens and no requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import Cache, PreTrainedConfig

from realm.errors import HeroError

COLUMN_STEP = 64
"""Columns are added in multiples of this many."""


class SlotCache(Cache):
    """Row r of the batch has its keys and values in slot r, token i of it in column i.

    `tensor` (layers, 2, slots, key/value heads, columns, head size): one for all layers, so that rows move by one
    operation. It grows by copying: for a moment the old and the new one are there.
    """

    def __init__(self, config: PreTrainedConfig, dtype: torch.dtype, device: torch.device) -> None:
        super().__init__(layers=[])
        kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
        if kinds != {"full_attention"}:
            raise HeroError(
                f"The model has layers of {', '.join(sorted(kinds))}; rows are kept for full_attention only.",
                "Give a base model all of whose layers attend to the whole context.",
            )
        self.heads = int(config.num_key_value_heads)
        self.head_size = int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
        shape = (config.num_hidden_layers, 2, 0, self.heads, 0, self.head_size)
        self._use(torch.zeros(shape, dtype=dtype, device=device))

    @property
    def slots(self) -> int:
        return self.tensor.shape[2]

    @property
    def columns(self) -> int:
        return self.tensor.shape[4]

    def hold(self, slots: int, columns: int, most: int) -> None:
        """Have at least so many slots and columns, which is all that is in use; rather more, unless slots × columns
        would exceed `most`."""
        if slots <= self.slots and columns <= self.columns:
            return
        wide = -(-columns * 5 // 4 // COLUMN_STEP) * COLUMN_STEP if columns > self.columns else self.columns
        high = 1 << (slots - 1).bit_length() if slots > self.slots else self.slots
        if wide * high > most:
            high, wide = slots, columns
        shape = list(self.tensor.shape)
        shape[2], shape[4] = high, wide
        # Zeros: what is masked still takes part in the sums, with weight 0, and 0 × NaN is NaN.
        grown = self.tensor.new_zeros(shape)
        kept, filled = min(high, self.slots), min(wide, self.columns)
        grown[:, :, :kept, :, :filled] = self.tensor[:, :, :kept, :, :filled]
        self._use(grown)

    def drop(self) -> None:
        """Forget all rows and give their memory back."""
        shape = list(self.tensor.shape)
        shape[2] = shape[4] = 0
        self._use(self.tensor.new_zeros(shape))

    def move(self, sources: Sequence[int], targets: Sequence[int], columns: int) -> None:
        """Copy the first `columns` columns of each source slot to its target slot, all at once."""
        self.tensor[:, :, list(targets), :, :columns] = self.tensor[:, :, list(sources), :, :columns]

    def clear(self, slot: int) -> None:
        """Overwrite a slot that holds what is not a number."""
        self.tensor[:, :, slot] = 0

    def aim(self, first: int, rows: int, columns: int, into: range | torch.Tensor) -> None:
        """Say where the next forward pass writes and what it reads: `rows` slots from `first` on, `columns` columns.

        `into`: the columns to write, the same in every row, or (rows,) one each.
        """
        self._views = [each[first : first + rows, :, :columns] for each in self._parts]
        if isinstance(into, range):
            self._lines = None
            self._gaps = [each[:, :, into.start : into.stop] for each in self._views]
        else:
            self._lines = (self._begins[first : first + rows] + into[:, None]).flatten()

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write new keys and values (rows, heads, tokens, head size); return those of the columns to read."""
        for index, states in ((2 * layer_idx, key_states), (2 * layer_idx + 1, value_states)):
            if self._lines is None:
                self._gaps[index].copy_(states)
            else:
                self._flat[index].index_copy_(0, self._lines, states.reshape(-1, self.head_size))
        return self._views[2 * layer_idx], self._views[2 * layer_idx + 1]

    def _use(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor
        self._parts = [each for layer in tensor for each in layer]
        self._flat = [each.view(-1, self.head_size) for each in self._parts]
        self._views = self._gaps = self._parts
        self._lines: torch.Tensor | None = None
        self.places = torch.arange(self.columns, device=tensor.device)
        """0, 1, 2, … for each column."""
        begins = torch.arange(self.slots * self.heads, device=tensor.device) * self.columns
        self._begins = begins.view(self.slots, self.heads)
