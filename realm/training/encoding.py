"""Examples → token ids and labels. Only what the hero should say is trained. Knows no files and no model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import render_jinja_template

from realm.models.chat import render, token_ids
from realm.models.labels import IGNORE
from realm.quests import Example, is_trained

GENERATION_MARK = re.compile(r"\{%-?\s*generation")

Spans = list[tuple[int, int]]
"""Character spans [start, end) of a text."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One example as tokens; `labels[i]` is the token to predict at position i, or -100."""

    ids: list[int]
    labels: list[int]


def encode(examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[Encoded]:
    """Tokenize; examples longer than `max_length` or without a trained token are left out.

    Plain text is trained whole; of a conversation only the assistant's turns are.
    """
    texts: list[str] = []
    spans: list[list[tuple[int, int]]] = []
    chats = [example for example in examples if example.text is None]
    for text, marked in _render(chats, tokenizer):
        texts.append(text)
        spans.append(marked)
    for example in examples:
        if example.text is not None:
            texts.append(example.text + cast(str, tokenizer.eos_token))
            spans.append([(0, len(texts[-1]))])
    if not texts:
        return []
    # The backend gives ids and offsets without the dictionaries that calling the tokenizer builds: twice as fast.
    batch = cast(Any, tokenizer).backend_tokenizer.encode_batch(texts, add_special_tokens=False)
    encoded = []
    for each, marked in zip(batch, spans, strict=True):
        ids = each.ids
        if len(ids) <= max_length:
            labels = _labels(ids, each.offsets, marked)
            if any(label != IGNORE for label in labels[1:]):
                encoded.append(Encoded(ids, labels))
    return encoded


def measure(example: Example, tokenizer: PreTrainedTokenizerBase) -> int:
    """Tokens of one example as it would be trained."""
    if example.text is not None:
        return len(token_ids(tokenizer, example.text)) + 1
    return len(token_ids(tokenizer, render(tokenizer, example.messages, tools=example.tools)))


def _labels(ids: list[int], offsets: Spans, spans: Spans) -> list[int]:
    labels = [IGNORE] * len(ids)
    position = 0
    for start, end in spans:
        while position < len(ids) and offsets[position][0] < start:
            position += 1
        while position < len(ids) and offsets[position][0] < end:
            labels[position] = ids[position]
            position += 1
    return labels


def _render(chats: list[Example], tokenizer: PreTrainedTokenizerBase) -> list[tuple[str, Spans]]:
    """Each chat as text with the character spans that are trained; some become several (see `_by_prefix`)."""
    if not GENERATION_MARK.search(str(tokenizer.chat_template)):
        return [pair for example in chats for pair in _by_prefix(example, tokenizer)]
    plain = iter(_by_marks([example for example in chats if not example.tools], None, tokenizer))
    return [_by_marks([example], example.tools, tokenizer)[0] if example.tools else next(plain) for example in chats]


def _by_marks(
    chats: list[Example], tools: list[dict[str, Any]] | None, tokenizer: PreTrainedTokenizerBase
) -> list[tuple[str, Spans]]:
    """Rendered by a template that marks the assistant's parts with `{% generation %}`."""
    names: dict[str, Any] = dict(tokenizer.special_tokens_map)
    texts, marks = cast(
        tuple[list[str], list[Spans]],
        render_jinja_template(
            [cast(Any, example.messages) for example in chats],
            tools=cast(Any, tools),
            chat_template=cast(str, tokenizer.chat_template),
            return_assistant_tokens_mask=True,
            **names,
        ),
    )
    rendered: list[tuple[str, Spans]] = []
    for example, text, spans in zip(chats, texts, marks, strict=True):
        turns = [message for message in example.messages if message["role"] == "assistant"]
        trained = [(start, end) for message, (start, end) in zip(turns, spans, strict=True) if is_trained(message)]
        rendered.append((text, trained))
    return rendered


def _by_prefix(example: Example, tokenizer: PreTrainedTokenizerBase) -> list[tuple[str, Spans]]:
    """Assistant spans as what each turn adds to the rendering before it.

    Where a template renders earlier turns differently once later ones exist (Qwen3 drops old thinking), one rendering
    an assistant turn is returned, each trained on its last turn.
    """
    messages = example.messages

    def upto(count: int, prompt: bool) -> str:
        return render(tokenizer, messages[:count], generation_prompt=prompt, tools=example.tools)

    turns = [index for index, message in enumerate(messages) if is_trained(message)]
    whole = upto(len(messages), False)
    pieces = [(upto(index, True), upto(index + 1, False)) for index in turns]
    if all(whole.startswith(after) and after.startswith(before) for before, after in pieces):
        return [(whole, [(len(before), len(after)) for before, after in pieces])]
    return [(after, [(len(before), len(after))]) for before, after in pieces if after.startswith(before)]
