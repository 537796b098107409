"""Jobs: the registry of their types, states, priorities and the retry rule. Does not know handlers or the database."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from realm.errors import RequestError
from realm.rules.job_payloads import (
    ArchivePayload,
    DataConvertPayload,
    DataFilePayload,
    DataFilterPayload,
    DataGenPayload,
    EvalPayload,
    ExamPayload,
    HealthCheckPayload,
    InferencePayload,
    LayerDriftPayload,
    LayerStatsPayload,
    PassiveEvalPayload,
    Payload,
    PrimitivePayload,
    ReportPayload,
    RetentionPayload,
    SparringPayload,
    SyncPayload,
)

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
SHOWN_CHARS: Final = 200
"""Of a wrong value in an error."""

WhenFull = Literal["warn", "reject", "allow"]


class JobType(StrEnum):
    EVAL = "eval"
    EXAM = "exam"
    PASSIVE_EVAL = "passive_eval"
    PRIMITIVE = "primitive"
    SPARRING = "sparring"
    INFERENCE = "inference"
    DATA_GEN = "data_gen"
    DATA_FILTER = "data_filter"
    DATA_CONVERT = "data_convert"
    DATA_VALIDATE = "data_validate"
    DATA_PROFILE = "data_profile"
    ARCHIVE = "archive"
    SYNC = "sync"
    RETENTION = "retention"
    ANALYTICS = "analytics"
    REPORT = "report"
    LAYER_STATS = "layer_stats"
    LAYER_DRIFT = "layer_drift"
    HEALTH_CHECK = "health_check"


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
class JobSpec:
    """What a type of job is, what it needs and how much of it there may be.

    `max_pending` and `max_running` count jobs of this type; `when_full` says what happens at `max_pending`.
    """

    type: JobType
    about: str
    payload: type[Payload]
    role: str
    timeout_s: float
    max_pending: int
    max_running: int
    when_full: WhenFull

    def check(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The payload with its defaults; fields that are None are left out.

        Raises:
            RequestError: a field is missing, unknown or wrong; the message names it and its value.
        """
        try:
            return self.payload.model_validate(dict(payload)).model_dump(mode="json", exclude_none=True)
        except ValidationError as error:
            raise self._refusal(error.errors()[0]) from None

    def _refusal(self, first: ErrorDetails) -> RequestError:
        name = ".".join(str(part) for part in first["loc"])
        known = self.payload.model_fields
        if not name:
            return RequestError(f"Payload of job {self.type}: {first['msg'].removeprefix('Value error, ')}.")
        if first["type"] == "extra_forbidden":
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            remedy = f"The nearest known one is {near[0]!r}." if near else "It takes none."
            return RequestError(f"Unknown payload field {name[:SHOWN_CHARS]!r} of job {self.type}.", remedy)
        about = known[name].description if name in known else None
        if first["type"] == "missing":
            return RequestError(f"Payload field {name!r} of job {self.type} is missing.", about or "")
        value = repr(first["input"])[:SHOWN_CHARS]
        return RequestError(f"Payload field {name!r} of job {self.type} is {value}: {first['msg']}.", about or "")

    def retry_after_s(self) -> float:
        """Seconds until a full queue is likely to have moved: the time one running slot may take."""
        return min(RETRY_AFTER_MAX_S, self.timeout_s / self.max_running)


def _spec(
    type: JobType,
    about: str,
    payload: type[Payload],
    role: str,
    timeout_s: float,
    limits: tuple[int, int],
    when_full: WhenFull,
) -> JobSpec:
    return JobSpec(type, about, payload, role, timeout_s, *limits, when_full)


_SPECS: Final = (
    _spec(JobType.EVAL, "Asks a skill's problems and grades the answers", EvalPayload, "eval", 600, (50, 3), "warn"),
    _spec(JobType.EXAM, "Asks the fixed panel of every enabled skill", ExamPayload, "eval", 600, (50, 3), "warn"),
    _spec(JobType.PASSIVE_EVAL, "Asks every passive", PassiveEvalPayload, "eval", 600, (50, 3), "warn"),
    _spec(JobType.PRIMITIVE, "Asks primitives alone", PrimitivePayload, "eval", 600, (50, 3), "warn"),
    _spec(JobType.SPARRING, "Makes a quest of the hero's mistakes", SparringPayload, "eval", 1800, (10, 1), "reject"),
    _spec(JobType.INFERENCE, "Answers one prompt", InferencePayload, "eval", 60, (100, 10), "reject"),
    _spec(JobType.DATA_GEN, "Makes training examples of a skill", DataGenPayload, "forge", 300, (20, 2), "warn"),
    _spec(JobType.DATA_FILTER, "Filters a file of examples", DataFilterPayload, "forge", 300, (10, 2), "warn"),
    _spec(JobType.DATA_CONVERT, "Writes a file in another format", DataConvertPayload, "forge", 300, (10, 2), "warn"),
    _spec(JobType.DATA_VALIDATE, "Reads every line of a file", DataFilePayload, "forge", 300, (50, 4), "allow"),
    _spec(JobType.DATA_PROFILE, "Measures a file of examples", DataFilePayload, "forge", 300, (50, 4), "allow"),
    _spec(JobType.ARCHIVE, "Copies a checkpoint to a stronghold", ArchivePayload, "vault", 3600, (5, 1), "reject"),
    _spec(JobType.SYNC, "Copies what a stronghold lacks", SyncPayload, "vault", 3600, (5, 1), "reject"),
    _spec(JobType.RETENTION, "Applies a zone's retention", RetentionPayload, "vault", 600, (3, 1), "reject"),
    _spec(JobType.ANALYTICS, "Computes the numbers of a report", ReportPayload, "analytics", 300, (10, 2), "allow"),
    _spec(JobType.REPORT, "Writes a report as a file", ReportPayload, "analytics", 300, (10, 2), "allow"),
    _spec(JobType.LAYER_STATS, "Measures each tensor", LayerStatsPayload, "analytics", 1800, (10, 1), "warn"),
    _spec(JobType.LAYER_DRIFT, "Compares two checkpoints", LayerDriftPayload, "analytics", 1800, (10, 1), "warn"),
    _spec(JobType.HEALTH_CHECK, "Tells how the worker is", HealthCheckPayload, ANY_ROLE, 60, (10, 5), "allow"),
)
JOB_SPECS: Final[Mapping[JobType, JobSpec]] = MappingProxyType({spec.type: spec for spec in _SPECS})
ROLES: Final = ("eval", "forge", "vault", "analytics")
"""What a worker may take; jobs of role `any` go to all."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of queued work. `attempts` counts claims; `not_before` holds it back after a failure.

    Only a worker that has all of `labels` and `min_gpu_mb` of free GPU memory claims it.
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
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    min_gpu_mb: int = 0
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
    pid: int | None = None
    external: bool = False

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
