"""`realm notify`: the URLs that are told what happens."""

from __future__ import annotations

import typer

from realm.cli.exits import FAILED
from realm.cli.output import Json, add_row, print_json, progress, stdout, table
from realm.errors import ConfigError

TITLE = "Realm: a test"
BODY = "Sent by `realm notify test`. What notify.kinds names arrives here."

app = typer.Typer(help="Notices outside the pages: the apprise URLs of notify.urls.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `test` a command of the group."""


@app.command("test", epilog="Example: realm notify test")
def send_one(as_json: Json = False) -> None:
    """Send one message to each URL of notify.urls and say what came of it. Exits 1 when one was not taken."""
    from realm.config import load_config
    from realm.home import RealmHome
    from realm.notify import send
    from realm.rules.notices import redacted

    urls = load_config(RealmHome.locate()).notify.urls
    if not urls:
        raise ConfigError(
            "notify.urls names no URL.", "Set one, such as: realm config set notify.urls '[\"json://127.0.0.1:9000\"]'."
        )
    rows = []
    with progress("sending", quiet=as_json) as tick:
        for number, url in enumerate(urls, start=1):
            tick(f"sending to {redacted(url)}")
            reason = send(url, TITLE, BODY)
            rows.append({"number": number, "url": redacted(url), "taken": reason is None, "reason": reason or ""})
    if as_json:
        print_json({"sent": rows})
    else:
        made = table("number", "URL", "answer", right=("number",))
        for row in rows:
            add_row(made, row["number"], row["url"], "taken" if row["taken"] else f"not taken: {row['reason']}")
        stdout().print(made)
    if not all(row["taken"] for row in rows):
        raise typer.Exit(FAILED)
