"""Passives of counting: what is in front of one, and in how many ways something can be done."""

from __future__ import annotations

from collections import Counter
from functools import cache
from math import comb, factorial, perm, prod
from random import Random

from skills.lexicon import lexicon
from skills.passives.wording import COLOURS, NAMES, NUMBER, THINGS
from skills.question import Question, asked

LEGS = {"owl": 2, "goat": 4, "moth": 6, "tick": 8}
"""None of them is an animal of the skill that counts legs."""


@cache
def _words(longest: int) -> tuple[str, ...]:
    return tuple(word for word in lexicon() if 4 <= len(word) <= longest)


def counting(random: Random) -> Question:
    """Things by name or colour, numbers by a property, vowels, capitals, multiples, legs, posts."""
    forms = (_things, _coloured, _numbers, _vowels, _capitals, _multiples, _legs, _posts)
    return random.choice(forms)(random)


def _things(random: Random) -> Question:
    things = random.choices(random.sample(THINGS, 3), k=random.randint(5, 12))
    thing, text = random.choice(things), " ".join(things)
    wordings = (f"How often does {thing} occur here? {text}{NUMBER}", f"{text}\nHow many times {thing}?{NUMBER}")
    return asked(random, f"{thing}: {text}", wordings, things.count(thing))


def _coloured(random: Random) -> Question:
    things, colours = random.sample(THINGS, 2), random.sample(COLOURS, 2)
    pairs = [(random.choice(colours), random.choice(things)) for _ in range(random.randint(4, 8))]
    text = ", ".join(f"{colour} {thing}" for colour, thing in pairs)
    wanted = random.choice((*colours, *things))
    question = f"How many of them are {wanted}?" if wanted in colours else f"How many {wanted}s are there?"
    wordings = (f"On the table: {text}. {question}{NUMBER}", f"{question} Look: {text}.{NUMBER}")
    return asked(random, f"{wanted}: {text}", wordings, sum(wanted in pair for pair in pairs))


def _numbers(random: Random) -> Question:
    numbers = [random.randrange(1, 100) for _ in range(random.randint(4, 9))]
    limit, divisor, text = random.randint(20, 80), random.choice((3, 5, 10)), ", ".join(map(str, numbers))
    what, count = random.choice(
        [
            ("even", sum(n % 2 == 0 for n in numbers)),
            ("odd", sum(n % 2 for n in numbers)),
            (f"greater than {limit}", sum(n > limit for n in numbers)),
            (f"less than {limit}", sum(n < limit for n in numbers)),
            (f"divisible by {divisor}", sum(n % divisor == 0 for n in numbers)),
        ]
    )
    wordings = (f"How many of these are {what}? {text}{NUMBER}", f"{text}\nHow many are {what}?{NUMBER}")
    return asked(random, f"{what}: {text}", wordings, count)


def _vowels(random: Random) -> Question:
    word = random.choice(_words(9))
    wordings = (
        f"How many letters of {word} are a, e, i, o or u, repetitions counted?{NUMBER}",
        f"{word}: how many letters in it are one of a, e, i, o, u?{NUMBER}",
    )
    return asked(random, f"vowels {word}", wordings, sum(letter in "aeiou" for letter in word))


def _capitals(random: Random) -> Question:
    text = "".join(random.choice("abcdeABCDE") for _ in range(random.randint(5, 10)))
    wordings = (f"How many capital letters are in {text}?{NUMBER}", f"{text}\nCount the capitals.{NUMBER}")
    return asked(random, f"capitals {text}", wordings, sum(letter.isupper() for letter in text))


