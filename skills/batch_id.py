"""The id of a batch of eval problems. It says how they were made and what they were, so nobody has to keep them:
whoever has the id makes the same ones again, and knows whether they are.

bin-12-100-7-3f2a9c01-9c3ab8d0e4f51726-1b2c3d4e: skill, level, count, seed, then, where they are not the default,
`fold0` and `symbols`, then hashes of the YAML entry, of the problems, and of all that stands before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from hashlib import blake2b

from realm.errors import ConflictError, RequestError
from skills.problem import Problem
from skills.skill import Skill

FORM = re.compile(
    r"(?P<skill>[a-z][a-z0-9_]*)-(?P<level>[0-9]{1,4})-(?P<count>[0-9]{1,9})-(?P<seed>[0-9]{1,19})"
    r"(?:-fold(?P<fold>[0-9]))?(?P<symbols>-symbols)?"
    r"-(?P<fingerprint>[0-9a-f]{8})-(?P<problems>[0-9a-f]{16})-(?P<check>[0-9a-f]{8})"
)
REMEDY = "Ask for a new batch."


@dataclass(frozen=True, slots=True)
class BatchId:
    """What a batch id says. `str()` writes it."""

    skill_id: str
    level: int
    count: int
    seed: int
    fold: int | None
    symbols: bool
    fingerprint: str
    problems: str

    @classmethod
    def of(cls, skill: Skill, level: int, seed: int, fold: int | None, symbols: bool, asked: list[Problem]) -> BatchId:
        """The id of the problems `asked`, which `skill.generate` gave for these arguments."""
        return cls(skill.id, level, len(asked), seed, fold, symbols, skill.fingerprint[:8], _hash_of(asked))

    @classmethod
    def parse(cls, text: str) -> BatchId:
        """Read an id.

        Raises:
            RequestError: it is not one, or was altered.
        """
        found = FORM.fullmatch(text)
        if found is None or found["check"] != _check(text.rpartition("-")[0]):
            shown = text if len(text) <= 120 else f"{text[:120]}…"
            raise RequestError(f"{shown!r} is not the id of a batch: it is incomplete or was altered.", REMEDY)
        return cls(
            skill_id=found["skill"],
            level=int(found["level"]),
            count=int(found["count"]),
            seed=int(found["seed"]),
            fold=None if found["fold"] is None else int(found["fold"]),
            symbols=found["symbols"] is not None,
            fingerprint=found["fingerprint"],
            problems=found["problems"],
        )

    def __str__(self) -> str:
        fold = "" if self.fold is None else f"-fold{self.fold}"
        symbols = "-symbols" if self.symbols else ""
        made = f"{self.skill_id}-{self.level}-{self.count}-{self.seed}{fold}{symbols}"
        text = f"{made}-{self.fingerprint}-{self.problems}"
        return f"{text}-{_check(text)}"

    def require_current(self, skill: Skill) -> None:
        """Refuse a batch of another ladder than `skill` has now.

        Raises:
            ConflictError: the skill's YAML has changed since the problems were asked.
        """
        if skill.fingerprint[:8] != self.fingerprint:
            raise ConflictError(
                f"The batch is of {self.skill_id!r} with fingerprint {self.fingerprint}…; "
                f"now it is {skill.fingerprint[:8]}….",
                REMEDY,
            )

    def require_same(self, made_again: Iterable[Problem]) -> None:
        """Refuse to take problems for the ones that were asked when they differ in anything.

        Raises:
            ConflictError: they differ: the skill's code makes other problems now.
        """
        if _hash_of(made_again) != self.problems:
            raise ConflictError(
                f"The problems of batch {self} are no longer the ones that {self.skill_id!r} generates.", REMEDY
            )


def _hash_of(problems: Iterable[Problem]) -> str:
    digest = blake2b(digest_size=8)
    for problem in problems:
        digest.update(repr(astuple(problem)).encode())
    return digest.hexdigest()


def _check(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()
