"""Passives about words: basics of English, string craft, word puzzles."""

from __future__ import annotations

from random import Random

from skills.question import Question

PLURALS = {
    "box": "boxes", "city": "cities", "child": "children", "mouse": "mice", "leaf": "leaves", "tooth": "teeth",
    "day": "days", "bus": "buses", "man": "men", "knife": "knives", "foot": "feet", "baby": "babies", "fish": "fish",
    "potato": "potatoes", "sheep": "sheep", "watch": "watches", "goose": "geese", "wolf": "wolves", "key": "keys",
}  # fmt: skip
PASTS = {
    "go": "went", "see": "saw", "eat": "ate", "run": "ran", "write": "wrote", "sing": "sang", "take": "took",
    "walk": "walked", "stop": "stopped", "carry": "carried", "buy": "bought", "teach": "taught", "find": "found",
    "give": "gave", "know": "knew", "think": "thought", "bring": "brought", "swim": "swam", "keep": "kept",
}  # fmt: skip
OPPOSITES = {
    "hot": "cold", "big": "small", "fast": "slow", "early": "late", "open": "closed", "light": "dark", "full": "empty",
    "high": "low", "wet": "dry", "old": "new", "hard": "soft", "up": "down", "near": "far", "rich": "poor",
    "loud": "quiet", "first": "last", "inside": "outside", "above": "below", "push": "pull", "begin": "end",
}  # fmt: skip
WORDS = (
    "anchor", "basket", "candle", "dragon", "engine", "forest", "garden", "hammer", "island", "jacket", "kettle",
    "ladder", "market", "needle", "orange", "pencil", "quiver", "rocket", "silver", "tunnel", "velvet", "window",
    "yellow", "zipper", "bridge", "castle", "desert", "feather", "harvest", "journey", "kitchen", "lantern", "morning",
)  # fmt: skip
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def language_basics(random: Random) -> Question:
    asked, table = random.choice(
        [("Plural of", PLURALS), ("Past tense of", PASTS), ("Opposite of", OPPOSITES), ("a or an:", None)]
    )
    if table is not None:
        word = random.choice(list(table))
        return _asked(f"{asked} {word}:", table[word])
    word = random.choice(WORDS)
    return _asked(f"Which article comes before {word}, a or an?", "an" if word[0] in "aeiou" else "a")


def string_craft(random: Random) -> Question:
    word, at = random.choice(WORDS), random.randint(1, 5)
    vowels = "".join(letter for letter in word if letter not in "aeiou")
    shifted = "".join(ALPHABET[(ALPHABET.index(letter) + at) % 26] for letter in word)
    prompt, answer = random.choice(
        [
            (f"Letter {at} of {word}:", word[at - 1]),
            (f"{word} without a, e, i, o and u:", vowels),
            (f"{word} in capital letters:", word.upper()),
            (f"Move each letter of {word} on by {at} in the alphabet, z to a:", shifted),
            (f"First letter of {word} moved to its end:", word[1:] + word[0]),
            (f"Every second letter of {word}, from the first on:", word[::2]),
        ]
    )
    return _asked(prompt, answer)


def word_puzzles(random: Random) -> Question:
    """Anagrams among given words, hidden letters, the odd one out by its letters."""
    form = random.randrange(3)
    words = random.sample(WORDS, 4)
    word = words[0]
    random.shuffle(words)
    listed = ", ".join(words)
    if form == 0:
        letters = "".join(random.sample(word, len(word)))
        return _asked(f"Which of {listed} is made of the letters {letters}?", word)
    if form == 1:
        hidden = "".join(letter if random.random() < 0.6 else "_" for letter in word)
        fitting = [each for each in words if _fits(hidden, each)]
        shown = word if len(fitting) > 1 else hidden
        return _asked(f"Which of {listed} fits {shown}?", word)
    return _asked(f"Which of {listed} comes first in the alphabet?", min(words))


def _fits(pattern: str, word: str) -> bool:
    return len(pattern) == len(word) and all(p in ("_", w) for p, w in zip(pattern, word, strict=True))


def _asked(prompt: str, answer: str) -> Question:
    return Question(prompt, prompt, answer)
