"""`realm train`: a checkpoint from one file, without Ray."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from realm.vault.folders import WEIGHTS

RUN = """
import sys
from realm.cli.main import app
try:
    app(sys.argv[1:])
finally:
    print([name for name in sys.modules if name.split(".")[0] in ("ray", "actors")], file=sys.stderr)
"""


def train(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("REALM_", "RAY_"))}
    env |= {"REALM_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    return subprocess.run([sys.executable, "-c", RUN, "train", *args], env=env, capture_output=True, text=True)


def write_sums(path: Path) -> Path:
    rows = [{"question": f"{a}+{b}?", "answer": str(a + b)} for a in range(10) for b in range(10)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_training_saves_a_checkpoint_and_imports_no_ray(tmp_path):
    data, out = write_sums(tmp_path / "sums.jsonl"), tmp_path / "out"
    done = train(tmp_path / "home", "--hero", "mote", "--data", str(data), "--steps", "4", "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["step"], report["checkpoint"]) == (4, str(out / "checkpoint-4"))
    assert report["train_loss"] > 0
    assert (out / "checkpoint-4" / WEIGHTS).is_file()
    assert done.stderr.splitlines()[-1] == "[]"
    assert not (tmp_path / "home").exists()
