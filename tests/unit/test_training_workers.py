"""Two train workers do what one does: the same gradients over the same batches."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

SCRIPT = """
import sys, torch
from pathlib import Path
from safetensors.torch import save_file
from realm.catalog import hero_spec
from realm.config import RealmConfig
from realm.quests import Example
from realm.training.batches import collate
from realm.training.encoding import encode
from realm.training.settings import make_engine, open_hero
from skills import get_engine, training_examples

torch.set_num_threads(1)
source, out = Path(sys.argv[1]), Path(sys.argv[2])
spec = hero_spec("mote")
config = RealmConfig(training={"optimizer": "adamw", "warmup_steps": 0})
hero = open_hero(spec, source)
engine = make_engine(hero, spec, config)
problems = training_examples(get_engine().get("bin"), {2: 15, 3: 35}, 1)
rows = encode([Example.from_row(p.as_training_example()) for p in problems], hero.tokenizer, 512)
for chunk in (rows[:16], rows[16:33], rows[33:34], rows[34:]):
    engine.step(collate(chunk, 0))
if engine.rank == 0:
    weights = {name: p.detach().clone() for name, p in hero.model.named_parameters()}
    save_file(weights, out)
if engine.world_size > 1:
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
"""


def run(workers: int, source: Path, out: Path) -> dict[str, torch.Tensor]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    processes = []
    for rank in range(workers):
        env = dict(os.environ)
        if workers > 1:
            env |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(workers), "RANK": str(rank)}
            env |= {"LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(workers)}
        command = [sys.executable, "-c", SCRIPT, str(source), str(out)]
        processes.append(subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True))
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors[-3000:]
    return load_file(out)


def test_two_workers_train_as_one(mote_folder: Path, tmp_path: Path) -> None:
    one = run(1, mote_folder, tmp_path / "one.safetensors")
    two = run(2, mote_folder, tmp_path / "two.safetensors")
    start = load_file(mote_folder / "model.safetensors")
    for name, value in one.items():
        assert not torch.equal(value, start[name]), name
        moved = (value - start[name]).abs().mean()
        assert (value - two[name]).abs().mean() == pytest.approx(0, abs=float(moved) * 0.02), name
