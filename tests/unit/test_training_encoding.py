"""What is trained and what is not, for templates that mark the assistant's turns and for those that do not."""

from __future__ import annotations

import random
from statistics import median

import pytest
from transformers import PreTrainedTokenizerFast

from realm.models.labels import IGNORE
from realm.models.tokenizer import build_char_tokenizer
from realm.quests import Example
from realm.training.batches import bucket, collate, joined, windows
from realm.training.encoding import Encoded, encode, measure

# Renders as Qwen3 does: earlier thinking is dropped, and nothing marks the assistant's parts.
UNMARKED = """\
{%- for m in messages -%}
{{- '<|' + m['role'] + '|>' -}}
{%- if m['role'] == 'assistant' and not loop.last and '</think>' in m['content'] -%}
{{- m['content'].split('</think>')[-1] -}}
{%- else -%}{{- m['content'] -}}{%- endif -%}
{{- '<|end|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"""


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    return build_char_tokenizer("⓪①", 512)


@pytest.fixture
def unmarked(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    tokenizer.chat_template = UNMARKED
    return tokenizer


def chat(*turns: tuple[str, str], **more: object) -> Example:
    return Example(messages=[{"role": role, "content": text} for role, text in turns], **more)  # type: ignore[arg-type]


def trained(row: Encoded, tokenizer: PreTrainedTokenizerFast) -> str:
    return tokenizer.decode([label for label in row.labels if label != IGNORE])


def test_the_tokenizer_gives_back_any_text(tokenizer: PreTrainedTokenizerFast) -> None:
    for text in ("plain", "⓪①⓪", "é 🐱 \t 漢", "a\nb", "<think>x</think>"):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_only_the_assistant_is_trained(tokenizer: PreTrainedTokenizerFast) -> None:
    [row] = encode([chat(("system", "sys"), ("user", "Q"), ("assistant", "A1"))], tokenizer, 64)
    assert trained(row, tokenizer) == "A1<|end|>"
    assert tokenizer.decode(row.ids) == "<|system|>sys<|user|>Q<|assistant|>A1<|end|>"


def test_every_assistant_turn_is_trained_but_context(tokenizer: PreTrainedTokenizerFast) -> None:
    example = chat(("user", "Q"), ("assistant", "first"), ("user", "R"), ("assistant", "second"))
    [row] = encode([example], tokenizer, 64)
    assert trained(row, tokenizer) == "first<|end|>second<|end|>"
    example.messages[1]["train"] = False
    [row] = encode([example], tokenizer, 64)
    assert trained(row, tokenizer) == "second<|end|>"


def test_tool_calls_and_tools_are_rendered(tokenizer: PreTrainedTokenizerFast) -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": {"x": 1}}}
    example = Example(
        messages=[{"role": "user", "content": "Q"}, {"role": "assistant", "content": "", "tool_calls": [call]}],
        tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}],
    )
    [row] = encode([example], tokenizer, 512)
    assert '"name": "f"' in trained(row, tokenizer)
    assert "parameters" in tokenizer.decode(row.ids)
    assert "parameters" not in trained(row, tokenizer)


def test_text_is_trained_whole_and_ends(tokenizer: PreTrainedTokenizerFast) -> None:
    [row] = encode([Example(text="abc")], tokenizer, 64)
    assert trained(row, tokenizer) == "abc<|end|>"


def test_an_unmarked_template_gives_the_same_labels(unmarked: PreTrainedTokenizerFast) -> None:
    [row] = encode([chat(("user", "Q"), ("assistant", "A"), ("user", "R"), ("assistant", "B"))], unmarked, 64)
    assert trained(row, unmarked) == "A<|end|>B<|end|>"


def test_a_template_that_rewrites_earlier_turns_gives_one_row_a_turn(unmarked: PreTrainedTokenizerFast) -> None:
    example = chat(("user", "Q"), ("assistant", "<think>t</think>A"), ("user", "R"), ("assistant", "B"))
    rows = encode([example], unmarked, 64)
    assert [trained(row, unmarked) for row in rows] == ["<think>t</think>A<|end|>", "B<|end|>"]
    assert "<think>" not in unmarked.decode(rows[1].ids)


def test_what_does_not_fit_is_left_out(tokenizer: PreTrainedTokenizerFast) -> None:
    short, long = chat(("user", "Q"), ("assistant", "A")), chat(("user", "Q" * 90), ("assistant", "A"))
    assert len(encode([short, long], tokenizer, 64)) == 1
    assert measure(long, tokenizer) > 64 >= measure(short, tokenizer)


def test_measure_is_the_length_that_is_trained(tokenizer: PreTrainedTokenizerFast) -> None:
    for example in (chat(("user", "Q"), ("assistant", "Ab")), Example(text="abc")):
        [row] = encode([example], tokenizer, 64)
        assert measure(example, tokenizer) == len(row.ids)


def plan(lengths: list[int], seed: int) -> list[list[int]]:
    rng = random.Random(seed)
    return [
        [chosen[row] for row in batch]
        for chosen in windows(len(lengths), 32, rng)
        for batch in bucket([lengths[each] for each in chosen], 32, rng)
    ]


def test_the_plan_holds_every_row_once_and_is_reproducible() -> None:
    lengths = [index % 37 + 1 for index in range(1000)]
    assert sorted(row for batch in plan(lengths, 5) for row in batch) == list(range(1000))
    assert plan(lengths, 5) == plan(lengths, 5) != plan(lengths, 6)


def test_the_plan_pads_little_and_mixes_lengths() -> None:
    lengths = [index * 7919 % 200 + 1 for index in range(3200)]
    rows = [Encoded([1] * length, [1] * length) for length in lengths]
    batches = [collate([rows[row] for row in each], 0) for each in plan(lengths, 1)]
    padded = sum(lane.ids.numel() for batch in batches for lane in batch.lanes)
    assert padded < 1.12 * sum(lengths)
    spans = [batch.lanes[-1].ids.shape[1] - batch.lanes[0].ids.shape[1] for batch in batches]
    assert median(spans) > 80


def test_collate_pads_on_the_right() -> None:
    batch = collate([Encoded([5, 6, 7], [IGNORE, 6, 7]), Encoded([5], [5])], pad_id=0)
    assert [lane.ids.tolist() for lane in batch.lanes] == [[[5]], [[5, 6, 7]]]
    eight = collate([Encoded([5] * n, [6] * n) for n in (2, 1, 3, 3, 4, 4, 5, 6)], pad_id=0)
    assert eight.lanes[0].ids.tolist() == [[5, 0], [5, 5]]
    assert eight.lanes[3].labels.tolist() == [[6] * 5 + [IGNORE], [6] * 6]
    assert (batch.tokens, batch.rows, eight.rows, eight.trained) == (4, 2, 8, 20)


def test_joined_lanes_hold_the_same_rows_within_the_limit() -> None:
    batch = collate([Encoded([5] * n, [6] * n) for n in (2, 1, 3, 3, 4, 4, 5, 6)], pad_id=0)
    assert joined(batch.lanes, 10, 0) == batch.lanes
    for limit in (12, 24, 30, 48):
        lanes = joined(batch.lanes, limit, 0)
        assert all(lane.ids.numel() <= limit and lane.ids.shape == lane.labels.shape for lane in lanes)
        rows = [[token for token in row if token] for lane in lanes for row in lane.ids.tolist()]
        assert rows == [[5] * n for n in (1, 2, 3, 3, 4, 4, 5, 6)]
        assert sum(lane.trained for lane in lanes) == batch.trained
    assert [len(joined(batch.lanes, limit, 0)) for limit in (12, 24, 48)] == [3, 2, 1]
