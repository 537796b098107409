"""Climbs read from the books, and what is decided of them: standings, interventions, verdicts.

The rule is in realm.rules.level_cap. Reading a climb, deciding and recording the decision is one transaction: whatever
dies in the middle of it, the next evaluation finds all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from realm.errors import ConflictError, NotFoundError
from realm.rules.climb import CapRule, Climb
from realm.rules.level_cap import CapKind, CapState, Decision, Verdict, decide
from realm.rules.verdicts import ClimbStanding, InterventionRecord, VerdictRecord
from realm.store.climb_reads import Ladder, find_standing_verdict, find_under_way, read_climb
from realm.store.columns import to, values_of
from realm.store.courses import read_counters
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import climbs, evaluations, interventions, verdicts


class ClimbStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    # Reads

    def standings(self, campaign_id: str) -> tuple[ClimbStanding, ...]:
        """The newest decision on each skill, by skill id."""
        query = select(climbs).where(climbs.c.campaign_id == campaign_id).order_by(climbs.c.skill_id)
        with self._db.read() as connection:
            return tuple(to(ClimbStanding, row) for row in connection.execute(query).mappings())

    def is_decided(self, campaign_id: str, skill_id: str) -> bool:
        """Whether no evaluation came since the last decision."""
        decided = select(climbs.c.evaluation_id)
        decided = decided.where(climbs.c.campaign_id == campaign_id, climbs.c.skill_id == skill_id)
        newest = select(func.max(evaluations.c.id))
        newest = newest.where(evaluations.c.campaign_id == campaign_id, evaluations.c.skill_id == skill_id)
        with self._db.read() as connection:
            return connection.execute(newest).scalar() == connection.execute(decided).scalar()

    def asks_training(self, campaign_id: str, skill_id: str) -> bool:
        """Whether problems that were trained on are to be asked beside the next evaluation."""
        here = (climbs.c.campaign_id == campaign_id, climbs.c.skill_id == skill_id)
        with self._db.read() as connection:
            return bool(connection.execute(select(climbs.c.ask_training).where(*here)).scalar())

    def interventions(self, campaign_id: str) -> tuple[InterventionRecord, ...]:
        """All that was tried, oldest first."""
        query = select(interventions).where(interventions.c.campaign_id == campaign_id)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(interventions.c.number)).mappings()
            return tuple(to(InterventionRecord, row) for row in rows)

    def under_way(self, campaign_id: str) -> InterventionRecord | None:
        """The intervention that is tried now."""
        with self._db.read() as connection:
            return find_under_way(connection, campaign_id)

    def verdicts(self, campaign_id: str) -> tuple[VerdictRecord, ...]:
        """All that were given, newest first."""
        query = select(verdicts).where(verdicts.c.campaign_id == campaign_id).order_by(verdicts.c.number.desc())
        with self._db.read() as connection:
            return tuple(to(VerdictRecord, row) for row in connection.execute(query).mappings())

    def standing_verdicts(self, campaign_id: str) -> tuple[VerdictRecord, ...]:
        """Those that were not withdrawn, by skill id."""
        query = select(verdicts).where(verdicts.c.campaign_id == campaign_id, verdicts.c.withdrawn_at.is_(None))
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(verdicts.c.skill_id)).mappings()
            return tuple(to(VerdictRecord, row) for row in rows)

    def climb(self, campaign_id: str, ladder: Ladder) -> Climb:
        """A skill's climb up to now. Evaluations from before the last promotion are left out."""
        with self._db.read() as connection:
            return read_climb(connection, campaign_id, ladder)[0]

    # Changes

    def decide(self, campaign_id: str, ladder: Ladder, rule: CapRule, now: datetime) -> Decision | None:
        """Ask the rule where a climb stands, and record what it says; None when no evaluation came since the last time.

        An intervention begins only while none is under way in the campaign: two at once could not be told apart.
        """
        key = {"campaign_id": campaign_id, "skill_id": ladder.skill_id}
        here = [climbs.c[name] == value for name, value in key.items()]
        with self._db.write() as connection:
            climb, newest = read_climb(connection, campaign_id, ladder)
            row = connection.execute(select(climbs).where(*here)).mappings().one_or_none()
            known = to(ClimbStanding, row) if row else None
            if newest is None or (known is not None and known.evaluation_id == newest.id):
                return None
            given = find_standing_verdict(connection, campaign_id, ladder.skill_id)
            decision = decide(climb, rule, Verdict.from_json(given.body) if given else None)
            standing = ClimbStanding(
                **key,
                state=decision.state,
                evaluation_id=newest.id,
                step=newest.step,
                tokens=newest.tokens,
                at=now,
                ask_training=decision.ask_training,
                missing=decision.missing,
                evidence=asdict(decision.evidence) if decision.evidence else None,
            )
            connection.execute(delete(climbs).where(*here))
            connection.execute(insert(climbs).values(**{**values_of(standing), "missing": list(standing.missing)}))
            _tell_state(connection, known, standing, ladder, now)
            _change_interventions(connection, standing, decision, ladder, rule, now)
            _change_verdict(connection, given, decision, standing, climb, now)
            return decision

    def break_off(self, campaign_id: str, enabled: Collection[str], now: datetime) -> None:
        """End the intervention of a skill that is not enabled any more: nobody would measure it."""
        with self._db.write() as connection:
            found = find_under_way(connection, campaign_id)
            if found is None or found.skill_id in enabled:
                return
            last = read_counters(connection, campaign_id)[-1:]
            step, tokens = (last[0].step, round(last[0].tokens)) if last else (found.began_step, found.began_tokens)
            _end(connection, found, step, max(tokens, found.began_tokens), now, f"{found.skill_id} was disabled")

    def reopen(self, campaign_id: str, skill_id: str | None, now: datetime) -> tuple[VerdictRecord, ...]:
        """Withdraw the standing verdicts of a campaign, or of one skill: tokens and interventions count anew from here.

        Raises:
            NotFoundError: no verdict stands.
            ConflictError: every level is mastered: there is nothing to climb.
        """
        with self._db.write() as connection:
            query = select(verdicts).where(verdicts.c.campaign_id == campaign_id, verdicts.c.withdrawn_at.is_(None))
            rows = connection.execute(query.order_by(verdicts.c.skill_id)).mappings()
            standing = [each for each in (to(VerdictRecord, row) for row in rows) if skill_id in (None, each.skill_id)]
            if not standing:
                of = f" in {skill_id}" if skill_id else ""
                raise NotFoundError(f"Campaign {campaign_id} has no standing verdict{of}.")
            open_ended = [each for each in standing if each.kind != CapKind.LADDER_EXHAUSTED]
            if not open_ended:
                raise ConflictError(
                    f"{standing[0].words}: there is no level left to climb.",
                    "A new campaign begins from its weights: realm campaign new --from champion.",
                )
            newest = max((round(each.tokens) for each in read_counters(connection, campaign_id)), default=0)
            for each in open_ended:
                _withdraw(connection, each, "reopened", now, max(newest, each.tokens))
                here = (climbs.c.campaign_id == campaign_id, climbs.c.skill_id == each.skill_id)
                connection.execute(delete(climbs).where(*here))
            numbers = [each.number for each in open_ended]
            found = connection.execute(select(verdicts).where(verdicts.c.number.in_(numbers))).mappings()
            return tuple(to(VerdictRecord, row) for row in found)


