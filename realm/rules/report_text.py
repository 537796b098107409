"""A report's numbers as Markdown: facts as a list, rows as tables. Does not know what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast


def as_markdown(report: Mapping[str, Any]) -> str:
    """The report with a heading, each part that has parts of its own under one of the next level."""
    title = f"# Report: {report.get('report_type', 'realm')}"
    return "\n".join([title, "", *_lines({k: v for k, v in report.items() if k != "report_type"}, 2)]).rstrip() + "\n"


def _lines(part: Mapping[str, Any], depth: int) -> list[str]:
    facts = [f"- {_words(name)}: {_cell(value)}" for name, value in part.items() if not _is_part(value)]
    lines = [*facts, ""] if facts else []
    for name, value in part.items():
        if not _is_part(value):
            continue
        lines += [f"{'#' * depth} {_words(name)}", ""]
        if isinstance(value, Mapping):
            lines += _lines(cast(Mapping[str, Any], value), depth + 1) or ["none", ""]
        else:
            lines += _table(cast(Sequence[Mapping[str, Any]], value))
    return lines


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return ["none", ""]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = f"| {' | '.join(_words(name) for name in columns)} |"
    body = [f"| {' | '.join(_cell(row.get(name)) for name in columns)} |" for row in rows]
    return [head, f"|{'---|' * len(columns)}", *body, ""]


def _is_part(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list) and all(isinstance(each, Mapping) for each in cast(list[Any], value))


def _words(name: str) -> str:
    return _plain(name.replace("_", " "))


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else _plain(str(value))


def _plain(text: str) -> str:
    """Text that stays within its line and its cell."""
    return " ".join(text.split()).replace("|", "\\|")
