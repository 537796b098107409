"""Which exam is asked next, for CampaignDirector: of the champion, of new checkpoints, of the newest snapshot."""

from __future__ import annotations

import time
from typing import Any

from ray.exceptions import RayError

from actors.service import Service, now
from actors.waiting import ask
from realm.errors import RealmError
from realm.rules.battle import DesiredState
from realm.rules.campaign import Campaign
from realm.rules.checkpoint import Checkpoint
from realm.rules.job import JobType, Priority
from realm.store.battles import BattleStore
from realm.store.checkpoints import CheckpointStore
from realm.store.skills import SkillStore

EXAMS_BEHIND = 3
"""Newest checkpoints that are examined, once each: one whose exam failed three times is not asked again."""
EXAMS_APART = 9
"""While a battle is on, between two exams pass this many times the seconds the last one took: a tenth of a worker's
time."""


class Examiner:
    """Queues one exam at a time: with many skills it is long, and evaluations wait behind it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.battles = BattleStore(service.database)
        self.checkpoints = CheckpointStore(service.database)
        self.skills = SkillStore(service.database)
        self.asked: set[str] = set()
        self.asked_at = time.monotonic()
        self.snapshot: dict[str, Any] | None = None

    def offer(self, payload: dict[str, Any]) -> None:
        """Weights newer than any checkpoint, as an exam's payload names them."""
        self.snapshot = payload

    def tick(self, campaign: Campaign) -> None:
        """Note exams that were taken before for this very version; queue the next one when it is due."""
        lacking = self._lacking(campaign)
        battle = self.battles.current(campaign.id)
        resting = battle is None or battle.desired_state != DesiredState.RUN
        snapshot = None if resting else self.snapshot
        if not lacking and snapshot is None:
            return
        # Without the champion's own exam of this version there is nothing to compare others with.
        urgent = bool(lacking) and lacking[0].id == campaign.champion_id
        if not resting and not urgent and time.monotonic() - self.asked_at < self._apart(campaign.id):
            return
        master = self.service.peer("task_master")
        if ask(master.open_count.remote(JobType.EXAM.value)):
            return
        payload, priority, key = snapshot or {}, Priority.LOW, None
        if lacking:
            payload = {"campaign_id": campaign.id, "checkpoint_id": lacking[0].id, "step": lacking[0].step}
            priority, key = Priority.NORMAL, _key(lacking[0], campaign)
        else:
            self.snapshot = None
        try:
            ask(master.submit.remote(JobType.EXAM.value, payload, priority.value, key))
        except (RealmError, RayError) as error:
            print(f"no exam of step {payload['step']}: {error}")
            return
        self.asked_at = time.monotonic()
        if key is not None:
            self.asked.add(key)

    def _apart(self, campaign_id: str) -> float:
        last = next(iter(self.skills.exams(campaign_id, 1)), None)
        pace = EXAMS_APART * last.duration_s if last else 0.0
        return max(self.service.config.evaluation.exam_interval_s, pace)

    def _lacking(self, campaign: Campaign) -> list[Checkpoint]:
        """Live checkpoints without an exam of the campaign's version: the champion, then the newest ones."""
        wanted = list(self.checkpoints.page(campaign.id, limit=EXAMS_BEHIND))
        if campaign.champion_id is not None and campaign.champion_exam_version != campaign.exam_version:
            champion = self.checkpoints.get(campaign.champion_id)
            wanted = [champion, *(each for each in wanted if each.id != champion.id)]
        found: list[Checkpoint] = []
        for checkpoint in wanted:
            if _key(checkpoint, campaign) in self.asked or _is_examined(checkpoint, campaign):
                continue
            if not self._apply(checkpoint, campaign):
                found.append(checkpoint)
        return found

    def _apply(self, checkpoint: Checkpoint, campaign: Campaign) -> bool:
        """Note the exam of this version that the checkpoint took before, if it did."""
        exam = self.skills.find_exam(checkpoint.id, campaign.exam_version)
        if exam is None:
            return False
        result = (exam.exam_accuracy, dict(exam.skill_accuracies), exam.exam_version, exam.val_loss)
        ask(self.service.peer("vault_keeper").set_exam.remote(checkpoint.id, *result))
        self.service.campaigns.move_champion(campaign.id, checkpoint.id, exam.exam_accuracy, exam.exam_version, now())
        return True


def _is_examined(checkpoint: Checkpoint, campaign: Campaign) -> bool:
    if checkpoint.id == campaign.champion_id and campaign.champion_exam_version != campaign.exam_version:
        return False
    return checkpoint.exam_version == campaign.exam_version


def _key(checkpoint: Checkpoint, campaign: Campaign) -> str:
    return f"exam/{checkpoint.id}/{campaign.exam_version}"
