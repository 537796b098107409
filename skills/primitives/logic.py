"""Logic primitives: truth values, inferences and their fallacies.

An inference is answered yes (it follows), no (its denial follows) or unknown (neither does), each equally often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from random import Random

from skills.question import Draw, Question

NAMES = ("Ada", "Ben", "Cleo", "Dag", "Eva", "Finn", "Gil", "Hana", "Ivo", "Juno", "Kai", "Lea")
STATES = ("awake", "busy", "calm", "early", "free", "glad", "home", "late", "lost", "ready", "sick", "wet")
KINDS = (
    "bloops", "crans", "drels", "fips", "glims", "hoops", "jorks", "klods", "lumps", "mips", "norks", "plims", "quogs",
    "rasps", "snips", "trogs",
)  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CONNECTIVES: dict[str, Callable[[bool, bool], bool]] = {
    "AND": lambda p, q: p and q,
    "OR": lambda p, q: p or q,
    "XOR": lambda p, q: p != q,
    "NAND": lambda p, q: not (p and q),
    "NOR": lambda p, q: not (p or q),
}
THREE = "\nAnswer yes, no or unknown."


def _word(value: bool) -> str:
    return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class Literal:
    """A letter with its truth value, perhaps under NOT."""

    name: str
    letter_value: bool
    negated: bool

    def __str__(self) -> str:
        return f"NOT {self.name}" if self.negated else self.name

    @property
    def value(self) -> bool:
        return self.letter_value != self.negated


def _literal(random: Random, name: str) -> Literal:
    return Literal(name, random.random() < 0.5, random.random() < 1 / 3)


def _true_or_false(literals: Sequence[Literal], text: str, value: bool) -> Question:
    given = ", ".join(f"{literal.name} is {_word(literal.letter_value)}" for literal in literals)
    return Question(f"{given}: {text}", f"{given}. Is {text} true or false?", _word(value))


def truth_table_basic(random: Random) -> Question:
    p, q = _literal(random, "p"), _literal(random, "q")
    name = random.choice(list(CONNECTIVES))
    return _true_or_false((p, q), f"{p} {name} {q}", CONNECTIVES[name](p.value, q.value))


def implication_eval(random: Random) -> Question:
    """An implication, or one inside another; true and false equally often."""
    return random.choice(_implications(random.choice((2, 3)), random.random() < 0.5))


@cache
def _implications(letters: int, value: bool) -> tuple[Question, ...]:
    """Every one over so many letters that has this value."""
    sides = [[Literal(name, *flags) for flags in product((False, True), repeat=2)] for name in "pqr"[:letters]]
    found: list[Question] = []
    for literals in product(*sides):
        values = [literal.value for literal in literals]
        if letters == 2:
            p, q = literals
            forms = [(f"{p} -> {q}", _implies(*values))]
        else:
            (p, q, r), (x, y, z) = literals, values
            forms = [
                (f"({p} -> {q}) -> {r}", _implies(_implies(x, y), z)),
                (f"{p} -> ({q} -> {r})", _implies(x, _implies(y, z))),
            ]
        found += [_true_or_false(literals, text, holds) for text, holds in forms if holds == value]
    return tuple(found)


def _implies(p: bool, q: bool) -> bool:
    return not p or q


def _statements(random: Random) -> tuple[tuple[str, str], tuple[str, str]]:
    """Two statements, each with its denial."""
    (first, second), (one, other) = random.sample(NAMES, 2), random.sample(STATES, 2)
    return (f"{first} is {one}", f"{first} is not {one}"), (f"{second} is {other}", f"{second} is not {other}")


def _inference(premises: str, asked: str, answer: str) -> Question:
    return Question(f"{premises} {asked}?", f"{premises} Is it true that {asked}?{THREE}", answer)


def modus_ponens(random: Random) -> Question:
    """From "if P then Q" and P to Q; from Q nothing about P follows."""
    (p, _), (q, not_q) = _statements(random)
    given, asked, answer = random.choice([(p, q, "yes"), (p, not_q, "no"), (q, p, "unknown")])
    return _inference(f"If {p} then {q}. {given}.", asked, answer)


def modus_tollens(random: Random) -> Question:
    """From "if P then Q" and not Q to not P; from not P nothing about Q follows."""
    (p, not_p), (q, not_q) = _statements(random)
    given, asked, answer = random.choice([(not_q, not_p, "yes"), (not_q, p, "no"), (not_p, q, "unknown")])
    return _inference(f"If {p} then {q}. {given}.", asked, answer)


ALL_FORMS = {
    "yes": (
        ("All {a} are {b}. All {b} are {c}.", "all {a} are {c}"),
        ("All {a} are {b}. No {b} are {c}.", "no {a} are {c}"),
        ("No {a} are {b}. All {c} are {b}.", "no {a} are {c}"),
    ),
    "no": (
        ("All {a} are {b}. No {b} are {c}.", "some {a} are {c}"),
        ("No {a} are {b}. All {c} are {b}.", "some {a} are {c}"),
        ("All {a} are {b}. All {b} are {c}.", "some {a} are not {c}"),
    ),
    "unknown": (
        ("All {a} are {b}. All {c} are {b}.", "all {a} are {c}"),
        ("All {a} are {b}. All {b} are {c}.", "all {c} are {a}"),
        ("No {a} are {b}. No {b} are {c}.", "no {a} are {c}"),
    ),
}
SOME_FORMS = {
    "yes": (
        ("Some {a} are {b}. All {b} are {c}.", "some {a} are {c}"),
        ("Some {a} are {b}. No {b} are {c}.", "some {a} are not {c}"),
        ("All {a} are {b}. Some {a} are {c}.", "some {b} are {c}"),
    ),
    "no": (
        ("Some {a} are {b}. No {b} are {c}.", "all {a} are {c}"),
        ("Some {a} are {b}. All {b} are {c}.", "no {a} are {c}"),
        ("All {a} are {b}. Some {a} are {c}.", "no {b} are {c}"),
    ),
    "unknown": (
        ("Some {a} are {b}. Some {b} are {c}.", "some {a} are {c}"),
        ("All {a} are {b}. Some {b} are {c}.", "some {a} are {c}"),
        ("Some {a} are {b}. All {c} are {b}.", "some {a} are {c}"),
    ),
}
"""Premises and conclusions by answer. None of the answers depends on whether empty kinds are allowed."""


def syllogism_all(random: Random) -> Question:
    """Two universal premises."""
    return _syllogism(random, ALL_FORMS)


def syllogism_some(random: Random) -> Question:
    """A particular premise and another."""
    return _syllogism(random, SOME_FORMS)


def _syllogism(random: Random, forms: dict[str, tuple[tuple[str, str], ...]]) -> Question:
    answer = random.choice(list(forms))
    premises, asked = random.choice(forms[answer])
    a, b, c = random.sample(KINDS, 3)
    return _inference(premises.format(a=a, b=b, c=c), asked.format(a=a, b=b, c=c), answer)


def de_morgan(random: Random) -> Question:
    """A negated AND or OR of two letters, each negated half of the time."""
    first, second = random.sample(LETTERS, 2)
    name, dual = random.choice([("AND", "OR"), ("OR", "AND")])
    negated = [random.random() < 0.5 for _ in range(2)]
    inside = [f"NOT {letter}" if no else letter for letter, no in zip((first, second), negated, strict=True)]
    outside = [letter if no else f"NOT {letter}" for letter, no in zip((first, second), negated, strict=True)]
    text = f"NOT ({inside[0]} {name} {inside[1]})"
    prompt = f"Write with {dual}, without brackets or double NOT, letters in the same order: {text}"
    return Question(f"de_morgan {text}", prompt, f"{outside[0]} {dual} {outside[1]}")


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
