"""What happened in a campaign between two moments, read from the books in one transaction. Only reads.

Moments lie in (since, until]. Events are kept for 14 days: a quest's failure before that is not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from realm.errors import NotFoundError
from realm.rules.away import (
    Away,
    Best,
    Champion,
    Failure,
    SkillUp,
    Span,
    next_action,
    paused_spans,
    times_of,
    trained_spans,
)
from realm.rules.battle import Attempt, Battle, BattleState
from realm.rules.campaign import Campaign
from realm.rules.job import JobStatus
from realm.rules.momentum import Action
from realm.rules.quest import QuestStatus
from realm.store.columns import to
from realm.store.database import Database
from realm.store.tables import (
    attempts,
    battle_points,
    battles,
    campaigns,
    checkpoints,
    evaluations,
    events,
    exams,
    jobs,
    quests,
)

FAILED: Final = "failed"


class AwayReader:
    def __init__(self, db: Database) -> None:
        self._db = db

    def read(self, campaign_id: str, since: datetime, until: datetime, suggested: Action | None = None) -> Away:
        """What happened after `since`, up to `until`. `suggested`: what the campaign needs now.

        Raises:
            NotFoundError: no such campaign.
            RequestError: `since` is after `until`.
        """
        span = Span(since, until)
        with self._db.read() as connection:
            campaign = _campaign(connection, campaign_id)
            fought = _all(connection, Battle, battles, campaign_id)
            tried = _all(connection, Attempt, attempts, campaign_id)
            signs = _last_signs(connection, campaign_id, tried)
            failed_quests = _failed_quests(connection, campaign_id, span)
            present = _present_champion(connection, campaign, until)
            return Away(
                campaign_id=campaign_id,
                span=span,
                times=times_of(span, trained_spans(tried, signs), paused_spans(tried, fought, until)),
                xp_before=_xp(connection, campaign_id, since),
                xp_after=_xp(connection, campaign_id, until),
                quests_completed=_completed(connection, campaign_id, span),
                train_loss=_best_train_loss(connection, campaign_id, span),
                val_loss=_best_val_loss(connection, campaign, span),
                skill_ups=_skill_ups(connection, campaign_id, span),
                champion_before=_champion(connection, campaign_id, since),
                champion_after=present or _champion(connection, campaign_id, until),
                failures=_failures(connection, span, fought, tried, failed_quests),
                next_action=next_action(suggested, [quest_id for _, quest_id, _, _ in failed_quests]),
            )


def _campaign(connection: Connection, campaign_id: str) -> Campaign:
    row = connection.execute(select(campaigns).where(campaigns.c.id == campaign_id)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no campaign {campaign_id!r}.", "`realm hero list` names the campaigns.")
    return to(Campaign, row)


def _all(connection: Connection, cls: type[Any], table: Any, campaign_id: str) -> list[Any]:
    query = select(table).where(table.c.campaign_id == campaign_id).order_by(table.c.number)
    return [to(cls, row) for row in connection.execute(query).mappings()]


def _within(column: Any, span: Span) -> Any:
    return (column > span.begin) & (column <= span.end)


def _last_signs(connection: Connection, campaign_id: str, tried: Sequence[Attempt]) -> dict[int, datetime]:
    """Attempt number → when it last gave a metric point or saved a checkpoint."""
    points = select(battle_points.c.attempt_number, func.max(battle_points.c.at))
    points = points.where(battle_points.c.campaign_id == campaign_id).group_by(battle_points.c.attempt_number)
    signs: dict[int, datetime] = dict(connection.execute(points).all())
    saved = select(checkpoints.c.saved_at).where(checkpoints.c.campaign_id == campaign_id)
    moments = sorted(connection.execute(saved).scalars())
    at = 0
    for number, attempt in enumerate(tried):
        end = tried[number + 1].started_at if number + 1 < len(tried) else None
        while at < len(moments) and (end is None or moments[at] < end):
            if moments[at] > signs.get(attempt.number, attempt.started_at):
                signs[attempt.number] = moments[at]
            at += 1
    return signs


def _xp(connection: Connection, campaign_id: str, at: datetime) -> int:
    """The step of the newest checkpoint that training could resume from at a moment. Retention removes rows of old
    ones; a quest completed by then shows that one covered its last step."""
    ledger, board = checkpoints.c, quests.c
    saved = select(func.max(ledger.step)).where(
        ledger.campaign_id == campaign_id, ledger.has_optimizer, ledger.saved_at <= at
    )
    covered = select(func.max(board.last_step)).where(board.campaign_id == campaign_id, board.completed_at <= at)
    return max(connection.execute(each).scalar() or 0 for each in (saved, covered))


def _completed(connection: Connection, campaign_id: str, span: Span) -> int:
    query = select(func.count()).where(quests.c.campaign_id == campaign_id, _within(quests.c.completed_at, span))
    return connection.execute(query).scalar_one()


def _best_train_loss(connection: Connection, campaign_id: str, span: Span) -> Best:
    columns = battle_points.c

    def best(at: datetime) -> float | None:
        query = select(func.min(columns.train_loss)).where(columns.campaign_id == campaign_id, columns.at <= at)
        return connection.execute(query).scalar()

    return Best(best(span.begin), best(span.end))


def _best_val_loss(connection: Connection, campaign: Campaign, span: Span) -> Best:
    """Of the exams of the campaign's version: another one measures another validation set."""
    columns = exams.c

    def best(at: datetime) -> float | None:
        query = select(func.min(columns.val_loss)).where(
            columns.campaign_id == campaign.id, columns.exam_version == campaign.exam_version, columns.created_at <= at
        )
        return connection.execute(query).scalar()

    return Best(best(span.begin), best(span.end))


