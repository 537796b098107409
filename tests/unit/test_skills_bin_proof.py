"""BIN beyond doubt: all operand pairs up to 8 bits, every step of workings and traces, and symbol keys, by a solver
of the tests' own that reads prompts alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from math import fmod
from pathlib import Path
from random import Random

import pytest
from binary_solver import (
    ASCII,
    FACTORED,
    Asked,
    check_decimal,
    evaluate,
    follow_trace,
    operands_of,
    read,
    solve,
    working_of,
)

from skills import get_engine
from skills.binary import OPERATIONS, REQUESTS, BinaryCandidate, BinaryLevel, compile_level
from skills.binary_operands import Frame
from skills.definition import read_definition
from skills.problem import Problem
from skills.provider import Rendering

BIN = get_engine().get("bin")
LEVELS = range(1, 31)
KEYED = range(8, 31)
CONTENT = [entry["content"] for entry in read_definition(Path(__file__).parents[2] / "skills" / "bin.yaml")["levels"]]
UNSIGNED_ONLY = {"inc", "add3"}
ASKED = [(name, False) for name in OPERATIONS] + [(name, True) for name in OPERATIONS if name not in UNSIGNED_ONLY]
MODES = ("plain", "work", "verify", "trace")


# Every pair of operands


def frame_of(name: str, bits: int, signed: bool) -> Frame:
    wide = 2 * bits + 1 if name in FACTORED and signed else bits
    return Frame(wide, (bits, bits), False, signed)


PYTHON: dict[str, Callable[..., int]] = {
    "inc": lambda a, _: a + 1,
    "add": lambda a, b: a + b,
    "add3": lambda a, b, c: a + b + c,
    "sub": lambda a, b: a - b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "not": lambda a: ~a,
    "shl": lambda a, by: a << by,
    "shr": lambda a, by: a >> by,
    "max": max,
    "min": min,
    "popcount": lambda a: a.bit_count(),
    "mul": lambda a, b: a * b,
    # Rounded towards zero, and the remainder with the sign of the first operand, as processors do it.
    "div": lambda a, b: int(a / b),
    "mod": lambda a, b: int(fmod(a, b)),
}
FULL_WIDTH = {"and", "or", "xor", "not", "shl", "shr", "max", "min"}


@pytest.mark.parametrize(("name", "signed"), ASKED)
def test_all_operand_pairs_of_eight_bits_are_answered_as_python_does(name: str, signed: bool) -> None:
    operation, frame = OPERATIONS[name], frame_of(name, 8, signed)
    width, full = frame.bits, (signed and name != "popcount") or name in FULL_WIDTH
    for operands in operands_of(name, 8, signed):
        found = operation.answer(operands, frame)
        if name == "compare":
            first, second = operands
            assert found == "<=>"[1 + (first > second) - (first < second)], operands
            continue
        if name == "shr" and signed:
            operands = (operands[0] - (256 if operands[0] >= 128 else 0), operands[1])
        value = PYTHON[name](*operands)
        assert int(found, 2) == (value % (1 << width) if full else value), operands
        assert len(found) == (width if full else max(1, value.bit_length())), operands


@pytest.mark.parametrize(("name", "signed"), ASKED)
@pytest.mark.parametrize("mode", MODES)
def test_all_operand_pairs_of_four_bits_are_worked_rightly(name: str, signed: bool, mode: str) -> None:
    """Prompt, working and answer as they are written, each step redone from the prompt."""
    content: dict[str, object] = {"operations": {name: 1}, "signed": signed, "modes": {mode: 1.0}}
    if signed or name not in FACTORED:
        content["bits"] = 9 if name in FACTORED else 4
    if name in FACTORED:
        content["factor_bits"] = [4, 4]
    level = compile_level(1, content)
    for operands in operands_of(name, 4, signed):
        candidate = BinaryCandidate(level, OPERATIONS[name], operands)
        check(candidate.render(Random(0), False), mode, level.frame.factor_bits)


def check(text: Rendering | Problem, mode: str, factors: tuple[int, int]) -> None:
    """Assert that a problem is asked for in `mode`, and that its working and its answer are right."""
    asked = read(text.prompt, factors)
    assert text.prompt.startswith(REQUESTS[mode] + (" signed: " if asked.signed else ": "))
    assert text.answer.translate(ASCII) == solve(asked)
    check_working(text.working.translate(ASCII), mode, asked)


def check_working(working: str, mode: str, asked: Asked) -> None:
    if mode == "plain":
        assert working == ""
    elif mode == "work":
        assert working == working_of(asked)
    elif mode == "trace":
        follow_trace(working, asked)
    else:
        work, _, decimal = working.rpartition(";")
        assert work == working_of(asked)
        check_decimal(decimal, asked)


# Modes on the ladder


def in_mode(level: int, mode: str, **changes: object) -> BinaryLevel:
    """A level of the ladder with one mode alone."""
    return compile_level(level, {**CONTENT[level - 1], "modes": {mode: 1.0}, **changes})


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("level", LEVELS)
def test_every_mode_works_at_every_level(level: int, mode: str) -> None:
    generator, random = in_mode(level, mode), Random(level)
    names: set[str] = set()
    for _ in range(60 * len(CONTENT[level - 1]["operations"])):
        candidate = generator.draw(random)
        names.add(candidate.operation.name)
        check(candidate.render(random, False), mode, generator.frame.factor_bits)
    assert len(names) == len(CONTENT[level - 1]["operations"])


@pytest.mark.parametrize("level", LEVELS)
def test_the_prompt_alone_says_what_the_response_is(level: int) -> None:
    """The same problem in four modes has four prompts and one answer; nothing but the prompt decides the response."""
    generators, random = [in_mode(level, mode) for mode in MODES], Random(level)
    responses: dict[str, tuple[str, str]] = {}
    for _ in range(40):
        drawn = generators[0].draw(random)
        texts = [
            BinaryCandidate(generator, drawn.operation, drawn.operands).render(random, False)
            for generator in generators
        ]
        assert len({text.prompt for text in texts}) == len(MODES)
        assert len({text.prompt.partition(":")[2] for text in texts}) == 1
        assert len({text.answer for text in texts}) == 1
        for text in texts:
            response = (text.working, text.answer)
            assert responses.setdefault(text.prompt, response) == response


@pytest.mark.parametrize("level", LEVELS)
def test_max_response_chars_is_the_longest_of_the_level_s_modes(level: int) -> None:
    modes = CONTENT[level - 1].get("modes", {"work": 1.0})
    longest = {mode: longest_response(level, mode) for mode in modes}
    assert BIN.levels[level].max_response_chars == max(longest.values()), longest


def longest_response(level: int, mode: str) -> int:
    """Length of the longest response of a level in a mode: of 600 drawn operands an operation, and of the extremes."""
    generator, random = in_mode(level, mode), Random(level)
    longest = 0
    for name in CONTENT[level - 1]["operations"]:
        operation = OPERATIONS[name]
        drawn = [operation.draw(random, generator.frame) for _ in range(600)]
        for operands in [*drawn, *extremes(name, generator.frame)]:
            text = BinaryCandidate(generator, operation, operands).render(random, False)
            thought = len("<think></think>") + len(text.working) if text.working else 0
            longest = max(longest, thought + len(text.answer))
    return longest


def extremes(name: str, frame: Frame) -> list[tuple[int, ...]]:
    """Operands that carry, borrow or count in every column, which are hardly ever drawn."""
    ones, top = (1 << frame.bits) - 1, 1 << max(0, frame.bits - 1)
    if name in {"inc", "add", "add3", "popcount"}:
        if frame.signed and name == "add":
            return [((top >> 1) + 1, -1)]
        return [(ones, 1) if name == "inc" else (ones,) * {"add": 2, "add3": 3, "popcount": 1}[name]]
    if name == "sub":
        return [(top >> 1, -1) if frame.signed else (top, 1)]
    return []


@pytest.mark.parametrize(("name", "signed"), [("add", False), ("add", True), ("sub", False), ("sub", True)])
def test_extremes_have_the_longest_traces(name: str, signed: bool) -> None:
    frame = frame_of(name, 5, signed)
    operation = OPERATIONS[name]
    longest = max(len(operation.trace(operands, frame)) for operands in operands_of(name, 5, signed))
    assert [len(operation.trace(operands, frame)) for operands in extremes(name, frame)] == [longest]


def test_three_ones_have_the_longest_trace() -> None:
    frame, operation = frame_of("add3", 4, False), OPERATIONS["add3"]
    lengths = {operands: len(operation.trace(operands, frame)) for operands in product(range(16), repeat=3)}
    assert lengths[15, 15, 15] == max(lengths.values())


# Symbol keys


def decoded(problem: Problem) -> tuple[str, dict[int, str]] | None:
    """The prompt in circled digits and the operation's own symbol, and the way there; None where there is no key."""
    found = re.fullmatch(r"(.)=⓪, (.)=①, (.)=(\S+)\. (.+)", problem.prompt)
    if found is None:
        return None
    zero, one, symbol, operation, request = found.groups()
    assert len({zero, one, symbol} & set(BIN.symbol_alphabet)) == 3
    return request.replace(symbol, operation), str.maketrans(zero + one, "⓪①")


