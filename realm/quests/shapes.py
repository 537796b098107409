"""The shapes that training data comes in, and from each one pure function to the inner form.

Shapes are told apart by their column names, which are those of TRL and LLaMA-Factory. Errors carry no line number:
`intake` knows where a row stood. Does not know files, formats or compression.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from realm.errors import QuestError
from realm.quests.example import Example, Message, is_trained
from realm.quests.messages import keys_of, kind, messages_of, shorten, text_of, tools_of

Row = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """One way to lay out a row. `keys` are the columns it must have, `answer` where its trained text
    stands, and `messages` makes its conversation; None for a document."""

    name: str
    keys: tuple[str, ...]
    answer: str
    messages: Callable[[Row], list[Message]] | None


def _messages(row: Row) -> list[Message]:
    return messages_of(row["messages"], "messages")


def _sharegpt(row: Row) -> list[Message]:
    return messages_of(row["conversations"], "conversations")


def _prompt_completion(row: Row) -> list[Message]:
    """TRL's prompt-completion type: loss on the completion only, so assistant messages of the prompt are context."""
    prompt, completion = row["prompt"], row["completion"]
    if isinstance(prompt, list):
        messages = messages_of(prompt, "prompt")
        for message in messages:
            if message["role"] == "assistant":
                message["train"] = False
    else:
        messages = [{"role": "user", "content": text_of(prompt, "prompt")}]
    if isinstance(completion, list):
        return messages + messages_of(completion, "completion")
    return [*messages, {"role": "assistant", "content": text_of(completion, "completion")}]


def _question_answer(row: Row) -> list[Message]:
    return [
        {"role": "user", "content": text_of(row["question"], "question")},
        {"role": "assistant", "content": text_of(row["answer"], "answer")},
    ]


def _alpaca(row: Row) -> list[Message]:
    """As LLaMA-Factory reads it: history first, then instruction and input joined by a newline. History is trained."""
    messages: list[Message] = []
    history = row.get("history")
    if history is not None and not isinstance(history, list):
        raise QuestError(f"history is {kind(history)}, not a list.", "Write it as a list of [prompt, response] pairs.")
    for index, pair in enumerate(history or ()):
        if not isinstance(pair, list) or len(pair) != 2:
            problem = f"history[{index}] is {shorten(pair)}, not a pair."
            raise QuestError(problem, "Write it as [prompt, response].")
        messages.append({"role": "user", "content": text_of(pair[0], f"history[{index}][0]")})
        messages.append({"role": "assistant", "content": text_of(pair[1], f"history[{index}][1]")})
    prompt = text_of(row["instruction"], "instruction")
    if row.get("input") is not None:
        prompt = "\n".join(part for part in (prompt, text_of(row["input"], "input")) if part)
    messages.append({"role": "user", "content": prompt})
    messages.append({"role": "assistant", "content": text_of(row["output"], "output")})
    return messages


# Order decides where a row has the columns of two shapes: Stanford's Alpaca has a rendered `text` beside its columns.
SHAPES = (
    Shape("messages", ("messages",), "an assistant message in messages", _messages),
    Shape("sharegpt", ("conversations",), "a gpt message in conversations", _sharegpt),
    Shape("prompt-completion", ("prompt", "completion"), "completion", _prompt_completion),
    Shape("alpaca", ("instruction", "output"), "output", _alpaca),
    Shape("question-answer", ("question", "answer"), "answer", _question_answer),
    Shape("text", ("text",), "text", None),
)

_MEDIA = ("images", "videos", "audios", "image", "audio", "video")
_PREFERENCE = ("chosen", "rejected")
_REFUSED = frozenset({"chosen", "kto_tag", "preferred_output", "label", "completions", *_MEDIA})
_METADATA = ("skill", "level", "primitives", "provenance")

COLUMNS = frozenset({key for shape in SHAPES for key in shape.keys}) | frozenset(
    {"input", "history", "system", "tools", "labels", "rejected", *_REFUSED, *_METADATA}
)
"""Every column that decides or feeds an example. Any other column of a file is ignored."""


def detect(row: Any) -> Shape:
    """The shape of a row. QuestError where it is not an object, is preference data or has no known shape."""
    _check_row(row)
    for present in (lambda key: row.get(key) is not None, lambda key: key in row):
        for shape in SHAPES:
            if all(present(key) for key in shape.keys):
                return shape
    if "prompt" in row:
        raise QuestError("The row has a prompt and no completion: nothing to train.", "Add a completion column.")
    known = "; ".join(f"{shape.name} ({', '.join(shape.keys)})" for shape in SHAPES)
    raise QuestError(f"The shape is unknown; the keys found are {keys_of(row)}.", f"The shapes known are {known}.")


