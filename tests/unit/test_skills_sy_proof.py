"""That a syllacrostic has one solution, by solvers of the tests' own that read the text and the lexicon's file."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syllacrostic_reader import (
    ReadPuzzle,
    all_word_solutions,
    answer_words,
    fits,
    letters_fit,
    masked,
    parse_puzzle,
    readings,
    rows,
    syllables,
)

from skills import get_engine
from skills.lexicon import lexicon
from skills.syllacrostic_clues import KINDS, WORDING, Clue, draw_clue
from skills.syllacrostic_proof import arrangements, lexicon_solutions, only_one

SY = get_engine().get("sy")
LETTERS_ALONE = [level for level in SY.levels if SY.levels[level].generator.numbers.kinds == 0]


def problems(level: int, count: int) -> list[tuple[ReadPuzzle, tuple[str, ...]]]:
    """Puzzles of lexicon words as they are read, with the words of their answers; `count` of each split."""
    found = SY.generate(level, count, level, "eval")
    if level not in LETTERS_ALONE:
        found += SY.generate(level, count, level, "train")
    return [(parse_puzzle(problem.prompt), tuple(answer_words(problem.answer))) for problem in found]


@pytest.mark.parametrize("level", range(1, 10))
def test_every_choice_of_lexicon_words_is_tried_at_the_small_levels(level: int) -> None:
    """All products of words that fit the clues, whatever the tiles, then the tiles."""
    for puzzle, answer in problems(level, 12):
        bank = Counter(puzzle.bank)
        choices = [[word for word in rows() if fits(word, clue)] for clue in puzzle.clues]
        solutions: set[tuple[str, ...]] = set()
        for chosen in product(*choices):
            used = Counter(tile for word in chosen for tile in syllables(word))
            if used <= bank and (bank - used).total() == puzzle.left_over:
                solutions.add(chosen)
        assert solutions == {answer}


@pytest.mark.parametrize("level", LETTERS_ALONE)
def test_every_arrangement_of_tiles_is_tried_where_letters_are_the_only_clues(level: int) -> None:
    """All orders of all tiles, cut everywhere into as many strings as there are clues, words or not."""
    for problem in SY.generate(level, 40, level, "train") + SY.generate(level, 40, level, "eval"):
        puzzle, answer = parse_puzzle(problem.prompt), tuple(answer_words(problem.answer))
        solutions: set[tuple[str, ...]] = set()
        for used in permutations(puzzle.bank, len(puzzle.bank) - puzzle.left_over):
            for cuts in combinations(range(1, len(used)), len(puzzle.clues) - 1):
                ends = zip((0, *cuts), (*cuts, len(used)), strict=True)
                strings = tuple("".join(used[start:end]) for start, end in ends)
                if all(letters_fit(string, clue) for string, clue in zip(strings, puzzle.clues, strict=True)):
                    solutions.add(strings)
        assert solutions == {answer}


@pytest.mark.parametrize("level", SY.levels)
def test_one_choice_of_lexicon_words_fits_at_every_level(level: int) -> None:
    for puzzle, answer in problems(level, 3 if level < 30 else 2):
        assert all_word_solutions(puzzle) == {answer}


@given(
    st.lists(st.sampled_from(sorted(lexicon())), min_size=2, max_size=4, unique=True),
    st.integers(0, 3),
    st.sampled_from([0.5, 0.8, 0.95]),
    st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_the_search_finds_every_solution(words: list[str], herrings: int, loss: float, seed: int) -> None:
    """Of puzzles that were not made to have one: nearly everything is hidden, so many have several."""
    random = Random(seed)
    clues = [draw_clue(random, lexicon()[word], KINDS, loss) for word in words]
    bank = [tile for word in words for tile in syllables(word)]
    bank += [random.choice(syllables(random.choice(list(rows())))) for _ in range(herrings)]
    random.shuffle(bank)
    spelled = [word for word in rows() if Counter(syllables(word)) <= Counter(bank)]
    choices = [[word for word in spelled if _clue_fits(clue, word)] for clue in clues]
    expected: set[tuple[str, ...]] = set()
    for chosen in product(*choices):
        used = Counter(tile for word in chosen for tile in syllables(word))
        if used <= Counter(bank) and used.total() == len(bank) - herrings:
            expected.add(chosen)
    found = list(lexicon_solutions(clues, bank, herrings))
    assert set(found) == expected
    assert tuple(words) in expected
    assert only_one(found) == (len(expected) == 1)


def _clue_fits(clue: Clue, word: str) -> bool:
    shown = (clue.letter in (None, word[0])) and (clue.length in (None, len(word)))
    return shown and (clue.kind is None or clue.kind in readings(word, WORDING[clue.kind].format(clue.text)))


def _letters(*words: str) -> list[Clue]:
    return [Clue(word[0], len(word)) for word in words]


@pytest.mark.parametrize(
    ("clues", "bank", "herrings", "solutions"),
    [
        (_letters("water", "music"), "wa ter mu sic", 0, {("water", "music"), ("wasic", "muter")}),
        # Strings need not be words, nor as long in syllables as the words are.
        (
            _letters("tiny", "structure"),
            "ti ny struc ture",
            0,
            {("tiny", "structure"), ("ture", "structiny"), ("ture", "strucnyti")},
        ),
        ([Clue(None, None), Clue(None, 4)], "du ty", 0, set()),
        ([Clue(None, 2), Clue(None, 2)], "du ty", 0, {("du", "ty"), ("ty", "du")}),
        (_letters("duty"), "du ty x", 1, {("duty",)}),
        (_letters("duty"), "du ty x", 0, set()),
    ],
)
def test_arrangements(clues: list[Clue], bank: str, herrings: int, solutions: set[tuple[str, ...]]) -> None:
    assert set(arrangements(clues, bank.split(), herrings)) == solutions


def test_only_one() -> None:
    assert only_one([("a",), ("a",)])
    assert not only_one([])
    assert not only_one([("a",), ("b",)])


def test_the_first_letter_and_the_length_decide_between_words() -> None:
    """Two words swap places as soon as the clues no longer tell them apart."""
    bank = ["wa", "ter", "mu", "sic"]
    assert only_one(lexicon_solutions(_letters("water", "music"), bank, 0))
    assert set(lexicon_solutions([Clue(None, 5), Clue(None, 5)], bank, 0)) == {("water", "music"), ("music", "water")}
    assert not list(lexicon_solutions(_letters("water", "tiger"), bank, 0))


@pytest.mark.parametrize(
    ("clue", "word", "fit"),
    [
        (Clue("m", 7, "synonym", "error"), "mistake", True),
        # Its own entry says that an error is like a mistake: the proof counts it, although no clue says it that way.
        (Clue("e", 5, "synonym", "mistake"), "error", True),
        (Clue("e", 5, "synonym", "m_s__ke"), "error", True),
        (Clue("e", 5, "synonym", "m_s__k_s"), "error", False),
        # The entry of money has no antonym, that of debit does not exist.
        (Clue(None, None, "antonym", "debit"), "money", False),
        (Clue(None, None, "antonym", "debit"), "credit", True),
        (Clue(None, None, "definition", "very, ____ small"), "tiny", True),
        (Clue(None, None, "definition", "very, very"), "tiny", False),
        (Clue(None, None, "truncated", "very, _ery"), "tiny", True),
        (Clue(None, None, "category", "_oo_"), "pizza", True),
        (Clue(None, None, "category", "_oo_"), "water", False),
        (Clue("r", None, "rhyme", "treason", "IY-Z-AH-N"), "reason", True),
        (Clue("r", None, "rhyme", "reason", "IY-Z-AH-N"), "reason", False),
        (Clue("x", None, "category", "food"), "pizza", False),
        (Clue(None, 4, "category", "food"), "pizza", False),
    ],
)
def test_a_clue_fits_a_word(clue: Clue, word: str, fit: bool) -> None:
    assert clue.fits(lexicon()[word]) == fit


def test_masked() -> None:
    assert masked("_a_er", "water")
    assert not masked("_a_er", "waiter")
    assert not masked("wader", "water")
