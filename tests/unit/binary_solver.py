"""Solves binary problems with Python's integers, from their text alone, and follows workings and traces step by step.

Uses no code of the skill. Digits in workings and traces are "0" and "1" here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, product

ASCII = str.maketrans("⓪①", "01")
CIRCLED = str.maketrans("01", "⓪①")
FACTORED = {"mul", "div", "mod"}


def operands_of(name: str, bits: int, signed: bool) -> Iterator[tuple[int, ...]]:
    """All operands of `bits` digits, of both signs where there are signs.

    Above 4 digits the third of three operands follows from the two before it.
    """
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    numbers, patterns = range(low, high), range(1 << bits)
    if name == "inc":
        yield from ((x, 1) for x in numbers)
    elif name in {"not", "popcount"}:
        yield from ((x,) for x in patterns)
    elif name in {"shl", "shr"}:
        yield from product(patterns, (1, 2))
    elif name in {"and", "or", "xor"}:
        yield from product(patterns, patterns)
    elif name == "add3" and bits <= 4:
        yield from product(numbers, numbers, numbers)
    elif name == "add3":
        yield from ((a, b, (7 * a + 13 * b + 5) % high) for a, b in product(numbers, numbers))
    elif name in FACTORED:
        most = (1 << bits) - 1
        magnitudes = range(-most, most + 1) if signed else range(most + 1)
        yield from ((a, b) for a, b in product(magnitudes, magnitudes) if b or name == "mul")
    elif name in {"add", "sub"}:
        sign = 1 if name == "add" else -1
        last = high if signed else 2 * high
        yield from ((a, b) for a, b in product(numbers, numbers) if low <= a + sign * b < last)
    else:
        yield from product(numbers, numbers)


def truncated(first: int, second: int) -> tuple[int, int]:
    """Quotient rounded towards zero, and the remainder that goes with it."""
    quotient = int(first / second)
    return quotient, first - quotient * second


BETWEEN: dict[str, Callable[[int, int], int]] = {
    "-": lambda a, b: a - b,
    "AND": lambda a, b: a & b,
    "OR": lambda a, b: a | b,
    "XOR": lambda a, b: a ^ b,
    "max": max,
    "min": min,
    "×": lambda a, b: a * b,
    "÷": lambda a, b: truncated(a, b)[0],
    "mod": lambda a, b: truncated(a, b)[1],
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
}
COMMUTATIVE = {"+", "×", "AND", "OR", "XOR", "max", "min"}
FULL_WIDTH = {"AND", "OR", "XOR", "NOT", "max", "min", "<<", ">>"}


@dataclass(frozen=True)
class Asked:
    """What a prompt asks. `factors`: widths of the magnitudes of signed factors, which their prompt does not show."""

    symbol: str
    texts: list[str]
    signed: bool
    factors: tuple[int, int] = (0, 0)

    @property
    def width(self) -> int:
        return len(self.texts[0])

    @property
    def numbers(self) -> list[int]:
        """The operands; the amount of a shift has no sign."""
        amounts = 1 if self.symbol in {"<<", ">>"} else 0
        operands = self.texts[: len(self.texts) - amounts]
        return [*(number_of(text, self.signed) for text in operands), *(int(x, 2) for x in self.texts[len(operands) :])]


def number_of(text: str, signed: bool) -> int:
    """What digits stand for."""
    return int(text, 2) - (int(text[0]) << len(text) if signed else 0)


def read(prompt: str, factors: tuple[int, int] = (0, 0)) -> Asked:
    """The operation and its operands."""
    request, _, expression = prompt.translate(ASCII).partition(": ")
    words = expression.split()
    texts = [word for word in words if set(word) <= {"0", "1"}]
    symbols = {word for word in words if word not in texts}
    assert len(symbols) == 1, prompt
    return Asked(symbols.pop(), texts, request.endswith(" signed"), factors)


def content_of(asked: Asked) -> tuple[object, ...]:
    """What is asked, whatever the width and the wording: numbers by their value, patterns whose width counts by it."""
    symbol = asked.symbol
    if symbol in {"NOT", "<<", ">>", "ones"}:
        return (symbol, *asked.texts)
    numbers = [int(text, 2) for text in asked.texts] if symbol in {"AND", "OR", "XOR"} else asked.numbers
    return (symbol, *(sorted(numbers) if symbol in COMMUTATIVE else numbers))


def evaluate(prompt: str) -> str:
    """The right answer to a prompt, from its text alone."""
    return solve(read(prompt)).translate(CIRCLED)


def solve(asked: Asked) -> str:
    """The right answer in ASCII digits."""
    symbol, width, numbers = asked.symbol, asked.width, asked.numbers
    if symbol == "?":
        first, second = numbers
        return "<" if first < second else ">" if first > second else "="
    if symbol == "ones":
        return f"{asked.texts[0].count('1'):b}"
    if symbol == "NOT":
        value = ~numbers[0]
    elif symbol == "+":
        value = sum(numbers)
    else:
        value = BETWEEN[symbol](*numbers)
    if asked.signed and symbol != "<<":
        assert -(1 << width - 1) <= value < 1 << width - 1, f"overflow: {asked}"
    if asked.signed or symbol in FULL_WIDTH:
        return format(value % (1 << width), f"0{width}b")
    assert value >= 0, asked
    return f"{value:b}"


def columns(*rows: str) -> str:
    """Rows read column by column."""
    return "".join(map("".join, zip(*rows, strict=True)))


def working_of(asked: Asked) -> str:
    """The short working of a problem."""
    symbol, texts = asked.symbol, asked.texts
    if symbol in {"NOT", "<<", ">>"}:
        return ""
    if symbol == "ones":
        return ",".join(f"{count:b}" for count in accumulate(map(int, texts[0])))
    if symbol in {"×", "÷", "mod"}:
        return framed(steps_of(asked), asked)
    reverse = [text[::-1] for text in texts]
    if symbol in {"?", "max", "min"}:
        return columns(*reverse, "".join(verdicts_of(asked)))
    if symbol != "+":
        return columns(*reverse, solve(asked).zfill(asked.width)[::-1])
    stages: list[str] = []
    total = texts[0]
    for text in texts[1:]:
        text = text.zfill(len(total))
        added = f"{int(total, 2) + int(text, 2):0{len(total) + 1}b}"
        stages.append(columns(total[::-1], text[::-1], added[:0:-1]) + ("" if asked.signed else added[0]))
        total = added
    return ",".join(stages)


def verdicts_of(asked: Asked) -> list[str]:
    """How the operands compare as far as each column goes, least significant first; the last is that of the whole."""
    signs = {"?": "<=>", "max": "→=←", "min": "←=→"}[asked.symbol]
    pairs = [[int(text[-place:], 2) for text in asked.texts] for place in range(1, asked.width + 1)]
    pairs[-1] = asked.numbers
    return [signs[1 + (first > second) - (first < second)] for first, second in pairs]


def magnitudes_of(asked: Asked) -> list[str]:
    """Both factors without their signs, in the widths they are worked in."""
    if not asked.signed:
        return asked.texts
    return [f"{abs(number):0{width}b}" for number, width in zip(asked.numbers, asked.factors, strict=True)]


def steps_of(asked: Asked) -> list[str]:
    """Multiplication by doubling and adding, or long division, one step a digit."""
    first, second = magnitudes_of(asked)
    steps: list[str] = []
    total = 0
    for digit in map(int, second if asked.symbol == "×" else first):
        if asked.symbol == "×":
            total = 2 * total + int(first, 2) * digit
            steps.append(f"{total:0{len(first) + len(second)}b}"[::-1])
        else:
            total = 2 * total + digit
            enough = total >= int(second, 2)
            total -= int(second, 2) * enough
            left = f"{total:0{len(second)}b}"
            steps.append(f"{int(enough)}{left[::-1]}")
    return steps


def framed(steps: list[str], asked: Asked) -> str:
    """The steps; if signed, between both magnitudes and the answer's digits."""
    text = ",".join(steps)
    return f"{','.join(magnitudes_of(asked))}:{text}:{solve(asked)[::-1]}" if asked.signed else text