def convert(row: Any, shape: Shape) -> Example:
    """One row of `shape` in the inner form. QuestError says what was wrong with it."""
    _check_row(row)
    for key in shape.keys:
        if key not in row:
            raise _mixed(row, shape)
    if shape.messages is None:
        text = text_of(row["text"], "text")
        if not text or text.isspace():
            raise QuestError("text is empty.", "Leave empty examples out.")
        return Example(text=text, **_metadata(row))
    messages = _with_system(shape.messages(row), row)
    if not any(map(is_trained, messages)):
        raise _untrained(messages, shape)
    return Example(messages=messages, tools=tools_of(row.get("tools")), **_metadata(row))


def _check_row(row: Any) -> None:
    """QuestError where the row is not an object, or is data for something else than supervised fine-tuning."""
    if not isinstance(row, dict):
        raise QuestError(f"The row is {kind(row)}, not a JSON object.", 'Write an example as {"messages": […]}.')
    if _REFUSED.isdisjoint(row):
        return
    has = {key for key in COLUMNS if row.get(key) is not None}
    found = None
    if has.issuperset(_PREFERENCE):
        found = "chosen and rejected"
    elif "preferred_output" in has:
        found = "preferred_output"
    elif "kto_tag" in has:
        found = "kto_tag"
    elif has.issuperset(("prompt", "completion", "label")) and isinstance(row["label"], bool):
        found = "prompt, completion and a true/false label"
    if found:
        remedy = "Preference data cannot be trained on here; keep the good answers as messages or prompt/completion."
        raise QuestError(f"The row is preference data: it has {found}.", remedy)
    if has.issuperset(("prompt", "completions", "labels")):
        raise QuestError("The row is stepwise supervision data (completions, labels).", "Write prompt and completion.")
    media = next((key for key in _MEDIA if key in has and row[key] not in ("", [])), None)
    if media:
        raise QuestError(f"The row has {media}.", "A hero reads text only; remove the column and its placeholders.")


def _mixed(row: Row, shape: Shape) -> QuestError:
    expected = f"{shape.name} ({', '.join(shape.keys)})"
    try:
        found = f"shape {detect(row).name}"
    except QuestError:
        found = f"the keys {keys_of(row)}"
    return QuestError(f"The row has {found}; the first example has shape {expected}.", "Use one shape in a file.")


def _untrained(messages: list[Message], shape: Shape) -> QuestError:
    turns = [message for message in messages if message["role"] == "assistant"]
    if not turns:
        return QuestError("There is no assistant turn.", f"Loss is taken on assistant turns only: add {shape.answer}.")
    if any(is_trained({**message, "train": True}) for message in turns):
        return QuestError("Every assistant turn is left out of training.", "Mark at least one to be trained.")
    return QuestError(f"The assistant turn is empty ({shape.answer}).", "Fill it, or leave the example out.")


def _with_system(messages: list[Message], row: Row) -> list[Message]:
    """The `system` column goes first, unless the messages begin with a system message of their own."""
    system = row.get("system")
    if system is None or system == "" or messages[0]["role"] == "system":
        return messages
    return [{"role": "system", "content": text_of(system, "system")}, *messages]


def _metadata(row: Row) -> dict[str, Any]:
    """`skill`, `level`, `primitives` and `provenance` where the row is one of a curriculum: a named skill and a
    whole-number level.

    Other files use these column names for other things (`"level": "Level 5"`); those are ignored like any other column.
    """
    skill, level = row.get("skill"), row.get("level")
    if not isinstance(skill, str) or not skill or type(level) is not int:
        return {}
    primitives = row.get("primitives") or ()
    if not isinstance(primitives, (list, tuple)) or not all(isinstance(name, str) for name in primitives):
        problem = f"primitives is {shorten(primitives)}, not a list of strings."
        raise QuestError(problem, "Write the names of the primitives as a list of strings.")
    return {"skill": skill, "level": level, "primitives": tuple(primitives), "provenance": _provenance(row)}


def _provenance(row: Row) -> dict[str, str | int] | None:
    """The words and whole numbers of the `provenance` column, None where it is no object or has none."""
    value = row.get("provenance")
    if isinstance(value, str) and value.startswith("{"):
        # Parquet gives every row the same keys; there it is an object as JSON.
        with suppress(ValueError):
            value = json.loads(value)
    if not isinstance(value, dict):
        return None
    return {key: each for key, each in value.items() if type(each) in (str, int)} or None
