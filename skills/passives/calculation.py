"""Passives of calculation: arithmetic in several steps, and BIN's operations in plain digits."""

from __future__ import annotations

from random import Random

from skills.binary import OPERATIONS, OperationName
from skills.binary_operands import Frame
from skills.passives.wording import NAMES, NUMBER, THINGS
from skills.question import Question, asked

BINARY_WORDS: dict[OperationName, tuple[str, str]] = {
    "add": ("+", "plus"),
    "sub": ("-", "minus"),
    "mul": ("*", "times"),
    "and": ("AND", "bitwise and"),
    "or": ("OR", "bitwise or"),
    "xor": ("XOR", "bitwise xor"),
}
FRAMES = tuple(Frame(bits, (5, 3), exact=True, signed=False) for bits in (6, 7, 8))
"""Narrower operands, and products with a narrower first factor, belong to memorizable levels of BIN, which train them
all."""
BINARY = "\nAnswer in binary, without leading zeros."


def arithmetic(random: Random) -> Question:
    """Precedence and brackets, chains of steps, purchases, shares, percentages, times of day."""
    return random.choice((_expression, _steps, _boxes, _purchase, _share, _percentage, _clock, _missing, _ages))(random)


def _expression(random: Random) -> Question:
    """One number has three digits, which no trained expression has beside numbers of one or two."""
    a, b, c = random.randint(100, 130), random.randint(2, 12), random.randint(2, 12)
    text, value = random.choice(
        [
            (f"{a} + {b} * {c}", a + b * c),
            (f"({a} + {b}) * {c}", (a + b) * c),
            (f"{b} * {c} + {a}", b * c + a),
            (f"{a + b} - {b} + {c}", a + c),
            (f"{a + b + c} - ({b} + {c})", a),
            (f"{c} * ({a + b} - {b})", c * a),
        ]
    )
    return asked(random, text, (f"Work out {text}.{NUMBER}", f"{text} = ?{NUMBER}"), value)


def _steps(random: Random) -> Question:
    start, add, factor = random.randint(2, 20), random.randint(2, 20), random.randint(2, 5)
    away = random.randint(1, (start + add) * factor)
    return asked(
        random,
        f"({start} + {add}) * {factor} - {away}",
        (
            f"Start with {start}. Add {add}. Multiply by {factor}. Take away {away}. What is the result?{NUMBER}",
            f"Add {add} to {start}, multiply the sum by {factor}, then subtract {away}. What comes out?{NUMBER}",
        ),
        (start + add) * factor - away,
    )


def _boxes(random: Random) -> Question:
    who, thing = random.choice(NAMES), random.choice(THINGS)
    boxes, each = random.randint(2, 12), random.randint(2, 12)
    away = random.randint(1, boxes * each)
    return asked(
        random,
        f"{boxes} * {each} - {away}",
        (
            f"{who} has {boxes} boxes of {each} {thing}s and gives {away} away. How many {thing}s are left?{NUMBER}",
            f"There are {each} {thing}s in each of {boxes} bags. {who} takes {away} out. How many remain?{NUMBER}",
        ),
        boxes * each - away,
    )


def _purchase(random: Random) -> Question:
    first, second = random.sample(THINGS, 2)
    price, other = random.randint(2, 12), random.randint(2, 12)
    count, more = random.randint(2, 9), random.randint(2, 9)
    return asked(
        random,
        f"{count} * {price} + {more} * {other}",
        (
            f"A {first} costs {price} euros and a {second} {other}. What do {count} {first}s and {more} {second}s cost "
            f"together, in euros?{NUMBER}",
            f"{count} {first}s at {price} euros each and {more} {second}s at {other} euros each: how many euros in all?"
            f"{NUMBER}",
        ),
        count * price + more * other,
    )


