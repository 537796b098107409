"""Batches: a deterministic plan from a seed, in lanes of like length, window by window. Knows no model."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from realm.models.labels import IGNORE
from realm.training.encoding import Encoded

WINDOW_BATCHES = 16
LANES = 4
"""Groups of like length in one batch. A batch of one length only holds a few levels, and one skill, of a mixed quest:
its gradient pulls away from all the others."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Right-padded rows of like length: `ids` (rows, length) and `labels` of the same shape, -100 where nothing is
    trained.

    No attention mask is needed: in a causal model a pad on the right is seen by no trained position.
    """

    ids: torch.Tensor
    labels: torch.Tensor

    @property
    def trained(self) -> int:
        """Tokens that carry a label: those that the loss is the mean over."""
        return int((self.labels[:, 1:] != IGNORE).sum())


def joined(lanes: Sequence[Lane], max_tokens: int, pad_id: int) -> tuple[Lane, ...]:
    """The same rows in fewer lanes: neighbours together while they hold at most `max_tokens`, padding included.

    The gradient stays the same. On a GPU a small lane costs as much time as a large one: that of starting its kernels.
    """
    groups: list[list[Lane]] = []
    for lane in lanes:
        longest = max(lane.ids.shape[1], groups[-1][-1].ids.shape[1]) if groups else 0
        if groups and longest * (len(lane.ids) + sum(len(each.ids) for each in groups[-1])) <= max_tokens:
            groups[-1].append(lane)
        else:
            groups.append([lane])
    return tuple(group[0] if len(group) == 1 else _stacked(group, pad_id) for group in groups)


def _stacked(lanes: Sequence[Lane], pad_id: int) -> Lane:
    """One lane of the rows of several, the last of which is the longest."""
    longest = lanes[-1].ids.shape[1]

    def stack(parts: Sequence[torch.Tensor], pad: int) -> torch.Tensor:
        return torch.cat([F.pad(part, (0, longest - part.shape[1]), value=pad) for part in parts])

    return Lane(stack([lane.ids for lane in lanes], pad_id), stack([lane.labels for lane in lanes], IGNORE))


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one optimizer step, in lanes whose gradients are added up."""

    lanes: tuple[Lane, ...]
    rows: int
    tokens: int
    """Non-padding tokens."""

    @property
    def trained(self) -> int:
        return sum(lane.trained for lane in self.lanes)


def together(batches: Sequence[Batch]) -> Batch:
    """One batch of the rows of several."""
    if len(batches) == 1:
        return batches[0]
    lanes = tuple(lane for batch in batches for lane in batch.lanes)
    return Batch(lanes, sum(each.rows for each in batches), sum(each.tokens for each in batches))


def windows(rows: int, batch_size: int, rng: random.Random) -> Iterator[list[int]]:
    """Row numbers in random order, 16 batches at a time.

    Lengths are sorted inside a window only: neighbours of like length lie together (little padding), and every window
    still mixes what the whole mixes.
    """
    order = list(range(rows))
    rng.shuffle(order)
    window = batch_size * WINDOW_BATCHES
    for start in range(0, rows, window):
        yield order[start : start + window]


def bucket(lengths: Sequence[int], batch_size: int, rng: random.Random) -> list[list[int]]:
    """The batches of one window as indices of `lengths`: each of LANES groups of like length. A short one is kept."""
    rows = sorted(range(len(lengths)), key=lambda row: lengths[row])
    size = max(1, batch_size // LANES)
    lanes = [rows[at : at + size] for at in range(0, len(rows), size)]
    rng.shuffle(lanes)
    mixed = [row for lane in lanes for row in lane]
    return [mixed[at : at + batch_size] for at in range(0, len(mixed), batch_size)]


def collate(rows: Sequence[Encoded], pad_id: int) -> Batch:
    """Stack rows in lanes, the shortest first, each lane padded on the right to its longest."""
    ordered = sorted(rows, key=lambda row: len(row.ids))
    size = -(-len(ordered) // LANES)
    lanes = tuple(_lane(ordered[at : at + size], pad_id) for at in range(0, len(ordered), size))
    return Batch(lanes, len(ordered), sum(len(row.ids) for row in ordered))


def _lane(rows: Sequence[Encoded], pad_id: int) -> Lane:
    longest = len(rows[-1].ids)
    ids = np.array([row.ids + [pad_id] * (longest - len(row.ids)) for row in rows])
    labels = np.array([row.labels + [IGNORE] * (longest - len(row.labels)) for row in rows])
    return Lane(torch.from_numpy(ids), torch.from_numpy(labels))
