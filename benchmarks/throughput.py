"""A battle against a bare torch loop: non-padding tokens a second on the same model and the very same batches.

The bare loop: forward, the same loss, backward, gradient clipping, the same optimizers at a constant learning rate,
on batches that lie ready in memory. No EMA, no tokenizing, no metrics, no snapshots, no checkpoints. Both run in this
process on one torch thread, in alternating blocks: battle, bare, bare, battle.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median

import torch

from benchmarks.battle import Block, Stopwatch, by_cpu, fight
from benchmarks.material import Material, config, write_material
from benchmarks.report import Row
from realm.models.hero import Hero
from realm.models.loss import LossModel
from realm.training.quest_feed import Cursor
from realm.training.settings import make_engine, make_feed

STEPS, ROUNDS = 80, 10


class BareLoop:
    """The plainest loop that trains the hero on the batches of a battle."""

    def __init__(self, hero: Hero, material: Material) -> None:
        self.hero = hero
        self.material = material
        self.loss = LossModel(hero.model)
        self.optimizers = make_engine(hero, material.spec, config()).optimizers.optimizers

    def block(self, number: int) -> Block:
        """Train on the batches of quest `number`, made ready before the clock starts."""
        ticket = self.material.ticket(number)
        feed = make_feed(self.hero, self.material.spec, config(), self.material.reader)
        batches = [batch for batch, _ in feed.batches(ticket, Cursor(ticket.quest_id))]
        trained = [batch.trained for batch in batches]
        feed.close()
        watch = Stopwatch()
        for batch, count in zip(batches, trained, strict=True):
            for lane in batch.lanes:
                (self.loss(lane.ids, lane.labels) / count).backward()
            torch.nn.utils.clip_grad_norm_(self.hero.model.parameters(), 1.0)
            for optimizer in self.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
        return watch.block(len(batches), sum(batch.tokens for batch in batches))


def measure(quick: bool, tell: Callable[[str], None]) -> list[Row]:
    """The ratio of the two rates, block by block."""
    steps, rounds = (8, 2) if quick else (STEPS, ROUNDS)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="realm-bench-") as scratch:
        tell("writing quests")
        # The first round warms both up and does not count.
        material = write_material(Path(scratch), rounds + 1, steps)
        bare_loop = BareLoop(material.hero(), material)
        battle: list[Block] = []
        bare: list[Block] = []

        def between(block: Block | None) -> bool:
            if block is not None:
                battle.append(block)
                tell(f"block {len(battle)} of {rounds + 1}")
                if len(battle) % 2:
                    both = range(len(battle) - 1, min(len(battle) + 1, rounds + 1))
                    bare.extend(bare_loop.block(number) for number in both)
            return True

        ports = fight(material.hero(), material, "catalog", Path(scratch) / "out", between)
    return [_row(battle[1:], bare[1:], ports.stalls)]


def _row(battle: list[Block], bare: list[Block], stalls: list[float]) -> Row:
    assert [block.tokens for block in battle] == [block.tokens for block in bare], "not the same batches"
    ratios = [ours.rate / plain.rate for ours, plain in zip(battle, bare, strict=True)]
    ours, plain = median(block.rate for block in battle), median(block.rate for block in bare)
    overall = sum(b.seconds for b in bare) / sum(b.seconds for b in battle)
    return Row(
        what="tokens/s of a battle ÷ bare torch loop (Muon, one thread)",
        measured=f"{ours:,.0f} ÷ {plain:,.0f} tokens/s; all blocks together {overall:.3f}; "
        f"by CPU time {by_cpu(battle, bare):.2f}",
        value=median(ratios),
        unit="",
        n=len(ratios),
        at_least=0.95,
        details={
            "ratios": ratios,
            "battle": [asdict(block) for block in battle],
            "bare": [asdict(block) for block in bare],
            "checkpoint_stalls_s": stalls,
        },
    )
