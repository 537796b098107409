"""The mix of generated quests against a uniform one, on the same budget and seeds: `python -m benchmarks.mixes --help`.

In one process, without a realm: the same hero, batches and evaluations, in which only the mix differs. A budget is a
number of non-padding tokens, prompts included, so that neither contestant gains from a quiet machine. Each run's curve
is kept in --out under what it was made with: a run that is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from hashlib import blake2b
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.climbs import SKILL, Trainee
from realm.rules.schedule import Mix, MixKind
from skills import get_engine

MIXES = {"learnable": Mix(), "uniform": Mix(kind=MixKind.UNIFORM)}
STEPS_APART = 15
"""Steps between two evaluations: about a second, as in a realm."""
GATE = 0.80


def climb(mix_name: str, seed: int, million_tokens: float) -> dict[str, Any]:
    """Train one hero for the budget: its masteries, and its accuracy at every level it mastered at the end."""
    from realm.catalog import hero_spec

    with tempfile.TemporaryDirectory() as folder:
        trainee = Trainee(hero_spec("mote"), seed, Path(folder) / "hero", MIXES[mix_name])
        state = trainee.climb
        while state.tokens < million_tokens * 1e6:
            trainee.train()
            if state.step % STEPS_APART == 0:
                trainee.review(state.step // STEPS_APART)
                trainee.evaluate(state.step // STEPS_APART)
        final = {level: sum(trainee.asked(level, 100, 987_654, 1)) / 100 for level, _, _ in state.mastered}
    return {"mix": mix_name, "seed": seed, "tokens": state.tokens, "mastered": state.mastered, "final": final}


def main() -> int:
    """Exit status: 0 = it ran to its end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mixes", description="Compare two mixes.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs' curves; those there are kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--million-tokens", type=float, default=8.0, help="budget of each run (default 8)")
    parser.add_argument("--processes", type=int, default=2, help="runs at the same time, one thread each (default 2)")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    wanted = [(mix, seed, asked.million_tokens, asked.out) for seed in asked.seeds for mix in MIXES]
    with ProcessPoolExecutor(asked.processes) as pool:
        runs = list(pool.map(_run, wanted))
    _print(Console(), runs, asked)
    return 0


def _run(arguments: tuple[str, int, float, Path]) -> dict[str, Any]:
    """The curve that is kept in the folder, or a new one, kept there."""
    mix, seed, million_tokens, folder = arguments
    made_with = f"{MIXES[mix]}/{get_engine().get(SKILL).fingerprint}"
    mark = blake2b(made_with.encode(), digest_size=4).hexdigest()
    path = folder / f"{mix}-{seed}-{million_tokens:g}M-{mark}.json"
    if not path.exists():
        staging = path.with_suffix(".part")
        staging.write_text(json.dumps(climb(mix, seed, million_tokens)))
        staging.rename(path)
    return json.loads(path.read_text())


def _print(console: Console, runs: list[dict[str, Any]], asked: argparse.Namespace) -> None:
    from benchmarks.plots import draw_bars, draw_climb

    table = Table(title=f"{asked.million_tokens:g}M tokens, seeds {asked.seeds}", title_justify="left")
    for name in ("level", *(f"{mix}: M tokens (median, of {len(asked.seeds)})" for mix in MIXES)):
        table.add_column(name, justify="right")
    top = max((level for run in runs for level, _, _ in run["mastered"]), default=0)
    for level in range(1, top + 1):
        table.add_row(str(level), *(_cost(runs, mix, level) for mix in MIXES))
    console.print(table)
    for mix in MIXES:
        mine = [run for run in runs if run["mix"] == mix]
        levels = [len(run["mastered"]) for run in mine]
        kept = [sum(value >= GATE for value in run["final"].values()) / max(1, len(run["final"])) for run in mine]
        means = [sum(run["final"].values()) / max(1, len(run["final"])) for run in mine]
        console.print(
            f"{mix}: levels mastered {levels} (median {median(levels)}); of them still ≥ {GATE:.2f} at the end: "
            f"{', '.join(f'{each:.0%}' for each in kept)}; their mean accuracy {', '.join(f'{m:.3f}' for m in means)}",
            highlight=False,
        )
    curves = {
        f"{run['mix']} #{at}": [(tokens / 1e6, level) for level, tokens, _ in run["mastered"]]
        for mix in MIXES
        for at, run in enumerate((run for run in runs if run["mix"] == mix), 1)
    }
    draw_climb(asked.out / "mixes.png", curves, "BIN levels mastered by mix", "million tokens")
    final = {mix: _mean_final([run for run in runs if run["mix"] == mix]) for mix in MIXES}
    draw_bars(
        asked.out / "mixes-retention.png",
        final,
        "Accuracy at the end, mean over the seeds that mastered the level",
        GATE,
    )


def _cost(runs: list[dict[str, Any]], mix: str, level: int) -> str:
    costs = [
        tokens / 1e6 for run in runs if run["mix"] == mix for number, tokens, _ in run["mastered"] if number == level
    ]
    return f"{median(costs):.2f} ({len(costs)})" if costs else "–"


def _mean_final(runs: list[dict[str, Any]]) -> dict[int, float]:
    levels = sorted({int(level) for run in runs for level in run["final"]})
    found = {level: [run["final"][str(level)] for run in runs if str(level) in run["final"]] for level in levels}
    return {level: sum(values) / len(values) for level, values in found.items()}


if __name__ == "__main__":
    sys.exit(main())
