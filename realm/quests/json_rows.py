"""JSON bytes to rows, one at a time: JSON Lines, and one JSON array parsed as it streams in.

Memory stays at one chunk plus one example. Rows are whatever JSON values they are; does not know shapes.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from realm.errors import QuestError
from realm.quests.messages import shorten
from realm.quests.source import CHUNK

MAX_EXAMPLE = 64 << 20
"""The longest line in bytes, or the longest item of an array in characters."""
MAX_BLANK_LINES = 1_000_000
"""A few kilobytes of compressed newlines would otherwise keep a reader busy for hours."""

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_LONGEST_TOKEN = 12  # "\ud83d\ude00": an error this close to the end of the buffer may only mean that more is to come
_TOO_LONG = f"is longer than {MAX_EXAMPLE >> 20} MiB."
_SPLIT = "Split it into several examples; JSON Lines needs one example on each line."
_TOO_DEEP = "is nested too deeply to be parsed."


def located(error: QuestError, number: int, unit: str) -> QuestError:
    """The same error with its place: `line` is the number; one that does not count lines is named in the problem."""
    if number == 0:
        return error
    problem = error.problem if unit == "line" else f"{unit} {number}: {error.problem}"
    return QuestError(problem, error.remedy, number)


Bad = Callable[[QuestError], None]
"""Told of a row that cannot be used; without one, it is raised."""


def json_lines(reader: BinaryIO, start: int, bad: Bad | None = None) -> Iterator[tuple[int, Any]]:
    """`(line number, value)` of every line that is not blank. `start` is the byte offset the reader stands at."""
    offset, number, last = start, 0, 0
    while True:
        number += 1
        try:
            line = reader.readline(MAX_EXAMPLE + 1)
        except QuestError as error:
            raise located(error, number, "line") from error
        if not line:
            return
        if len(line) > MAX_EXAMPLE:
            raise QuestError(f"The line {_TOO_LONG}", _SPLIT, number)
        if not line.isspace():
            last = number
            try:
                value = _line_value(line, number, offset)
            except QuestError as error:
                if bad is None:
                    raise
                bad(error)
            else:
                yield number, value
        elif number - last > MAX_BLANK_LINES:
            raise QuestError(f"There are over {MAX_BLANK_LINES} blank lines in a row.", "Remove them.", number)
        offset += len(line)


def _line_value(line: bytes, number: int, offset: int) -> Any:
    try:
        return _DECODER.decode(line.decode())
    except UnicodeDecodeError as error:
        raise located(_not_utf8(error, offset + error.start), number, "line") from error
    except json.JSONDecodeError as error:
        remedy = "Write one JSON object on each line."
        if line.strip() in (b"{", b"["):
            remedy = (
                "An example spread over several lines is not JSON Lines: write it on one line, or use a JSON array."
            )
        context = shorten(error.doc[max(0, error.pos - 20) : error.pos + 40].strip())
        problem = f"The line is not JSON ({error.msg} at column {error.pos + 1}): {context}."
        raise QuestError(problem, remedy, number) from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise QuestError(f"The line is not usable JSON ({error}).", "Write the number as a string.", number) from error
    except RecursionError as error:
        raise QuestError(f"The line {_TOO_DEEP}", "Flatten it.", number) from error


def _not_utf8(error: UnicodeDecodeError, offset: int) -> QuestError:
    found = error.object[error.start : error.end].hex(" ")
    problem = f"The text is not UTF-8: byte {found} at byte offset {offset} ({error.reason})."
    return QuestError(problem, "Save the file as UTF-8.")


class JsonArray:
    """A JSON array read from a stream: the whole document, or the only list of an object (`key`)."""

    def __init__(self, reader: BinaryIO, start: int, key: str | None = None) -> None:
        self._reader = reader
        self._key = key
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._offset = start  # of the next byte to be read
        self._failure: QuestError | None = None  # raised when what was decoded before it is used up
        self._buffer = ""
        self._position = 0
        self._number = 0
        self._lines = 0  # newlines before the buffer
        self._column = 0  # characters between the last of those newlines and the buffer

    def items(self) -> Iterator[tuple[int, Any]]:
        """`(item number from 1, value)` of every item. QuestError where the document is not such an array."""
        if self._key is not None:
            self._take("{")
            self._value()
            self._take(":")
        self._take("[")
        while True:
            closed = self._peek() == "]"
            if closed and self._number == 0:
                break
            if closed:
                raise self._error("a comma with no item after it")
            self._number += 1
            yield self._number, self._value()
            found = self._peek()
            if found == "]":
                break
            self._take(",", f"{found!r} where ',' or ']' should be")
        self._take("]")
        if self._key is not None:
            self._take("}", f"more keys beside the list {self._key!r}")
        if self._peek():
            raise self._error("more data after the end of the list")

    def _take(self, character: str, instead: str = "") -> None:
        found = self._peek()
        if found != character:
            raise self._error(instead or f"{found!r} where {character!r} should be")
        self._position += 1

    def _peek(self) -> str:
        """The next character that is not white space; empty at the end of the document."""
        while True:
            match = _SPACE.match(self._buffer, self._position)
            self._position = match.end() if match else self._position
            if self._position < len(self._buffer):
                return self._buffer[self._position]
            if not self._more():
                return ""

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, self._position = _DECODER.raw_decode(self._buffer, self._position)
                return value
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated string") or error.pos + _LONGEST_TOKEN >= len(self._buffer)
                into = error.pos - self._position
                if not (cut and self._more()):
                    raise self._error(error.msg, self._position + into) from error
            except ValueError as error:
                raise self._error(str(error)) from error
            except RecursionError as error:
                raise self._located(f"The value {_TOO_DEEP}", "Flatten it.") from error

    def _more(self) -> bool:
        """Drops what is used and appends at least as much as is left, so that a long item costs linear time."""
        left = len(self._buffer) - self._position
        if left > MAX_EXAMPLE:
            raise self._located(f"The value {_TOO_LONG}", _SPLIT)
        text = self._decoded(min(max(CHUNK, left), MAX_EXAMPLE + CHUNK - left))
        newline = self._buffer.rfind("\n", 0, self._position)
        self._lines += self._buffer.count("\n", 0, self._position)
        self._column = self._position - newline - 1 if newline >= 0 else self._column + self._position
        self._buffer = self._buffer[self._position :] + text
        self._position = 0
        return bool(text)

    def _decoded(self, size: int) -> str:
        """The next characters, of up to `size` bytes; empty only at the end of the stream."""
        if self._failure:
            raise self._located(self._failure.problem, self._failure.remedy)
        text, data = "", b"-"
        try:
            while data and not text:
                data = self._reader.read(size)
                text = self._decode.decode(data, final=not data)
                self._offset += len(data)
            return text
        except QuestError as error:
            raise self._located(error.problem, error.remedy) from error
        except UnicodeDecodeError as error:
            start = self._offset + len(data) - len(error.object)
            self._failure = _not_utf8(error, start + error.start)
            return error.object[: error.start].decode() or self._decoded(size)

    def _error(self, reason: str, position: int | None = None) -> QuestError:
        """A syntax error at `position` of the buffer, placed in the file."""
        at = self._position if position is None else position
        if at >= len(self._buffer):
            reason = "the file ends inside the list"
        elif reason.startswith("Unterminated string"):
            reason = "the file ends inside the string that starts here"
        newline = self._buffer.rfind("\n", 0, at)
        line = self._lines + self._buffer.count("\n", 0, at) + 1
        column = at - newline if newline >= 0 else self._column + at + 1
        near = f", near {shorten(self._buffer[at : at + 40])}" if at < len(self._buffer) else ""
        problem = f"The text is not JSON at line {line}, column {column} of the file: {reason}{near}."
        return self._located(problem, "Write the file as one JSON array of objects.")

    def _located(self, problem: str, remedy: str) -> QuestError:
        """The error with the item it is about; before the first item there is none."""
        return located(QuestError(problem, remedy), self._number, "item")
