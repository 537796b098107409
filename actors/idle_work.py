"""Idle-time work: what TaskMaster posts while workers wait and nobody asked for anything. The rules decide what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from actors.curriculum import Curriculum
from actors.service import Service, now
from realm.rules.battle import DesiredState
from realm.rules.idle_work import EXAMS_BEHIND, ROLES, TAG, IdleKind, IdleState, IdleWork, Seen, SkillSeen, choose
from realm.rules.job import JobType, Priority
from realm.rules.job_match import Ask
from realm.rules.stronghold import HOME, Zone
from realm.store.battles import BattleStore
from realm.store.checkpoints import CheckpointStore
from realm.store.idle_reads import IdleReads
from realm.store.jobs import Accepted, JobStore
from skills import get_engine

APART = ("realm/role", "oracle")
"""A label of nodes that no battle trains on."""
JOB_TYPES = {
    IdleKind.EXAM: JobType.EXAM,
    IdleKind.REVIEW: JobType.EVAL,
    IdleKind.SPARRING: JobType.SPARRING,
    IdleKind.RETENTION: JobType.RETENTION,
}


class IdleTime:
    """Looks at what there is, asks the rules, and queues what they choose. Called from one thread at a time."""

    def __init__(self, service: Service, jobs: JobStore) -> None:
        self.service = service
        self.jobs = jobs
        self.last: dict[IdleKind, datetime] = {}
        self.asked: set[str] = set()
        self.told: dict[str, Any] = {}

    @cached_property
    def reads(self) -> IdleReads:
        return IdleReads(self.service.database)

    @cached_property
    def checkpoints(self) -> CheckpointStore:
        return CheckpointStore(self.service.database)

    @cached_property
    def battles(self) -> BattleStore:
        return BattleStore(self.service.database)

    @cached_property
    def curriculum(self) -> Curriculum:
        return Curriculum(self.service.database, get_engine())

    def post(self, waiting: Sequence[Ask]) -> bool:
        """Queue what the rules choose for the workers that wait; whether anything was queued."""
        state = self._state(waiting)
        chosen = choose(state) if state is not None else ()
        queued = [self._queue(work) for work in chosen]
        return any(queued)

    def state(self) -> dict[str, Any]:
        """By kind what was last done, when and why."""
        return {kind: dict(said) for kind, said in self.told.items()}

    def _queue(self, work: IdleWork) -> bool:
        at = self.last[work.kind] = now()
        told: dict[str, Any] = {"at": at.isoformat(), "reason": work.reason, "job_id": None}
        self.told[work.kind.value] = told
        if work.job_type is None:
            self.service.peer("vault_keeper").verify.remote(work.payload["checkpoint_id"])
            return False
        answer = self.jobs.submit(
            work.job_type, work.payload, at, priority=Priority.IDLE, tags=(TAG, work.reason), key=work.key
        )
        if work.key is not None:
            self.asked.add(work.key)
        if not isinstance(answer, Accepted):
            return False
        told["job_id"] = answer.job.id
        return not answer.repeated

    def _state(self, waiting: Sequence[Ask]) -> IdleState | None:
        config, campaign = self.service.config, self.service.campaigns.get_active()
        if campaign is None or not config.jobs.idle_work:
            return None
        roles = {role for ask in waiting for role in ask.roles} & set(ROLES.values())
        free = frozenset(role for role in roles if not self.jobs.asked_waiting([role]))
        if not free:
            return None
        battle = self.battles.current(campaign.id)
        name, value = APART
        last, still = self._posted()
        placed = {HOME: Zone.HOT, **{each: place.zone for each, place in config.vault.strongholds.items()}}
        retained = self.reads.retained()
        return IdleState(
            now=now(),
            interval_s=config.jobs.idle_interval_s,
            free_roles=free,
            campaign_id=campaign.id,
            exam_version=campaign.exam_version,
            battle=battle is not None and battle.desired_state == DesiredState.RUN,
            apart=any("eval" in ask.roles and ask.labels.get(name) == value for ask in waiting),
            auto_quests=config.auto_quest.enabled,
            checkpoints=self._checkpoints(campaign.id, campaign.exam_version),
            skills=self._skills(campaign.id),
            copies=self.reads.copies(),
            retained={zone.value: retained.get(zone.value) for zone in Zone if zone in placed.values()},
            last=last,
            open=still,
        )

    def _posted(self) -> tuple[dict[IdleKind, datetime], frozenset[IdleKind]]:
        """When each kind was last posted, a former TaskMaster's posts among them, and which are not over."""
        last, still = dict(self.last), set[IdleKind]()
        for kind, job_type in JOB_TYPES.items():
            found = self.reads.last_idle(job_type)
            if found is not None:
                last[kind] = max(found[0], last.get(kind, found[0]))
                if found[1]:
                    still.add(kind)
        return last, frozenset(still)

    def _checkpoints(self, campaign_id: str, exam_version: str) -> tuple[Seen, ...]:
        found = self.checkpoints.page(campaign_id, limit=EXAMS_BEHIND)
        return tuple(
            Seen(
                each.id,
                each.step,
                each.exam_version == exam_version or f"exam/{each.id}/{exam_version}" in self.asked,
            )
            for each in found
        )

    def _skills(self, campaign_id: str) -> tuple[SkillSeen, ...]:
        campaign, asked = self.service.campaigns.get(campaign_id), self.reads.levels_asked(campaign_id)
        states = [self.curriculum.state(campaign, skill) for skill in self.curriculum.skills(campaign)]
        return tuple(
            SkillSeen(
                each.skill_id,
                each.mastered_level,
                each.training_level,
                each.last_accuracy,
                self._levels(campaign_id, each.skill_id, asked.get(each.skill_id, {})),
            )
            for each in states
        )

    def _levels(self, campaign_id: str, skill_id: str, asked: dict[int, int]) -> dict[int, int]:
        """The levels that were asked; one whose review was queued for the newest checkpoint counts as asked of it."""
        newest = self.checkpoints.newest(campaign_id)
        if newest is None:
            return asked
        prefix = f"idle-review/{newest.id}/{skill_id}/"
        queued = [int(key.removeprefix(prefix)) for key in self.asked if key.startswith(prefix)]
        return asked | dict.fromkeys(queued, newest.step)
