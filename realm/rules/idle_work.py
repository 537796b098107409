"""What workers that nobody needs are given to do: missing exams, reviews, sparring, retention, verification.

Pure: from what is known to what is posted now. Does not know the queue, the books or the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from realm.rules.job import JOB_SPECS, JobType

TAG: Final = "idle-time work"
EXAMS_BEHIND: Final = 20
"""Newest checkpoints that idle time examines; the newest of all are examined in any case."""
WEAK: Final = 0.5
"""Accuracy at the training level below which idle time is used for sparring."""
SPARRING_APART: Final = 10
"""Between two idle sparrings pass this many intervals: each of them gives the battle a quest."""
RETENTION_EVERY: Final = timedelta(hours=1)
VERIFY_EVERY: Final = timedelta(days=1)


class IdleKind(StrEnum):
    EXAM = "exam"
    REVIEW = "review"
    SPARRING = "sparring"
    RETENTION = "retention"
    VERIFY = "verify"


ROLES: Final[Mapping[IdleKind, str]] = {
    IdleKind.EXAM: "eval",
    IdleKind.REVIEW: "eval",
    IdleKind.SPARRING: "eval",
    IdleKind.RETENTION: "vault",
    IdleKind.VERIFY: "vault",
}
"""Which worker's time it takes; of each role the first kind that has something to do is chosen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint, and whether it took the present exam or was asked to."""

    id: str
    step: int
    examined: bool


@dataclass(frozen=True, slots=True)
class SkillSeen:
    """An enabled skill. `asked`: level → the newest step whose weights it was asked of. `accuracy`: at the training
    level, None before it was evaluated there."""

    id: str
    mastered_level: int
    training_level: int
    accuracy: float | None
    asked: Mapping[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True)
class IdleState:
    """What is known. `checkpoints`: the newest first. `copies`: checkpoint → when its copies were last verified, those
    outside home. `retained`: zone → when its retention was last applied, None if never; zones without a place are not
    in it. `apart`: the evaluating worker shares no core and no GPU with a battle. `last`: when each kind was last
    posted; `open`: kinds whose last job is not over.
    """

    now: datetime
    interval_s: float
    free_roles: frozenset[str]
    campaign_id: str
    exam_version: str
    battle: bool
    apart: bool
    auto_quests: bool
    checkpoints: tuple[Seen, ...] = ()
    skills: tuple[SkillSeen, ...] = ()
    copies: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    retained: Mapping[str, datetime | None] = field(default_factory=dict[str, datetime | None])
    last: Mapping[IdleKind, datetime] = field(default_factory=dict[IdleKind, datetime])
    open: frozenset[IdleKind] = frozenset()


@dataclass(frozen=True, slots=True)
class IdleWork:
    """One thing to do, and why. `job_type` None: asked of VaultKeeper, not queued. `key`: as of `JobStore.submit`."""

    kind: IdleKind
    job_type: JobType | None
    payload: Mapping[str, Any]
    reason: str
    key: str | None = None


def choose(state: IdleState) -> tuple[IdleWork, ...]:
    """What is posted now: at most one thing for each role with a free worker."""
    found: list[IdleWork] = []
    taken: set[str] = set()
    for kind, role in ROLES.items():
        if role in taken or role not in state.free_roles or not _is_due(state, kind):
            continue
        work = next(_FINDERS[kind](state), None)
        if work is not None:
            found.append(work)
            taken.add(role)
    return tuple(found)


def _is_due(state: IdleState, kind: IdleKind) -> bool:
    apart = SPARRING_APART if kind == IdleKind.SPARRING else 1
    last = state.last.get(kind)
    waited = last is None or state.now - last >= timedelta(seconds=state.interval_s * apart)
    # A battle on the same cores goes first.
    shared = ROLES[kind] == JOB_SPECS[JobType.EVAL].role and state.battle and not state.apart
    return waited and not shared and kind not in state.open


def _exam(state: IdleState) -> Iterator[IdleWork]:
    for checkpoint in state.checkpoints[:EXAMS_BEHIND]:
        if not checkpoint.examined:
            payload = {"campaign_id": state.campaign_id, "checkpoint_id": checkpoint.id, "step": checkpoint.step}
            reason = f"step {checkpoint.step} has no exam of this version"
            yield IdleWork(IdleKind.EXAM, JobType.EXAM, payload, reason, f"exam/{checkpoint.id}/{state.exam_version}")


def _review(state: IdleState) -> Iterator[IdleWork]:
    if not state.checkpoints:
        return
    newest = state.checkpoints[0]
    asked = [
        (skill.asked.get(level, -1), skill.id, level)
        for skill in state.skills
        for level in range(1, skill.mastered_level + 1)
    ]
    for step, skill_id, level in sorted(asked):
        if step < newest.step:
            payload = {"campaign_id": state.campaign_id, "checkpoint_id": newest.id, "step": newest.step}
            before = f"last asked at step {step}" if step >= 0 else "never asked"
            reason = f"mastered level {level} of {skill_id}, {before}, of step {newest.step}"
            key = f"idle-review/{newest.id}/{skill_id}/{level}"
            yield IdleWork(IdleKind.REVIEW, JobType.EVAL, payload | {"skill_id": skill_id, "level": level}, reason, key)


def _sparring(state: IdleState) -> Iterator[IdleWork]:
    # Its quest is fought at once: only where quests are made and fought anyway.
    if not (state.battle and state.auto_quests):
        return
    weak = [(skill.accuracy, skill) for skill in state.skills if skill.accuracy is not None and skill.accuracy < WEAK]
    for accuracy, skill in sorted(weak, key=lambda each: (each[0], each[1].id)):
        payload = {"campaign_id": state.campaign_id, "skill_id": skill.id, "level": skill.training_level}
        reason = f"accuracy {accuracy:.2f} at level {skill.training_level} of {skill.id}, below {WEAK:g}"
        yield IdleWork(IdleKind.SPARRING, JobType.SPARRING, payload, reason)


def _retention(state: IdleState) -> Iterator[IdleWork]:
    for zone, at in state.retained.items():
        if at is None or state.now - at >= RETENTION_EVERY:
            before = "not applied yet" if at is None else f"last applied {_ago(state.now - at)} ago"
            yield IdleWork(IdleKind.RETENTION, JobType.RETENTION, {"zone": zone}, f"{zone}: {before}")


def _verify(state: IdleState) -> Iterator[IdleWork]:
    for checkpoint_id, at in sorted(state.copies.items(), key=lambda each: (each[1], each[0])):
        if state.now - at >= VERIFY_EVERY:
            reason = f"copies last verified {_ago(state.now - at)} ago"
            yield IdleWork(IdleKind.VERIFY, None, {"checkpoint_id": checkpoint_id}, reason)


_FINDERS: Final = {
    IdleKind.EXAM: _exam,
    IdleKind.REVIEW: _review,
    IdleKind.SPARRING: _sparring,
    IdleKind.RETENTION: _retention,
    IdleKind.VERIFY: _verify,
}


def _ago(passed: timedelta) -> str:
    hours = passed.total_seconds() / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"
