"""`realm start`, `stop`, `status` and `doctor`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from realm.cli.exits import FAILED, NOT_RUNNING, NotRunningError
from realm.cli.output import Json, facts, print_json, print_text, progress, say, stdout, when
from realm.rules.campaign import CampaignLife

if TYPE_CHECKING:
    from realm.cli.launch import Started
    from realm.cli.session import Session

WATCH_INTERVAL_S = 1.0


def add_to(app: typer.Typer) -> None:
    """Add these commands to the top level."""
    app.command(epilog="Example: realm start --hero mote")(start)
    app.command(epilog="Example: realm stop")(stop)
    app.command(epilog="Example: realm status --watch")(status)
    app.command(epilog="Example: realm doctor --json")(doctor)


def start(
    hero: Annotated[
        str | None, typer.Option(help="Hero of which a campaign becomes active; written to realm.yaml.")
    ] = None,
    auto: Annotated[
        bool | None,
        typer.Option("--auto/--no-auto", help="Generate quests when the board is empty; written to realm.yaml."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start the realm and leave it running; attach to it when it runs already."""
    from realm.cli import launch
    from realm.home import RealmHome

    home = RealmHome.locate()
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        if not as_json:
            say(line)

    tell(f"Realm home: {home.root}")
    with progress("looking for a running realm", quiet=as_json, lines=True) as tick:
        started = launch.start(home, hero=hero, auto=auto, tick=tick, say=tell)
    if as_json:
        print_json(_started(started) | {"home": str(home.root), "log": lines})
        return
    healthy = sum(row["healthy"] for row in started.services.values())
    say(
        f"Hero {started.hero}, generated quests {'on' if started.auto_quests else 'off'}.",
        *_paused(started),
        f"{healthy} services healthy after {started.seconds:.1f} s."
        if started.fresh
        else f"The realm runs already: {healthy} services healthy.",
        *(
            f"{name} is {row['state']}: {row['detail']}."
            for name, row in started.services.items()
            if not row["healthy"]
        ),
    )
    stdout().print(facts({name.replace("-", " ").capitalize(): url for name, url in started.urls.items()}))


def stop(as_json: Json = False) -> None:
    """Save the battle and end what this realm started, and nothing else."""
    from realm.cli import launch
    from realm.home import RealmHome

    began = time.monotonic()
    with progress("stopping", quiet=as_json, lines=True) as tick:
        battle = launch.stop(RealmHome.locate(), tick)
    seconds = time.monotonic() - began
    if as_json:
        print_json({"was_running": battle is not None, "battle": battle, "seconds": seconds})
    elif battle is None:
        say("No realm was running.")
    else:
        say(f"Stopped in {seconds:.1f} s. Battle: {battle}.")


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every second until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show hero, battle, skills, quests, champion and services. Exits 1 when a service is unhealthy."""
    from realm.cli.session import open_session

    try:
        session = open_session()
        if watch:
            _watch(session, as_json)
        state = session.call("herald", "snapshot")
    except NotRunningError as error:
        if as_json:
            print_json({"running": False, "reason": error.problem})
            raise typer.Exit(NOT_RUNNING) from None
        raise
    if as_json:
        print_json({"running": True, **state})
    else:
        from realm.cli.status_view import status_view

        stdout().print(status_view(state))
    if not all(service["healthy"] for service in state["services"].values()):
        raise typer.Exit(FAILED)


def doctor(as_json: Json = False) -> None:
    """Check this machine and this realm. Exits 1 when a check fails."""
    from realm.cli.doctor import examine
    from realm.cli.doctor_view import doctor_view
    from realm.home import RealmHome

    with progress("checking", quiet=as_json) as tick:
        checks = examine(RealmHome.locate(), tick)
    failed = any(check.state == "fail" for check in checks)
    if as_json:
        print_json({"healthy": not failed, "checks": [check.to_dict() for check in checks]})
    else:
        stdout().print(doctor_view(checks))
    if failed:
        raise typer.Exit(FAILED)


def _paused(started: Started) -> list[str]:
    """That the campaign is paused, in words: no battle begins then."""
    campaign = started.campaign
    if campaign is None or campaign.life != CampaignLife.PAUSED:
        return []
    since = when(campaign.life_since.isoformat())
    return [f"Campaign {campaign.id} is paused since {since}: no battle begins. realm campaign activate {campaign.id}"]


def _started(started: Started) -> dict[str, Any]:
    campaign = started.campaign
    return {
        "fresh": started.fresh,
        "seconds": round(started.seconds, 2),
        "address": started.address,
        "hero": started.hero,
        "campaign": None if campaign is None else {"id": campaign.id, "life": campaign.life.value},
        "auto_quests": started.auto_quests,
        "urls": started.urls,
        "services": started.services,
    }


def _watch(session: Session, as_json: bool) -> None:
    """Until Ctrl-C or the end of the realm: the view in place on a terminal, one after another elsewhere."""
    from rich.live import Live

    from realm.cli.status_view import status_view

    def follow(show: Callable[[dict[str, Any]], None]) -> None:
        while True:
            show(session.follow("herald", "snapshot"))
            time.sleep(WATCH_INTERVAL_S)

    console = stdout()
    if as_json:
        follow(lambda state: print_text(json.dumps({"running": True, **state}, ensure_ascii=False)))
    elif console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            follow(lambda state: live.update(status_view(state), refresh=True))
    else:
        follow(lambda state: console.print(status_view(state)))
