"""How far a hero climbs unattended in a real realm: `python -m benchmarks.learning_curve --help`.

The realm's files stay in --home: run again with the same folder, it goes on where it was. Time is that of its
attempts, from the begin of each to its end, the start of its processes included: what passes between two runs of this
program does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.campaign_reads import battle_clock, campaign_of, is_held, moment, reading
from benchmarks.own_realm import OwnRealm, own_realm
from benchmarks.report import machine
from realm.home import RealmHome

POLL_S = 2.0
PROBLEMS = 100
GATE = 0.80


@dataclass(frozen=True, slots=True)
class Mastery:
    """A level with what it had cost when it was mastered: seconds of battle and campaign steps."""

    skill: str
    level: int
    seconds: float
    step: int


def main() -> int:
    """Exit status: 0 = it ran to its end, whatever was reached."""
    asked = _arguments()
    for name in [name for name in os.environ if name.startswith(("REALM_", "RAY_"))]:
        del os.environ[name]
    console = Console()
    home = RealmHome(asked.home.resolve())
    home.root.mkdir(parents=True, exist_ok=True)
    with own_realm(keep=home.root) as realm:
        realm.enable_only(asked.skills)
        if is_held(home, campaign_of(home)):
            realm.cli("battle", "resume")
        _climb(realm, home, asked, console)
    masteries, seconds = read_masteries(home)
    retention = {skill: measure_retention(home, skill, asked.retain) for skill in asked.skills}
    report = {
        "machine": machine(),
        "seconds": seconds,
        "masteries": [[each.skill, each.level, each.seconds, each.step] for each in masteries],
        "retention": retention,
    }
    (home.root / "learning_curve.json").write_text(json.dumps(report, indent=1))
    _print(console, masteries, seconds, retention)
    _draw(home, masteries, retention)
    console.print(
        f"written to {home.root}: learning_curve.json and .png, accuracy.png, retention.png",
        markup=False,
        highlight=False,
    )
    return 0


def read_masteries(home: RealmHome) -> tuple[list[Mastery], float]:
    """Every mastered level in order, and all seconds of battle; an attempt under way counts to its last metrics."""
    with reading(home) as connection:
        elapsed = battle_clock(connection, campaign_of(home))
        mastered = connection.execute("select at, data from events where kind = 'level.mastered' order by seq")
        events = [(moment(at), json.loads(data)) for at, data in mastered.fetchall()]
    found = [Mastery(data["skill_id"], data["level"], elapsed(at), data["step"]) for at, data in events]
    return found, elapsed(float("inf"))


def read_evaluations(home: RealmHome) -> dict[str, list[tuple[float, float]]]:
    """Skill → (seconds of battle, accuracy) of each evaluation; nobody asks for others than the training level."""
    found: dict[str, list[tuple[float, float]]] = {}
    with reading(home) as connection:
        elapsed = battle_clock(connection, campaign_of(home))
        rows = connection.execute("select skill_id, created_at, correct, n from evaluations order by id")
        for skill, at, correct, n in rows.fetchall():
            found.setdefault(skill, []).append((elapsed(moment(at)), correct / n))
    return found


def measure_retention(home: RealmHome, skill_id: str, up_to: int) -> dict[int, float]:
    """Accuracy of the newest checkpoint at each level up to `up_to`, of PROBLEMS of the eval split and a seed that no
    evaluation has."""
    import torch

    from realm.inference.evaluation import evaluate
    from realm.models.chat import spells
    from realm.models.hero import load_hero
    from skills import get_engine

    torch.set_num_threads(1)
    hero = load_hero(home.current_model.resolve(), torch.float32, torch.device("cpu"))
    skill = get_engine().get(skill_id)
    symbols = spells(hero.tokenizer, skill.symbol_alphabet)
    levels = range(1, min(up_to, skill.max_level) + 1)
    return {level: evaluate(hero, skill, level, PROBLEMS, 987_654, 1, symbols).accuracy for level in levels}


def _climb(realm: OwnRealm, home: RealmHome, asked: argparse.Namespace, console: Console) -> None:
    """Watch until the time of battle is up or the level is reached.

    Raises:
        RuntimeError: the campaign is blocked.
    """
    told = 0
    while True:
        time.sleep(POLL_S)
        masteries, seconds = read_masteries(home)
        for each in masteries[told:]:
            console.print(f"{each.seconds:7.1f} s  step {each.step:6d}  {each.skill} {each.level}", highlight=False)
        told = len(masteries)
        campaign = realm.state()["campaign"]
        if campaign["momentum"] == "blocked":
            raise RuntimeError(f"The campaign is blocked: {campaign['momentum_reason']}")
        reached = {each.skill: each.level for each in masteries}
        if seconds >= asked.minutes * 60 or reached.get(asked.skills[0], 0) >= asked.until:
            return


def _print(console: Console, masteries: list[Mastery], seconds: float, retention: dict[str, dict[int, float]]) -> None:
    table = Table(title=f"Levels mastered in {seconds:.0f} s of battle", title_justify="left")
    for name in ("skill", "level", "seconds", "step", "accuracy at the end"):
        table.add_column(name, justify="left" if name == "skill" else "right")
    for each in masteries:
        kept = retention.get(each.skill, {}).get(each.level)
        shown = "–" if kept is None else f"{kept:.2f}"
        table.add_row(each.skill, str(each.level), f"{each.seconds:.1f}", str(each.step), shown)
    console.print(table)
    for skill, levels in retention.items():
        mastered = {each.level for each in masteries if each.skill == skill}
        kept = {level: value for level, value in levels.items() if level in mastered}
        if kept:
            weakest = min(kept, key=lambda level: kept[level])
            below = [level for level, value in kept.items() if value < GATE]
            console.print(
                f"{skill}: {len(mastered)} levels mastered, {len(kept)} of them measured at the end: "
                f"{len(kept) - len(below)} are ≥ {GATE:.2f}; weakest: level {weakest} with {kept[weakest]:.2f} of "
                f"{PROBLEMS} problems",
                highlight=False,
            )


def _draw(home: RealmHome, masteries: list[Mastery], retention: dict[str, dict[int, float]]) -> None:
    from benchmarks.plots import draw_accuracy, draw_bars, draw_climb

    curves: dict[str, Any] = {}
    for each in masteries:
        curves.setdefault(each.skill, []).append((each.seconds, each.level))
    draw_climb(home.root / "learning_curve.png", curves, "Levels mastered, unattended", "seconds of battle")
    gates = {skill: [seconds for seconds, _ in points] for skill, points in curves.items()}
    title = "Each evaluation at the training level; a dot where a level was mastered"
    draw_accuracy(home.root / "accuracy.png", read_evaluations(home), gates, title, "seconds of battle", GATE)
    draw_bars(home.root / "retention.png", retention, "Accuracy at the end", GATE)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning_curve", description="Measure the climb.")
    parser.add_argument("--home", type=Path, required=True, help="folder of the realm; run again, it goes on")
    parser.add_argument("--minutes", type=float, default=45.0, help="of battle in all (default 45)")
    parser.add_argument("--until", type=int, default=30, metavar="LEVEL", help="of the first skill (default 30)")
    parser.add_argument("--retain", type=int, default=20, metavar="LEVEL", help="measure 1 to LEVEL at the end")
    parser.add_argument("--skills", nargs="+", default=["bin"], help="enabled skills (default bin)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
