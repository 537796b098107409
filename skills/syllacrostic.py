"""SY's provider: word puzzles. Hidden words, a clue to each, one bank of all their syllables, shuffled.

The answer is the words in clue order; every syllable of the bank is used once, but for the red herrings. A puzzle is
given only if exactly one choice of lexicon words fits it. Where a level has no texts as clues, exactly one arrangement
of the syllables fits, words or not: then it takes no vocabulary, and words that were never trained on can be found.
"""

from __future__ import annotations

import json
import string
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from realm.errors import ConfigError
from skills.lexicon import Word, lexicon, trained_syllables
from skills.problem import Grade, Problem, Split, bucket_in, final_answer, grade_final
from skills.provider import Rendering
from skills.syllacrostic_clues import KINDS, Clue, draw_clue
from skills.syllacrostic_proof import arrangements, lexicon_solutions, only_one

CLUE_DRAWS = 12
"""Sets of clues and red herrings tried for one choice of words."""
ALPHABET = "".join(sorted({*string.ascii_letters, *string.digits, *string.punctuation, *" \n…"}))


class Anchor(BaseModel):
    """The numbers of one level; those between two anchors are interpolated linearly, counts rounded down."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: Annotated[int, Field(ge=1, le=20)]
    syllables: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(le=8)]]
    """Fewest and most of a word."""
    zipf: Annotated[float, Field(ge=0, le=8)]
    """Frequency of the rarest word."""
    herrings: Annotated[int, Field(ge=0)]
    """Syllables of the bank that belong to no word."""
    loss: Annotated[float, Field(ge=0, lt=1)]
    """Share of the letters of clues that are masked."""
    kinds: Annotated[int, Field(ge=0, le=len(KINDS))]
    """How many of the kinds of text are in use, in the order of KINDS."""
    json_share: Annotated[float, Field(ge=0, le=1)]
    """Share of puzzles that ask for a JSON answer."""
    nonwords: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the training puzzles whose words are made of syllables of different words: what is learned from them
    is to fit syllables, not a hundred words by heart. Evaluations ask for words only."""

    @model_validator(mode="after")
    def _nonwords_have_no_texts(self) -> Self:
        if self.nonwords and self.kinds:
            raise ValueError(f"nonwords is {self.nonwords}, kinds {self.kinds}: nothing can be said of a nonword")
        return self

    @model_validator(mode="after")
    def _syllables_are_a_range(self) -> Self:
        if self.syllables[0] > self.syllables[1]:
            raise ValueError(f"syllables is {list(self.syllables)}: the fewest are more than the most")
        return self


class SyllacrosticContent(BaseModel):
    """`content` of a range of SY levels in the YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    curve: Annotated[dict[int, Anchor], Field(min_length=1)]
    """Level → its numbers, for some levels."""

    @model_validator(mode="after")
    def _never_easier(self) -> Self:
        for low, high in pairwise(self.curve[level] for level in sorted(self.curve)):
            for name, rising in (("words", 1), ("zipf", -1), ("herrings", 1), ("loss", 1), ("kinds", 1)):
                before, after = getattr(low, name), getattr(high, name)
                if (after - before) * rising < 0:
                    raise ValueError(f"{name} goes from {before} to {after}: a later level would be easier")
            if any(after < before for before, after in zip(low.syllables, high.syllables, strict=True)):
                raise ValueError(
                    f"syllables go from {low.syllables} to {high.syllables}: a later level would be easier"
                )
        return self

    def at(self, level: int) -> Anchor:
        """The numbers of `level`."""
        known = sorted(self.curve)
        after = min(bisect_right(known, level), len(known) - 1)
        high, low = known[after], known[max(after - 1, 0)]
        share = min(max((level - low) / (high - low), 0), 1) if high > low else 0
        first, second = self.curve[low], self.curve[high]

        def between(a: float, b: float) -> float:
            return round(a + (b - a) * share, 6)

        fewest, most = (int(between(a, b)) for a, b in zip(first.syllables, second.syllables, strict=True))
        return Anchor(
            words=int(between(first.words, second.words)),
            syllables=(fewest, most),
            zipf=between(first.zipf, second.zipf),
            herrings=int(between(first.herrings, second.herrings)),
            loss=between(first.loss, second.loss),
            kinds=int(between(first.kinds, second.kinds)),
            json_share=between(first.json_share, second.json_share),
            nonwords=between(first.nonwords, second.nonwords),
        )


@dataclass(frozen=True, slots=True)
class Puzzle:
    """Words with a clue each, and the bank in the order shown."""

    words: tuple[Word, ...]
    clues: tuple[Clue, ...]
    bank: tuple[str, ...]

    @property
    def left_over(self) -> int:
        """Red herrings: syllables that no word needs."""
        return len(self.bank) - sum(len(word.syllables) for word in self.words)

    @property
    def proven(self) -> bool:
        """Whether the words are the only solution; see the module's docstring for what counts as one."""
        if all(clue.kind is None for clue in self.clues):
            return only_one(arrangements(self.clues, self.bank, self.left_over))
        return only_one(lexicon_solutions(self.clues, self.bank, self.left_over))


