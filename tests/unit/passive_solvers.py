"""Solvers of the passives about numbers, reasoning and code that read the prompt alone, by wording.

A passive's table has a pattern for every wording; the solver gets what the pattern found.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from itertools import combinations, pairwise, permutations, product

Solver = Callable[..., object]
N = r"(\d+)"
NUMBER = "\nAnswer with a number."
BINARY = "\nAnswer in binary, without leading zeros."
YES_NO = "\nAnswer yes or no."
NAME = "\nAnswer with a name."
WORD = "\nAnswer with one word."


def solve(table: dict[str, Solver], prompt: str) -> str:
    """The answer by the one pattern that fits the whole prompt; groups of digits become numbers."""
    fitting = [(solver, match) for pattern, solver in table.items() if (match := re.fullmatch(pattern, prompt, re.S))]
    assert len(fitting) == 1, (len(fitting), prompt)
    solver, match = fitting[0]
    return str(solver(*(int(group) if re.fullmatch(r"\d+", group) else group for group in match.groups())))


def calculated(text: str) -> int:
    """A Python expression of numbers."""
    assert re.fullmatch(r"[\d+*() -]+", text), text
    return eval(text)


def later(time: str, minutes: int) -> str:
    end = datetime.strptime(time, "%H:%M") + timedelta(minutes=minutes)
    return f"{end.hour}:{end.minute:02d}"


TIMES = {"twice": 2, "three times": 3}
CLOCK = r"\nAnswer as hours:minutes on the 24-hour clock\."
ARITHMETIC: dict[str, Solver] = {
    rf"Work out (.+)\.{NUMBER}": lambda text: calculated(str(text)),
    rf"([\d+*() -]+) = \?{NUMBER}": lambda text: calculated(str(text)),
    rf"Start with {N}\. Add {N}\. Multiply by {N}\. Take away {N}\. What is the result\?{NUMBER}": (
        lambda a, b, c, d: (a + b) * c - d
    ),
    rf"Add {N} to {N}, multiply the sum by {N}, then subtract {N}\. What comes out\?{NUMBER}": (
        lambda b, a, c, d: (a + b) * c - d
    ),
    rf"\w+ has {N} boxes of {N} \w+s and gives {N} away\. How many \w+s are left\?{NUMBER}": lambda a, b, c: a * b - c,
    rf"There are {N} \w+s in each of {N} bags\. \w+ takes {N} out\. How many remain\?{NUMBER}": (
        lambda a, b, c: a * b - c
    ),
    rf"A (\w+) costs {N} euros and a (\w+) {N}\. What do {N} (\w+)s and {N} (\w+)s cost together, in euros\?{NUMBER}": (
        lambda a, x, b, y, m, a2, n, b2: m * x + n * y if (a, b) == (a2, b2) else None
    ),
    rf"{N} \w+s at {N} euros each and {N} \w+s at {N} euros each: how many euros in all\?{NUMBER}": (
        lambda m, x, n, y: m * x + n * y
    ),
    rf"{N} \w+s are shared equally among {N} people, as many as possible to each\. How many does each get\?{NUMBER}": (
        lambda total, people: total // people
    ),
    rf"{N} \w+s are shared equally among {N} people, as many as possible to each\. How many are left over\?{NUMBER}": (
        lambda total, people: total % people
    ),
    rf"(?:What is )?{N} (?:%|percent) of {N}(?: is what)?\?{NUMBER}": lambda percent, whole: percent * whole // 100,
    rf"Something costs {N} euros and gets {N} % cheaper\. How many euros does it cost now\?{NUMBER}": (
        lambda whole, percent: whole * (100 - percent) // 100
    ),
    rf"A film begins at (\d+:\d\d) and takes {N} minutes\. When does it end\?{CLOCK}": later,
    rf"It is (\d+:\d\d)\. What time is it in {N} minutes\?{CLOCK}": later,
    rf"(?:Which number is missing\? )?{N} \+ \? = {N}(?:\nFind the \?\.)?{NUMBER}": lambda a, b: b - a,
    rf"(?:Which number is missing\? )?\? - {N} = {N}(?:\nFind the \?\.)?{NUMBER}": lambda a, b: a + b,
    rf"(?:Which number is missing\? )?{N} - \? = {N}(?:\nFind the \?\.)?{NUMBER}": lambda a, b: a - b,
    rf"\w+ is {N}\. \w+ is {N} years older than \w+\. \w+ is (twice|three times) as old as \w+\. How old is \w+\?"
    rf"{NUMBER}": lambda age, more, times: TIMES[times] * (age + more),
    rf"\w+ is (twice|three times) as old as \w+, who is {N} years older than \w+\. \w+ is {N}\. How old is \w+\?"
    rf"{NUMBER}": lambda times, more, age: TIMES[times] * (age + more),
}

PYTHON = {
    "+": "+", "plus": "+", "-": "-", "minus": "-", "*": "*", "times": "*", "AND": "&", "bitwise and": "&", "OR": "|",
    "bitwise or": "|", "XOR": "^", "bitwise xor": "^",
}  # fmt: skip


def in_binary(first: object, operator: str, second: object) -> str:
    return f"{eval(f'0b{first} {PYTHON[operator]} 0b{second}'):b}"


BITS = "([01]+)"
BINARY_ARITHMETIC: dict[str, Solver] = {
    rf"Binary: {BITS} ([^\d]+) {BITS}{BINARY}": in_binary,
    rf"What is {BITS} (\W|[A-Z]+) {BITS} in base 2\?{BINARY}": in_binary,
    rf"In binary, what is {BITS} ([a-z ]+) {BITS}\?{BINARY}": in_binary,
    rf"What number is binary {BITS} in base 10\?{NUMBER}": lambda bits: int(str(bits), 2),
    rf"Turn binary {BITS} into base 10\.{NUMBER}": lambda bits: int(str(bits), 2),
    rf"What is {N} in base 2\?{BINARY}": lambda number: bin(number)[2:],
    rf"Turn {N} into binary\.{BINARY}": lambda number: bin(number)[2:],
}


def printed(program: str) -> str:
    """What a program prints."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(program, {})
    return shown.getvalue().removesuffix("\n")


