"""Where a hero's base model is, and whether this machine has it. Loads neither torch nor a model."""

from __future__ import annotations

import json
from pathlib import Path

from realm.catalog import HeroSpec

CONFIG, TOKENIZER = "config.json", "tokenizer.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


def base_source(spec: HeroSpec, folder: Path, override: str | None) -> str | None:
    """Folder or hub name of the hero's starting weights; None of one that is built from scratch in `folder`."""
    if override is not None:
        return str(Path(override).expanduser()) if override.startswith("~") else override
    if spec.build is not None:
        return None
    return str(folder) if (folder / CONFIG).exists() else spec.base_model


def lacking(source: str) -> str:
    """What this machine lacks of a base model, in words; "" when all of it is here. Nothing is downloaded."""
    folder = Path(source).expanduser()
    if folder.is_dir():
        missing = [name for name in (CONFIG, TOKENIZER) if not (folder / name).is_file()]
        if not any(folder.glob("*.safetensors")):
            missing.append("*.safetensors")
        return f"{folder} has no {', '.join(missing)}" if missing else ""
    if folder.is_absolute():
        return f"the folder {source} does not exist"
    missing = [name for name in (CONFIG, TOKENIZER) if _cached(source, name) is None]
    if _cached(source, WEIGHTS) is None:
        index = _cached(source, INDEX)
        parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()) if index else {WEIGHTS}
        missing += [name for name in sorted(parts) if _cached(source, name) is None]
    return f"the hub's cache on this machine has no {', '.join(missing)} of {source}" if missing else ""


def _cached(source: str, name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(source, name)
    return Path(found) if isinstance(found, str) else None
