"""Campaigns to their level caps as a table, as JSON and as pictures. Knows courses, no realm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.campaign_reads import Course
from realm.cli.verdict_view import slope_in_words

GATE = 0.80
COLUMNS = (
    *("hero", "parameters", "mastered", "cap", "kind", "tokens", "last promotion at", "minutes of battle"),
    "evaluations",
)


def to_json(hero: str, parameters: int, course: Course) -> dict[str, Any]:
    """Everything a campaign's row and curves are made of. `effects`: of the interventions since the last promotion."""
    verdict, climb = course.verdict, course.climb
    evidence = verdict["body"]["evidence"] if verdict else climb["evidence"] if climb else None
    return {
        "hero": hero,
        "parameters": parameters,
        "campaign": course.campaign_id,
        "mastered": max((each.level for each in course.mastered), default=0),
        "tokens": round(course.tokens),
        "seconds": round(course.seconds, 1),
        "state": climb["state"] if climb else None,
        "missing": climb["missing"] if climb else [],
        "verdict": verdict,
        "last_promotion_tokens": round(course.mastered[-1].tokens) if course.mastered else None,
        "evidence": evidence,
        "effects": evidence["effects"] if evidence else [],
        "interventions": course.interventions,
        "evaluations": [asdict(each) for each in course.evaluations],
    }


def print_table(console: Console, rows: list[dict[str, Any]]) -> None:
    """A row a hero, with the tokens at its verdict; then what it was given by, what was tried, and how accuracy changed
    with it."""
    table = Table(title="Campaigns on BIN", title_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("hero", "kind") else "right")
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)
    for row in rows:
        if not row["verdict"] and row["missing"]:
            console.print(f"{row['hero']}: {row['state']}, lacks {'; '.join(row['missing'])}", highlight=False)
        if row["evidence"]:
            console.print(f"{row['hero']}: {evidence_in_words(row['evidence'])}", highlight=False)
        for each in row["effects"]:
            console.print(f"{row['hero']}: {effect_in_words(each)}", highlight=False)


def _cells(row: Mapping[str, Any]) -> list[str]:
    verdict = row["verdict"]
    cap = f"{verdict['cap_level']}–{verdict['cap_level'] + 1}" if verdict else "–"
    return [
        row["hero"],
        f"{row['parameters']:,}",
        str(row["mastered"]),
        "–" if verdict and verdict["kind"] == "ladder_exhausted" else cap,
        verdict["kind"] if verdict else f"no verdict: {row['state'] or 'not begun'}",
        f"{verdict['tokens'] if verdict else row['tokens']:,}",
        "–" if row["last_promotion_tokens"] is None else f"{row['last_promotion_tokens']:,}",
        f"{row['seconds'] / 60:.1f}",
        f"{len(row['evaluations']):,}",
    ]


def evidence_in_words(evidence: Mapping[str, Any]) -> str:
    """Tokens since the last promotion; in the newer half of these accuracy on new problems, its slope, and accuracy on
    problems that were trained on."""
    said = [
        f"level {evidence['level']}",
        f"{evidence['tokens_since']:,} tokens since the last promotion or reopening, a level's: "
        f"{evidence['level_tokens']:,}",
        f"accuracy {_share(evidence['correct'], evidence['n'])}",
        f"slope {slope_in_words(evidence['slope']) or 'not known'}",
        f"on problems trained on {_share(evidence['train_correct'], evidence['train_n'])}",
    ]
    return "; ".join(said)


def _share(correct: int, n: int) -> str:
    return f"{correct / n:.3f} ({correct:,} of {n:,})" if n else "not asked"


def effect_in_words(effect: Mapping[str, Any]) -> str:
    """An intervention: accuracy before, accuracy at its end, the difference with its 95 % interval."""
    if not effect["measured"]:
        return f"{effect['kind']}, not measured"
    before, after = effect["before_correct"] / effect["before_n"], effect["after_correct"] / effect["after_n"]
    interval = f"{100 * effect['low']:+.1f} to {100 * effect['high']:+.1f}"
    return f"{effect['kind']}: {before:.3f} → {after:.3f}, {100 * (after - before):+.1f} points ({interval})"


def draw(folder: Path, courses: Mapping[str, Course]) -> list[str]:
    """The pictures' names: levels against tokens and against seconds of battle, and each hero's accuracy."""
    from benchmarks.plots import draw_climb, draw_tries

    title = "BIN levels mastered, unattended"
    for name, unit, scale in (("tokens", "million tokens", 1e-6), ("seconds", "seconds of battle", 1.0)):
        curves = {
            hero: [(getattr(each, name) * scale, each.level) for each in course.mastered]
            for hero, course in courses.items()
        }
        ends = {hero: getattr(course, name) * scale for hero, course in courses.items()}
        draw_climb(folder / f"campaigns-{name}.png", curves, title, unit, ends)
    for hero, course in courses.items():
        points = [(each.tokens / 1e6, each.correct / each.n, each.mastered) for each in course.evaluations]
        spans = [
            (each["kind"], each["began_tokens"] / 1e6, (each["ended_tokens"] or course.tokens) / 1e6)
            for each in course.interventions
        ]
        draw_tries(folder / f"accuracy-{hero}.png", points, spans, f"{hero}: accuracy", GATE)
    return ["campaigns-tokens.png", "campaigns-seconds.png", *(f"accuracy-{hero}.png" for hero in courses)]
