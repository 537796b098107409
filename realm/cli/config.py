"""`realm config`: the settings of this realm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from realm.cli.output import Json, add_row, print_json, say, stdout, table
from realm.errors import ConfigError, ConflictError, NotFoundError

if TYPE_CHECKING:
    from realm.home import RealmHome

APPLIES = {
    "live": "applies at once",
    "next_battle": "applies from the next attempt of a battle",
    "restart": "applies at the next realm start",
}

app = typer.Typer(help="Settings: realm.yaml under the realm's home.", no_args_is_help=True)


@app.command(epilog="Example: realm config show placement")
def show(
    key: Annotated[str | None, typer.Argument(help="Part or key, such as training or training.batch_size.")] = None,
    as_json: Json = False,
) -> None:
    """Show settings: value, where it comes from, when a change applies."""
    from pydantic_core import to_jsonable_python

    from realm.home import RealmHome

    rows = {name: row for name, row in _settings(RealmHome.locate()).items() if _belongs(name, key)}
    if not rows:
        raise NotFoundError(f"No setting or part {key!r}.", "`realm config show` lists them.")
    if as_json:
        print_json(to_jsonable_python(rows))
        return
    made = table("key", "value", "from", "applies", "about")
    for name, row in rows.items():
        add_row(made, name, row["value"], row["source"], row["applies"], row["about"])
    stdout().print(made)


@app.command("set", epilog="Example: realm config set training.batch_size 16")
def set_(
    key: Annotated[str, typer.Argument(help="Key, such as training.batch_size.")],
    value: Annotated[str, typer.Argument(help="Value in YAML syntax; null takes the default of the hero or cluster.")],
    unlock: Annotated[
        bool, typer.Option("--unlock", help="Needed for hero.name, hero.base_model and hero.max_length.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Change a setting in realm.yaml, validated; the old file is kept beside it."""
    from realm.catalog import hero_spec
    from realm.cli.settings_file import PROTECTED, change_setting
    from realm.home import RealmHome

    home = RealmHome.locate()
    if key in PROTECTED:
        _require_unlocked(key, unlock)
    if key == "hero.name":
        hero_spec(value)
    change = change_setting(home, key, value)
    shown = _shown(key, change.value)
    if as_json:
        backup = str(change.backup) if change.backup else None
        report = {"key": key, "value": shown, "changed": change.changed, "applies": change.applies}
        print_json(report | {"backup": backup, "overridden_by": change.overridden_by})
        return
    if not change.changed:
        say(f"{key} was {value if shown == change.value else shown} already.")
        return
    say(f"{key} = {value if shown == change.value else shown} ({APPLIES[change.applies]}).")
    if change.backup:
        say(f"The old file is {change.backup}.")
    if change.overridden_by:
        say(f"{change.overridden_by} in the environment overrides it.")


def _require_unlocked(key: str, unlock: bool) -> None:
    from realm.cli.session import session_if_running

    if not unlock:
        raise ConfigError(
            f"{key} is protected: checkpoints of this realm were trained with its present value.",
            "Add --unlock to change it.",
        )
    if session_if_running() is not None:
        raise ConflictError(f"The realm runs, and its actors read {key} at every battle.", "Stop it first: realm stop.")


def _settings(home: RealmHome) -> dict[str, dict[str, Any]]:
    from realm.cli.settings_file import environment_override
    from realm.config import RealmConfig, known_keys, load_config, read_config_file

    config = load_config(home)
    file = read_config_file(home.config_file)
    rows: dict[str, dict[str, Any]] = {}
    for key, applies in known_keys().items():
        part, _, name = key.partition(".")
        section = getattr(config, part)
        field = type(section).model_fields[name]
        in_file = name in (file.get(part) or {})
        value = getattr(section, name)
        rows[key] = {
            "value": _shown(key, value),
            "default": getattr(RealmConfig.model_fields[part].default, name),
            "source": environment_override(key) or ("realm.yaml" if in_file else "default"),
            "applies": applies,
            "about": field.description,
        }
    return rows


def _shown(key: str, value: Any) -> Any:
    """A value without what is secret of it."""
    from realm.config import SECRETS
    from realm.rules.notices import redacted

    if key not in SECRETS or value is None:
        return value
    return f"set ({len(value)} characters)" if isinstance(value, str) else [redacted(each) for each in value]


def _belongs(name: str, key: str | None) -> bool:
    return key is None or name == key or name.startswith(f"{key}.")
