"""A double of the realm's actors for tests of the Guild page: fixed, realistic answers, and jobs that end.

`python tests/browser/guild_fixture.py busy 8899` serves it for a look. Scenarios: fresh, bare, busy.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from random import Random
from typing import Any

import uvicorn
from fastapi import APIRouter

from realm.errors import ClusterError, NotFoundError, RealmError
from realm.rules.passives import PassiveMode, PassiveResult, PassiveState, advance, compared, pool_of
from realm.rules.progression import wilson_interval
from serve.tavern.app import create_app

Json = dict[str, Any]
STEP = 127_418
AT = "2026-11-24T{:02d}:{:02d}:07+00:00"
BIN_LEVELS = (
    *("inc, 2 bits", "add, 2 bits", "add, 3 bits", "and/or/xor, 4 bits", "add, 4 bits", "sub, 4 bits"),
    *("not/shift, 5 bits", "add/sub, 5 bits", "compare, 5 bits", "add, 6 bits", "sub, 6 bits", "and/or/xor, 7 bits"),
    *("max/min, 6 bits", "add/sub, 7 bits", "popcount, 6 bits", "mul, 3 × 2 bits", "add/sub, 8 bits"),
    *("mul, 3 × 3 bits", "mixed, 8 bits", "three operands add, 5 bits", "mul, 4 × 3 bits", "add/sub, 10 bits"),
    *("div, 5 by 3 bits", "mul, 4 × 4 bits", "mod, 6 by 3 bits", "add/sub, 12 bits", "three operands add, 8 bits"),
    *("mul, 6 × 4 bits", "add/sub, 16 bits", "all, signed, 16 bits"),
)
SY_LEVELS = [
    title
    for count, title in (
        (4, "two words, first letters and lengths"),
        (5, "three words, with definitions"),
        (10, "four words, masked clues, a red herring"),
        (10, "five words, rhymes and clues cut short"),
        (10, "six words, any clue, four red herrings"),
        (11, "eight to ten words, more than half of the signal lost"),
    )
    for _ in range(count)
]
GYM = (
    ("rg_chain_sum", "Chain sum", "arithmetic", "Sums and differences of several numbers"),
    ("rg_gcd", "Greatest common divisor", "arithmetic", "The greatest common divisor of two or more numbers"),
    ("rg_propositional_logic", "Propositional logic", "logic", "What follows from the premises given"),
    ("rg_syllogism", "Syllogism", "logic", "Whether a conclusion follows from two premises"),
    ("rg_knights_knaves", "Knights and knaves", "logic", "Who lies and who tells the truth"),
    ("rg_spiral_matrix", "Spiral matrix", "algorithmic", "The numbers of a matrix in a spiral"),
    ("rg_base_conversion", "Base conversion", "algorithmic", "Numbers from one base to another"),
    ("rg_word_ladder", "Word ladder", "language", "From one word to another, a letter at a time"),
    ("rg_mini_sudoku", "Mini sudoku", "games", "Sudoku of four by four"),
    ("rg_countdown", "Countdown", "games", "Reach a number with the four operations"),
)
REPEATING_LEVEL = 24
"""A level of BIN whose sample problems are one problem thrice, as those of its train split may be."""
REMEDY = "reasoning-gym is not installed. pip install 'realm[reasoning-gym]', then restart the realm."
PRIMITIVES = {
    "arithmetic": (
        "add_single_digit_no_carry add_single_digit_with_carry add_two_digit sub_single_digit sub_two_digit "
        "mul_single_digit div_exact compare_integers parity digit_sum modulo",
        (91, 74, 48, 83, 31, 22, 17, 88, 95, 40, 12),
    ),
    "binary": (
        "binary_add_no_carry binary_add_with_carry binary_sub_no_borrow binary_sub_with_borrow bitwise_and bitwise_or "
        "bitwise_xor binary_compare binary_to_decimal decimal_to_binary",
        (99, 96, 97, 89, 98, 98, 94, 92, 35, 27),
    ),
    "logic": (
        "truth_table_basic implication_eval modus_ponens modus_tollens syllogism_all syllogism_some de_morgan",
        (66, 58, 71, 44, None, None, None),
    ),
    "string": (
        "reverse_string count_char substring_check sort_letters palindrome_check string_length",
        (62, 55, 78, 19, 81, 69),
    ),
    "code": ("trace_assignment trace_if_else trace_loop_fixed eval_bool_expr function_call_trace", (None,) * 5),
}
PASSIVES = (
    ("arithmetic", 60, 68), ("binary_arithmetic", 84, 84), ("code_trace", 16, 20), ("combinatorics", 24, 28),
    ("counting", 32, 88), ("language_basics", 36, 36), ("logic", 64, 68), ("memory", 72, 76), ("sequence", 48, 56),
    ("string_craft", 68, 72), ("word_puzzles", 44, 48),
)  # fmt: skip
"""Passives, and their accuracy in percent over the newest ten runs and over those before."""
CHOICES = {
    "strategy": (
        ("equal", "Equal", "Each enabled skill gets the same share."),
        ("focus", "Focus", "One skill gets 80 %, the others share the rest."),
        ("weighted", "Weighted", "Shares in proportion to the skills’ priorities, 1 to 9."),
        ("lowest_first", "Lowest first", "The skill with the smallest part of its ladder mastered gets 80 %."),
    ),
    "preset": (
        ("climb", "Climb", "What can be learned now, 15 % replay."),
        ("consolidate", "Consolidate", "A fifth of the training replays mastered levels; nothing of the next level."),
        ("catch_up", "Catch up", "The skill that is furthest behind comes first."),
        ("uniform", "Uniform", "Every level the same: the comparison."),
    ),
}
BIN_PROBLEMS = (
    ("Count the ones: ①⓪①①⓪①", "①⓪⓪", "①⓪⓪"),
    ("Count the ones: ①①①①①⓪", "①⓪①", "①⓪⓪"),
    ("Count the ones: ⓪①⓪⓪①⓪", "①⓪", "①⓪"),
    ("🐱=⓪, 🐶=①\nCount the ones: 🐶🐱🐶🐶🐶🐶", "🐶🐱🐶", "🐶🐶🐱🐶"),
    ("Count the ones: ①①⓪①⓪①", "①⓪⓪", ""),
)
SY_PROBLEM = (
    "Find the words. Every syllable is used once.\n1. starts with g, 6 letters: a green place beside a house\n"
    "2. starts with w, 6 letters: glass in a wall\nSyllables: dow, den, win, gar"
)


def result(step: int, level: int, correct: int, n: int = 100, **more: Any) -> Json:
    low, high = wilson_interval(correct, n)
    at = AT.format(4 + step // 30_000 % 20, step // 500 % 60)
    row = {"step": step, "level": level, "n": n, "correct": correct, "accuracy": correct / n, "low": low, "high": high}
    return row | {"at": at} | more


def choices(kind: str) -> list[Json]:
    return [dict(zip(("id", "title", "about"), entry, strict=True)) for entry in CHOICES[kind]]


def skill_row(skill_id: str, name: str, category: str, about: str, top: int, icon: str, colour: str) -> Json:
    nothing = {"window": [], "window_mean": None, "recent": [], "primitives": [], "sparring": None}
    return {
        "id": skill_id, "name": name, "description": about, "category": category, "icon": icon, "colour": colour,
        "enabled": False, "available": True, "unavailable_reason": None, "priority": 5, "share": 0.0,
        "max_level": top, "mastered_level": 0, "training_level": 1, "level_title": f"{category}, level 1",
        "level_titles": [f"{category}, level {level}" for level in range(1, top + 1)], "memorizable": False,
        "threshold": 0.8, "xp": 0,
    } | nothing  # fmt: skip


def climb(skill: Json, passed: dict[int, int], last: list[Json]) -> None:
    """Evaluations up to now: `passed` level → step at which it was mastered, then `last`, the window."""
    rng = Random(skill["id"])
    recent: list[Json] = []
    before = 0
    for level, step in passed.items():
        for share, low in ((0.35, 30), (0.6, 52), (0.8, 72), (0.9, 80), (1.0, 86)):
            correct = min(100, low + rng.randrange(9))
            at = before + int((step - before) * share)
            recent.append(result(at, level, correct, mastered_level=level if share == 1.0 else None))
        before = step
    skill["recent"] = [*recent, *({**row, "mastered_level": None} for row in last)][-60:]
    skill["window"] = last
    skill["window_mean"] = sum(row["accuracy"] for row in last) / len(last) if last else None
    skill["mastered_level"] = max(passed)
    skill["training_level"] = max(passed) + 1


class GuildDouble:
    """`TavernBackend` from memory. `refusal` is raised by the next write; what is `down` ("guild", "job") does not
    answer. Each reading of the guild moves the jobs on, but for those that wait while it `holds_jobs`."""

    upload_limit_bytes = 1_000_000

    def __init__(self, scenario: str) -> None:
        self.refusal: RealmError | None = None
        self.holds_jobs = False
        self.down: set[str] = set()
        self.answered: dict[int, int] = {}
        """Right answers of 300 at a level, where a test wants them so."""
        self.result_more: Json = {}
        """What results of jobs hold beside the ordinary."""
        self.calls: list[tuple[Any, ...]] = []
        self.jobs: dict[str, Json] = {}
        self.step = 0 if scenario == "fresh" else STEP
        self.skills = self._skills(scenario)
        self.strategy: Json = {"name": "equal", "focus": None, "choices": choices("strategy")}
        self.mix: Json = {"replay_share": 0.15, "next_share": 0.075, "kind": "learnable"}
        self.preset: Json = {"name": "climb", "choices": choices("preset")}
        self.primitives = [row for track in PRIMITIVES for row in self._track(track, asked=self.step > 0)]
        self.passives = [self._passive(*entry) for entry in PASSIVES]
        self.limits: Json = {"priorities": list(range(1, 10)), "sparring_problems": 1000, "window": 3,
                             "pooled_runs": 10, "pooled_problems": 50}  # fmt: skip
        self.sessions = [] if scenario == "fresh" else [self._session(124_500, 44, 22), self._session(120_000, 31, 27)]
        by_id = {row["id"]: row for row in self.primitives}
        if self.step:
            for skill_id, tracks in (("bin", ("binary", "arithmetic")), ("sy", ("string",))):
                mine = [row for row in by_id.values() if row["track"] in tracks and row["window_n"]]
                mine.sort(key=lambda row: row["window_accuracy"])
                fields = ("id", "track", "title", "window_n", "window_correct", "window_accuracy", "low", "high")
                self.skill(skill_id)["primitives"] = [{name: row[name] for name in fields} for row in mine[:8]]
            self.skill("bin")["sparring"] = self.sessions[0]
        self._share()

    # The fixed part

    def _skills(self, scenario: str) -> list[Json]:
        bin_ = skill_row("bin", "BIN", "arithmetic", "Binary arithmetic in circled digits", 30, "rune-bin", "#8fbcf0")
        sy = skill_row("sy", "SY", "language", "Word puzzles from shuffled syllables", 50, "rune-sy", "#d9a5f0")
        colours = ("#8fd3b4", "#8fd3b4", "#e7b46a", "#e7b46a", "#e7b46a", "#7fd0dd", "#7fd0dd", "#e9a3c0", "#b7d37a")
        gym = [
            skill_row(skill_id, name, category, about, 10, f"rune-{category}", colour)
            for (skill_id, name, category, about), colour in zip(GYM, (*colours, colours[-1]), strict=True)
        ]
        if scenario == "bare":
            for row in gym:
                row |= {"available": False, "unavailable_reason": REMEDY}
        bin_["enabled"] = True
        bin_["level_titles"], sy["level_titles"] = list(BIN_LEVELS), list(SY_LEVELS)
        bin_["level_title"], sy["level_title"] = BIN_LEVELS[0], SY_LEVELS[0]
        if scenario == "fresh":
            bin_["memorizable"] = True
            return [bin_, sy, *gym]
        sy["enabled"] = scenario == "busy"
        climb(bin_, {10: 92_000, 11: 98_000, 12: 104_500, 13: 111_000, 14: 121_200},
              [result(125_000, 15, 71), result(126_000, 15, 78), result(127_000, 15, 82)])  # fmt: skip
        bin_ |= {"xp": 9412, "level_title": BIN_LEVELS[14]}
        if scenario == "busy":
            climb(sy, {1: 31_000, 2: 61_000, 3: 105_500}, [result(125_500, 4, 61), result(126_500, 4, 64)])
            sy |= {"xp": 3077}
        return [bin_, sy, *gym]

    def _track(self, track: str, asked: bool) -> list[Json]:
        names, values = PRIMITIVES[track]
        rows = []
        for name, correct in zip(names.split(), values, strict=True):
            rng = Random(name)
            n = 0 if correct is None or not asked else 14 if name == "sort_letters" else 100
            right = round((correct or 0) * n / 100)
            low, high = wilson_interval(right, n) if n else (None, None)
            history = [
                {"step": 1000 * k, "n": 20, "correct": min(20, max(0, correct // 5 + rng.randrange(-3, 4)))}
                for k in range(107, 128)
                if correct is not None and n
            ]
            rows.append({
                "id": f"{track}/{name}@1", "track": track, "title": name.replace("_", " "), "attempts": n and 100 * n,
                "correct": 70 * right, "window_n": n, "window_correct": right,
                "window_accuracy": right / n if n else None, "low": low, "high": high, "history": history,
            })  # fmt: skip
        return rows

    def _passive(self, name: str, now: int, before: int) -> Json:
        row: Json = {"id": f"{name}@3", "title": name.replace("_", " "), "version": 3, "runs": [], "pooled": None,
                     "peak": None, "warning": None}  # fmt: skip
        if not self.step:
            return row
        rng, state, results = Random(name), PassiveState("mote-3", name, 3), list[PassiveResult]()
        for step in range(108_000, 128_000, 1000):
            share = (now if step > 117_000 else before) / 100
            correct = min(5, max(0, round(5 * share + rng.uniform(-1.2, 1.2))))
            row["runs"].append(result(step, 0, correct, 5, mode="lite"))
            made = datetime(2026, 11, 24, tzinfo=UTC)
            results.append(PassiveResult("mote-3", name, 3, PassiveMode.LITE, step, 5, correct, str(step), made))
            state, _ = advance(state, pool_of(results))
        row["runs"].insert(15, result(122_500, 0, round(0.3 * (100 - now)), 30, mode="full"))
        pooled, peak = pool_of(results), state.peak
        assert pooled is not None
        assert peak is not None
        row["pooled"], row["peak"] = ({**result(each.step, 0, each.correct, each.n)} for each in (pooled, peak))
        row["warning"] = compared(pooled, peak) if state.regressed else None
        return row

    def _session(self, step: int, first: int, second: int) -> Json:
        return {"skill_id": "bin", "level": 14, "step": step, "n": 100, "first_correct": first,
                "second_correct": second, "mistakes": 100 - first, "quest_id": "5f0c2a9e11d84b07",
                "reason": "", "at": AT.format(20, step // 500 % 60)}  # fmt: skip

    # What the page asks for

    def skill(self, skill_id: str) -> Json:
        for row in self.skills:
            if row["id"] == skill_id:
                return row
        known = ", ".join(row["id"] for row in self.skills)
        raise NotFoundError(f"Skill {skill_id!r} does not exist.", f"The known ones are: {known}.")

    def usable(self, skill_id: str) -> Json:
        """The skill, if this machine has what it takes."""
        skill = self.skill(skill_id)
        if not skill["available"]:
            problem, _, remedy = REMEDY.partition(". ")
            raise NotFoundError(f"Skill {skill_id!r} is not available: {problem}.", remedy)
        return skill

    def _share(self) -> None:
        on = [row for row in self.skills if row["enabled"] and row["available"]]
        strategy, focus = self.strategy["name"], self.strategy["focus"]
        for row in self.skills:
            weights = {"weighted": row["priority"] / (sum(each["priority"] for each in on) or 1)}
            if strategy == "focus" and len(on) > 1 and focus in [each["id"] for each in on]:
                weights["focus"] = 0.8 if row["id"] == focus else 0.2 / (len(on) - 1)
            row["share"] = weights.get(strategy, 1 / len(on) if on else 0.0) if row in on else 0.0

    def _open(self) -> list[Json]:
        return [
            {key: job[key] for key in ("type", "skill_id", "status", "job_id", "error")}
            for job in self.jobs.values()
            if job["status"] in ("pending", "running")
        ]

    def _advance(self) -> None:
        for job in self.jobs.values():
            if job["status"] == "running":
                job |= {"status": "completed", "result": self._finish(job)}
            elif job["status"] == "pending" and not self.holds_jobs:
                job["status"] = "running"

    def _finish(self, job: Json) -> Json:
        if job["type"] == "sparring":
            session = self._session(self.step, 52, 19) | {"skill_id": job["skill_id"]} | self.result_more
            self.sessions.insert(0, session)
            self.skill(job["skill_id"])["sparring"] = session
            return session
        if job["type"] == "passive_eval":
            return {"n": 55}
        skill = self.skill(job["skill_id"])
        row = result(self.step, job["level"] or skill["training_level"], 83)
        skill["recent"] = [*skill["recent"], {**row, "mastered_level": None}]
        if row["level"] == skill["training_level"]:
            skill["window"] = [*skill["window"], row][-3:]
            skill["window_mean"] = sum(each["accuracy"] for each in skill["window"]) / len(skill["window"])
        told = {key: row[key] for key in ("level", "n", "correct", "accuracy")}
        return told | {"mastered_level": None, "counted": True, "detail": ""} | self.result_more

    def _answer(self, what: str) -> None:
        if what in self.down:
            raise ClusterError("skill_engine does not answer.", "It is brought back by itself; try again in a moment.")

    async def guild(self) -> Json:
        self._answer("guild")
        self._advance()
        return deepcopy({
            "step": self.step, "strategy": self.strategy, "preset": self.preset, "mix": self.mix,
            "limits": self.limits, "skills": self.skills,
            "primitives": self.primitives, "passives": self.passives,
            "open_jobs": self._open(),
        })  # fmt: skip

    async def guild_skill(self, skill_id: str, level: int | None) -> Json:
        skill = self.usable(skill_id)
        shown = level or skill["training_level"]
        if shown > skill["max_level"]:
            raise NotFoundError(
                f"Skill {skill_id!r} has no level {shown}.", f"Its levels are 1 to {skill['max_level']}."
            )
        levels = [self._level(skill, number, title) for number, title in enumerate(skill["level_titles"], 1)]
        problems = (
            [(p, e, e) for p, e, _ in BIN_PROBLEMS] if skill_id == "bin" else [(SY_PROBLEM, "garden\nwindow", "")]
        )
        if shown == REPEATING_LEVEL:
            problems = problems[:1] * 3
        return {
            **deepcopy(skill), "levels": levels,
            "sessions": [session for session in self.sessions if session["skill_id"] == skill_id],
            "samples": self._samples(skill) if self.step and skill["enabled"] else [],
            "examples": [{"level": shown, "prompt": prompt, "response": answer} for prompt, answer, _ in problems[:3]],
        }  # fmt: skip

    def _level(self, skill: Json, number: int, title: str) -> Json:
        mastered, training = skill["mastered_level"], skill["training_level"]
        rng = Random(number)
        asked = number <= training and self.step > 0 and skill["enabled"]
        correct = (
            self.answered.get(number)
            if number in self.answered
            else 231
            if number == training
            else 280 + rng.randrange(20) - (40 if number == 6 else 0)
        )
        weights = {training: 0.55, training + 1: 0.075, 6: 0.12}
        rest = (1 - 0.745) / max(1, training - 2)
        return {
            "level": number, "title": title, "memorizable": skill["id"] == "bin" and number < 10,
            "mastered_at_step": 4000 * number + 700 * (number % 3) if number <= mastered else None,
            "n": 300 if asked else 0, "correct": correct if asked else 0, "accuracy": correct / 300 if asked else None,
            "weight": weights.get(number, rest if number < training else 0.0),
        }  # fmt: skip

    def _samples(self, skill: Json) -> list[Json]:
        if skill["id"] != "bin":
            right = {"prompt": SY_PROBLEM, "answer": "garden\nwindow", "expected": "garden\nwindow", "correct": True}
            return [{"level": 4, "step": 126_500, "at": AT.format(9, 41), "answers": [right | {"reason": ""}]}]
        answers = [
            {"prompt": prompt, "answer": given, "expected": expected, "correct": given == expected,
             "reason": "" if given == expected else "no answer" if not given else f"{given} is not {expected}"}
            for prompt, expected, given in BIN_PROBLEMS
        ]  # fmt: skip
        return [
            {"level": 15, "step": 127_000, "at": AT.format(9, 41), "answers": answers},
            {"level": 14, "step": 121_200, "at": AT.format(7, 2), "answers": answers[:2]},
        ]

    def _write(self, *call: Any) -> None:
        self.calls.append(call)
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal

    async def set_strategy(self, strategy: str, focus: str | None) -> Json:
        self._write("strategy", strategy, focus)
        self.strategy |= {"name": strategy, "focus": focus}
        self.preset["name"] = None
        self._share()
        return {"strategy": strategy, "focus": focus}

    async def set_preset(self, preset: str) -> Json:
        self._write("preset", preset)
        if preset not in {choice["id"] for choice in self.preset["choices"]}:
            raise NotFoundError(f"Preset {preset!r} does not exist.", "The known ones are: climb, consolidate.")
        self.preset["name"] = preset
        self.mix["kind"] = "uniform" if preset == "uniform" else "learnable"
        self.strategy |= {"name": "lowest_first" if preset == "catch_up" else "equal", "focus": None}
        return {"preset": preset}

    async def set_skill(self, skill_id: str, enabled: bool | None, priority: int | None) -> Json:
        self._write("skill", skill_id, enabled, priority)
        skill = self.usable(skill_id)
        skill |= {k: v for k, v in (("enabled", enabled), ("priority", priority)) if v is not None}
        self._share()
        return {"skill_id": skill_id}

    def _queue(self, kind: str, skill_id: str | None, level: int | None = None) -> Json:
        job_id = f"job-{len(self.jobs) + 1}"
        self.jobs[job_id] = {
            "job_id": job_id, "type": kind, "skill_id": skill_id, "status": "pending", "level": level,
            "result": None, "error": None, "cancel_reason": None,
        }  # fmt: skip
        return {"job_id": job_id, "status": "pending"}

    async def evaluate(self, skill_id: str, level: int | None) -> Json:
        self._write("evaluate", skill_id, level)
        return self._queue("eval", self.usable(skill_id)["id"], level)

    async def spar(self, skill_id: str, count: int) -> Json:
        self._write("spar", skill_id, count)
        return self._queue("sparring", self.usable(skill_id)["id"])

    async def run_passives(self, mode: str) -> Json:
        self._write("passives", mode)
        return self._queue("passive_eval", None)

    async def job(self, job_id: str) -> Json:
        self._answer("job")
        if job_id not in self.jobs:
            raise NotFoundError(f"Job {job_id!r} does not exist.", "realm job list shows them.")
        return deepcopy(self.jobs[job_id])

    async def cancel_job(self, job_id: str) -> Json:
        self._write("cancel", job_id)
        self.jobs[job_id] |= {"status": "cancelled", "cancel_reason": "cancelled on the Guild page"}
        return await self.job(job_id)

    # What the rest of the Tavern asks for

    async def state(self) -> Json:
        on = {
            row["id"]: row | {"evaluations": row["window"], "last_accuracy": None}
            for row in self.skills
            if row["enabled"]
        }
        quiet = {"desired_state": "running", "quest": "bin-l15-auto-0044", "quest_id": "q44", "quest_origin": "auto",
                 "skill": "bin", "level": 15, "level_title": "popcount, 6 bits",
                 "step": 100, "steps_total": 240}  # fmt: skip
        return deepcopy({
            "at": AT.format(9, 41), "version": "0.1.0", "home": "~/.realm", "seq": 18204,
            "hero": {"id": "mote", "name": "MOTE", "hero_level": self.step // 1000, "xp": self.step, "formulas": {}},
            "campaign": {"id": "mote-3", "step": self.step, "durable_step": self.step, "state": "active",
                         "momentum": "go", "reason": "", "started_at": AT.format(1, 2)},
            "battle": {"state": "running", "battle_id": "b12", "train_loss": 0.312, "val_loss": 0.347} | quiet,
            "skills": on, "quests": {"queued": 6, "completed": 43}, "champion": None, "latest_checkpoint": None,
            "events": [], "services": {}, "nodes": [], "disk": None,
        })  # fmt: skip

    async def loss(self, after: int) -> Json:
        return {"battle_id": "b12", "points": [], "val": [], "marks": []}

    async def events(self, before: int | None, limit: int) -> list[Json]:
        return []

    async def notices(self, after: int, limit: int) -> Json:
        return {"notices": [], "next_after": after}

    async def honours(self, campaign_id: str | None = None) -> list[Json]:
        return []

    async def visit(self) -> Json:
        return {"id": 1, "first_at": AT.format(9, 41), "last_at": AT.format(9, 41), "dismissed": False}

    async def away(self, since: str | None) -> Json:
        return {"visit": None, "away": None}

    async def dismiss_away(self, visit: int) -> Json:
        return await self.visit()

    async def campaigns(self) -> Json:
        return {"campaigns": [], "waits": None, "hero": "mote", "heroes": []}

    async def campaign(self, campaign_id: str) -> Json:
        raise NotFoundError(f"There is no campaign {campaign_id!r}.", "`realm campaign list` names them.")

    async def quests(self, statuses: list[str], limit: int, offset: int) -> Json:
        return {"quests": [], "total": 0}


@contextmanager
def serving(backend: GuildDouble, port: int = 0, routers: Sequence[APIRouter] = ()) -> Iterator[str]:
    """The Tavern over `backend` and `routers` at a free port: its URL."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", port))
        port = bound.getsockname()[1]
    hosts = {f"127.0.0.1:{port}"}
    app = create_app(backend, version="0.1.0", allowed_hosts=hosts, routers=routers)  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    with serving(GuildDouble(sys.argv[1]), int(sys.argv[2])) as url:
        print(url, flush=True)
        threading.Event().wait()
