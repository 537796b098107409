"""The SY ladder: right and hopeless answers, reproducibility, splits, and what the levels declare."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations, islice, pairwise, product
from pathlib import Path
from random import Random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skills_helpers import ROOT, check_same_in_every_process, hopeless
from syllacrostic_reader import ReadPuzzle, answer_words, parse_puzzle, readings, rows, syllables
from yaml_files import write

from realm.errors import ConfigError
from skills import SkillCatalog, get_engine
from skills.definition import read_definition
from skills.lexicon import Word, lexicon
from skills.problem import Problem, buckets_of
from skills.syllacrostic import SyllacrosticCandidate, SyllacrosticLevel
from skills.syllacrostic_clues import KINDS

SY = get_engine().get("sy")
LEVELS = range(1, 51)

CURVE = {
    1: (2, (2, 2), 4.5, 0, 0.0, 0),
    5: (3, (2, 2), 4.3, 0, 0.0, 1),
    10: (4, (2, 3), 4.0, 1, 0.1, 3),
    20: (5, (2, 4), 3.5, 2, 0.25, 5),
    30: (6, (2, 5), 3.0, 4, 0.4, 7),
    40: (8, (3, 5), 2.5, 5, 0.55, 7),
    50: (10, (3, 6), 2.0, 6, 0.7, 7),
}
"""Words, syllables a word, rarest word, red herrings, signal loss, kinds of text, as the specification has them."""


def eval_problems(level: int, count: int, seed: int = 2) -> list[Problem]:
    return SY.generate(level, count, seed, "eval")


# Grading


@pytest.mark.parametrize("level", LEVELS)
def test_right_answers_are_right(level: int) -> None:
    for problem in eval_problems(level, 15) + SY.generate(level, 15, 1, "train"):
        texts = [
            problem.response,
            problem.answer,
            f"\n {problem.response}\n",
            f"<think>\n\n</think>\n\n{problem.answer}",
        ]
        if parse_puzzle(problem.prompt).as_json:
            texts.append(json.dumps({"answers": answer_words(problem.answer)}, indent=2))
            texts.append(problem.answer.replace(" ", ""))
        else:
            texts.append(problem.answer.replace("\n", " \r\n\t"))
        for text in texts:
            grade = SY.grade(problem, text)
            assert grade.correct, text
            assert grade.expected == problem.answer


def hopeless_words(problem: Problem) -> dict[str, str]:
    """Answers to a word puzzle that must score nothing, by what is wrong with them."""
    puzzle, right = parse_puzzle(problem.prompt), answer_words(problem.answer)
    wrong = next(word for word in rows() if word not in right)

    def said(words: list[str]) -> str:
        return json.dumps({"answers": words}) if puzzle.as_json else "\n".join(words)

    lists = {
        "words in another order": [*right[1:], right[0]],
        "the first word alone": right[:1],
        "all but the last word": right[:-1],
        "an extra word": [*right, wrong],
        "an extra word in front": [wrong, *right],
        "every word twice": [word for word in right for _ in range(2)],
        "the words twice over": [*right, *right],
        "the last word twice": [*right, right[-1]],
        "one word wrong": [*right[:-1], wrong],
        "right words among wrong ones": [each for word in right for each in (word, wrong)],
        "every word of the lexicon": list(rows()),
        "capitals": [word.upper() for word in right],
        "syllables apart": [" ".join(syllables(word)) for word in right],
        "syllables hyphenated": ["-".join(syllables(word)) for word in right],
        "no words": [],
    }
    texts = {
        "the bank": " ".join(puzzle.bank),
        "the bank on lines": "\n".join(puzzle.bank),
        "words in one line": " ".join(right),
        "words with commas": ", ".join(right),
        "words in one string": "".join(right),
        "numbered": "\n".join(f"{number}. {word}" for number, word in enumerate(right, 1)),
        "right, then wrong, in the form": f"{problem.answer}\n{said([wrong])}",
        "wrong, then right, in the form": f"{said([wrong])}\n{problem.answer}",
        "the other form": "\n".join(right) if puzzle.as_json else json.dumps({"answers": right}),
        "JSON with another key": json.dumps({"words": right}),
        "JSON with a key more": json.dumps({"answers": right, "sure": True}),
        "JSON with the key twice": f'{{"answers": {json.dumps([wrong])}, "answers": {json.dumps(right)}}}',
        "JSON list alone": json.dumps(right),
        "JSON string": json.dumps({"answers": "\n".join(right)}),
        "JSON with an empty word": json.dumps({"answers": [*right, ""]}),
        "JSON nested": json.dumps({"answers": [right]}),
        "JSON in JSON": json.dumps(json.dumps({"answers": right})),
        "JSON cut off": json.dumps({"answers": right})[:-1],
        "JSON in a code block": f"```json\n{json.dumps({'answers': right})}\n```",
        "JSON too deep": "[" * 100_000,
        "JSON number": "1" * 10_000,
    }
    return {**{name: said(words) for name, words in lists.items()}, **texts}


@pytest.mark.parametrize("level", LEVELS)
def test_hopeless_answers_are_wrong(level: int) -> None:
    forms: dict[bool, list[Problem]] = {True: [], False: []}
    for problem in eval_problems(level, 60):
        forms[parse_puzzle(problem.prompt).as_json].append(problem)
    assert forms[False]
    assert level < 5 or forms[True]
    for problem in forms[False][:6] + forms[True][:6]:
        for name, text in {**hopeless(problem), **hopeless_words(problem)}.items():
            assert not SY.grade(problem, text).correct, name


@given(st.text(alphabet='{}[]":, \nanswerswtm<>/think', max_size=40), st.sampled_from(LEVELS), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_what_is_not_the_answer_is_wrong(text: str, level: int, seed: int) -> None:
    assert not SY.grade(eval_problems(level, 1, seed)[0], text).correct


# Reproducibility


def test_problems_are_the_same_in_every_process() -> None:
    check_same_in_every_process("sy")


@given(
    st.sampled_from(LEVELS),
    st.integers(0, 2**63 - 1),
    st.integers(1, 3),
    st.sampled_from([("train", None), ("eval", None), ("eval", 0), ("eval", 1), ("eval", 2)]),
)
@settings(max_examples=60, deadline=None)
def test_every_level_gives_problems_for_every_seed(level: int, seed: int, count: int, split: tuple[str, int]) -> None:
    short = SY.generate(level, count, seed, *split)
    assert SY.generate(level, count + 2, seed, *split)[:count] == short
    assert [problem.index for problem in short] == list(range(count))


# Splits


def asked(problem: Problem) -> frozenset[str]:
    return frozenset(answer_words(problem.answer))


HELD_OUT = frozenset(word.word for word in lexicon().values() if word.held_out)


@pytest.mark.parametrize(("level", "count", "evals"), [(1, 10_000, 1_000), (20, 10_000, 3_000), (50, 500, 100)])
def test_training_asks_for_no_held_out_word_and_evaluations_always_do(level: int, count: int, evals: int) -> None:
    trained = {asked(problem) for problem in SY.generate(level, count, 3, "train")}
    assert not any(words & HELD_OUT for words in trained)
    evaluated = {asked(problem) for problem in eval_problems(level, evals)}
    assert len(evaluated) == evals
    assert all(words & HELD_OUT for words in evaluated)
    assert not trained & evaluated


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_some_training_puzzles_have_words_that_are_none(level: int) -> None:
    """As many as the level declares, up to what the proof turns down; evaluations have none."""
    share = SY.levels[level].generator.numbers.nonwords
    known = set(rows())
    trained = [asked(problem) for problem in SY.generate(level, 400, 5, "train")]
    assert all(words <= known or not words & known for words in trained)
    assert mean(not words & known for words in trained) == pytest.approx(share, abs=0.08)
    assert all(asked(problem) <= known for problem in eval_problems(level, 100))


@pytest.mark.parametrize("level", LEVELS)
def test_splits_are_decided_by_the_words(level: int) -> None:
    """On 1,000 drawn choices of words, before they are written out."""
    generator, random, train = SY.levels[level].generator, Random(level), buckets_of("train")
    buckets: dict[str, int] = {}
    for _ in range(1_000):
        candidate = generator.draw(random)
        words = candidate.key.split()
        assert words == sorted(words)
        assert (candidate.bucket in train) == (not HELD_OUT & set(words))
        assert buckets.setdefault(candidate.key, candidate.bucket) == candidate.bucket
    assert set(buckets.values()) >= buckets_of("eval")


@pytest.mark.parametrize("level", [20, 35])
def test_no_training_prompt_gives_a_held_out_word_as_a_rhyme(level: int) -> None:
    """The words of a prompt are not trained, but a held-out word should not even be spelled out."""
    said = [clue.said for p in SY.generate(level, 400, 4, "train") for clue in parse_puzzle(p.prompt).clues]
    rhymes = [text.removeprefix("rhymes with ") for text in said if text.startswith("rhymes with ")]
    assert len(rhymes) > 100
    assert not HELD_OUT & set(rhymes)


# What the levels declare


def test_the_curve_is_the_specification_s() -> None:
    for level, (words, counts, zipf, herrings, loss, kinds) in CURVE.items():
        numbers = SY.levels[level].generator.numbers
        assert (numbers.words, numbers.syllables, numbers.zipf) == (words, counts, zipf)
        assert (numbers.herrings, numbers.loss, numbers.kinds) == (herrings, loss, kinds)


ANCHOR = {"words": 3, "syllables": [2, 3], "zipf": 4.0, "herrings": 0, "loss": 0.0, "kinds": 0, "json_share": 0.0}


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"syllables": [5, 2]}, r"levels.0.content.curve.1' is .*: the fewest are more than the most"),
        ({"zipf": 7.9}, r"levels.0.content': level 1 takes 3 words of 2 to 3 syllables and zipf 7.9 or more; .* 0 to"),
        ({"syllables": [7, 8]}, r"levels.0.content': level 1 takes 3 words of 7 to 8 syllables .* 0 to train and 0"),
        ({"zipf": 5.5}, r"levels.0.content': level 1 takes 3 words .* [1-9]\d to train and 0 held out"),
    ],
)
def test_a_level_that_the_lexicon_has_no_words_for_is_refused(
    tmp_path: Path, change: dict[str, object], shown: str
) -> None:
    fields = read_definition(ROOT / "skills" / "sy.yaml")
    level = {**fields["levels"][0], "level": 1, "content": {"curve": {1: ANCHOR}}}
    write(tmp_path, {**fields, "max_level": 1, "levels": [level]})
    assert SkillCatalog.load(tmp_path).skills["sy"].generate(1, 2, 0, "eval")
    write(tmp_path, {**fields, "max_level": 1, "levels": [{**level, "content": {"curve": {1: {**ANCHOR, **change}}}}]})
    with pytest.raises(ConfigError, match=f"tiny.yaml: field '{shown}"):
        SkillCatalog.load(tmp_path)


def test_no_level_is_easier_than_the_one_before_in_any_column() -> None:
    for low, high in pairwise(SY.levels[level].generator.numbers for level in LEVELS):
        assert high.words >= low.words
        assert high.syllables[0] >= low.syllables[0]
        assert high.syllables[1] >= low.syllables[1]
        assert high.zipf <= low.zipf
        assert high.herrings >= low.herrings
        assert high.loss >= low.loss
        assert high.kinds >= low.kinds


@pytest.mark.parametrize("level", LEVELS)
def test_a_puzzle_has_what_its_level_declares(level: int) -> None:
    numbers = SY.levels[level].generator.numbers
    kinds: set[str] = set()
    sizes: set[int] = set()
    rarest = 9.0
    for problem in eval_problems(level, 50, 5):
        puzzle, words = parse_puzzle(problem.prompt), answer_words(problem.answer)
        assert len(words) == len(set(words)) == len(puzzle.clues) == puzzle.words == numbers.words
        used = [tile for word in words for tile in syllables(word)]
        assert puzzle.left_over == len(puzzle.bank) - len(used) == numbers.herrings
        assert problem.key == " ".join(sorted(words))
        sizes |= {len(syllables(word)) for word in words}
        rarest = min(rarest, *(float(rows()[word]["zipf"]) for word in words))
        for word, clue in zip(words, puzzle.clues, strict=True):
            assert bool(clue.said) == (numbers.kinds > 0)
            if clue.said:
                read = set(readings(word, clue.said))
                assert read & set(KINDS[: numbers.kinds]), clue
                kinds |= read
    assert numbers.zipf <= rarest < numbers.zipf + 0.5
    assert sizes == set(range(numbers.syllables[0], numbers.syllables[1] + 1))
    assert kinds >= set(KINDS[: numbers.kinds])


@pytest.mark.parametrize("level", [10, 20, 30, 40, 50])
def test_as_much_of_the_signal_is_lost_as_declared(level: int) -> None:
    """Letters of the texts and first letters are masked with the level's probability, lengths with half of it."""
    loss = SY.levels[level].generator.numbers.loss
    letters: list[bool] = []
    firsts: list[bool] = []
    lengths: list[bool] = []
    for problem in eval_problems(level, 200, 6):
        for word, clue in zip(answer_words(problem.answer), parse_puzzle(problem.prompt).clues, strict=True):
            firsts.append(clue.letter == "_")
            lengths.append(clue.length is None)
            if readings(word, clue.said) == ["definition"]:
                letters += [a == "_" for a, b in zip(clue.said, rows()[word]["definition"], strict=True) if b.isalpha()]
    assert mean(letters) == pytest.approx(loss, abs=0.03)
    assert mean(firsts) == pytest.approx(loss, abs=0.05)
    assert mean(lengths) == pytest.approx(loss / 2, abs=0.05)


