"""String primitives: small operations on lower-case letters."""

from __future__ import annotations

from random import Random

from skills.question import Draw, Question

LETTERS = "abcdefghijklmnopqrstuvwxyz"
YES_NO = "\nAnswer yes or no."


def _letters(random: Random, low: int, high: int, alphabet: str = LETTERS) -> str:
    return "".join(random.choices(alphabet, k=random.randint(low, high)))


def reverse_string(random: Random) -> Question:
    text = _letters(random, 3, 8)
    return Question(f"reverse {text}", f"Reverse: {text}", text[::-1])


def count_char(random: Random) -> Question:
    """Of four letters, one is counted."""
    alphabet = "".join(random.sample(LETTERS, 4))
    text, letter = _letters(random, 4, 12, alphabet), random.choice(alphabet)
    return Question(f"count {letter} {text}", f"How many times does {letter} occur in {text}?", str(text.count(letter)))


def substring_check(random: Random) -> Question:
    """Half are cut out of the text; in the others one letter of the cut is drawn anew."""
    text = _letters(random, 5, 10, LETTERS[:8])
    size = random.randint(2, 3)
    start = random.randint(0, len(text) - size)
    part = text[start : start + size]
    if random.random() < 0.5:
        at = random.randrange(size)
        part = part[:at] + random.choice(LETTERS[:8]) + part[at + 1 :]
    return Question(f"part {part} {text}", f"Is {part} a part of {text}?{YES_NO}", "yes" if part in text else "no")


def sort_letters(random: Random) -> Question:
    text = _letters(random, 3, 8)
    return Question(f"sort {text}", f"Sort the letters from a to z: {text}", "".join(sorted(text)))


def palindrome_check(random: Random) -> Question:
    """Half are palindromes; in nearly all others one letter spoils it."""
    half, middle = _letters(random, 2, 4), _letters(random, 0, 1)
    text = half + middle + half[::-1]
    if random.random() < 0.5:
        at = random.randrange(len(half))
        text = text[:at] + random.choice(LETTERS) + text[at + 1 :]
    return Question(f"palindrome {text}", f"Is {text} a palindrome?{YES_NO}", "yes" if text == text[::-1] else "no")


def string_length(random: Random) -> Question:
    text = _letters(random, 1, 15)
    return Question(f"length {text}", f"How many letters are in {text}?", str(len(text)))


PRIMITIVES: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (reverse_string, count_char, substring_check, sort_letters, palindrome_check, string_length)
}
