"""Clues of a syllacrostic: what is shown of a word, and which words of the lexicon fit what is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from skills.lexicon import Word, antonyms, by_rhyme, synonyms

Kind = Literal["definition", "synonym", "category", "rhyme", "truncated", "antonym", "example"]
KINDS: tuple[Kind, ...] = ("definition", "synonym", "category", "rhyme", "truncated", "antonym", "example")
"""In the order in which the levels bring them in."""
HIDDEN, CUT, UNKNOWN = "_", "…", "?"

WORDING: dict[Kind, str] = {
    "definition": "{}",
    "synonym": "like {}",
    "category": "kind: {}",
    "rhyme": "rhymes with {}",
    "truncated": "{}" + CUT,
    "antonym": "not {}",
    "example": '"{}"',
}
TEXTS: dict[Kind, Callable[[Word], str]] = {
    "definition": lambda word: word.definition,
    "synonym": lambda word: word.synonym,
    "category": lambda word: word.category,
    "truncated": lambda word: word.definition,
    "antonym": lambda word: word.antonym,
    "example": lambda word: word.example,
}
"""What a clue of each kind says of a word; a rhyme is another word."""
BOTH_WAYS: dict[Kind, Callable[[], Mapping[str, Sequence[str]]]] = {"synonym": synonyms, "antonym": antonyms}
"""What a clue of such a kind might truly say of a word, which is more than what it does say."""


@dataclass(frozen=True, slots=True)
class Clue:
    """What is shown of one word: its first letter and its length, each or not, and a text with letters masked."""

    letter: str | None
    length: int | None
    kind: Kind | None = None
    text: str = ""
    rhyme: str = ""

    def fits(self, word: Word) -> bool:
        """Whether `word` is as this clue says."""
        return self.fits_letters(word.word) and self._fits_text(word)

    def fits_letters(self, letters: str) -> bool:
        """Whether the first letter and the length are as shown."""
        return (self.letter is None or letters[0] == self.letter) and (
            self.length is None or len(letters) == self.length
        )

    def _fits_text(self, word: Word) -> bool:
        if self.kind is None:
            return True
        if self.kind == "rhyme":
            return word.rhyme == self.rhyme and word.word != self.text
        if self.kind in BOTH_WAYS:
            return any(self._shows(said) for said in BOTH_WAYS[self.kind]()[word.word])
        return self._shows(TEXTS[self.kind](word))

    def _shows(self, said: str) -> bool:
        """Whether the text may be `said` with letters masked, cut short where the clue is."""
        if self.kind == "truncated":
            said = said[: len(self.text)]
        return len(said) == len(self.text) and all(
            shown in (HIDDEN, letter) for shown, letter in zip(self.text, said, strict=True)
        )

    def __str__(self) -> str:
        """`w 5: clear liquid`; _ where the first letter is not shown, ? where the length is not."""
        letters = f"{self.letter or HIDDEN} {self.length or UNKNOWN}"
        return letters if self.kind is None else f"{letters}: {WORDING[self.kind].format(self.text)}"


def draw_clue(random: Random, word: Word, kinds: tuple[Kind, ...], loss: float) -> Clue:
    """A clue to `word` of one of `kinds`, its letters masked, cut or dropped with probability `loss`.

    The first letter is dropped with probability `loss`, the length with half of it.
    """
    letter = None if random.random() < loss else word.word[0]
    length = None if random.random() < loss / 2 else len(word.word)
    possible: list[Kind] = [kind for kind in kinds if _has(word, kind)]
    if not possible:
        return Clue(letter, length)
    kind = possible[int(random.random() * len(possible))]
    if kind == "rhyme":
        others = _rhymes(word)
        return Clue(letter, length, kind, others[int(random.random() * len(others))], word.rhyme)
    text = TEXTS[kind](word)
    if kind == "truncated":
        text = text[: max(4, round(len(text) * random.uniform(0.4, 0.7)))].rstrip()
    return Clue(letter, length, kind, _mask(random, text, loss))


def _has(word: Word, kind: Kind) -> bool:
    if kind == "rhyme":
        return bool(_rhymes(word))
    return bool(TEXTS[kind](word))


def _rhymes(word: Word) -> list[str]:
    """Words that rhyme with `word`, of those that training may show."""
    return [other.word for other in by_rhyme()[word.rhyme] if other is not word and not other.held_out]


def _mask(random: Random, text: str, loss: float) -> str:
    """`text` with each letter hidden with probability `loss`."""
    if not loss:
        return text
    return "".join(HIDDEN if letter.isalpha() and random.random() < loss else letter for letter in text)
