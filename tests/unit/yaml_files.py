"""YAML files for a test: data written into a folder, with one field of it changed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml


def write(folder: Path, data: object, name: str = "tiny.yaml") -> Path:
    """Write data, or a text as it is, to `name`."""
    path = folder / name
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data), encoding="utf-8")
    return path


def changed(data: dict[str, Any], field: str, value: object) -> dict[str, Any]:
    """The data with one field, dotted, set to `value`, or removed if it is None."""
    data = copy.deepcopy(data)
    at: Any = data
    *path, last = [int(part) if part.isdigit() else part for part in field.split(".")]
    for part in path:
        at = at[part]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return data