@pytest.mark.parametrize("level", KEYED)
def test_problems_with_a_symbol_key_are_solved_by_their_legend(level: int) -> None:
    share = BIN.levels[level].generator.symbol_share
    keyed = 0
    problems = BIN.generate(level, 600, 12, "train", symbols=True)
    for problem, plain in zip(problems, BIN.generate(level, 600, 12, "train"), strict=True):
        assert (problem.key, problem.primitives) == (plain.key, plain.primitives)
        key = decoded(problem)
        if key is None:
            assert problem == plain
            continue
        keyed += 1
        request, back = key
        assert request.translate(back) == plain.prompt
        assert problem.response.translate(back) == plain.response
        assert not {"⓪", "①"} & set(problem.response)
        assert problem.answer.translate(back) == evaluate(request.translate(back))
        check_grading(problem, plain.answer, back)
    assert keyed / 600 == pytest.approx(share, abs=0.07)


def check_grading(problem: Problem, circled: str, back: dict[int, str]) -> None:
    """The answer counts in the key's own symbols alone."""
    assert BIN.grade(problem, problem.answer).correct
    assert BIN.grade(problem, problem.response).correct
    if not {"⓪", "①"} & set(circled):
        return
    zero, one = map(chr, back)
    assert not BIN.grade(problem, circled).correct
    assert not BIN.grade(problem, circled.translate(ASCII)).correct
    assert not BIN.grade(problem, problem.answer.translate(str.maketrans(zero + one, one + zero))).correct
    assert not BIN.grade(problem, f"{problem.answer} {circled}").correct


