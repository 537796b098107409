"""Batches: a deterministic plan from a seed, length-bucketed window by window. Knows no model."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from realm.models.labels import IGNORE
from realm.training.encoding import Encoded

WINDOW_BATCHES = 16


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded rows: `ids` (rows, length) and `labels` of the same shape, -100 where nothing is trained.

    No attention mask is needed: in a causal model a pad on the right is seen by no trained position.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    tokens: int
    """Non-padding tokens."""


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
    """The batches of one window as indices of `lengths`: by length, their order shuffled. A short one is kept."""
    rows = sorted(range(len(lengths)), key=lambda row: lengths[row])
    batches = [rows[at : at + batch_size] for at in range(0, len(rows), batch_size)]
    rng.shuffle(batches)
    return batches


def collate(rows: Sequence[Encoded], pad_id: int) -> Batch:
    """Stack rows, padded on the right to the longest."""
    longest = max(len(row.ids) for row in rows)
    ids = np.array([row.ids + [pad_id] * (longest - len(row.ids)) for row in rows])
    labels = np.array([row.labels + [IGNORE] * (longest - len(row.labels)) for row in rows])
    return Batch(torch.from_numpy(ids), torch.from_numpy(labels), sum(len(row.ids) for row in rows))
