"""What an operation on binary numbers is. Digits are "0" and "1". Knows no particular operation and no prompt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar

from skills.binary_operands import Frame, Operands

ADD = {False: "binary/binary_add_no_carry@1", True: "binary/binary_add_with_carry@1"}
SUB = {False: "binary/binary_sub_no_borrow@1", True: "binary/binary_sub_with_borrow@1"}
COMPARE = "binary/binary_compare@1"


class Operation(ABC):
    """One operation. Operands are integers: signed values where the frame is signed, bit patterns where it says so."""

    name: ClassVar[str]
    symbol: ClassVar[str]
    uses_factors: ClassVar[bool] = False
    commutative: ClassVar[bool] = False

    @abstractmethod
    def draw(self, random: Random, frame: Frame) -> Operands:
        """Operands of one problem; returns after a bounded number of draws."""

    @abstractmethod
    def value(self, operands: Operands, frame: Frame) -> int:
        """The result as an integer."""

    @abstractmethod
    def working(self, operands: Operands, frame: Frame) -> str:
        """The steps to the answer, as short as is learnable; "" where the answer needs none."""

    @abstractmethod
    def trace(self, operands: Operands, frame: Frame) -> str:
        """The steps written out."""

    @abstractmethod
    def primitives(self, operands: Operands, frame: Frame) -> tuple[str, ...]:
        """Ids of the primitives that these operands exercise."""

    def key(self, operands: Operands, frame: Frame) -> str:
        """Operation and operands as decimal integers, sorted where their order does not matter."""
        return f"{self.name} {' '.join(map(str, sorted(operands) if self.commutative else operands))}"

    def operand_texts(self, operands: Operands, frame: Frame) -> list[str]:
        """The operands as digits."""
        return [frame.digits(operand) for operand in operands]

    def answer(self, operands: Operands, frame: Frame) -> str:
        """The result as digits."""
        return frame.number(self.value(operands, frame))

    def expression(self, operands: Operands, frame: Frame, symbol: str) -> str:
        """What is to be computed, with `symbol` for the operation."""
        return _phrase(symbol, self.operand_texts(operands, frame))

    def decimal(self, operands: Operands, frame: Frame) -> str:
        """The problem and its result in decimal."""
        parts = [str(frame.meaning(operand)) for operand in operands]
        return f"{_phrase(self.symbol, parts)}={frame.meaning(self.value(operands, frame))}"


def _phrase(symbol: str, parts: list[str]) -> str:
    return f"{symbol} {parts[0]}" if len(parts) == 1 else f" {symbol} ".join(parts)