CODE_TRACE: dict[str, Solver] = {
    r"(.+)\nWhat does this program print\?": printed,
    r"What is the output of this Python program\?\n(.+)": printed,
    r"Python:\n(.+)\nOutput\?": printed,
}


def occurrences(word: str, text: str) -> int:
    return re.findall(r"\w+", text).count(word.removesuffix("s") if word not in re.findall(r"\w+", text) else word)


def numbers_that(what: str, text: str) -> int:
    numbers = [int(each) for each in text.split(", ")]
    words = what.split()
    tests: dict[str, Callable[[int], bool]] = {
        "even": lambda n: n % 2 == 0,
        "odd": lambda n: n % 2 == 1,
        "greater": lambda n: n > int(words[-1]),
        "less": lambda n: n < int(words[-1]),
        "divisible": lambda n: n % int(words[-1]) == 0,
    }
    return len([n for n in numbers if tests[words[0]](n)])


def multiples(low: int, high: int, divisor: int) -> int:
    return len([n for n in range(low, high + 1) if n % divisor == 0])


LEGS = {"owl": 2, "goat": 4, "moth": 6, "tick": 8}


def legs(m: int, first: str, n: int, second: str) -> int:
    return m * LEGS[first] + n * LEGS[second]


def posts(length: int, gap: int) -> int:
    return len(range(0, length + 1, gap))


def vowels(word: str) -> int:
    return len(re.findall("[aeiou]", word))


def capitals(text: str) -> int:
    return len(re.findall("[A-Z]", text))


