"""Arithmetic primitives: one step each, in decimal."""

from __future__ import annotations

from random import Random

from skills.question import Draw, Question


def _compute(first: int, symbol: str, second: int, result: int) -> Question:
    return Question(f"{first}{symbol}{second}", f"Compute: {first} {symbol} {second}", str(result))


def add_single_digit_no_carry(random: Random) -> Question:
    total = random.randrange(10)
    first = random.randint(0, total)
    return _compute(first, "+", total - first, total)


def add_single_digit_with_carry(random: Random) -> Question:
    total = random.randint(10, 18)
    first = random.randint(total - 9, 9)
    return _compute(first, "+", total - first, total)


def add_two_digit(random: Random) -> Question:
    first, second = random.randint(10, 99), random.randint(10, 99)
    return _compute(first, "+", second, first + second)


def sub_single_digit(random: Random) -> Question:
    first = random.randrange(10)
    second = random.randint(0, first)
    return _compute(first, "-", second, first - second)


def sub_two_digit(random: Random) -> Question:
    """The units always borrow, and the result is never negative."""
    low = random.randint(1, 8)
    tens = sorted((low, random.randint(low + 1, 9)))
    unit = random.randint(0, 8)
    first, second = tens[1] * 10 + unit, tens[0] * 10 + random.randint(unit + 1, 9)
    return _compute(first, "-", second, first - second)


def mul_single_digit(random: Random) -> Question:
    first, second = random.randrange(10), random.randrange(10)
    return _compute(first, "*", second, first * second)


def div_exact(random: Random) -> Question:
    divisor, quotient = random.randint(2, 12), random.randint(0, 12)
    return _compute(divisor * quotient, "/", divisor, quotient)


def compare_integers(random: Random) -> Question:
    first = random.randrange(1000)
    second = first if random.random() < 0.1 else random.randrange(1000)
    sign = "<" if first < second else ">" if first > second else "="
    return Question(f"{first}?{second}", f"Compare: {first} ? {second}\nAnswer with <, = or >.", sign)


def parity(random: Random) -> Question:
    number = random.randrange(10_000)
    return Question(f"{number}", f"Is {number} even or odd?", "odd" if number % 2 else "even")


def digit_sum(random: Random) -> Question:
    number = random.randint(10, 99_999)
    return Question(f"{number}", f"Sum of the digits of {number}:", str(sum(map(int, str(number)))))


def modulo(random: Random) -> Question:
    number, divisor = random.randrange(1000), random.randint(2, 12)
    return _compute(number, "mod", divisor, number % divisor)


PRIMITIVES: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        add_single_digit_no_carry,
        add_single_digit_with_carry,
        add_two_digit,
        sub_single_digit,
        sub_two_digit,
        mul_single_digit,
        div_exact,
        compare_integers,
        parity,
        digit_sum,
        modulo,
    )
}
