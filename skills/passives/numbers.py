"""Passives about numbers: arithmetic, binary in plain digits, combinatorics, counting, sequences."""

from __future__ import annotations

from math import comb, factorial, perm
from random import Random

from skills.question import Question

ITEMS = ("apple", "bell", "coin", "drum", "egg", "fork", "glove", "hat")
PEOPLE = ("Ada", "Ben", "Cleo", "Dag", "Eva", "Finn")


def arithmetic(random: Random) -> Question:
    """Chains with precedence, word problems, halves and multiples."""
    form = random.randrange(4)
    a, b, c = random.randint(2, 20), random.randint(2, 12), random.randint(2, 9)
    if form == 0:
        return _plain(f"Compute: {a} + {b} * {c}", a + b * c)
    if form == 1:
        return _plain(f"Compute: ({a} + {b}) * {c}", (a + b) * c)
    if form == 2:
        who, item = random.choice(PEOPLE), random.choice(ITEMS)
        text = f"{who} has {b} boxes with {c} {item}s each and gives {min(a, b * c)} {item}s away. How many are left?"
        return _plain(text, b * c - min(a, b * c))
    return _plain(f"What is half of {2 * a} plus {b} times {c}?", a + b * c)


def binary_arithmetic(random: Random) -> Question:
    """The operations of BIN in the digits 0 and 1."""
    first, second = random.getrandbits(6), random.getrandbits(6)
    symbol, value = random.choice(
        [
            ("+", first + second),
            ("-", abs(first - second)),
            ("AND", first & second),
            ("OR", first | second),
            ("XOR", first ^ second),
        ]
    )
    if symbol == "-":
        first, second = max(first, second), min(first, second)
    return _plain(f"Compute in binary: {first:b} {symbol} {second:b}", f"{value:b}")


def combinatorics(random: Random) -> Question:
    form, n = random.randrange(5), random.randint(3, 9)
    k = random.randint(2, n - 1)
    return [
        _plain(f"In how many orders can {n} books stand on a shelf?", factorial(n)),
        _plain(f"How many ways are there to choose {k} of {n} people?", comb(n, k)),
        _plain(f"{n} people each shake hands once with every other. How many handshakes?", comb(n, 2)),
        _plain(f"How many {k}-letter codes with no letter twice can be made of {n} letters?", perm(n, k)),
        _plain(f"How many results have {k} throws of a die with {n} sides, in order?", n**k),
    ][form]


def counting(random: Random) -> Question:
    form = random.randrange(3)
    if form == 0:
        items = random.choices(ITEMS[:4], k=random.randint(5, 12))
        return _plain(f"How many times is {items[0]} here: {' '.join(items)}?", items.count(items[0]))
    numbers = [random.randrange(100) for _ in range(random.randint(5, 9))]
    listed = ", ".join(map(str, numbers))
    if form == 1:
        return _plain(f"How many of these are even: {listed}?", sum(n % 2 == 0 for n in numbers))
    limit = random.choice(numbers)
    return _plain(f"How many of these are above {limit}: {listed}?", sum(n > limit for n in numbers))


def sequence(random: Random) -> Question:
    """The next term of a simple rule, five terms shown."""
    form, first, step = random.randrange(5), random.randint(1, 12), random.randint(2, 9)
    if form == 0:
        terms = [first + step * i for i in range(6)]
    elif form == 1:
        terms = [first * min(step, 4) ** i for i in range(6)]
    elif form == 2:
        terms = [(first + i) ** 2 for i in range(6)]
    elif form == 3:
        terms = [first, step]
        while len(terms) < 6:
            terms.append(terms[-1] + terms[-2])
    else:
        terms = [first + step * (i // 2) + i % 2 * 2 for i in range(6)]
    return _plain(f"Next number: {', '.join(map(str, terms[:5]))}, ?", terms[5])


def _plain(prompt: str, answer: object) -> Question:
    return Question(prompt, prompt, str(answer))
