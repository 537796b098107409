"""Workings, traces, keys, primitives and shares of the operations; drawn problems against Python's integers, by an
evaluator that reads nothing but the prompt."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest
from binary_solver import ASCII, FACTORED, evaluate, operands_of
from hypothesis import given, settings
from hypothesis import strategies as st

from skills.binary import OPERATIONS, BinaryCandidate, BinaryLevel, compile_level
from skills.provider import Rendering


def level_of(name: str, bits: int, signed: bool = False, **extra: object) -> BinaryLevel:
    """A level of one operation; factors have `bits` and one digit less."""
    content: dict[str, object] = {"operations": {name: 1}, "signed": signed, **extra}
    if name in FACTORED:
        content["factor_bits"] = [bits, bits - 1]
    if signed or name not in FACTORED:
        content["bits"] = 2 * bits if name in FACTORED else bits
    return compile_level(1, content)


def render(level: BinaryLevel, name: str, operands: tuple[int, ...]) -> Rendering:
    return BinaryCandidate(level, OPERATIONS[name], operands).render(Random(0), False)


ASKED = [(name, False) for name in OPERATIONS] + [(name, True) for name in OPERATIONS if name not in {"inc", "add3"}]


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_key_is_operation_and_operands(name: str) -> None:
    """Read from the prompt: the same content has the same key in either order where the order does not matter."""
    level = level_of(name, 5 if name in FACTORED else 4)
    keys: dict[object, str] = {}
    symbols = {"inc": "add", "add3": "add3"}
    commutative = name in {"inc", "add", "add3", "and", "or", "xor", "max", "min", "mul"}
    for operands in operands_of(name, 4, False):
        candidate = BinaryCandidate(level, OPERATIONS[name], operands)
        prompt = candidate.render(Random(0), False).prompt.translate(ASCII)
        digits = re.findall(r"[01]+", prompt)
        if name in {"not", "shl", "shr", "popcount"}:
            content: tuple[object, ...] = tuple(digits)
        else:
            numbers = [int(text, 2) for text in digits]
            content = tuple(sorted(numbers) if commutative else numbers)
        assert candidate.key == " ".join(map(str, (symbols.get(name, name), *content)))
        assert keys.setdefault(content, candidate.key) == candidate.key
    assert len(set(keys.values())) == len(keys)


WORKINGS = [
    ("inc", 2, (2, 1), "011 101 0", "11"),
    ("add", 3, (5, 3), "110 010 100 1", "1000"),
    ("sub", 4, (5, 3), "110 011 100 000", "10"),
    ("and", 3, (6, 5), "010 100 111", "100"),
    ("or", 3, (6, 4), "000 101 111", "110"),
    ("xor", 3, (6, 5), "011 101 110", "011"),
    ("not", 3, (5,), "", "010"),
    ("shl", 3, (5, 1), "", "010"),
    ("shr", 3, (5, 2), "", "001"),
    ("compare", 3, (2, 4), "00= 10> 01<", "<"),
    ("max", 3, (2, 4), "00= 10← 01→", "100"),
    ("min", 3, (2, 4), "00= 10→ 01←", "010"),
    ("popcount", 4, (13,), "1,10,10,11", "11"),
    ("add3", 2, (1, 2, 3), "101 011 0, 110 111 001 0", "110"),
    ("mul", 3, (5, 3), "10100, 11110", "1111"),
    ("div", 3, (7, 2), "010, 110, 110", "11"),
    ("mod", 3, (7, 2), "010, 110, 110", "1"),
]
"""By hand; spaces only separate the columns here."""


@pytest.mark.parametrize(("name", "bits", "operands", "working", "answer"), WORKINGS, ids=[row[0] for row in WORKINGS])
def test_working(name: str, bits: int, operands: tuple[int, ...], working: str, answer: str) -> None:
    text = render(level_of(name, bits), name, operands)
    assert text.working.translate(ASCII) == working.replace(" ", "")
    assert text.answer.translate(ASCII) == answer


SIGNED_WORKINGS = [
    ("add", 3, (-3, 2), "101 011 101", "111"),
    ("sub", 3, (1, 2), "101 011 001", "111"),
    ("compare", 3, (-1, 2), "10> 11> 10<", "<"),
    ("max", 3, (-1, 2), "10← 11← 10→", "010"),
    ("mul", 2, (-3, 1), "11,1: 110 :1011", "1101"),
    ("div", 3, (-7, 2), "111,10:010,110,110:101111", "111101"),
    ("mod", 3, (-7, 2), "111,10:010,110,110:111111", "111111"),
]


@pytest.mark.parametrize(
    ("name", "bits", "operands", "working", "answer"), SIGNED_WORKINGS, ids=[row[0] for row in SIGNED_WORKINGS]
)
def test_signed_working(name: str, bits: int, operands: tuple[int, ...], working: str, answer: str) -> None:
    text = render(level_of(name, bits, signed=True), name, operands)
    assert text.working.translate(ASCII) == working.replace(" ", "")
    assert text.answer.translate(ASCII) == answer


TRACES = [
    ("add", 2, (3, 1), "1+1+0=10,1+0+1=10"),
    ("sub", 2, (2, 1), "0-1-0=1b,1-0-1=0"),
    ("and", 2, (2, 3), "0 AND 1=0,1 AND 1=1"),
    ("not", 2, (2,), "NOT 1=0,NOT 0=1"),
    ("shl", 3, (5, 2), "drop 10, append 00"),
    ("shr", 3, (5, 1), "drop 1, prepend 0"),
    ("compare", 2, (1, 2), "1 ? 0: >,0 ? 1: <"),
    ("popcount", 2, (3,), "1: 1,1: 10"),
    ("add3", 2, (1, 1, 1), "1+1+0=10,0+0+1=1;0+1+0=1,1+0+0=1,0+0+0=0"),
    ("mul", 2, (3, 1), "1: 110"),
    ("div", 2, (3, 1), "1: 10,1: 10"),
]


@pytest.mark.parametrize(("name", "bits", "operands", "trace"), TRACES, ids=[row[0] for row in TRACES])
def test_trace(name: str, bits: int, operands: tuple[int, ...], trace: str) -> None:
    text = render(level_of(name, bits, modes={"trace": 1.0}), name, operands)
    assert text.prompt.startswith("Trace: ")
    assert text.working.translate(ASCII) == trace
    assert text.answer == evaluate(text.prompt)


DECIMALS = [
    ("inc", 3, (5, 1), False, "5 + 1=6"),
    ("add3", 3, (5, 1, 7), False, "5 + 1 + 7=13"),
    ("sub", 3, (-3, -1), True, "-3 - -1=-2"),
    ("not", 3, (5,), False, "NOT 5=2"),
    ("not", 3, (5,), True, "NOT -3=2"),
    ("compare", 3, (5, 1), False, "5>1"),
    ("max", 3, (5, 1), False, "5 max 1=5"),
    ("popcount", 3, (5,), False, "ones 5=2"),
    ("shr", 3, (5, 1), True, "-3 >> 1=-2"),
    ("div", 3, (-7, 2), True, "-7 ÷ 2=-3"),
]


@pytest.mark.parametrize(("name", "bits", "operands", "signed", "check"), DECIMALS)
def test_verify_adds_a_decimal_check(name: str, bits: int, operands: tuple[int, ...], signed: bool, check: str) -> None:
    work = render(level_of(name, bits, signed), name, operands)
    text = render(level_of(name, bits, signed, modes={"verify": 1.0}), name, operands)
    assert text.prompt == work.prompt.replace("Compute", "Compute and check", 1)
    assert text.working == (f"{work.working};{check}" if work.working else check)
    assert text.answer == work.answer
    # The check is not graded, so that it is no attempt at a primitive.
    assert text.primitives == work.primitives


def test_plain_is_the_answer_alone() -> None:
    text = render(level_of("add", 3, modes={"plain": 1.0}), "add", (5, 3))
    assert (text.prompt, text.working, text.answer) == ("Answer only: ①⓪① + ⓪①①", "", "①⓪⓪⓪")


PRIMITIVES = [
    ("add", (5, 2), ["add_no_carry"]),
    ("add", (5, 4), ["add_with_carry"]),
    ("add3", (1, 2, 4), ["add_no_carry"]),
    ("add3", (1, 1, 4), ["add_no_carry", "add_with_carry"]),
    ("sub", (5, 4), ["sub_no_borrow"]),
    ("sub", (5, 2), ["sub_with_borrow"]),
    ("xor", (5, 2), ["bitwise_xor"]),
    ("min", (5, 2), ["compare"]),
    ("not", (5,), []),
    ("shl", (5, 1), []),
    ("popcount", (0,), []),
    ("popcount", (4,), ["add_no_carry"]),
    ("popcount", (6,), ["add_no_carry", "add_with_carry"]),
    ("mul", (5, 0), []),
    ("mul", (5, 2), ["add_no_carry"]),
    ("mul", (5, 3), ["add_no_carry"]),
    ("mul", (7, 3), ["add_no_carry", "add_with_carry"]),
    ("div", (1, 3), ["compare"]),
    ("div", (3, 1), ["compare", "sub_no_borrow"]),
    ("mod", (4, 3), ["compare", "sub_with_borrow"]),
]


@pytest.mark.parametrize(("name", "operands", "expected"), PRIMITIVES)
def test_primitives_follow_the_operands(name: str, operands: tuple[int, ...], expected: list[str]) -> None:
    found = [
        each.removeprefix("binary/").removesuffix("@1") for each in render(level_of(name, 3), name, operands).primitives
    ]
    assert [each.removeprefix("binary_") for each in found] == expected


def test_modes_come_in_their_shares() -> None:
    level = level_of("add", 6, modes={"plain": 0.1, "work": 0.7, "trace": 0.2})
    random = Random(1)
    requests = Counter(level.draw(random).render(random, False).prompt.partition(":")[0] for _ in range(2_000))
    assert set(requests) == {"Answer only", "Compute", "Trace"}
    assert requests["Compute"] == pytest.approx(1_400, abs=120)
    assert requests["Trace"] == pytest.approx(400, abs=90)


def test_operations_come_by_their_weights() -> None:
    level = compile_level(1, {"operations": {"add": 1, "sub": 3}, "bits": 6})
    random = Random(1)
    drawn = Counter(level.draw(random).key.split()[0] for _ in range(2_000))
    assert drawn["sub"] == pytest.approx(1_500, abs=100)
    assert drawn["add"] == 2_000 - drawn["sub"]


@given(st.sampled_from(ASKED), st.integers(3, 16), st.booleans(), st.integers(0, 2**64 - 1))
@settings(max_examples=300, deadline=None)
def test_every_draw_is_answered_as_python_does(asked: tuple[str, bool], bits: int, exact: bool, seed: int) -> None:
    """Drawn operands give signed sums and differences without overflow, and differences that are not negative."""
    name, signed = asked
    level = level_of(
        name, min(bits, 10) if name in FACTORED else bits, signed, operands="exact" if exact else "at_most"
    )
    random = Random(seed)
    text = level.draw(random).render(random, False)
    assert text.answer == evaluate(text.prompt), text.prompt
