"""Arena: battles and their attempts; pause, resume, stop. Holds the newest snapshots for the evaluating workers.

Each attempt is an actor of its own (`actors.attempt`), so that Arena's death does not end a battle.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError

from actors.attempt import spawn_attempt
from actors.cluster import ON_HEAD, find, nodes_with, remove, train_resources
from actors.rows import row_of
from actors.service import Service, Ticker, now
from actors.waiting import ask
from realm.config import changed_settings
from realm.errors import ConflictError, HeroError, NotFoundError
from realm.rules.battle import Attempt, Battle, BattleState, DesiredState
from realm.rules.campaign import CampaignLife, hero_of
from realm.rules.interventions import UNCHANGED, training_change
from realm.store.battles import BattleStore
from realm.store.campaign_lives import CampaignLives
from realm.store.climbs import ClimbStore

TICK_S = 0.5
SNAPSHOTS_HELD = 3
OF_A_BATTLE = ("hero", "training", "auto_quest", "evaluation", "level_cap")
"""Parts of the settings that decide what is trained, and how."""
MAX_FRUITLESS_ATTEMPTS = 3
"""Attempts in a row that end without a step before the battle is given up."""


class Arena(Service):
    """Battles: training runs."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.battles = BattleStore(self.database)
        self.lives = CampaignLives(self.database)
        self.climbs = ClimbStore(self.database)
        self.lock = threading.Lock()
        self.snapshots: OrderedDict[int, tuple[str, Any]] = OrderedDict()
        self.quest_orders: dict[str, str] = {}
        self.watched: tuple[str, ActorHandle[Any], Any] | None = None
        self.quiet = False
        self.retiring: list[tuple[str, Any]] = []
        self.ticker = Ticker("attempts", TICK_S, self._tick, print)

    # What people and CampaignDirector ask for

    def fight(self) -> dict[str, Any]:
        """Begin a battle, unless one is open. A paused one stays paused."""
        with self.lock:
            campaign = self._active()
            battle = self.battles.current(campaign)
            if battle is None:
                step = ask(self.peer("vault_keeper").durable_step.remote(campaign))
                battle = self.battles.create_battle(campaign, step, now())
        self.ticker.nudge()
        return row_of(battle)

    def pause(self) -> dict[str, Any]:
        """Checkpoint at the next step and release the worker group.

        Raises:
            ConflictError: no battle is on.
        """
        return self._desire(DesiredState.PAUSE)

    def resume(self) -> dict[str, Any]:
        """Begin a new attempt of a paused battle, or a new battle after one that was stopped or failed."""
        if self.battles.current(self._active()) is None:
            return self.fight()
        return self._desire(DesiredState.RUN)

    def stop(self) -> dict[str, Any]:
        """Checkpoint at the next step and end the battle."""
        return self._desire(DesiredState.STOP)

    def quiesce(self) -> None:
        """Save the battle and release its workers, because the realm stops: the next start goes on with it."""
        self.quiet = True
        self.ticker.nudge()

    def wake(self) -> None:
        """Fight on: a start that finds a realm whose stop was broken off."""
        self.quiet = False
        self.ticker.nudge()

    def quiesced(self) -> bool:
        """Whether no attempt is under way."""
        campaign = self.campaigns.get_active()
        battle = self.battles.current(campaign.id) if campaign else None
        attempts = self.battles.attempts(battle.id) if battle else ()
        return not attempts or attempts[-1].ended_at is not None

    def status(self) -> dict[str, Any] | None:
        """The open battle, else the last one, with its attempts; None before the first."""
        campaign = self.campaigns.get_current()
        if campaign is None:
            return None
        battle = self.battles.current(campaign.id) or next(iter(self.battles.page(campaign.id, 1)), None)
        if battle is None:
            return None
        attempts = [row_of(attempt) for attempt in self.battles.attempts(battle.id)]
        return {**row_of(battle), "attempts": attempts}

    def end_quest(self, quest_id: str, reason: str) -> None:
        """Tell the battle to leave a quest at its next step."""
        self.quest_orders[quest_id] = reason

    # What an attempt asks and tells

    def starting_point(self, attempt_id: str) -> dict[str, Any]:
        """Where the weights of an attempt come from: `source`, whether it is `resumable`, its checkpoint id."""
        campaign = self._live(attempt_id).campaign_id
        return ask(self.peer("vault_keeper").starting_point.remote(campaign))

    def running(self, attempt_id: str, step: int) -> None:
        """The first step of an attempt is about to be taken."""
        attempt = self._live(attempt_id)
        if self.battles.get(attempt.battle_id).state == BattleState.STARTING:
            self.battles.set_state(attempt.battle_id, BattleState.RUNNING, now(), f"from step {step}")

    def orders(self, attempt_id: str, quest_id: str | None) -> dict[str, Any]:
        """What the battle is to do, and whether to leave the quest it is at; polled by rank 0 without waiting."""
        campaign = self.campaigns.get_active()
        battle = self.battles.current(campaign.id) if campaign else None
        attempts = self.battles.attempts(battle.id) if battle else ()
        if battle is None or not attempts or attempts[-1].id != attempt_id or attempts[-1].ended_at:
            return {"state": "stop"}
        reason = self.quest_orders.get(quest_id) if quest_id else None
        trial = self.climbs.under_way(battle.campaign_id)
        return {
            "state": DesiredState.PAUSE.value if self._leaving() else battle.desired_state.value,
            "end_quest": quest_id if reason else None,
            "end_reason": reason or "",
            "change": training_change(trial.kind, trial.began_tokens, trial.span_tokens) if trial else UNCHANGED,
        }

    def quest_left(self, quest_id: str) -> None:
        """The battle is no longer at this quest."""
        self.quest_orders.pop(quest_id, None)

    def attempt_ended(self, attempt_id: str, state: str, detail: str, step: int) -> None:
        """An attempt's loop returned: `paused`, `stopped` or `idle`, all of it saved."""
        with self.lock:
            self._end_attempt(self._live(attempt_id), state, detail, step)
        self.ticker.nudge()

    def _end_attempt(self, attempt: Attempt, state: str, detail: str, step: int) -> None:
        self.battles.record_step(attempt.id, step)
        self.battles.end_attempt(attempt.id, state, now(), detail)
        desired = self.battles.get(attempt.battle_id).desired_state
        if state == "paused" and not detail and desired == DesiredState.RUN:
            # Stopping with the realm, or a pause that was taken back while it was being saved: a next attempt goes on.
            return
        if state == "paused" and desired != DesiredState.STOP:
            self.battles.set_desired(attempt.battle_id, DesiredState.PAUSE, now())
            self.battles.set_state(attempt.battle_id, BattleState.PAUSED, now(), detail)
        else:
            self.battles.finish(attempt.battle_id, BattleState.FINISHED, now(), detail or "stopped")

    # Snapshots

    def offer_snapshot(self, battle_id: str, attempt_id: str, step: int, weights: list[Any]) -> None:
        """Hold the newest averaged weights; `weights` is a list of one object reference."""
        self.snapshots[step] = (battle_id, weights[0])
        self.snapshots.move_to_end(step)
        while len(self.snapshots) > SNAPSHOTS_HELD:
            self.snapshots.popitem(last=False)
        self.battles.record_step(attempt_id, step)
        self.peer("campaign_director").snapshot_taken.remote(battle_id, step)

    def snapshot(self, battle_id: str, step: int) -> list[Any] | None:
        """The reference of a snapshot in a list, or None when newer ones have taken its place."""
        held = self.snapshots.get(step)
        return [held[1]] if held and held[0] == battle_id else None

    def newest_snapshot(self, campaign_id: str) -> dict[str, Any] | None:
        """`battle_id` and `step` of the newest snapshot of the campaign that is held."""
        for step, (battle_id, _) in sorted(self.snapshots.items(), key=lambda held: held[0], reverse=True):
            if self.battles.get(battle_id).campaign_id == campaign_id:
                return {"battle_id": battle_id, "step": step}
        return None

    # Inside

    def _desire(self, desired: DesiredState) -> dict[str, Any]:
        with self.lock:
            battle = self._current()
            battle = self.battles.set_desired(battle.id, desired, now())
            if desired == DesiredState.STOP and battle.state == BattleState.PAUSED:
                battle = self.battles.finish(battle.id, BattleState.FINISHED, now(), "stopped while paused")
            elif desired == DesiredState.PAUSE and battle.state in (BattleState.STARTING, BattleState.RUNNING):
                battle = self.battles.set_state(battle.id, BattleState.PAUSING, now())
            elif desired == DesiredState.STOP and not battle.state.terminal:
                battle = self.battles.set_state(battle.id, BattleState.STOPPING, now())
            elif desired == DesiredState.RUN and battle.state == BattleState.PAUSING:
                battle = self.battles.set_state(battle.id, BattleState.RUNNING, now(), "the pause was taken back")
        self.ticker.nudge()
        return row_of(battle)

    def _current(self) -> Battle:
        battle = self.battles.current(self._active())
        if battle is None:
            raise ConflictError("No battle is on.", "One begins when the board has a quest: realm quest post FILE.")
        return battle

    def _active(self) -> str:
        """The active campaign: of no other a battle begins or changes."""
        current = self.campaigns.get_current()
        if current is None or current.life != CampaignLife.ACTIVE:
            which = f"Campaign {current.id} is paused" if current else "There is no open campaign"
            remedy = f"realm campaign activate {current.id}" if current else "realm campaign new"
            raise ConflictError(f"{which}.", f"Without an active campaign no battle is fought: {remedy}.")
        return current.id

    def _leaving(self) -> bool:
        """Whether the battle is to be saved and its workers released: the realm stops, or the campaign changes."""
        return self.quiet or self.lives.pending() is not None

    def _live(self, attempt_id: str) -> Attempt:
        campaign = self._active()
        battle = self.battles.current(campaign)
        attempts = self.battles.attempts(battle.id) if battle else ()
        if not attempts or attempts[-1].id != attempt_id or attempts[-1].ended_at is not None:
            raise ConflictError(f"Attempt {attempt_id} has ended.", "A later attempt goes on.")
        return attempts[-1]

    def _tick(self) -> None:
        """Hold the battle's attempt against what is wanted: start one, notice a lost one."""
        self._retire()
        with self.lock:
            campaign = self.campaigns.get_active()
            battle = self.battles.current(campaign.id) if campaign else None
            if battle is None:
                return
            attempts = self.battles.attempts(battle.id)
            open_attempt = attempts[-1] if attempts and attempts[-1].ended_at is None else None
            if open_attempt is not None:
                self._watch(battle, open_attempt)
            elif battle.desired_state == DesiredState.RUN:
                if not self._leaving():
                    self._start_attempt(battle, attempts)
            elif battle.state == BattleState.PAUSING:
                self.battles.set_state(battle.id, BattleState.PAUSED, now(), "no attempt was running")
            elif battle.state == BattleState.STOPPING:
                self.battles.finish(battle.id, BattleState.FINISHED, now(), "no attempt was running")

    def _start_attempt(self, battle: Battle, attempts: tuple[Attempt, ...]) -> None:
        try:
            start = ask(self.peer("vault_keeper").starting_point.remote(battle.campaign_id))
        except (HeroError, NotFoundError) as error:
            # Nothing that passes by itself: what the weights would come from is gone.
            self.battles.finish(battle.id, BattleState.FAILED, now(), str(error))
            return
        last = attempts[-MAX_FRUITLESS_ATTEMPTS:]
        fruitless = all(a.outcome == "failed" and a.step <= a.start_step == start["step"] for a in last)
        if len(last) == MAX_FRUITLESS_ATTEMPTS and fruitless:
            reason = f"{len(last)} attempts in a row failed before a step: {last[-1].reason}"
            self.battles.finish(battle.id, BattleState.FAILED, now(), reason)
            return
        self.quest_orders.clear()
        overrides = changed_settings(self.config.of_hero(hero_of(battle.campaign_id)), parts=OF_A_BATTLE)
        attempt = self.battles.start_attempt(battle.id, start["step"], now(), start["checkpoint_id"], overrides)
        self._launch(attempt)

    def _launch(self, attempt: Attempt) -> None:
        config, hero_id = self.config, self.campaigns.get(attempt.campaign_id).hero_id
        order = {
            "home": str(self.home.root),
            "hero_id": hero_id,
            "campaign_id": attempt.campaign_id,
            "battle_id": attempt.battle_id,
            "attempt_id": attempt.id,
        }
        label = {"realm/role": "arena"} if nodes_with("realm/role", "arena") else None
        # Checkpoints are written to the realm's own disk: without a labelled arena, train on the head.
        resources = train_resources(config) | ({} if label else dict(ON_HEAD))
        actor = spawn_attempt(attempt.id)
        run = actor.run.remote(order, config.placement.train_workers, resources, label)
        self.watched = (attempt.id, actor, run)
        self.peer("worker").prepare.remote(hero_id)

    def _retire(self) -> None:
        """End the hosts of attempts that are over, once their run has returned."""
        campaign = self.campaigns.get_active()
        if self.watched is not None and not (campaign and self._is_open(campaign.id, self.watched[0])):
            self.retiring.append((self.watched[0], self.watched[2]))
            self.watched = None
        for attempt_id, run in list(self.retiring):
            ready, _ = ray.wait([run], timeout=0)
            if ready:
                remove(attempt_id)
                self.retiring.remove((attempt_id, run))

    def _is_open(self, campaign: str, attempt_id: str) -> bool:
        battle = self.battles.current(campaign)
        attempts = self.battles.attempts(battle.id) if battle else ()
        return any(attempt.id == attempt_id and attempt.ended_at is None for attempt in attempts)

    def _watch(self, battle: Battle, attempt: Attempt) -> None:
        """End an attempt whose actor is gone or whose run returned without telling."""
        if self.watched is None or self.watched[0] != attempt.id:
            actor = find(attempt.id)
            if actor is None:
                self._lost(battle, attempt, "its process is gone")
                return
            self.watched = (attempt.id, actor, actor.result.remote())
        try:
            outcome: dict[str, Any] = ray.get(self.watched[2], timeout=0)
        except GetTimeoutError:
            return
        except (RayActorError, RayTaskError) as error:
            self._lost(battle, attempt, str(error).strip().splitlines()[-1])
            return
        # The loop tells before it returns; this is for a run that ended without.
        if self.battles.attempts(battle.id)[-1].ended_at is None:
            self._lost(battle, attempt, outcome["error"] or "it ended without a word")

    def _lost(self, battle: Battle, attempt: Attempt, reason: str) -> None:
        self.battles.end_attempt(attempt.id, "failed", now(), reason)
        remove(attempt.id)
        self.watched = None
        if battle.desired_state == DesiredState.PAUSE:
            self.battles.set_state(battle.id, BattleState.PAUSED, now(), f"the attempt was lost: {reason}")
        elif battle.desired_state == DesiredState.STOP:
            self.battles.finish(battle.id, BattleState.FINISHED, now(), f"the attempt was lost: {reason}")
