"""Answers in OpenAI's shapes. Knows no model and no HTTP.

`model` names the checkpoint that answered, `system_fingerprint` the sha256 of its weights. Beyond OpenAI's fields there
is `timings`.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Shape:
    """One answer in the making, of a chat or of a plain completion."""

    chat: bool
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: int(time.time()))
    begin: Json = field(default_factory=dict[str, Any])
    completion_tokens: int = 0
    timings: Json = field(default_factory=dict[str, Any])
    _lengths: dict[int, int] = field(default_factory=dict[int, int])

    def whole(self, told: Json) -> Json:
        """The answer at once, from what `Oracle.complete` tells."""
        self.begin, self.timings = told, told["timings"]
        self.completion_tokens = sum(choice["completion_tokens"] for choice in told["choices"])
        return {
            **self._head("" if self.chat else None),
            "choices": [self._choice(choice) for choice in told["choices"]],
            "usage": self.usage(),
            "timings": self.timings,
        }

    def chunks(self, event: Json) -> list[Json]:
        """The chunks that one event of `Oracle.stream` makes."""
        if "begin" in event:
            self.begin = event["begin"]
            return []
        if "end" in event:
            self.timings = event["end"]["timings"]
            return []
        found = [self._chunk(piece["index"], piece["text"], piece["logprobs"], None) for piece in event["pieces"]]
        for ended in event["ended"]:
            self.completion_tokens += ended["completion_tokens"]
            found.append(self._chunk(ended["index"], "", [], ended["finish_reason"]))
        return found

    def last(self) -> Json:
        """The last chunk: the usage of all."""
        return {**self._head(".chunk"), "choices": [], "usage": self.usage(), "timings": self.timings}

    def usage(self) -> Json:
        prompt = self.begin["prompt_tokens"]
        return {
            "prompt_tokens": prompt,
            "completion_tokens": self.completion_tokens,
            "total_tokens": prompt + self.completion_tokens,
        }

    def _head(self, kind: str | None) -> Json:
        name = f"chat.completion{kind}" if self.chat else "text_completion"
        return {
            "id": f"{'chatcmpl' if self.chat else 'cmpl'}-{self.id}",
            "object": name,
            "created": self.created,
            "model": self.begin["checkpoint_id"],
            "system_fingerprint": f"sha256:{self.begin['sha256']}",
        }

    def _choice(self, choice: Json) -> Json:
        base = {"index": choice["index"], "finish_reason": choice["finish_reason"]}
        logprobs = self._logprobs(choice["index"], choice["logprobs"])
        if self.chat:
            return {**base, "message": {"role": "assistant", "content": choice["text"]}, "logprobs": logprobs}
        return {**base, "text": choice["text"], "logprobs": logprobs}

    def _chunk(self, index: int, text: str, logprobs: list[Json], reason: str | None) -> Json:
        first = index not in self._lengths
        told = self._logprobs(index, logprobs)
        self._lengths.setdefault(index, 0)
        base = {"index": index, "finish_reason": reason, "logprobs": told}
        if self.chat:
            delta: Json = {"role": "assistant"} if first else {}
            if text or first:
                delta["content"] = text
            return {**self._head(".chunk"), "choices": [{**base, "delta": delta}]}
        return {**self._head(".chunk"), "choices": [{**base, "text": text}]}

    def _logprobs(self, index: int, rows: list[Json]) -> Json | None:
        if not rows:
            return None
        if self.chat:
            return {"content": rows}
        offset = self._lengths.get(index, 0)
        offsets: list[int] = []
        for row in rows:
            offsets.append(offset)
            offset += len(row["token"])
        self._lengths[index] = offset
        return {
            "tokens": [row["token"] for row in rows],
            "token_logprobs": [row["logprob"] for row in rows],
            "top_logprobs": [{top["token"]: top["logprob"] for top in row["top_logprobs"]} for row in rows],
            "text_offset": offsets,
        }