def follow_trace(trace: str, asked: Asked) -> None:
    """Redo every step of a trace and assert that each is right and that they lead to the answer."""
    symbol, texts, answer = asked.symbol, asked.texts, solve(asked)
    reverse = [text[::-1] for text in texts]
    if symbol == "+":
        total = texts[0]
        for stage, text in zip(trace.split(";"), texts[1:], strict=True):
            total = _follow_sum(stage, total, text.zfill(len(total)))
        assert (total[1:] if asked.signed else f"{int(total, 2):b}") == answer
    elif symbol == "-":
        digits = _follow_difference(trace, *reverse)
        assert (digits if asked.signed else f"{int(digits, 2):b}") == answer
    elif symbol in {"AND", "OR", "XOR"}:
        rows = zip(*reverse, answer[::-1], strict=True)
        assert trace == ",".join(f"{x} {symbol} {y}={z}" for x, y, z in rows)
    elif symbol in {"?", "max", "min"}:
        rows = zip(*reverse, verdicts_of(asked), strict=True)
        assert trace == ",".join(f"{x} {symbol} {y}: {z}" for x, y, z in rows)
    elif symbol == "NOT":
        assert trace == ",".join(f"NOT {x}={z}" for x, z in zip(texts[0], answer, strict=True))
    elif symbol == "ones":
        steps = [step.split(": ") for step in trace.split(",")]
        assert "".join(digit for digit, _ in steps) == texts[0]
        assert [int(count, 2) for _, count in steps] == list(accumulate(map(int, texts[0])))
        assert steps[-1][1] == answer
    elif symbol in {"<<", ">>"}:
        _follow_shift(trace, asked, answer)
    else:
        digits = magnitudes_of(asked)[1 if symbol == "×" else 0]
        steps = [f"{digit}: {step}" for digit, step in zip(digits, steps_of(asked), strict=True)]
        assert trace == framed(steps, asked)