def _skill_ups(connection: Connection, campaign_id: str, span: Span) -> tuple[SkillUp, ...]:
    columns = evaluations.c
    query = select(columns.skill_id, columns.mastered_level).where(
        columns.campaign_id == campaign_id, columns.mastered_level.is_not(None), _within(columns.created_at, span)
    )
    levels: dict[str, list[int]] = {}
    for skill_id, level in connection.execute(query.order_by(columns.id)):
        levels.setdefault(skill_id, []).append(level)
    return tuple(SkillUp(skill_id, tuple(sorted(each))) for skill_id, each in sorted(levels.items()))


def _champion(connection: Connection, campaign_id: str, at: datetime) -> Champion | None:
    """The checkpoint that was last made champion, by an exam or by hand, up to a moment; None when none was, or when
    it is deleted since."""
    columns = checkpoints.c
    found: list[tuple[datetime, Champion]] = []
    for made in (columns.crowned_at, columns.promoted_at):
        query = select(made, columns.id, columns.step, columns.exam_accuracy)
        query = query.where(columns.campaign_id == campaign_id, made <= at).order_by(made.desc()).limit(1)
        found += [(when, Champion(*rest)) for when, *rest in connection.execute(query)]
    return max(found, key=lambda each: each[0])[1] if found else None


def _present_champion(connection: Connection, campaign: Campaign, until: datetime) -> Champion | None:
    """The campaign's champion, unless it became so after `until`. One that took its place back has no new date."""
    columns = checkpoints.c
    later = (columns.crowned_at > until) | (columns.promoted_at > until)
    query = select(func.count()).where(columns.campaign_id == campaign.id, later)
    if connection.execute(query).scalar_one():
        return None
    present = select(columns.id, columns.step, columns.exam_accuracy).where(columns.id == campaign.champion_id)
    row = connection.execute(present).one_or_none()
    return None if row is None else Champion(*row)


def _failed_quests(connection: Connection, campaign_id: str, span: Span) -> list[tuple[datetime, str, str, str]]:
    """(at, id, name, reason) of quests that failed in the span and still have, in that order."""
    query = select(events.c.at, events.c.data["quest_id"].as_string()).where(
        _within(events.c.at, span), events.c.kind == f"quest.{FAILED}"
    )
    moments = {quest_id: at for at, quest_id in connection.execute(query.order_by(events.c.seq))}
    columns = quests.c
    rows = select(columns.id, columns.name, columns.reason).where(
        columns.campaign_id == campaign_id, columns.status == QuestStatus.FAILED
    )
    found = [
        (moments[quest_id], quest_id, name, reason or "")
        for quest_id, name, reason in connection.execute(rows)
        if quest_id in moments
    ]
    return sorted(found)


def _failures(
    connection: Connection,
    span: Span,
    fought: Sequence[Battle],
    tried: Sequence[Attempt],
    failed_quests: Sequence[tuple[datetime, str, str, str]],
) -> tuple[Failure, ...]:
    """Battles, attempts, quests and jobs that failed in the span; of each kind how many, and the last."""

    def inside(at: datetime | None) -> bool:
        return at is not None and span.begin < at <= span.end

    columns = jobs.c
    query = select(columns.finished_at, columns.id, columns.type, columns.error).where(
        columns.status == JobStatus.FAILED, _within(columns.finished_at, span)
    )
    kinds: dict[str, list[tuple[Any, str, str]]] = {
        "battle": [
            (each.ended_at, f"battle {each.number}", each.reason)
            for each in fought
            if each.state is BattleState.FAILED and inside(each.ended_at)
        ],
        "attempt": [
            (each.ended_at, f"attempt {each.number}", each.reason)
            for each in tried
            if each.outcome == FAILED and inside(each.ended_at)
        ],
        "quest": [(at, f"quest {name}", reason) for at, _, name, reason in failed_quests],
        "job": [
            (at, f"job {number} ({kind.value})", error or "")
            for at, number, kind, error in connection.execute(query.order_by(columns.finished_at))
        ],
    }
    made: list[Failure] = []
    for kind, found in kinds.items():
        if found:
            at, last, reason = max(found, key=lambda each: each[0])
            made.append(Failure(kind, len(found), last, reason, at))
    return tuple(made)