def _change_interventions(
    connection: Connection, at: ClimbStanding, decision: Decision, ladder: Ladder, rule: CapRule, now: datetime
) -> None:
    found = find_under_way(connection, at.campaign_id)
    if decision.end is not None and found is not None and found.skill_id == at.skill_id:
        _end(connection, found, at.step, at.tokens, now, "")
        return
    if decision.start is None or decision.evidence is None or found is not None:
        return
    span = round(rule.intervention_multiple * decision.evidence.level_tokens)
    level = decision.evidence.level
    values = {"campaign_id": at.campaign_id, "skill_id": at.skill_id, "kind": decision.start, "level": level}
    began = {"span_tokens": span, "began_step": at.step, "began_tokens": at.tokens}
    made = insert(interventions).values(**values, **began, began_at=now).returning(interventions.c.number)
    number = connection.execute(made).scalar_one()
    title = f"{ladder.name} level {level}: {decision.start.words} is tried"
    detail = f"for {span:,} tokens, from step {at.step}"
    emit(connection, now, "intervention.began", title, detail, {**values, **began, "number": number})


def _end(connection: Connection, found: InterventionRecord, step: int, tokens: int, now: datetime, why: str) -> None:
    ended = {"ended_step": step, "ended_tokens": tokens}
    change = update(interventions).where(interventions.c.number == found.number)
    connection.execute(change.values(**ended, ended_at=now))
    title = f"{found.skill_id} level {found.level}: {found.kind.words} ended"
    detail = why or f"after {tokens - found.began_tokens:,} tokens"
    data = {"campaign_id": found.campaign_id, "skill_id": found.skill_id, "kind": found.kind, "number": found.number}
    emit(connection, now, "intervention.ended", title, detail, {**data, **ended})


