"""A real realm from the outside: its start, its memory at rest, its climb, what it costs to look at it.

Two realms, one after the other, each new and its own. The first is started without generated quests, so that it rests:
memory. The second is started as anybody would start it and fights unattended up to level 12; then 20 tabs are opened.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import psutil

from benchmarks import ROOT
from benchmarks.books import Books, read_books, read_stalls
from benchmarks.own_realm import OwnRealm, own_realm
from benchmarks.report import Row, p95, spread

LEVEL_LIMITS_S = {1: 20.0, 5: 75.0, 12: 240.0}
TABS = 20
WATCHED = ("web_host", "herald")
"""The Tavern's process and the one that makes what it shows."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to look."""

    levels: tuple[int, ...]
    climb_limit_s: float
    rest_s: float
    watch_s: float


FULL = Plan(levels=(1, 5, 12), climb_limit_s=300.0, rest_s=60.0, watch_s=20.0)
QUICK = Plan(levels=(1,), climb_limit_s=150.0, rest_s=8.0, watch_s=4.0)


def measure(quick: bool, tell: Tell) -> list[Row]:
    """Start, rest, climb, tabs."""
    plan = QUICK if quick else FULL
    tell("starting a realm without generated quests")
    with own_realm("--no-auto") as realm:
        resting_start = realm.start_seconds
        tell(f"started in {resting_start:.1f} s; letting it rest")
        memory = _memory_row(realm, plan, "at rest", 1.8)
    tell("starting a realm as it comes")
    with own_realm() as realm:
        started = realm.start_seconds
        tell(f"started in {started:.1f} s; climbing to level {max(plan.levels)}")
        climbed = realm.wait(lambda state: _level(state) >= max(plan.levels), plan.climb_limit_s)
        tell(f"level {_level(realm.state())} mastered; opening {TABS} tabs" if climbed else "time is up; opening tabs")
        books = read_books(realm.home)
        tabs = _tabs_row(realm, plan)
        # A pause saves one more checkpoint, and waits until it is on disk.
        realm.cli("battle", "pause")
        stalls = read_stalls(realm.home)
        loaded = _memory_row(
            realm, plan, "while a battle is paused: the evaluating worker has torch and the hero loaded"
        )
    return [
        Row(
            what="realm start to every service healthy",
            measured=f"{started:.1f} s with generated quests, {resting_start:.1f} s without",
            value=max(started, resting_start),
            unit="s",
            n=2,
            at_most=30,
        ),
        *_level_rows(books, plan),
        *_change_rows(books),
        _stall_row(stalls),
        _evaluation_row(books),
        memory,
        loaded,
        tabs,
        _rate_row(books),
    ]


def _level(state: dict[str, Any]) -> int:
    return int(state["skills"]["bin"]["mastered_level"])


def _level_rows(books: Books, plan: Plan) -> list[Row]:
    return [
        Row(
            what=f"first training step to BIN level {level} mastered",
            measured=f"{books.levels[level]:.1f} s after the first quest began"
            if level in books.levels
            else f"not within {plan.climb_limit_s:.0f} s; level {max(books.levels, default=0)} was",
            # A level that was not reached missed its limit: the time spent on it is a lower bound.
            value=books.levels.get(level, plan.climb_limit_s),
            unit="s",
            n=1,
            at_most=LEVEL_LIMITS_S[level],
            details={"levels": books.levels, "first_message_s": books.first_message},
        )
        for level in plan.levels
    ]


def _change_rows(books: Books) -> list[Row]:
    changes = books.changes
    lost = sum(changes.gaps)
    return [
        Row(
            what="gap between two quests: last step to first step (p95)",
            measured=spread(changes.gaps, "s"),
            value=p95(changes.gaps) if changes.gaps else None,
            unit="s",
            n=len(changes.gaps),
            at_most=0.5,
            details={"seconds": changes.gaps},
        ),
        Row(
            what="share of a battle's time in these gaps",
            measured=f"{lost:.2f} s of {changes.fighting:.0f} s",
            value=100 * lost / changes.fighting if changes.gaps else None,
            unit="%",
            n=len(changes.gaps),
            at_most=1,
        ),
        Row(
            what="what a change of quest costs in all, from the metrics around it",
            measured=f"{spread(changes.cost, 's')}; {sum(changes.cost):.2f} s of {changes.fighting:.0f} s",
            value=median(changes.cost) if changes.cost else None,
            unit="s",
            n=len(changes.cost),
            details={"seconds": changes.cost},
        ),
    ]


