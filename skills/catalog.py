"""The catalog of skills and the engine that scripts use. Knows no hero and no record.

engine = get_engine()
batch = engine.generate_eval_batch("bin", level=1, count=10)
engine.score_eval(batch, answers).accuracy
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from realm.errors import ConfigError, NotFoundError, RealmError, RequestError
from skills.batch_id import BatchId
from skills.curriculum import exam_panel, exam_version, training_examples
from skills.definition import Kind, Known, build_skill, nearest, read_definition, why_unavailable
from skills.panel import Passive, Primitive
from skills.panel_definition import build_passives, build_primitives
from skills.problem import Grade, Problem
from skills.skill import Evaluation, Level, Skill

__all__ = [
    "Engine",
    "EvalBatch",
    "EvalScore",
    "Evaluation",
    "Level",
    "Passive",
    "Primitive",
    "Skill",
    "SkillCatalog",
    "exam_panel",
    "exam_version",
    "get_engine",
    "training_examples",
]


@dataclass(frozen=True, slots=True)
class EvalBatch:
    """Problems to be asked; `id`, a `BatchId`, names exactly these."""

    id: str
    skill_id: str
    level: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class EvalScore:
    """Grades in order, and (attempts, correct) by primitive; `batch_id` where the problems are a batch."""

    batch_id: str | None
    n: int
    correct: int
    grades: tuple[Grade, ...]
    primitives: Mapping[str, tuple[int, int]]

    @property
    def accuracy(self) -> float:
        return self.correct / self.n if self.n else 0.0


SHIPPED = Path(__file__).parent


@dataclass(frozen=True)
class SkillCatalog:
    """The skills of a directory, and the primitives and passives that they may refer to, each by id.

    `unavailable` are skills whose provider lacks something on this machine.
    """

    skills: Mapping[str, Skill]
    primitives: Mapping[str, Primitive] = field(default_factory=dict[str, Primitive])
    passives: Mapping[str, Passive] = field(default_factory=dict[str, Passive])
    unavailable: Mapping[str, tuple[Skill, RealmError]] = field(default_factory=dict[str, tuple[Skill, RealmError]])

    @classmethod
    def load(cls, directory: Path = SHIPPED) -> SkillCatalog:
        """Read every `*.yaml`. Primitives and passives are those that come with the realm if it describes none.

        Raises:
            ConfigError: there is no such directory, a file cannot be used, two define the same id or port, or two are
                of kind primitives or passives; says file, field, value and remedy.
        """
        if not directory.is_dir():
            raise ConfigError(f"{directory} is no folder of skills.", "Name one that exists.")
        files = [(path, read_definition(path)) for path in sorted(directory.glob("*.yaml"))]
        primitives = build_primitives(*_only(files, "primitives"))
        passives = build_passives(*_only(files, "passives"))
        known = Known(primitives.keys(), passives.keys())
        skills: dict[str, Skill] = {}
        unavailable: dict[str, tuple[Skill, RealmError]] = {}
        taken: dict[tuple[str, object], Path] = {}
        for path, fields in files:
            if fields["kind"] != "skill":
                continue
            skill = build_skill(path, fields, known)
            for name, value in (("id", skill.id), ("api_port", skill.api_port)):
                other = taken.setdefault((name, value), path)
                if value is not None and other != path:
                    raise ConfigError(
                        f"{path}: field {name!r} is {value!r}, which {other.name} has.", f"Choose another {name}."
                    )
            missing = why_unavailable(path, fields)
            if missing is None:
                skills[skill.id] = skill
            else:
                unavailable[skill.id] = (skill, missing)
        return cls(skills, primitives, passives, unavailable)


def _only(files: list[tuple[Path, dict[str, Any]]], kind: Kind) -> tuple[Path, dict[str, Any]]:
    """The one file of a kind, or the realm's own."""
    found = [(path, fields) for path, fields in files if fields["kind"] == kind]
    if len(found) > 1:
        raise ConfigError(f"{found[1][0]}: field 'kind' is {kind!r}, which {found[0][0].name} has.", "Join the two.")
    path = SHIPPED / f"{kind}.yaml"
    return found[0] if found else (path, read_definition(path))


