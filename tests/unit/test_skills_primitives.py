"""The primitives: what there is, how hard each is, and their keys against solvers that read the prompt alone."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from itertools import combinations, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skills import Primitive, get_engine
from skills.question import Question

ENGINE = get_engine()
SPECIFIED = """
arithmetic: add_single_digit_no_carry add_single_digit_with_carry add_two_digit sub_single_digit sub_two_digit
mul_single_digit div_exact compare_integers parity digit_sum modulo
binary: binary_add_no_carry binary_add_with_carry binary_sub_no_borrow binary_sub_with_borrow bitwise_and bitwise_or
bitwise_xor binary_compare binary_to_decimal decimal_to_binary
logic: truth_table_basic implication_eval modus_ponens modus_tollens syllogism_all syllogism_some de_morgan
string: reverse_string count_char substring_check sort_letters palindrome_check string_length
code: trace_assignment trace_if_else trace_loop_fixed eval_bool_expr function_call_trace
"""
SAMPLE = 1_500


def drawn(name: str, count: int = SAMPLE, seed: int = 1) -> Iterator[Question]:
    random, draw = Random(seed), ENGINE.primitive(f"{name}@1").draw
    return (draw(random) for _ in range(count))


def in_track(track: str) -> list[Primitive]:
    return [primitive for primitive in ENGINE.list_primitives() if primitive.track == track]


def test_there_are_39() -> None:
    named: list[str] = []
    track = ""
    for word in SPECIFIED.split():
        track = word[:-1] if word.endswith(":") else track
        named += [] if word.endswith(":") else [f"{track}/{word}@1"]
    assert [primitive.id for primitive in ENGINE.list_primitives()] == named
    assert len(named) == 39


def test_every_primitive_of_a_skill_exists() -> None:
    for skill in ENGINE.list_skills():
        for name in skill.primitives:
            assert ENGINE.primitive(name).id == name


def test_version_1_of_the_questions() -> None:
    """Whoever changes what a primitive asks, or how, raises its version in primitives.yaml and this digest."""
    digests = {track: hashlib.sha256() for track in ("arithmetic", "binary", "logic", "string", "code")}
    for primitive in ENGINE.list_primitives():
        for p in primitive.generate(12, 7, "train") + primitive.generate(12, 7, "eval"):
            digests[primitive.track].update(f"{p.skill_id}|{p.prompt}|{p.response}|{p.key}\n".encode())
    assert {track: digest.hexdigest()[:12] for track, digest in digests.items()} == {
        "arithmetic": "602b5c7ec02b",
        "binary": "769c74ffe1a2",
        "logic": "fcb5ea3e7198",
        "string": "ba85af914bea",
        "code": "c23cdca3a86c",
    }


# Arithmetic

COMPUTE = re.compile(r"Compute: (\d+) (\+|-|\*|/|mod) (\d+)")
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x // y,
    "mod": lambda x, y: x % y,
}
NAMES = {"+": "add", "-": "sub", "*": "mul", "/": "div", "mod": "mod"}


def carries(x: int, y: int) -> bool:
    return x % 10 + y % 10 >= 10


DECLARED: dict[str, Callable[[int, int], bool]] = {
    "add_single_digit_no_carry": lambda x, y: x <= 9 and y <= 9 and not carries(x, y),
    "add_single_digit_with_carry": lambda x, y: x <= 9 and y <= 9 and carries(x, y),
    "add_two_digit": lambda x, y: 10 <= x <= 99 and 10 <= y <= 99,
    "sub_single_digit": lambda x, y: 0 <= y <= x <= 9,
    "sub_two_digit": lambda x, y: 10 <= y < x <= 99 and x % 10 < y % 10,
    "mul_single_digit": lambda x, y: x <= 9 and y <= 9,
    "div_exact": lambda x, y: 1 <= y <= 12 and x % y == 0 and x // y <= 12,
    "modulo": lambda x, y: x <= 999 and 2 <= y <= 12,
}


@pytest.mark.parametrize("name", DECLARED)
def test_calculations(name: str) -> None:
    seen: set[tuple[int, int]] = set()
    for question in drawn(f"arithmetic/{name}"):
        match = COMPUTE.fullmatch(question.prompt)
        assert match is not None
        x, symbol, y = int(match[1]), match[2], int(match[3])
        seen.add((x, y))
        assert DECLARED[name](x, y), question.prompt
        assert question.answer == str(OPERATIONS[symbol](x, y))
        operands = sorted((x, y)) if symbol in "+*" else (x, y)
        assert question.key == f"{NAMES[symbol]} {operands[0]} {operands[1]}"
    if "single_digit" in name:
        assert seen == {pair for pair in product(range(10), repeat=2) if DECLARED[name](*pair)}


def test_other_arithmetic() -> None:
    for question in drawn("arithmetic/parity"):
        assert question.answer == ("even", "odd")[int(question.prompt.removeprefix("Is ").split()[0]) % 2]
    widths: set[int] = set()
    for question in drawn("arithmetic/digit_sum"):
        digits = re.findall(r"\d", question.prompt)
        widths.add(len(digits))
        assert question.answer == str(sum(map(int, digits)))
    assert widths == {1, 2, 3, 4, 5}
    alike = 0
    for question in drawn("arithmetic/compare_integers"):
        x, y = map(int, re.findall(r"\d+", question.prompt))
        alike += x != y and sum(a != b for a, b in zip(f"{x:03}", f"{y:03}", strict=True)) == 1
        assert question.answer == ("=", ">", "<")[(x > y) - (x < y)]
    assert alike > SAMPLE / 3


# Binary

TO_ASCII = str.maketrans("⓪①", "01")


def operands(question: Question) -> list[str]:
    return [text.translate(TO_ASCII) for text in re.findall("[⓪①]+", question.prompt)]


def borrows(x: int, y: int) -> bool:
    """Whether subtracting digit by digit, least significant first, takes 1 from the next place."""
    return any((x >> place) % 2 < (y >> place) % 2 for place in range(8))


def any_pair(*_: int) -> bool:
    return True


BINARY: dict[str, tuple[str, Callable[[int, int], int], Callable[[int, int], bool]]] = {
    "binary_add_no_carry": ("+", lambda x, y: x + y, lambda x, y: x + y == x ^ y),
    "binary_add_with_carry": ("+", lambda x, y: x + y, lambda x, y: x + y != x ^ y),
    "binary_sub_no_borrow": ("-", lambda x, y: x - y, lambda x, y: x >= y and not borrows(x, y)),
    "binary_sub_with_borrow": ("-", lambda x, y: x - y, lambda x, y: x > y and borrows(x, y)),
    "bitwise_and": ("AND", lambda x, y: x & y, any_pair),
    "bitwise_or": ("OR", lambda x, y: x | y, any_pair),
    "bitwise_xor": ("XOR", lambda x, y: x ^ y, any_pair),
}


@pytest.mark.parametrize("name", BINARY)
def test_binary_operations(name: str) -> None:
    symbol, value, declared = BINARY[name]
    widths: set[int] = set()
    for question in drawn(f"binary/{name}"):
        first, second = operands(question)
        assert question.prompt.translate(TO_ASCII) == f"Compute: {first} {symbol} {second}"
        assert len(first) == len(second)
        widths.add(len(first))
        assert "1" in (first[0], second[0])
        x, y = int(first, 2), int(second, 2)
        assert declared(x, y), question.prompt
        answer = question.answer.translate(TO_ASCII)
        assert int(answer, 2) == value(x, y)
        assert len(answer) == len(first) if name.startswith("bitwise") else answer == f"{value(x, y):b}"
    assert widths == {6, 7, 8}


def test_other_binary() -> None:
    for question in drawn("binary/binary_compare"):
        x, y = (int(text, 2) for text in operands(question))
        assert question.answer == ("=", ">", "<")[(x > y) - (x < y)]
    for question in drawn("binary/binary_to_decimal"):
        assert question.answer == str(int(operands(question)[0], 2))
    for question in drawn("binary/decimal_to_binary"):
        assert int(question.answer.translate(TO_ASCII), 2) == int(question.prompt.rpartition(" ")[2])
        assert question.answer[0] == "①" or question.answer == "⓪"


def test_bin_and_the_binary_primitives_share_keys() -> None:
    """What BIN trains on any level is no eval problem of a primitive; nor the reverse, where the level is split."""
    asked, trained = (
        {problem.key for primitive in in_track("binary")[:8] for problem in primitive.generate(count, 1, split)}
        for count, split in ((300, "eval"), (1_000, "train"))
    )
    skill = ENGINE.get("bin")
    for level in skill.levels.values():
        assert not asked & {problem.key for problem in skill.generate(level.level, 1_000, 1, "train")}
        if not level.memorizable:
            assert not trained & {problem.key for problem in skill.generate(level.level, 300, 1, "eval")}
    assert asked & {problem.key for problem in skill.generate(10, 300, 1, "eval")}


# Logic: truth tables

GIVEN = re.compile(r"((?:[pqr] is (?:true|false)(?:, )?)+)\. Is (.+) true or false\?")


def holds(text: str, values: dict[str, bool]) -> bool:
    """The value of an expression of letters, NOT, one connective or brackets with ->, read from the outside in."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0 and text.startswith("->", at):
            return not holds(text[: at - 1], values) or holds(text[at + 3 :], values)
    if text.startswith("("):
        return holds(text[1:-1], values)
    if match := re.fullmatch(r"((?:NOT )?\w) (AND|OR|XOR|NAND|NOR) ((?:NOT )?\w)", text):
        x, y = holds(match[1], values), holds(match[3], values)
        table = {"AND": "0001", "OR": "0111", "XOR": "0110", "NAND": "1110", "NOR": "1000"}[match[2]]
        return table[2 * x + y] == "1"
    return not values[text[-1]] if text.startswith("NOT ") else values[text]


