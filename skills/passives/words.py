"""Passives about words as letters: string craft, and puzzles among given words of the lexicon."""

from __future__ import annotations

from functools import cache
from random import Random

from skills.lexicon import by_rhyme, lexicon, unseen
from skills.passives.wording import WORD, listed
from skills.question import Question, asked

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
ORDINALS = ("first", "second", "third", "fourth")
LETTER = "\nAnswer with a letter."
LETTERS = "\nAnswer with the letters alone."


@cache
def _words(low: int, high: int) -> tuple[str, ...]:
    """The lexicon's words of `low` to `high` letters."""
    return tuple(word for word in lexicon() if low <= len(word) <= high)


def string_craft(random: Random) -> Question:
    """Letters picked, dropped, shifted, doubled, exchanged, put in other places; words joined and interleaved."""
    forms = (_pick, _drop, _shift, _reform, _replace, _exchange, _initials, _halves)
    return random.choice(forms)(random)


def _pick(random: Random) -> Question:
    word, at = random.choice(_words(4, 9)), random.randrange(4)
    if random.random() < 0.5:
        wordings = (f"What is the {ORDINALS[at]} letter of {word}?{LETTER}", f"{word}: {ORDINALS[at]} letter?{LETTER}")
        return asked(random, f"letter {at} {word}", wordings, word[at])
    count = at % 3 + 2
    wordings = (f"What are the last {count} letters of {word}?{LETTERS}", f"{word}: last {count} letters?{LETTERS}")
    return asked(random, f"last {count} {word}", wordings, word[-count:])


def _drop(random: Random) -> Question:
    word = random.choice(_words(4, 9))
    letter = random.choice(word)
    rest, left = word.replace(letter, ""), "".join(each for each in word if each not in "aeiou")
    what, answer = random.choice([(f"every {letter}", rest), ("every a, e, i, o and u", left)])
    wordings = (f"What is left of {word} without {what}?{LETTERS}", f"Remove {what} from {word}.{LETTERS}")
    return asked(random, f"drop {what} {word}", wordings, answer)


def _shift(random: Random) -> Question:
    word, by = random.choice(_words(4, 6)), random.randint(1, 3)
    moved = "".join(ALPHABET[(ALPHABET.index(letter) + by) % 26] for letter in word)
    places = "the next letter" if by == 1 else f"the letter {by} places later"
    wordings = (
        f"Replace each letter of {word} by {places} in the alphabet; after z comes a.{LETTERS}",
        f"Write {word} with {places} of the alphabet for each letter, going on with a after z.{LETTERS}",
    )
    return asked(random, f"shift {by} {word}", wordings, moved)


def _reform(random: Random) -> Question:
    word = random.choice(_words(4, 8))
    what, answer = random.choice(
        [
            ("in capital letters", word.upper()),
            ("with a hyphen between all letters", "-".join(word)),
            ("with each letter doubled", "".join(letter * 2 for letter in word)),
            ("with only its last letter in capitals", word[:-1] + word[-1].upper()),
            ("with its first letter moved to the end", word[1:] + word[0]),
            ("with its last letter moved to the front", word[-1] + word[:-1]),
        ]
    )
    return asked(random, f"{what} {word}", (f"Write {word} {what}.", f"How is {word} written {what}?"), answer)


def _replace(random: Random) -> Question:
    word = random.choice(_words(4, 8))
    old = random.choice(word)
    new = random.choice([letter for letter in ALPHABET if letter not in word])
    wordings = (f"Replace every {old} in {word} by {new}.{LETTERS}", f"{word} with {new} for {old}?{LETTERS}")
    return asked(random, f"replace {old} {new} {word}", wordings, word.replace(old, new))


def _exchange(random: Random) -> Question:
    word = random.choice(_words(4, 8))
    what, answer = random.choice(
        [
            ("Swap the first and the last letter of", word[-1] + word[1:-1] + word[0]),
            ("Write every second letter, starting with the first, of", word[::2]),
            ("Leave out the first and the last letter of", word[1:-1]),
        ]
    )
    return asked(random, f"{what} {word}", (f"{what} {word}.{LETTERS}", f"{what} this word: {word}{LETTERS}"), answer)


def _initials(random: Random) -> Question:
    words = random.sample(_words(4, 8), random.randint(3, 5))
    text, (end, at) = " ".join(words), random.choice([("first", 0), ("last", -1)])
    wordings = (
        f"Join the {end} letters of these words: {text}{LETTERS}",
        f"What do the {end} letters of {text} spell together?{LETTERS}",
    )
    return asked(random, f"{end} {text}", wordings, "".join(word[at] for word in words))


def _halves(random: Random) -> Question:
    first, second = random.sample(_words(6, 6), 2)
    what, answer = random.choice(
        [
            ("the first three letters of {0}, then the last three of {1}", first[:3] + second[3:]),
            ("the last three letters of {0}, then the first three of {1}", first[3:] + second[:3]),
            ("the first three letters of {0} and of {1} in turn, one by one", _in_turn(first[:3], second[:3])),
        ]
    )
    text = what.format(first, second)
    return asked(random, text, (f"Write {text}.{LETTERS}", f"Put together {text}.{LETTERS}"), answer)


