"""Operations worked column by column: sums, differences, bitwise operations, comparisons.

Digits are "0" and "1". Knows no level, no wording around the expression and no glyphs.

Working is three characters a column, least significant first: both operands' digits and the result's. Copying the
digits first lets each character depend on few others. Measured from scratch on a 0.4M-parameter hero, one CPU thread:
level 12 mastered after 107 s, against 142 s with the result's digits alone. Operands are written in the level's width:
without leading zeros level 3 took 95 s, with them 20 s.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from random import Random

from skills.binary_operands import (
    Frame,
    Operands,
    draw_close_pair,
    draw_exact_patterns,
    draw_pair,
    draw_triple,
    reverse_digits,
)
from skills.binary_operation import ADD, COMPARE, SUB, Operation


def _columns(*rows: Iterable[str]) -> str:
    """The rows read column by column."""
    return "".join(chain.from_iterable(zip(*rows, strict=True)))


def _add_columns(first: int, second: int, width: int) -> str:
    """Columns of a sum, then its last carry."""
    total = reverse_digits(first + second, width + 1)
    return _columns(reverse_digits(first, width), reverse_digits(second, width), total[:-1]) + total[-1]


def _add_trace(first: int, second: int, width: int) -> str:
    """Each column of a sum as digit + digit + carry = result."""
    steps: list[str] = []
    carry = 0
    for place in range(width):
        x, y = first >> place & 1, second >> place & 1
        steps.append(f"{x}+{y}+{carry}={x + y + carry:b}")
        carry = (x + y + carry) >> 1
    return ",".join(steps)


class Add(Operation):
    name, symbol, commutative = "add", "+", True

    def draw(self, random: Random, frame: Frame) -> Operands:
        first, second = draw_pair(random, frame)
        if frame.signed and not frame.fits(first + second):
            second = ~second
        return first, second

    def value(self, operands: Operands, frame: Frame) -> int:
        return operands[0] + operands[1]

    def working(self, operands: Operands, frame: Frame) -> str:
        text = _add_columns(frame.pattern(operands[0]), frame.pattern(operands[1]), frame.bits)
        return text[:-1] if frame.signed else text

    def trace(self, operands: Operands, frame: Frame) -> str:
        return _add_trace(frame.pattern(operands[0]), frame.pattern(operands[1]), frame.bits)

    def primitives(self, operands: Operands, frame: Frame) -> tuple[str, ...]:
        return (ADD[frame.pattern(operands[0]) & frame.pattern(operands[1]) != 0],)


class Increment(Add):
    """The sum of a number and one: the same problems as `add`, written with a lone ①."""

    def draw(self, random: Random, frame: Frame) -> Operands:
        return random.getrandbits(frame.bits), 1

    def operand_texts(self, operands: Operands, frame: Frame) -> list[str]:
        return [frame.digits(operands[0]), "1"]


class AddThree(Operation):
    """The sum of three numbers: the columns of the first two, then of that sum and the third."""

    name, symbol, commutative = "add3", "+", True

    def draw(self, random: Random, frame: Frame) -> Operands:
        return draw_triple(random, frame)

    def value(self, operands: Operands, frame: Frame) -> int:
        return sum(operands)

    def working(self, operands: Operands, frame: Frame) -> str:
        return ",".join(_add_columns(*stage) for stage in self._stages(operands, frame))

    def trace(self, operands: Operands, frame: Frame) -> str:
        return ";".join(_add_trace(*stage) for stage in self._stages(operands, frame))

    def primitives(self, operands: Operands, frame: Frame) -> tuple[str, ...]:
        carries = {first & second != 0 for first, second, _ in self._stages(operands, frame)}
        return tuple(ADD[carry] for carry in sorted(carries))

    def _stages(self, operands: Operands, frame: Frame) -> list[tuple[int, int, int]]:
        first, second, third = operands
        return [(first, second, frame.bits), (first + second, third, frame.bits + 1)]


class Subtract(Operation):
    """A difference; unsigned ones are never below zero."""

    name, symbol = "sub", "-"

    def draw(self, random: Random, frame: Frame) -> Operands:
        first, second = draw_pair(random, frame)
        if frame.signed:
            return first, second if frame.fits(first - second) else ~second
        return (first, second) if first >= second else (second, first)

    def value(self, operands: Operands, frame: Frame) -> int:
        return operands[0] - operands[1]

    def working(self, operands: Operands, frame: Frame) -> str:
        rows = (operands[0], operands[1], operands[0] - operands[1])
        return _columns(*(frame.digits(row)[::-1] for row in rows))

    def trace(self, operands: Operands, frame: Frame) -> str:
        first, second = frame.pattern(operands[0]), frame.pattern(operands[1])
        steps: list[str] = []
        borrow = 0
        for place in range(frame.bits):
            x, y = first >> place & 1, second >> place & 1
            left = x - y - borrow
            steps.append(f"{x}-{y}-{borrow}={left & 1}{'b' if left < 0 else ''}")
            borrow = int(left < 0)
        return ",".join(steps)

    def primitives(self, operands: Operands, frame: Frame) -> tuple[str, ...]:
        return (SUB[~frame.pattern(operands[0]) & frame.pattern(operands[1]) != 0],)


class Bitwise(Operation):
    """AND, OR or XOR of two bit patterns in the level's width."""

    commutative = True

    def draw(self, random: Random, frame: Frame) -> Operands:
        if frame.exact:
            return draw_exact_patterns(random, frame.bits)
        return random.getrandbits(frame.bits), random.getrandbits(frame.bits)

    def answer(self, operands: Operands, frame: Frame) -> str:
        return frame.digits(self.value(operands, frame))

    def working(self, operands: Operands, frame: Frame) -> str:
        return _columns(*(frame.digits(row)[::-1] for row in (*operands, self.value(operands, frame))))

    def trace(self, operands: Operands, frame: Frame) -> str:
        rows = (*operands, self.value(operands, frame))
        places = zip(*(frame.digits(row)[::-1] for row in rows), strict=True)
        return ",".join(f"{x} {self.symbol} {y}={z}" for x, y, z in places)

    def primitives(self, operands: Operands, frame: Frame) -> tuple[str, ...]:
        return (f"binary/bitwise_{self.name}@1",)


