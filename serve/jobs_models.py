"""What the API of the jobs takes and answers. Knows no route."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from realm.rules.job import ROLES, JobType
from serve.api_models import WHOLE, Id, Page, Request, Row, Time

MAX_BATCH = 1000
MAX_WAIT_S = 30.0
MAX_TIMEOUT_S = 24 * 3600.0
MAX_TEXT = 2000

Priority = Literal["critical", "high", "normal", "low", "idle"]
Status = Literal["pending", "claimed", "running", "completed", "failed", "cancelled"]
Role = Literal["eval", "forge", "vault", "analytics"]
Failure = Literal["transport", "inference", "timeout", "lost_lease", "bad_payload"]
JobTypeName = Annotated[
    str,
    Field(
        max_length=100,
        description="One of /api/jobs/types, which has the schema of its payload.",
        examples=["eval"],
        json_schema_extra={"enum": [each.value for each in JobType]},
    ),
]
JobId = Annotated[str, Field(pattern=r"^[0-9]{1,18}$", examples=["41"])]
WorkerId = Annotated[Id, Field(description="Unique to the process.", examples=["box-2-eval-7f3a"])]
Labels = Annotated[dict[Id, Id], Field(max_length=32)]
Roles = Annotated[list[Role], Field(min_length=1, max_length=len(ROLES), examples=[["eval"]])]
Result = Annotated[
    dict[str, Any], Field(description="What the job's type gives.", examples=[{"correct": 83, "n": 100}])
]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Count = Annotated[int, WHOLE]


class SubmitRequest(Request):
    job_type: JobTypeName
    payload: Annotated[
        dict[str, Any], Field(description="As the schema of its type says.", examples=[{"skill_id": "bin"}])
    ] = {}
    priority: Annotated[Priority, Field(examples=["normal"])] = "normal"
    tags: Annotated[list[Id], Field(max_length=32, examples=[["nightly"]])] = []
    timeout: Annotated[
        float | None,
        Field(
            gt=0, le=MAX_TIMEOUT_S, strict=False, description="Seconds; that of its type unless given.", examples=[600]
        ),
    ] = None
    labels: Annotated[
        Labels, Field(description='Only a worker that has all of them claims it, as {"realm/role": "oracle"}.')
    ] = {}


class BatchItem(SubmitRequest):
    key: Annotated[Id | None, Field(description="Submitted twice under one key, it is one job.")] = None


class SubmitBatchRequest(Request):
    jobs: Annotated[list[BatchItem], Field(min_length=1, max_length=MAX_BATCH)]


class Submitted(Row):
    job_id: JobId
    status: Status
    queue_position: Annotated[int, Field(ge=0, description="1 is the next; 0 when it no longer waits.", examples=[1])]
    warnings: Annotated[list[str], Field(examples=[[]])]
    repeated: Annotated[bool, Field(description="Its key was known: it is the job of then.")] = False


class Refusal(Row):
    problem: str
    remedy: str
    kind: str


class RefusedSubmission(Row):
    error: Refusal


class SubmittedBatch(Row):
    jobs: Annotated[list[Submitted | RefusedSubmission], Field(description="One a job, in order.")]


class JobRow(Row):
    id: JobId
    type: Annotated[str, Field(examples=["eval"])]
    status: Status
    priority: Priority
    payload: Annotated[dict[str, Any], Field(examples=[{"skill_id": "bin", "weights": "newest"}])]
    role: Annotated[str, Field(description="Of the workers that take it.", examples=["eval"])]
    timeout_s: Annotated[float, Field(examples=[600])]
    created_at: Time
    labels: dict[str, str] = {}
    min_gpu_mb: Annotated[int, Field(description="Free GPU memory it needs.")] = 0
    attempts: Annotated[int, Field(ge=0, description="Claims so far.", examples=[1])]
    max_attempts: Annotated[int, Field(examples=[3])]
    tags: list[str] = []
    skill_id: str | None = None
    key: Annotated[str | None, Field(description="Idempotency key it was submitted under.")] = None
    worker_id: str | None = None
    lease_expires_at: str | None = None
    not_before: Annotated[str | None, Field(description="Held back until then, after a failure.")] = None
    claimed_at: str | None = None
    started_at: str | None = None
    recorded_at: Annotated[str | None, Field(description="What it found is in the books; no cancelling from then.")] = (
        None
    )
    finished_at: str | None = None
    result: dict[str, Any] | None = None
    failure: Annotated[str | None, Field(description="Kind of the last failed attempt.")] = None
    error: Annotated[str | None, Field(description="Of the last failed attempt.")] = None
    cancel_reason: str | None = None


class Jobs(Page):
    jobs: list[JobRow]


class JobEventRow(Row):
    seq: Annotated[int, Field(examples=[118])]
    job_id: JobId
    at: Time
    status: Status
    worker_id: str | None = None
    detail: Annotated[str, Field(examples=["attempt 1"])]


class JobEvents(Row):
    events: Annotated[list[JobEventRow], Field(description="Oldest first.")]


class JobTypeRow(Row):
    type: Annotated[str, Field(examples=["eval"])]
    about: Annotated[str, Field(examples=["Asks a skill's problems and grades the answers"])]
    role: Annotated[str, Field(examples=["eval"])]
    timeout_s: Annotated[float, Field(examples=[600])]
    max_pending: Annotated[int, Field(examples=[50])]
    max_running: Annotated[int, Field(examples=[3])]
    when_full: Annotated[str, Field(description="warn, reject or allow.", examples=["warn"])]
    schema_: Annotated[dict[str, Any], Field(alias="schema", description="JSON schema of its payload.")]


class JobTypes(Row):
    types: list[JobTypeRow]


class QueueRow(Row):
    priority: Priority
    pending: Annotated[int, Field(ge=0)]


class StuckJob(Row):
    job_id: JobId
    type: Annotated[str, Field(examples=["retention"])]
    reason: Annotated[str, Field(examples=["no worker takes the role vault"])]


class IdleDone(Row):
    at: Time
    reason: Annotated[str, Field(examples=["hot: not applied yet"])]
    job_id: Annotated[JobId | None, Field(description="None of what needs no job.")]


class JobStats(Row):
    by_status: Annotated[
        dict[str, dict[str, int]], Field(description="Status → type → jobs.", examples=[{"pending": {"eval": 1}}])
    ]
    queues: list[QueueRow] = []
    running: int = 0
    stuck: list[StuckJob] = []
    idle_work: Annotated[
        dict[str, IdleDone], Field(description="Work that the Task Master posts by itself: kind → the last of it.")
    ] = {}


class WorkerRow(Row):
    id: WorkerId
    host: Annotated[str, Field(examples=["box-2"])]
    roles: list[str]
    labels: dict[str, str] = {}
    pid: int | None = None
    external: Annotated[bool, Field(description="A process outside the cluster.")] = False
    registered_at: Time
    last_beat_at: Time
    online: Annotated[bool, Field(description="Heard from within three heartbeats.")] = True
    holding: Annotated[list[str], Field(description="Ids of the jobs it works on.")] = []
    gpu: Any = None


class Workers(Row):
    workers: list[WorkerRow]


class ClaimRequest(Request):
    worker_id: WorkerId
    roles: Annotated[Roles | None, Field(description="Those it registered with unless given.")] = None
    limit: Annotated[Count, Field(ge=1, le=100, description="Jobs at most.", examples=[1])] = 1
    wait_s: Annotated[
        float, Field(ge=0, le=MAX_WAIT_S, strict=False, description="Waits this long for a first one.", examples=[20])
    ] = 0.0
    labels: Labels = {}
    gpu_free_mb: Annotated[Count, Field(ge=0, le=10**7, description="Free GPU memory.", examples=[0])] = 0


class ClaimedJob(JobRow):
    task: Annotated[Any, Field(description="What is to be asked, for jobs of role eval.")] = None


class Claimed(Row):
    jobs: Annotated[list[ClaimedJob], Field(description="Each under a lease of 60 s.")]


class OneBeatRequest(Request):
    worker_id: WorkerId


class Beat(Row):
    lost: Annotated[list[str], Field(description="Jobs that it no longer holds.", examples=[[]])]


class CompleteRequest(Request):
    worker_id: WorkerId
    result: Result


class CompletedItem(Request):
    job_id: JobId
    result: Result


class CompleteBatchRequest(Request):
    worker_id: WorkerId
    results: Annotated[list[CompletedItem], Field(min_length=1, max_length=MAX_BATCH)]


class CompletedBatch(Row):
    jobs: Annotated[list[Any], Field(description="One a result, in order: the job, or the error.")]


class FailRequest(Request):
    worker_id: WorkerId
    kind: Annotated[Failure, Field(description="bad_payload is not tried again.", examples=["inference"])]
    message: Annotated[Text, Field(examples=["CUDA out of memory"])] = ""


class ReleaseRequest(Request):
    worker_id: WorkerId


class CancelRequest(Request):
    reason: Annotated[Text, Field(examples=["no longer wanted"])] = "cancelled over the API"


class RegisterRequest(Request):
    worker_id: WorkerId
    host: Annotated[str, Field(min_length=1, max_length=255, examples=["box-2"])]
    roles: Roles
    labels: Labels = {}
    pid: Annotated[Count | None, Field(ge=1, le=2**31, examples=[4711])] = None


class Registered(Row):
    worker_id: WorkerId
    lease_s: Annotated[float, Field(description="How long a job is its own without a heartbeat.", examples=[60])]
    beat_s: Annotated[float, Field(description="Seconds between heartbeats.", examples=[10])]


class BeatRequest(Request):
    worker_id: WorkerId
    holding: Annotated[list[JobId], Field(max_length=MAX_BATCH, examples=[["41"]])] = []
