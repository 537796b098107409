"""The BIN ladder: right and hopeless answers, reproducibility, splits, declared widths, lengths and counts."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skills_helpers import ROOT, check_same_in_every_process, hopeless, perfect

from skills import get_engine
from skills.binary import compile_level
from skills.definition import read_definition
from skills.problem import BUCKETS, FOLDS, Problem, bucket_of

BIN = get_engine().get("bin")
LEVELS = range(1, 31)
MEMORIZABLE = [level for level in LEVELS if BIN.levels[level].memorizable]
OTHERS = [level for level in LEVELS if not BIN.levels[level].memorizable]

LADDER = """
1 inc 2 · 2 add 2 · 3 add 3 · 4 and/or/xor 4 · 5 add 4 · 6 sub 4 · 7 not/shift 5 · 8 add/sub 5 · 9 compare 5 · 10 add 6
· 11 sub 6 · 12 and/or/xor 7 · 13 max/min 6 · 14 add/sub 7 · 15 popcount 6 · 16 mul 3×2 · 17 add/sub 8 · 18 mul 3×3
· 19 mixed 8 · 20 three-operand add 5 · 21 mul 4×3 · 22 add/sub 10 · 23 div 5/3 · 24 mul 4×4 · 25 mod 6/3
· 26 add/sub 12 · 27 three-operand add 8 · 28 mul 6×4 · 29 add/sub 16
"""
OPERATIONS = {
    "inc": {"+"}, "add": {"+"}, "three-operand add": {"+"}, "sub": {"-"}, "add/sub": {"+", "-"},
    "and/or/xor": {"AND", "OR", "XOR"}, "not/shift": {"NOT", "<<", ">>"}, "compare": {"?"}, "max/min": {"max", "min"},
    "popcount": {"ones"}, "mul": {"×"}, "div": {"÷"}, "mod": {"mod"},
    "mixed": {"+", "-", "AND", "OR", "XOR", "NOT", "<<", ">>", "?", "max", "min"},
    "all, signed": {"+", "-", "AND", "OR", "XOR", "NOT", "<<", ">>", "?", "max", "min", "ones", "×", "÷", "mod"},
}  # fmt: skip


def ladder() -> list[tuple[int, str, list[int]]]:
    """(level, operations, widths) as the specification has them."""
    rungs: list[tuple[int, str, list[int]]] = []
    for entry in LADDER.replace("\n", " ").split("·"):
        number, *name, widths = entry.split()
        rungs.append((int(number), " ".join(name), [int(width) for width in re.split("[×/]", widths)]))
    return [*rungs, (30, "all, signed", [16])]


def digits_of(problem: Problem) -> list[str]:
    return re.findall("[⓪①]+", problem.prompt)


def symbol_of(problem: Problem) -> str:
    return next(word for word in problem.prompt.partition(": ")[2].split() if not re.fullmatch("[⓪①]+", word))


# Grading


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("symbols", [False, True])
def test_right_answers_are_right(level: int, symbols: bool) -> None:
    problems = BIN.generate(level, 50, 1, "eval", symbols=symbols) + BIN.generate(
        level, 50, 1, "train", symbols=symbols
    )
    for problem in problems:
        for text in perfect(problem):
            grade = BIN.grade(problem, text)
            assert grade.correct
            assert grade.extracted == grade.expected == problem.answer


@pytest.mark.parametrize("level", LEVELS)
def test_hopeless_answers_are_wrong(level: int) -> None:
    for problem in BIN.generate(level, 40, 2, "eval"):
        for name, text in hopeless(problem).items():
            assert not BIN.grade(problem, text).correct, name


@pytest.mark.parametrize(
    ("text", "extracted", "reason"),
    [
        ("<think>①", "", "<think> was opened and not closed."),
        ("<think>①</think> ", "", "There is no final answer."),
        ("<think>①</think>\n①①①①", "①①①①", "Not the expected answer."),
    ],
)
def test_a_grade_says_what_was_found(text: str, extracted: str, reason: str) -> None:
    grade = BIN.grade(BIN.generate(1, 1, 0, "eval")[0], text)
    assert (grade.correct, grade.extracted, grade.reason) == (False, extracted, reason)


PIECES = st.lists(st.sampled_from(["<think>", "</think>", "think>", " ", "\n", "⓪", "①", "=", "{answer}"]), max_size=4)


def test_only_the_exact_final_answer_is_right() -> None:
    """Whatever stands around it."""
    verdicts = Counter[bool]()

    @given(PIECES, PIECES, st.sampled_from(LEVELS), st.integers(0, 2**32))
    @settings(max_examples=300, deadline=None)
    def check(before: list[str], after: list[str], level: int, seed: int) -> None:
        problem = BIN.generate(level, 1, seed, "eval")[0]
        text = "".join([*before, "{answer}", *after]).format(answer=problem.answer)
        final = text.rpartition("</think>")[2]
        right = "<think>" not in final and final.strip() == problem.answer
        assert BIN.grade(problem, text).correct == right
        verdicts[right] += 1

    check()
    assert min(verdicts[True], verdicts[False]) > 20


# Reproducibility


def test_problems_are_the_same_in_every_process() -> None:
    check_same_in_every_process("bin", count=8, symbols=True)


def test_version_2_of_the_problems() -> None:
    """Whoever changes what BIN asks, or how, raises `version` in bin.yaml and this digest."""
    problems = [
        p for level in LEVELS for split in ("train", "eval") for p in BIN.generate(level, 8, 7, split, symbols=True)
    ]
    text = "".join(f"{p.prompt}|{p.response}|{p.key}\n" for p in problems)
    assert (BIN.version, hashlib.sha256(text.encode()).hexdigest()[:16]) == (2, "3e098c7a44681384")


@given(
    st.sampled_from(LEVELS),
    st.integers(0, 2**63 - 1),
    st.integers(1, 12),
    st.integers(0, 12),
    st.sampled_from(["train", "eval"]),
)
@settings(max_examples=60, deadline=None)
def test_a_longer_batch_begins_with_the_shorter(level: int, seed: int, count: int, more: int, split: str) -> None:
    short = BIN.generate(level, count, seed, split)
    assert BIN.generate(level, count + more, seed, split)[:count] == short
    assert [problem.index for problem in short] == list(range(count))


@pytest.mark.parametrize("level", [8, 19])
def test_seeds_splits_and_folds_give_other_problems(level: int) -> None:
    batches = [
        [problem.key for problem in BIN.generate(level, 20, seed, split, fold)]
        for seed, split, fold in (
            (1, "train", None),
            (2, "train", None),
            (1, "eval", None),
            (1, "eval", 0),
            (1, "eval", 1),
        )
    ]
    assert len({tuple(batch) for batch in batches}) == len(batches)


# Splits


def keys(level: int, count: int, split: str, fold: int | None = None, seed: int = 3) -> list[str]:
    return [problem.key for problem in BIN.generate(level, count, seed, split, fold)]


def test_a_fifth_or_so_of_the_problems_is_eval() -> None:
    share = sum(bucket_of(f"add {number} 1") < FOLDS for number in range(20_000)) / 20_000
    assert share == pytest.approx(FOLDS / BUCKETS, abs=0.01)
    assert 0.18 < share < 0.25


def distinct_keys(operations: str, widths: list[int]) -> set[str]:
    """Every problem up to the widths of a level."""
    numbers = range(1 << widths[0])
    others = range(1 << widths[-1])
    found: set[str] = set()
    for name in operations.replace("not/shift", "not/shl/shr").replace("three-operand add", "add3").split("/"):
        if name == "inc":
            found |= {f"add {min(x, 1)} {max(x, 1)}" for x in numbers}
        elif name in {"not", "popcount"}:
            found |= {f"{name} {x:0{widths[0]}b}" for x in numbers}
        elif name in {"shl", "shr"}:
            found |= {f"{name} {x:0{widths[0]}b} {amount}" for x in numbers for amount in ("1", "10")}
        elif name in {"sub", "compare", "div", "mod"}:
            found |= {f"{name} {x} {y}" for x, y in product(numbers, others) if y > 0 or name in {"sub", "compare"}}
        else:
            found |= {f"{name} {min(x, y)} {max(x, y)}" for x, y in product(numbers, others)}
    return {key for key in found if not key.startswith("sub") or int(key.split()[1]) >= int(key.split()[2])}


@pytest.mark.parametrize(("level", "operations", "widths"), [rung for rung in ladder() if rung[0] in MEMORIZABLE])
def test_memorizable_levels_have_few_problems(level: int, operations: str, widths: list[int]) -> None:
    possible = distinct_keys(operations, widths)
    seen = set(keys(level, 1_500, "train"))
    assert seen <= possible
    assert len(seen) > 0.1 * len(possible)
    pools = Counter(bucket_of(key) for key in possible)
    assert sum(pools[fold] for fold in range(FOLDS)) < 300
    assert set(keys(level, 500, "eval")) <= possible


@pytest.mark.parametrize("level", OTHERS)
def test_other_levels_have_300_eval_problems(level: int) -> None:
    assert len(set(keys(level, 300, "eval"))) == 300


# What the levels declare


@pytest.mark.parametrize(("level", "operations", "widths"), ladder())
def test_a_level_asks_what_the_ladder_says(level: int, operations: str, widths: list[int]) -> None:
    entry = BIN.levels[level]
    separator = "×" if operations == "mul" else "/"
    assert entry.title == f"{operations}, {separator.join(map(str, widths))} bits"
    problems = BIN.generate(level, 600, 5, "train")
    assert {symbol_of(problem) for problem in problems} == OPERATIONS[operations]
    for problem in problems:
        written = [len(text) for text in digits_of(problem)]
        symbol = symbol_of(problem)
        if operations == "inc" or symbol in {"<<", ">>"}:
            assert written[0] == widths[0]
        elif len(widths) == 2:
            assert written == widths
        else:
            assert set(written) == {widths[0]}, problem.prompt
            assert len(written) == {"NOT": 1, "ones": 1}.get(symbol, 3 if operations == "three-operand add" else 2)


STRINGS = {"NOT", "<<", ">>", "ones"}


@pytest.mark.parametrize(("level", "widths"), [(level, widths) for level, _, widths in ladder()])
def test_operands_are_as_wide_as_declared(level: int, widths: list[int]) -> None:
    """Exact levels always fill the width with their widest operand; the others reach it."""
    significant: list[int] = []
    for problem in BIN.generate(level, 400, 6, "train"):
        symbol, texts = symbol_of(problem), digits_of(problem)
        if symbol in STRINGS:
            continue
        numbers = [int(text.translate(str.maketrans("⓪①", "01")), 2) for text in texts]
        if level == 30 and symbol not in {"AND", "OR", "XOR"}:
            numbers = [abs(number - (1 << 16 if number >> 15 else 0)) for number in numbers]
            if symbol in {"×", "÷", "mod"}:
                assert numbers[0].bit_length() == 8
            else:
                assert max(numbers).bit_length() >= 15
        else:
            significant.append(max(number.bit_length() for number in numbers))
    if level in {1, 2, 4, 6, 9, 13, 16, 20, 23, 25}:
        assert max(significant) == widths[0] > min(significant)
    elif significant:
        assert set(significant) == {widths[0]}


@pytest.mark.parametrize("level", LEVELS)
def test_lengths_are_as_declared(level: int) -> None:
    problems = BIN.generate(level, 1_500, 8, "train", symbols=True)
    assert max(len(problem.response) for problem in problems) <= BIN.levels[level].max_response_chars
    assert max(len(problem.prompt) + len(problem.response) for problem in problems) + 6 < 250


@pytest.mark.parametrize("mode", ["plain", "verify", "trace"])
@pytest.mark.parametrize("level", LEVELS)
def test_every_mode_fits_the_context(level: int, mode: str) -> None:
    content = read_definition(ROOT / "skills" / "bin.yaml")["levels"][level - 1]["content"]
    generator = compile_level(level, {**content, "modes": {mode: 1.0}, "symbol_share": 1.0})
    random = Random(level)
    for _ in range(100):
        text = generator.draw(random).render(random, symbols=True)
        assert len(text.prompt) + len(text.working) + len(text.answer) + len("<think></think>") + 6 < 500
        assert set(text.prompt + text.working + text.answer) <= set(BIN.alphabet + BIN.symbol_alphabet)


def test_problems_are_spelled_in_the_alphabet() -> None:
    used = {char for level in LEVELS for p in BIN.generate(level, 200, 9, "train") for char in p.prompt + p.response}
    assert used <= set(BIN.alphabet)
    assert BIN.alphabet == "".join(sorted(set(BIN.alphabet)))
    assert not set(BIN.alphabet) & set(BIN.symbol_alphabet)


@pytest.mark.parametrize("level", LEVELS)
def test_levels_declare_the_primitives_they_exercise(level: int) -> None:
    seen = {primitive for problem in BIN.generate(level, 600, 4, "train") for primitive in problem.primitives}
    assert seen == set(BIN.levels[level].primitives)


# Symbol keys


@pytest.mark.parametrize("level", LEVELS)
def test_symbol_keys_begin_at_level_8(level: int) -> None:
    keyed = sum(p.prompt[0] in BIN.symbol_alphabet for p in BIN.generate(level, 150, 2, "train", symbols=True))
    assert keyed == 0 if level < 8 else keyed > 10
