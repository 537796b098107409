"""Momentum: whether a campaign's hero goes on, rests or is held up; by what, and the one thing to do about it.

Does not know the rows that the facts are read from, nor how any of it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from realm.rules.battle import Attempt, Battle, BattleState, DesiredState
from realm.rules.campaign import CampaignLife, Momentum

FAILING: Final = 2
"""Evaluations in a row, or times that one quest failed, from which on it is more than a mishap."""
RESUME: Final = "realm battle resume"


class BlockerCode(StrEnum):
    """What can be in the way, in the order in which the first one is told."""

    DISK_FULL = "disk_full"
    STARTING_CHECKPOINT_GONE = "starting_checkpoint_gone"
    BATTLE_FAILED = "battle_failed"
    NO_SKILL_TO_TRAIN = "no_skill_to_train"
    QUEST_GENERATION_FAILED = "quest_generation_failed"
    SERVICE_DOWN = "service_down"
    EVALUATIONS_FAILING = "evaluations_failing"
    QUEST_FAILING = "quest_failing"


class Severity(StrEnum):
    """`blocking`: nothing is trained until it is put right. `hindering`: something beside the battle does not go on."""

    BLOCKING = "blocking"
    HINDERING = "hindering"


@dataclass(frozen=True, slots=True)
class Action:
    """What goes on only when a person does something: why, and the command that does it."""

    words: str
    command: str


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something in the way. `subject`: the battle, quest, checkpoint, service or job it is about.

    `tried`: what the realm did about it by itself, `why` that did not help, `fix` what a person does, with `command`.
    """

    code: BlockerCode
    severity: Severity
    subject: str
    what: str
    tried: str
    why: str
    fix: str
    command: str

    @property
    def action(self) -> Action:
        return Action(f"{self.what} {self.fix}", self.command)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a campaign stands. `blockers`: the blocking ones first; `suggested`: None where nothing needs to be done."""

    momentum: Momentum
    reason: str = ""
    blockers: tuple[Blocker, ...] = ()
    suggested: Action | None = None


@dataclass(frozen=True, slots=True)
class Failing:
    """Something that failed `times` times, the last time with `error`. `tries`: how often each was tried by itself."""

    id: str
    name: str
    times: int
    error: str
    tries: int = 1
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service or site as Weaver found it."""

    state: str
    healthy: bool
    detail: str = ""
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """The checkpoint that a campaign without any of its own begins with, and where it is looked for.

    `missing`: no copy of it is there.
    """

    checkpoint_id: str
    path: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What books, services and disk say of a campaign.

    `auto`: whether quests are generated. `battle`: its newest, with its `attempts`, oldest first. `trouble`: why no
    quest can be generated, since `trouble_at`; `trainable`: whether any enabled skill can be trained. `concluded`: the
    words of the verdicts once every enabled skill has one. `start`: only of a campaign without a checkpoint of its own.
    """

    campaign_id: str
    life: CampaignLife = CampaignLife.ACTIVE
    auto: bool = True
    battle: Battle | None = None
    attempts: Sequence[Attempt] = ()
    queued: int = 0
    trouble: str = ""
    trouble_at: datetime | None = None
    trainable: bool = True
    concluded: str = ""
    start: Start | None = None
    free_bytes: int | None = None
    kept_free_bytes: int = 0
    failing_quests: Sequence[Failing] = ()
    failing_evaluations: Failing | None = None
    services: Mapping[str, Service] = field(default_factory=dict[str, Service])


def standing(facts: Facts) -> Standing:
    """How the campaign stands.

    It goes while a battle is on or about to begin. A person's order to pause or stop, a verdict on every skill and an
    empty board make it idle; what a person must put right before it can go on, blocked.
    """
    if facts.life is not CampaignLife.ACTIVE:
        words = f"Campaign {facts.campaign_id} is {facts.life}."
        action = Action(words, f"realm campaign activate {facts.campaign_id}")
        return Standing(Momentum.IDLE, f"the campaign is {facts.life}", (), action)
    held = _held(facts)
    blocking = () if held is not None or _fights(facts) else _blocking(facts)
    blockers = (*blocking, *_hindering(facts))
    if blocking:
        return Standing(Momentum.BLOCKED, blocking[0].why, blockers, blocking[0].action)
    reason, action = _rest(facts) if held is None else held
    momentum = Momentum.IDLE if reason else Momentum.GO
    return Standing(momentum, reason, blockers, action or (blockers[0].action if blockers else None))


def _fights(facts: Facts) -> bool:
    """Whether a battle is open that nobody holds."""
    battle = facts.battle
    return battle is not None and not battle.state.terminal and battle.desired_state is DesiredState.RUN


def _held(facts: Facts) -> tuple[str, Action] | None:
    """Reason and action while a battle is paused or stopped because a person said so."""
    battle = facts.battle
    if battle is None or _paused_itself(facts):
        return None
    if battle.desired_state is DesiredState.STOP:
        reason = "the battle was stopped" if battle.state.terminal else "the battle is stopping"
        words = f"Battle {battle.number} was stopped; none begins by itself."
        return reason, Action(words, RESUME)
    if not battle.state.terminal and battle.desired_state is DesiredState.PAUSE:
        return battle.reason or "the battle is paused", Action(f"Battle {battle.number} is paused.", RESUME)
    return None


def _paused_itself(facts: Facts) -> bool:
    """Whether the battle was paused by its own loop, which does so where a checkpoint does not fit on the disk."""
    battle, last = facts.battle, facts.attempts[-1] if facts.attempts else None
    paused = battle is not None and battle.state is BattleState.PAUSED and battle.desired_state is DesiredState.PAUSE
    return paused and last is not None and last.outcome == "paused" and bool(last.reason)


def _rest(facts: Facts) -> tuple[str, Action | None]:
    """Why nothing is fought though nothing is in the way, "" where something is or is about to be."""
    if _fights(facts) or facts.queued:
        return "", None
    if facts.concluded:
        words = f"Every enabled skill has its verdict: {facts.concluded}"
        return facts.concluded, Action(words, "realm campaign new --from champion --activate")
    if facts.auto:
        # The director makes one at its next tick.
        return "no quest on the board", None
    return "no quest on the board", Action("No quest is on the board.", "realm quest post FILE")


def _blocking(facts: Facts) -> tuple[Blocker, ...]:
    battle = facts.battle
    failed = battle is not None and battle.state is BattleState.FAILED
    found: list[Blocker] = []
    if battle is not None and _paused_itself(facts):
        found.append(_disk(facts, battle))
    if facts.start is not None and facts.start.missing:
        found.append(_start_gone(facts, facts.start))
    elif battle is not None and failed:
        found.append(_battle_failed(facts, battle))
    if facts.trouble and not facts.concluded and not facts.queued:
        found.append(_trouble(facts))
    return tuple(found)


def _disk(facts: Facts, battle: Battle) -> Blocker:
    full = facts.free_bytes is not None and facts.free_bytes < facts.kept_free_bytes
    free = "" if facts.free_bytes is None else f"{_size(facts.free_bytes)} are free now. "
    return Blocker(
        BlockerCode.DISK_FULL,
        Severity.BLOCKING,
        battle.id,
        f"Battle {battle.number} is paused at step {battle.step}: a checkpoint does not fit on the disk.",
        f"The battle was paused so that nothing is lost{_ago(facts.attempts[-1].ended_at)}.",
        facts.attempts[-1].reason,
        f"{free}{'Free space, then resume' if full else 'Resume'} the battle.",
        RESUME,
    )


def _start_gone(facts: Facts, start: Start) -> Blocker:
    return Blocker(
        BlockerCode.STARTING_CHECKPOINT_GONE,
        Severity.BLOCKING,
        start.checkpoint_id,
        f"The checkpoint that campaign {facts.campaign_id} begins with is gone.",
        _attempted(facts.attempts) if facts.attempts else "No copy of it is in any stronghold of the vault.",
        f"No copy of {start.checkpoint_id} can be found; it was at {start.path}.",
        "Put its folder back there, then resume the battle.",
        RESUME,
    )


def _battle_failed(facts: Facts, battle: Battle) -> Blocker:
    return Blocker(
        BlockerCode.BATTLE_FAILED,
        Severity.BLOCKING,
        battle.id,
        f"Battle {battle.number} failed at step {battle.step}.",
        f"{_attempted(facts.attempts)} No other battle begins by itself.",
        battle.reason or "no reason was recorded",
        "Put right what it names, then begin another.",
        RESUME,
    )


def _trouble(facts: Facts) -> Blocker:
    tried = f"It is tried every second{_since(facts.trouble_at)}."
    if not facts.trainable:
        return Blocker(
            BlockerCode.NO_SKILL_TO_TRAIN,
            Severity.BLOCKING,
            facts.campaign_id,
            "No enabled skill can be trained.",
            tried,
            facts.trouble,
            "Enable one that can.",
            "realm skill list",
        )
    return Blocker(
        BlockerCode.QUEST_GENERATION_FAILED,
        Severity.BLOCKING,
        facts.campaign_id,
        "No quest can be generated.",
        tried,
        facts.trouble,
        "Put right what it names, or post a file.",
        "realm quest post FILE",
    )


def _hindering(facts: Facts) -> tuple[Blocker, ...]:
    found = [_down(name, each) for name, each in facts.services.items() if _is_down(each)]
    failing = facts.failing_evaluations
    if failing is not None and failing.times >= FAILING:
        found.append(
            Blocker(
                BlockerCode.EVALUATIONS_FAILING,
                Severity.HINDERING,
                failing.id,
                f"The last {failing.times} evaluations failed: no level can be mastered.",
                f"Job {failing.id}, the last, was tried {_times(failing.tries)}{_ago(failing.at)}.",
                failing.error or "no reason was recorded",
                "Look at what it ended with.",
                f"realm job show {failing.id}",
            )
        )
    for quest in facts.failing_quests:
        if quest.times >= FAILING:
            found.append(
                Blocker(
                    BlockerCode.QUEST_FAILING,
                    Severity.HINDERING,
                    quest.id,
                    f"Quest {quest.name} failed {_times(quest.times)} and is not trained.",
                    f"It was fought {_times(quest.times)}.",
                    quest.error or "no reason was recorded",
                    "Correct the file and post it under another name.",
                    f"realm quest show {quest.id}",
                )
            )
    return tuple(found)


def _is_down(service: Service) -> bool:
    return not service.healthy and service.state != "starting"


def _down(name: str, service: Service) -> Blocker:
    return Blocker(
        BlockerCode.SERVICE_DOWN,
        Severity.HINDERING,
        name,
        f"{name.replace('_', ' ')} is {service.state}.",
        f"Weaver asks it every 2 s; it was brought back {_times(service.restarts)}.",
        service.detail or "no reason was recorded",
        "Look at what holds it up.",
        "realm doctor",
    )


def _attempted(attempts: Sequence[Attempt]) -> str:
    if not attempts:
        return "No attempt was begun."
    count = f"{len(attempts)} attempt{'s' if len(attempts) > 1 else ''}"
    return f"{count}, the last{_ago(attempts[-1].ended_at or attempts[-1].started_at)}."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _ago(at: datetime | None) -> str:
    return "" if at is None else f" at {at:%Y-%m-%d %H:%M} UTC"


def _since(at: datetime | None) -> str:
    return "" if at is None else f" since {at:%Y-%m-%d %H:%M} UTC"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
