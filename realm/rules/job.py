"""Jobs: the registry of their types, states, priorities and the retry rule. Does not know handlers or the database."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Any, Final, Literal

from realm.errors import RealmError
from realm.rules.passives import PassiveMode

LEASE_S: Final = 60.0
BEAT_S: Final = 10.0
MISSED_BEATS: Final = 3
MAX_ATTEMPTS: Final = 3
BACKOFF_S: Final = 1.0
BACKOFF_MAX_S: Final = 60.0
AGED_S: Final = 60.0
"""After this long a job of low priority is taken in its turn among the normal ones: late, never starved."""
RETRY_AFTER_MAX_S: Final = 60.0
ANY_ROLE: Final = "any"
MAX_PROBLEMS: Final = 1000
"""Problems of one level, or of each primitive, that one job may ask."""
NEWEST: Final = "newest"
"""Payload value of `weights`: whichever are the newest when the job runs."""

WhenFull = Literal["warn", "reject", "allow"]


class JobType(StrEnum):
    EVAL = "eval"
    EXAM = "exam"
    PASSIVE = "passive"
    PRIMITIVE = "primitive"
    SPAR = "spar"


class JobStatus(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


JOB_TRANSITIONS: Final[Mapping[JobStatus, frozenset[JobStatus]]] = MappingProxyType(
    {
        JobStatus.PENDING: frozenset({JobStatus.CLAIMED, JobStatus.CANCELLED}),
        JobStatus.CLAIMED: frozenset(
            {JobStatus.RUNNING, JobStatus.PENDING, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}
        ),
        JobStatus.RUNNING: frozenset({JobStatus.PENDING, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}),
        JobStatus.COMPLETED: frozenset(),
        JobStatus.FAILED: frozenset({JobStatus.PENDING}),
        JobStatus.CANCELLED: frozenset({JobStatus.PENDING}),
    }
)


class Priority(StrEnum):
    """Most urgent first; within one, first come first served. See `urgency` for jobs that wait long."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    IDLE = "idle"


RAISED: Final = (Priority.LOW, Priority.IDLE)
"""Priorities that waiting raises to normal."""


def urgency(priority: Priority, created_at: datetime, now: datetime) -> Priority:
    """The priority that a waiting job has by now."""
    aged = now - created_at >= timedelta(seconds=AGED_S)
    return Priority.NORMAL if aged and priority in RAISED else priority


class FailureKind(StrEnum):
    TRANSPORT = "transport"
    INFERENCE = "inference"
    TIMEOUT = "timeout"
    LOST_LEASE = "lost_lease"
    BAD_PAYLOAD = "bad_payload"

    @property
    def retried(self) -> bool:
        """Trying again may help."""
        return self != FailureKind.BAD_PAYLOAD


