"""What the passives' prompts share: how the form of an answer is asked for, names and things."""

from __future__ import annotations

from collections.abc import Sequence

NUMBER = "\nAnswer with a number."
YES_NO = "\nAnswer yes or no."
NAME = "\nAnswer with a name."
WORD = "\nAnswer with one word."

NAMES = ("Ada", "Ben", "Cleo", "Dag", "Eva", "Finn", "Gil", "Hana", "Ivo", "Juno", "Kai", "Lea")
THINGS = ("apple", "bell", "coin", "drum", "egg", "fork", "glove", "hat", "key", "lamp", "nail", "pen", "ring", "spoon")
COLOURS = ("red", "blue", "green", "gold", "grey", "pink", "white", "black")


def listed(words: Sequence[object], last: str = "and") -> str:
    """The words as a list in a sentence; at least two."""
    return f"{', '.join(map(str, words[:-1]))} {last} {words[-1]}"
