"""Changing realm.yaml: validated, the old file backed up, the new one renamed into place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from realm.cli.locks import locked
from realm.cli.ray_head import write_private
from realm.config import ENV_PREFIX, Applies, known_keys, read_config_file, with_setting
from realm.errors import ConfigError
from realm.home import RealmHome

PROTECTED = ("hero.name", "hero.base_model", "hero.max_length")
"""A change of these makes the hero's checkpoints another model's: they need an explicit unlock."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a setting. `backup` is the old file, None when there was none or nothing changed."""

    key: str
    value: Any
    changed: bool
    applies: Applies
    backup: Path | None
    overridden_by: str | None


def change_setting(home: RealmHome, key: str, text: str) -> Change:
    """Set `key` to `text` (YAML syntax) in realm.yaml.

    Raises:
        ConfigError: an unknown key or a value that does not fit; the file is as it was.
    """
    try:
        wanted = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"{text!r} is not a YAML value.", "Quote it.") from None
    home.root.mkdir(parents=True, exist_ok=True)
    with locked(home.root / "realm.yaml.lock"):
        part, _, name = key.partition(".")
        before = read_config_file(home.config_file).get(part, {})
        if not isinstance(before, dict):
            raise ConfigError(f"{part!r} in {home.config_file} is {before!r}, not a mapping.", "Correct or remove it.")
        _, content = with_setting(home, key, text)
        changed = name not in before or before[name] != wanted
        backup = _replace(home.config_file, content) if changed else None
    return Change(key, wanted, changed, known_keys()[key], backup, environment_override(key))


def environment_override(key: str) -> str | None:
    """The environment variable that decides `key` whatever the file says."""
    wanted = ENV_PREFIX + key.replace(".", "__")
    return next((name for name in os.environ if name.upper() == wanted.upper()), None)


def _replace(path: Path, content: str) -> Path | None:
    backup = None
    if path.exists():
        backup = path.with_name(f"{path.name}.{datetime.now():%Y%m%d-%H%M%S-%f}.bak")
        write_private(backup, path.read_text(encoding="utf-8"))
    write_private(path, content)
    return backup
