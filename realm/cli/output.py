"""How commands print: state to stdout, progress and errors to stderr. Knows no command."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from realm.errors import QuestError, RealmError

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

PIPED_WIDTH = 160
"""Columns when nobody's terminal says how many there are."""
JSON_ASKED = "realm.json"

Tick = Callable[[str], None]
_kept_stdout: TextIO | None = None
_live: Console | None = None


def _remember(ctx: typer.Context, value: bool) -> bool:
    ctx.meta[JSON_ASKED] = value
    return value


Json = Annotated[bool, typer.Option("--json", is_eager=True, callback=_remember, help="Print JSON.")]


def stdout() -> Console:
    """Where state goes."""
    return _console(stderr=False)


def stderr() -> Console:
    """Where progress and errors go."""
    return _console(stderr=True)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    print_text(json.dumps(value, ensure_ascii=False, indent=2))


def print_text(text: str) -> None:
    """A line on stdout, as it is."""
    typer.echo(text, file=_kept_stdout or sys.stdout)


def keep_stdout() -> None:
    """From now on stdout is this module's alone: a connected Ray prints warnings of its own there."""
    global _kept_stdout
    if _kept_stdout is None:
        _kept_stdout, sys.stdout = sys.stdout, sys.stderr


def say(*lines: str) -> None:
    """Lines of plain text on stdout."""
    console = stdout()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def describe(error: RealmError) -> dict[str, Any]:
    """An error as JSON: what was wrong, the remedy, and the line of a quest file."""
    line = {"line": error.line} if isinstance(error, QuestError) else {}
    return {"error": error.problem, "remedy": error.remedy, **line}


def print_error(error: RealmError, as_json: bool) -> None:
    """An error on stderr, as a red line or as JSON."""
    if as_json:
        typer.echo(json.dumps(describe(error), ensure_ascii=False), err=True)
    else:
        stderr().print(Text(str(error), style="red"), soft_wrap=True)


@contextmanager
def live(*columns: ProgressColumn, quiet: bool = False) -> Iterator[Progress]:
    """A progress bar on stderr, gone at the end. What is printed meanwhile on the same terminal stays above it."""
    from rich.progress import Progress

    global _live
    console = stderr()
    shown = console.is_terminal and not quiet
    # Rich's own redirection would also send what goes into a pipe to the terminal.
    with Progress(
        *columns, console=console, transient=True, disable=not shown, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        _live = console if shown else None
        try:
            yield bar
        finally:
            _live = None


@contextmanager
def progress(first: str, quiet: bool = False, lines: bool = False) -> Iterator[Tick]:
    """A spinner whose text the caller changes. Without a terminal each new text is a line if `lines`, else nothing."""
    console = stderr()
    if quiet or not (lines or console.is_terminal):
        yield lambda _text: None
    elif console.is_terminal:
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        with live(*columns) as bar:
            task = bar.add_task(first)
            yield lambda text: bar.update(task, description=text)
    else:
        shown = ""

        def line(text: str) -> None:
            nonlocal shown
            if text != shown:
                shown = text
                console.print(text, markup=False, highlight=False, soft_wrap=True)

        line(first)
        yield line


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table; the columns in `right` hold numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def add_row(made: Table, *values: Any) -> None:
    """A row of values as plain text; None is a dash."""
    made.add_row(*(value if isinstance(value, Text) else Text(cell(value)) for value in values))


def facts(rows: dict[str, Any]) -> Table:
    """Names and values, one pair a line."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    for name, value in rows.items():
        made.add_row(name, value if isinstance(value, Text) else Text(cell(value)))
    return made


def cell(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def size(count: float) -> str:
    """Bytes in decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def when(stamp: str | None) -> str:
    """An ISO time in the local zone, to the second."""
    return datetime.fromisoformat(stamp).astimezone().strftime("%Y-%m-%d %H:%M:%S") if stamp else "–"


def duration(seconds: float | None) -> str:
    """Seconds as 1 h 02 min, 3 min 20 s or 4.2 s."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{seconds:.1f} s"


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else _kept_stdout or sys.stdout
    if _live is not None and stream.isatty():
        return _live
    known = stream.isatty() or "COLUMNS" in os.environ
    return Console(file=stream, width=None if known else PIPED_WIDTH)