def _change_verdict(
    connection: Connection,
    given: VerdictRecord | None,
    decision: Decision,
    at: ClimbStanding,
    climb: Climb,
    now: datetime,
) -> None:
    new = decision.verdict
    if given is not None:
        if new is not None and (new.kind, new.mastered_level) == (given.kind, given.mastered_level):
            return
        longer = f"the ladder has {climb.max_level} levels now"
        grown = climb.mastered_level > given.mastered_level
        _withdraw(connection, given, f"level {climb.mastered_level} was mastered" if grown else longer, now)
    if new is None:
        return
    values = {
        "campaign_id": at.campaign_id,
        "skill_id": at.skill_id,
        "kind": new.kind,
        "mastered_level": new.mastered_level,
        "cap_level": new.cap_level,
        "step": new.step,
        "tokens": new.tokens,
    }
    row = insert(verdicts).values(**values, at=now, words=new.words, body=new.to_json(), withdrawn_why="")
    number = connection.execute(row.returning(verdicts.c.number)).scalar_one()
    emit(connection, now, f"verdict.{new.kind}", new.words, f"at step {new.step}", {**values, "number": number})


def _withdraw(
    connection: Connection, given: VerdictRecord, why: str, now: datetime, reopened_tokens: int | None = None
) -> None:
    change = update(verdicts).where(verdicts.c.number == given.number)
    connection.execute(change.values(withdrawn_at=now, withdrawn_why=why, reopened_tokens=reopened_tokens))
    data = {"campaign_id": given.campaign_id, "skill_id": given.skill_id, "number": given.number}
    emit(connection, now, "verdict.withdrawn", f"Withdrawn: {given.words}", why, data)


def _tell_state(
    connection: Connection, before: ClimbStanding | None, after: ClimbStanding, ladder: Ladder, now: datetime
) -> None:
    """A plateau and its end; interventions and verdicts have events of their own."""
    was = before.state if before else CapState.CLIMBING
    stuck = (CapState.PLATEAU, CapState.INTERVENING)
    data = {"campaign_id": after.campaign_id, "skill_id": after.skill_id, "step": after.step, "tokens": after.tokens}
    if after.state == CapState.PLATEAU and was not in stuck:
        emit(connection, now, "climb.plateau", f"{ladder.name}: plateau suspected", "; ".join(after.missing), data)
    elif after.state == CapState.CLIMBING and was in stuck:
        emit(connection, now, "climb.resumed", f"{ladder.name}: climbing again", "", data)
