"""Rows to examples, all of the shape that the first of them has. Does not know files or formats."""

from __future__ import annotations

from typing import Any

from realm.errors import QuestError
from realm.quests import shapes
from realm.quests.example import Example
from realm.quests.json_rows import located


class RowReader:
    """Turns numbered rows into examples of the shape that the first of them has."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._shape: shapes.Shape | None = None

    @property
    def shape_name(self) -> str:
        return self._shape.name if self._shape else ""

    def read(self, number: int, row: Any) -> tuple[Example, bytes]:
        """The example of a row and its encoded line. QuestError, with the place, where the row cannot be used."""
        try:
            if self._shape is None:
                self._shape = shapes.detect(row)
            example = shapes.convert(row, self._shape)
            return example, example.to_json().encode() + b"\n"
        except QuestError as error:
            raise located(error, number, self._unit) from error
        except UnicodeEncodeError as error:
            found = error.object[error.start : error.end].encode("ascii", "backslashreplace").decode()
            problem = QuestError(f"A string has half a surrogate pair ({found}), which is no text.", "Replace it.")
            raise located(problem, number, self._unit) from error
        except ValueError as error:
            problem = QuestError(f"A tool holds a number that JSON has no word for ({error}).", "Use null or a string.")
            raise located(problem, number, self._unit) from error
        except RecursionError as error:
            raise located(QuestError("The row is nested too deeply.", "Flatten it."), number, self._unit) from error
