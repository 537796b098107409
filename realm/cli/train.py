"""`realm train`: the engine of a battle on one file, with no realm and no Ray."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from realm.cli.output import Json, cell, duration, live, print_json, say, size, stderr

if TYPE_CHECKING:
    from rich.progress import Progress

    from realm.training.ports import Metrics

LINE_INTERVAL_S = 10.0


def add_to(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command(epilog="Example: realm train --hero mote --data sums.jsonl --steps 500 --out runs/sums")(train)


def train(
    data: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Quest file to train on, again and again.")],
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the checkpoints.")],
    hero: Annotated[str | None, typer.Option(help="Hero of the catalog; default: the realm's.")] = None,
    as_json: Json = False,
) -> None:
    """Train a hero on one file and save a checkpoint: a Hugging Face folder. Uses neither Ray nor a running realm."""
    from realm.catalog import hero_spec
    from realm.cli.books import current_hero
    from realm.config import load_config
    from realm.home import RealmHome

    home = RealmHome.locate()
    config = load_config(home)
    spec = hero_spec(hero or current_hero(home, config))
    config = config.of_hero(spec.id)
    began = time.monotonic()
    with _bar(quiet=as_json) as bar:
        shown = _Shown(bar, spec.name, steps, quiet=as_json)
        from transformers.utils.logging import disable_progress_bar

        from realm.training.settings import set_threads
        from realm.training.standalone import train_file

        if spec.build is not None:
            disable_progress_bar()  # transformers' own, of files written in a blink
        set_threads(config.placement.train_cpus)
        saved = train_file(spec, config, data, steps, out, shown.update)
    seconds = time.monotonic() - began
    loss = saved.meta["train_loss"]
    if as_json:
        report = {"checkpoint": str(saved.path), "step": saved.step, "sha256": saved.sha256}
        print_json(report | {"train_loss": loss, "tokens_seen": saved.meta["tokens_seen"], "seconds": seconds})
        return
    say(
        f"{saved.step} steps in {duration(seconds)}, train loss {cell(loss)}, {saved.meta['tokens_seen']:,} tokens.",
        f"Checkpoint: {saved.path} ({size(saved.size_bytes)}).",
    )


class _Shown:
    """The bar of a terminal; without one, a line now and then."""

    def __init__(self, bar: Progress, name: str, steps: int, quiet: bool) -> None:
        self.bar = bar
        self.steps = steps
        self.task = bar.add_task(name, total=steps, numbers="loading")
        self.lines = bar.disable and not quiet
        self.last_line = time.monotonic()

    def update(self, metrics: Metrics) -> None:
        numbers = f"loss {metrics.train_loss:.4f}, {metrics.tokens_per_second:,.0f} tokens/s"
        self.bar.update(self.task, completed=metrics.step, numbers=numbers)
        if self.lines and time.monotonic() - self.last_line > LINE_INTERVAL_S:
            self.last_line = time.monotonic()
            stderr().print(f"step {metrics.step} of {self.steps}, {numbers}", highlight=False, soft_wrap=True)


def _bar(quiet: bool) -> AbstractContextManager[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return live(*columns, TextColumn("{task.fields[numbers]}"), quiet=quiet)
