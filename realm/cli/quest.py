"""`realm quest`: training data files on the board."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from realm.cli.exits import FAILED, NotRunningError
from realm.cli.output import (
    Json,
    add_row,
    cell,
    describe,
    facts,
    live,
    print_error,
    print_json,
    progress,
    say,
    size,
    stdout,
    table,
    when,
)
from realm.errors import NotFoundError, RealmError
from realm.rules.quest import QuestPriority, QuestStatus

if TYPE_CHECKING:
    from rich.progress import Progress

    from realm.cli.session import Session

POST_TIMEOUT_S = 24 * 3600.0
"""Validation reads the whole file: its time grows with the size."""
ASK_INTERVAL_S = 0.5

app = typer.Typer(help="Quests: training data files.", no_args_is_help=True)

QuestId = Annotated[str, typer.Argument(metavar="QUEST", help="Quest id, as `realm quest list` shows it.")]
Priority = Annotated[QuestPriority, typer.Option(help="Where it goes in the queue.")]


@app.command(epilog="Example: realm quest post sums.jsonl chats.json --priority high")
def post(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="JSONL, JSON or Parquet; also .gz and .zst.")],
    priority: Priority = QuestPriority.NORMAL,
    as_json: Json = False,
) -> None:
    """Validate files and queue them. A bad file stops none of the others; exits 1 when any failed."""
    from realm.cli.session import open_session
    from realm.home import RealmHome

    try:
        session = open_session()
    except NotRunningError as error:
        inbox = RealmHome.locate().inbox
        raise NotRunningError(
            error.problem, f"Start it: realm start. A file dropped into {inbox} is posted at the next start."
        ) from None
    posted: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    with _bar(quiet=as_json) as bar:
        for file in files:
            task = bar.add_task(file.name, total=None)
            try:
                answer = _post(
                    session,
                    file,
                    priority,
                    lambda done, total, task=task: bar.update(task, completed=done, total=total),
                )
                posted.append({"file": str(file), **answer})
                if not as_json:
                    say(_posted_line(file, answer))
            except RealmError as error:
                failed.append({"file": str(file), **describe(error)})
                if not as_json:
                    print_error(RealmError(f"{file}: {error}"), as_json=False)
            bar.remove_task(task)
    if as_json:
        print_json({"posted": posted, "failed": failed})
    if failed:
        raise typer.Exit(FAILED)


@app.command("list", epilog="Example: realm quest list --status queued --status active")
def list_(
    status: Annotated[list[QuestStatus] | None, typer.Option(help="Only these; give it again for more.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Quests shown.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Quests left out before the first.")] = 0,
    as_json: Json = False,
) -> None:
    """List quests: the queue in its order when only waiting ones are asked for, else newest first."""
    from realm.cli.session import open_session

    statuses = [each.value for each in status] if status else None
    page = open_session().call("quest_board", "list", statuses, limit, offset)
    if as_json:
        print_json(page)
        return
    made = table(
        "id", "name", "status", "priority", "from", "examples", "steps", "train loss", right=("examples", "steps")
    )
    for quest in page["quests"]:
        add_row(
            made,
            quest["id"],
            quest["name"],
            quest["status"],
            quest["priority"],
            quest["origin"],
            quest["examples"],
            _steps(quest),
            quest["train_loss"],
        )
    stdout().print(made)
    say(f"{len(page['quests'])} of {page['total']}.")


@app.command(epilog="Example: realm quest show 3f2a9c0d1b7e4a55")
def show(quest: QuestId, as_json: Json = False) -> None:
    """Show one quest: its file, its place in the campaign, what came of it."""
    from realm.cli.session import open_session

    _print(open_session().call("quest_board", "show", quest), as_json)


@app.command(epilog="Example: realm quest cancel 3f2a9c0d1b7e4a55")
def cancel(quest: QuestId, as_json: Json = False) -> None:
    """Cancel a queued or active quest; the battle leaves an active one at its next step."""
    _change("cancel", as_json, quest)


@app.command(epilog="Example: realm quest retry 3f2a9c0d1b7e4a55")
def retry(quest: QuestId, as_json: Json = False) -> None:
    """Queue a failed or cancelled quest again."""
    _change("retry", as_json, quest)


@app.command(epilog="Example: realm quest priority 3f2a9c0d1b7e4a55 high")
def priority(
    quest: QuestId,
    level: Annotated[QuestPriority, typer.Argument(metavar="PRIORITY", help="high, normal or low.")],
    as_json: Json = False,
) -> None:
    """Set the priority of a queued quest."""
    _change("set_priority", as_json, quest, level.value)


def _post(
    session: Session, file: Path, priority: QuestPriority, progress: Callable[[int, int | None], None]
) -> dict[str, Any]:
    """What the board answers. `progress` hears bytes read and bytes there are; Ctrl-C gives the file up."""
    if not file.is_file():
        raise NotFoundError("No such file." if not file.exists() else "It is not a file.", "Give the path of a file.")
    intake = secrets.token_hex(8)
    if session.on_head():
        arguments = ("post", str(file.resolve()), file.name, priority.value, intake)
    else:
        arguments = ("post_bytes", file.read_bytes(), file.name, priority.value, intake)
    with ThreadPoolExecutor(1) as waiting:
        answer = waiting.submit(session.call, "quest_board", *arguments, timeout_s=POST_TIMEOUT_S)
        try:
            while wait([answer], ASK_INTERVAL_S).not_done:
                with suppress(NotFoundError):
                    at = session.call("quest_board", "intake", intake)
                    progress(at["bytes_done"], at["bytes_total"])
        except KeyboardInterrupt:
            session.call("quest_board", "cancel_intake", intake)
            raise
    return answer.result()


def _posted_line(file: Path, answer: dict[str, Any]) -> str:
    quest = answer["quest"]
    if answer["duplicate"]:
        return f"{file}: on the board already as {quest['id']}, {quest['status']}"
    skipped = f", {quest['skipped_too_long']} longer than the context are left out" if quest["skipped_too_long"] else ""
    return (
        f"{file}: {quest['status']} as {quest['id']}, priority {quest['priority']}, shape {quest['shape']}, "
        f"{quest['examples']} examples, {size(quest['size_bytes'])}{skipped}"
    )


def _change(method: str, as_json: bool, *arguments: Any) -> None:
    from realm.cli.session import open_session

    with progress("asking the quest board", quiet=as_json):
        quest = open_session().call("quest_board", method, *arguments)
    if as_json:
        print_json(quest)
    else:
        say(f"{quest['name']} ({quest['id']}): {quest['status']}, priority {quest['priority']}.")


def _print(quest: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(quest)
        return
    manifest = quest["manifest"]
    rows = {
        "quest": f"{quest['name']} ({quest['id']})",
        "status": f"{quest['status']}{': ' + quest['reason'] if quest['reason'] else ''}",
        "priority": quest["priority"],
        "from": quest["origin"],
        "shape": quest["shape"],
        "examples": quest["examples"],
        "longer than context": quest["skipped_too_long"],
        "size": size(quest["size_bytes"]),
        "sha256": quest["sha256"],
        "steps": _steps(quest),
        "campaign steps": f"{quest['first_step']} to {quest['last_step']}" if quest["last_step"] is not None else None,
        "gap before it": f"{quest['gap_s']:.3f} s" if quest["gap_s"] is not None else None,
        "train / held-out loss": f"{cell(quest['train_loss'])} / {cell(quest['heldout_loss'])}",
        "posted": when(quest["posted_at"]),
        "completed": when(quest["completed_at"]),
        "shards": len(manifest["shards"]) if manifest else "files are gone",
    }
    stdout().print(facts(rows))


def _steps(quest: dict[str, Any]) -> str | None:
    return f"{quest['steps_fought']}/{quest['steps_total']}" if quest["steps_total"] else None


def _bar(quiet: bool) -> AbstractContextManager[Progress]:
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return live(*columns, quiet=quiet)
