"""Each shape becomes the inner form; each way to get one wrong says what was wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realm.errors import QuestError
from realm.quests.example import Example
from realm.quests.shapes import SHAPES, convert, detect

USER = {"role": "user", "content": "2+2?"}
ASSISTANT = {"role": "assistant", "content": "4"}
CALL = {"type": "function", "function": {"name": "add", "arguments": {"a": 2}}}
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


def converted(row: Any) -> Example:
    return convert(row, detect(row))


def said(*messages: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for role, content in messages]


PLAIN = said(("user", "2+2?"), ("assistant", "4"))


@pytest.mark.parametrize(
    ("shape", "row", "messages"),
    [
        ("messages", {"messages": [USER, ASSISTANT]}, PLAIN),
        (
            "messages",
            {"messages": [{"role": "developer", "content": "S"}, USER, ASSISTANT]},
            [*said(("system", "S")), *PLAIN],
        ),
        ("messages", {"messages": [USER, ASSISTANT], "system": "S"}, [*said(("system", "S")), *PLAIN]),
        (
            "messages",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "2+"}, {"type": "text", "text": "2?"}]},
                    ASSISTANT,
                ]
            },
            PLAIN,
        ),
        ("prompt-completion", {"prompt": "2+2?", "completion": "4"}, PLAIN),
        ("prompt-completion", {"prompt": [USER], "completion": [ASSISTANT]}, PLAIN),
        ("prompt-completion", {"prompt": "2+2?", "completion": [ASSISTANT]}, PLAIN),
        ("question-answer", {"question": "2+2?", "answer": "4", "id": 7}, PLAIN),
        ("alpaca", {"instruction": "2+2?", "input": "", "output": "4", "text": "rendered"}, PLAIN),
        (
            "alpaca",
            {"instruction": "Add.", "input": "2 2", "output": "4"},
            said(("user", "Add.\n2 2"), ("assistant", "4")),
        ),
        ("alpaca", {"instruction": "2+2?", "input": None, "output": "4", "history": None, "system": None}, PLAIN),
        (
            "alpaca",
            {"instruction": "2+2?", "output": "4", "system": "S", "history": [["1+1?", "2"]]},
            [*said(("system", "S"), ("user", "1+1?"), ("assistant", "2")), *PLAIN],
        ),
        ("sharegpt", {"conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}]}, PLAIN),
        (
            "sharegpt",
            {"conversations": [{"from": "user", "value": "2+2?"}, {"from": "assistant", "value": "4"}]},
            PLAIN,
        ),
        ("sharegpt", {"conversations": [USER, ASSISTANT], "system": ""}, PLAIN),
        (
            "sharegpt",
            {"conversations": [{"from": "system", "value": "own"}, {"from": "gpt", "value": "4"}], "system": "column"},
            said(("system", "own"), ("assistant", "4")),
        ),
    ],
)
def test_shape_becomes_messages(shape: str, row: dict[str, Any], messages: list[dict[str, Any]]) -> None:
    assert detect(row).name == shape
    assert converted(row) == Example(messages=messages)


def test_text_is_a_document_without_messages() -> None:
    example = converted({"text": "Once upon a time.", "meta": {"source": "x"}})
    assert example == Example(text="Once upon a time.")
    assert example.trained_turns == 1


@pytest.mark.parametrize(
    "value", ['{"name": "add", "arguments": {"a": 2}}', '[{"name": "add", "arguments": "{\\"a\\": 2}"}]']
)
def test_sharegpt_function_call_is_an_assistant_turn_with_tool_calls(value: str) -> None:
    turns = [
        {"from": "human", "value": "2+2?"},
        {"from": "function_call", "value": value},
        {"from": "observation", "value": "4"},
        {"from": "tool", "value": "5"},
        {"from": "gpt", "value": "It is 4."},
    ]
    tools = json.dumps([{"name": "add", "parameters": {"type": "object"}}])
    example = converted({"conversations": turns, "tools": tools})
    assert [message["role"] for message in example.messages] == ["user", "assistant", "tool", "tool", "assistant"]
    assert example.messages[1] == {"role": "assistant", "content": "", "tool_calls": [CALL]}
    assert example.tools == [TOOL]
    assert example.trained_turns == 2


@pytest.mark.parametrize("tools", [None, "", "[]", []])
def test_no_tools_is_none(tools: Any) -> None:
    assert converted({"messages": [USER, ASSISTANT], "tools": tools}).tools is None


def test_openai_tool_calls_keep_only_name_and_arguments() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}}
    turns = [USER, {"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "content": "4"}]
    example = converted({"messages": turns, "tools": [TOOL]})
    assert example.messages[1]["tool_calls"] == [CALL]
    assert example.tools == [TOOL]


def test_legacy_function_call_and_function_role() -> None:
    turns = [
        USER,
        {"role": "assistant", "content": None, "function_call": CALL["function"]},
        {"role": "function", "content": "4"},
    ]
    example = converted({"messages": turns})
    assert example.messages[1:] == [
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "4"},
    ]


def test_assistant_turns_of_a_prompt_are_context() -> None:
    example = converted({"prompt": [USER, ASSISTANT, USER], "completion": [ASSISTANT]})
    assert example.messages == [USER, {**ASSISTANT, "train": False}, USER, ASSISTANT]
    assert example.trained_turns == 1


@pytest.mark.parametrize("flag", [{"weight": 0}, {"train": False}])
def test_a_turn_can_be_left_out_of_the_loss(flag: dict[str, Any]) -> None:
    example = converted({"messages": [USER, {**ASSISTANT, **flag}, USER, {**ASSISTANT, "weight": 1}]})
    assert [message.get("train") for message in example.messages] == [None, False, None, None]
    with pytest.raises(QuestError, match="left out of training"):
        converted({"messages": [USER, {**ASSISTANT, **flag}]})


def test_reasoning_is_folded_into_the_content() -> None:
    example = converted({"messages": [USER, {**ASSISTANT, "reasoning_content": "two and two\n"}]})
    assert example.messages[1]["content"] == "<think>\ntwo and two\n</think>\n\n4"


def test_skill_level_and_primitives_are_kept() -> None:
    row = {"messages": [USER, ASSISTANT], "skill": "bin", "level": 3, "primitives": ["add", "carry"]}
    example = converted(row)
    assert (example.skill, example.level, example.primitives) == ("bin", 3, ("add", "carry"))


def test_provenance_is_kept_as_words_and_whole_numbers() -> None:
    row = {"messages": [USER, ASSISTANT], "skill": "bin", "level": 3}
    found = converted({**row, "provenance": {"checkpoint_id": "m/c", "step": 9, "at": None, "more": [1]}})
    assert found.provenance == {"checkpoint_id": "m/c", "step": 9}
    assert converted(json.loads(found.to_json())) == found
    for other in ("crawled", [], {}, {"source": ["web"]}, None):
        assert converted({**row, "provenance": other}).provenance is None
    assert converted({"messages": [USER, ASSISTANT], "provenance": {"step": 9}}).provenance is None


@pytest.mark.parametrize(
    "other",
    [{"level": "Level 5"}, {"skill": "algebra", "level": "5"}, {"skill": 3, "level": 3}, {"level": True, "skill": "x"}],
)
def test_columns_named_like_metadata_are_ignored(other: dict[str, Any]) -> None:
    assert converted({"question": "2+2?", "answer": "4", **other}) == Example(messages=PLAIN)


def test_the_inner_form_converts_to_itself() -> None:
    row = {
        "messages": [USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}, {**ASSISTANT, "train": False}],
        "tools": [TOOL],
        "skill": "bin",
        "level": 0,
        "primitives": ["add"],
    }
    once = converted(row)
    assert once.to_row() == {**row, "primitives": ("add",)}
    assert converted(json.loads(once.to_json())) == once


def turn(**fields: Any) -> dict[str, Any]:
    return {"messages": [USER, fields]}


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        (3, ["a number (3)", "not a JSON object"]),
        (None, ["null"]),
        ([USER], ["a list"]),
        ("hello", ["a string ('hello')"]),
        ({}, ["shape is unknown", "keys found are none", "alpaca (instruction, output)", "text (text)"]),
        ({"input": "a", "target": "b"}, ["'input', 'target'", "question-answer (question, answer)"]),
        ({"prompt": "2+2?"}, ["no completion"]),
        ({"messages": None, "x": 1}, ["messages is null"]),
        ({"messages": "hi"}, ["messages is a string ('hi')", "not a list"]),
        ({"messages": []}, ["messages is an empty list"]),
        ({"messages": ["hi"]}, ["messages[0] is a string ('hi')", "not an object"]),
        ({"messages": [{"content": "x"}]}, ["messages[0] has no role", "'content'"]),
        ({"messages": [{"role": "bot", "content": "x"}]}, ["messages[0].role is unknown: 'bot'", "assistant"]),
        ({"messages": [{"role": ["user"], "content": "x"}]}, ["messages[0].role is unknown"]),
        (
            {"conversations": [{"from": "function", "value": "x"}]},
            ["conversations[0].from is unknown: 'function'", "gpt"],
        ),
        (turn(role="assistant", content=42), ["messages[1].content is a number (42)", "not a string"]),
        (turn(role="assistant", content=float("nan")), ["messages[1].content is a number (nan)"]),
        (turn(role="assistant", content=None), ["messages[1].content is null"]),
        (turn(role="assistant", content={"a": 1}), ["messages[1].content is an object"]),
        (turn(role="assistant"), ["messages[1].content is null"]),
        (turn(role="assistant", content=[{"type": "image_url", "image_url": "x"}]), ["part of type 'image_url'"]),
        (turn(role="assistant", content=""), ["assistant turn is empty", "messages"]),
        (turn(role="assistant", content=" \n"), ["assistant turn is empty"]),
        (turn(role="user", content="again"), ["no assistant turn"]),
        (
            turn(role="assistant", content="", tool_calls=[{"function": {}}]),
            ["messages[1].tool_calls[0] has no function name"],
        ),
        (turn(role="assistant", content="", tool_calls=7), ["messages[1].tool_calls[0] has no function name: 7"]),
        (
            turn(role="assistant", tool_calls=[{"name": "f", "arguments": "{a"}]),
            ["tool_calls[0].arguments is not JSON", "'{a'"],
        ),
        (turn(role="assistant", tool_calls=[{"name": "f", "arguments": [1]}]), ["arguments is a list"]),
        (turn(role="assistant", content="4", reasoning_content=5), ["messages[1] reasoning is a number (5)"]),
        (
            {"conversations": [{"from": "function_call", "value": "add(2)"}]},
            ["conversations[0].value is not JSON", "add(2)"],
        ),
        ({"conversations": [{"from": "function_call", "value": "[]"}]}, ["conversations[0].value is an empty list"]),
        ({"prompt": 1, "completion": "x"}, ["prompt is a number (1)"]),
        ({"prompt": "x", "completion": ""}, ["assistant turn is empty (completion)"]),
        ({"question": "x", "answer": True}, ["answer is a boolean (True)"]),
        ({"instruction": "x", "output": None}, ["output is null"]),
        ({"instruction": "x", "output": ""}, ["assistant turn is empty (output)"]),
        ({"instruction": "x", "input": 5, "output": "y"}, ["input is a number (5)"]),
        ({"instruction": "x", "output": "y", "history": "z"}, ["history is a string"]),
        ({"instruction": "x", "output": "y", "history": [["a"]]}, ["history[0] is ['a']", "not a pair"]),
        ({"instruction": "x", "output": "y", "history": [["a", 2]]}, ["history[0][1] is a number (2)"]),
        ({"instruction": "x", "output": "y", "system": 1}, ["system is a number (1)"]),
        ({"text": 5}, ["text is a number (5)"]),
        ({"text": "  "}, ["text is empty"]),
        ({"messages": [USER, ASSISTANT], "tools": "add"}, ["tools is not JSON"]),
        ({"messages": [USER, ASSISTANT], "tools": {"name": "f"}}, ["tools is an object", "not a list"]),
        ({"messages": [USER, ASSISTANT], "tools": [{"description": "x"}]}, ["tools[0] has no function name"]),
        ({"messages": [USER, ASSISTANT], "skill": "bin", "level": 1, "primitives": "add"}, ["primitives is 'add'"]),
    ],
)
def test_wrong_rows_say_what_is_wrong(row: Any, reasons: list[str]) -> None:
    with pytest.raises(QuestError) as caught:
        converted(row)
    for reason in reasons:
        assert reason in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"prompt": "x", "chosen": "a", "rejected": "b"}, "preference data: it has chosen and rejected"),
        ({"messages": [USER, ASSISTANT], "chosen": [ASSISTANT], "rejected": [ASSISTANT]}, "preference data"),
        ({"instruction": "x", "output": "y", "kto_tag": True}, "preference data: it has kto_tag"),
        ({"prompt": "x", "completion": "y", "label": False}, "preference data"),
        ({"input": {}, "preferred_output": [], "non_preferred_output": []}, "preference data: it has preferred_output"),
        ({"prompt": "x", "completions": ["y"], "labels": [True]}, "stepwise supervision"),
        ({"messages": [USER, ASSISTANT], "images": ["a.png"]}, "has images"),
    ],
)
def test_other_kinds_of_training_data_are_refused_by_name(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(QuestError, match=reason):
        detect(row)


@pytest.mark.parametrize(
    "row", [{"prompt": "x", "completion": "y", "label": 3}, {"messages": [USER, ASSISTANT], "images": []}]
)
def test_columns_that_only_look_like_it_are_ignored(row: dict[str, Any]) -> None:
    assert converted(row).trained_turns == 1


def test_every_row_must_have_the_first_one_s_shape() -> None:
    alpaca = detect({"instruction": "x", "output": "y"})
    with pytest.raises(QuestError, match=r"shape messages; the first example has shape alpaca \(instruction, output\)"):
        convert({"messages": [USER, ASSISTANT]}, alpaca)
    with pytest.raises(QuestError, match="the keys 'instruction'; the first example has shape alpaca"):
        convert({"instruction": "x"}, alpaca)


def test_long_values_are_shortened_in_messages() -> None:
    for row in ({"messages": "x" * 10_000}, {"k" * 10_000: 1}, {f"k{n}": n for n in range(10_000)}, 10**4000):
        with pytest.raises(QuestError) as caught:
            converted(row)
        assert len(str(caught.value)) < 1500


def test_shape_names_are_distinct() -> None:
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)