class And(Bitwise):
    name, symbol = "and", "AND"

    def value(self, operands: Operands, frame: Frame) -> int:
        return operands[0] & operands[1]


class Or(Bitwise):
    name, symbol = "or", "OR"

    def value(self, operands: Operands, frame: Frame) -> int:
        return operands[0] | operands[1]


class Xor(Bitwise):
    name, symbol = "xor", "XOR"

    def value(self, operands: Operands, frame: Frame) -> int:
        return operands[0] ^ operands[1]


class Compare(Operation):
    """`<`, `=` or `>` between two numbers. The third row of the working is the verdict on the columns so far."""

    name, symbol = "compare", "?"
    verdicts = "<=>"

    def draw(self, random: Random, frame: Frame) -> Operands:
        return draw_close_pair(random, frame)

    def value(self, operands: Operands, frame: Frame) -> int:
        return (operands[0] > operands[1]) - (operands[0] < operands[1])

    def answer(self, operands: Operands, frame: Frame) -> str:
        return self.verdicts[1 + self.value(operands, frame)]

    def working(self, operands: Operands, frame: Frame) -> str:
        first, second = (frame.digits(operand)[::-1] for operand in operands)
        return _columns(first, second, self._running_verdicts(first, second, frame))

    def trace(self, operands: Operands, frame: Frame) -> str:
        first, second = (frame.digits(operand)[::-1] for operand in operands)
        verdicts = self._running_verdicts(first, second, frame)
        return ",".join(f"{x} {self.symbol} {y}: {z}" for x, y, z in zip(first, second, verdicts, strict=True))

    def primitives(self, operands: Operands, frame: Frame) -> tuple[str, ...]:
        return (COMPARE,)

    def decimal(self, operands: Operands, frame: Frame) -> str:
        return f"{operands[0]}{self.answer(operands, frame)}{operands[1]}"

    def _running_verdicts(self, first: str, second: str, frame: Frame) -> list[str]:
        less, verdict, greater = self.verdicts
        verdicts: list[str] = []
        for x, y in zip(first, second, strict=True):
            if x != y:
                verdict = less if x < y else greater
            verdicts.append(verdict)
        if frame.signed and first[-1] != second[-1]:
            verdicts[-1] = greater if first[-1] < second[-1] else less
        return verdicts


class Maximum(Compare):
    """The larger operand, as it is written. The working's arrow points to it, `=` while both are equal.

    Measured: with arrows and the operand as written, level 13 took 22 s; with `<` and `>` and zeros stripped, 56 s.
    """

    name, symbol, commutative = "max", "max", True
    verdicts = "→=←"

    def value(self, operands: Operands, frame: Frame) -> int:
        return max(operands)

    def answer(self, operands: Operands, frame: Frame) -> str:
        return frame.digits(self.value(operands, frame))

    def decimal(self, operands: Operands, frame: Frame) -> str:
        return Operation.decimal(self, operands, frame)


class Minimum(Maximum):
    """The smaller operand, as it is written; otherwise like the larger."""

    name, symbol = "min", "min"
    verdicts = "←=→"

    def value(self, operands: Operands, frame: Frame) -> int:
        return min(operands)
