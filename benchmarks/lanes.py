"""Contestants in processes of their own that take turns: one runs a block while all others wait. Knows no contestant.

The parent writes "go", the child runs one block and answers a line of JSON. Whatever else a child prints goes to its
log, so that a progress bar cannot be taken for an answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks import ROOT
from benchmarks.battle import Block

END_TIMEOUT_S = 30.0


class Lane:
    """The parent's side of one contestant. It starts at once; `ready` waits until it may run its first block."""

    def __init__(self, name: str, module: str, order: dict[str, Any], log: Path) -> None:
        self.name = name
        self.log = log
        self.blocks: list[Block] = []
        with log.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, json.dumps(order)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            )

    def __enter__(self) -> Lane:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End the child: without another "go" it returns by itself."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ready(self) -> None:
        """Return once the contestant has set itself up."""
        self._answer()

    def run(self) -> Block:
        """Let it run one block while this process waits."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        block = Block(**self._answer())
        self.blocks.append(block)
        return block

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended: {self.log.read_text(errors='replace')[-2000:]}")
        return json.loads(line)


class Turn:
    """The child's side."""

    def __init__(self) -> None:
        # From now on stdout leads to the log.
        self.channel = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def wait(self, block: Block | None) -> bool:
        """Hand over the block that ended (None = set up and ready) and wait for the next turn; False = no more."""
        self.channel.write(json.dumps(asdict(block) if block else {}) + "\n")
        self.channel.flush()
        return sys.stdin.readline() == "go\n"