def _follow_sum(stage: str, first: str, second: str) -> str:
    """The sum that the steps of a stage give, with its last carry in front."""
    carry, digits = "0", ""
    for step, x, y in zip(stage.split(","), first[::-1], second[::-1], strict=True):
        found = re.fullmatch(r"([01])\+([01])\+([01])=([01]?)([01])", step)
        assert found, step
        assert found.groups()[:3] == (x, y, carry)
        assert int(found[4] + found[5], 2) == int(x) + int(y) + int(carry)
        carry, digits = found[4] or "0", found[5] + digits
    return carry + digits


def _follow_difference(trace: str, first: str, second: str) -> str:
    """The difference that the steps give; operands least significant digit first."""
    borrow, digits = 0, ""
    for step, x, y in zip(trace.split(","), first, second, strict=True):
        found = re.fullmatch(r"([01])-([01])-([01])=([01])(b?)", step)
        assert found, step
        assert found.groups()[:3] == (x, y, str(borrow))
        left = int(x) - int(y) - borrow
        borrow = int(left < 0)
        assert (int(found[4]), found[5]) == (left + 2 * borrow, "b" * borrow)
        digits = found[4] + digits
    return digits


def _follow_shift(trace: str, asked: Asked, answer: str) -> None:
    found = re.fullmatch(r"drop ([01]+), (append|prepend) ([01]+)", trace)
    assert found, trace
    dropped, way, filled = found.groups()
    text = asked.texts[0]
    assert len(dropped) == len(filled) == int(asked.texts[1], 2)
    if asked.symbol == "<<":
        assert (way, set(filled)) == ("append", {"0"})
        assert (dropped + answer, text + filled) == (text + filled, text + filled)
    else:
        assert (way, set(filled)) == ("prepend", {text[0] if asked.signed else "0"})
        assert (answer + dropped, filled + text) == (filled + text, filled + text)


def check_decimal(check: str, asked: Asked) -> None:
    """Assert that a check says the problem and its result in decimal."""
    symbol, numbers, answer = asked.symbol, asked.numbers, solve(asked)
    if symbol == "?":
        assert check == f"{numbers[0]}{answer}{numbers[1]}"
        return
    left = f"{symbol} {numbers[0]}" if len(numbers) == 1 else f" {symbol} ".join(map(str, numbers))
    assert check == f"{left}={number_of(answer, asked.signed and symbol != 'ones')}"
