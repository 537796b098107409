"""Binary primitives: single operations of BIN, asked and worked as BIN does it, with BIN's keys.

The widths are 6 to 8 digits, the widest operand in full. Narrower problems belong to memorizable levels of BIN, which
train them all, so that an evaluation could not tell whether they were learned here.
"""

from __future__ import annotations

from random import Random

from skills.binary import CIRCLED, OPERATIONS, REQUESTS, OperationName
from skills.binary_operands import Frame, Operands, draw_exact_patterns
from skills.question import Draw, Question

FRAMES = tuple(Frame(bits, (0, 0), exact=True, signed=False) for bits in (6, 7, 8))
NUMBER_BITS = 12


def _ask(name: OperationName, operands: Operands, frame: Frame, form: str = "") -> Question:
    operation = OPERATIONS[name]
    expression = operation.expression(operands, frame, operation.symbol).translate(CIRCLED)
    return Question(
        key=operation.key(operands, frame),
        prompt=f"{REQUESTS['work']}: {expression}{form}",
        answer=operation.answer(operands, frame).translate(CIRCLED),
        working=operation.working(operands, frame).translate(CIRCLED),
    )


def binary_add_no_carry(random: Random) -> Question:
    """No place has a 1 in both operands."""
    frame = random.choice(FRAMES)
    top, mask = 1 << frame.bits - 1, random.getrandbits(frame.bits)
    first = (random.getrandbits(frame.bits) | top) & ~mask
    second = (random.getrandbits(frame.bits) | top) & mask
    return _ask("add", (first, second), frame)


def binary_add_with_carry(random: Random) -> Question:
    """At least one place has a 1 in both operands."""
    frame = random.choice(FRAMES)
    first, second = draw_exact_patterns(random, frame.bits)
    place = 1 << random.randrange(frame.bits)
    return _ask("add", (first | place, second | place), frame)


def binary_sub_no_borrow(random: Random) -> Question:
    """The 1s of the second operand are among those of the first."""
    frame = random.choice(FRAMES)
    first = 1 << frame.bits - 1 | random.getrandbits(frame.bits - 1)
    return _ask("sub", (first, first & random.getrandbits(frame.bits)), frame)


def binary_sub_with_borrow(random: Random) -> Question:
    """Some place takes 1 from 0. The result is above zero: the highest place that differs is 1 in the first operand."""
    frame = random.choice(FRAMES)
    low, high = sorted(random.sample(range(frame.bits), 2))
    above = (1 << frame.bits - 1 | random.getrandbits(frame.bits)) >> high + 1 << high + 1
    first = (above | 1 << high | random.getrandbits(high)) & ~(1 << low)
    second = above & random.getrandbits(frame.bits) | random.getrandbits(high) | 1 << low
    return _ask("sub", (first, second), frame)


def bitwise_and(random: Random) -> Question:
    return _bitwise("and", random)


def bitwise_or(random: Random) -> Question:
    return _bitwise("or", random)


def bitwise_xor(random: Random) -> Question:
    return _bitwise("xor", random)


def _bitwise(name: OperationName, random: Random) -> Question:
    frame = random.choice(FRAMES)
    return _ask(name, draw_exact_patterns(random, frame.bits), frame)


def binary_compare(random: Random) -> Question:
    """The highest place that differs is drawn uniformly, or none does."""
    frame = random.choice(FRAMES)
    return _ask("compare", OPERATIONS["compare"].draw(random, frame), frame, "\nAnswer with <, = or >.")


def binary_to_decimal(random: Random) -> Question:
    number = random.getrandbits(NUMBER_BITS)
    return Question(f"to_decimal {number}", f"In decimal: {f'{number:b}'.translate(CIRCLED)}", str(number))


def decimal_to_binary(random: Random) -> Question:
    number = random.getrandbits(NUMBER_BITS)
    return Question(f"to_binary {number}", f"In binary digits ⓪ and ①: {number}", f"{number:b}".translate(CIRCLED))


PRIMITIVES: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        binary_add_no_carry,
        binary_add_with_carry,
        binary_sub_no_borrow,
        binary_sub_with_borrow,
        bitwise_and,
        bitwise_or,
        bitwise_xor,
        binary_compare,
        binary_to_decimal,
        decimal_to_binary,
    )
}
