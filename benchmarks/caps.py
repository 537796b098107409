"""Heroes' climbs of BIN to their level caps, in one process each, without a realm: `python -m benchmarks.caps --help`.

What a campaign does in small: evaluations are recorded, `realm.rules.level_cap` decides on them, and interventions are
carried out. Each run's record is kept in --out under what it was made with: a run that is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.cap_watch import CapWatch
from benchmarks.climbs import SKILL, Trainee
from realm.catalog import HeroSpec, hero_spec
from realm.rules.climb import CapRule, InterventionKind, Observation
from realm.rules.interventions import EASIER, UNCHANGED, TrainingChange, training_change
from realm.rules.level_cap import Verdict
from realm.rules.schedule import Mix
from skills import get_engine

TOKENS_APART = 60_000
"""Training tokens between two evaluations: 2 to 3 s of a small hero."""
PROBLEMS = 100


def climb(
    spec: HeroSpec, seed: int, million_tokens: float, rule: CapRule, tell: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Train one hero until the rule gives a verdict, or for the budget. `tell` hears each evaluation."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        trainee = Trainee(spec, seed, Path(folder) / "hero", Mix())
        watch = CapWatch(trainee.skill.name, trainee.skill.max_level, rule)
        change = UNCHANGED
        rows: list[dict[str, Any]] = []
        while watch.decision.verdict is None and trainee.climb.tokens < million_tokens * 1e6:
            goal = trainee.climb.tokens + TOKENS_APART
            while trainee.climb.tokens < goal:
                trainee.train(change)
            before = watch.under_way
            seen, promoted = _observe(trainee, len(rows) + 1, watch.decision.ask_training)
            watch.see(seen, promoted)
            rows.append(asdict(seen) | {"promoted": promoted, "state": watch.decision.state, "tries": watch.under_way})
            tell(rows[-1] | {"cpu_seconds": time.process_time() - began})
            if watch.under_way != before:
                change = _change(watch)
                trainee.mix = EASIER if watch.under_way == InterventionKind.EASIER_MIX else Mix()
                trainee.leave_quest()
        verdict = watch.decision.verdict
        return {
            "hero": spec.id,
            "seed": seed,
            "parameters": trainee.hero.parameters,
            "tokens": trainee.climb.tokens,
            "cpu_seconds": time.process_time() - began,
            "mastered": trainee.climb.mastered,
            "rows": rows,
            "interventions": [asdict(each) for each in watch.interventions],
            "missing": watch.decision.missing,
            "verdict": verdict.to_json() if verdict else None,
        }


def _change(watch: CapWatch) -> TrainingChange:
    """What the intervention that has just begun changes in the step loop."""
    evidence = watch.decision.evidence
    if watch.under_way is None or evidence is None:
        return UNCHANGED
    span = round(watch.rule.intervention_multiple * evidence.level_tokens)
    return training_change(watch.under_way, watch.interventions[-1].began_tokens, span)


def _observe(trainee: Trainee, number: int, ask_training: bool) -> tuple[Observation, bool]:
    """The evaluation of this number with what is asked beside it, and whether its level is mastered now."""
    level, shares = trainee.climb.level, trainee.shares
    reviewed = trainee.review(number)
    trained = trainee.asked(level, PROBLEMS, 5_000_000 + number, None, "train") if ask_training else []
    correct, promoted = trainee.evaluate(number)
    seen = Observation(
        trainee.climb.step,
        trainee.climb.tokens,
        level,
        len(correct),
        sum(correct),
        len(trained),
        sum(trained),
        reviewed[0] if reviewed else None,
        len(reviewed[1]) if reviewed else 0,
        sum(reviewed[1]) if reviewed else 0,
        shares.get(level, 0.0),
        sum(share for at, share in shares.items() if at < level),
    )
    return seen, promoted


def main() -> int:
    """Exit status: 0 = it ran to its end, with or without verdicts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.caps", description="Climb to level caps.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs' records; those there are kept")
    parser.add_argument("--heroes", nargs="+", default=["mote-20k", "mote-100k"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--million-tokens", type=float, default=60.0, help="budget of each run (default 60)")
    parser.add_argument("--processes", type=int, default=2, help="runs at the same time, one thread each (default 2)")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    wanted = [(hero, seed, asked.million_tokens, asked.out) for seed in asked.seeds for hero in asked.heroes]
    with ProcessPoolExecutor(asked.processes) as pool:
        runs = list(pool.map(_run, wanted))
    _print(Console(), runs)
    return 0


def _run(arguments: tuple[str, int, float, Path]) -> dict[str, Any]:
    """The record that is kept in the folder, or a new one, kept there."""
    hero, seed, million_tokens, folder = arguments
    made_with = f"{hero_spec(hero)}/{CapRule()}/{get_engine().get(SKILL).fingerprint}"
    mark = blake2b(made_with.encode(), digest_size=4).hexdigest()
    path = folder / f"{hero}-{seed}-{million_tokens:g}M-{mark}.json"
    if not path.exists():
        staging = path.with_suffix(".part")
        with path.with_suffix(".log").open("w", buffering=1) as log:
            run = climb(hero_spec(hero), seed, million_tokens, CapRule(), lambda row: print(json.dumps(row), file=log))
        staging.write_text(json.dumps(run))
        staging.rename(path)
    return json.loads(path.read_text())


def _print(console: Console, runs: list[dict[str, Any]]) -> None:
    table = Table(title="Climbs of BIN to their level caps", title_justify="left")
    for name in ("hero", "seed", "parameters", "mastered", "M tokens", "last promotion at", "CPU s", "verdict"):
        table.add_column(name, justify="left" if name in ("hero", "verdict") else "right")
    for run in sorted(runs, key=lambda run: (run["parameters"], run["seed"])):
        last = run["mastered"][-1] if run["mastered"] else (0, 0, 0)
        verdict = Verdict.from_json(run["verdict"]).words if run["verdict"] else f"none: {'; '.join(run['missing'])}"
        numbers = (run["seed"], f"{run['parameters']:,}", last[0], f"{run['tokens'] / 1e6:.1f}", f"{last[1] / 1e6:.1f}")
        table.add_row(run["hero"], *map(str, numbers), f"{run['cpu_seconds']:.0f}", verdict)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