class SyllacrosticLevel:
    """A level generator: draws words, then clues and red herrings until the puzzle is proven."""

    alphabet = ALPHABET
    symbol_alphabet = ""

    def __init__(self, numbers: Anchor) -> None:
        self.numbers = numbers

    @cached_property
    def words(self) -> Sequence[Word]:
        """The lexicon's words for this level."""
        low, high = self.numbers.syllables
        return [
            word for word in lexicon().values() if low <= len(word.syllables) <= high and word.zipf >= self.numbers.zipf
        ]

    @cached_property
    def trained(self) -> Sequence[Word]:
        """Those that training may ask for; red herrings come from them only, for a syllable of no other word would be
        known as one."""
        return [word for word in self.words if not word.held_out]

    def draw(self, random: Random) -> SyllacrosticCandidate:
        words = random.sample(self.words, self.numbers.words)
        trained = not any(word.held_out for word in words)
        if trained and self.numbers.nonwords and random.random() < self.numbers.nonwords:
            words = [self._nonword(random, len(word.syllables)) for word in words]
        return SyllacrosticCandidate(self, tuple(words))

    def _nonword(self, random: Random, size: int) -> Word:
        """Any syllables that may be trained on, put together to what is no word."""
        while True:
            syllables = tuple(random.choices(trained_syllables(), k=size))
            letters = "".join(syllables)
            if letters not in lexicon():
                return Word(letters, syllables, 0.0, "", "", "", "", "", "", held_out=False)

    def grade(self, problem: Problem, text: str) -> Grade:
        """Right if the final answer is the words in order, one a line, or the JSON that was asked for."""
        return grade_final(final_answer(text), problem.answer, _canonical)


class SyllacrosticCandidate:
    """Words of one puzzle, in clue order."""

    __slots__ = ("key", "level", "words")

    def __init__(self, level: SyllacrosticLevel, words: tuple[Word, ...]) -> None:
        self.level = level
        self.words = words
        self.key = " ".join(sorted(word.word for word in words))

    @property
    def bucket(self) -> int:
        """Puzzles with a held-out word are for evaluation, all others for training."""
        split: Split = "eval" if any(word.held_out for word in self.words) else "train"
        return bucket_in(split, self.key)

    def render(self, random: Random, symbols: bool) -> Rendering | None:
        """None if no proven puzzle was found for these words."""
        del symbols
        for _ in range(CLUE_DRAWS):
            puzzle = self._puzzle(random)
            if puzzle.proven:
                return _write(puzzle, random.random() < self.level.numbers.json_share)
        return None

    def _puzzle(self, random: Random) -> Puzzle:
        numbers = self.level.numbers
        kinds = KINDS[: numbers.kinds]
        clues = tuple(draw_clue(random, word, kinds, numbers.loss) for word in self.words)
        bank = [syllable for word in self.words for syllable in word.syllables]
        for _ in range(numbers.herrings):
            other = self.level.trained[int(random.random() * len(self.level.trained))]
            bank.append(other.syllables[int(random.random() * len(other.syllables))])
        random.shuffle(bank)
        return Puzzle(self.words, clues, tuple(bank))


def _write(puzzle: Puzzle, as_json: bool) -> Rendering:
    words = [word.word for word in puzzle.words]
    form = ', as JSON {"answers": [...]}' if as_json else ""
    left = f", {puzzle.left_over} left over" if puzzle.left_over else ""
    # The bank comes last: a hero that reads forwards knows by then what each syllable is looked for.
    lines = [f"Find {len(words)} words{form}.", *map(str, puzzle.clues), f"Syllables{left}: {_counted(puzzle.bank)}"]
    return Rendering(
        prompt="\n".join(lines),
        answer=json.dumps({"answers": words}) if as_json else "\n".join(words),
        working="\n".join(_found(word.syllables) for word in puzzle.words),
        primitives=(),
    )


def _counted(syllables: Sequence[str]) -> str:
    """Each with its number of letters before it: a hero that reads letter by letter can pick one by its length."""
    return " ".join(f"{len(syllable)}{syllable}" for syllable in syllables)


def _found(syllables: Sequence[str]) -> str:
    """A word's syllables in the order of the search: the first is known by its letter, its number of letters follows;
    the others are known by their numbers."""
    first, *others = syllables
    return " ".join([f"{first}{len(first)}", *([_counted(others)] if others else [])])


def _canonical(text: str, expected: str) -> str:
    """`text` in the form of `expected`: the spacing of JSON and spaces at the ends of lines make no difference."""
    if expected.startswith("{"):
        try:
            return json.dumps(json.loads(text, object_pairs_hook=_each_once))
        except (ValueError, RecursionError):
            return text
    return "\n".join(line.strip() for line in text.split("\n"))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. One with a field twice says two things, and is no answer."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is given twice")
    return fields


def compile_level(level: int, content: Mapping[str, Any]) -> SyllacrosticLevel:
    """The generator of one level.

    Raises:
        pydantic.ValidationError: a field of `content` is wrong.
        ConfigError: the lexicon has too few words for the level.
    """
    numbers = SyllacrosticContent.model_validate(content).at(level)
    # Those of a level of its own: cached, they would be pickled with the one that is returned.
    words = SyllacrosticLevel(numbers).words
    held_out = sum(word.held_out for word in words)
    if len(words) - held_out < numbers.words or not held_out:
        raise ConfigError(
            f"level {level} takes {numbers.words} words of {numbers.syllables[0]} to {numbers.syllables[1]} syllables "
            f"and zipf {numbers.zipf:g} or more; the lexicon has {len(words) - held_out} to train and {held_out} held "
            "out.",
            "Ask for fewer words, for other syllables, or for a lower zipf.",
        )
    return SyllacrosticLevel(numbers)
