"""Rows of the benchmark table and the machine they were measured on. Knows nothing of what is measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

PACKAGES = ("torch", "transformers", "accelerate", "ray", "trl")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `value` is what the limit is held against; None = it could not be measured."""

    what: str
    measured: str
    value: float | None
    unit: str
    n: int
    at_least: float | None = None
    at_most: float | None = None
    details: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {self.unit}".rstrip()
        if self.at_most is not None:
            return f"≤ {self.at_most:g} {self.unit}".rstrip()
        return "–"

    @property
    def shown(self) -> str:
        return "–" if self.value is None else f"{_short(self.value)} {self.unit}".rstrip()

    @property
    def verdict(self) -> str:
        if self.at_least is None and self.at_most is None:
            return "–"
        if self.value is None:
            return "not measured"
        kept = (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )
        return "met" if kept else "missed"

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "target": self.target, "verdict": self.verdict}


def spread(values: Sequence[float], unit: str, scale: float = 1.0) -> str:
    """Median, 95th percentile and largest of `values`, in words."""
    if not values:
        return "none"
    scaled = [value * scale for value in values]
    return f"median {_short(median(scaled))}, p95 {_short(p95(scaled))}, max {_short(max(scaled))} {unit}"


def p95(values: Sequence[float]) -> float:
    """The 95th percentile, interpolated between the values there are; of a single value, itself."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def machine() -> dict[str, Any]:
    """The machine as it is before the benchmarks begin."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)),
        "ram_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def print_table(console: Console, rows: Sequence[Row], facts: dict[str, Any]) -> None:
    """The table and, under it, the machine."""
    table = Table(title="Benchmarks", title_justify="left", show_lines=False)
    for name in ("what", "target", "measured"):
        table.add_column(name, overflow="fold")
    for name in ("ratio / median", "n", ""):
        table.add_column(name, justify="right", no_wrap=True)
    styles = {"met": "green", "missed": "red", "not measured": "yellow"}
    for row in rows:
        style = styles.get(row.verdict, "dim")
        table.add_row(
            row.what, row.target, row.measured, row.shown, str(row.n or "–"), f"[{style}]{row.verdict}[/{style}]"
        )
    console.print(table)
    load = ", ".join(f"{each:.2f}" for each in facts["load_before"])
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    console.print(
        f"{facts['cpu']}, {facts['usable_cores']} of {facts['cores']} cores, {facts['ram_gb']} GB RAM, "
        f"load before {load} (1, 5, 15 min). Python {facts['python']}, {packages}.",
        highlight=False,
    )


def _short(value: float) -> str:
    """Three significant digits, or all of a number of four and more."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
