"""Arithmetic primitives: one step each, in decimal."""

from __future__ import annotations

from random import Random

from skills.question import Draw, Question

SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "mod"}
COMMUTATIVE = {"add", "mul"}


def _compute(name: str, first: int, second: int, result: int) -> Question:
    """The key is that of BIN: operation and operands, sorted where their order makes no difference."""
    low, high = sorted((first, second)) if name in COMMUTATIVE else (first, second)
    return Question(f"{name} {low} {high}", f"Compute: {first} {SYMBOLS[name]} {second}", str(result))


def add_single_digit_no_carry(random: Random) -> Question:
    total = random.randrange(10)
    first = random.randint(0, total)
    return _compute("add", first, total - first, total)


def add_single_digit_with_carry(random: Random) -> Question:
    total = random.randint(10, 18)
    first = random.randint(total - 9, 9)
    return _compute("add", first, total - first, total)


def add_two_digit(random: Random) -> Question:
    first, second = random.randint(10, 99), random.randint(10, 99)
    return _compute("add", first, second, first + second)


def sub_single_digit(random: Random) -> Question:
    second, first = sorted((random.randrange(10), random.randrange(10)))
    return _compute("sub", first, second, first - second)


def sub_two_digit(random: Random) -> Question:
    """The units always borrow, and the result is above zero."""
    low, high = sorted(random.sample(range(1, 10), 2))
    less, more = sorted(random.sample(range(10), 2))
    first, second = 10 * high + less, 10 * low + more
    return _compute("sub", first, second, first - second)


def mul_single_digit(random: Random) -> Question:
    first, second = random.randrange(10), random.randrange(10)
    return _compute("mul", first, second, first * second)


def div_exact(random: Random) -> Question:
    divisor, quotient = random.randint(1, 12), random.randint(0, 12)
    return _compute("div", divisor * quotient, divisor, quotient)


def compare_integers(random: Random) -> Question:
    """Up to three digits. A sixth are equal; half of the others differ in one place only."""
    first = second = random.randrange(1000)
    if random.random() < 5 / 6:
        place = 10 ** random.randrange(3)
        digit = first // place % 10
        near = first + ((digit + random.randint(1, 9)) % 10 - digit) * place
        second = random.choice((near, random.randrange(1000)))
    sign = "<" if first < second else ">" if first > second else "="
    return Question(f"compare {first} {second}", f"Compare: {first} ? {second}\nAnswer with <, = or >.", sign)


def parity(random: Random) -> Question:
    number = random.randrange(10_000)
    return Question(f"parity {number}", f"Is {number} even or odd?", "odd" if number % 2 else "even")


def digit_sum(random: Random) -> Question:
    number = random.randrange(10 ** random.randint(2, 5))
    return Question(f"digit_sum {number}", f"Sum of the digits of {number}:", str(sum(map(int, str(number)))))


def modulo(random: Random) -> Question:
    number, divisor = random.randrange(1000), random.randint(2, 12)
    return _compute("mod", number, divisor, number % divisor)


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
