"""Passive about code: what a short Python program prints. The key is the program."""

from __future__ import annotations

from random import Random

from skills.question import Question, asked


def code_trace(random: Random) -> Question:
    """While loops, lists, dictionaries, strings, comprehensions, nested loops, recursion."""
    forms = (_while, _list, _dict, _slice, _comprehension, _filter, _nested, _recursion, _swap, _split)
    code, value = random.choice(forms)(random)
    wordings = (
        f"{code}\nWhat does this program print?",
        f"What is the output of this Python program?\n{code}",
        f"Python:\n{code}\nOutput?",
    )
    return asked(random, code, wordings, value)


def _while(random: Random) -> tuple[str, int]:
    start, factor, limit = random.randint(1, 9), random.randint(2, 4), random.randint(20, 99)
    value = start
    rounds = 0
    while value < limit:
        value, rounds = value * factor, rounds + 1
    name = random.choice("xn")
    code = f"x = {start}\nn = 0\nwhile x < {limit}:\n    x = x * {factor}\n    n = n + 1\nprint({name})"
    return code, value if name == "x" else rounds


def _numbers(random: Random, low: int, high: int) -> list[int]:
    return [random.randrange(10) for _ in range(random.randint(low, high))]


def _list(random: Random) -> tuple[str, int]:
    items, add = _numbers(random, 3, 5), random.randint(2, 9)
    at = random.randrange(len(items))
    name, value = random.choice([("sum(a)", sum(items) + add), ("len(a)", len(items)), (f"a[{at}]", items[at] + add)])
    return f"a = {items}\na[{at}] = a[{at}] + {add}\nprint({name})", value


def _dict(random: Random) -> tuple[str, int]:
    keys = random.sample("abcdefg", 3)
    values = [random.randrange(20) for _ in keys]
    first, second = random.sample(range(3), 2)
    pairs = ", ".join(f"'{key}': {value}" for key, value in zip(keys, values, strict=True))
    code = f"d = {{{pairs}}}\nd['{keys[first]}'] = d['{keys[second]}'] + d['{keys[first]}']\nprint(d['{keys[first]}'])"
    return code, values[first] + values[second]


def _slice(random: Random) -> tuple[str, str]:
    text = "".join(random.choices("abcdefgh", k=random.randint(5, 8)))
    start, end, add = random.randint(0, 2), random.randint(3, 5), random.choice("xyz")
    shown, value = random.choice(
        [
            (f"s[{start}:{end}] + '{add}'", text[start:end] + add),
            (f"s[::-1][:{end}]", text[::-1][:end]),
            (f"s[-{end}:].upper()", text[-end:].upper()),
            (f"s.replace('{text[start]}', '{add}')", text.replace(text[start], add)),
        ]
    )
    return f"s = '{text}'\nprint({shown})", value


def _comprehension(random: Random) -> tuple[str, int]:
    count, factor, add = random.randint(3, 7), random.randint(2, 9), random.randrange(10)
    items = [i * factor + add for i in range(count)]
    name, value = random.choice([("a[-1]", items[-1]), ("sum(a)", sum(items)), ("a[1]", items[1])])
    return f"a = [i * {factor} + {add} for i in range({count})]\nprint({name})", value


def _filter(random: Random) -> tuple[str, int]:
    low, size, divisor = random.randint(1, 9), random.randint(4, 9), random.randint(2, 4)
    taken = [i for i in range(low, low + size) if i % divisor == 0]
    step, value = random.choice([("i", sum(taken)), ("1", len(taken))])
    code = f"v = 0\nfor i in range({low}, {low + size}):\n    if i % {divisor} == 0:\n        v = v + {step}\nprint(v)"
    return code, value


def _nested(random: Random) -> tuple[str, int]:
    rows, columns, start = random.randint(2, 4), random.randint(2, 4), random.randrange(10)
    step, value = random.choice(
        [
            ("1", rows * columns),
            ("i", columns * sum(range(rows))),
            ("j", rows * sum(range(columns))),
            ("i * j", sum(range(rows)) * sum(range(columns))),
        ]
    )
    code = f"v = {start}\nfor i in range({rows}):\n    for j in range({columns}):\n        v = v + {step}\nprint(v)"
    return code, start + value


def _recursion(random: Random) -> tuple[str, int]:
    base, add, depth = random.randint(1, 9), random.randint(1, 5), random.randint(2, 5)
    code = f"def f(n):\n    if n == 0:\n        return {base}\n    return f(n - 1) + {add}\nprint(f({depth}))"
    if random.random() < 0.5:
        return code, base + depth * add
    return code.replace(f"f(n - 1) + {add}", "f(n - 1) * 2"), base * 2**depth


def _swap(random: Random) -> tuple[str, int]:
    first, second, add = random.randrange(30), random.randrange(30), random.randint(1, 9)
    name = random.choice("ab")
    code = f"a, b = {first}, {second}\na, b = b, a + {add}\nprint({name})"
    return code, second if name == "a" else first + add


def _split(random: Random) -> tuple[str, object]:
    words = ["".join(random.choices("abcde", k=random.randint(1, 4))) for _ in range(random.randint(3, 4))]
    at = random.randrange(len(words))
    shown, value = random.choice(
        [(f"w[{at}]", words[at]), ("len(w)", len(words)), ("'-'.join(w)", "-".join(words)), ("max(w)", max(words))]
    )
    return f"w = '{' '.join(words)}'.split()\nprint({shown})", value