def test_herrings_come_with_the_words_in_no_order() -> None:
    """The bank is shuffled: where a puzzle's own syllables stand says nothing."""
    first = 0
    for problem in eval_problems(5, 300, 8):
        used = [tile for word in answer_words(problem.answer) for tile in syllables(word)]
        first += parse_puzzle(problem.prompt).bank[0] == used[0]
    assert 300 / 6 - 25 < first < 300 / 6 + 25


@pytest.mark.parametrize("level", LEVELS)
def test_responses_are_no_longer_than_declared(level: int) -> None:
    """Neither those that are drawn nor those to the longest words of the level."""
    entry = SY.levels[level]
    drawn = eval_problems(level, 30, 7) + SY.generate(level, 30, 7, "train")
    longest = max(len(problem.response) for problem in drawn)
    most = longest_response(entry.generator)
    assert longest <= most <= entry.max_response_chars, most


def longest_response(generator: SyllacrosticLevel) -> int:
    """Characters of the response to the longest words that make a proven puzzle, in the longer form of answer."""
    words = list(generator.words)
    found = [_longest_of(generator, words)]
    if generator.numbers.nonwords:
        trained = [word.syllables for word in words if not word.held_out]
        places = [sorted({word[at] for word in trained}, key=len)[-6:] for at in range(generator.numbers.syllables[1])]
        strings = [replace(words[0], word="".join(tiles), syllables=tiles) for tiles in product(*places)]
        found.append(_longest_of(generator, strings))
    return max(found)


