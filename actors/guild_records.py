"""The guild's books beside levels: primitives, passives, samples, sparring. The rules are in `realm.rules`."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from actors.guild_requests import GuildRequests
from actors.guild_rows import passive_row, primitive_row, samples_row, sparring_row, weakest_first
from actors.service import now
from actors.waiting import ask
from realm.rules.passives import PassiveMode, PassiveResult
from realm.rules.primitives import PrimitiveStats
from realm.rules.sparring import SparringSession, expired
from realm.store.passives import PassiveStore
from realm.store.primitives import PrimitiveRun, PrimitiveStore
from realm.store.sparring import SparringStore


class GuildRecords(GuildRequests):
    """The part of SkillEngine that records and tells what is not about a skill's level."""

    @cached_property
    def primitive_books(self) -> PrimitiveStore:
        return PrimitiveStore(self.database)

    @cached_property
    def passive_books(self) -> PassiveStore:
        return PassiveStore(self.database)

    @cached_property
    def sparring_books(self) -> SparringStore:
        return SparringStore(self.database)

    # Records

    def record_primitives(self, result: dict[str, Any], outcomes: dict[str, str]) -> None:
        """Record primitives asked alone, once per job; `outcomes` are 0 and 1 by primitive."""
        self.primitive_books.record(PrimitiveRun(**result, at=now()), outcomes)

    def record_passives(self, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Record one job's passives, once. Returns the rows of `passives()` of these."""
        at = now()
        records = self.passive_books.record(
            [PassiveResult(**{**each, "mode": PassiveMode(each["mode"])}, at=at) for each in results]
        )
        return [passive_row(self.engine.passive(each.state.passive), each) for each in records]

    def record_sparring(self, result: dict[str, Any], examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Post the examples as a quest and record the session, once per job.

        No quest is posted without mistakes, or when the hero has moved on too far since; `reason` says so.
        """
        found = self.sparring_books.of_job(result["job_id"])
        if found is not None:
            return sparring_row(found)
        session = SparringSession(**result, at=now())
        reason = "no mistakes, no quest"
        if examples:
            step = self._live_step(session.campaign_id)
            reason = expired(session.step, step, self.config.sparring.max_age_steps)
        quest_id = None
        if not reason:
            name = f"{session.skill_id}-l{session.level:02d}-sparring-{session.job_id}"
            board = self.peer("quest_board")
            quest_id = ask(board.post_sparring.remote(name, session.skill_id, session.level, examples))["id"]
        made = SparringSession(
            **result, at=session.at, examples=len(examples) if quest_id else 0, quest_id=quest_id, reason=reason
        )
        return sparring_row(self.sparring_books.record(made))

    def _live_step(self, campaign_id: str) -> int:
        """The step that the campaign is known to have reached."""
        battle, newest = self.battles.current(campaign_id), self.checkpoints.newest(campaign_id)
        return max(battle.step if battle else 0, newest.step if newest else 0)

    # Reading

    def primitive_summary(self, skill_id: str | None = None) -> list[dict[str, Any]]:
        """Accuracy of every primitive, or of those that a skill exercises: weakest first, those never asked last."""
        campaign = self.campaign_id
        known = {primitive.id: primitive for primitive in self.engine.list_primitives()}
        stats, history = self.primitive_books.stats(campaign), self.primitive_books.history(campaign)
        wanted = self.engine.get(skill_id).primitives if skill_id is not None else {**known, **stats}
        rows = [
            primitive_row(each, known.get(each), stats.get(each, PrimitiveStats(campaign, each)), history.get(each, ()))
            for each in wanted
        ]
        return sorted(rows, key=weakest_first)

    def passives(self) -> list[dict[str, Any]]:
        """Every passive with its newest results, what is pooled of them, its peak, and a warning while it is below."""
        passives = self.engine.list_passives()
        records = self.passive_books.read(self.campaign_id, [(each.id, each.version) for each in passives])
        return [passive_row(passive, record) for passive, record in zip(passives, records, strict=True)]

    def samples(self, skill_id: str, level: int | None = None) -> list[dict[str, Any]]:
        """Answers of the newest evaluation of each level, or of one, with their grades.

        Raises:
            NotFoundError: no such skill or level.
        """
        skill = self.engine.get(skill_id)
        if level is not None:
            skill.level(level)
        return [samples_row(each) for each in self.store.samples(self.campaign_id, skill_id, level)]

    def sparring(self, limit: int = 20) -> list[dict[str, Any]]:
        """The last sparring sessions, newest first."""
        return [sparring_row(each) for each in self.sparring_books.page(self.campaign_id, limit)]
