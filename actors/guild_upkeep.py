"""What the guild needs of CampaignDirector's tick: passives at new checkpoints, the end of stale sparring quests."""

from __future__ import annotations

from ray.exceptions import RayError

from actors.service import Service
from actors.waiting import ask
from realm.errors import RealmError
from realm.rules.campaign import Campaign
from realm.rules.job import JobType, Priority
from realm.rules.passives import PassiveMode, panel_version
from realm.rules.sparring import expired
from realm.store.battles import BattleStore
from realm.store.checkpoints import CheckpointStore
from realm.store.passives import PassiveStore
from realm.store.sparring import SparringStore
from skills import Engine

PASSIVES_BEHIND = 3
"""Newest checkpoints whose passives are queued, once each."""


class GuildUpkeep:
    """Compares the books with the rules, on behalf of an actor."""

    def __init__(self, service: Service, engine: Engine) -> None:
        self.service = service
        self.battles = BattleStore(service.database)
        self.checkpoints = CheckpointStore(service.database)
        self.passives = PassiveStore(service.database)
        self.sparring = SparringStore(service.database)
        self.versions = [(passive.id, passive.version) for passive in engine.list_passives()]
        self.asked: set[str] = set()

    def tick(self, campaign: Campaign) -> None:
        self._ask_passives(campaign.id)
        self._expire_sparring(campaign.id)

    def _ask_passives(self, campaign_id: str) -> None:
        """Queue the passives that the newest checkpoints lack; exams and evaluations go first.

        While as many wait, newer checkpoints do: a worker that is behind is not asked for those that are gone by then.
        """
        newest = {each.id: each for each in self.checkpoints.page(campaign_id, limit=PASSIVES_BEHIND)}
        if newest.keys() <= self.asked:
            return
        master = self.service.peer("task_master")
        if ask(master.open_count.remote(JobType.PASSIVE_EVAL.value)) >= PASSIVES_BEHIND:
            return
        done = self.passives.examined(newest, self.versions)
        version = panel_version(self.versions)
        for checkpoint in reversed(newest.values()):
            if checkpoint.id in done:
                continue
            payload = {"campaign_id": campaign_id, "checkpoint_id": checkpoint.id, "step": checkpoint.step}
            payload["mode"] = PassiveMode.LITE.value
            key = f"passive/{checkpoint.id}/{version}"
            try:
                ask(master.submit.remote(JobType.PASSIVE_EVAL.value, payload, Priority.LOW.value, key))
            except (RealmError, RayError) as error:
                print(f"no passives for {checkpoint.id}: {error}")
                return
        self.asked = set(newest)

    def _expire_sparring(self, campaign_id: str) -> None:
        """Cancel waiting sparring quests whose mistakes are too old."""
        waiting = self.sparring.waiting(campaign_id)
        if not waiting:
            return
        battle, newest = self.battles.current(campaign_id), self.checkpoints.newest(campaign_id)
        step = max(battle.step if battle else 0, newest.step if newest else 0)
        limit = self.service.config.sparring.max_age_steps
        for session in waiting:
            reason = expired(session.step, step, limit)
            if not reason:
                continue
            try:
                ask(self.service.peer("quest_board").cancel.remote(session.quest_id, reason))
            except (RealmError, RayError) as error:
                print(f"sparring quest {session.quest_id} was not cancelled: {error}")
