"""Reads a syllacrostic as a solver does: from its text and the lexicon's file, with no code of the skill.

`parse_puzzle` alone knows the wording; what a clue may mean is tried in every way that the wording allows.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LEXICON = Path(__file__).parents[2] / "skills" / "lexicon.tsv"
Row = dict[str, str]


@dataclass(frozen=True)
class ReadClue:
    """One line: the letters shown of the word, its length if shown, and what is said of it."""

    letter: str
    length: int | None
    said: str


@dataclass(frozen=True)
class ReadPuzzle:
    words: int
    as_json: bool
    left_over: int
    bank: tuple[str, ...]
    clues: tuple[ReadClue, ...]


def parse_puzzle(prompt: str) -> ReadPuzzle:
    """What a prompt says."""
    head, *lines, bank = prompt.split("\n")
    asked = re.fullmatch(r'Find (\d+) words(, as JSON \{"answers": \[\.\.\.\]\})?\.', head)
    tiles = re.fullmatch(r"Syllables(?:, (\d+) left over)?: (.+)", bank)
    assert asked, head
    assert tiles, bank
    counted = [re.fullmatch("([0-9]+)([a-z]+)", tile) for tile in tiles[2].split(" ")]
    assert all(tile and int(tile[1]) == len(tile[2]) for tile in counted), bank
    clues: list[ReadClue] = []
    for line in lines:
        found = re.fullmatch(r"([a-z_]) (\d+|\?)(?:: (.+))?", line)
        assert found, line
        letter, length, said = found.groups()
        clues.append(ReadClue(letter, None if length == "?" else int(length), said or ""))
    syllables = tuple(tile[2] for tile in counted if tile)
    return ReadPuzzle(int(asked[1]), bool(asked[2]), int(tiles[1] or 0), syllables, tuple(clues))


def answer_words(answer: str) -> list[str]:
    """The words of a right answer in either form."""
    return json.loads(answer)["answers"] if answer.startswith("{") else answer.split("\n")


@cache
def rows() -> dict[str, Row]:
    """The lexicon by word."""
    with LEXICON.open(encoding="utf-8", newline="") as file:
        return {row["word"]: row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


@cache
def syllables(word: str) -> tuple[str, ...]:
    return tuple(rows()[word]["syllables"].split("-"))


def masked(shown: str, said: str) -> bool:
    """Whether `shown` is `said` with letters hidden."""
    return len(shown) == len(said) and all(a in ("_", b) for a, b in zip(shown, said, strict=True))


def readings(word: str, said: str) -> list[str]:
    """The kinds of clue as which `said` holds for `word`."""
    row = rows()[word]
    found: list[str] = []
    if masked(said, row["definition"]):
        found.append("definition")
    if said.endswith("…") and masked(said[:-1], row["definition"][: len(said) - 1]):
        found.append("truncated")
    for kind, prefix in (("synonym", "like "), ("antonym", "not ")):
        alike = [row[kind], *(other for other, at in rows().items() if at[kind] == word)]
        if said.startswith(prefix) and any(other and masked(said[len(prefix) :], other) for other in alike):
            found.append(kind)
    if said.startswith("kind: ") and masked(said[6:], row["category"]):
        found.append("category")
    if said.startswith('"') and masked(said[1:-1], row["example"]):
        found.append("example")
    rhyme = said.removeprefix("rhymes with ")
    if rhyme != said and rhyme != word and rows()[rhyme]["rhyme"] == row["rhyme"]:
        found.append("rhyme")
    return found


def letters_fit(letters: str, clue: ReadClue) -> bool:
    return clue.letter in ("_", letters[0]) and clue.length in (None, len(letters))


def fits(word: str, clue: ReadClue) -> bool:
    return letters_fit(word, clue) and (not clue.said or bool(readings(word, clue.said)))


def all_word_solutions(puzzle: ReadPuzzle) -> set[tuple[str, ...]]:
    """Every choice of lexicon words, one a clue, that fits the clues and leaves over what is to be left over.

    Only words that the tiles can spell are tried, each at every clue.
    """
    bank = Counter(puzzle.bank)
    words = [word for word in rows() if Counter(syllables(word)) <= bank]
    choices = [[word for word in words if fits(word, clue)] for clue in puzzle.clues]
    to_use = len(puzzle.bank) - puzzle.left_over
    return {chosen for chosen in _within(choices, bank) if sum(len(syllables(word)) for word in chosen) == to_use}


def _within(choices: Sequence[Sequence[str]], bank: Counter[str]) -> Iterator[tuple[str, ...]]:
    """One word of each choice, as far as the tiles go."""
    if not choices:
        yield ()
        return
    for word in choices[0]:
        rest = bank - Counter(syllables(word))
        if rest.total() == bank.total() - len(syllables(word)):
            for others in _within(choices[1:], rest):
                yield (word, *others)
