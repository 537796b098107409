"""One contestant of the comparison with TRL, in a process of its own: a battle, or SFTTrainer in one of its layouts."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import torch

from benchmarks.battle import Stopwatch, fight
from benchmarks.lanes import Turn
from benchmarks.material import LEVEL, Material, config, context, load_material

TRL_QUESTS = 4
"""Quests that SFTTrainer has as its dataset; it goes through them again and again."""
ENDLESS = 1_000_000


def main() -> None:
    """argv[1]: JSON with `material`, `kind`, `out`."""
    order = json.loads(sys.argv[1])
    turn = Turn()
    torch.set_num_threads(1)
    material = load_material(Path(order["material"]))
    kind, _, variant = order["kind"].partition(":")
    if kind == "battle":
        fight(material.hero(), material, variant, Path(order["out"]), turn.wait)
    else:
        train(material, variant, order["out"], turn)


def train(material: Material, variant: str, out: str, turn: Turn) -> None:
    """SFTTrainer on the examples of the first quests, a block being as many optimizer steps as a quest has."""
    from datasets import Dataset
    from transformers import AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    class Blocks(TrainerCallback):
        """Hands the turn over every `material.steps` steps, and once more when training is about to begin."""

        trainer: SFTTrainer
        watch: Stopwatch
        tokens: int = 0

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            control.should_training_stop = not turn.wait(None)
            self.watch = Stopwatch()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step % material.steps:
                return
            # SFTTrainer counts the non-padding tokens itself, at every step.
            total = int(self.trainer._total_train_tokens)
            block = self.watch.block(material.steps, total - self.tokens)
            control.should_training_stop = not turn.wait(block)
            self.tokens, self.watch = total, Stopwatch()

    blocks = Blocks()
    rows = [example.messages for number in range(TRL_QUESTS) for example in material.examples(number)]
    if variant == "sorted_windows":
        rows = [rows[index] for index in _sorted_windows(material, rows)]
    blocks.trainer = SFTTrainer(
        model=str(material.base),
        args=SFTConfig(output_dir=out, **arguments(material, variant)),
        train_dataset=Dataset.from_list([{"messages": messages} for messages in rows]),
        processing_class=AutoTokenizer.from_pretrained(material.base),
        callbacks=[blocks],
    )
    blocks.trainer.train()


def arguments(material: Material, variant: str) -> dict[str, Any]:
    """SFTConfig of a variant. `shipped` sets only what makes it the same training: data, batch size, rate, device."""
    settings = config()
    same = {
        "per_device_train_batch_size": settings.training.batch_size,
        "assistant_only_loss": True,
        "learning_rate": material.spec.learning_rate,
        "max_steps": ENDLESS,
        "use_cpu": True,
    }
    if variant == "shipped":
        return same
    tuned = {
        **same,
        "gradient_checkpointing": False,
        "bf16": False,
        "logging_strategy": "no",
        "save_strategy": "no",
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
        "lr_scheduler_type": "constant",
    }
    if variant == "group_by_length":
        return {**tuned, "train_sampling_strategy": "group_by_length"}
    if variant == "sorted_windows":
        return {**tuned, "train_sampling_strategy": "sequential"}
    assert variant == "packed"
    longest = context(material)
    mean = _mean_length(material)
    rows = max(1, round(settings.training.batch_size * mean / longest))
    return {**tuned, "packing": True, "max_length": longest, "per_device_train_batch_size": rows}


def _sorted_windows(material: Material, rows: list[Any]) -> list[int]:
    """The rows in batches of one length each: sorted inside the battle's windows, the batches of a window shuffled."""
    from realm.training.batches import windows

    size = config().training.batch_size
    lengths = _lengths(material, TRL_QUESTS)
    assert len(lengths) == len(rows)
    rng = random.Random(LEVEL)
    order: list[int] = []
    for window in windows(len(lengths), size, rng):
        ordered = sorted(window, key=lambda row: lengths[row])
        batches = [ordered[at : at + size] for at in range(0, len(ordered), size)]
        rng.shuffle(batches)
        order += [row for batch in batches for row in batch]
    return order


def _mean_length(material: Material) -> float:
    lengths = _lengths(material, 1)
    return sum(lengths) / len(lengths)


def _lengths(material: Material, quests: int) -> list[int]:
    """Tokens of each example of the first quests."""
    from transformers import AutoTokenizer

    from realm.training.encoding import encode

    tokenizer = AutoTokenizer.from_pretrained(material.base)
    examples = [example for number in range(quests) for example in material.examples(number)]
    return [len(row.ids) for row in encode(examples, tokenizer, context(material))]


if __name__ == "__main__":
    main()
