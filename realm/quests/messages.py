"""One message of a conversation, as OpenAI, TRL, ShareGPT and LLaMA-Factory write it, into the inner form.

Does not know which columns a row has (`shapes` does), nor how a chat template renders a message.
"""

from __future__ import annotations

import json
from typing import Any

from realm.errors import QuestError
from realm.quests.example import Message

OPENAI_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
    "ipython": "tool",
}
SHAREGPT_ROLES = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "function_call": "assistant",
    "observation": "tool",
    "tool": "tool",
}

_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}


def shorten(value: Any, length: int = 80) -> str:
    """`value` as JSON-like text of at most `length` characters."""
    if isinstance(value, str):
        text = repr(value[: length + 1])
    elif isinstance(value, (list, tuple, dict)):
        text = f"{type(value).__name__} of {len(value)}" if len(value) > 8 else repr(value)
    else:
        text = repr(value) if not isinstance(value, int) or abs(value) < 10**40 else "an integer of over 40 digits"
    return text if len(text) <= length else text[: length - 1] + "…"


def keys_of(row: dict[str, Any]) -> str:
    """The keys of an object, the first 20 of them, for an error message."""
    return (", ".join(shorten(key, 40) for key in list(row)[:20]) + (", …" if len(row) > 20 else "")) or "none"


def kind(value: Any) -> str:
    """What `value` is, with the value itself where that helps: "a number (42)", "null", "a list"."""
    if value is None:
        return "null"
    name = _KINDS.get(type(value), f"a {type(value).__name__} value")
    return name if isinstance(value, (dict, list)) else f"{name} ({shorten(value, 40)})"


def text_of(value: Any, where: str) -> str:
    """`value` if it is a string; a list of text parts (OpenAI's content parts) joined. QuestError otherwise."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(part, dict) and "type" in part for part in value):
        other = next((part["type"] for part in value if part["type"] != "text"), None)
        if other is not None:
            raise QuestError(f"{where} has a part of type {shorten(other)}.", "A hero reads text only; leave it out.")
        return "".join(text_of(part.get("text"), f"{where} part") for part in value)
    raise QuestError(f"{where} is {kind(value)}, not a string.", "Write it as a string.")


def parsed(value: Any, where: str) -> Any:
    """`value`, decoded first if it is a string of JSON. QuestError where the string is not JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        problem = f"{where} is not JSON ({reason}): {shorten(value)}."
        raise QuestError(problem, "Write it as JSON.") from error


def tool_call(value: Any, where: str) -> dict[str, Any]:
    """One tool call as `{"type": "function", "function": {"name", "arguments": dict}}`, from either way to write it."""
    call = value.get("function", value) if isinstance(value, dict) else value
    if not isinstance(call, dict) or not isinstance(call.get("name"), str) or not call["name"]:
        problem = f"{where} has no function name: {shorten(value)}."
        raise QuestError(problem, 'Write a call as {"name": …, "arguments": {…}}.')
    arguments = call.get("arguments")
    if arguments is None or arguments == "":
        arguments = {}
    arguments = parsed(arguments, f"{where}.arguments")
    if not isinstance(arguments, dict):
        raise QuestError(f"{where}.arguments is {kind(arguments)}, not an object.", "Write the arguments by name.")
    return {"type": "function", "function": {"name": call["name"], "arguments": arguments}}


def tool_calls(value: Any, where: str) -> list[dict[str, Any]]:
    """A list of tool calls, or one call, or either as a string of JSON."""
    value = parsed(value, where)
    calls = value if isinstance(value, list) else [value]
    if not calls:
        raise QuestError(f"{where} is an empty list, not a function call.", "Leave it out, or name a function.")
    return [tool_call(call, f"{where}[{index}]") for index, call in enumerate(calls)]


def tools_of(value: Any) -> list[dict[str, Any]] | None:
    """The `tools` column: a list of function schemas, or that list as a string of JSON; None where there are none."""
    if value is None or value == "":
        return None
    value = parsed(value, "tools")
    if not isinstance(value, list):
        raise QuestError(f"tools is {kind(value)}, not a list.", "Write tools as a list of function schemas.")
    tools: list[dict[str, Any]] = []
    for index, tool in enumerate(value):
        tool = parsed(tool, f"tools[{index}]")
        function = tool.get("function", tool) if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            problem = f"tools[{index}] has no function name: {shorten(tool)}."
            raise QuestError(problem, 'Write a tool as {"name": …, "parameters": {…}}.')
        tools.append(tool if "function" in tool else {"type": "function", "function": tool})
    return tools or None


def messages_of(value: Any, column: str) -> list[Message]:
    """A column of messages in the inner form. QuestError where it is not a list of messages or has none."""
    if not isinstance(value, list):
        raise QuestError(f"{column} is {kind(value)}, not a list.", "Write it as a list of messages.")
    if not value:
        raise QuestError(f"{column} is an empty list.", "An example needs at least one assistant message.")
    return [_message(message, f"{column}[{index}]") for index, message in enumerate(value)]


def _message(value: Any, where: str) -> Message:
    if not isinstance(value, dict):
        raise QuestError(f"{where} is {kind(value)}, not an object.", "Write a message as an object.")
    role = _role(value, where)
    content = value.get("content") if "role" in value else value.get("value")
    if value.get("from") == "function_call" and "role" not in value:
        return {"role": role, "content": "", "tool_calls": tool_calls(content, f"{where}.value")}
    calls = (value.get("tool_calls") or value.get("function_call")) if role == "assistant" else None
    if content is None and calls:
        content = ""
    message: Message = {
        "role": role,
        "content": text_of(content, f"{where}.{'content' if 'role' in value else 'value'}"),
    }
    if role == "assistant" and (calls or len(value) > 2):
        _add_assistant_fields(message, value, calls, where)
    return message


def _role(value: dict[str, Any], where: str) -> str:
    if "role" in value:
        key, roles = "role", OPENAI_ROLES
    elif "from" in value:
        key, roles = "from", SHAREGPT_ROLES
    else:
        problem = f"{where} has no role; its keys are {keys_of(value)}."
        raise QuestError(problem, 'Write a message as {"role": …, "content": …} or {"from": …, "value": …}.')
    name = value[key]
    role = roles.get(name) if isinstance(name, str) else None
    if role is None:
        problem = f"{where}.{key} is unknown: {shorten(name)}."
        raise QuestError(problem, f"The roles are {', '.join(roles)}.")
    return role


def _add_assistant_fields(message: Message, value: dict[str, Any], calls: Any, where: str) -> None:
    """What only assistant messages have: tool calls, reasoning (folded into the content as Qwen3 writes it) and a flag
    that leaves the message out of the loss (`train` of axolotl, `weight` of OpenAI's fine-tuning files)."""
    reasoning = value.get("reasoning_content") or value.get("thinking")
    if reasoning:
        thought = text_of(reasoning, f"{where} reasoning").strip("\n")
        message["content"] = f"<think>\n{thought}\n</think>\n\n{message['content'].lstrip()}"
    if calls:
        message["tool_calls"] = tool_calls(calls, f"{where}.tool_calls")
    if value.get("train") is False or value.get("weight") == 0:
        message["train"] = False
