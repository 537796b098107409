"""Code primitives: what a few lines of Python leave in a variable."""

from __future__ import annotations

from random import Random

from skills.question import Draw, Question


def _trace(code: str, asked: str, value: object) -> Question:
    return Question(f"{code}\n{asked}", f"{code}\nValue of {asked}?", str(value))


def trace_assignment(random: Random) -> Question:
    first, step, factor = random.randrange(20), random.randint(1, 9), random.randint(2, 5)
    code = f"a = {first}\nb = a + {step}\na = b * {factor}"
    asked = random.choice("ab")
    return _trace(code, asked, (first + step) * factor if asked == "a" else first + step)


def trace_if_else(random: Random) -> Question:
    value, limit, then, other = (random.randrange(20) for _ in range(4))
    sign = random.choice("<>")
    code = f"x = {value}\nif x {sign} {limit}:\n    y = x + {then}\nelse:\n    y = x - {other}"
    holds = value < limit if sign == "<" else value > limit
    return _trace(code, "y", value + then if holds else value - other)


def trace_loop_fixed(random: Random) -> Question:
    start, rounds, step = random.randrange(10), random.randint(1, 5), random.randint(1, 5)
    if random.random() < 0.5:
        return _trace(f"s = {start}\nfor i in range({rounds}):\n    s = s + {step}", "s", start + rounds * step)
    total = start + sum(range(rounds)) * step
    return _trace(f"s = {start}\nfor i in range({rounds}):\n    s = s + {step} * i", "s", total)


def eval_bool_expr(random: Random) -> Question:
    p, q, r = (random.random() < 0.5 for _ in range(3))
    text, value = random.choice(
        [
            (f"{p} and {q}", p and q),
            (f"{p} or not {q}", p or not q),
            (f"not ({p} or {q}) and {r}", not (p or q) and r),
            (f"{p} and {q} or {r}", (p and q) or r),
            (f"not {p} and ({q} or {r})", not p and (q or r)),
        ]
    )
    return _trace(f"v = {text}", "v", value)


def function_call_trace(random: Random) -> Question:
    factor, add, value = random.randint(2, 5), random.randint(1, 9), random.randrange(10)
    twice = random.random() < 0.5
    inner = factor * value + add
    code = f"def f(n):\n    return {factor} * n + {add}\nv = {f'f(f({value}))' if twice else f'f({value})'}"
    return _trace(code, "v", factor * inner + add if twice else inner)


PRIMITIVES: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (trace_assignment, trace_if_else, trace_loop_fixed, eval_bool_expr, function_call_trace)
}
