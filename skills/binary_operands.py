"""How operands of binary problems are drawn and written as digits. Knows no operation and no prompt.

Digits are "0" and "1" here; the glyphs a reader sees are put in at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

Operands = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """The numbers of one level.

    `bits` digits write each operand (two's complement if `signed`); `factor_bits` are those of the first and second
    operand of a product or quotient, as magnitudes if `signed`. `exact`: the widest operand has all of its bits, so
    that a level shares no problem with a narrower one; otherwise operands are uniform up to the width.
    """

    bits: int
    factor_bits: tuple[int, int]
    exact: bool
    signed: bool

    def pattern(self, value: int) -> int:
        """`value` modulo 2**bits: how it is stored."""
        return value & ((1 << self.bits) - 1)

    def digits(self, value: int) -> str:
        """`value` in exactly `bits` digits, most significant first."""
        return f"{self.pattern(value):0{self.bits}b}"

    def number(self, value: int) -> str:
        """A result: without leading zeros, or in `bits` digits if signed."""
        return self.digits(value) if self.signed else f"{value:b}"

    def meaning(self, value: int) -> int:
        """The number that `value` stands for: itself, or what its pattern is in two's complement."""
        if not self.signed:
            return value
        value = self.pattern(value)
        return value - (1 << self.bits) if value >> (self.bits - 1) else value

    def fits(self, value: int) -> bool:
        """Whether the signed range holds `value`."""
        return -(1 << (self.bits - 1)) <= value < 1 << (self.bits - 1)


def reverse_digits(value: int, width: int) -> str:
    """`value` in `width` digits, least significant first."""
    return f"{value:0{width}b}"[::-1]


def draw_pair(random: Random, frame: Frame) -> tuple[int, int]:
    """Two numbers, independent and uniform; if `exact`, uniform over the pairs whose wider one has all bits."""
    bits = frame.bits
    if frame.signed:
        first, second = _draw_full(random, frame), random.getrandbits(bits) - (1 << (bits - 1))
        return (first, second) if random.getrandbits(1) else (second, first)
    if not frame.exact:
        return random.getrandbits(bits), random.getrandbits(bits)
    return draw_exact_patterns(random, bits)


def draw_exact_patterns(random: Random, bits: int) -> tuple[int, int]:
    """Two unsigned numbers, at least one of them with its top bit set, all such pairs equally likely."""
    corner = int(random.random() * 3) + 1
    low = random.getrandbits(2 * bits - 2)
    half = bits - 1
    return low >> half | (corner & 1) << half, low & ((1 << half) - 1) | (corner >> 1) << half


def draw_close_pair(random: Random, frame: Frame) -> tuple[int, int]:
    """Two numbers whose digits first differ at a uniformly drawn place, or nowhere: comparing takes every place."""
    bits = frame.bits
    first = frame.pattern(_draw_full(random, frame)) if frame.exact or frame.signed else random.getrandbits(bits)
    second = first
    place = int(random.random() * (bits + 1)) - 1
    if place >= 0:
        second = ((first >> place) ^ 1) << place | random.getrandbits(place)
    first, second = frame.meaning(first), frame.meaning(second)
    return (first, second) if random.getrandbits(1) else (second, first)


def draw_triple(random: Random, frame: Frame) -> tuple[int, int, int]:
    """Three unsigned numbers; if `exact`, at least one of them has all bits."""
    values = [random.getrandbits(frame.bits) for _ in range(3)]
    top = 1 << (frame.bits - 1)
    if frame.exact and max(values) < top:
        values[int(random.random() * 3)] |= top
    return values[0], values[1], values[2]


def draw_factors(random: Random, frame: Frame, least: int) -> tuple[int, int]:
    """A number of the first factor's width (all of it if `exact`) and one of the second's, at least `least`."""
    wide, narrow = frame.factor_bits
    top = 1 << (wide - 1)
    first = top | random.getrandbits(wide - 1) if frame.exact else random.getrandbits(wide)
    second = least + int(random.random() * ((1 << narrow) - least))
    if frame.signed:
        signs = random.getrandbits(2)
        first, second = (-first if signs & 1 else first), (-second if signs & 2 else second)
    return first, second


def _draw_full(random: Random, frame: Frame) -> int:
    """A number that needs all bits of the frame; the sign takes one of them."""
    if not frame.signed:
        return 1 << (frame.bits - 1) | random.getrandbits(frame.bits - 1)
    magnitude = 1 << (frame.bits - 2) | random.getrandbits(frame.bits - 2)
    return magnitude if random.getrandbits(1) else -magnitude
