"""What people ask of the guild: evaluations, passives, primitives and sparring as jobs. Refuses before it queues."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any

from actors.evaluation_reads import EvaluationReads
from actors.service import call_id
from actors.waiting import ask
from realm.errors import ConflictError, NotFoundError
from realm.rules.job import JOB_SPECS, JobType, Priority
from realm.rules.job_payloads import NEWEST
from realm.store.battles import BattleStore
from realm.store.checkpoints import CheckpointStore
from realm.store.skills import SkillStore
from skills import Engine
from skills.problem import FOLDS

SPARRING_PROBLEMS = 100
PRIMITIVE_PROBLEMS = 5


class GuildRequests(EvaluationReads):
    """The part of SkillEngine that queues jobs."""

    engine: Engine
    store: SkillStore

    @cached_property
    def checkpoints(self) -> CheckpointStore:
        return CheckpointStore(self.database)

    @cached_property
    def battles(self) -> BattleStore:
        return BattleStore(self.database)

    def request_evaluation(
        self, skill_id: str, level: int | None = None, count: int | None = None, checkpoint_id: str | None = None
    ) -> dict[str, Any]:
        """Queue an evaluation. Without a level it is of the training level, without a checkpoint of the newest weights.

        Returns:
            `job_id` with what TaskMaster says of it.

        Raises:
            NotFoundError: no such skill, level or checkpoint, or there are no weights yet.
            RealmError: a count that is too small or too large.
            ConflictError: the level has too few distinct problems for `count`.
        """
        skill = self.engine.get(skill_id)
        payload = self._weights(checkpoint_id) | {"skill_id": skill.id}
        level = self._level(skill_id, level, payload["campaign_id"])
        count = skill.evaluation.count if count is None else count
        payload |= {"level": level, "count": count}
        JOB_SPECS[JobType.EVAL].check(payload)
        fold = self.fresh_fold(payload["campaign_id"], skill_id, level)
        skill.generate(level, count, fold, "eval", fold % FOLDS)
        return self._submit(JobType.EVAL, payload | {"seed": fold, "fold": fold})

    def request_passives(self, mode: str = "lite", checkpoint_id: str | None = None) -> dict[str, Any]:
        """Queue all passives, `lite` or `full`.

        Raises:
            NotFoundError: no such checkpoint, or there are no weights yet.
            RealmError: another mode.
        """
        return self._submit(JobType.PASSIVE_EVAL, self._weights(checkpoint_id) | {"mode": mode})

    def request_primitives(
        self, primitive_id: str | None = None, count: int = PRIMITIVE_PROBLEMS, checkpoint_id: str | None = None
    ) -> dict[str, Any]:
        """Queue `count` problems of one primitive, or of each.

        Raises:
            NotFoundError: no such primitive or checkpoint, or there are no weights yet.
            ConflictError: a primitive has too few distinct problems for `count`.
            RealmError: a count that is too small or too large.
        """
        payload = self._weights(checkpoint_id) | {"count": count}
        if primitive_id is not None:
            payload["primitive_id"] = self.engine.primitive(primitive_id).id
        JOB_SPECS[JobType.PRIMITIVE].check(payload)
        for primitive in self.engine.list_primitives():
            if primitive_id in (None, primitive.id):
                primitive.generate(count, 0)
        return self._submit(JobType.PRIMITIVE, payload)

    def request_sparring(
        self,
        skill_id: str,
        count: int = SPARRING_PROBLEMS,
        level: int | None = None,
        checkpoint_id: str | None = None,
    ) -> dict[str, Any]:
        """Queue sparring on `count` problems. Defaults as of `request_evaluation`.

        Raises:
            NotFoundError: no such skill, level or checkpoint, or there are no weights yet.
            ConflictError: the checkpoint belongs to another campaign.
            RealmError: a count that is too small or too large.
        """
        payload = self._weights(checkpoint_id)
        if payload["campaign_id"] != self.campaign_id:
            raise ConflictError(
                f"Checkpoint {payload['checkpoint_id']} belongs to campaign {payload['campaign_id']}.",
                f"Spar with one of {self.campaign_id}: its hero learns from its own mistakes.",
            )
        level = self._level(skill_id, level, payload["campaign_id"])
        return self._submit(JobType.SPARRING, payload | {"skill_id": skill_id, "level": level, "count": count})

    def newest_weights(self, campaign_id: str) -> list[dict[str, Any]]:
        """Payload fields that name the newest weights, then those to fall back on: of a snapshot, of a checkpoint."""
        newest = self.checkpoints.newest(campaign_id)
        snapshot: dict[str, Any] | None = ask(self.peer("arena").newest_snapshot.remote(campaign_id))
        found = [snapshot] if snapshot and (newest is None or snapshot["step"] > newest.step) else []
        return [*found, *([{"checkpoint_id": newest.id, "step": newest.step}] if newest else [])]

    def fresh_fold(self, campaign_id: str, skill_id: str, level: int) -> int:
        """The number of the next evaluation's problems: none of those of the evaluations it will stand beside."""
        skill = self.engine.get(skill_id)
        state = self.store.ensure_state(campaign_id, skill_id, skill.max_level)
        beside: Collection[int] = [each.fold for each in state.window if each.level == level][-(FOLDS - 1) :]
        return self.store.next_fold(campaign_id, skill_id, level, beside, FOLDS)

    def _level(self, skill_id: str, level: int | None, campaign_id: str) -> int:
        skill = self.engine.get(skill_id)
        if level is None:
            return self.store.find_state(campaign_id, skill_id, skill.max_level).training_level
        return skill.level(level).level

    def _weights(self, checkpoint_id: str | None) -> dict[str, Any]:
        if checkpoint_id is not None:
            found = self.checkpoints.get(checkpoint_id)
            return {"campaign_id": found.campaign_id, "checkpoint_id": found.id, "step": found.step}
        campaign_id = self.campaign_id
        if not self.newest_weights(campaign_id):
            raise NotFoundError(
                f"Campaign {campaign_id} has no weights yet.", "They are there once a battle runs: realm quest post."
            )
        return {"campaign_id": campaign_id, "weights": NEWEST}

    def _submit(self, job_type: JobType, payload: dict[str, Any]) -> dict[str, Any]:
        # Ray runs the request again when this actor is killed before it answered: the key then gives the same job.
        key = f"asked/{call}" if (call := call_id()) else None
        submitted = ask(self.peer("task_master").submit.remote(job_type.value, payload, Priority.HIGH.value, key))
        return submitted | {"payload": payload}
