"""An answer whose process dies is gone on with by another one: nothing twice, nothing missing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from serve.oracle.questions import CompletionRequest
from serve.oracle.serving import Told

QUESTION = CompletionRequest(model="champion", prompt="x", seed=1, n=2).question(10.0)
BEGIN = {"begin": {"checkpoint_id": "mote-1/checkpoint-1", "sha256": "0", "prompt_tokens": 1}}


def events_of(texts: list[str], cuts: list[int]) -> list[Any]:
    """What a replica tells of these answers, in pieces of the sizes `cuts`, in turns; a row of logprobs a character."""
    left, events = list(texts), list[Any]()
    for turn, size in enumerate(cuts * (2 * sum(map(len, texts)) + 2)):
        index = turn % len(left)
        text, left[index] = left[index][:size], left[index][size:]
        done = not left[index] and not any(each["ended"] and each["ended"][0]["index"] == index for each in events)
        ended = [{"index": index, "finish_reason": "stop", "completion_tokens": len(texts[index])}] if done else []
        if text or ended:
            piece = {"index": index, "text": text, "logprobs": [*text]}
            events.append({"pieces": [piece] if text else [], "ended": ended})
    return [BEGIN, *events, {"end": {"timings": {}}}]


@given(
    texts=st.lists(st.text("abc", min_size=1, max_size=12), min_size=2, max_size=2),
    cuts=st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=3), min_size=3, max_size=3),
    deaths=st.lists(st.integers(0, 30), min_size=2, max_size=2),
)
def test_whatever_dies_when_the_answer_is_whole_once(
    texts: list[str], cuts: list[list[int]], deaths: list[int]
) -> None:
    told, sent = Told(QUESTION), list[Any]()
    for sizes, death in zip(cuts, [*deaths, 10_000], strict=True):
        for event in events_of(texts, sizes)[:death]:
            if (fresh := told.fresh(event)) is not None:
                sent.append(fresh)
        if sent and "end" in sent[-1]:
            break
    assert [event for event in sent if "begin" in event] == [BEGIN]
    pieces = [piece for event in sent for piece in event.get("pieces", ())]
    for index, text in enumerate(texts):
        assert "".join(piece["text"] for piece in pieces if piece["index"] == index) == text
        assert [row for piece in pieces if piece["index"] == index for row in piece["logprobs"]] == [*text]
    assert sorted(each["index"] for event in sent for each in event.get("ended", ())) == [0, 1]
    assert told.question["model"] == "mote-1/checkpoint-1"