def _in_turn(first: str, second: str) -> str:
    return "".join(x + y for x, y in zip(first, second, strict=True))


def word_puzzles(random: Random) -> Question:
    """Which of four words is an anagram, fits a pattern, rhymes, is hidden, is spelled, comes first, is the odd one."""
    return random.choice((_anagram, _pattern, _rhyme, _hidden, _spelled, _alphabet, _odd_one))(random)


def _among(random: Random, what: str, answer: str, others: list[str]) -> Question:
    """A question that starts "Which of these words" and has `answer` among the options."""
    options = [answer, *others]
    random.shuffle(options)
    wordings = (
        f"Which of the words {listed(options)} {what}?{WORD}",
        f"Only one of these words {what}: {', '.join(options)}. Which?{WORD}",
    )
    return asked(random, f"{what}: {' '.join(sorted(options))}", wordings, answer)


@cache
def _unseen(low: int, high: int) -> tuple[str, ...]:
    """Those of them that no training puzzle of SY holds. Where the answer is one, so are the other options: a word that
    was never seen is no sign of the right one."""
    return tuple(word.word for word in unseen() if low <= len(word.word) <= high)


def _anagram(random: Random) -> Question:
    """The other words are the three of 12 that have the same length, if there are, and most letters in common."""
    word = random.choice(_unseen(4, 9))
    letters = "".join(random.sample(word, len(word)))
    others = [other for other in random.sample(_unseen(4, 9), 12) if sorted(other) != sorted(word)]
    others.sort(key=lambda other: (len(other) != len(word), -len({*other} & {*word})))
    return _among(random, f"can be made by reordering {letters if letters != word else word[::-1]}", word, others[:3])


@cache
def _of_one_length() -> tuple[str, ...]:
    """Unseen words of which four or more have the same length."""
    return tuple(word for word in _unseen(4, 9) if len(_unseen(len(word), len(word))) >= 4)


def _pattern(random: Random) -> Question:
    """Some letters of a word in their places; as many more are shown as it takes to exclude the other words."""
    word = random.choice(_of_one_length())
    others = [other for other in random.sample(_unseen(len(word), len(word)), 4) if other != word][:3]
    shown = {at for at in range(len(word)) if random.random() < 0.4}
    for other in others:
        if all(other[at] == word[at] for at in shown):
            shown.add(next(at for at in range(len(word)) if other[at] != word[at]))
    pattern = " ".join(letter if at in shown else "_" for at, letter in enumerate(word))
    return _among(random, f"fits {pattern}", word, others)


@cache
def _rhyming() -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Unseen words that something rhymes with: the word, those that rhyme, and unseen ones that do not in any accent.

    Words that are spelled alike at the end without rhyming are in neither.
    """
    found: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    for word in _unseen(4, 9):
        rhyme = lexicon()[word].rhyme
        alike = tuple(other.word for other in by_rhyme()[rhyme] if other.word != word)
        unlike = tuple(o for o in _unseen(4, 9) if lexicon()[o].rhyme != rhyme and o[-2:] != word[-2:])
        if alike:
            found.append((word, alike, unlike))
    return tuple(found)


def _rhyme(random: Random) -> Question:
    word, alike, unlike = random.choice(_rhyming())
    return _among(random, f"rhymes with {random.choice(alike)}", word, random.sample(unlike, 3))


def _hidden(random: Random) -> Question:
    """A word within a row of letters."""
    word = random.choice(_unseen(4, 7))
    before, after = ("".join(random.choices(ALPHABET, k=random.randint(1, 4))) for _ in range(2))
    row = before + word + after
    others = [other for other in random.sample(_unseen(4, 7), 6) if other not in row][:3]
    return _among(random, f"is hidden in {row}", word, others)


def _spelled(random: Random) -> Question:
    """A word whose letters are among some letters, in the order of the alphabet."""
    word = random.choice(_words(4, 7))
    letters = sorted(word + "".join(random.choices(ALPHABET, k=3)))
    drawn = random.sample(_words(5, 8), 12)
    others = [other for other in drawn if other != word and not _is_among(other, letters)][:3]
    return _among(random, f"can be spelled with some of the letters {' '.join(letters)}", word, others)


def _is_among(word: str, letters: list[str]) -> bool:
    return all(word.count(letter) <= letters.count(letter) for letter in word)


def _alphabet(random: Random) -> Question:
    words = random.sample(_words(4, 9), 4)
    end, answer = random.choice([("first", min(words)), ("last", max(words))])
    return _among(random, f"comes {end} in alphabetical order", answer, [word for word in words if word != answer])


@cache
def _by_letter(letter: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words with the letter, and words without it."""
    having = tuple(word for word in _words(4, 9) if letter in word)
    return having, tuple(word for word in _words(4, 9) if letter not in word)


def _odd_one(random: Random) -> Question:
    """Only one of the words has a letter, or lacks it."""
    letter, lacks = random.choice("aeilnorst"), random.random() < 0.5
    having, lacking = _by_letter(letter)
    few, many = (lacking, having) if lacks else (having, lacking)
    what = f"has no letter {letter}" if lacks else f"has a letter {letter}"
    return _among(random, what, random.choice(few), random.sample(many, 3))
