"""Logic primitives: truth values, inferences and their fallacies.

An inference is answered yes (it follows), no (its denial follows) or unknown (neither does).
"""

from __future__ import annotations

from random import Random

from skills.question import Draw, Question

NAMES = ("Ada", "Ben", "Cleo", "Dag", "Eva", "Finn", "Gil", "Hana", "Ivo", "Juno", "Kai", "Lea")
STATES = ("awake", "busy", "calm", "early", "free", "glad", "home", "late", "lost", "ready", "sick", "wet")
KINDS = (
    "bloops", "crans", "drels", "fips", "glims", "hoops", "jorks", "klods", "lumps", "mips", "norks", "plims", "quogs",
    "rasps", "snips", "trogs",
)  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CONNECTIVES = {
    "AND": lambda p, q: p and q,
    "OR": lambda p, q: p or q,
    "XOR": lambda p, q: p != q,
    "NAND": lambda p, q: not (p and q),
    "NOR": lambda p, q: not (p or q),
}
FOLLOWS = "\nAnswer yes, no or unknown."


def _word(value: bool) -> str:
    return "true" if value else "false"


def truth_table_basic(random: Random) -> Question:
    name = random.choice(list(CONNECTIVES))
    p, q = random.random() < 0.5, random.random() < 0.5
    prompt = f"p is {_word(p)}, q is {_word(q)}. p {name} q is true or false?"
    return Question(prompt, prompt, _word(CONNECTIVES[name](p, q)))


def implication_eval(random: Random) -> Question:
    p, q, r = (random.random() < 0.5 for _ in range(3))
    form = random.randrange(4)
    text, value = [
        ("p -> q", not p or q),
        ("q -> p", not q or p),
        ("(p -> q) -> r", not (not p or q) or r),
        ("p -> (q -> r)", not p or not q or r),
    ][form]
    prompt = f"p is {_word(p)}, q is {_word(q)}, r is {_word(r)}. {text} is true or false?"
    return Question(prompt, prompt, _word(value))


def _statements(random: Random) -> tuple[tuple[str, str], tuple[str, str]]:
    """Two statements, each with its denial."""
    (first, second), (one, other) = random.sample(NAMES, 2), random.sample(STATES, 2)
    return (f"{first} is {one}", f"{first} is not {one}"), (f"{second} is {other}", f"{second} is not {other}")


def modus_ponens(random: Random) -> Question:
    """From "if P then Q" and P to Q; from Q nothing about P follows."""
    (p, _), (q, not_q) = _statements(random)
    given, asked, answer = random.choice([(p, q, "yes"), (p, not_q, "no"), (q, p, "unknown")])
    prompt = f"If {p} then {q}. {given}. Does it follow that {asked}?{FOLLOWS}"
    return Question(prompt, prompt, answer)


def modus_tollens(random: Random) -> Question:
    """From "if P then Q" and not Q to not P; from not P nothing about Q follows."""
    (p, not_p), (q, not_q) = _statements(random)
    given, asked, answer = random.choice([(not_q, not_p, "yes"), (not_q, p, "no"), (not_p, q, "unknown")])
    prompt = f"If {p} then {q}. {given}. Does it follow that {asked}?{FOLLOWS}"
    return Question(prompt, prompt, answer)


def syllogism_all(random: Random) -> Question:
    """Two universal premises. Nothing is assumed to exist."""
    a, b, c = random.sample(KINDS, 3)
    premises, asked, answer = random.choice(
        [
            (f"All {a} are {b}. All {b} are {c}.", f"all {a} are {c}", "yes"),
            (f"All {a} are {b}. No {b} are {c}.", f"no {a} are {c}", "yes"),
            (f"All {a} are {b}. No {b} are {c}.", f"some {a} are {c}", "no"),
            (f"All {a} are {b}. All {c} are {b}.", f"all {a} are {c}", "unknown"),
            (f"All {a} are {b}. All {b} are {c}.", f"all {c} are {a}", "unknown"),
        ]
    )
    prompt = f"{premises} Does it follow that {asked}?{FOLLOWS}"
    return Question(prompt, prompt, answer)


def syllogism_some(random: Random) -> Question:
    """A particular premise and another."""
    a, b, c = random.sample(KINDS, 3)
    premises, asked, answer = random.choice(
        [
            (f"Some {a} are {b}. All {b} are {c}.", f"some {a} are {c}", "yes"),
            (f"Some {a} are {b}. No {b} are {c}.", f"some {a} are not {c}", "yes"),
            (f"Some {a} are {b}. No {b} are {c}.", f"all {a} are {c}", "no"),
            (f"Some {a} are {b}. Some {b} are {c}.", f"some {a} are {c}", "unknown"),
            (f"All {a} are {b}. Some {b} are {c}.", f"some {a} are {c}", "unknown"),
        ]
    )
    prompt = f"{premises} Does it follow that {asked}?{FOLLOWS}"
    return Question(prompt, prompt, answer)


def de_morgan(random: Random) -> Question:
    first, second = random.sample(LETTERS, 2)
    name, dual = random.choice([("AND", "OR"), ("OR", "AND")])
    negated = [random.random() < 0.5 for _ in range(2)]
    inside = [f"NOT {letter}" if no else letter for letter, no in zip((first, second), negated, strict=True)]
    outside = [letter if no else f"NOT {letter}" for letter, no in zip((first, second), negated, strict=True)]
    text = f"NOT ({inside[0]} {name} {inside[1]})"
    prompt = f"Write without brackets, letters in the same order: {text}"
    return Question(text, prompt, f"{outside[0]} {dual} {outside[1]}")


PRIMITIVES: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        truth_table_basic,
        implication_eval,
        modus_ponens,
        modus_tollens,
        syllogism_all,
        syllogism_some,
        de_morgan,
    )
}
