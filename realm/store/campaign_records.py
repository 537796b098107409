"""A campaign's record, read from the books in one transaction. Only reads.

Which rows a number is computed from is said in realm.rules.measure_reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Final, cast

from sqlalchemy import Connection, case, func, select

from realm.errors import NotFoundError
from realm.rules.battle import BattleState
from realm.rules.quest import QuestStatus
from realm.rules.record import (
    ENOUGH_PROBLEMS,
    LONGEST_STREAK,
    CampaignRecord,
    ExamMark,
    LevelRecord,
    Score,
    SkillRecord,
    longest_run,
    longest_run_of_days,
)
from realm.store.database import Database
from realm.store.tables import (
    attempts,
    battles,
    campaigns,
    checkpoints,
    evaluations,
    exams,
    locations,
    passive_states,
    primitive_stats,
    quests,
    skill_states,
    sparring_sessions,
)

POSTED: Final = "user"
"""Origin of the quests that people post."""
LEVEL_RESULTS: Final = 8
"""Newest evaluations of a level, and newest reviews, that are looked at for its latest score."""
_PARTS: Final = 1_000_000
_PROBLEMS: Final = 100_000
"""A best evaluation comes out of one `max` as (accuracy in millionths) × 100,000 + n: of equals the one with more."""

Level = tuple[str, int]
_Counts = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Mastery:
    """The evaluation that mastered a level; `third` is the id of the level's third evaluation."""

    id: int
    skill_id: str
    level: int
    step: int
    at: datetime
    battle_id: str | None
    third: int | None


class CampaignRecordReader:
    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, campaign_id: str) -> CampaignRecord:
        """What the campaign has done so far.

        Raises:
            NotFoundError: no such campaign.
        """
        with self._db.read() as connection:
            query = select(campaigns.c.exam_version).where(campaigns.c.id == campaign_id)
            version = connection.execute(query).scalar_one_or_none()
            if version is None:
                raise NotFoundError(f"There is no campaign {campaign_id!r}.", "`realm hero list` names the campaigns.")
            masteries = _masteries(connection, campaign_id)
            values: dict[str, Any] = {
                **_ledger(connection, campaign_id),
                **_battles(connection, campaign_id, masteries),
                **_quests(connection, campaign_id),
                **_skills(connection, campaign_id, masteries),
                **_exams(connection, campaign_id, version),
                **_primitives(connection, campaign_id),
                **_passives(connection, campaign_id),
                **_sparring(connection, campaign_id),
            }
            return CampaignRecord(**values)


def _ledger(connection: Connection, campaign_id: str) -> dict[str, int]:
    columns = checkpoints.c
    resumable = columns.trashed_at.is_(None) & columns.has_optimizer
    most = (
        func.coalesce(func.max(case((resumable, each))), 0)
        for each in (columns.step, columns.tokens_seen, columns.examples_seen)
    )
    query = select(*most, func.count(), func.count(columns.crowned_at)).where(columns.campaign_id == campaign_id)
    steps, tokens, examples, saved, champions = cast(_Counts, connection.execute(query).one())
    copies = select(func.count(locations.c.asset_id.distinct())).select_from(
        locations.join(checkpoints, columns.id == locations.c.asset_id)
    )
    copied = connection.execute(copies.where(columns.campaign_id == campaign_id)).scalar_one()
    return {
        "steps": steps,
        "tokens": tokens,
        "examples": examples,
        "checkpoints": saved,
        "champions": champions,
        "checkpoints_copied": copied,
    }


def _battles(connection: Connection, campaign_id: str, masteries: Sequence[_Mastery]) -> dict[str, float]:
    newest = select(func.max(checkpoints.c.saved_at)).where(checkpoints.c.campaign_id == campaign_id)
    saved_at: datetime | None = connection.execute(newest).scalar_one_or_none()
    tried = select(attempts.c.started_at, attempts.c.ended_at).where(attempts.c.campaign_id == campaign_id)
    spans = [
        (started_at, ended_at or max(saved_at or started_at, started_at))
        for started_at, ended_at in connection.execute(tried)
    ]
    fought = select(battles.c.state, battles.c.ended_at).where(battles.c.campaign_id == campaign_id)
    states = connection.execute(fought).all()
    failed = [ended_at for state, ended_at in states if state == BattleState.FAILED and ended_at is not None]
    by_battle = Counter(each.battle_id for each in masteries if each.battle_id is not None)
    return {
        "training_seconds": sum(max(0.0, (end - begin).total_seconds()) for begin, end in spans),
        "training_days_streak": longest_run_of_days(spans),
        "battles": len(states),
        "attempts": len(spans),
        "mastery_streak": longest_run([each.at for each in masteries], failed),
        "levels_in_one_battle": max(by_battle.values(), default=0),
        "levels_in_three_evaluations": sum(each.id == each.third for each in masteries),
    }