@pytest.mark.parametrize("name", ["truth_table_basic", "implication_eval"])
def test_truth_values(name: str) -> None:
    forms: set[str] = set()
    for question in drawn(f"logic/{name}"):
        match = GIVEN.fullmatch(question.prompt)
        assert match is not None, question.prompt
        values = {pair[0]: pair.endswith("true") for pair in match[1].split(", ")}
        assert set(re.findall(r"\b[pqr]\b", match[2])) == set(values)
        assert question.answer == str(holds(match[2], values)).lower()
        forms.add(re.sub(r"NOT |[pqr]", "", match[2]))
    assert len(forms) == (5 if name == "truth_table_basic" else 3)


def letters_of(text: str) -> list[str]:
    return re.findall(r"\b[a-z]\b", text)


def test_de_morgan_by_its_truth_table() -> None:
    for question in drawn("logic/de_morgan"):
        text = question.prompt.partition(": ")[2]
        inside = re.fullmatch(r"NOT \((.+)\)", text)
        assert inside is not None
        first, second = letters_of(text)
        assert letters_of(question.answer) == [first, second]
        assert "NOT NOT" not in question.answer
        for x, y in product((False, True), repeat=2):
            values = {first: x, second: y}
            assert holds(question.answer, values) == (not holds(inside[1], values))


