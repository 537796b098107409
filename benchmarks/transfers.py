"""A checkpoint of 1 GB from one node to another through the object store: how fast, and with how much memory.

Two nodes on this machine, each with folders and an object store of its own; there and back again, so that each side
has been the sender once.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import Row
from tests.cluster.vault_cluster import TwoNodes

MB = 1_000_000
LIMIT_MB = 200.0


def measure(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """One row a direction for the speed, one for the memory of all processes that move bytes."""
    size = 64 * MB if quick else 1000 * MB
    # Ray's sockets want a short path.
    with tempfile.TemporaryDirectory(prefix="realm-t-") as folder:
        nodes = TwoNodes(Path(folder), object_store_mb=200)
        try:
            nodes.call("zones")
            checkpoint = nodes.save(1, size)
            rows: list[Row] = []
            with nodes.watched() as peaks:
                for source, target in (("home", "cellar"), ("cellar", "shelf")):
                    began = time.monotonic()
                    asked = nodes.call("transfer", checkpoint.id, target, source)
                    done = nodes.wait(asked["id"], lambda it: it.state.terminal, timeout=1800)
                    seconds = time.monotonic() - began
                    if done.error:
                        raise RuntimeError(done.error)
                    say(f"{source} to {target}: {seconds:.1f} s")
                    speed = size / MB / seconds
                    what = f"{size / MB:,.0f} MB from {source} to {target}, verified"
                    rows.append(Row(what, f"{seconds:.1f} s", speed, "MB/s", 1))
            peak = max(peaks.values()) / MB
            told = ", ".join(f"{name} {value / MB:.0f} MB" for name, value in peaks.items())
            what = "resident memory above rest while it moves, the larger side"
            rows.append(Row(what, f"{told}; load {os.getloadavg()[0]:.1f}", peak, "MB", 1, at_most=LIMIT_MB))
            return rows
        finally:
            nodes.close()