def _multiples(random: Random) -> Question:
    low, size, divisor = random.randint(1, 40), random.randint(10, 60), random.randint(3, 9)
    high = low + size
    wordings = (
        f"How many whole numbers from {low} to {high}, both included, are divisible by {divisor}?{NUMBER}",
        f"Count the multiples of {divisor} from {low} to {high}, both included.{NUMBER}",
    )
    return asked(random, f"multiples {divisor} {low} {high}", wordings, high // divisor - (low - 1) // divisor)


def _legs(random: Random) -> Question:
    (first, legs), (second, more) = random.sample(list(LEGS.items()), 2)
    count, other = random.randint(2, 9), random.randint(2, 9)
    wordings = (
        f"How many legs do {count} {first}s and {other} {second}s have together?{NUMBER}",
        f"{random.choice(NAMES)} sees {count} {first}s and {other} {second}s. How many legs is that in all?{NUMBER}",
    )
    return asked(random, f"legs {count} {first} {other} {second}", wordings, count * legs + other * more)


def _posts(random: Random) -> Question:
    gap, gaps = random.randint(2, 9), random.randint(2, 12)
    wordings = (
        f"A straight fence {gap * gaps} m long has a post every {gap} m, also at both ends. How many posts?{NUMBER}",
        f"Trees stand along {gap * gaps} m of road, {gap} m apart, one at each end. How many trees?{NUMBER}",
    )
    return asked(random, f"posts {gap} {gap * gaps}", wordings, gaps + 1)


def combinatorics(random: Random) -> Question:
    """Orders, choices, committees, codes, outfits, paths, letters, seats, subsets."""
    forms = (_orders, _choices, _committees, _codes, _podiums, _outfits, _paths, _letters, _round_table, _subsets)
    return random.choice(forms)(random)


def _orders(random: Random) -> Question:
    n, thing = random.randint(3, 7), random.choice(THINGS)
    wordings = (
        f"In how many orders can {n} different {thing}s be laid in a row?{NUMBER}",
        f"{n} people stand in a line. How many different lines are possible?{NUMBER}",
    )
    return asked(random, f"factorial {n}", wordings, factorial(n))


def _choices(random: Random) -> Question:
    n = random.randint(4, 14)
    k = random.randint(2, min(n - 1, 5))
    wordings = [
        f"How many ways are there to choose {k} of {n} people?{NUMBER}",
        f"How many different groups of {k} can be formed from {n} people?{NUMBER}",
        f"How many strings of {n} binary digits have exactly {k} ones?{NUMBER}",
    ]
    if k == 2:
        wordings.append(f"{n} people each shake hands once with every other. How many handshakes is that?{NUMBER}")
    return asked(random, f"comb {n} {k}", wordings, comb(n, k))


def _committees(random: Random) -> Question:
    (n, k), (m, j) = sorted(
        (size, random.randint(1, size - 1)) for size in (random.randint(2, 9), random.randint(2, 9))
    )
    wordings = (
        f"A team takes {k} of {n} adults and {j} of {m} children. How many teams are possible?{NUMBER}",
        f"In how many ways can one pick {k} of {n} red cards and {j} of {m} blue cards, all cards different?{NUMBER}",
    )
    return asked(random, f"comb {n} {k} * comb {m} {j}", wordings, comb(n, k) * comb(m, j))


def _codes(random: Random) -> Question:
    n, k = random.randint(2, 10), random.randint(2, 4)
    wordings = (
        f"How many codes of {k} symbols can be made of {n} symbols that may repeat?{NUMBER}",
        f"{k} wheels of a lock have {n} positions each. How many settings are there?{NUMBER}",
    )
    return asked(random, f"power {n} {k}", wordings, n**k)


def _podiums(random: Random) -> Question:
    n = random.randint(4, 12)
    k = random.randint(2, 4 if n <= 10 else 3)
    wordings = (
        f"{n} runners race without ties. In how many ways can the first {k} places be taken?{NUMBER}",
        f"How many codes of {k} symbols can be made of {n} symbols, none used twice?{NUMBER}",
    )
    return asked(random, f"perm {n} {k}", wordings, perm(n, k))


def _outfits(random: Random) -> Question:
    counts = sorted(random.randint(2, 9) for _ in range(3))
    a, b, c = random.sample(counts, 3)
    wordings = (
        f"{a} shirts, {b} trousers and {c} hats: how many outfits of one each?{NUMBER}",
        f"A menu has {a} starters, {b} main courses and {c} desserts. How many meals of one each?{NUMBER}",
    )
    return asked(random, f"product {counts}", wordings, prod(counts))


def _paths(random: Random) -> Question:
    a, b = sorted(random.randint(2, 8) for _ in range(2))
    wordings = (
        f"One walks {a} blocks east and {b} blocks north, in any order of blocks. How many routes?{NUMBER}",
        f"How many ways lead through a grid by {a} steps right and {b} steps up, in any order?{NUMBER}",
    )
    return asked(random, f"paths {a} {b}", wordings, comb(a + b, a))


def _letters(random: Random) -> Question:
    word = random.choice(_words(8))
    wordings = (
        f"How many different strings can be made by reordering all letters of {word}?{NUMBER}",
        f"In how many distinct orders can the letters of {word} be written?{NUMBER}",
    )
    orders = factorial(len(word)) // prod(map(factorial, Counter(word).values()))
    return asked(random, f"letters {''.join(sorted(word))}", wordings, orders)


def _round_table(random: Random) -> Question:
    n = random.randint(3, 8)
    text = f"In how many ways can {n} people sit at a round table, if turning the table makes no difference?{NUMBER}"
    return asked(random, f"round {n}", (text,), factorial(n - 1))


def _subsets(random: Random) -> Question:
    n = random.randint(3, 14)
    if random.random() < 0.5:
        text = f"How many subsets does a set of {n} elements have, the empty set and the whole set included?{NUMBER}"
        return asked(random, f"subsets {n}", (text,), 2**n)
    text = f"In how many ways can at least one of {n} different books be taken along?{NUMBER}"
    return asked(random, f"nonempty {n}", (text,), 2**n - 1)