@pytest.mark.parametrize("mode", MODES)
def test_a_symbol_key_goes_with_every_mode(mode: str) -> None:
    for level in (8, 19, 30):
        generator, random = in_mode(level, mode, symbol_share=1.0), Random(level)
        for _ in range(200):
            text = generator.draw(random).render(random, True)
            key = decoded(Problem("bin", level, 0, 0, text.prompt, text.answer, text.working, (), ""))
            assert key is not None
            request, back = key
            asked = read(request.translate(back), generator.frame.factor_bits)
            assert text.answer.translate(back).translate(ASCII) == solve(asked)
            check_working(text.working.translate(back).translate(ASCII), mode, asked)
            assert request.startswith(REQUESTS[mode])
            assert not {"⓪", "①"} & set(text.working + text.answer)


def test_the_alphabets_spell_every_mode_and_key() -> None:
    for level, mode in product(LEVELS, MODES):
        generator, random = in_mode(level, mode, symbol_share=0.5), Random(level)
        for _ in range(30):
            candidate = generator.draw(random)
            plain, keyed = candidate.render(random, False), candidate.render(random, True)
            assert set(plain.prompt + plain.working + plain.answer) <= set(BIN.alphabet)
            assert set(keyed.prompt + keyed.working + keyed.answer) <= set(BIN.alphabet + BIN.symbol_alphabet)
