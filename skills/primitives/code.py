"""Code primitives: what a few lines of Python print."""

from __future__ import annotations

from random import Random

from skills.question import Draw, Question


def _trace(code: str, name: str, value: object) -> Question:
    """The key is the program; `value` is what `name` holds at its end."""
    program = f"{code}\nprint({name})"
    return Question(program, f"{program}\nWhat is printed?", str(value))


def trace_assignment(random: Random) -> Question:
    """Three assignments; the second reads a variable before the third changes it."""
    first, step, factor = random.randrange(30), random.randint(1, 9), random.randint(2, 9)
    code = f"a = {first}\nb = a + {step}\na = b * {factor}"
    name = random.choice("ab")
    return _trace(code, name, (first + step) * factor if name == "a" else first + step)


def trace_if_else(random: Random) -> Question:
    """Both branches are taken equally often; the limit itself, or a number next to it, is compared in a third."""
    limit, then, other = random.randrange(2, 20), random.randint(1, 9), random.randint(1, 9)
    value = limit + random.randint(-1, 1) if random.random() < 1 / 3 else random.randrange(22)
    sign = random.choice(("<", ">", "<=", ">="))
    holds = {"<": value < limit, ">": value > limit, "<=": value <= limit, ">=": value >= limit}[sign]
    code = f"x = {value}\nif x {sign} {limit}:\n    y = x + {then}\nelse:\n    y = x - {other}"
    return _trace(code, "y", value + then if holds else value - other)


def trace_loop_fixed(random: Random) -> Question:
    """A sum in a loop of 2 to 6 rounds, of a constant or of a multiple of the round's number."""
    start, rounds, step = random.randrange(20), random.randint(2, 6), random.randint(1, 9)
    if random.random() < 0.5:
        return _trace(f"s = {start}\nfor i in range({rounds}):\n    s = s + {step}", "s", start + rounds * step)
    total = start + sum(range(rounds)) * step
    return _trace(f"s = {start}\nfor i in range({rounds}):\n    s = s + {step} * i", "s", total)


def eval_bool_expr(random: Random) -> Question:
    """Three or four truth values under and, or and not, with brackets where they matter."""
    text, value, _ = _expression(random, random.randint(3, 4))
    return _trace(f"v = {text}", "v", value)


OR, AND, NOT = 1, 2, 3
"""How strongly an operator binds."""


def _expression(random: Random, values: int) -> tuple[str, bool, int]:
    """An expression over so many truth values: its text, its value, and how strongly its operator binds."""
    if values == 1:
        text, value, binding = _truth(random)
    else:
        first = random.randint(1, values - 1)
        binding = random.choice((OR, AND))
        left, right = (_expression(random, size) for size in (first, values - first))
        sides = [f"({side})" if inner < binding else side for side, _, inner in (left, right)]
        text = (" or " if binding == OR else " and ").join(sides)
        value = left[1] or right[1] if binding == OR else left[1] and right[1]
    if random.random() < 0.25:
        return f"not {text}" if binding == NOT else f"not ({text})", not value, NOT
    return text, value, binding


def _truth(random: Random) -> tuple[str, bool, int]:
    value = random.random() < 0.5
    return str(value), value, NOT


def function_call_trace(random: Random) -> Question:
    """A linear function, called once or on its own result."""
    factor, add, value = random.randint(2, 9), random.randint(1, 9), random.randrange(20)
    inner = factor * value + add
    twice = random.random() < 0.5
    code = f"def f(n):\n    return {factor} * n + {add}\nv = {f'f(f({value}))' if twice else f'f({value})'}"
    return _trace(code, "v", factor * inner + add if twice else inner)


PRIMITIVES: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (trace_assignment, trace_if_else, trace_loop_fixed, eval_bool_expr, function_call_trace)
}
