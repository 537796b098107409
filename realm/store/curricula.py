"""What a campaign trains: its plan and its settings of each skill. The rules are in realm.rules.schedule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from realm.errors import ConflictError
from realm.rules.schedule import Mix, MixKind, Plan, SkillSetting, Strategy, mix_in_words
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import plans, skill_settings


class CurriculumStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def plan(self, campaign_id: str) -> Plan:
        """The campaign's plan; the default one until another is set."""
        query = select(plans).where(plans.c.campaign_id == campaign_id)
        with self._db.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return Plan()
        mix = Mix(MixKind(row["mix"]), row["replay_share"], row["next_share"])
        return Plan(Strategy(row["strategy"]), row["focus"], mix)

    def set_plan(self, campaign_id: str, plan: Plan, now: datetime) -> Plan:
        """Train by `plan` from the next generated quest on."""
        values = {
            "campaign_id": campaign_id,
            "strategy": plan.strategy,
            "focus": plan.focus,
            "mix": plan.mix.kind,
            "replay_share": plan.mix.replay,
            "next_share": plan.mix.ahead,
        }
        with self._db.write() as connection:
            connection.execute(delete(plans).where(plans.c.campaign_id == campaign_id))
            connection.execute(insert(plans).values(**values))
            focus = f" on {plan.focus}" if plan.focus else ""
            title = f"Training plan: {plan.strategy}{focus}"
            emit(connection, now, "plan.changed", title, mix_in_words(plan.mix), values)
        return plan

    def settings(self, campaign_id: str, skill_ids: Iterable[str], enabled: Iterable[str]) -> dict[str, SkillSetting]:
        """The settings of each of `skill_ids`; those never set are enabled if they are in `enabled`."""
        with self._db.read() as connection:
            found = _settings(connection, campaign_id)
        default = set(enabled)
        return {each: found.get(each) or SkillSetting(each, each in default) for each in skill_ids}

    def set_skill(
        self,
        campaign_id: str,
        skill_id: str,
        enabled: bool | None,
        priority: int | None,
        now: datetime,
        *,
        skill_ids: Iterable[str],
        defaults: Iterable[str],
    ) -> SkillSetting:
        """Enable or disable a skill, or give it another priority; what is None stays.

        Args:
            skill_ids: every skill of the catalog.
            defaults: those that are enabled until something else is set.

        Raises:
            ConflictError: it is the last enabled skill that would be disabled.
        """
        default = set(defaults)
        with self._db.write() as connection:
            found = _settings(connection, campaign_id)
            known = {each: found.get(each) or SkillSetting(each, each in default) for each in skill_ids}
            before = known[skill_id]
            wanted = SkillSetting(
                skill_id,
                before.enabled if enabled is None else enabled,
                before.priority if priority is None else priority,
            )
            if before == wanted:
                return wanted
            others = any(each.enabled for each in known.values() if each.skill_id != skill_id)
            if not wanted.enabled and not others:
                raise ConflictError(f"{skill_id} is the only enabled skill.", "Enable another one first.")
            here = (skill_settings.c.campaign_id == campaign_id, skill_settings.c.skill_id == skill_id)
            values: dict[str, Any] = {"campaign_id": campaign_id, "skill_id": skill_id}
            values |= {"enabled": wanted.enabled, "priority": wanted.priority}
            connection.execute(delete(skill_settings).where(*here))
            connection.execute(insert(skill_settings).values(**values))
            if before.enabled != wanted.enabled:
                word = "enabled" if wanted.enabled else "disabled"
                emit(connection, now, f"skill.{word}", f"Skill {skill_id} {word}", "", values)
            if before.priority != wanted.priority:
                title = f"Skill {skill_id}: priority {wanted.priority}"
                emit(connection, now, "skill.priority", title, f"before: {before.priority}", values)
            return wanted


def _settings(connection: Connection, campaign_id: str) -> dict[str, SkillSetting]:
    rows = connection.execute(select(skill_settings).where(skill_settings.c.campaign_id == campaign_id)).mappings()
    return {row["skill_id"]: SkillSetting(row["skill_id"], row["enabled"], row["priority"]) for row in rows}
