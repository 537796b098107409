"""The lexicon: English words with syllables, frequency, rhyme, and clues of our own. Knows no puzzle.

`lexicon.tsv` beside this file has a header line and one word a line. `zipf` is the base-10 logarithm of the word's
occurrences in a billion words (wordfreq), `rhyme` the phones from its last stressed vowel on (CMUdict);
`lexicon_build.py` fills both in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

PATH = Path(__file__).parent / "lexicon.tsv"
HELD_OUT_SHARE = 10
"""One word in this many is held out: it is never an answer of a training problem, nor a rhyme in any."""


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
    held_out: bool
    """Whether only evaluations may ask for it: by a hash, so that a new word moves no other."""


@cache
def lexicon() -> Mapping[str, Word]:
    """Every word by itself, in the file's order."""
    with PATH.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["word"]: _word(row) for row in rows}


@cache
def trained_syllables() -> Sequence[str]:
    """Every syllable of the words that training may ask for, each once."""
    return sorted({syllable for word in lexicon().values() if not word.held_out for syllable in word.syllables})


@cache
def unseen() -> Sequence[Word]:
    """Held-out words that are in no text of a trained word, nor is a longer form of them: training never shows them."""
    trained = [word for word in lexicon().values() if not word.held_out]
    texts = (" ".join((w.definition, w.synonym, w.antonym, w.category, w.example)) for w in trained)
    shown = " ".join(texts)
    return [word for word in lexicon().values() if word.held_out and not re.search(rf"\b{word.word}", shown)]


@cache
def by_rhyme() -> Mapping[str, Sequence[Word]]:
    """Words by their rhyme."""
    groups: dict[str, list[Word]] = {}
    for word in lexicon().values():
        groups.setdefault(word.rhyme, []).append(word)
    return groups


@cache
def synonyms() -> Mapping[str, Sequence[str]]:
    """What each word is like: its synonym, and the words whose synonym it is."""
    return _both_ways(lambda word: word.synonym)


@cache
def antonyms() -> Mapping[str, Sequence[str]]:
    """What each word is not: its antonym, and the words whose antonym it is."""
    return _both_ways(lambda word: word.antonym)


def _both_ways(said: Callable[[Word], str]) -> dict[str, list[str]]:
    others: dict[str, list[str]] = {name: [] for name in lexicon()}
    for word in lexicon().values():
        if other := said(word):
            others[word.word].append(other)
            others.setdefault(other, []).append(word.word)
    return others


def _word(row: dict[str, str]) -> Word:
    syllables, zipf = tuple(row["syllables"].split("-")), float(row["zipf"])
    rest = {name: row[name] for name in ("rhyme", "category", "definition", "synonym", "antonym", "example")}
    hashed = int.from_bytes(blake2b(row["word"].encode(), digest_size=8).digest())
    return Word(row["word"], syllables, zipf, **rest, held_out=hashed % HELD_OUT_SHARE == 0)