def _longest_of(generator: SyllacrosticLevel, words: list[Word]) -> int:
    words = sorted(words, key=lambda word: len(word.word) + len(word.syllables), reverse=True)
    for chosen in islice(combinations(words, generator.numbers.words), 500):
        texts = [SyllacrosticCandidate(generator, chosen).render(Random(seed), False) for seed in range(20)]
        responses = [
            Problem("sy", 1, 0, 0, text.prompt, text.answer, text.working, (), "").response for text in texts if text
        ]
        if responses:
            return max(map(len, responses))
    raise AssertionError("none of the longest words make a puzzle")


def test_puzzles_are_spelled_in_the_alphabet() -> None:
    used = {char for level in LEVELS for p in eval_problems(level, 30, 9) for char in p.prompt + p.response}
    used |= {char for row in rows().values() for name, text in row.items() if name != "rhyme" for char in text}
    assert used <= set(SY.alphabet)
    assert SY.alphabet == "".join(sorted(set(SY.alphabet)))
    assert SY.symbol_alphabet == ""


def test_json_is_asked_for_in_a_fifth_of_the_puzzles() -> None:
    share = mean(parse_puzzle(problem.prompt).as_json for problem in eval_problems(20, 500, 10))
    assert share == pytest.approx(SY.levels[20].generator.numbers.json_share, abs=0.06)
    assert not any(parse_puzzle(problem.prompt).as_json for problem in eval_problems(1, 100, 10))


def test_every_clue_can_be_read() -> None:
    """What is said of a word in the text holds for it by the lexicon's file."""
    for level in LEVELS:
        for problem in eval_problems(level, 5, 11):
            puzzle: ReadPuzzle = parse_puzzle(problem.prompt)
            for word, clue in zip(answer_words(problem.answer), puzzle.clues, strict=True):
                assert not clue.said or readings(word, clue.said)
