"""CampaignDirector: decides what the hero does next. It holds no truth: each tick compares the books with the rules.

Calls from other actors only bring the next tick forward or tell what a tick would find later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from hashlib import blake2b
from typing import Any

from actors.campaign_desk import CampaignDesk
from actors.cap_watch import CapWatch
from actors.curriculum import Curriculum
from actors.examiner import Examiner
from actors.guild_upkeep import GuildUpkeep
from actors.honours import Awarding
from actors.momentum import MomentumReader
from actors.service import Service, Ticker, now
from actors.waiting import ask
from realm.errors import ConflictError
from realm.rules.battle import DesiredState
from realm.rules.campaign import Campaign, CampaignLife, Momentum
from realm.rules.quest import Quest, QuestStatus
from realm.rules.schedule import RECENT, leading_skill
from realm.store.battles import BattleStore
from realm.store.checkpoints import CheckpointStore
from realm.store.events import EventStore
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore
from skills import exam_version, get_engine

TICK_S = 1.0
BOARD_LOW = 1
"""A generated quest waits on the board for the battle's next prefetch; with fewer than this another is made."""
SNAPSHOT_SILENCE_S = 30.0
"""Without a snapshot for this long (a large hero offers none) the newest checkpoint is evaluated instead."""
EVALUATIONS_APART = 2
"""Between two evaluations of a skill pass this many times the seconds that its last one took, times the number of
enabled skills: all of them together take half of a worker's time."""
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
        self.curriculum = Curriculum(self.database, self.engine)
        self.momentum = MomentumReader(self.home, self.database, self.engine)
        self.caps = CapWatch(self.curriculum, lambda: self.config.level_cap)
        self.guild = GuildUpkeep(self, self.engine)
        self.examiner = Examiner(self)
        self.desk = CampaignDesk(self)
        self.awarding = Awarding(self.database, now)
        self.evaluated_at: dict[str, float] = {}
        self.evaluated: set[str] = set()
        self.enabled: set[str] | None = None
        self.outdated: set[str] = set()
        self.pruned_at = self.snapshot_at = time.monotonic()
        self.deciding = threading.Lock()
        self.ticker = Ticker("director", TICK_S, self._tick, print)

    # What others tell

    def level_mastered(self, skill_id: str, level: int) -> None:
        """Leave what trains the mastered level, and generate what trains the next."""
        self.awarding.hurry()
        self.ticker.nudge()

    def plan_changed(self) -> None:
        """Other skills are enabled, or they are trained in another way."""
        self.ticker.nudge()

    def snapshot_taken(self, battle_id: str, step: int) -> None:
        """Newer weights can be evaluated: ask for it, unless the worker is still at it."""
        campaign = self.campaigns.get(self.battles.get(battle_id).campaign_id)
        if campaign.life != CampaignLife.ACTIVE:
            return
        config = self.config.evaluation
        clock = self.snapshot_at = time.monotonic()
        payload = {"campaign_id": campaign.id, "battle_id": battle_id, "step": step}
        master = self.peer("task_master")
        enabled = self.curriculum.skills(campaign)
        for skill in enabled:
            last = next(iter(self.skills.evaluations(campaign.id, skill.id, 1)), None)
            apart = max(config.interval_s, EVALUATIONS_APART * len(enabled) * last.duration_s if last else 0.0)
            due = clock - self.evaluated_at.get(skill.id, 0.0) >= apart
            if due and ask(master.open_count.remote("eval", skill.id)) == 0:
                self.evaluated_at[skill.id] = clock
                ask(master.submit.remote("eval", {**payload, "skill_id": skill.id}))
        self.examiner.offer(payload)

    def checkpoint_saved(self, checkpoint_id: str) -> None:
        """A checkpoint is in the ledger: it will be examined."""
        self.ticker.nudge()

    def examined(self, checkpoint_id: str, accuracy: float, exam_version: str) -> bool:
        """A checkpoint has its exam. Whether it is the champion of its campaign now."""
        campaign_id = self.checkpoints.get(checkpoint_id).campaign_id
        _, moved = self.campaigns.move_champion(campaign_id, checkpoint_id, accuracy, exam_version, now())
        return moved

    # Campaigns

    def begin(
        self, hero_id: str | None = None, starting_checkpoint: str | None = None, note: str = ""
    ) -> dict[str, Any]:
        """A new campaign, paused. `starting_checkpoint`: whose weights it begins with, by id or name.

        Raises:
            NotFoundError, RequestError: there is no such checkpoint, or it is of another hero.
        """
        return self.desk.begin(hero_id, starting_checkpoint, note)

    def activate(self, campaign_id: str) -> dict[str, Any]:
        """Have a campaign become the active one, as soon as the battle of the one before is saved (`waits`).

        Raises:
            ConflictError: it is archived or deleted.
            HeroError, NotFoundError: this machine lacks what it would train from; nothing was left.
        """
        return self.desk.activate(campaign_id)

    def leave(self, campaign_id: str, life: str) -> dict[str, Any]:
        """Pause or archive a campaign; the active one as soon as its battle is saved (`waits`)."""
        return self.desk.leave(campaign_id, life)

    def restore(self, campaign_id: str) -> dict[str, Any]:
        """Take a campaign out of the Hall of Legends or the trash: paused."""
        return self.desk.restore(campaign_id)

    def trash(self, campaign_id: str) -> dict[str, Any]:
        """Throw a campaign away; it can be restored."""
        return self.desk.trash(campaign_id)

    def list(self, lives: list[str] | None = None) -> list[dict[str, Any]]:
        """Campaigns of these lives, newest first."""
        return self.desk.rows(lives)

    def show(self, campaign_id: str | None = None) -> dict[str, Any]:
        """A campaign, the current one by default: what each of its levels cost, where its climbs stand, verdicts."""
        return self.desk.show(campaign_id)

    def reopen(self, campaign_id: str, skill_id: str | None = None) -> dict[str, Any]:
        """Withdraw the standing verdicts of a campaign, or of one skill: it climbs on, and tokens count anew.

        Raises:
            NotFoundError: no verdict stands.
            ConflictError: every level is mastered.
        """
        return self.desk.reopen(campaign_id, skill_id)

    def compare(self, campaign_ids: list[str]) -> list[dict[str, Any]]:
        """Several campaigns, what each of their levels cost, and their caps."""
        return self.desk.compare(campaign_ids)

    def overview(self) -> dict[str, Any]:
        """Every campaign, the change of the active one that waits, the heroes of the catalog."""
        return self.desk.overview()

    def note(self, campaign_id: str, key: str | None, title: str = "", note: str | None = None) -> dict[str, Any]:
        """Write a note to a milestone of a campaign, or make one."""
        return self.desk.note(campaign_id, key, title, note)

    # The tick

    def _tick(self) -> None:
        with self.deciding:
            if self.desk.lives.complete(now()):
                self._changed()
            campaign = self._campaign()
            if campaign is None:
                return
            self._attempt(self.caps.tick, campaign)
            self._attempt(self._leave_outdated, campaign)
            trouble = self._attempt(self._fill_board, campaign)
            self.campaigns.set_trouble(campaign.id, trouble, now())
            self._keep_fighting(campaign)
            steps = (self.examiner.tick, self._evaluate_newest, self.guild.tick, self.awarding.tick, self._prune)
            for step in steps:
                self._attempt(step, campaign)

    def _attempt(self, step: Callable[[Campaign], None], campaign: Campaign) -> str:
        """Take a step of the tick; what went wrong, or "". The other steps are taken all the same."""
        try:
            step(campaign)
        except Exception as error:  # noqa: BLE001 - a skill's code may raise anything; it is told as the reason
            print(f"{type(error).__name__}: {error}")
            return str(error) or type(error).__name__
        return ""

    def _prune(self, _campaign: Campaign) -> None:
        if time.monotonic() - self.pruned_at > PRUNE_INTERVAL_S:
            self.pruned_at = time.monotonic()
            self.events.prune(now())

    def _changed(self) -> None:
        """Another campaign is active, or none: what was remembered of the one before is forgotten."""
        self.enabled = None
        self.outdated.clear()
        self.evaluated_at.clear()
        campaign = self.campaigns.get_active()
        if campaign is not None:
            ask(self.peer("vault_keeper").link.remote(campaign.id))

    def _campaign(self) -> Campaign | None:
        """The active campaign, its exam that of the skills enabled now; without any that can be asked it stays."""
        campaign = self.campaigns.get_active()
        if campaign is None or self.desk.lives.pending() is not None:
            return None
        skills = self.curriculum.skills(campaign)
        version = exam_version(skills)
        if campaign.exam_version == version or not skills:
            return campaign
        return self.campaigns.set_exam_version(campaign.id, version, now())

    def _training_level(self, campaign: Campaign, skill_id: str) -> int:
        return self.curriculum.state(campaign, self.engine.get(skill_id)).training_level

    def _leave_outdated(self, campaign: Campaign) -> None:
        """Generated quests of a mastered level, of another mix, from before other skills were enabled, or of a campaign
        that has its verdicts: drop waiting ones, end the active one. After a change of skills or mix the active one
        goes on until another quest waits."""
        board = self.quests.page(campaign.id, (QuestStatus.QUEUED, QuestStatus.ACTIVE), limit=100, order="queue")
        enabled = {skill.id for skill in self.curriculum.skills(campaign)}
        if self.enabled is not None and self.enabled != enabled:
            self.outdated = {quest.id for quest in board if quest.origin == "auto"}
        self.enabled = enabled
        concluded = self.caps.concluded(campaign)
        why = {quest.id: self._outdated_by(campaign, quest, enabled, concluded) for quest in board}
        followed = any(quest.status == QuestStatus.QUEUED and why[quest.id] is None for quest in board)
        for quest in board:
            reason = why[quest.id]
            if reason is None:
                continue
            if quest.status == QuestStatus.QUEUED:
                words = {
                    "level_mastered": f"{quest.skill_id} level {quest.level} was mastered before it began",
                    "mix_changed": "levels are mixed in another way since it was made",
                    "skills_changed": "other skills were enabled before it began",
                    "concluded": f"the campaign has its verdict: {concluded}",
                }
                ask(self.peer("quest_board").cancel.remote(quest.id, words[reason]))
            elif followed or reason in ("level_mastered", "concluded"):
                ask(self.peer("arena").end_quest.remote(quest.id, reason))

    def _outdated_by(self, campaign: Campaign, quest: Quest, enabled: Collection[str], concluded: str) -> str | None:
        """Why a generated quest is no longer worth fighting; None for one that is, and for those of people."""
        if quest.origin != "auto" or quest.skill_id is None or quest.level is None:
            return None
        if concluded:
            return "concluded"
        if quest.id in self.outdated or quest.skill_id not in enabled:
            return "skills_changed"
        if quest.level < self._training_level(campaign, quest.skill_id):
            return "level_mastered"
        return None if self.caps.is_of_this_mix(campaign, quest) else "mix_changed"

    def _fill_board(self, campaign: Campaign) -> None:
        """Generate a quest when auto-quests are on and few wait, until there is a verdict on every enabled skill."""
        config = self.config
        battle = self.battles.current(campaign.id)
        held = battle is not None and battle.desired_state != DesiredState.RUN
        if not config.auto_quest.enabled or held or self.caps.concluded(campaign):
            return
        counts = self.quests.counts(campaign.id)
        if counts[QuestStatus.QUEUED] >= BOARD_LOW:
            return
        number = sum(counts.values()) + 1
        shares = self.curriculum.shares(campaign)
        if not shares:
            raise ConflictError(
                "No enabled skill can be trained.", "`realm skill list` shows what each lacks; enable another one."
            )
        lead = leading_skill(shares, self.quests.recent_leads(campaign.id, RECENT))
        level = self._training_level(campaign, lead)
        batch = self.peer("skill_engine").training_batch.remote(
            config.auto_quest.steps * config.training.batch_size,
            quest_seed(config.training.seed, campaign.id, number),
            campaign.id,
        )
        name = f"{lead}-l{level:02d}-auto-{number:05d}"
        ask(self.peer("quest_board").post_generated.remote(campaign.id, name, lead, level, batch))

    def _keep_fighting(self, campaign: Campaign) -> None:
        """A battle is on whenever the board has work, unless a person stopped or paused it or it keeps failing."""
        found = self.momentum.read(campaign, self.config)
        if found.momentum is Momentum.GO and self.battles.current(campaign.id) is None:
            ask(self.peer("arena").fight.remote())
        codes = [each.code.value for each in found.blockers]
        self.campaigns.set_momentum(campaign.id, found.momentum, now(), found.reason, codes)

    def _evaluate_newest(self, campaign: Campaign) -> None:
        """Evaluate the newest checkpoint once per skill and training level when no snapshots come."""
        newest = self.checkpoints.newest(campaign.id)
        if newest is None or time.monotonic() - self.snapshot_at < SNAPSHOT_SILENCE_S:
            return
        payload = {"campaign_id": campaign.id, "checkpoint_id": newest.id, "step": newest.step}
        for skill in self.curriculum.skills(campaign):
            key = f"eval/{newest.id}/{skill.id}/{self._training_level(campaign, skill.id)}"
            if key not in self.evaluated:
                ask(self.peer("task_master").submit.remote("eval", {**payload, "skill_id": skill.id}, "normal", key))
                self.evaluated.add(key)


def quest_seed(seed: int, campaign_id: str, number: int) -> int:
    """Seed of a campaign's generated quest: the first 4 bytes of blake2b("{training.seed}/{campaign}/{number}")."""
    return int.from_bytes(blake2b(f"{seed}/{campaign_id}/{number}".encode(), digest_size=4).digest())
