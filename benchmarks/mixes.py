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
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from realm.rules.progression import Change, Evaluation, LevelRule, SkillState, advance
from realm.rules.schedule import Mix, MixKind, level_shares, whole_counts
from skills import Skill, get_engine

if TYPE_CHECKING:
    from realm.config import RealmConfig
    from realm.models.hero import Hero
    from realm.training.batches import Batch

MIXES = {"learnable": Mix(), "uniform": Mix(kind=MixKind.UNIFORM)}
QUEST_STEPS = 48
STEPS_APART = 15
"""Steps between two evaluations: about a second, as in a realm."""
REVIEW_PROBLEMS = 25
"""Problems of a mastered level asked beside each evaluation, as in a realm."""
LATEST = 50
SKILL = "bin"
GATE = 0.80


@dataclass
class Climb:
    """One hero's way up one skill."""

    skill: Skill
    state: SkillState
    step: int = 0
    tokens: int = 0
    results: dict[int, list[tuple[int, int]]] = field(default_factory=dict[int, list[tuple[int, int]]])
    """(asked, right) by level, the newest first: as many as hold LATEST problems."""
    mastered: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """(level, tokens, step)."""

    @property
    def level(self) -> int:
        return self.state.training_level

    def note(self, level: int, correct: list[bool]) -> None:
        kept = [(len(correct), sum(correct))]
        for result in self.results.get(level, []):
            if sum(asked for asked, _ in kept) < LATEST:
                kept.append(result)
        self.results[level] = kept

    def latest(self) -> dict[int, tuple[int, int]]:
        """Level → (asked, right)."""
        return {level: (sum(n for n, _ in kept), sum(c for _, c in kept)) for level, kept in self.results.items()}

    def evaluated(self, fold: int, correct: list[bool]) -> bool:
        """Count an evaluation at the training level; whether it is mastered now."""
        self.note(self.level, correct)
        evaluation = Evaluation(
            campaign_id="",
            skill_id=self.skill.id,
            level=self.level,
            step=self.step,
            n=len(correct),
            correct=sum(correct),
            seed=fold,
            fold=fold,
            job_id="",
            created_at=datetime.now(UTC),
        )
        rule = LevelRule(self.skill.max_level, self.skill.evaluation.threshold)
        self.state, happenings = advance(self.state, evaluation, rule)
        now = [each.level for each in happenings if each.change is Change.LEVEL_MASTERED]
        self.mastered += [(level, self.tokens, self.step) for level in now]
        return bool(now)


def climb(mix_name: str, seed: int, million_tokens: float) -> dict[str, Any]:
    """Train one hero for the budget: its masteries, and its accuracy at every level it mastered at the end."""
    import torch

    from realm.catalog import hero_spec
    from realm.config import RealmConfig
    from realm.inference.evaluation import ask
    from realm.training.settings import make_engine, open_hero, starting_weights

    torch.set_num_threads(1)
    spec = hero_spec("mote")
    config = RealmConfig(training={"seed": seed})  # pyright: ignore[reportArgumentType]
    skill = get_engine().get(SKILL)
    state = Climb(skill, SkillState("", skill.id, skill.max_level))
    with tempfile.TemporaryDirectory() as folder:
        hero = open_hero(spec, starting_weights(spec, config, Path(folder) / "hero"), trains=True)
        engine = make_engine(hero, spec, config)

        def asked(level: int, count: int, number: int, fold: int | None) -> list[bool]:
            problems = skill.generate(level, count, number, "eval", fold=fold, symbols=True)
            with engine.averaged():
                return [answer.grade.correct for answer in ask(hero, skill, problems).answers]

        number = 0
        batches: Iterator[Batch] = iter(())
        while state.tokens < million_tokens * 1e6:
            batch = next(batches, None)
            if batch is None:
                number += 1
                batches = _batches(hero, state, MIXES[mix_name], seed * 100_000 + number, config)
                continue
            hero.model.train()
            engine.step(batch)
            state.step, state.tokens = state.step + 1, state.tokens + batch.tokens
            if state.step % STEPS_APART == 0:
                fold, mastered = state.step // STEPS_APART, state.state.mastered_level
                if mastered:
                    level = mastered - fold % mastered
                    state.note(level, asked(level, REVIEW_PROBLEMS, 1_000_000 + fold, None))
                if state.evaluated(fold, asked(state.level, 100, fold, fold % 3)):
                    batches = iter(())
        final = {level: sum(asked(level, 100, 987_654, 1)) / 100 for level, _, _ in state.mastered}
    return {"mix": mix_name, "seed": seed, "tokens": state.tokens, "mastered": state.mastered, "final": final}


def _batches(hero: Hero, state: Climb, mix: Mix, seed: int, config: RealmConfig) -> Iterator[Batch]:
    """The batches of one generated quest."""
    from realm.quests import Example
    from realm.training.batches import bucket, collate, windows
    from realm.training.encoding import encode
    from skills import training_examples

    skill, size = state.skill, config.training.batch_size
    shares = level_shares(state.state.mastered_level, skill.max_level, state.latest(), mix, skill.evaluation.threshold)
    counts = whole_counts(shares, QUEST_STEPS * size)
    problems = training_examples(skill, counts, seed, symbols=True)
    rows = encode([Example.from_row(each.as_training_example()) for each in problems], hero.tokenizer, 512)
    rng = Random(seed)
    for window in windows(len(rows), size, rng):
        for chosen in bucket([len(rows[at].ids) for at in window], size, rng):
            yield collate([rows[window[at]] for at in chosen], hero.tokenizer.pad_token_id)


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
