"""The guild's books beside levels: primitives, passives, samples, sparring. The rules are in `realm.rules`."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from actors.assignments import Assignments
from actors.guild_books import GuildBooks
from actors.guild_rows import passive_row, sparring_row
from actors.service import now
from actors.waiting import ask
from realm.errors import ConflictError
from realm.rules.passives import PassiveMode, PassiveResult
from realm.rules.sparring import SparringSession, expired
from realm.store.primitives import PrimitiveRun


class GuildRecords(Assignments):
    """The part of SkillEngine that records and tells what is not about a skill's level."""

    @cached_property
    def books(self) -> GuildBooks:
        return GuildBooks(self.database, self.engine)

    # Records

    def record_primitives(self, result: dict[str, Any], outcomes: dict[str, str]) -> None:
        """Record primitives asked alone, once per job; `outcomes` are 0 and 1 by primitive."""
        self.books.primitives.record(PrimitiveRun(**result, at=now()), outcomes)

    def record_passives(self, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Record one job's passives, once. Returns the rows of `passives()` of these."""
        at = now()
        records = self.books.passives.record(
            [PassiveResult(**{**each, "mode": PassiveMode(each["mode"])}, at=at) for each in results]
        )
        return [passive_row(self.engine.passive(each.state.passive), each) for each in records]

    def record_sparring(self, result: dict[str, Any], examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Post the examples as a quest and record the session, once per job.

        No quest is posted without mistakes, or when the hero has moved on too far since; `reason` says so.

        Raises:
            ConflictError: the job is cancelled.
        """
        found = self.books.sparring.of_job(result["job_id"])
        if found is not None:
            return sparring_row(found)
        session = SparringSession(**result, at=now())
        reason = "no mistakes"
        if examples:
            step = self._live_step(session.campaign_id)
            reason = expired(session.step, step, self.config.sparring.max_age_steps)
        quest_id = None
        if not reason:
            name = f"{session.skill_id}-l{session.level:02d}-sparring-{session.job_id}"
            board = self.peer("quest_board")
            posting = board.post_sparring.remote(session.campaign_id, name, session.skill_id, session.level, examples)
            quest_id = ask(posting)["id"]
        made = SparringSession(
            **result, at=session.at, examples=len(examples) if quest_id else 0, quest_id=quest_id, reason=reason
        )
        try:
            return sparring_row(self.books.sparring.record(made))
        except ConflictError as error:
            if quest_id:
                ask(self.peer("quest_board").cancel.remote(quest_id, str(error)))
            raise

    def _live_step(self, campaign_id: str) -> int:
        """The step that the campaign is known to have reached."""
        battle, newest = self.battles.current(campaign_id), self.checkpoints.newest(campaign_id)
        return max(battle.step if battle else 0, newest.step if newest else 0)

    # Reading

    def primitive_summary(self, skill_id: str | None = None) -> list[dict[str, Any]]:
        """Accuracy of every primitive, or of those that a skill exercises: weakest first, those never asked last."""
        return self.books.primitive_rows(self.campaign_id, skill_id)

    def passives(self) -> list[dict[str, Any]]:
        """Every passive with its newest results, what is pooled of them, its peak, and a warning while it is below."""
        return self.books.passive_rows(self.campaign_id)

    def samples(self, skill_id: str, level: int | None = None) -> list[dict[str, Any]]:
        """Answers of the newest evaluation of each level, or of one, with their grades.

        Raises:
            NotFoundError: no such skill or level.
        """
        return self.books.sample_rows(self.campaign_id, skill_id, level)

    def sparring(self, limit: int = 20, skill_id: str | None = None) -> list[dict[str, Any]]:
        """The last sparring sessions, of one skill or of all, newest first."""
        return self.books.sparring_rows(self.campaign_id, limit, skill_id)
