"""CampaignDirector: decides what the hero does next. It holds no truth: each tick compares the books with the rules.

Calls from other actors only bring the next tick forward or tell what a tick would find later.
"""

from __future__ import annotations

import threading
import time
from hashlib import blake2b
from typing import Any

from ray.exceptions import RayError

from actors.guild_upkeep import GuildUpkeep
from actors.service import Service, Ticker, now
from actors.waiting import ask
from realm.errors import RealmError
from realm.rules.battle import BattleState, DesiredState
from realm.rules.campaign import Momentum
from realm.rules.quest import QuestStatus
from realm.store.battles import BattleStore
from realm.store.checkpoints import CheckpointStore
from realm.store.events import EventStore
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore
from skills import get_engine

TICK_S = 1.0
BOARD_LOW = 1
"""A generated quest waits on the board for the battle's next prefetch; with fewer than this another is made."""
EXAMS_BEHIND = 3
"""Newest checkpoints for which a missing exam is queued, once each: one that failed three times is not asked again."""
SNAPSHOT_SILENCE_S = 30.0
"""Without a snapshot for this long (a large hero offers none) the newest checkpoint is evaluated instead."""
PRUNE_INTERVAL_S = 3600.0


class CampaignDirector(Service):
    """Keeps the hero busy: battles, generated quests, evaluations, exams, the champion."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.battles = BattleStore(self.database)
        self.quests = QuestStore(self.database)
        self.checkpoints = CheckpointStore(self.database)
        self.skills = SkillStore(self.database)
        self.events = EventStore(self.database)
        self.engine = get_engine()
        self.guild = GuildUpkeep(self, self.engine)
        self.evaluated_at: dict[str, float] = {}
        self.examined_at = self.pruned_at = self.snapshot_at = time.monotonic()
        self.deciding = threading.Lock()
        self.ticker = Ticker("director", TICK_S, self._tick, print)

    # What others tell

    def level_mastered(self, skill_id: str, level: int) -> None:
        """Leave what trains the mastered level, and generate what trains the next."""
        self.ticker.nudge()

    def snapshot_taken(self, battle_id: str, step: int) -> None:
        """Newer weights can be evaluated: ask for it, unless the worker is still at it."""
        config = self.config.evaluation
        clock = self.snapshot_at = time.monotonic()
        payload = {"campaign_id": self.campaign_id, "battle_id": battle_id, "step": step}
        master = self.peer("task_master")
        for skill in self.engine.list_skills():
            due = clock - self.evaluated_at.get(skill.id, 0.0) >= config.interval_s
            if due and ask(master.open_count.remote("eval", skill.id)) == 0:
                self.evaluated_at[skill.id] = clock
                ask(master.submit.remote("eval", {**payload, "skill_id": skill.id}))
        if clock - self.examined_at >= config.exam_interval_s and ask(master.open_count.remote("exam")) == 0:
            self.examined_at = clock
            ask(master.submit.remote("exam", payload, "low"))

    def checkpoint_saved(self, checkpoint_id: str) -> None:
        """A checkpoint is in the ledger: it will be examined."""
        self.ticker.nudge()

    def examined(self, checkpoint_id: str, accuracy: float, exam_version: str) -> bool:
        """A checkpoint has its exam. Whether it is the champion now."""
        _, moved = self.campaigns.move_champion(self.campaign_id, checkpoint_id, accuracy, exam_version, now())
        return moved

    def status(self) -> dict[str, Any]:
        """The active campaign."""
        campaign = self.campaigns.get(self.campaign_id)
        return {"id": campaign.id, "life": campaign.life.value, "momentum": campaign.momentum.value}

    # The tick

    def _tick(self) -> None:
        with self.deciding:
            campaign_id = self.campaign_id
            self._leave_mastered(campaign_id)
            self._fill_board(campaign_id)
            self._keep_fighting(campaign_id)
            self._examine(campaign_id)
            self._evaluate_newest(campaign_id)
            self.guild.tick(self.campaign_id)
            if time.monotonic() - self.pruned_at > PRUNE_INTERVAL_S:
                self.pruned_at = time.monotonic()
                self.events.prune(now())

    def _training_level(self, campaign_id: str, skill_id: str) -> int:
        skill = self.engine.get(skill_id)
        return self.skills.find_state(campaign_id, skill_id, skill.max_level).training_level

    def _leave_mastered(self, campaign_id: str) -> None:
        """Generated quests below the training level have done their work: drop waiting ones, end the active one."""
        board = self.quests.page(campaign_id, (QuestStatus.QUEUED, QuestStatus.ACTIVE), limit=100, order="queue")
        for quest in board:
            if quest.origin != "auto" or quest.skill_id is None or quest.level is None:
                continue
            if quest.level >= self._training_level(campaign_id, quest.skill_id):
                continue
            if quest.status == QuestStatus.QUEUED:
                reason = f"{quest.skill_id} level {quest.level} was mastered before it began"
                ask(self.peer("quest_board").cancel.remote(quest.id, reason))
            else:
                ask(self.peer("arena").end_quest.remote(quest.id, "level_mastered"))

    def _fill_board(self, campaign_id: str) -> None:
        """Generate a quest when auto-quests are on and few wait."""
        config = self.config
        battle = self.battles.current(campaign_id)
        held = battle is not None and battle.desired_state != DesiredState.RUN
        if not config.auto_quest.enabled or held:
            return
        counts = self.quests.counts(campaign_id)
        if counts[QuestStatus.QUEUED] >= BOARD_LOW:
            return
        number = sum(counts.values()) + 1
        skills = self.engine.list_skills()
        skill = skills[number % len(skills)]
        level = self._training_level(campaign_id, skill.id)
        batch = self.peer("skill_engine").training_batch.remote(
            skill.id,
            level,
            config.auto_quest.steps * config.training.batch_size,
            quest_seed(config.training.seed, campaign_id, number),
            config.auto_quest.replay_share,
            config.auto_quest.next_share,
        )
        name = f"{skill.id}-l{level:02d}-auto-{number:05d}"
        ask(self.peer("quest_board").post_generated.remote(name, skill.id, level, batch))

    def _keep_fighting(self, campaign_id: str) -> None:
        """A battle is on whenever the board has work, unless a person stopped or paused it or it keeps failing."""
        battle = self.battles.current(campaign_id)
        waiting = self.quests.next_queued(campaign_id) is not None
        if battle is not None:
            momentum = Momentum.IDLE if battle.desired_state != DesiredState.RUN else Momentum.GO
            self.campaigns.set_momentum(campaign_id, momentum, now(), battle.reason if momentum != Momentum.GO else "")
            return
        last = next(iter(self.battles.page(campaign_id, 1)), None)
        if last is not None and last.desired_state == DesiredState.STOP:
            self.campaigns.set_momentum(campaign_id, Momentum.IDLE, now(), "the battle was stopped")
        elif last is not None and last.state == BattleState.FAILED:
            self.campaigns.set_momentum(campaign_id, Momentum.BLOCKED, now(), last.reason)
        elif waiting:
            ask(self.peer("arena").fight.remote())
        else:
            self.campaigns.set_momentum(campaign_id, Momentum.IDLE, now(), "no quest on the board")

    def _evaluate_newest(self, campaign_id: str) -> None:
        """Evaluate the newest checkpoint once per skill and training level when no snapshots come."""
        newest = self.checkpoints.newest(campaign_id)
        if newest is None or time.monotonic() - self.snapshot_at < SNAPSHOT_SILENCE_S:
            return
        payload = {"campaign_id": campaign_id, "checkpoint_id": newest.id, "step": newest.step}
        for skill in self.engine.list_skills():
            key = f"eval/{newest.id}/{skill.id}/{self._training_level(campaign_id, skill.id)}"
            ask(self.peer("task_master").submit.remote("eval", {**payload, "skill_id": skill.id}, "normal", key))

    def _examine(self, campaign_id: str) -> None:
        """Queue the exams that the newest checkpoints lack."""
        version = self.campaigns.get(campaign_id).exam_version
        for checkpoint in self.checkpoints.page(campaign_id, limit=EXAMS_BEHIND):
            if checkpoint.exam_version == version:
                continue
            payload = {"campaign_id": campaign_id, "checkpoint_id": checkpoint.id, "step": checkpoint.step}
            try:
                ask(
                    self.peer("task_master").submit.remote("exam", payload, "normal", f"exam/{checkpoint.id}/{version}")
                )
            except (RealmError, RayError) as error:
                print(f"no exam for {checkpoint.id}: {error}")


def quest_seed(seed: int, campaign_id: str, number: int) -> int:
    """Seed of a campaign's generated quest: the first 4 bytes of blake2b("{training.seed}/{campaign}/{number}")."""
    return int.from_bytes(blake2b(f"{seed}/{campaign_id}/{number}".encode(), digest_size=4).digest())