COUNTING: dict[str, Solver] = {
    rf"How often does (\w+) occur here\? (.+?){NUMBER}": occurrences,
    rf"([\w ]+)\nHow many times (\w+)\?{NUMBER}": lambda text, word: occurrences(word, text),
    rf"On the table: (.+)\. How many (?:of them are )?(\w+)(?: are there)?\?{NUMBER}": (
        lambda text, word: occurrences(word, text)
    ),
    rf"How many (?:of them are )?(\w+)(?: are there)?\? Look: (.+)\.{NUMBER}": occurrences,
    rf"How many of these are ([a-z ]+\d*)\? ([\d, ]+){NUMBER}": numbers_that,
    rf"([\d, ]+)\nHow many are ([a-z ]+\d*)\?{NUMBER}": lambda text, what: numbers_that(what, text),
    rf"How many letters of (\w+) are a, e, i, o or u, repetitions counted\?{NUMBER}": vowels,
    rf"(\w+): how many letters in it are one of a, e, i, o, u\?{NUMBER}": vowels,
    rf"How many capital letters are in (\w+)\?{NUMBER}": capitals,
    rf"(\w+)\nCount the capitals\.{NUMBER}": capitals,
    rf"How many whole numbers from {N} to {N}, both included, are divisible by {N}\?{NUMBER}": multiples,
    rf"Count the multiples of {N} from {N} to {N}, both included\.{NUMBER}": lambda d, low, high: multiples(
        low, high, d
    ),
    rf"How many legs do {N} (\w+)s and {N} (\w+)s have together\?{NUMBER}": legs,
    rf"\w+ sees {N} (\w+)s and {N} (\w+)s\. How many legs is that in all\?{NUMBER}": legs,
    rf"A straight fence {N} m long has a post every {N} m, also at both ends\. How many posts\?{NUMBER}": posts,
    rf"Trees stand along {N} m of road, {N} m apart, one at each end\. How many trees\?{NUMBER}": posts,
}


def choices(k: int, n: int) -> int:
    return sum(1 for _ in combinations(range(n), k))


def orders(n: int, k: int) -> int:
    return sum(1 for _ in permutations(range(n), k))


def teams(k: int, n: int, j: int, m: int) -> int:
    return choices(k, n) * choices(j, m)


def strings(symbols: int, length: int) -> int:
    return sum(1 for _ in product(range(symbols), repeat=length))


def routes(right: int, up: int) -> int:
    if not right or not up:
        return 1
    return routes(right - 1, up) + routes(right, up - 1)


@cache
def arrangements(word: str) -> int:
    """Distinct orders of letters: those that begin with each of them."""
    return sum(arrangements("".join(sorted(word)).replace(first, "", 1)) for first in {*word}) if word else 1


def seatings(n: int) -> int:
    """Orders around a table that differ after every turn: those that begin with the first person."""
    return sum(1 for order in permutations(range(n)) if order[0] == 0)


