"""A campaign's record, read from the books in one transaction. Only reads.

Which rows a number is computed from is said in realm.rules.measure_reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    LevelRecord,
    Score,
    SkillRecord,
    longest_run,
    longest_run_of_days,
)
from realm.store.campaign_tallies import Tally, advanced
from realm.store.database import Database
from realm.store.tables import (
    attempts,
    battles,
    campaigns,
    checkpoints,
    evaluations,
    locations,
    passive_states,
    primitive_stats,
    quests,
    skill_states,
    sparring_sessions,
)

POSTED: Final = "user"
"""Origin of the quests that people post."""
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
    """Reads records; of what only grows, a campaign's next record reads what came since. For one thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tallies: dict[str, Tally] = {}

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
            states = _states(connection, campaign_id)
            tally = advanced(connection, campaign_id, states, self._tallies.get(campaign_id, Tally()))
            values: dict[str, Any] = {
                **_ledger(connection, campaign_id),
                **_battles(connection, campaign_id, masteries),
                **_quests(connection, campaign_id),
                **_primitives(connection, campaign_id),
                **_passives(connection, campaign_id),
                **_sparring(connection, campaign_id),
            }
        self._tallies[campaign_id] = tally
        return CampaignRecord(
            **values,
            skills=_with_levels(states, tally, masteries),
            evaluations=tally.evaluations,
            problems=tally.problems,
            exams=tally.exams,
            exam_records=tally.exam_records,
            exam_best=tally.exam_best.get(version),
            exam_latest=tally.exam_latest[version][1] if version in tally.exam_latest else None,
        )


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


def _states(connection: Connection, campaign_id: str) -> dict[str, SkillRecord]:
    """The skill states, without what is known of levels."""
    states = skill_states.c
    query = select(states.skill_id, states.mastered_level, states.max_level, states.last_accuracy)
    query = query.where(states.campaign_id == campaign_id).order_by(states.skill_id)
    return {
        skill_id: SkillRecord(mastered_level, max_level, accuracy, _streak(connection, campaign_id, skill_id))
        for skill_id, mastered_level, max_level, accuracy in connection.execute(query).all()
    }


def _with_levels(
    states: Mapping[str, SkillRecord], tally: Tally, masteries: Sequence[_Mastery]
) -> dict[str, SkillRecord]:
    mastered_at = {(each.skill_id, each.level): each.step for each in masteries}
    levels: dict[str, dict[int, LevelRecord]] = {}
    for here in sorted({*tally.best, *tally.latest, *mastered_at}):
        found = LevelRecord(tally.best.get(here), tally.latest.get(here), mastered_at.get(here))
        levels.setdefault(here[0], {})[here[1]] = found
    return {skill_id: replace(state, levels=levels.get(skill_id, {})) for skill_id, state in states.items()}


def _streak(connection: Connection, campaign_id: str, skill_id: str) -> int:
    """Evaluations of a skill since the last one below 0.80, as far back as a streak goes."""
    columns = evaluations.c
    query = select(columns.correct, columns.n).where(
        columns.campaign_id == campaign_id, columns.skill_id == skill_id, columns.n >= ENOUGH_PROBLEMS
    )
    newest = connection.execute(query.order_by(columns.id.desc()).limit(LONGEST_STREAK))
    return sum(1 for _ in takewhile(lambda row: Score(row[0], row[1]).passing, newest))


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