def _stall_row(stalls: list[float]) -> Row:
    return Row(
        what="training stall per checkpoint (max)",
        measured=spread(stalls, "ms", 1000),
        value=1000 * max(stalls) if stalls else None,
        unit="ms",
        n=len(stalls),
        at_most=50,
        details={"seconds": stalls},
    )


def _evaluation_row(books: Books) -> Row:
    return Row(
        what="100-problem evaluation in the worker, training beside it (p95)",
        measured=spread(books.evaluations, "s"),
        value=p95(books.evaluations) if books.evaluations else None,
        unit="s",
        n=len(books.evaluations),
        at_most=0.5,
        details={"seconds": books.evaluations},
    )


def _rate_row(books: Books) -> Row:
    rates = books.tokens_per_second
    return Row(
        what="tokens/s of the realm's own battle, worker and services beside it",
        measured=spread(rates, "tokens/s"),
        value=median(rates) if rates else None,
        unit="",
        n=len(rates),
    )


def _memory_row(realm: OwnRealm, plan: Plan, when: str, at_most: float | None = None) -> Row:
    """Sum of PSS over the head's session, once it has stopped moving."""
    totals: list[int] = []
    parts: Counter[str] = Counter()
    titles = {f"ray::{name.title().replace('_', '')}" for name in realm.state()["services"]}
    deadline = time.monotonic() + plan.rest_s
    while time.monotonic() < deadline:
        parts = _pss(realm)
        totals.append(parts.total())
        newest = totals[-5:]
        if len(newest) == 5 and max(newest) - min(newest) < 0.005 * max(newest) and len(totals) > 10:
            break
        time.sleep(2.0)
    settled = median(totals[-5:])
    services = [size for name, size in parts.items() if name.split()[0] in titles]
    return Row(
        what=f"memory of the services (sum of PSS) {when}",
        measured=f"{len(services)} service actors {sum(services) / 1e9:.2f} GB, {len(parts) - len(services)} processes "
        f"of Ray {(settled - sum(services)) / 1e9:.2f} GB",
        value=settled / 1e9,
        unit="GB",
        n=len(totals[-5:]),
        at_most=at_most,
        details={"processes_mb": {name: round(size / 1e6, 1) for name, size in parts.most_common()}},
    )


def _pss(realm: OwnRealm) -> Counter[str]:
    """Bytes by kind of process."""
    found: Counter[str] = Counter()
    for process in realm.processes():
        try:
            title = " ".join(process.cmdline())
            name = title.split()[0].partition(".")[0] if title.startswith("ray::") else process.name()
            found[f"{name} {process.pid}"] = int(process.memory_full_info().pss)
        except psutil.NoSuchProcess:
            continue
    return found


def _tabs_row(realm: OwnRealm, plan: Plan) -> Row:
    """CPU time of the Tavern's process and of Herald, without tabs and with them, the battle going on."""
    processes = {name: realm.service(name) for name in WATCHED}
    before = _cpu_share(processes, plan.watch_s)
    clients = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.tabs", realm.tavern, str(TABS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        # What opening them costs, the whole loss curve for each, is not what keeping them open costs.
        time.sleep(min(5.0, plan.watch_s))
        after = _cpu_share(processes, plan.watch_s)
    finally:
        answers, _ = clients.communicate(timeout=60)
    said = json.loads(answers)
    net = {name: after[name] - before[name] for name in WATCHED}
    return Row(
        what=f"{TABS} open tabs: CPU of the Tavern's process and of Herald, of one core",
        measured=f"web_host {after['web_host']:.1f} % ({before['web_host']:.1f} without tabs), herald "
        f"{after['herald']:.1f} % ({before['herald']:.1f}); {said['failures']} of "
        f"{said['states']['n'] + said['losses']['n']} polls failed",
        value=None if said["failures"] else sum(net.values()),
        unit="%",
        n=TABS,
        at_most=10,
        details={"without": before, "with": after, "answers": said, "plan": asdict(plan)},
    )


def _cpu_share(processes: dict[str, psutil.Process], seconds: float) -> dict[str, float]:
    """Percent of one core that each process used over `seconds`."""

    def used() -> dict[str, float]:
        return {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}

    began, first = time.monotonic(), used()
    time.sleep(seconds)
    last, elapsed = used(), time.monotonic() - began
    return {name: 100 * (last[name] - first[name]) / elapsed for name in processes}
