"""Climbs read from the rows of a campaign, inside the caller's transaction. Does not know what is decided of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from realm.rules.climb import Climb, Intervention, Observation, Promotion
from realm.rules.transitions import Counters, at_step
from realm.rules.verdicts import InterventionRecord, VerdictRecord
from realm.store.columns import to
from realm.store.courses import read_counters
from realm.store.tables import evaluations, interventions, verdicts


@dataclass(frozen=True, slots=True)
class Ladder:
    """A skill as a climb needs it. `name` is what people read."""

    skill_id: str
    name: str
    max_level: int
    threshold: float


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest evaluation whose tokens are known."""

    id: int
    step: int
    tokens: int


def read_climb(connection: Connection, campaign_id: str, ladder: Ladder) -> tuple[Climb, Newest | None]:
    """The climb, and the evaluation up to which it is known."""
    columns = evaluations.c
    mine = (columns.campaign_id == campaign_id, columns.skill_id == ladder.skill_id)
    points = read_counters(connection, campaign_id)
    mastered = connection.execute(
        select(columns.id, columns.mastered_level, columns.step)
        .where(*mine, columns.mastered_level.is_not(None))
        .order_by(columns.id)
    ).all()
    promotions: list[Promotion] = []
    before = 0
    for number, level, step in mastered:
        total = func.coalesce(func.sum(columns.review_n), 0), func.coalesce(func.sum(columns.review_correct), 0)
        asked = select(*total).where(*mine, columns.id > before, columns.id <= number)
        review_n, review_correct = connection.execute(asked).one()
        found = at_step(points, step)
        # A promotion by weights beyond the newest point: the point follows within seconds.
        tokens = round(found.tokens if found else points[-1].tokens if points else 0)
        promotions.append(Promotion(level, step, tokens, review_n, review_correct))
        before = number
    newest = _newest_known(connection, campaign_id, ladder.skill_id, points)
    level = max((each.level for each in promotions), default=0) + 1
    wanted = select(evaluations).where(*mine, columns.id > before, columns.level == level)
    wanted = wanted.where(columns.level_share.is_not(None)).order_by(columns.step, columns.id)
    observations = [
        _observation(row, tokens.tokens)
        for row in connection.execute(wanted).mappings()
        if (tokens := at_step(points, row["step"])) is not None
    ]
    query = select(interventions).where(interventions.c.campaign_id == campaign_id)
    tried = connection.execute(query.where(interventions.c.skill_id == ladder.skill_id)).mappings()
    reopened = select(func.max(verdicts.c.reopened_tokens)).where(
        verdicts.c.campaign_id == campaign_id, verdicts.c.skill_id == ladder.skill_id
    )
    climb = Climb(
        skill=ladder.name,
        max_level=ladder.max_level,
        observations=tuple(observations),
        promotions=tuple(promotions),
        interventions=tuple(
            Intervention(each.kind, each.level, each.began_tokens, each.ended_tokens)
            for each in sorted((to(InterventionRecord, row) for row in tried), key=lambda each: each.number)
        ),
        threshold=ladder.threshold,
        reopened_tokens=connection.execute(reopened).scalar(),
    )
    return climb, newest


def _newest_known(connection: Connection, campaign_id: str, skill_id: str, points: Sequence[Counters]) -> Newest | None:
    if not points:
        return None
    columns = evaluations.c
    query = select(columns.id, columns.step).where(columns.campaign_id == campaign_id, columns.skill_id == skill_id)
    query = query.where(columns.step <= points[-1].step).order_by(columns.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    found = None if row is None else at_step(points, row.step)
    return None if row is None or found is None else Newest(row.id, row.step, round(found.tokens))


def _observation(row: Any, tokens: float) -> Observation:
    names = ("step", "level", "n", "correct", "train_n", "train_correct", "review_level", "review_n", "review_correct")
    shares = {name: row[name] for name in ("level_share", "mastered_share")}
    return Observation(tokens=round(tokens), **{name: row[name] for name in names}, **shares)


def find_under_way(connection: Connection, campaign_id: str) -> InterventionRecord | None:
    query = select(interventions).where(interventions.c.campaign_id == campaign_id, interventions.c.ended_at.is_(None))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else to(InterventionRecord, row)


def find_standing_verdict(connection: Connection, campaign_id: str, skill_id: str) -> VerdictRecord | None:
    here = (verdicts.c.campaign_id == campaign_id, verdicts.c.skill_id == skill_id, verdicts.c.withdrawn_at.is_(None))
    row = connection.execute(select(verdicts).where(*here)).mappings().one_or_none()
    return None if row is None else to(VerdictRecord, row)
