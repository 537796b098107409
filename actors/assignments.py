"""What a worker is to ask with an eval-role job: its payload resolved against the books. Records nothing but folds."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from actors.curriculum import Curriculum
from actors.guild_requests import GuildRequests
from realm.errors import ConflictError, RequestError
from realm.rules.job import JobType
from realm.rules.job_tasks import (
    EvalTask,
    ExamTask,
    InferenceTask,
    PassiveTask,
    PrimitiveTask,
    SkillVersion,
    SparringTask,
    Task,
    Weights,
)
from realm.rules.passives import PassiveMode
from realm.store.quests import QuestStore
from skills import Skill, exam_version
from skills.curriculum import EXAM_PER_LEVEL

REVIEW_PROBLEMS = 25
"""Problems of a mastered level that are asked beside an evaluation, in its batch of 128."""
LOOKED_THROUGH = 10
"""Quests that are searched for one that holds the level."""
REMEMBERED = 1000
"""Tasks of the last jobs that were handed out."""


class Assignments(GuildRequests):
    """The part of SkillEngine that hands out tasks."""

    curriculum: Curriculum

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.assigned: OrderedDict[str, Task] = OrderedDict()

    def assign(self, job: dict[str, Any]) -> dict[str, Any]:
        """The task of a claimed job, as its model in `realm.rules.job_tasks` writes it.

        Raises:
            ConflictError: `superseded`: the weights it names are gone.
            RealmError: what it names is not there.
        """
        payload = job["payload"]
        task = self._task_of(job, self._weights_of(payload))
        self.assigned[job["id"]] = task
        self.assigned.move_to_end(job["id"])
        while len(self.assigned) > REMEMBERED:
            self.assigned.popitem(last=False)
        return task.model_dump(mode="json", exclude_none=True)

    def _task_of(self, job: dict[str, Any], weights: tuple[Weights, ...]) -> Task:
        payload, seed = job["payload"], int(job["id"])
        match JobType(job["type"]):
            case JobType.EVAL:
                return self._eval_task(job, weights)
            case JobType.EXAM:
                skills = self.curriculum.skills(self.campaigns.get(weights[0].campaign_id))
                versions = tuple(skill_version(skill) for skill in skills)
                return ExamTask(
                    weights=weights, skills=versions, version=exam_version(skills), per_level=EXAM_PER_LEVEL
                )
            case JobType.PASSIVE_EVAL:
                passives = {passive.id: passive.version for passive in self.engine.list_passives()}
                return PassiveTask(weights=weights, mode=PassiveMode(payload["mode"]), passives=passives, seed=seed)
            case JobType.PRIMITIVE:
                chosen = payload.get("primitive_id")
                known = [self.engine.primitive(chosen)] if chosen else self.engine.list_primitives()
                names = tuple(primitive.id for primitive in known)
                return PrimitiveTask(weights=weights, primitives=names, count=payload["count"], seed=seed)
            case JobType.SPARRING:
                skill = self.engine.get(payload["skill_id"])
                level = self._level(skill.id, payload.get("level"), weights[0].campaign_id)
                count = payload["count"]
                return SparringTask(weights=weights, skill=skill_version(skill), level=level, count=count, seed=seed)
            case JobType.INFERENCE:
                return InferenceTask(weights=weights, prompt=payload["prompt"], max_tokens=payload["max_tokens"])
            case other:
                raise RequestError(f"A job of type {other} has no task.", "Jobs of role eval have one.")

    def _eval_task(self, job: dict[str, Any], weights: tuple[Weights, ...]) -> EvalTask:
        """Never the same problems twice at a level, unless seed and fold are named.

        Unless a level is, problems of a mastered level are asked beside, each in its turn: its review. Where a plateau
        is looked into, so are problems of the level that the hero was trained on.
        """
        payload = job["payload"]
        skill, campaign_id = self.engine.get(payload["skill_id"]), weights[0].campaign_id
        level = self._level(skill.id, payload.get("level"), campaign_id)
        seed, fold = payload.get("seed"), payload.get("fold")
        if fold is None:
            fold = self.fresh_fold(campaign_id, skill.id, level) if seed is None else seed
        beside: dict[str, Any] = {}
        mastered = self.store.find_state(campaign_id, skill.id, skill.max_level).mastered_level
        if payload.get("level") is None and mastered:
            level_of_review = mastered - fold % mastered
            beside = {"review_level": level_of_review, "review_count": REVIEW_PROBLEMS, "review_seed": int(job["id"])}
        count = payload.get("count") or skill.evaluation.count
        if payload.get("level") is None and self.curriculum.climbs.asks_training(campaign_id, skill.id):
            beside |= self._trained_on(campaign_id, skill.id, level, count)
        return EvalTask(
            weights=weights,
            skill=skill_version(skill),
            level=level,
            count=count,
            seed=fold if seed is None else seed,
            fold=fold,
            requested=payload.get("level") is not None,
            **beside,
        )

    def _trained_on(self, campaign_id: str, skill_id: str, level: int, count: int) -> dict[str, int]:
        """`count` problems of the level, or as many as it had, of the last generated quest that was trained whole."""
        for quest in QuestStore(self.database).newest_trained(campaign_id, LOOKED_THROUGH):
            held = quest.trained(skill_id, level)
            if held and quest.made_of:
                return {"train_count": min(count, held), "train_seed": quest.made_of["seed"]}
        return {}

    def _weights_of(self, payload: dict[str, Any]) -> tuple[Weights, ...]:
        """What a payload names: one, or of the newest the snapshot and the checkpoint to fall back on."""
        if payload.get("checkpoint_id") is not None:
            found = self.checkpoints.get(payload["checkpoint_id"])
            if payload.get("step") not in (None, found.step):
                raise RequestError(f"Payload field 'step' is {payload['step']}, {found.id} is of step {found.step}.")
            return (Weights(campaign_id=found.campaign_id, step=found.step, checkpoint_id=found.id),)
        if payload.get("battle_id") is not None:
            battle = self.battles.get(payload["battle_id"])
            return (Weights(campaign_id=battle.campaign_id, step=payload["step"], battle_id=battle.id),)
        campaign_id = payload.get("campaign_id") or self.campaign_id
        newest = self.newest_weights(campaign_id)
        if not newest:
            raise ConflictError("superseded: the weights are gone.", f"Campaign {campaign_id} has none.")
        return tuple(Weights(campaign_id=campaign_id, **each) for each in newest)


def skill_version(skill: Skill) -> SkillVersion:
    """Names a skill so that another version of it is told from it."""
    return SkillVersion(id=skill.id, fingerprint=skill.fingerprint, max_level=skill.max_level)