def verdict(conclusions: list[bool]) -> str:
    """What the truth of a statement in every possible case says about it."""
    assert conclusions
    return {frozenset({True}): "yes", frozenset({False}): "no"}.get(frozenset(conclusions), "unknown")


INFERENCE = re.compile(r"(.+)\. Is it true that (.+)\?\nAnswer yes, no or unknown\.")
FACT = re.compile(r"(\w+ is) (not )?(\w+)")


@pytest.mark.parametrize("name", ["modus_ponens", "modus_tollens"])
def test_conditions_by_their_truth_table(name: str) -> None:
    for question in drawn(f"logic/{name}", 400):
        match = INFERENCE.fullmatch(question.prompt)
        assert match is not None, question.prompt
        condition, given_fact = match[1].split(". ")
        parts = re.fullmatch(r"If (.+) then (.+)", condition)
        assert parts is not None
        facts = [FACT.fullmatch(text) for text in (parts[1], parts[2], given_fact, match[2])]
        atoms = sorted({f"{fact[1]} {fact[3]}" for fact in facts if fact})
        assert len(atoms) == 2
        conclusions: list[bool] = []
        for world in product((False, True), repeat=2):
            true = dict(zip(atoms, world, strict=True))
            p, q, given_value, asked = ((true[f"{f[1]} {f[3]}"] != bool(f[2])) for f in facts if f)
            if (not p or q) and given_value:
                conclusions.append(asked)
        assert question.answer == verdict(conclusions), question.prompt
        assert (facts[2] is not None and bool(facts[2][2])) == (name == "modus_tollens")


