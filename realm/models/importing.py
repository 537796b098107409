"""Whether transformers can open a folder from outside as a causal language model. Runs no code of the folder's own."""

from __future__ import annotations

from typing import Any, cast

import transformers
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from realm.errors import HeroError
from realm.models.chat import render
from realm.models.hero import load_tokenizer


def check_model_folder(folder: str) -> dict[str, Any]:
    """Architecture, model type and parameters of a loadable causal language model with a chat template.

    The weights stay on disk: names and shapes are compared on the meta device.

    Raises:
        HeroError: transformers does not know the architecture, tensors are missing, left over or of other shapes, or
            the tokenizer cannot write a conversation.
    """
    architecture = _architecture(folder)
    try:
        opened: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            device_map="meta",
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise _refused(f"cannot be loaded as {architecture}: {_first_line(error)}") from None
    model, loaded = opened
    for name, found, wanted in sorted(loaded["mismatched_keys"]):
        shapes = f"{tuple(found)}, its config.json wants {tuple(wanted)}"
        raise _refused(f"does not fit: tensor {name!r} has shape {shapes}")
    for kind, words in (("missing_keys", "lacks"), ("unexpected_keys", "has no use for")):
        if loaded[kind]:
            odd = sorted(map(str, loaded[kind]))
            raise _refused(f"does not fit: {architecture} {words} {len(odd)} tensors, among them {odd[0]!r}")
    _check_tokenizer(folder, int(model.config.vocab_size))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return {"architecture": architecture, "model_type": str(model.config.model_type), "parameters": parameters}


def _architecture(folder: str) -> str:
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise _refused(f"has no config.json that transformers knows: {_first_line(error)}") from None
    known = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(config.model_type)
    named = list(config.architectures or ())
    if known is None or (named and known not in named):
        raise _refused(f"is a {', '.join(named) or config.model_type}, not a causal language model")
    return str(known)


def _check_tokenizer(folder: str, rows: int) -> None:
    try:
        tokenizer = load_tokenizer(folder)
    except Exception as error:  # noqa: BLE001 - whatever a damaged file makes the tokenizer's reader raise
        raise _refused(f"has no tokenizer that can be loaded: {_first_line(error)}") from None
    try:
        render(tokenizer, [{"role": "user", "content": "1 + 1"}, {"role": "assistant", "content": "2"}])
    except Exception as error:  # noqa: BLE001 - a chat template is a program that may fail in any way
        raise _refused(f"has no chat template that works: {_first_line(error)}") from None
    highest = max(cast(dict[str, int], tokenizer.get_vocab()).values())
    if highest >= rows:
        raise _refused(f"has a tokenizer with token id {highest} and a model of {rows} tokens")


def _refused(problem: str) -> HeroError:
    return HeroError(
        f"The model {problem}.",
        f"Give a causal language model that transformers {transformers.__version__} knows, with its tokenizer and "
        "chat template.",
    )


def _first_line(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
