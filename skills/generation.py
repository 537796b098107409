"""Numbered problems of a generator: the same for the same name, seed, split and fold in every process.

Knows no skill, no level and no YAML.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from itertools import islice
from random import Random

from realm.errors import ConflictError
from skills.problem import Problem, Split, buckets_of
from skills.provider import LevelGenerator

MAX_DRAWS = 20_000
"""Candidates drawn for one problem before a generator counts as exhausted."""
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def problems_of(
    generator: LevelGenerator,
    source: str,
    level: int,
    seed: int,
    split: Split,
    fold: int | None = None,
    *,
    memorizable: bool = False,
    symbols: bool = False,
) -> Iterator[Problem]:
    """Problems without end, unless the generator is exhausted. Problem i depends on the arguments and i alone.

    Eval problems are distinct unless `memorizable`, which ignores the split. `symbols` allows symbol keys; it changes
    wordings, never what is asked.

    Raises:
        ValueError: a fold of the train split, or no such fold.
    """
    buckets = buckets_of(split, fold)
    stream = _number(f"{source}/{level}/{seed}/{split}/{fold}")
    random = Random()
    asked: set[str] = set()
    distinct = split == "eval" and not memorizable
    index = 0
    while True:
        random.seed(_item_seed(stream, index))
        for _ in range(MAX_DRAWS):
            candidate = generator.draw(random)
            if not memorizable and candidate.bucket not in buckets:
                continue
            if distinct and candidate.key in asked:
                continue
            text = candidate.render(random, symbols)
            if text is not None:
                break
        else:
            return
        if distinct:
            asked.add(candidate.key)
        yield Problem(
            source, level, seed, index, text.prompt, text.answer, text.working, text.primitives, candidate.key
        )
        index += 1


def take(problems: Iterator[Problem], count: int, source: str, split: Split, fold: int | None) -> list[Problem]:
    """The first `count` of `problems`; the rest says in the error what gave them.

    Raises:
        ConflictError: there are fewer.
    """
    taken = list(islice(problems, count))
    if len(taken) < count:
        raise ConflictError(
            f"{source} gave {len(taken)} distinct problems of split {split}, fold {fold}; {count} were asked for.",
            "Ask for fewer.",
        )
    return taken


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")


def _item_seed(stream: int, index: int) -> int:
    """Element `index` of the SplitMix64 sequence that starts at `stream` (Steele, Lea, Flood 2014)."""
    mixed = (stream + (index + 1) * GOLDEN) & MASK
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & MASK
    return mixed ^ mixed >> 31
