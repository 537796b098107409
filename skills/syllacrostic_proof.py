"""That a syllacrostic has one solution. Every solution is looked for, depth first, until a second one is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from skills.lexicon import Word, lexicon
from skills.syllacrostic_clues import Clue

Solution = tuple[str, ...]


def only_one(solutions: Iterable[Solution]) -> bool:
    """Whether all `solutions` are the same and there is one."""
    found: set[Solution] = set()
    for solution in solutions:
        found.add(solution)
        if len(found) > 1:
            return False
    return bool(found)


def lexicon_solutions(clues: Sequence[Clue], bank: Sequence[str], herrings: int) -> Iterator[Solution]:
    """Every choice of lexicon words, one a clue, that fit the clues and leave `herrings` syllables of the bank over."""
    tiles = Counter(bank)
    spellable = _spellable(tiles)
    choices = [[word for word in spellable if clue.fits(word)] for clue in clues]
    # The clue with the fewest words first: fewest branches.
    order = sorted(range(len(clues)), key=lambda at: len(choices[at]))
    chosen: list[str] = [""] * len(clues)

    def place(depth: int, left: int) -> Iterator[Solution]:
        if depth == len(order):
            if left == herrings:
                yield tuple(chosen)
            return
        for word in choices[order[depth]]:
            if _take(tiles, word.syllables):
                chosen[order[depth]] = word.word
                yield from place(depth + 1, left - len(word.syllables))
                tiles.update(word.syllables)

    yield from place(0, len(bank))


def arrangements(clues: Sequence[Clue], bank: Sequence[str], herrings: int) -> Iterator[Solution]:
    """Every way to string syllables together that fits the letters of the clues and leaves `herrings` over."""

    def place(depth: int, left: tuple[str, ...]) -> Iterator[Solution]:
        if depth == len(clues):
            if len(left) == herrings:
                yield ()
            return
        for letters, rest in _strings(clues[depth], left, ""):
            for others in place(depth + 1, rest):
                yield (letters, *others)

    yield from place(0, tuple(bank))


def _strings(clue: Clue, left: tuple[str, ...], begun: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Strings of `begun` and tiles of `left` that fit the letters of `clue`, with the tiles that remain."""
    for index, tile in enumerate(left):
        letters = begun + tile
        if clue.letter not in (None, letters[0]) or (clue.length is not None and len(letters) > clue.length):
            continue
        rest = left[:index] + left[index + 1 :]
        if clue.length in (None, len(letters)):
            yield letters, rest
        yield from _strings(clue, rest, letters)


def _spellable(tiles: Counter[str]) -> list[Word]:
    """Lexicon words that the tiles can spell."""
    index, kinds = _by_first_syllable(), frozenset(tiles)
    return [
        word
        for tile in tiles
        for word, needed in index.get(tile, ())
        if needed <= kinds and _within(word.syllables, tiles)
    ]


@cache
def _by_first_syllable() -> Mapping[str, Sequence[tuple[Word, frozenset[str]]]]:
    """Words with the set of their syllables, by the first."""
    groups: dict[str, list[tuple[Word, frozenset[str]]]] = {}
    for word in lexicon().values():
        groups.setdefault(word.syllables[0], []).append((word, frozenset(word.syllables)))
    return groups


def _within(syllables: tuple[str, ...], tiles: Counter[str]) -> bool:
    return all(tiles[syllable] >= syllables.count(syllable) for syllable in syllables)


def _take(tiles: Counter[str], syllables: tuple[str, ...]) -> bool:
    """Remove `syllables` from `tiles` if they are there."""
    if not _within(syllables, tiles):
        return False
    tiles.subtract(syllables)
    return True
