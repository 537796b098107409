"""The one result of each type of job that enters the books: its model, and whether it answers what was asked.

A result comes from any process that holds a token; nothing of it is believed that its task does not allow. Does not
know the books.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, ValidationError

from realm.errors import RequestError
from realm.rules.job_payloads import Id
from realm.rules.job_tasks import (
    EvalTask,
    ExamTask,
    InferenceTask,
    LevelNumber,
    Number,
    Part,
    PassiveTask,
    PrimitiveTask,
    SparringTask,
    Task,
    Weights,
)
from realm.rules.limits import MAX_PROBLEMS

EXAMPLES_A_MISTAKE: Final = 3
MAX_SAMPLES: Final = 12
MAX_TEXT_CHARS: Final = 100_000
SHOWN_CHARS: Final = 200
REMEDY: Final = "The worker must answer the task that it was given with the job."

Count = Annotated[int, Field(ge=0, le=MAX_PROBLEMS)]
Text = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
Outcomes = Annotated[str, Field(pattern=r"^[01]*$", max_length=MAX_PROBLEMS)]
"""Outcomes as 0 and 1, in order."""
Seconds = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]


class Result(Part):
    """`weights`: those that answered."""

    weights: Weights
    duration_s: Seconds = 0.0


class Sample(Part):
    """An answer for people to look at."""

    prompt: Text
    answer: Text
    expected: Text
    correct: bool
    reason: Text


class EvalResult(Result):
    level: LevelNumber
    n: Annotated[Count, Field(ge=1)]
    correct: Count
    seed: Number
    fold: Number
    review_level: LevelNumber | None = None
    review_n: Count = 0
    review_correct: Count = 0
    train_n: Count = 0
    train_correct: Count = 0
    primitives: dict[str, Outcomes] = {}
    samples: Annotated[tuple[Sample, ...], Field(max_length=MAX_SAMPLES)] = ()

    def check(self, task: EvalTask) -> None:
        _weights(self, task)
        for name in ("level", "seed", "fold", "review_level"):
            _require(getattr(self, name) == getattr(task, name), name, getattr(self, name), getattr(task, name))
        _at_most("n", self.n, task.count)
        _at_most("correct", self.correct, self.n)
        _at_most("review_n", self.review_n, task.review_count if task.review_level is not None else 0)
        _at_most("review_correct", self.review_correct, self.review_n)
        _at_most("train_n", self.train_n, task.train_count)
        _at_most("train_correct", self.train_correct, self.train_n)
        for name, outcomes in self.primitives.items():
            _at_most(f"primitives.{name}", len(outcomes), self.n)
            _at_most(f"primitives.{name}", outcomes.count("1"), self.correct)


class ExamResult(Result):
    """`by_level`: (n, correct) by skill id and level."""

    version: str
    by_level: dict[Id, dict[LevelNumber, tuple[Count, Count]]]
    val_loss: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @property
    def by_skill(self) -> dict[str, float]:
        """Mean over levels of the accuracy at each, by skill id."""
        return {
            skill_id: sum(correct / n for n, correct in levels.values()) / len(levels)
            for skill_id, levels in self.by_level.items()
        }

    @property
    def exam_accuracy(self) -> float:
        by_skill = self.by_skill
        return sum(by_skill.values()) / len(by_skill)

    @property
    def n(self) -> int:
        return sum(n for levels in self.by_level.values() for n, _ in levels.values())

    def check(self, task: ExamTask) -> None:
        _weights(self, task)
        _require(self.version == task.version, "version", self.version, task.version)
        asked, answered = sorted(skill.id for skill in task.skills), sorted(self.by_level)
        _require(asked == answered, "by_level", answered, asked)
        for skill in task.skills:
            levels = self.by_level[skill.id]
            _require(sorted(levels) == [*range(1, skill.max_level + 1)], f"by_level.{skill.id}", sorted(levels), "all")
            for level, (n, correct) in levels.items():
                where = f"by_level.{skill.id}.{level}"
                _require(n == task.per_level, where, n, task.per_level)
                _at_most(where, correct, n)


class PassiveCount(Part):
    n: Annotated[Count, Field(ge=1)]
    correct: Count


class PassiveResults(Result):
    """By passive."""

    passives: dict[str, PassiveCount]

    def check(self, task: PassiveTask) -> None:
        _weights(self, task)
        _require(self.passives.keys() == task.passives.keys(), "passives", [*self.passives], [*task.passives])
        for name, each in self.passives.items():
            _at_most(f"passives.{name}.n", each.n, task.mode.problems)
            _at_most(f"passives.{name}.correct", each.correct, each.n)


class PrimitiveResult(Result):
    primitives: dict[str, Outcomes]

    def check(self, task: PrimitiveTask) -> None:
        _weights(self, task)
        asked, answered = sorted(task.primitives), sorted(self.primitives)
        _require(asked == answered, "primitives", answered, asked)
        for name, outcomes in self.primitives.items():
            _require(0 < len(outcomes) <= task.count, f"primitives.{name}", len(outcomes), f"1 to {task.count}")


class SparringResult(Result):
    """`examples`: rows of a quest, three a mistake."""

    level: LevelNumber
    n: Annotated[Count, Field(ge=1)]
    first_correct: Count
    second_correct: Count
    examples: Annotated[tuple[dict[str, Any], ...], Field(max_length=EXAMPLES_A_MISTAKE * MAX_PROBLEMS)]

    def check(self, task: SparringTask) -> None:
        _weights(self, task)
        _require(self.level == task.level, "level", self.level, task.level)
        _at_most("n", self.n, task.count)
        _at_most("first_correct", self.first_correct, self.n)
        mistakes = self.n - self.first_correct
        _at_most("second_correct", self.second_correct, mistakes)
        wanted = EXAMPLES_A_MISTAKE * mistakes
        _require(len(self.examples) == wanted, "examples", f"{len(self.examples)} long", f"{wanted} of them")


class InferenceResult(Result):
    text: Text
    tokens: Annotated[int, Field(ge=0)]

    def check(self, task: InferenceTask) -> None:
        _weights(self, task)
        _at_most("tokens", self.tokens, task.max_tokens)


R = TypeVar("R", bound=Result)


def read_result(model: type[R], result: Mapping[str, Any]) -> R:
    """The result as its model.

    Raises:
        RequestError: a field is missing, unknown or wrong; the message names it and its value.
    """
    try:
        return model.model_validate(dict(result))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "weights"
        value = repr(first["input"])[:SHOWN_CHARS]
        raise RequestError(f"Result field {name!r} is {value}: {first['msg']}.", REMEDY) from None


def _weights(result: Result, task: Task) -> None:
    known = [each.model_dump(exclude_none=True) for each in task.weights]
    _require(result.weights in task.weights, "weights", result.weights.model_dump(exclude_none=True), known)


def _at_most(name: str, value: int, limit: int) -> None:
    _require(value <= limit, name, value, f"at most {limit}")


def _require(holds: bool, name: str, value: object, wanted: object) -> None:
    if not holds:
        shown, asked = repr(value)[:SHOWN_CHARS], str(wanted)[:SHOWN_CHARS]
        raise RequestError(f"Result field {name!r} is {shown}, asked was {asked}.", REMEDY)
