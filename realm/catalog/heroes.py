"""The heroes: one YAML each under `realm/catalog/heroes/`, validated into a `HeroSpec`."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from realm.errors import ConfigError

HEROES = Path(__file__).parent / "heroes"


class Architecture(BaseModel):
    """Shape of a from-scratch Qwen3 model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: int = Field(ge=1)
    hidden_size: int = Field(ge=8)
    heads: int = Field(ge=1)
    kv_heads: int = Field(ge=1)
    head_dim: int = Field(ge=8)
    ff_size: int = Field(ge=8)


class HeroSpec(BaseModel):
    """A hero: one model lineage and how it is trained by default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    description: str
    build: Architecture | None = None
    """Built from scratch with this shape; None = loaded from `base_model`."""
    base_model: str | None = None
    """Folder or hub name of the pretrained model."""
    parameters: int
    """Approximate count, for people; the model itself is counted once it is loaded."""
    max_length: int = Field(ge=32)
    dtype: Literal["float32", "bfloat16"]
    """Of the weights on CUDA; on a CPU they are float32."""
    optimizer: Literal["muon", "adamw"]
    learning_rate: float = Field(gt=0)
    muon_learning_rate: float = Field(gt=0)
    ema_decay: float = Field(ge=0, lt=1)
    skills: tuple[str, ...] = Field(min_length=1)
    """Skills that a campaign of this hero begins with; others are enabled by hand."""


def list_heroes() -> list[HeroSpec]:
    """All heroes of the catalog, by id."""
    return [_load(path) for path in sorted(HEROES.glob("*.yaml"), key=lambda path: path.stem)]


@cache
def hero_spec(hero_id: str) -> HeroSpec:
    """The hero with this id, read once a process.

    Raises:
        ConfigError: no such hero; the message names the nearest one.
    """
    path = HEROES / f"{hero_id}.yaml"
    known = sorted(file.stem for file in HEROES.glob("*.yaml"))
    if hero_id not in known:
        near = difflib.get_close_matches(hero_id, known, n=1, cutoff=0.0)[0]
        raise ConfigError(f"No hero {hero_id!r}.", f"Known: {', '.join(known)}; the nearest is {near!r}.")
    return _load(path)


def _load(path: Path) -> HeroSpec:
    try:
        return HeroSpec.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is not a valid hero: {error}", "Correct the file.") from None
