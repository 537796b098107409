"""Binary primitives, in circled digits as BIN writes them."""

from __future__ import annotations

from random import Random

from skills.question import Draw, Question

CIRCLED = str.maketrans("01", "⓪①")


def circled(number: int, width: int = 0) -> str:
    """`number` in circled digits, zero-padded to `width`."""
    return f"{number:0{width}b}".translate(CIRCLED)


def _compute(first: int, symbol: str, second: int, result: int, width: int = 0) -> Question:
    prompt = f"Compute: {circled(first, width)} {symbol} {circled(second, width)}"
    return Question(f"{first}{symbol}{second}", prompt, circled(result, width))


def binary_add_no_carry(random: Random) -> Question:
    """No place has a 1 in both operands. Up to 8 bits."""
    mask = random.getrandbits(8)
    first = random.getrandbits(8) & ~mask
    return _compute(first, "+", (second := random.getrandbits(8) & mask), first + second)


def binary_add_with_carry(random: Random) -> Question:
    """At least one place has a 1 in both. Up to 6 bits."""
    place = 1 << random.randrange(6)
    first, second = random.getrandbits(6) | place, random.getrandbits(6) | place
    return _compute(first, "+", second, first + second)


def binary_sub_no_borrow(random: Random) -> Question:
    """The 1s of the second are among the first's. Up to 8 bits."""
    first = random.getrandbits(8)
    second = first & random.getrandbits(8)
    return _compute(first, "-", second, first - second)


def binary_sub_with_borrow(random: Random) -> Question:
    """Some place takes 1 from 0; the result is positive. Up to 6 bits."""
    high = random.randint(1, 5)
    low = random.randrange(high)
    above = random.getrandbits(6) >> high + 1 << high + 1
    keep = random.getrandbits(6)
    first = (above | 1 << high | random.getrandbits(high)) & ~(1 << low)
    second = above & keep | random.getrandbits(high) | 1 << low
    return _compute(first, "-", second, first - second)


def bitwise_and(random: Random) -> Question:
    first, second = random.getrandbits(6), random.getrandbits(6)
    return _compute(first, "AND", second, first & second, 6)


def bitwise_or(random: Random) -> Question:
    first, second = random.getrandbits(6), random.getrandbits(6)
    return _compute(first, "OR", second, first | second, 6)


def bitwise_xor(random: Random) -> Question:
    first, second = random.getrandbits(6), random.getrandbits(6)
    return _compute(first, "XOR", second, first ^ second, 6)


def binary_compare(random: Random) -> Question:
    first = random.getrandbits(8)
    second = first if random.random() < 0.1 else random.getrandbits(8)
    sign = "<" if first < second else ">" if first > second else "="
    return Question(f"{first}?{second}", f"Compare: {circled(first)} ? {circled(second)}\nAnswer with <, = or >.", sign)


def binary_to_decimal(random: Random) -> Question:
    number = random.getrandbits(12)
    return Question(f"{number}", f"In decimal: {circled(number)}", str(number))


def decimal_to_binary(random: Random) -> Question:
    number = random.getrandbits(12)
    return Question(f"{number}", f"In circled binary digits: {number}", circled(number))


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
