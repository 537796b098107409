"""`realm worker`: a worker outside the cluster. It needs the API's URL and a token, and nothing of Ray."""

from __future__ import annotations

import signal
from typing import Annotated, Any

import typer

from realm.cli.output import say
from realm.errors import ConfigError

ROLES = ("eval",)
"""Roles of a worker that reaches the realm over HTTP only: other jobs need the realm's files and services."""
CLAIM_WAIT_S = 20.0


def add_to(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(epilog="Example: realm worker --server http://10.0.0.2:8767 --roles eval")(worker)


def worker(
    server: Annotated[str, typer.Option(help="URL of the realm's Vault API.")] = "http://127.0.0.1:8767",
    token: Annotated[
        str | None,
        typer.Option(
            help="web.token of that realm; unless given, that of this machine's settings or REALM_WEB__TOKEN."
        ),
    ] = None,
    roles: Annotated[
        str, typer.Option(help="Roles whose jobs it takes, with commas between; outside only eval.")
    ] = "eval",
    label: Annotated[list[str] | None, typer.Option(help="NAME=VALUE that jobs may ask for; may be repeated.")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Threads of torch; unless given, placement.eval_cpus.")
    ] = None,
) -> None:
    """Do jobs for a realm on another machine until Ctrl-C; the job at hand is given back then."""
    from actors.handlers import Context
    from actors.job_loop import JobLoop
    from realm.cli.worker_cache import WeightsCache
    from realm.cli.worker_client import RealmClient
    from realm.cli.worker_port import HttpMaster, HttpPort
    from realm.config import load_config
    from realm.home import RealmHome

    wanted, labels = _roles(roles), _labels(label or [])
    home = RealmHome.locate()
    config = load_config(home)
    client = RealmClient(server, token or config.web.token)
    cache = WeightsCache(home.cache / "weights", config.vault.cache_max_mb * 1_000_000, client)
    port = HttpPort(client, home, cache)
    hero = port.settings()["hero_id"]
    master = HttpMaster(client, wanted, labels)
    master.register()
    say(f"Worker {master.id} does {', '.join(wanted)} jobs of {client.server}, hero {hero}. Ctrl-C ends it.")
    loop = JobLoop(master, Context(port, threads or config.placement.eval_cpus), claim_wait_s=CLAIM_WAIT_S, told=say)

    def end(_signal: int, _frame: Any) -> None:
        loop.end()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    loop.run()


def _roles(text: str) -> list[str]:
    wanted = [role.strip() for role in text.split(",") if role.strip()]
    other = [role for role in wanted if role not in ROLES]
    if other or not wanted:
        raise ConfigError(
            f"A worker outside the cluster cannot have the roles {text!r}.", f"It may have: {', '.join(ROLES)}."
        )
    return wanted


def _labels(pairs: list[str]) -> dict[str, str]:
    wrong = next((pair for pair in pairs if not all(pair.partition("="))), None)
    if wrong is not None:
        raise ConfigError(f"--label {wrong!r} is not NAME=VALUE.", "Example: --label site=attic.")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}