def _share(random: Random) -> Question:
    people, each, over = random.randint(3, 12), random.randint(2, 12), random.randint(0, 2)
    total, thing = people * each + over, random.choice(THINGS)
    shared = f"{total} {thing}s are shared equally among {people} people, as many as possible to each."
    if random.random() < 0.5:
        return asked(random, f"{total} // {people}", (f"{shared} How many does each get?{NUMBER}",), each)
    return asked(random, f"{total} % {people}", (f"{shared} How many are left over?{NUMBER}",), over)


def _percentage(random: Random) -> Question:
    percent, whole = random.choice((5, 10, 20, 25, 40, 50, 75)), 20 * random.randint(1, 30)
    part = percent * whole // 100
    if random.random() < 0.5:
        wordings = (f"What is {percent} % of {whole}?{NUMBER}", f"{percent} percent of {whole} is what?{NUMBER}")
        return asked(random, f"{percent}% {whole}", wordings, part)
    text = f"Something costs {whole} euros and gets {percent} % cheaper. How many euros does it cost now?{NUMBER}"
    return asked(random, f"{whole} - {percent}%", (text,), whole - part)


def _clock(random: Random) -> Question:
    start, minutes = 5 * random.randint(72, 216), 5 * random.randint(2, 60)
    begin, end = (f"{time // 60}:{time % 60:02d}" for time in (start, start + minutes))
    form = "\nAnswer as hours:minutes on the 24-hour clock."
    return asked(
        random,
        f"{begin} + {minutes} min",
        (
            f"A film begins at {begin} and takes {minutes} minutes. When does it end?{form}",
            f"It is {begin}. What time is it in {minutes} minutes?{form}",
        ),
        end,
    )


def _missing(random: Random) -> Question:
    gap, known = random.randint(2, 60), random.randint(2, 60)
    text, answer = random.choice(
        [
            (f"{known} + ? = {known + gap}", gap),
            (f"? - {known} = {gap}", known + gap),
            (f"{known + gap} - ? = {known}", gap),
        ]
    )
    return asked(random, text, (f"Which number is missing? {text}{NUMBER}", f"{text}\nFind the ?.{NUMBER}"), answer)


def _ages(random: Random) -> Question:
    first, second, third = random.sample(NAMES, 3)
    age, older, times = random.randint(3, 30), random.randint(1, 15), random.randint(2, 3)
    times_word = {2: "twice", 3: "three times"}[times]
    return asked(
        random,
        f"{times} * ({age} + {older})",
        (
            f"{first} is {age}. {second} is {older} years older than {first}. {third} is {times_word} as old as "
            f"{second}. How old is {third}?{NUMBER}",
            f"{third} is {times_word} as old as {second}, who is {older} years older than {first}. {first} is {age}. "
            f"How old is {third}?{NUMBER}",
        ),
        times * (age + older),
    )


def binary_arithmetic(random: Random) -> Question:
    """BIN's operations in the digits 0 and 1, under BIN's keys, and numbers turned from one base to the other."""
    if random.random() < 0.25:
        return _base(random)
    name = random.choice(list(BINARY_WORDS))
    frame = random.choice(FRAMES)
    operands = OPERATIONS[name].draw(random, frame)
    symbol, word = BINARY_WORDS[name]
    first, second = (f"{operand:b}" for operand in operands)
    wordings = (
        f"Binary: {first} {symbol} {second}{BINARY}",
        f"What is {first} {symbol} {second} in base 2?{BINARY}",
        f"In binary, what is {first} {word} {second}?{BINARY}",
    )
    key = OPERATIONS[name].key(operands, frame)
    return asked(random, key, wordings, f"{OPERATIONS[name].value(operands, frame):b}")


def _base(random: Random) -> Question:
    number = random.getrandbits(random.randint(3, 8))
    if random.random() < 0.5:
        return asked(
            random,
            f"to_decimal {number}",
            (f"What number is binary {number:b} in base 10?{NUMBER}", f"Turn binary {number:b} into base 10.{NUMBER}"),
            number,
        )
    return asked(
        random,
        f"to_binary {number}",
        (f"What is {number} in base 2?{BINARY}", f"Turn {number} into binary.{BINARY}"),
        f"{number:b}",
    )
