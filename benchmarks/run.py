"""Run the benchmarks, print their table, keep the numbers: `python -m benchmarks.run --help`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.report import Row, machine, print_table

PARTS = {
    # First, while this process has not loaded torch: memory that processes share counts for each only in part.
    "realm": "benchmarks.realm_times",
    "skills": "benchmarks.skills_speed",
    "level_cap": "benchmarks.level_cap",
    "jobs": "benchmarks.jobs",
    "ledger": "benchmarks.ledger",
    "transfers": "benchmarks.transfers",
    "throughput": "benchmarks.throughput",
    "engine": "benchmarks.engine",
    "oracle": "benchmarks.oracle",
    "trl": "benchmarks.trl",
}
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Exit status: 0 = every part asked for ran to its end, targets met or missed; 1 = one failed."""
    asked = _arguments()
    # A realm of the person who runs this is not to be touched, nor its settings to be taken over.
    for name in [name for name in os.environ if name.startswith(("REALM_", "RAY_"))]:
        del os.environ[name]
    os.environ["HF_HUB_OFFLINE"] = "1"
    out = Console(width=None if sys.stdout.isatty() else 180)
    err = Console(stderr=True, highlight=False)
    facts = machine()
    rows: list[Row] = []
    parts: dict[str, Any] = {}
    failed = False
    for name in [name for name in PARTS if not asked.only or name in asked.only]:
        began, load = time.monotonic(), os.getloadavg()
        try:
            part = importlib.import_module(PARTS[name])
            found = part.measure(asked.quick, lambda line, name=name: err.print(f"{name}: {line}", markup=False))
        except Exception as error:  # noqa: BLE001 - a part that fails is said, and the others still run
            traceback.print_exc()
            found, failed = [Row(f"{name} failed", f"{type(error).__name__}: {error}", None, "", 0)], True
        rows += found
        parts[name] = {"seconds": round(time.monotonic() - began, 1), "load_before": load}
    print_table(out, rows, facts)
    report = {"machine": facts, "quick": asked.quick, "parts": parts, "rows": [row.to_json() for row in rows]}
    for path in _write(report, asked.json):
        err.print(f"written to {path}", markup=False)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Measure the realm.")
    parser.add_argument("--only", nargs="+", action="extend", choices=PARTS, metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="tiny settings: shows that it runs, measures nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here too")
    return parser.parse_args()


def _write(report: dict[str, Any], also: Path | None) -> list[Path]:
    RESULTS.mkdir(exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}{'-quick' if report['quick'] else ''}.json"
    paths = [RESULTS / name, *([also] if also else [])]
    for path in paths:
        path.write_text(json.dumps(report, indent=1))
    return paths


if __name__ == "__main__":
    sys.exit(main())
