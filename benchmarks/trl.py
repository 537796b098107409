"""A battle against TRL's SFTTrainer: non-padding tokens a second on the same data, model, batch size and optimizer.

Each contestant is a process of its own on one torch thread; they take turns block by block, each round in the other
direction. Both train only the assistant's turns with AdamW; the battle with Muon, the hero's own setting, runs beside.
TRL tokenizes its dataset before the clock starts; the battle tokenizes inside its blocks.

As shipped: SFTConfig's defaults (gradient checkpointing, bf16 autocast, random batches, a log line every 10 steps).
Tuned: no gradient checkpointing, no bf16, no logging, no saving, and the fastest of three layouts, chosen by a trial:
`group_by_length`, batches sorted by length inside the battle's windows, and packing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.battle import by_cpu
from benchmarks.lanes import Lane
from benchmarks.material import write_material
from benchmarks.report import Row

STEPS, ROUNDS, TRIALS = 60, 8, 2
LAYOUTS = ("group_by_length", "sorted_windows", "packed")


def measure(quick: bool, tell: Callable[[str], None]) -> list[Row]:
    """Ratios of a battle's rate to that of SFTTrainer, round by round."""
    steps, rounds, trials = (4, 2, 1) if quick else (STEPS, ROUNDS, TRIALS)
    with tempfile.TemporaryDirectory(prefix="realm-bench-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        tell("writing quests")
        # One round more for the warm-up, and the trainer's dataset has to be there.
        write_material(folder, max(rounds + 1, 4), steps)

        def lane(kind: str) -> Lane:
            name = kind.replace(":", "-")
            order = {"material": scratch, "kind": kind, "out": str(folder / name)}
            return stack.enter_context(Lane(name, "benchmarks.trl_lane", order, folder / f"{name}.log"))

        ours, muon, shipped = lane("battle:adamw"), lane("battle:muon"), lane("trl:shipped")
        layouts = {layout: lane(f"trl:{layout}") for layout in LAYOUTS}
        tell(f"setting up {3 + len(layouts)} contestants")
        for each in (ours, muon, shipped, *layouts.values()):
            each.ready()
        trial = _trial(layouts, trials, tell)
        best = max(trial, key=lambda layout: trial[layout])
        taking_turns = [ours, shipped, layouts[best], muon]
        for each in taking_turns:
            each.blocks.clear()
        for number in range(rounds + 1):
            tell(f"round {number + 1} of {rounds + 1}")
            for each in taking_turns if number % 2 else reversed(taking_turns):
                each.run()
    for each in taking_turns:
        # The first round warms up.
        del each.blocks[0]
    details = {
        "trial_tokens_per_second": trial,
        "blocks": {each.name: [asdict(b) for b in each.blocks] for each in taking_turns},
    }
    tuned = layouts[best]
    return [
        _row("tokens/s of a battle ÷ TRL SFTTrainer as shipped (AdamW)", ours, shipped, 1.3, details),
        _row(f"tokens/s of a battle ÷ TRL SFTTrainer tuned: {best} (AdamW)", ours, tuned, 1.1, {}),
        _row("the same with Muon ÷ TRL as shipped with AdamW", muon, shipped, None, {}),
        _row("the same with Muon ÷ TRL tuned with AdamW", muon, tuned, None, {}),
    ]


def _trial(layouts: dict[str, Lane], trials: int, tell: Callable[[str], None]) -> dict[str, float]:
    """Median tokens/s of each layout over a few blocks after one for warming up."""
    for number in range(trials + 1):
        tell(f"trial {number + 1} of {trials + 1} of TRL's layouts")
        for lane in layouts.values():
            lane.run()
    return {layout: median(block.rate for block in lane.blocks[1:]) for layout, lane in layouts.items()}


def _row(what: str, ours: Lane, theirs: Lane, at_least: float | None, details: dict[str, object]) -> Row:
    ratios = [a.rate / b.rate for a, b in zip(ours.blocks, theirs.blocks, strict=True)]
    rates = [median(block.rate for block in lane.blocks) for lane in (ours, theirs)]
    return Row(
        what=what,
        measured=f"{rates[0]:,.0f} ÷ {rates[1]:,.0f} tokens/s; by CPU time {by_cpu(ours.blocks, theirs.blocks):.2f}",
        value=median(ratios),
        unit="",
        n=len(ratios),
        at_least=at_least,
        details={"ratios": ratios, **details},
    )
