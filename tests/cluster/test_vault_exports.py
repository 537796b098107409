"""Exports and imports of a running realm, through its command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from huggingface_hub import ModelCard
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.conftest import RunningRealm

EXAMPLE = Path(__file__).parents[2] / "examples" / "find_best_checkpoint.py"


def test_a_checkpoint_goes_out_and_comes_back(realm: RunningRealm) -> None:
    name = realm.wait(lambda s: s["latest_checkpoint"] is not None, "a checkpoint")["latest_checkpoint"]["id"]
    row = realm.json("vault", "export", name)
    assert row["state"] == "completed"
    assert row["bytes_done"] == row["bytes_total"]
    folder = Path(row["path"])
    assert folder.parent == realm.home / "exports"
    assert ModelCard.load(folder / "README.md").data.library_name == "transformers"
    assert AutoModelForCausalLM.from_pretrained(folder).config.model_type == "qwen3"
    assert AutoTokenizer.from_pretrained(folder).chat_template
    answer = realm.json("vault", "import", str(folder))
    # The campaign has begun: the model is kept for another.
    assert answer["checkpoint"] is None
    assert answer["asset"]["data"]["architecture"] == "Qwen3ForCausalLM"
    assert (Path(answer["path"]) / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_the_example_names_the_best_checkpoint(realm: RunningRealm) -> None:
    realm.wait(lambda s: s["champion"] is not None, "a champion", 240)
    done = subprocess.run([sys.executable, EXAMPLE], env=realm.env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f"folder: {realm.home}/checkpoints/" in done.stdout
    assert "exam accuracy 0." in done.stdout or "exam accuracy 1." in done.stdout
