"""`realm vault export` and `import`: checkpoints to Hugging Face folders, and such folders into the vault."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from realm.cli.output import Json, facts, live, print_json, progress, say, size, stdout
from realm.errors import ClusterError, ConflictError, NotFoundError, RealmError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realm.cli.session import Session

ASK_INTERVAL_S = 0.2
IMPORT_TIMEOUT_S = 24 * 3600.0
"""All of the weights are read and copied: the time grows with their size."""


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("export", epilog="Example: realm vault export checkpoint-1200 --format tar.zst")(export)
    app.command("import", epilog="Example: realm vault import ~/models/my-hero")(import_)


def export(
    checkpoint: Annotated[str, typer.Argument(help="Its id, or its name within the active campaign.")],
    format: Annotated[str, typer.Option(help="folder, or tar.zst: the folder as one compressed file.")] = "folder",
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export of it.")] = False,
    include_optimizer: Annotated[
        bool, typer.Option("--include-optimizer", help="Its training state too, so that training can go on from it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a checkpoint as a Hugging Face folder with a model card, and print its path. Ctrl-C cancels it."""
    from realm.cli.session import open_session

    session = open_session()
    row = session.call("vault_keeper", "export_start", checkpoint, format, force, include_optimizer)
    with _bar(row["id"], quiet=as_json) as show:
        row = _follow(session, row, show)
    if row["state"] == "failed":
        raise RealmError(f"{row['id']} was not exported: {row['error']}")
    if row["state"] == "cancelled":
        raise ConflictError(f"{row['id']} was cancelled.", "Nothing of it is left.")
    if as_json:
        print_json(row)
    else:
        say(row["path"])


def import_(
    folder: Annotated[Path, typer.Argument(help="Hugging Face folder: config.json, safetensors, tokenizer.")],
    as_json: Json = False,
) -> None:
    """Take a model folder into the vault: the active campaign starts from it if it can, else it is a base model."""
    from realm.cli.session import open_session

    session = open_session()
    if not session.on_head():
        raise ConflictError("The vault reads folders on the head, which this machine is not.", "Import it there.")
    if not folder.expanduser().is_dir():
        raise NotFoundError(f"{folder} is not a folder.", "Give the path of a Hugging Face folder.")
    with progress(f"importing {folder}", quiet=as_json):
        path = str(folder.expanduser().resolve())
        answer = session.call("vault_keeper", "import_folder", path, False, timeout_s=IMPORT_TIMEOUT_S)
    if as_json:
        print_json(answer)
        return
    kept = answer["checkpoint"] or answer["asset"]
    rows = {
        "checkpoint" if answer["checkpoint"] else "base model": kept["id"],
        "folder": answer["path"],
        "size": size(kept["size_bytes"]),
        "sha256": kept["sha256"],
        "next": answer["next"],
    }
    stdout().print(facts(rows))


def _follow(session: Session, row: dict[str, Any], show: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """The row of the export once it has ended; an interrupt cancels it."""
    try:
        while row["state"] in ("pending", "running"):
            show(row)
            time.sleep(ASK_INTERVAL_S)
            row = session.follow("vault_keeper", "export_status", row["id"])
    except KeyboardInterrupt:
        with suppress(ConflictError, NotFoundError, ClusterError):
            session.call("vault_keeper", "export_cancel", row["id"])
        raise
    return row


@contextmanager
def _bar(name: str, quiet: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A progress bar in bytes."""
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with live(*columns, quiet=quiet) as bar:
        task = bar.add_task(name, total=None)
        yield lambda row: bar.update(task, completed=row["bytes_done"], total=row["bytes_total"] or None)
