"""Batches of one quest: a deterministic plan, length-bucketed, with a cursor that survives a crash. Knows no model."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

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


def plan_batches(lengths: Sequence[int], batch_size: int, seed: int) -> list[list[int]]:
    """Row numbers batch by batch: shuffled, sorted by length inside windows of 16 batches, batch order shuffled.

    The window keeps neighbours of like length together (little padding) without sorting the whole quest, so that
    every window still mixes what the quest mixes. A last short batch is kept.
    """
    rng = random.Random(seed)
    order = list(range(len(lengths)))
    rng.shuffle(order)
    window = batch_size * WINDOW_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        rows = sorted(order[start : start + window], key=lambda row: lengths[row])
        chunk = [rows[at : at + batch_size] for at in range(0, len(rows), batch_size)]
        rng.shuffle(chunk)
        batches.extend(chunk)
    return batches


def collate(rows: Sequence[Encoded], pad_id: int) -> Batch:
    """Stack rows, padded on the right to the longest."""
    longest = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), longest), pad_id, dtype=torch.long)
    labels = torch.full((len(rows), longest), IGNORE, dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = torch.tensor(row.ids)
        labels[index, : len(row.labels)] = torch.tensor(row.labels)
    return Batch(ids, labels, sum(len(row.ids) for row in rows))
