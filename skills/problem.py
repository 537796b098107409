"""Problems, their grades, and the split that keeps training and evaluation apart.

Knows no skill, no YAML and no generator: what a problem asks is somebody else's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

Split = Literal["train", "eval"]

FOLDS = 3
"""Evaluations k, k + 1 and k + 2 that use fold k % FOLDS share no problem."""
BUCKETS = 13
"""A key's hash picks one of these; the first FOLDS are the eval folds, 3 in 13 (23 %), the rest is train."""

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Problem:
    """One question with its right answer. `key` is what is asked, whatever its wording: operation and operands.

    `extra` is what else the skill's grader needs to know the problem by; most need nothing.
    """

    skill_id: str
    level: int
    seed: int
    index: int
    prompt: str
    answer: str
    working: str
    primitives: tuple[str, ...]
    key: str
    extra: str = ""

    @property
    def response(self) -> str:
        """What the assistant should say: the working between think marks, where there is one, and the answer."""
        return f"{THINK_OPEN}{self.working}{THINK_CLOSE}{self.answer}" if self.working else self.answer

    def as_training_example(self) -> dict[str, object]:
        """The chat of this problem and where it comes from, JSON-ready."""
        return {
            "messages": [
                {"role": "user", "content": self.prompt},
                {"role": "assistant", "content": self.response},
            ],
            "skill": self.skill_id,
            "level": self.level,
            "primitives": list(self.primitives),
        }


@dataclass(frozen=True, slots=True)
class Grade:
    """The verdict on one answer; `extracted` is the final answer found in it, "" when there is none."""

    correct: bool
    extracted: str
    expected: str
    reason: str


def grade_exact(problem: Problem, text: str) -> Grade:
    """Right only if what follows the last `</think>` is the answer and nothing else but surrounding whitespace."""
    return grade_final(final_answer(text), problem.answer)


def final_answer(text: str) -> str | None:
    """What follows the last `</think>`, stripped; None if a `<think>` was opened and not closed."""
    closed = text.rfind(THINK_CLOSE)
    if text.rfind(THINK_OPEN) > closed:
        return None
    return (text if closed < 0 else text[closed + len(THINK_CLOSE) :]).strip()


def grade_final(final: str | None, expected: str, canonical: Callable[[str, str], str] | None = None) -> Grade:
    """Compare a final answer with `expected`; `canonical(final, expected)` undoes what makes no difference."""
    if final is None:
        return Grade(False, "", expected, "<think> was opened and not closed.")
    if final == expected or (canonical and canonical(final, expected) == expected):
        return Grade(True, final, expected, "Equal to the expected answer.")
    return Grade(False, final, expected, "Not the expected answer." if final else "There is no final answer.")


def bucket_of(key: str) -> int:
    """0 … BUCKETS − 1 from a hash of `key`, the same in every process."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big") % BUCKETS


def bucket_in(split: Split, key: str) -> int:
    """A bucket of `split` from a hash of `key`, for problems whose split is decided by more than their key."""
    number = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")
    return number % FOLDS if split == "eval" else FOLDS + number % (BUCKETS - FOLDS)


def buckets_of(split: Split, fold: int | None = None) -> frozenset[int]:
    """The buckets that make up a split, or one fold of eval.

    Raises:
        ValueError: a fold of train, or a fold that is not 0 … FOLDS − 1.
    """
    if split == "train":
        if fold is not None:
            raise ValueError(f"The train split has no folds, {fold} was asked for.")
        return frozenset(range(FOLDS, BUCKETS))
    if fold is None:
        return frozenset(range(FOLDS))
    if fold not in range(FOLDS):
        raise ValueError(f"fold is {fold}; the eval split has folds 0 to {FOLDS - 1}.")
    return frozenset((fold,))
