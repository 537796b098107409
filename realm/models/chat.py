"""Conversations as text and text as tokens, by a hero's tokenizer. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from realm.errors import HeroError, RequestError


def render(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[dict[str, Any]],
    *,
    generation_prompt: bool = False,
    tools: Sequence[dict[str, Any]] | None = None,
) -> str:
    """The conversation as the hero's chat template writes it; with `generation_prompt`, up to where the hero speaks."""
    text: Any = tokenizer.apply_chat_template(
        list(messages), tools=list(tools) if tools else None, tokenize=False, add_generation_prompt=generation_prompt
    )
    return str(text)


def token_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of `text`, nothing added. Safe in several threads: the tokenizer's own call changes its state."""
    return cast(Any, tokenizer).backend_tokenizer.encode(text, add_special_tokens=False).ids


def chat_ids(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[dict[str, Any]],
    *,
    tools: Sequence[dict[str, Any]] | None = None,
) -> list[int]:
    """Token ids of a conversation, each message with `role` and `content`, up to where the hero speaks.

    Raises:
        HeroError: the tokenizer has no chat template.
        RequestError: the template does not take these messages.
    """
    if not tokenizer.chat_template:
        raise HeroError(
            "This hero's tokenizer has no chat template, so it cannot be given messages.",
            "Put a chat_template.jinja into the hero's folder, or ask for a completion of plain text.",
        )
    try:
        text = render(tokenizer, messages, generation_prompt=True, tools=tools)
    except (TemplateError, TypeError, KeyError, ValueError) as error:
        raise RequestError(
            f"The hero's chat template does not take these messages: {error}.",
            "Give each message a role and its content as text.",
        ) from None
    return token_ids(tokenizer, text)


def spells(tokenizer: PreTrainedTokenizerBase, characters: str) -> bool:
    """Whether every one of `characters` comes back as it was from its token ids."""
    return all(cast(str, tokenizer.decode(token_ids(tokenizer, each))) == each for each in characters)
