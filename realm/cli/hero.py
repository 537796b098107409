"""`realm hero`: the heroes of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from realm.cli.output import Json, add_row, facts, print_json, stdout, table

if TYPE_CHECKING:
    from realm.catalog import HeroSpec
    from realm.config import RealmConfig
    from realm.home import RealmHome

app = typer.Typer(help="Heroes: model lineages.", no_args_is_help=True)


@app.command("list", epilog="Example: realm hero list")
def list_(as_json: Json = False) -> None:
    """List the heroes of the catalog; the star marks that of the current campaign."""
    from realm.catalog import list_heroes
    from realm.cli.books import current_hero
    from realm.config import load_config
    from realm.home import RealmHome

    home = RealmHome.locate()
    chosen = current_hero(home, load_config(home))
    rows = [{"chosen": hero.id == chosen, **hero.model_dump()} for hero in list_heroes()]
    if as_json:
        print_json(rows)
        return
    made = table("", "id", "name", "parameters", "context", "description", right=("parameters", "context"))
    for row in rows:
        star, parameters = "*" if row["chosen"] else "", f"{row['parameters']:,}"
        add_row(made, star, row["id"], row["name"], parameters, row["max_length"], row["description"])
    stdout().print(made)


@app.command(epilog="Example: realm hero show mote")
def show(
    hero: Annotated[str | None, typer.Argument(help="Hero id; default: that of the current campaign.")] = None,
    as_json: Json = False,
) -> None:
    """Show a hero: how it is made and trained, and its numbers when it is the one that fights now."""
    from realm.catalog import hero_spec
    from realm.cli.books import current_hero
    from realm.cli.session import session_if_running
    from realm.cli.status_view import hero_view
    from realm.config import load_config
    from realm.home import RealmHome

    home = RealmHome.locate()
    config = load_config(home)
    spec = hero_spec(hero or current_hero(home, config))
    config = config.of_hero(spec.id)
    session = session_if_running()
    state: dict[str, Any] = session.call("herald", "snapshot") if session else {}
    live = state if (state.get("hero") or {}).get("id") == spec.id else None
    if as_json:
        campaign = {"state": live["hero"], "campaign": live["campaign"]} if live else {"state": None, "campaign": None}
        print_json({**spec.model_dump(), "weights": _weights(spec, home, config), **campaign})
        return
    console = stdout()
    console.print(facts(_facts_of(spec, home, config)))
    if live:
        console.print(hero_view(live["hero"], live["campaign"]))


def _facts_of(spec: HeroSpec, home: RealmHome, config: RealmConfig) -> dict[str, Any]:
    return {
        "hero": f"{spec.name} ({spec.id})",
        "description": spec.description,
        "parameters": f"{spec.parameters:,}",
        "context": f"{spec.max_length} tokens",
        "weights": _weights(spec, home, config),
        "dtype on CUDA": spec.dtype,
        "optimizer": spec.optimizer,
        "learning rate": f"{spec.learning_rate:g} (AdamW), {spec.muon_learning_rate:g} (Muon)",
        "EMA decay": f"{spec.ema_decay:g}",
    }


def _weights(spec: HeroSpec, home: RealmHome, config: RealmConfig) -> str:
    """Where the hero's first weights come from."""
    if config.hero.base_model is not None:
        return config.hero.base_model
    folder = home.hero(spec.id)
    if (folder / "config.json").exists():
        return str(folder)
    return f"built at {folder} when first needed" if spec.build else str(spec.base_model)
