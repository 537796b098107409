"""The provider of every dataset of reasoning-gym: its configuration makes a level, its `score_answer` grades.

Knows no YAML file and no split. The package is optional and takes a second to import, so that is put off until a
problem is drawn or graded.

Not every dataset is fit to grade a hero: `syllogism` calls inferences valid that have counterexamples, `countdown` and
`spiral_matrix` evaluate the answer as Python, `number_sorting` takes numbers that are off by 1, and
`propositional_logic` has no answer to train on. `form` keeps what a grader is not made for away from it.
"""

from __future__ import annotations

import importlib
import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from random import Random
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator

from realm.errors import ConfigError, ConflictError, RealmError
from skills.problem import Grade, Problem, bucket_of, final_answer, grade_final
from skills.provider import Rendering

PACKAGE = "reasoning_gym"
REMEDY = "pip install 'realm-of-training[reasoning-gym]'"
PRINTABLE = string.printable.strip() + " \n"
ITEM_BITS = 32
"""Items are numbered with so many bits: some datasets seed numpy with the number, which takes no more."""
FULL_SCORE = 1.0
LONGEST_ANSWER = 10_000
"""Characters. What is longer is not even compared with the form."""
WORDS = re.compile(r"\w+|[^\w\s]")
TERMS = re.compile(r"([+-]?) *(\d+)")
CONTRARY = {"telling-truth": "lying", "lying": "telling-truth"}


