"""The one result of an eval-role job: held against its task, recorded once, told to people.

What follows from it is done here too: a snapshot that masters a level or beats the champion is saved, an exam enters
the ledger, mistakes become a quest.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

from actors.guild_records import GuildRecords
from actors.service import now
from actors.skill_rows import evaluation_row
from actors.waiting import ask
from realm.errors import ConflictError, DiskFullError, RequestError
from realm.rules.checkpoint import CreatedBy
from realm.rules.job import JobStatus, JobType
from realm.rules.job_results import (
    EvalResult,
    ExamResult,
    InferenceResult,
    PassiveResults,
    PrimitiveResult,
    Result,
    SparringResult,
    read_result,
)
from realm.rules.job_tasks import EvalTask, ExamTask, InferenceTask, PassiveTask, PrimitiveTask, SparringTask, Weights
from realm.rules.progression import Change, Evaluation, Exam, LevelRule
from realm.rules.sparring import provenance
from realm.store.jobs import JobStore
from skills import Skill
from skills.problem import FOLDS


class GuildResults(GuildRecords):
    """The part of SkillEngine that takes results."""

    @cached_property
    def jobs(self) -> JobStore:
        return JobStore(self.database)

    def record(self, job: dict[str, Any], result: dict[str, Any], held: list[Any] | None = None) -> dict[str, Any]:
        """Record what a job found, once, and return what is told of it, by an earlier call perhaps.

        `held`: the evaluated snapshot in a list of one object reference, where the worker has it.

        Raises:
            RequestError: it does not answer what was asked.
            ConflictError: the job is cancelled; nothing is recorded.
        """
        stored = self.jobs.get(job["id"])
        if stored.status == JobStatus.CANCELLED:
            raise ConflictError(f"Job {stored.id} is cancelled: {stored.cancel_reason}", "Its result is not recorded.")
        match JobType(job["type"]):
            case JobType.EVAL:
                return self._record_evaluation(job, read_result(EvalResult, result), held)
            case JobType.EXAM:
                return self._record_exam(job, read_result(ExamResult, result), held)
            case JobType.PASSIVE_EVAL:
                return self._record_passives(job, read_result(PassiveResults, result))
            case JobType.PRIMITIVE:
                return self._record_primitives(job, read_result(PrimitiveResult, result))
            case JobType.SPARRING:
                return self._record_sparring(job, read_result(SparringResult, result))
            case JobType.INFERENCE:
                found = read_result(InferenceResult, result)
                found.check(self._task(job, found, InferenceTask))
                return {**found.weights.model_dump(exclude_none=True), **found.model_dump(exclude={"weights"})}
            case other:
                raise RequestError(f"Nothing is recorded of a job of type {other}.", "Jobs of role eval are recorded.")

    def _record_evaluation(self, job: dict[str, Any], found: EvalResult, held: list[Any] | None) -> dict[str, Any]:
        task = self._task(job, found, EvalTask)
        found.check(task)
        skill = self.engine.get(task.skill.id)
        unknown = found.primitives.keys() - set(skill.level(task.level).primitives)
        if unknown:
            raise RequestError(f"Level {task.level} of {skill.id} has no primitives {sorted(unknown)}.")
        rule = LevelRule(
            max_level=skill.max_level,
            threshold=skill.evaluation.threshold,
            xp_multiplier=skill.xp_multiplier,
            min_problems=skill.evaluation.count,
            folds=FOLDS,
        )
        evaluation = Evaluation(
            skill_id=skill.id,
            job_id=job["id"],
            created_at=now(),
            **found.weights.model_dump(),
            **found.model_dump(exclude={"weights", "primitives", "samples"}),
        )
        if not task.requested:
            level_share, mastered_share = self._training_shares(found.weights.campaign_id, skill, task.level)
            evaluation = replace(evaluation, level_share=level_share, mastered_share=mastered_share)
        samples = [each.model_dump() for each in found.samples]
        outcome = self.store.record_evaluation(evaluation, rule, found.primitives, samples)
        mastered = outcome.mastered_level
        saved: dict[str, Any] = {}
        if mastered is not None:
            self.peer("campaign_director").level_mastered.remote(skill.id, mastered)
            # A job that was recorded for other weights, before it was tried again, has nothing to save.
            if outcome.evaluation.step == found.weights.step:
                saved = self._save(found.weights, held, CreatedBy.MASTERY, skill.id, mastered)
        row, first = evaluation_row(outcome.evaluation), outcome.happenings[0]
        told = {
            "mastered_level": mastered,
            **{name: row[name] for name in ("level", "step", "n", "correct", "accuracy", "low", "high")},
            "counted": first.change != Change.NOT_COUNTED,
            "detail": first.detail,
            "duration_s": outcome.evaluation.duration_s,
            **saved,
        }
        if not task.requested:
            return told
        return {**told, "primitives": _counts(found.primitives), "samples": samples}

    def _training_shares(self, campaign_id: str, skill: Skill, level: int) -> tuple[float, float]:
        """Shares of the skill's training that go to this level and to those below it, by the mix of now."""
        shares = self.curriculum.level_shares(self.campaigns.get(campaign_id), skill)
        return shares.get(level, 0.0), sum(share for each, share in shares.items() if each < level)

    def _record_exam(self, job: dict[str, Any], found: ExamResult, held: list[Any] | None) -> dict[str, Any]:
        found.check(self._task(job, found, ExamTask))
        exam = self.store.record_exam(
            Exam(
                **found.weights.model_dump(),
                exam_version=found.version,
                exam_accuracy=found.exam_accuracy,
                skill_accuracies=found.by_skill,
                n=found.n,
                job_id=job["id"],
                created_at=now(),
                val_loss=found.val_loss,
                duration_s=found.duration_s,
                level_results=found.by_level,
            )
        )
        result = (exam.exam_accuracy, dict(exam.skill_accuracies), exam.exam_version, exam.val_loss)
        beats = self.campaigns.would_move_champion(exam.campaign_id, exam.exam_accuracy, exam.exam_version, exam.step)
        checkpoint_id, saved = exam.checkpoint_id, {}
        if checkpoint_id is None and beats:
            saved = self._save(found.weights, held, CreatedBy.CHAMPION)
            checkpoint_id = saved.get("checkpoint_id")
        if checkpoint_id is not None:
            ask(self.peer("vault_keeper").set_exam.remote(checkpoint_id, *result))
            # Of another campaign's checkpoint there is nothing to compare it with.
            if exam.campaign_id == self.campaign_id:
                ask(self.peer("campaign_director").examined.remote(checkpoint_id, result[0], exam.exam_version))
        return {
            "exam_accuracy": exam.exam_accuracy,
            "beats_champion": beats,
            "n": exam.n,
            "by_skill": dict(exam.skill_accuracies),
            **saved,
        }

    def _record_passives(self, job: dict[str, Any], found: PassiveResults) -> dict[str, Any]:
        task = self._task(job, found, PassiveTask)
        found.check(task)
        results = [
            {
                **_source(job, found.weights),
                "passive": name,
                "version": task.passives[name],
                "mode": task.mode.value,
                "n": each.n,
                "correct": each.correct,
            }
            for name, each in found.passives.items()
        ]
        rows = self.record_passives(results)
        shown = ("id", "title", "version", "pooled", "peak", "warning")
        told = [{**{name: row[name] for name in shown}, "run": _run_of(job, row["runs"])} for row in rows]
        return {"mode": task.mode.value, "step": found.weights.step, "passives": told}

    def _record_primitives(self, job: dict[str, Any], found: PrimitiveResult) -> dict[str, Any]:
        found.check(self._task(job, found, PrimitiveTask))
        counts = _counts(found.primitives)
        total = {name: sum(each[name] for each in counts) for name in ("n", "correct")}
        self.record_primitives({**_source(job, found.weights), **total}, found.primitives)
        return {"step": found.weights.step, **total, "primitives": counts}

    def _record_sparring(self, job: dict[str, Any], found: SparringResult) -> dict[str, Any]:
        task = self._task(job, found, SparringTask)
        found.check(task)
        source = {
            "skill": task.skill.id,
            "level": task.level,
            "provenance": provenance(found.weights.model_dump(), task.skill.id, task.level, now()),
        }
        result = {
            **_source(job, found.weights),
            "skill_id": task.skill.id,
            **found.model_dump(include={"level", "n", "first_correct", "second_correct", "duration_s"}),
        }
        return self.record_sparring(result, [{**each, **source} for each in found.examples])

    def _task(self, job: dict[str, Any], found: Result, model: type[Any]) -> Any:
        """What the job was given. Of one that a former self of this actor gave, what its payload says and what the
        result names is held against the books: its fold cannot be known any more."""
        given = self.assigned.get(job["id"])
        if given is not None:
            return given
        payload = {
            **job["payload"],
            **({"fold": found.fold, "seed": found.seed} if isinstance(found, EvalResult) else {}),
        }
        named = found.weights
        if payload.get("checkpoint_id") is None and payload.get("battle_id") is None:
            payload |= {"checkpoint_id": named.checkpoint_id, "battle_id": named.battle_id, "step": named.step}
        if isinstance(found, EvalResult | SparringResult) and payload.get("level") is None:
            payload["level"] = found.level
        task = self._task_of({**job, "payload": payload}, self._weights_of(payload))
        if isinstance(found, EvalResult):
            beside = {"review_level": found.review_level, "review_count": found.review_n, "train_count": found.train_n}
            task = task.model_copy(update={**beside, "requested": job["payload"].get("level") is not None})
        return task

    def _save(
        self,
        weights: Weights,
        held: list[Any] | None,
        created_by: CreatedBy,
        skill_id: str | None = None,
        level: int | None = None,
    ) -> dict[str, Any]:
        """Save an evaluated snapshot as a checkpoint: its `checkpoint_id`, or why it is `not_saved`."""
        if weights.battle_id is None:
            return {}
        snapshot = held or ask(self.peer("arena").snapshot.remote(weights.battle_id, weights.step))
        if snapshot is None:
            return {"not_saved": "newer snapshots took its place"}
        words = (weights.step, created_by.value, skill_id, level)
        try:
            saved = ask(self.peer("vault_keeper").save_snapshot.remote(weights.campaign_id, snapshot, *words))
        except DiskFullError as error:
            # What was found is recorded; asking again would not bring the weights back.
            print(f"snapshot of step {weights.step} not saved: {error}")
            return {"not_saved": str(error)}
        return {"checkpoint_id": saved["id"]}


def _counts(primitives: dict[str, str]) -> list[dict[str, Any]]:
    return [{"id": name, "n": len(outcomes), "correct": outcomes.count("1")} for name, outcomes in primitives.items()]


def _run_of(job: dict[str, Any], runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The job's own of the results of a passive."""
    return next(run for run in runs if run["job_id"] == job["id"])


def _source(job: dict[str, Any], weights: Weights) -> dict[str, Any]:
    return {**weights.model_dump(), "job_id": job["id"]}
