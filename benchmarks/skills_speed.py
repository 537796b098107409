"""Problems and grades a second of one core: BIN over all its levels, SY at level 20 and along its ladder.

A second is one of CPU time, which a busy machine does not stretch; by the clock is said beside it. Each figure is the
median of several runs, after one that does not count; each that generates has a seed of its own. A run of BIN makes as
many problems of each level. Grading takes right, wrong and malformed responses to problems of every level.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.report import Row
from skills import get_engine
from skills.problem import Split
from skills.skill import Skill

RUNS, BIN_COUNT, SY_COUNT, LADDER_COUNT, GRADED = 7, 600, 1_500, 200, 20_000
SY_LEVELS = (1, 10, 20, 30, 40, 50)
SPLITS: tuple[Split, Split] = ("train", "eval")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second of this process's CPU time, and by the clock."""

    by_cpu: float
    by_clock: float


def measure(quick: bool, tell: Callable[[str], None]) -> list[Row]:
    """Rates of generating and grading."""
    scale = 50 if quick else 1
    runs = 2 if quick else RUNS
    skills = get_engine()
    tell("BIN problems")
    rows = [_bin(skills.get("bin"), runs, max(1, BIN_COUNT // scale))]
    tell("SY problems")
    rows += _sy(skills.get("sy"), runs, SY_COUNT // scale, LADDER_COUNT // scale)
    for skill in (skills.get("bin"), skills.get("sy")):
        tell(f"grading {skill.name}")
        rows.append(_grading(skill, runs, GRADED // scale))
    return rows


def _bin(skill: Skill, runs: int, count: int) -> Row:
    levels = {level: _generate(skill, level, "train", runs, count) for level in skill.levels}
    # As many problems of each level: the time of all is the sum of the times of one.
    mixed = [_harmonic([rates[run] for rates in levels.values()]) for run in range(runs)]
    medians = {level: median(rate.by_cpu for rate in rates) for level, rates in levels.items()}
    slowest = min(medians, key=lambda level: medians[level])
    return Row(
        what=f"BIN problems/s of one core, levels 1–{skill.max_level} in equal parts",
        measured=f"slowest level {slowest}: {medians[slowest]:,.0f}; median level {median(medians.values()):,.0f}; "
        f"by the clock {median(rate.by_clock for rate in mixed):,.0f}",
        value=median(rate.by_cpu for rate in mixed),
        unit="/s",
        n=runs,
        at_least=20_000,
        details={"levels": medians, "runs": [rate.by_cpu for rate in mixed]},
    )


def _sy(skill: Skill, runs: int, count: int, ladder_count: int) -> list[Row]:
    rates = _generate(skill, 20, "train", runs, count)
    ladder = {
        (level, split): median(rate.by_cpu for rate in _generate(skill, level, split, runs, ladder_count))
        for level in SY_LEVELS
        for split in SPLITS
    }
    train = " · ".join(f"{level}: {ladder[level, 'train']:,.0f}" for level in SY_LEVELS)
    slowest = min(ladder, key=lambda each: ladder[each])
    return [
        Row(
            what="SY problems/s of one core, level 20, proven",
            measured=f"by the clock {median(rate.by_clock for rate in rates):,.0f}",
            value=median(rate.by_cpu for rate in rates),
            unit="/s",
            n=runs,
            at_least=1_000,
            details={"runs": [rate.by_cpu for rate in rates]},
        ),
        Row(
            what="SY problems/s of one core, slowest of its ladder",
            measured=f"training {train}; slowest: level {slowest[0]}, {slowest[1]}",
            value=ladder[slowest],
            unit="/s",
            n=runs,
            details={f"{level} {split}": rate for (level, split), rate in ladder.items()},
        ),
    ]


def _grading(skill: Skill, runs: int, count: int) -> Row:
    problems = [
        problem
        for level in skill.levels
        for problem in skill.generate(level, max(1, count // skill.max_level // 3), 1, "eval")
    ]
    asked = [
        (problem, text)
        for problem in problems
        for text in (problem.response, f"{problem.response} {problem.answer}", f"<think>{problem.prompt}")
    ]

    def grade(_: int) -> None:
        for problem, text in asked:
            skill.grade(problem, text)

    rates = _rates(grade, len(asked), runs)
    return Row(
        what=f"{skill.name} answers graded/s of one core",
        measured=f"a third of them right; by the clock {median(rate.by_clock for rate in rates):,.0f}",
        value=median(rate.by_cpu for rate in rates),
        unit="/s",
        n=runs,
        at_least=100_000,
        details={"runs": [rate.by_cpu for rate in rates]},
    )


def _generate(skill: Skill, level: int, split: Split, runs: int, count: int) -> list[Rate]:
    def generate(seed: int) -> None:
        skill.generate(level, count, seed, split)

    return _rates(generate, count, runs)


def _rates(work: Callable[[int], None], count: int, runs: int) -> list[Rate]:
    """Rates of `work(seed)`, which does `count` of something; the first run is not counted."""
    rates: list[Rate] = []
    for seed in range(runs + 1):
        clock, cpu = time.perf_counter(), time.process_time()
        work(seed)
        rates.append(Rate(count / max(time.process_time() - cpu, 1e-9), count / (time.perf_counter() - clock)))
    return rates[1:]


def _harmonic(rates: Sequence[Rate]) -> Rate:
    """The rate of doing as many of each."""
    return Rate(
        len(rates) / sum(1 / rate.by_cpu for rate in rates), len(rates) / sum(1 / rate.by_clock for rate in rates)
    )