@dataclass(frozen=True, slots=True)
class PayloadField:
    """One field of a payload: text (one of `choices`, if there are any), or a whole number within its limits."""

    kind: type[str] | type[int]
    about: str
    minimum: int = 0
    maximum: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a type of job needs and how much of it there may be.

    `required` fields must be there, and every field of one group in `one_of` when there are any. `max_pending` and
    `max_running` count jobs of this type; `when_full` says what happens at `max_pending`.
    """

    type: JobType
    fields: Mapping[str, PayloadField]
    required: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...]
    role: str
    timeout_s: float
    max_pending: int
    max_running: int
    when_full: WhenFull

    def check(self, payload: Mapping[str, Any]) -> None:
        """Raise RealmError naming the field that is missing, unknown or wrong."""
        for name in payload:
            if name not in self.fields:
                near = difflib.get_close_matches(name, self.fields, n=1, cutoff=0.0)[0]
                raise RealmError(
                    f"Unknown payload field {name!r} of job {self.type}.", f"The nearest known one is {near!r}."
                )
        for name in self.required:
            if payload.get(name) is None:
                raise RealmError(f"Payload field {name!r} of job {self.type} is missing.", self.fields[name].about)
        if self.one_of and not any(all(payload.get(name) is not None for name in group) for group in self.one_of):
            choices = " or ".join(" and ".join(map(repr, group)) for group in self.one_of)
            raise RealmError(f"Payload of job {self.type} names no {choices}.", f"Give {choices}.")
        for name, value in payload.items():
            self._check_value(name, value)

    def _check_value(self, name: str, value: Any) -> None:
        wanted = self.fields[name]
        if value is None:
            return
        if not isinstance(value, wanted.kind) or isinstance(value, bool):
            word = "text" if wanted.kind is str else "a whole number"
            raise RealmError(
                f"Payload field {name!r} of job {self.type} is {value!r}.", f"It is {word}: {wanted.about}"
            )
        if isinstance(value, int) and value < wanted.minimum:
            raise RealmError(
                f"Payload field {name!r} of job {self.type} is {value}.", f"It is at least {wanted.minimum}."
            )
        if isinstance(value, int) and wanted.maximum is not None and value > wanted.maximum:
            raise RealmError(
                f"Payload field {name!r} of job {self.type} is {value}.", f"It is at most {wanted.maximum}."
            )
        if value == "":
            raise RealmError(f"Payload field {name!r} of job {self.type} is empty.", wanted.about)
        if wanted.choices and value not in wanted.choices:
            known = " or ".join(map(repr, wanted.choices))
            raise RealmError(f"Payload field {name!r} of job {self.type} is {value!r}.", f"It is {known}.")

    def retry_after_s(self) -> float:
        """Seconds until a full queue is likely to have moved: the time one running slot may take."""
        return min(RETRY_AFTER_MAX_S, self.timeout_s / self.max_running)


_WEIGHTS: Final[Mapping[str, PayloadField]] = MappingProxyType(
    {
        "campaign_id": PayloadField(str, "The campaign the result belongs to."),
        "checkpoint_id": PayloadField(str, "The checkpoint whose weights answer."),
        "battle_id": PayloadField(str, "The battle whose snapshot answers."),
        "step": PayloadField(int, "The campaign step of the weights."),
        "weights": PayloadField(str, "The newest weights there are when the job runs.", choices=(NEWEST,)),
    }
)
_ANY_WEIGHTS: Final = (("checkpoint_id",), ("battle_id", "step"), ("weights",))
_LEVEL: Final = PayloadField(int, "The level of the problems.", minimum=1)
_COUNT: Final = PayloadField(int, "Number of problems.", minimum=1, maximum=MAX_PROBLEMS)

JOB_SPECS: Final[Mapping[JobType, JobSpec]] = MappingProxyType(
    {
        JobType.EVAL: JobSpec(
            type=JobType.EVAL,
            fields={
                **_WEIGHTS,
                "skill_id": PayloadField(str, "The skill whose problems are asked."),
                "level": _LEVEL,
                "count": _COUNT,
                "seed": PayloadField(int, "Seed of the problems."),
                "fold": PayloadField(int, "Which fresh set of problems of this level."),
            },
            required=("skill_id",),
            one_of=_ANY_WEIGHTS,
            role="eval",
            timeout_s=600,
            max_pending=50,
            max_running=3,
            when_full="warn",
        ),
        JobType.EXAM: JobSpec(
            type=JobType.EXAM,
            fields=_WEIGHTS,
            required=(),
            one_of=_ANY_WEIGHTS,
            role="eval",
            timeout_s=600,
            max_pending=50,
            max_running=3,
            when_full="warn",
        ),
        JobType.PASSIVE: JobSpec(
            type=JobType.PASSIVE,
            fields={
                **_WEIGHTS,
                "mode": PayloadField(
                    str, "How many problems of each passive.", choices=tuple(mode.value for mode in PassiveMode)
                ),
            },
            required=("campaign_id", "mode"),
            one_of=_ANY_WEIGHTS,
            role="eval",
            timeout_s=600,
            max_pending=50,
            max_running=1,
            when_full="warn",
        ),
        JobType.PRIMITIVE: JobSpec(
            type=JobType.PRIMITIVE,
            fields={
                **_WEIGHTS,
                "primitive_id": PayloadField(str, "The one primitive that is asked; without it all are."),
                "count": replace(_COUNT, about="Number of problems of each."),
            },
            required=("campaign_id", "count"),
            one_of=_ANY_WEIGHTS,
            role="eval",
            timeout_s=600,
            max_pending=50,
            max_running=1,
            when_full="warn",
        ),
        JobType.SPAR: JobSpec(
            type=JobType.SPAR,
            fields={
                **_WEIGHTS,
                "skill_id": PayloadField(str, "The skill whose problems are asked."),
                "level": _LEVEL,
                "count": _COUNT,
            },
            required=("campaign_id", "skill_id", "level", "count"),
            one_of=_ANY_WEIGHTS,
            role="eval",
            timeout_s=600,
            max_pending=50,
            max_running=1,
            when_full="warn",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of queued work. `attempts` counts claims; `not_before` holds it back after a failure.

    `key` is the caller's idempotency key; `failure` and `error` are those of the last failed attempt. At `recorded_at`
    what the job found entered the books; from then on it cannot be cancelled.
    """

    id: str
    type: JobType
    status: JobStatus
    priority: Priority
    payload: Mapping[str, Any]
    role: str
    timeout_s: float
    created_at: datetime
    attempts: int = 0
    max_attempts: int = MAX_ATTEMPTS
    tags: tuple[str, ...] = ()
    skill_id: str | None = None
    key: str | None = None
    worker_id: str | None = None
    lease_expires_at: datetime | None = None
    not_before: datetime | None = None
    claimed_at: datetime | None = None
    started_at: datetime | None = None
    recorded_at: datetime | None = None
    finished_at: datetime | None = None
    result: Mapping[str, Any] | None = None
    failure: FailureKind | None = None
    error: str | None = None
    cancel_reason: str | None = None


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One line of a job's history."""

    seq: int
    job_id: str
    at: datetime
    status: JobStatus
    worker_id: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that claims jobs. Its id is unique to the process; `roles` are those whose jobs it takes."""

    id: str
    host: str
    roles: tuple[str, ...]
    registered_at: datetime
    last_beat_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def offline(self, now: datetime) -> bool:
        """It missed three heartbeats."""
        return now - self.last_beat_at > timedelta(seconds=BEAT_S * MISSED_BEATS)


def backoff_s(attempt: int, rng: Random) -> float:
    """Seconds to wait after the `attempt`-th failure (from 1): doubling from 1 s to at most 60 s, half of it jitter."""
    longest = min(BACKOFF_MAX_S, BACKOFF_S * 2 ** (attempt - 1))
    return longest * (0.5 + 0.5 * rng.random())


def retries(kind: FailureKind, attempts: int, max_attempts: int = MAX_ATTEMPTS) -> bool:
    """Whether a job that failed this way after so many attempts is tried again."""
    return kind.retried and attempts < max_attempts
