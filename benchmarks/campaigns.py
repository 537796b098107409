"""Heroes' campaigns on BIN to their level caps, unattended, in a real realm: `python -m benchmarks.campaigns --help`.

One hero after the other, in one realm whose files stay in --home: run again with the same folder, it goes on where it
was, and heroes with a verdict are not run again. The realm decides; this program starts it, watches, and reports.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.campaign_reads import Course, campaign_of, is_held, read_course
from benchmarks.campaign_report import draw, print_table, to_json
from benchmarks.own_realm import OwnRealm, own_realm
from benchmarks.report import machine
from realm.catalog import hero_spec
from realm.home import RealmHome

SKILL = "bin"
POLL_S = 5.0
SILENCE_S = 300.0
"""Without an answer for so long, the realm is given up."""


def main() -> int:
    """Exit status: 0 = every hero has a verdict, 3 = some budget was over before."""
    asked = _arguments()
    for name in [name for name in os.environ if name.startswith(("REALM_", "RAY_"))]:
        del os.environ[name]
    console = Console(width=None if sys.stdout.isatty() else 160)
    home = RealmHome(asked.home.resolve())
    home.root.mkdir(parents=True, exist_ok=True)
    rows, pictures = _write(home, asked.heroes)
    for hero in asked.heroes:
        _run(home, hero, asked.budget_minutes * 60, lambda line: console.print(line, markup=False, highlight=False))
        rows, pictures = _write(home, asked.heroes)
    print_table(console, rows)
    console.print(f"written to {home.root}: campaigns.json, {', '.join(pictures)}", markup=False, highlight=False)
    return 0 if all(_course(home, hero).verdict for hero in asked.heroes) else 3


def _run(home: RealmHome, hero: str, budget_s: float, tell: Callable[[str], None]) -> None:
    """Bring the hero's campaign to its verdict, or to the end of its budget."""
    before = _course(home, hero)
    if before.verdict:
        tell(f"{hero}: {before.verdict['words']}; not run again")
        return
    if before.seconds >= budget_s:
        tell(f"{hero}: the budget of {budget_s / 60:g} minutes of battle is over, no verdict")
        return
    tell(f"{hero}: starting, {before.seconds / 60:.1f} of {budget_s / 60:g} minutes of battle")
    with own_realm("--hero", hero, keep=home.root) as realm:
        realm.enable_only([SKILL])
        campaign = campaign_of(home, hero)
        if is_held(home, campaign):
            realm.cli("battle", "resume")
        _watch(realm, home, hero, budget_s, tell)
        row = realm.cli("campaign", "verdict", campaign, "--json")
    (home.root / f"{hero}.json").write_text(row)


def _watch(realm: OwnRealm, home: RealmHome, hero: str, budget_s: float, tell: Callable[[str], None]) -> None:
    """Until there is a verdict or the time of battle is up.

    Raises:
        RuntimeError: the campaign is blocked, or the realm has not answered for SILENCE_S.
    """
    told, heard = len(_course(home, hero).mastered), time.monotonic()
    said = ""
    while True:
        time.sleep(POLL_S)
        course = _course(home, hero)
        for each in course.mastered[told:]:
            tell(f"{hero}: level {each.level} after {each.tokens:,.0f} tokens, {each.seconds / 60:.1f} minutes")
        told = len(course.mastered)
        state = f"{course.climb['state']}{' '.join(['', *_tries(course)])}" if course.climb else ""
        if state != said:
            tell(f"{hero}: {state} at {course.tokens:,.0f} tokens, {course.seconds / 60:.1f} minutes")
            said = state
        if course.verdict:
            tell(f"{hero}: {course.verdict['words']}")
            return
        if course.seconds >= budget_s:
            tell(f"{hero}: the budget of {budget_s / 60:g} minutes of battle is over, no verdict")
            return
        try:
            campaign = realm.state()["campaign"]
            heard = time.monotonic()
        except OSError as error:
            if time.monotonic() - heard > SILENCE_S:
                raise RuntimeError(f"The realm has not answered for {SILENCE_S:g} s: {error}") from error
            continue
        if campaign["momentum"] == "blocked":
            raise RuntimeError(f"The campaign is blocked: {campaign['momentum_reason']}")


def _tries(course: Course) -> list[str]:
    """The intervention under way."""
    return [each["kind"] for each in course.interventions if each["ended_at"] is None]


def _course(home: RealmHome, hero: str) -> Course:
    return read_course(home, campaign_of(home, hero), SKILL)


def _write(home: RealmHome, heroes: list[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Write the report and the pictures as of now; their rows and names."""
    courses = {hero: _course(home, hero) for hero in heroes}
    rows = [to_json(hero, hero_spec(hero).parameters, course) for hero, course in courses.items()]
    report = {"machine": machine(), "skill": SKILL, "heroes": rows}
    (home.root / "campaigns.json").write_text(json.dumps(report, indent=1))
    return rows, draw(home.root, courses)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.campaigns", description="Run campaigns to their level caps."
    )
    parser.add_argument("--home", type=Path, required=True, help="folder of the realm; run again, it goes on")
    parser.add_argument("--heroes", nargs="+", default=["mote-20k", "mote-100k"], help="one after the other")
    parser.add_argument(
        "--budget-minutes", type=float, default=60.0, metavar="N", help="of battle, for each hero (default 60)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Interrupted: the realm has stopped. Run again with the same folder, it goes on where it was.")
