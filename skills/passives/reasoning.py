"""Passives about reasoning: code, logic, memory."""

from __future__ import annotations

from random import Random

from skills.question import Question

NAMES = ("Ada", "Ben", "Cleo", "Dag", "Eva", "Finn", "Gil", "Hana")
THINGS = ("red", "blue", "green", "gold", "grey", "pink", "white", "black")
MEASURES = (("taller", "tallest", "shortest"), ("older", "oldest", "youngest"), ("faster", "fastest", "slowest"))


def code_trace(random: Random) -> Question:
    """While loops, lists, strings and comprehensions in Python."""
    form, a, b, n = random.randrange(5), random.randint(1, 9), random.randint(2, 5), random.randint(2, 5)
    if form == 0:
        value, steps = a, 0
        while value < 40:
            value, steps = value * b, steps + 1
        return _trace(f"x = {a}\nn = 0\nwhile x < 40:\n    x = x * {b}\n    n = n + 1", "n", steps)
    if form == 1:
        items = [random.randrange(10) for _ in range(n + 1)]
        at = random.randrange(n + 1)
        return _trace(f"a = {items}\na[{at}] = a[{at}] + {b}\nv = sum(a)", "v", sum(items) + b)
    if form == 2:
        return _trace(f"v = [i * {b} for i in range({n})][-1] + {a}", "v", (n - 1) * b + a)
    if form == 3:
        text = "".join(random.choices("abcdef", k=n + 2))
        return _trace(f"s = '{text}'\nv = s[::-1] + s[0]", "v", text[::-1] + text[0])
    low, high = sorted((a, a + b))
    return _trace(f"v = 0\nfor i in range({low}, {high}):\n    if i % 2 == 0:\n        v = v + i", "v",
                  sum(i for i in range(low, high) if i % 2 == 0))  # fmt: skip


def logic(random: Random) -> Question:
    """Orders of four by pairs, and who lies."""
    if random.random() < 0.5:
        order = random.sample(NAMES, 4)
        more, most, least = random.choice(MEASURES)
        pairs = [f"{x} is {more} than {y}." for x, y in zip(order, order[1:], strict=False)]
        random.shuffle(pairs)
        asked, answer = random.choice([(most, order[0]), (least, order[-1])])
        prompt = f"{' '.join(pairs)} Who is {asked}?"
        return Question(prompt, prompt, answer)
    first, second = random.sample(NAMES, 2)
    truthful = random.random() < 0.5
    if random.random() < 0.5:
        prompt = f"{first} and {second} each always lie or never lie. {first} says: {second} lies, and I do not. "
        prompt += f"{first} is known to {'tell the truth' if truthful else 'lie'}"
        prompt += ", and exactly one of them lies. Who lies?"
        return Question(prompt, prompt, second if truthful else first)
    prompt = f"{first} always {'tells the truth' if truthful else 'lies'}. {first} says: {second} always lies. "
    prompt += f"Does {second} always lie?\nAnswer yes or no."
    return Question(prompt, prompt, "yes" if truthful else "no")


def memory(random: Random) -> Question:
    """Look-ups in a list that was read before the question."""
    count = random.randint(3, 7)
    names, things = random.sample(NAMES, count), random.sample(THINGS, count)
    listed = ", ".join(f"{name}: {thing}" for name, thing in zip(names, things, strict=True))
    at = random.randrange(count)
    if random.random() < 0.5:
        prompt, answer = f"Remember {listed}. What has {names[at]}?", things[at]
    else:
        prompt, answer = f"Remember {listed}. Who has {things[at]}?", names[at]
    return Question(prompt, prompt, answer)


def _trace(code: str, asked: str, value: object) -> Question:
    return Question(code, f"{code}\nValue of {asked}?", str(value))
