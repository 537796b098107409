"""`realm skill grade`: answers of anybody, graded against the very problems that were asked."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from realm.cli.output import Json, add_row, print_json, say, stdout, table
from realm.errors import RequestError

if TYPE_CHECKING:
    from skills.problem import Problem

REPLY = "reply"
"""The field with somebody's answer; a problem's own `answer` is the right one."""


def add_to(app: typer.Typer) -> None:
    """Add the command to `realm skill`."""
    app.command(epilog="Example: realm skill grade bin answered.jsonl")(grade)


def grade(
    skill: Annotated[str, typer.Argument(metavar="SKILL", help="Skill id, as `realm skill list` shows it.")],
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="JSONL; - reads stdin.")],
    level: Annotated[int | None, typer.Option(min=1, help="Refuse problems of any other level.")] = None,
    as_json: Json = False,
) -> None:
    """Grade answers. Each line is one that `realm skill generate --problems` wrote, with the answer as `reply` added.

    Needs no running realm.
    """
    from skills import get_engine

    piped = str(file) == "-"
    if not piped and not file.is_file():
        raise typer.BadParameter(f"There is no file {file}.")
    found = get_engine().get(skill)
    if level is not None:
        found.level(level)
    rows: list[dict[str, Any]] = []
    with nullcontext(sys.stdin.buffer) if piped else file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            problem, reply = _read(number, line)
            if problem.skill_id != found.id or level not in (None, problem.level):
                raise RequestError(
                    f"Line {number} is a problem of {problem.skill_id!r}, level {problem.level}.",
                    f"Grade it as that; asked for were {found.id!r}, {'any level' if level is None else level}.",
                )
            verdict = found.grade(problem, reply)
            rows.append(
                {
                    "line": number,
                    "level": problem.level,
                    "correct": verdict.correct,
                    "extracted": verdict.extracted,
                    "expected": verdict.expected,
                    "reason": verdict.reason,
                }
            )
    _print(rows, as_json)


def _read(number: int, line: bytes) -> tuple[Problem, str]:
    from pydantic import TypeAdapter, ValidationError

    from skills.problem import Problem

    remedy = f'Give lines of `realm skill generate --problems` with "{REPLY}" added; "" is no answer.'
    try:
        fields: object = json.loads(line.decode())
        json.dumps(fields, ensure_ascii=False).encode()  # JSON can escape half of a pair, which is no text
    except UnicodeDecodeError as error:
        found = f"byte {error.start + 1} of it is 0x{line[error.start]:02x}"
        raise RequestError(f"Line {number} is not UTF-8: {found}.", "Save the file as UTF-8.") from None
    except UnicodeEncodeError as error:
        found = f"\\u{ord(error.object[error.start]):04x}"
        raise RequestError(f"Line {number} has half a character: {found}.", "Write both halves, or neither.") from None
    except RecursionError:
        raise RequestError(f"Line {number} is nested too deeply.", remedy) from None
    except ValueError as error:  # no JSON, or a whole number of more digits than Python converts
        raise RequestError(f"Line {number} is not JSON: {error}.", remedy) from None
    if not isinstance(fields, dict) or not isinstance(fields.get(REPLY), str):
        raise RequestError(f"Line {number} has no text {REPLY!r}.", remedy)
    try:
        return TypeAdapter(Problem).validate_python(fields), fields[REPLY]
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise RequestError(f"Line {number}: field {field!r}: {first['msg']}.", remedy) from None


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    correct = sum(row["correct"] for row in rows)
    if as_json:
        accuracy = correct / len(rows) if rows else None
        print_json({"total": len(rows), "correct": correct, "accuracy": accuracy, "grades": rows})
        return
    say(f"{correct} of {len(rows)} correct.")
    asked = Counter(row["level"] for row in rows)
    if len(asked) > 1:
        hits = Counter(row["level"] for row in rows if row["correct"])
        made = table("level", "correct", "of", right=("level", "correct", "of"))
        for level in sorted(asked):
            add_row(made, level, hits[level], asked[level])
        stdout().print(made)
