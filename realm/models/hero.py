"""Builds, loads and saves a hero's model as a plain Hugging Face folder. Knows no training and no Ray."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from realm.catalog import HeroSpec, list_heroes
from realm.errors import HeroError
from realm.models.base import base_source
from realm.models.tokenizer import build_char_tokenizer
from skills import get_engine


@dataclass
class Hero:
    """A model with its tokenizer, on one device. `saved_dtype` is that of the weights that are saved and served."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    device: torch.device
    saved_dtype: torch.dtype = torch.float32

    @property
    def parameters(self) -> int:
        """Distinct parameters (tied ones once)."""
        return sum(parameter.numel() for parameter in self.model.parameters())


def end_tokens(hero: Hero) -> frozenset[int]:
    """The tokens with which an answer ends: those of the model's generation config and the tokenizer's."""
    configured = getattr(hero.model.generation_config, "eos_token_id", None)
    ends = configured if isinstance(configured, list) else [configured]
    return frozenset(int(value) for value in [*ends, hero.tokenizer.eos_token_id] if value is not None)


def pick_device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def weight_dtype(spec: HeroSpec, device: torch.device) -> torch.dtype:
    """The catalog's dtype on CUDA, float32 on a CPU."""
    return cast(torch.dtype, getattr(torch, spec.dtype)) if device.type == "cuda" else torch.float32


def build_hero(spec: HeroSpec, folder: Path, seed: int, max_length: int) -> Path:
    """Create a from-scratch hero in `folder`, atomically; an existing one is kept. Returns the folder.

    Raises:
        HeroError: the catalog gives this hero no shape to build.
    """
    if spec.build is None:
        raise HeroError(f"Hero {spec.id!r} is pretrained, it cannot be built.", "Give its folder as hero.base_model.")
    if (folder / "model.safetensors").exists():
        return folder
    # Of the skills that heroes begin with: an optional package must not decide what a tokenizer is.
    skills = [get_engine().get(each) for each in sorted({name for hero in list_heroes() for name in hero.skills})]
    alphabet = "".join(skill.alphabet + skill.symbol_alphabet for skill in skills)
    tokenizer = build_char_tokenizer(alphabet, max_length)
    shape = spec.build
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden_size,
        intermediate_size=shape.ff_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        max_position_embeddings=max_length,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=cast(int, tokenizer.eos_token_id),
        pad_token_id=cast(int, tokenizer.pad_token_id),
    )
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = Qwen3ForCausalLM(config)
    torch.random.set_rng_state(state)
    staging = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    model.save_pretrained(staging)
    tokenizer.save_pretrained(staging)
    try:
        staging.rename(folder)
    except OSError:
        shutil.rmtree(staging)
        if not (folder / "model.safetensors").exists():
            raise
    return folder


def base_folder(spec: HeroSpec, folder: Path, seed: int, override: str | None, max_length: int) -> str:
    """Folder or hub name of the hero's starting weights; a from-scratch hero is built in `folder` first."""
    return base_source(spec, folder, override) or str(build_hero(spec, folder, seed, max_length))


def load_hero(source: str | Path, dtype: torch.dtype | Literal["auto"], device: torch.device) -> Hero:
    """Open a Hugging Face folder or hub name. dtype "auto" = as its weights are saved.

    Raises:
        HeroError: nothing loadable there; says what was tried and how to provide it.
    """
    tokenizer = load_tokenizer(source)
    try:
        # Weights that are pickles and code that comes with a folder are never run.
        model = AutoModelForCausalLM.from_pretrained(str(source), dtype=dtype, use_safetensors=True, **_options(source))
    except (OSError, ValueError) as error:
        raise _missing(source, error) from None
    model.to(device)  # pyright: ignore[reportArgumentType]
    return Hero(model=model, tokenizer=tokenizer, device=device)


def load_tokenizer(source: str | Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a Hugging Face folder or hub name; one without a pad token pads with its end token.

    Raises:
        HeroError: as `load_hero`.
    """
    try:
        tokenizer = cast(PreTrainedTokenizerBase, AutoTokenizer.from_pretrained(str(source), **_options(source)))
    except (OSError, ValueError) as error:
        raise _missing(source, error) from None
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _options(source: str | Path) -> dict[str, Any]:
    return {"trust_remote_code": False} | ({"local_files_only": True} if Path(source).is_dir() else {})


def _missing(source: str | Path, error: Exception) -> HeroError:
    tried = f"folder {source}" if Path(source).exists() else f"{source!r} (no such folder; then the hub)"
    return HeroError(
        f"No model could be loaded from {tried}: {str(error).splitlines()[0]}",
        "Put a Hugging Face folder (config.json, model.safetensors, tokenizer.json) on this machine, at "
        "$REALM_HOME/models/heroes/<hero>, or anywhere and set hero.base_model to it: "
        "realm config set hero.base_model /path/to/folder --unlock.",
    )


def empty_hero(folder: str | Path, dtype: torch.dtype, device: torch.device) -> Hero:
    """A model of the shape that `folder`'s config.json gives, its weights still to be put in, with its tokenizer."""
    config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
    model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    model.to(device)
    return Hero(model=model, tokenizer=load_tokenizer(folder), device=device)