class GymContent(BaseModel):
    """`content` of a reasoning-gym level in the YAML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Name in reasoning-gym."""
    curriculum: dict[str, Annotated[int, Field(ge=0)]] = {}
    """Attributes of the dataset's curriculum and the level of each, from 0. A level holds none of those below it."""
    config: dict[str, Any] = {}
    """Fields of the dataset's configuration; they go before the curriculum's."""
    form: Annotated[str, Field(min_length=1)] | None = None
    """Where several answers are right: the regular expression that a final answer must match as a whole before
    `score_answer` is asked. Without it only the dataset's own answer is right."""
    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "text"
    """What makes two problems the same one: their `text`; their `words` in whatever order; the signed `terms` of a sum
    in whatever order; or a field of the entry's metadata, where the wording varies."""
    keep: dict[str, Annotated[float, Field(gt=0.001, le=1)]] = {}
    """Of the items with such an answer the share that is asked: without it, who always gives the most frequent answer
    would pass the gate."""
    characters: str = ""
    """Characters of prompts and answers beyond printable ASCII."""

    @field_validator("form")
    @classmethod
    def _form_compiles(cls, form: str | None) -> str | None:
        try:
            re.compile(form or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return form


class GymLevel:
    """A level generator over one configured dataset."""

    symbol_alphabet = ""

    def __init__(self, level: int, content: GymContent) -> None:
        self.content = content
        self.alphabet = "".join(sorted({*PRINTABLE, *content.characters}))
        self._level = level
        self._form = re.compile(content.form) if content.form is not None else None

    @cached_property
    def dataset(self) -> Any:
        """The dataset with seed 0: item `number` is drawn by `Random(number)` and depends on nothing else.

        Raises:
            ConfigError: reasoning-gym is not installed, or does not take the configuration.
        """
        missing = unavailable()
        if missing is not None:
            raise missing
        return _open_dataset(self._level, self.content)

    def draw(self, random: Random) -> GymCandidate:
        while True:
            number = random.getrandbits(ITEM_BITS)
            entry: dict[str, Any] = self.dataset[number]
            share = self.content.keep.get(entry["answer"])
            if share is None or random.random() < share:
                return GymCandidate(self, number, entry)

    def grade(self, problem: Problem, text: str) -> Grade:
        """Exact without a form; with one, `score_answer` has to give its full score to an answer of that form.

        Raises:
            ConflictError: with a form: the problem is none of this level's.
        """
        final = final_answer(text)
        if self._form is None or not final:
            return grade_final(final, problem.answer)
        if len(final) > LONGEST_ANSWER or self._form.fullmatch(final) is None:
            return Grade(False, final, problem.answer, "Not of the form of an answer.")
        score = float(self.dataset.score_answer(final, self._entry_of(problem)))
        if score == FULL_SCORE:
            return Grade(True, final, problem.answer, "Right by the dataset's own score.")
        return Grade(False, final, problem.answer, f"The dataset's own score is {score:.2f}, not {FULL_SCORE:g}.")

    def key_of(self, entry: Mapping[str, Any]) -> str:
        """What the entry asks, whatever its wording, as `content.key` says."""
        question: str = entry["question"]
        match self.content.key:
            case "text":
                return f"{self.content.dataset} {question.strip()}"
            case "words":
                return f"{self.content.dataset} {' '.join(sorted(WORDS.findall(question)))}"
            case "terms":
                terms = sorted(f"{sign or '+'}{number}" for sign, number in TERMS.findall(question))
                return f"{self.content.dataset} {' '.join(terms)}"
            case field:
                said = _as_written(entry["metadata"][field])
                return f"{self.content.dataset} {json.dumps(said, default=str, sort_keys=True)}"

    def _entry_of(self, problem: Problem) -> dict[str, Any]:
        # Made again from its number rather than carried along: some graders evaluate parts of an entry as Python, and
        # a problem may come from outside. That it is the problem that was asked is compared.
        number = int(problem.extra) if re.fullmatch(r"[0-9]{1,10}", problem.extra) else -1
        entry: dict[str, Any] | None = self.dataset[number] if 0 <= number < 1 << ITEM_BITS else None
        if entry is None or (entry["question"].strip(), entry["answer"].strip()) != (problem.prompt, problem.answer):
            raise ConflictError(
                f"The problem with extra {problem.extra[:20]!r} is not the one that {self.content.dataset!r} makes "
                f"at level {self._level}.",
                "Grade it with the version of the skill and of reasoning-gym that generated it.",
            )
        return entry


@dataclass(frozen=True, slots=True)
class GymCandidate:
    """An item of a dataset; there is nothing left to choose when it is written out."""

    level: GymLevel
    number: int
    entry: Mapping[str, Any]

    @property
    def key(self) -> str:
        return self.level.key_of(self.entry)

    @property
    def bucket(self) -> int:
        return bucket_of(self.key)

    def render(self, random: Random, symbols: bool) -> Rendering:
        del random, symbols
        extra = str(self.number) if self.level.content.form is not None else ""
        return Rendering(self.entry["question"].strip(), self.entry["answer"].strip(), "", (), extra)


def unavailable() -> RealmError | None:
    """What is missing on this machine, or None; looks for the package without importing it."""
    if find_spec(PACKAGE) is not None:
        return None
    return ConfigError("The package reasoning-gym is not installed.", REMEDY)


def compile_level(level: int, content: Mapping[str, Any]) -> GymLevel:
    """The generator of one level. The dataset itself is opened with the first problem.

    Raises:
        pydantic.ValidationError: a field of `content` is wrong.
    """
    return GymLevel(level, GymContent.model_validate(content))


def _open_dataset(level: int, content: GymContent) -> Any:
    factory: Any = importlib.import_module(f"{PACKAGE}.factory")
    where = f"Level {level} of a reasoning-gym skill: dataset {content.dataset!r}"
    if content.dataset not in factory.DATASETS:
        raise ConfigError(f"{where} is unknown.", f"Datasets are {', '.join(sorted(factory.DATASETS))}.")
    try:
        fields = _curriculum_fields(factory, content) | content.config
        dataset: Any = factory.create_dataset(content.dataset, **fields, seed=0, size=1)
        entry: dict[str, Any] = dataset[0]
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{where} does not take curriculum {content.curriculum} and config {content.config}: {error}",
            "Correct content.curriculum and content.config.",
        ) from None
    if not isinstance(entry["answer"], str):
        raise ConfigError(
            f"{where} has {entry['answer']!r} for an answer: a hero cannot be trained on it.", "Choose another dataset."
        )
    if content.key not in ("text", "words", "terms", *entry["metadata"]):
        raise ConfigError(
            f"{where} has no metadata {content.key!r} to be the key.",
            f"Set content.key to text, words, terms or one of {', '.join(entry['metadata'])}.",
        )
    return dataset


def _as_written(value: Any) -> Any:
    """A field of metadata as the text says it: knights_knaves writes that somebody does not lie as that they tell the
    truth."""
    match value:
        case ("not", (str(said), who)) if said in CONTRARY:
            return CONTRARY[said], who
        case tuple() | list():
            return [_as_written(each) for each in cast(Sequence[Any], value)]
        case _:
            return value


def _curriculum_fields(factory: Any, content: GymContent) -> dict[str, Any]:
    """Configuration fields that the curriculum gives for its attributes named in the content, and no others."""
    if not content.curriculum:
        return {}
    coaching: Any = importlib.import_module(f"{PACKAGE}.coaching.base_curriculum")
    curriculum: Any = factory.create_curriculum(content.dataset)
    # "upper_bound": the segment of each attribute's level, where the default would begin at its lowest.
    context: Any = coaching.DefaultCurriculumContext(mode=coaching.RangeAttributeMode.UPPER_BOUND)
    names: list[str] = []
    for name, value in content.curriculum.items():
        curriculum.set_attr_level(name, value)
        attribute: Any = curriculum.get_attribute(name)
        ends = ("lower_field_name", "upper_field_name") if hasattr(attribute, "lower_field_name") else ("field_name",)
        names += [getattr(attribute, end) for end in ends]
    made: Any = curriculum.generate_configuration(context=context)
    return {name: getattr(made, name) for name in names}