def _quests(connection: Connection, campaign_id: str) -> dict[str, int]:
    posted = func.count(case((quests.c.origin == POSTED, 1)))
    query = select(func.count(), posted).where(
        quests.c.campaign_id == campaign_id, quests.c.status == QuestStatus.COMPLETED
    )
    completed, by_people = connection.execute(query).one()
    return {"quests_completed": completed, "posted_quests_completed": by_people}


def _skills(connection: Connection, campaign_id: str, masteries: Sequence[_Mastery]) -> dict[str, Any]:
    columns = evaluations.c
    enough = columns.n >= ENOUGH_PROBLEMS
    best = func.max(case((enough, columns.correct * _PARTS // columns.n * _PROBLEMS + columns.n)))
    query = select(columns.skill_id, columns.level, best, func.count(), func.sum(columns.n + columns.review_n))
    query = query.where(columns.campaign_id == campaign_id).group_by(columns.skill_id, columns.level)
    rows = connection.execute(query).all()
    latest = _latest(connection, campaign_id)
    mastered_at = {(each.skill_id, each.level): each.step for each in masteries}
    bests = {(skill_id, level): _score(key) for skill_id, level, key, _, _ in rows if key is not None}
    levels: dict[str, dict[int, LevelRecord]] = {}
    for skill_id, level in sorted({*bests, *latest, *mastered_at}):
        here = (skill_id, level)
        found = LevelRecord(bests.get(here), latest.get(here), mastered_at.get(here))
        levels.setdefault(skill_id, {})[level] = found
    return {
        "skills": _skill_records(connection, campaign_id, levels),
        "evaluations": sum(row[3] for row in rows),
        "problems": sum(row[4] for row in rows),
    }


def _skill_records(
    connection: Connection, campaign_id: str, levels: Mapping[str, Mapping[int, LevelRecord]]
) -> dict[str, SkillRecord]:
    """The skill states, with their levels."""
    states = skill_states.c
    query = select(states.skill_id, states.mastered_level, states.max_level, states.last_accuracy)
    query = query.where(states.campaign_id == campaign_id).order_by(states.skill_id)
    return {
        skill_id: SkillRecord(
            mastered_level, max_level, accuracy, _streak(connection, campaign_id, skill_id), levels.get(skill_id, {})
        )
        for skill_id, mastered_level, max_level, accuracy in connection.execute(query).all()
    }


def _streak(connection: Connection, campaign_id: str, skill_id: str) -> int:
    """Evaluations of a skill since the last one below 0.80, as far back as a streak goes."""
    columns = evaluations.c
    query = select(columns.correct, columns.n).where(
        columns.campaign_id == campaign_id, columns.skill_id == skill_id, columns.n >= ENOUGH_PROBLEMS
    )
    newest = connection.execute(query.order_by(columns.id.desc()).limit(LONGEST_STREAK))
    return sum(1 for _ in takewhile(lambda row: Score(row[0], row[1]).passing, newest))


def _score(key: int) -> Score:
    """The best evaluation of a level, from its number in `_skills`."""
    parts, n = divmod(key, _PROBLEMS)
    return Score(round(parts * n / _PARTS), n)


def _latest(connection: Connection, campaign_id: str) -> dict[Level, Score]:
    """The newest weights' evaluations and reviews of each level taken together, as many as hold 100 problems: those
    that `SkillStore.level_results` takes, for all skills at once."""
    found = [
        *_newest(connection, campaign_id, "level", "n", "correct"),
        *_newest(connection, campaign_id, "review_level", "review_n", "review_correct"),
    ]
    pooled: dict[Level, tuple[int, int]] = {}
    for _, level, n, correct in sorted(found, key=lambda each: each[0], reverse=True):
        before = pooled.get(level, (0, 0))
        if before[0] < ENOUGH_PROBLEMS:
            pooled[level] = (before[0] + n, before[1] + correct)
    return {level: Score(correct, n) for level, (n, correct) in pooled.items() if n}


def _newest(
    connection: Connection, campaign_id: str, level: str, n: str, correct: str
) -> Iterable[tuple[int, Level, int, int]]:
    """(step, level, n, correct) of the last evaluations of each level, newest first, by the columns of these names."""
    columns = evaluations.c
    asked = select(columns.skill_id, columns[level].label("level"))
    asked = asked.where(columns.campaign_id == campaign_id, columns[level].is_not(None)).distinct().subquery()
    each = evaluations.alias()
    newest = select(each.c.id).where(
        each.c.campaign_id == campaign_id, each.c.skill_id == asked.c.skill_id, each.c[level] == asked.c.level
    )
    newest = newest.order_by(each.c.step.desc(), each.c.id.desc()).limit(LEVEL_RESULTS).correlate(asked)
    query = select(columns.step, columns.skill_id, columns[level], columns[n], columns[correct])
    query = query.select_from(asked.join(evaluations, columns.id.in_(newest.scalar_subquery())))
    for step, skill_id, number, asked_n, right in connection.execute(query.order_by(columns.id.desc())):
        yield step, (skill_id, number), asked_n, right


def _masteries(connection: Connection, campaign_id: str) -> list[_Mastery]:
    columns, each = evaluations.c, evaluations.alias()
    third = select(each.c.id).where(
        each.c.campaign_id == campaign_id,
        each.c.skill_id == columns.skill_id,
        each.c.level == columns.mastered_level,
    )
    third = third.order_by(each.c.step, each.c.id).offset(2).limit(1).correlate(evaluations).scalar_subquery()
    query = select(
        columns.id,
        columns.skill_id,
        columns.mastered_level,
        columns.step,
        columns.created_at,
        columns.battle_id,
        third,
    ).where(columns.campaign_id == campaign_id, columns.mastered_level.is_not(None))
    return [_Mastery(*row) for row in connection.execute(query.order_by(columns.id))]


def _exams(connection: Connection, campaign_id: str, version: str) -> dict[str, Any]:
    query = select(exams.c.exam_version, exams.c.exam_accuracy, exams.c.n, exams.c.step)
    best: dict[str, ExamMark] = {}
    latest: tuple[int, ExamMark] | None = None
    count = records = 0
    for each, accuracy, n, step in connection.execute(
        query.where(exams.c.campaign_id == campaign_id).order_by(exams.c.id)
    ):
        count += 1
        mark, before = ExamMark(accuracy, n), best.get(each)
        if before is None or accuracy > before.accuracy:
            records += before is not None
            best[each] = mark
        if each == version and (latest is None or step >= latest[0]):
            latest = (step, mark)
    return {
        "exams": count,
        "exam_records": records,
        "exam_best": best.get(version),
        "exam_latest": None if latest is None else latest[1],
    }


def _primitives(connection: Connection, campaign_id: str) -> dict[str, Any]:
    columns = primitive_stats.c
    query = select(columns.primitive, columns.attempts, columns.window).where(columns.campaign_id == campaign_id)
    rows = connection.execute(query.order_by(columns.primitive)).all()
    return {
        "primitives": {primitive: Score(window.count("1"), len(window)) for primitive, _, window in rows if window},
        "primitive_outcomes": sum(asked for _, asked, _ in rows),
    }


def _passives(connection: Connection, campaign_id: str) -> dict[str, Any]:
    columns = passive_states.c
    query = select(columns.passive, columns.runs, columns.peak_n, columns.peak_correct)
    query = query.where(columns.campaign_id == campaign_id).order_by(columns.passive, columns.version)
    rows = connection.execute(query).all()
    newest = {passive: (peak_n, peak_correct) for passive, _, peak_n, peak_correct in rows}
    return {
        "passives": {passive: Score(right, n) for passive, (n, right) in newest.items() if n is not None},
        "passive_results": sum(row[1] for row in rows),
    }


def _sparring(connection: Connection, campaign_id: str) -> dict[str, int]:
    columns = sparring_sessions.c
    query = select(func.count(), func.coalesce(func.sum(columns.second_correct), 0))
    sessions, corrected = connection.execute(query.where(columns.campaign_id == campaign_id)).one()
    return {"sparring_sessions": sessions, "mistakes_corrected": corrected}
