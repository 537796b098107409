"""What of a campaign only ever grows, read up to an id and from there on the next time: evaluations and exams.

Their rows are never changed or deleted, and their ids rise with the transactions that write them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection, case, func, literal, select, union_all

from realm.rules.record import ENOUGH_PROBLEMS, ExamMark, Score
from realm.store.tables import evaluations, exams

LEVEL_RESULTS: Final = 8
"""Newest evaluations of a level, and newest reviews, that are looked at for its latest score."""
_AT_ONCE: Final = 100
"""Levels a query asks for; SQLite joins at most 500 parts into one."""
_PARTS: Final = 1_000_000
_PROBLEMS: Final = 100_000
"""A best evaluation comes out of one `max` as (accuracy in millionths) × 100,000 + n: of equals the one with more."""

Level = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Tally:
    """Evaluations up to `evaluation_id` and exams up to `exam_id`, counted.

    `best` and `latest` are by (skill id, level), exams' marks by version, the latest of them with its step.
    """

    evaluation_id: int = 0
    evaluations: int = 0
    problems: int = 0
    best: Mapping[Level, Score] = field(default_factory=dict[Level, Score])
    latest: Mapping[Level, Score] = field(default_factory=dict[Level, Score])
    exam_id: int = 0
    exams: int = 0
    exam_records: int = 0
    exam_best: Mapping[str, ExamMark] = field(default_factory=dict[str, ExamMark])
    exam_latest: Mapping[str, tuple[int, ExamMark]] = field(default_factory=dict[str, tuple[int, ExamMark]])


def advanced(connection: Connection, campaign_id: str, skill_ids: Iterable[str], tally: Tally) -> Tally:
    """The tally with the rows that came since; `skill_ids` are all that the campaign has evaluations of."""
    return _with_exams(connection, campaign_id, _with_evaluations(connection, campaign_id, skill_ids, tally))


def _with_evaluations(connection: Connection, campaign_id: str, skill_ids: Iterable[str], tally: Tally) -> Tally:
    columns = evaluations.c
    enough = columns.n >= ENOUGH_PROBLEMS
    best = func.max(case((enough, columns.correct * _PARTS // columns.n * _PROBLEMS + columns.n)))
    newest, count, problems = tally.evaluation_id, tally.evaluations, tally.problems
    bests, asked = dict(tally.best), set[Level]()
    for skill_id in skill_ids:
        mine = [columns.campaign_id == campaign_id, columns.skill_id == skill_id]
        if tally.evaluation_id:  # else all of them are read: in the order of the index on levels, without a sort
            mine.append(columns.id > tally.evaluation_id)
        query = select(columns.level, best, func.count(), func.sum(columns.n + columns.review_n), func.max(columns.id))
        for level, key, rows, answered, last in connection.execute(query.where(*mine).group_by(columns.level)):
            newest, count, problems = max(newest, last), count + rows, problems + answered
            here = (skill_id, level)
            asked.add(here)
            if key is not None:
                both = (bests.get(here, _score(key)), _score(key))
                bests[here] = max(both, key=lambda score: (score.accuracy, score.n))
        # A few rows are looked through one by one; of all, the index on reviews tells the levels.
        reviewed = select(columns.review_level).where(*mine)
        reviewed = reviewed if tally.evaluation_id else reviewed.distinct()
        found = connection.execute(reviewed).scalars()
        asked |= {(skill_id, level) for level in found if level is not None}
    latest = {**tally.latest, **_latest(connection, campaign_id, sorted(asked))}
    return replace(tally, evaluation_id=newest, evaluations=count, problems=problems, best=bests, latest=latest)


def _score(key: int) -> Score:
    """The best evaluation of a level, from the number that `_with_evaluations` makes of it."""
    parts, n = divmod(key, _PROBLEMS)
    return Score(round(parts * n / _PARTS), n)


def _latest(connection: Connection, campaign_id: str, levels: Sequence[Level]) -> dict[Level, Score]:
    """The newest weights' evaluations and reviews of each level taken together, as many as hold 100 problems: those
    that `SkillStore.level_results` takes."""
    found: list[tuple[int, Level, int, int]] = []
    parts = [levels[first : first + _AT_ONCE] for first in range(0, len(levels), _AT_ONCE)]
    for some in parts:
        found += _newest(connection, campaign_id, some, "level", "n", "correct")
    for some in parts:
        found += _newest(connection, campaign_id, some, "review_level", "review_n", "review_correct")
    pooled: dict[Level, tuple[int, int]] = {}
    for _, level, n, correct in sorted(found, key=lambda each: each[0], reverse=True):
        before = pooled.get(level, (0, 0))
        if before[0] < ENOUGH_PROBLEMS:
            pooled[level] = (before[0] + n, before[1] + correct)
    return {level: Score(correct, n) for level, (n, correct) in pooled.items() if n}


def _newest(
    connection: Connection, campaign_id: str, levels: Iterable[Level], level: str, n: str, correct: str
) -> Iterator[tuple[int, Level, int, int]]:
    """(step, level, n, correct) of the last evaluations of each level, newest first, by the columns of these names."""
    columns, each = evaluations.c, evaluations.alias()
    parts = [select(literal(skill).label("skill_id"), literal(number).label("level")) for skill, number in levels]
    asked = union_all(*parts).subquery()
    newest = select(each.c.id).where(
        each.c.campaign_id == campaign_id, each.c.skill_id == asked.c.skill_id, each.c[level] == asked.c.level
    )
    newest = newest.order_by(each.c.step.desc(), each.c.id.desc()).limit(LEVEL_RESULTS).correlate(asked)
    query = select(columns.step, columns.skill_id, columns[level], columns[n], columns[correct])
    query = query.select_from(asked.join(evaluations, columns.id.in_(newest.scalar_subquery())))
    for step, skill_id, number, asked_n, right in connection.execute(query.order_by(columns.id.desc())):
        yield step, (skill_id, number), asked_n, right


def _with_exams(connection: Connection, campaign_id: str, tally: Tally) -> Tally:
    columns = exams.c
    query = select(columns.id, columns.exam_version, columns.exam_accuracy, columns.n, columns.step)
    query = query.where(columns.campaign_id == campaign_id, columns.id > tally.exam_id).order_by(columns.id)
    best, latest = dict(tally.exam_best), dict(tally.exam_latest)
    changes: dict[str, Any] = {"exam_id": tally.exam_id, "exams": tally.exams, "exam_records": tally.exam_records}
    for number, version, accuracy, n, step in connection.execute(query):
        mark, before = ExamMark(accuracy, n), best.get(version)
        changes["exam_id"] = number
        changes["exams"] += 1
        if before is None or accuracy > before.accuracy:
            changes["exam_records"] += before is not None
            best[version] = mark
        if version not in latest or step >= latest[version][0]:
            latest[version] = (step, mark)
    return replace(tally, **changes, exam_best=best, exam_latest=latest)
