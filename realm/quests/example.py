"""The inner form of training data: one `Example`, whatever shape its file had.

Does not know files, shapes, tokenizers or chat templates.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]
"""`role` is system, user, assistant or tool; `content` is a string. An assistant message may have `tool_calls`, each
`{"type": "function", "function": {"name": str, "arguments": dict}}`, and `"train": False` where it is context only."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Example:
    """One training example: a conversation (`messages`), or a document (`text`, trained whole) with no messages.

    Loss is taken on assistant messages only, except those with `"train": False`. `skill`, `level` and `primitives` are
    set where the example came from a curriculum, `provenance` where it was made of a hero's own answers.
    """

    messages: list[Message] = field(default_factory=list)
    text: str | None = None
    tools: list[dict[str, Any]] | None = None
    skill: str | None = None
    level: int | None = None
    primitives: tuple[str, ...] = ()
    provenance: dict[str, str | int] | None = None

    @property
    def trained_turns(self) -> int:
        """How many stretches of it are trained: assistant messages with something in them, or 1 for a text."""
        if self.text is not None:
            return 1
        return sum(map(is_trained, self.messages))

    def to_row(self) -> dict[str, Any]:
        """The example as the JSON object that its line in a shard holds; what is unset is left out."""
        row: dict[str, Any] = {"messages": self.messages} if self.text is None else {"text": self.text}
        if self.tools:
            row["tools"] = self.tools
        if self.skill is not None:
            row["skill"] = self.skill
        if self.level is not None:
            row["level"] = self.level
        if self.primitives:
            row["primitives"] = self.primitives
        if self.provenance:
            row["provenance"] = self.provenance
        return row

    def to_json(self) -> str:
        """One line of canonical JSON, without the newline. ValueError where `tools` or `tool_calls` hold NaN."""
        return _ENCODER.encode(self.to_row())

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Example:
        """The inverse of `to_row`, without validation."""
        return cls(
            messages=row.get("messages", []),
            text=row.get("text"),
            tools=row.get("tools"),
            skill=row.get("skill"),
            level=row.get("level"),
            primitives=tuple(row.get("primitives", ())),
            provenance=row.get("provenance"),
        )

    @classmethod
    def from_json(cls, line: str | bytes) -> Example:
        """The inverse of `to_json`, without validation. ValueError where the line is not JSON."""
        return cls.from_row(json.loads(line))


def is_trained(message: Message) -> bool:
    """Whether loss is taken on this message: an assistant message that says or calls something and is not context."""
    if message["role"] != "assistant" or message.get("train") is False:
        return False
    return bool(message.get("tool_calls")) or not (message["content"] == "" or message["content"].isspace())