COMBINATORICS: dict[str, Solver] = {
    rf"In how many orders can {N} different \w+s be laid in a row\?{NUMBER}": lambda n: orders(n, n),
    rf"{N} people stand in a line\. How many different lines are possible\?{NUMBER}": lambda n: orders(n, n),
    rf"How many ways are there to choose {N} of {N} people\?{NUMBER}": choices,
    rf"How many different groups of {N} can be formed from {N} people\?{NUMBER}": choices,
    rf"How many strings of {N} binary digits have exactly {N} ones\?{NUMBER}": (
        lambda n, k: sum(1 for bits in range(1 << n) if bits.bit_count() == k)
    ),
    rf"{N} people each shake hands once with every other\. How many handshakes is that\?{NUMBER}": (
        lambda n: sum(1 for x in range(n) for y in range(x))
    ),
    rf"A team takes {N} of {N} adults and {N} of {N} children\. How many teams are possible\?{NUMBER}": teams,
    rf"In how many ways can one pick {N} of {N} red cards and {N} of {N} blue cards, all cards different\?"
    rf"{NUMBER}": teams,
    rf"How many codes of {N} symbols can be made of {N} symbols that may repeat\?{NUMBER}": lambda k, n: strings(n, k),
    rf"{N} wheels of a lock have {N} positions each\. How many settings are there\?{NUMBER}": lambda k, n: strings(
        n, k
    ),
    rf"{N} runners race without ties\. In how many ways can the first {N} places be taken\?{NUMBER}": orders,
    rf"How many codes of {N} symbols can be made of {N} symbols, none used twice\?{NUMBER}": lambda k, n: orders(n, k),
    rf"{N} shirts, {N} trousers and {N} hats: how many outfits of one each\?{NUMBER}": lambda a, b, c: a * b * c,
    rf"A menu has {N} starters, {N} main courses and {N} desserts\. How many meals of one each\?{NUMBER}": (
        lambda a, b, c: a * b * c
    ),
    rf"One walks {N} blocks east and {N} blocks north, in any order of blocks\. How many routes\?{NUMBER}": routes,
    rf"How many ways lead through a grid by {N} steps right and {N} steps up, in any order\?{NUMBER}": routes,
    rf"How many different strings can be made by reordering all letters of (\w+)\?{NUMBER}": arrangements,
    rf"In how many distinct orders can the letters of (\w+) be written\?{NUMBER}": arrangements,
    rf"In how many ways can {N} people sit at a round table, if turning the table makes no difference\?"
    rf"{NUMBER}": seatings,
    rf"How many subsets does a set of {N} elements have, the empty set and the whole set included\?{NUMBER}": (
        lambda n: sum(choices(k, n) for k in range(n + 1))
    ),
    rf"In how many ways can at least one of {N} different books be taken along\?{NUMBER}": (
        lambda n: sum(choices(k, n) for k in range(1, n + 1))
    ),
}


def continuations(terms: list[int]) -> set[int]:
    """The next terms by every rule that the terms obey: differences, factors, recursion, two sequences in one."""
    found: set[int] = set()
    steps = [y - x for x, y in pairwise(terms)]
    growth = [y - x for x, y in pairwise(steps)]
    if len(set(steps)) == 1 or len(set(growth)) == 1:
        found.add(terms[-1] + steps[-1] + growth[-1])
    for factor, add in product((2, 3, 4, 5), range(-20, 21)):
        if all(y == factor * x + add for x, y in pairwise(terms)):
            found.add(factor * terms[-1] + add)
    if all(x == 2 * y for x, y in pairwise(terms)) and terms[-1] % 2 == 0:
        found.add(terms[-1] // 2)
    if all(z == x + y for x, y, z in zip(terms, terms[1:], terms[2:], strict=False)):
        found.add(terms[-1] + terms[-2])
    odd, even = terms[::2], terms[1::2]
    if all(len({y - x for x, y in pairwise(half)}) == 1 for half in (odd, even)):
        found.add(2 * terms[-2] - terms[-4])
    return found


def next_number(text: str) -> int:
    found = continuations([int(term) for term in text.split(", ")])
    assert len(found) == 1, (text, found)
    return found.pop()


def next_letter(text: str) -> str:
    codes = [ord(letter) for letter in text.split(", ")]
    assert len({y - x for x, y in pairwise(codes)}) == 1
    return chr(2 * codes[-1] - codes[-2])


def next_word(text: str) -> str:
    words = text.split(", ")
    period = next(p for p in range(1, len(words)) if all(x == y for x, y in zip(words, words[p:], strict=False)))
    assert len(words) >= 2 * period
    return words[-period]


LETTER = r"\nAnswer with a letter\."
TERMS = r"([\d, ]+)"
SEQUENCE: dict[str, Solver] = {
    rf"Which number comes next\? {TERMS}, \.\.\.{NUMBER}": next_number,
    rf"Continue by one number: {TERMS}, \?{NUMBER}": next_number,
    rf"{TERMS}, \?\nWhich number is \?{NUMBER}": next_number,
    rf"Which letter comes next\? ([a-z, ]+), \.\.\.{LETTER}": next_letter,
    rf"([a-z, ]+), \?{LETTER}": next_letter,
    rf"Which word comes next\? ([a-z, ]+), \.\.\.{WORD}": next_word,
    rf"([a-z, ]+), \?{WORD}": next_word,
}