class Engine:
    """Skills, primitives and passives by id; batches of eval problems and their scores."""

    def __init__(self, catalog: SkillCatalog) -> None:
        self._skills = dict(sorted(catalog.skills.items()))
        self._unavailable = dict(sorted(catalog.unavailable.items()))
        self._primitives = catalog.primitives
        self._passives = catalog.passives

    @property
    def unavailable(self) -> dict[str, str]:
        """Why each skill of the catalog that cannot be used on this machine cannot, with the remedy, by id."""
        return {skill_id: str(why) for skill_id, (_, why) in self._unavailable.items()}

    def list_unavailable(self) -> list[tuple[Skill, str]]:
        """Those skills, which have facts and no problems, each with why."""
        return [(skill, str(why)) for skill, why in self._unavailable.values()]

    def get(self, skill_id: str) -> Skill:
        """The skill `skill_id`.

        Raises:
            NotFoundError: there is none, or not on this machine.
        """
        found = self._skills.get(skill_id)
        if found is not None:
            return found
        if skill_id in self._unavailable:
            missing = self._unavailable[skill_id][1]
            raise NotFoundError(f"Skill {skill_id!r} is not available: {missing.problem}", missing.remedy)
        known = [*self._skills, *self._unavailable]
        near = get_close_matches(skill_id, known, n=1, cutoff=0.0)
        remedy = f"The nearest is {near[0]!r}. The skills are: {', '.join(known)}." if near else "There are none."
        raise NotFoundError(f"There is no skill {skill_id!r}.", remedy)

    def list_skills(self) -> list[Skill]:
        """Every skill, by id."""
        return list(self._skills.values())

    def primitive(self, primitive_id: str) -> Primitive:
        """The primitive `track/name@version`.

        Raises:
            NotFoundError: there is none; names the nearest.
        """
        return _found("primitive", primitive_id, self._primitives)

    def list_primitives(self) -> list[Primitive]:
        """Every primitive, track by track, as the YAML has them."""
        return list(self._primitives.values())

    def passive(self, passive_id: str) -> Passive:
        """The passive `passive_id`.

        Raises:
            NotFoundError: there is none; names the nearest.
        """
        return _found("passive", passive_id, self._passives)

    def list_passives(self) -> list[Passive]:
        """Every passive, as the YAML has them."""
        return list(self._passives.values())

    def generate_eval_batch(
        self,
        skill_id: str,
        level: int,
        count: int | None = None,
        seed: int = 0,
        fold: int | None = None,
        symbols: bool = False,
    ) -> EvalBatch:
        """Eval problems of one level; `count` is the skill's own evaluation size unless given.

        Raises:
            NotFoundError: no such skill or level.
            ConflictError: the level has too few distinct problems.
        """
        skill = self.get(skill_id)
        problems = skill.generate(
            level, skill.evaluation.count if count is None else count, seed, "eval", fold, symbols
        )
        batch_id = BatchId.of(skill, level, seed, fold, symbols, problems)
        return EvalBatch(str(batch_id), skill.id, level, tuple(problems))

    def score_eval(self, batch: EvalBatch, answers: Sequence[str]) -> EvalScore:
        """Grade `answers`, one a problem and in order, against the batch's own problems.

        Raises:
            RequestError: not as many answers as problems.
        """
        return self.score(batch.skill_id, batch.problems, answers, batch.id)

    def score(
        self, skill_id: str, problems: Sequence[Problem], answers: Sequence[str], batch_id: str | None = None
    ) -> EvalScore:
        """Grade `answers`, one a problem and in order, to problems of any levels of one skill.

        Raises:
            NotFoundError: no such skill, or a problem of a level that it has not.
            RequestError: not as many answers as problems.
        """
        if len(answers) != len(problems):
            raise RequestError(
                f"There are {len(problems)} problems, {len(answers)} answers were given.",
                'Give one answer a problem, in order; "" for none.',
            )
        skill = self.get(skill_id)
        attempts, hits = Counter[str](), Counter[str]()
        grades: list[Grade] = []
        for problem, text in zip(problems, answers, strict=True):
            grade = skill.grade(problem, text)
            grades.append(grade)
            attempts.update(problem.primitives)
            hits.update(problem.primitives if grade.correct else ())
        return EvalScore(
            batch_id=batch_id,
            n=len(grades),
            correct=sum(grade.correct for grade in grades),
            grades=tuple(grades),
            primitives={primitive: (attempts[primitive], hits[primitive]) for primitive in sorted(attempts)},
        )


Listed = TypeVar("Listed")


def _found(kind: str, name: str, known: Mapping[str, Listed]) -> Listed:
    try:
        return known[name]
    except KeyError:
        raise NotFoundError(f"There is no {kind} {name!r}.", f"{nearest(name, known).capitalize()}.") from None


@cache
def get_engine() -> Engine:
    """The engine over the skills that come with the realm, read once a process.

    Raises:
        ConfigError: a YAML of theirs is wrong.
    """
    return Engine(SkillCatalog.load())
