"""Reads primitives, passives, samples and sparring of a campaign as rows. Reads only; knows no actor."""

from __future__ import annotations

from typing import Any

from actors.guild_rows import passive_row, primitive_row, samples_row, sparring_row, weakest_first
from realm.rules.primitives import PrimitiveStats
from realm.store.database import Database
from realm.store.passives import PassiveStore
from realm.store.primitives import PrimitiveStore
from realm.store.skills import SkillStore
from realm.store.sparring import SparringStore
from skills import Engine


class GuildBooks:
    """The guild's books beside levels."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self.engine = engine
        self.skills = SkillStore(database)
        self.primitives = PrimitiveStore(database)
        self.passives = PassiveStore(database)
        self.sparring = SparringStore(database)
        self._read: tuple[tuple[str, dict[str, PrimitiveStats]], dict[str, dict[str, Any]]] | None = None

    def primitive_rows(self, campaign_id: str, skill_id: str | None = None) -> list[dict[str, Any]]:
        """Accuracy of every primitive, or of those that a skill exercises: weakest first, those never asked last."""
        rows = self._primitives_by_id(campaign_id)
        wanted = self.engine.get(skill_id).primitives if skill_id is not None else rows
        return sorted((rows[each] for each in wanted), key=weakest_first)

    def _primitives_by_id(self, campaign_id: str) -> dict[str, dict[str, Any]]:
        """The row of every primitive. Histories are long: they are read again once more was asked, which stats say."""
        stats = self.primitives.stats(campaign_id)
        if self._read is None or self._read[0] != (campaign_id, stats):
            known = {primitive.id: primitive for primitive in self.engine.list_primitives()}
            # Both as of one moment: more may be recorded meanwhile.
            stats, history = self.primitives.recorded(campaign_id)
            rows = {
                each: primitive_row(
                    each, known.get(each), stats.get(each, PrimitiveStats(campaign_id, each)), history.get(each, ())
                )
                for each in {**known, **stats}
            }
            self._read = ((campaign_id, stats), rows)
            return rows
        return self._read[1]

    def passive_rows(self, campaign_id: str) -> list[dict[str, Any]]:
        """Every passive with its newest results, what is pooled of them, its peak, and a warning while it is below."""
        passives = self.engine.list_passives()
        records = self.passives.read(campaign_id, [(each.id, each.version) for each in passives])
        return [passive_row(passive, record) for passive, record in zip(passives, records, strict=True)]

    def sample_rows(self, campaign_id: str, skill_id: str, level: int | None = None) -> list[dict[str, Any]]:
        """Answers of the newest evaluation of each level, or of one, with their grades.

        Raises:
            NotFoundError: no such skill or level.
        """
        skill = self.engine.get(skill_id)
        if level is not None:
            skill.level(level)
        return [samples_row(each) for each in self.skills.samples(campaign_id, skill_id, level)]

    def sparring_rows(self, campaign_id: str, limit: int, skill_id: str | None = None) -> list[dict[str, Any]]:
        """The last sparring sessions, of one skill or of all, newest first."""
        return [sparring_row(each) for each in self.sparring.page(campaign_id, limit, skill_id)]

    def newest_sparring(self, campaign_id: str) -> dict[str, dict[str, Any]]:
        """The last sparring session of each skill that has one, by skill id."""
        return {skill_id: sparring_row(each) for skill_id, each in self.sparring.newest(campaign_id).items()}