REGIONS = list(product((False, True), repeat=3))
"""Who is one of three kinds, and who is not."""
MODELS = [set(model) for size in range(9) for model in combinations(REGIONS, size)]
"""Which of these exist."""
QUANTIFIED = re.compile(r"(all|no|some) (\w+) are (not )?(\w+)")


def true_in(statement: str, kinds: list[str], model: set[tuple[bool, ...]]) -> bool:
    match = QUANTIFIED.fullmatch(statement.lower())
    assert match is not None, statement
    first, second = kinds.index(match[2]), kinds.index(match[4])
    members = [one[second] != bool(match[3]) for one in model if one[first]]
    return {"all": all(members), "no": not any(members), "some": any(members)}[match[1]]


@pytest.mark.parametrize("name", ["syllogism_all", "syllogism_some"])
def test_syllogisms_by_their_models(name: str) -> None:
    """Over every choice of who exists, with empty kinds and without."""
    seen: set[str] = set()
    for question in drawn(f"logic/{name}", 250):
        match = INFERENCE.fullmatch(question.prompt)
        assert match is not None, question.prompt
        premises = match[1].split(". ")
        kinds = sorted({kind for _, x, _, y in QUANTIFIED.findall(match[1].lower()) for kind in (x, y)})
        form = question.prompt
        for at, kind in enumerate(sorted(kinds, key=form.index)):
            form = form.replace(kind, "ABC"[at])
        if form in seen:
            continue
        seen.add(form)
        fitting = [model for model in MODELS if all(true_in(premise, kinds, model) for premise in premises)]
        inhabited = [model for model in fitting if all(any(one[at] for one in model) for at in range(3))]
        for models in (fitting, inhabited):
            assert verdict([true_in(match[2], kinds, model) for model in models]) == question.answer, question.prompt
        quantifiers = {premise.split()[0] for premise in premises}
        assert ("Some" in quantifiers) == (name == "syllogism_some")
    assert len(seen) == 9


# Strings and code

STRING: dict[str, tuple[str, Callable[[re.Match[str]], object]]] = {
    "reverse_string": (r"Reverse: ([a-z]{3,8})", lambda m: "".join(reversed(m[1]))),
    "count_char": (r"How many times does ([a-z]) occur in ([a-z]{4,12})\?", lambda m: len(re.findall(m[1], m[2]))),
    "substring_check": (
        r"Is ([a-h]{2,3}) a part of ([a-h]{5,10})\?\nAnswer yes or no\.",
        lambda m: "yes" if re.search(m[1], m[2]) else "no",
    ),
    "sort_letters": (
        r"Sort the letters from a to z: ([a-z]{3,8})",
        lambda m: "".join(letter * m[1].count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"),
    ),
    "palindrome_check": (
        r"Is ([a-z]{4,9}) a palindrome\?\nAnswer yes or no\.",
        lambda m: "yes" if all(m[1][at] == m[1][-at - 1] for at in range(len(m[1]))) else "no",
    ),
    "string_length": (r"How many letters are in ([a-z]{1,15})\?", lambda m: sum(1 for _ in m[1])),
}


@pytest.mark.parametrize("name", STRING)
def test_strings(name: str) -> None:
    pattern, value = STRING[name]
    for question in drawn(f"string/{name}"):
        match = re.fullmatch(pattern, question.prompt)
        assert match is not None, question.prompt
        assert question.answer == str(value(match))


def printed(program: str) -> str:
    """What a program prints."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(program, {})
    return shown.getvalue().removesuffix("\n")


@pytest.mark.parametrize("primitive", in_track("code"), ids=lambda each: each.name)
@given(seed=st.integers(0, 2**64))
@settings(max_examples=100, deadline=None)
def test_programs_print_the_answer(primitive: Primitive, seed: int) -> None:
    question = primitive.draw(Random(seed))
    program, _, rest = question.prompt.rpartition("\n")
    assert rest == "What is printed?"
    assert question.answer == printed(program)
    assert question.key == program


def test_branches_are_taken_equally_often() -> None:
    upper = 0
    for question in drawn("code/trace_if_else", 600):
        start = int(question.prompt.partition("\n")[0].removeprefix("x = "))
        upper += int(question.answer) > start
    assert 0.42 < upper / 600 < 0.58
