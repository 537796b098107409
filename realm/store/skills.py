"""Evaluations, exams and skill states. The level-up rule is in realm.rules.progression; this keeps what it says.

An evaluation or exam is recorded once per job id: recording it again returns what was recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from realm.rules.progression import (
    Change,
    Evaluation,
    Exam,
    Happening,
    LevelRule,
    SkillState,
    advance,
    wilson_interval,
    xp_gained,
)
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.events import emit
from realm.store.job_rows import note_recorded
from realm.store.primitives import record_outcomes
from realm.store.tables import evaluation_samples, evaluations, exams, folds, skill_states

LEVEL_PROBLEMS: Final = 100
"""Problems of a level whose newest results are pooled."""
LEVEL_EVALUATIONS: Final = 8
"""Newest evaluations of a level, and newest reviews, that are looked at."""


@dataclass(frozen=True, slots=True)
class EvaluationOutcome:
    """What recording an evaluation did. `repeated` when its job's result had been recorded before."""

    evaluation: Evaluation
    state: SkillState
    happenings: tuple[Happening, ...]
    xp_gained: int
    repeated: bool = False

    @property
    def mastered_level(self) -> int | None:
        """The level that this evaluation mastered."""
        return _mastered_level(self.happenings)


@dataclass(frozen=True, slots=True)
class Samples:
    """Some answers of an evaluation: each with prompt, answer, expected, correct and reason."""

    skill_id: str
    level: int
    step: int
    at: datetime
    samples: Sequence[Mapping[str, Any]]


class SkillStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def ensure_state(self, campaign_id: str, skill_id: str, max_level: int) -> SkillState:
        """The campaign's state in a skill, begun at level 0; takes over a changed `max_level`."""
        with self._db.write() as connection:
            return _ensure(connection, campaign_id, skill_id, max_level)

    def find_state(self, campaign_id: str, skill_id: str, max_level: int) -> SkillState:
        """The campaign's state in a skill; before its first evaluation, the one it will begin with. Only reads."""
        with self._db.read() as connection:
            found = _states(connection, campaign_id, skill_id)
        return found[0] if found else SkillState(campaign_id, skill_id, max_level)

    def record_evaluation(
        self,
        evaluation: Evaluation,
        rule: LevelRule,
        primitives: Mapping[str, str] | None = None,
        samples: Sequence[Mapping[str, Any]] = (),
    ) -> EvaluationOutcome:
        """Record an evaluation, apply the level-up rule, and tell of it, in one transaction.

        `primitives`: outcomes by primitive as 0 and 1, in the order of the answers. `samples`: some of the answers,
        which take the place of the level's earlier ones.
        """
        now = evaluation.created_at
        with self._db.write() as connection:
            state = _ensure(connection, evaluation.campaign_id, evaluation.skill_id, rule.max_level)
            known = select(evaluations).where(evaluations.c.job_id == evaluation.job_id)
            row = connection.execute(known).mappings().one_or_none()
            if row is not None:
                happenings = tuple(Happening(Change(each[0]), each[1], each[2]) for each in row["happenings"])
                return EvaluationOutcome(to(Evaluation, row), state, happenings, row["xp_gained"], repeated=True)
            note_recorded(connection, evaluation.job_id, now)
            gained = xp_gained(evaluation, rule.xp_multiplier)
            state, happenings = advance(state, evaluation, rule)
            told = [[each.change, each.level, each.detail] for each in happenings]
            values = {**values_of(evaluation, "id"), "xp_gained": gained, "happenings": told}
            values["mastered_level"] = _mastered_level(happenings)
            values["low"], values["high"] = wilson_interval(evaluation.correct, evaluation.n)
            number = connection.execute(insert(evaluations).values(**values).returning(evaluations.c.id)).scalar_one()
            recorded = replace(evaluation, id=number)
            state = replace(state, window=tuple(recorded if each is evaluation else each for each in state.window))
            _store_state(connection, state)
            _keep_samples(connection, recorded, samples)
            record_outcomes(connection, evaluation.campaign_id, evaluation.step, primitives or {})
            _tell(connection, now, recorded, happenings)
            return EvaluationOutcome(recorded, state, happenings, gained)

    def record_exam(self, exam: Exam) -> Exam:
        """Record an exam; the one recorded before for the same job, if there is one."""
        with self._db.write() as connection:
            known = select(exams).where(exams.c.job_id == exam.job_id)
            row = connection.execute(known).mappings().one_or_none()
            if row is not None:
                return to(Exam, row)
            note_recorded(connection, exam.job_id, exam.created_at)
            values = values_of(exam, "id")
            number = connection.execute(insert(exams).values(**values).returning(exams.c.id)).scalar_one()
            data = {"exam_id": number, "step": exam.step, "exam_accuracy": exam.exam_accuracy, "n": exam.n}
            data |= {"checkpoint_id": exam.checkpoint_id, "campaign_id": exam.campaign_id}
            title = f"Exam at step {exam.step}: {exam.exam_accuracy:.3f}"
            emit(connection, exam.created_at, "exam.recorded", title, f"{exam.n} problems", data)
            return replace(exam, id=number)

    def next_fold(self, campaign_id: str, skill_id: str, level: int, beside: Collection[int] = (), of: int = 3) -> int:
        """A number for the next evaluation's problems, from 0; never the same twice at a level.

        It differs modulo `of` from each of the fewer than `of` numbers in `beside`.
        """
        key = {"campaign_id": campaign_id, "skill_id": skill_id, "level": level}
        here = [folds.c[name] == value for name, value in key.items()]
        taken = {number % of for number in beside}
        with self._db.write() as connection:
            first = connection.execute(select(folds.c.next_fold).where(*here)).scalar_one_or_none()
            number = next(number for number in range(first or 0, (first or 0) + of) if number % of not in taken)
            if first is None:
                connection.execute(insert(folds).values(**key, next_fold=number + 1))
            else:
                connection.execute(update(folds).where(*here).values(next_fold=number + 1))
            return number

    def states(self, campaign_id: str) -> tuple[SkillState, ...]:
        """The campaign's skill states, by skill id."""
        with self._db.read() as connection:
            return tuple(_states(connection, campaign_id))

    def evaluations(self, campaign_id: str, skill_id: str | None = None, limit: int = 50) -> tuple[Evaluation, ...]:
        """The last evaluations, newest first."""
        query = select(evaluations).where(evaluations.c.campaign_id == campaign_id)
        if skill_id is not None:
            query = query.where(evaluations.c.skill_id == skill_id)
        query = query.order_by(evaluations.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return tuple(to(Evaluation, row) for row in connection.execute(query).mappings())

    def evaluation_page(
        self, campaign_id: str, skill_id: str | None, checkpoint_id: str | None, limit: int, offset: int = 0
    ) -> tuple[list[tuple[Evaluation, int | None]], int]:
        """Evaluations of a campaign, of a skill, of a checkpoint, newest first, each with the level that it mastered;
        and how many there are of them."""
        wanted = [evaluations.c.campaign_id == campaign_id]
        if skill_id is not None:
            wanted.append(evaluations.c.skill_id == skill_id)
        if checkpoint_id is not None:
            wanted.append(evaluations.c.checkpoint_id == checkpoint_id)
        query = select(evaluations).where(*wanted).order_by(evaluations.c.id.desc()).limit(limit).offset(offset)
        with self._db.read() as connection:
            rows = connection.execute(query).mappings().all()
            total = connection.execute(select(func.count()).select_from(evaluations).where(*wanted)).scalar_one()
        return [(to(Evaluation, row), row["mastered_level"]) for row in rows], total

    def recent(self, campaign_id: str, skill_id: str, limit: int) -> list[tuple[Evaluation, int | None]]:
        """The last evaluations of a skill, oldest first, each with the level that it mastered."""
        query = select(evaluations).where(evaluations.c.campaign_id == campaign_id, evaluations.c.skill_id == skill_id)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(evaluations.c.id.desc()).limit(limit)).mappings().all()
        return [(to(Evaluation, row), row["mastered_level"]) for row in reversed(rows)]

    def samples(self, campaign_id: str, skill_id: str, level: int | None = None) -> tuple[Samples, ...]:
        """Answers of the newest evaluation of each level, or of one, by level."""
        query = select(evaluation_samples).where(
            evaluation_samples.c.campaign_id == campaign_id, evaluation_samples.c.skill_id == skill_id
        )
        if level is not None:
            query = query.where(evaluation_samples.c.level == level)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(evaluation_samples.c.level)).mappings()
            return tuple(to(Samples, row) for row in rows)

    def mastered_at(self, campaign_id: str) -> dict[str, dict[int, int]]:
        """Skill id → level → the campaign step of the evaluation that mastered it."""
        query = select(evaluations.c.skill_id, evaluations.c.mastered_level, evaluations.c.step)
        query = query.where(evaluations.c.campaign_id == campaign_id, evaluations.c.mastered_level.is_not(None))
        found: dict[str, dict[int, int]] = {}
        with self._db.read() as connection:
            for skill_id, level, step in connection.execute(query.order_by(evaluations.c.id)):
                found.setdefault(skill_id, {})[level] = step
        return found

    def exams(self, campaign_id: str, limit: int = 50) -> tuple[Exam, ...]:
        """The last exams, newest first."""
        query = select(exams).where(exams.c.campaign_id == campaign_id).order_by(exams.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return tuple(to(Exam, row) for row in connection.execute(query).mappings())

    def find_exam(self, checkpoint_id: str, exam_version: str) -> Exam | None:
        """The last exam of this version that a checkpoint took."""
        query = select(exams).where(exams.c.checkpoint_id == checkpoint_id, exams.c.exam_version == exam_version)
        with self._db.read() as connection:
            row = connection.execute(query.order_by(exams.c.id.desc()).limit(1)).mappings().one_or_none()
            return None if row is None else to(Exam, row)

    def level_results(
        self, campaign_id: str, skill_id: str, problems: int = LEVEL_PROBLEMS
    ) -> dict[int, tuple[int, int]]:
        """Level → (n, correct) of the evaluations and reviews of its newest weights: as many as hold so many
        `problems`. Levels that were in neither have what the newest exam asked of them, or are not there.
        """
        newest_exam = select(exams.c.level_results).where(exams.c.campaign_id == campaign_id)
        newest_exam = newest_exam.order_by(exams.c.step.desc(), exams.c.id.desc()).limit(1)
        with self._db.read() as connection:
            found = [
                *_newest_of_levels(connection, campaign_id, skill_id, "level", "n", "correct"),
                *_newest_of_levels(connection, campaign_id, skill_id, "review_level", "review_n", "review_correct"),
            ]
            examined: Mapping[str, dict[int, tuple[int, int]]] = connection.execute(newest_exam).scalar() or {}
        pooled: dict[int, tuple[int, int]] = {}
        for _, level, n, correct in sorted(found, key=lambda each: each[0], reverse=True):
            before = pooled.get(level, (0, 0))
            if before[0] < problems:
                pooled[level] = (before[0] + n, before[1] + correct)
        return dict(sorted((examined.get(skill_id, {}) | pooled).items()))

    def val_losses(self, campaign_id: str, after: int = -1) -> list[tuple[int, float]]:
        """(step, validation loss) of every exam beyond step `after` that measured one, in the order of their steps."""
        query = select(exams.c.step, exams.c.val_loss).where(
            exams.c.campaign_id == campaign_id, exams.c.step > after, exams.c.val_loss.is_not(None)
        )
        with self._db.read() as connection:
            return [(step, loss) for step, loss in connection.execute(query.order_by(exams.c.step, exams.c.id))]


def _newest_of_levels(
    connection: Connection, campaign_id: str, skill_id: str, level: str, n: str, correct: str
) -> list[tuple[int, int, int, int]]:
    """(step, level, n, correct) of the newest evaluations of each level, by the columns of these names."""
    columns = evaluations.c
    mine = (columns.campaign_id == campaign_id, columns.skill_id == skill_id)
    levels = connection.execute(select(columns[level]).where(*mine, columns[level].is_not(None)).distinct())
    found: list[tuple[int, int, int, int]] = []
    for number in levels.scalars().all():
        query = select(columns.step, columns[level], columns[n], columns[correct])
        query = query.where(*mine, columns[level] == number).order_by(columns.step.desc(), columns.id.desc())
        found += [tuple(row) for row in connection.execute(query.limit(LEVEL_EVALUATIONS))]
    return found


def _ensure(connection: Connection, campaign_id: str, skill_id: str, max_level: int) -> SkillState:
    found = _states(connection, campaign_id, skill_id)
    if not found:
        made = SkillState(campaign_id, skill_id, max_level)
        connection.execute(insert(skill_states).values(**values_of(made, "window"), window_ids=()))
        return made
    state = replace(found[0], max_level=max_level)
    if state != found[0]:
        _store_state(connection, state)
    return state


def _states(connection: Connection, campaign_id: str, skill_id: str | None = None) -> list[SkillState]:
    query = select(skill_states).where(skill_states.c.campaign_id == campaign_id).order_by(skill_states.c.skill_id)
    if skill_id is not None:
        query = query.where(skill_states.c.skill_id == skill_id)
    rows = connection.execute(query).mappings().all()
    wanted = [number for row in rows for number in row["window_ids"]]
    found: dict[int, Evaluation] = {}
    if wanted:
        chosen = select(evaluations).where(evaluations.c.id.in_(wanted))
        found = {row["id"]: to(Evaluation, row) for row in connection.execute(chosen).mappings()}
    return [to(SkillState, row, window=tuple(found[number] for number in row["window_ids"])) for row in rows]


def _store_state(connection: Connection, state: SkillState) -> None:
    here = (skill_states.c.campaign_id == state.campaign_id, skill_states.c.skill_id == state.skill_id)
    values = values_of(state, "window", "campaign_id", "skill_id")
    window_ids = tuple(each.id for each in state.window)
    connection.execute(update(skill_states).where(*here).values(**values, window_ids=window_ids))


def _keep_samples(connection: Connection, evaluation: Evaluation, samples: Sequence[Mapping[str, Any]]) -> None:
    if not samples:
        return
    key = {name: getattr(evaluation, name) for name in ("campaign_id", "skill_id", "level")}
    connection.execute(delete(evaluation_samples).where(*(evaluation_samples.c[name] == key[name] for name in key)))
    values = {"step": evaluation.step, "at": evaluation.created_at, "samples": [dict(each) for each in samples]}
    connection.execute(insert(evaluation_samples).values(**key, **values))


def _tell(connection: Connection, now: datetime, evaluation: Evaluation, happenings: Sequence[Happening]) -> None:
    data: dict[str, Any] = {
        "campaign_id": evaluation.campaign_id,
        "skill_id": evaluation.skill_id,
        "level": evaluation.level,
        "step": evaluation.step,
        "accuracy": evaluation.accuracy,
        "n": evaluation.n,
    }
    score = f"{evaluation.skill_id} level {evaluation.level}: {evaluation.correct} of {evaluation.n}"
    emit(connection, now, "evaluation.recorded", score, happenings[0].detail, data)
    for each in happenings:
        if each.change == Change.LEVEL_MASTERED:
            title = f"{evaluation.skill_id} level {each.level} mastered at step {evaluation.step}"
            emit(connection, now, "level.mastered", title, each.detail, data)
        elif each.change == Change.LADDER_EXHAUSTED:
            emit(connection, now, "ladder.exhausted", f"{evaluation.skill_id}: {each.detail}", "", data)


def _mastered_level(happenings: tuple[Happening, ...]) -> int | None:
    return next((each.level for each in happenings if each.change == Change.LEVEL_MASTERED), None)
