"""Operations worked step by step: complement, shifts, counting ones, products, quotients and remainders.

Digits are "0" and "1". Knows no level, no wording around the expression and no glyphs.
Signed quotients are rounded towards zero and remainders have the sign of the first operand, as processors do it.
"""

from __future__ import annotations

from abc import abstractmethod
from random import Random
from typing import ClassVar

from skills.binary_operands import Frame, Operands, draw_factors, reverse_digits
from skills.binary_operation import ADD, COMPARE, SUB, Operation


class DigitString(Operation):
    """An operation on one string of digits; its zeros in front count, so the key spells them."""

    def draw(self, random: Random, frame: Frame) -> Operands:
        return (random.getrandbits(frame.bits),)

    def key(self, operands: Operands, frame: Frame) -> str:
        return f"{self.name} {' '.join(self.operand_texts(operands, frame))}"

    def answer(self, operands: Operands, frame: Frame) -> str:
        return frame.digits(self.value(operands, frame))

    def working(self, operands: Operands, frame: Frame) -> str:
        return ""

    def primitives(self, operands: Operands, frame: Frame) -> tuple[str, ...]:
        return ()


class Not(DigitString):
    name, symbol = "not", "NOT"

    def value(self, operands: Operands, frame: Frame) -> int:
        return frame.pattern(~operands[0])

    def trace(self, operands: Operands, frame: Frame) -> str:
        return ",".join(f"NOT {x}={'10'[int(x)]}" for x in frame.digits(operands[0]))


class ShiftLeft(DigitString):
    """Digits move one or two places up; those that leave the width are dropped."""

    name, symbol = "shl", "<<"

    def draw(self, random: Random, frame: Frame) -> Operands:
        return random.getrandbits(frame.bits), 1 + random.getrandbits(1)

    def operand_texts(self, operands: Operands, frame: Frame) -> list[str]:
        return [frame.digits(operands[0]), f"{operands[1]:b}"]

    def value(self, operands: Operands, frame: Frame) -> int:
        return frame.pattern(operands[0] << operands[1])

    def trace(self, operands: Operands, frame: Frame) -> str:
        amount = operands[1]
        return f"drop {frame.digits(operands[0])[:amount]}, append {'0' * amount}"


class ShiftRight(ShiftLeft):
    """Digits move one or two places down; the sign digit fills up if signed, else zeros do."""

    name, symbol = "shr", ">>"

    def value(self, operands: Operands, frame: Frame) -> int:
        return frame.pattern(frame.meaning(operands[0]) >> operands[1])

    def trace(self, operands: Operands, frame: Frame) -> str:
        filled = self.answer(operands, frame)[: operands[1]]
        return f"drop {frame.digits(operands[0])[-operands[1] :]}, prepend {filled}"


class CountOnes(DigitString):
    """How many digits are one. Working: the count after each digit."""

    name, symbol = "popcount", "ones"

    def value(self, operands: Operands, frame: Frame) -> int:
        return operands[0].bit_count()

    def answer(self, operands: Operands, frame: Frame) -> str:
        return f"{self.value(operands, frame):b}"

    def working(self, operands: Operands, frame: Frame) -> str:
        return ",".join(f"{count:b}" for count in self._counts(operands, frame))

    def trace(self, operands: Operands, frame: Frame) -> str:
        counts = self._counts(operands, frame)
        return ",".join(f"{x}: {count:b}" for x, count in zip(frame.digits(operands[0]), counts, strict=True))

    def primitives(self, operands: Operands, frame: Frame) -> tuple[str, ...]:
        ones = operands[0].bit_count()
        return tuple(ADD[carries] for carries, least in ((False, 1), (True, 2)) if ones >= least)

    def _counts(self, operands: Operands, frame: Frame) -> list[int]:
        return [(operands[0] >> place).bit_count() for place in reversed(range(frame.bits))]


class Factored(Operation):
    """An operation on operands of two widths, worked on their magnitudes digit by digit of one of them.

    If signed, the working opens with both magnitudes and closes with the result, least significant digit first.
    """

    uses_factors = True
    stepped: ClassVar[int]
    """Which operand's digits, most significant first, the steps go through."""

    @abstractmethod
    def steps(self, first: int, second: int, frame: Frame) -> list[str]:
        """One step a digit, on magnitudes."""

    def operand_texts(self, operands: Operands, frame: Frame) -> list[str]:
        return super().operand_texts(operands, frame) if frame.signed else self._magnitudes(operands, frame)

    def working(self, operands: Operands, frame: Frame) -> str:
        return self._framed(self.steps(abs(operands[0]), abs(operands[1]), frame), operands, frame)

    def trace(self, operands: Operands, frame: Frame) -> str:
        digits = self._magnitudes(operands, frame)[self.stepped]
        steps = self.steps(abs(operands[0]), abs(operands[1]), frame)
        return self._framed([f"{digit}: {step}" for digit, step in zip(digits, steps, strict=True)], operands, frame)

    def _magnitudes(self, operands: Operands, frame: Frame) -> list[str]:
        return [f"{abs(operand):0{width}b}" for operand, width in zip(operands, frame.factor_bits, strict=True)]

    def _framed(self, steps: list[str], operands: Operands, frame: Frame) -> str:
        text = ",".join(steps)
        if not frame.signed:
            return text
        return f"{','.join(self._magnitudes(operands, frame))}:{text}:{self.answer(operands, frame)[::-1]}"


class Multiply(Factored):
    """A product. Steps: the running total, doubled and increased by the first operand wherever the second has a one."""

    name, symbol, commutative, stepped = "mul", "×", True, 1

    def draw(self, random: Random, frame: Frame) -> Operands:
        return draw_factors(random, frame, least=0)

    def value(self, operands: Operands, frame: Frame) -> int:
        return operands[0] * operands[1]

    def steps(self, first: int, second: int, frame: Frame) -> list[str]:
        narrow = frame.factor_bits[1]
        totals = (first * (second >> place) for place in reversed(range(narrow)))
        return [reverse_digits(total, sum(frame.factor_bits)) for total in totals]

    def primitives(self, operands: Operands, frame: Frame) -> tuple[str, ...]:
        first, second = abs(operands[0]), abs(operands[1])
        places = (place for place in range(frame.factor_bits[1]) if second >> place & 1)
        carries = {2 * first * (second >> place + 1) & first != 0 for place in places}
        return tuple(ADD[carry] for carry in sorted(carries))


class Divide(Factored):
    """A quotient. Steps of long division: the quotient's digit, then the remainder, least significant digit first."""

    name, symbol, stepped = "div", "÷", 0

    def draw(self, random: Random, frame: Frame) -> Operands:
        return draw_factors(random, frame, least=1)

    def value(self, operands: Operands, frame: Frame) -> int:
        quotient = abs(operands[0]) // abs(operands[1])
        return quotient if (operands[0] < 0) == (operands[1] < 0) else -quotient

    def steps(self, first: int, second: int, frame: Frame) -> list[str]:
        wide, narrow = frame.factor_bits
        heads = (first >> place for place in reversed(range(wide)))
        return [f"{head // second & 1}{reverse_digits(head % second, narrow)}" for head in heads]

    def primitives(self, operands: Operands, frame: Frame) -> tuple[str, ...]:
        first, second = abs(operands[0]), abs(operands[1])
        left, borrows = 0, set[bool]()
        for place in reversed(range(frame.factor_bits[0])):
            left = left << 1 | first >> place & 1
            if left >= second:
                borrows.add(~left & second != 0)
                left -= second
        return (COMPARE, *(SUB[borrow] for borrow in sorted(borrows)))


class Modulo(Divide):
    """A remainder, by the same steps as the quotient."""

    name, symbol = "mod", "mod"

    def value(self, operands: Operands, frame: Frame) -> int:
        remainder = abs(operands[0]) % abs(operands[1])
        return -remainder if operands[0] < 0 else remainder
