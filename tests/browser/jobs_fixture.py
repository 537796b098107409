"""A double of the job system for tests of its page: workers, jobs in every state, one of them stuck."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from realm.errors import ConflictError, NotFoundError, RealmError, RequestError
from realm.rules.job import JOB_SPECS, MAX_ATTEMPTS, JobType, Priority

Json = dict[str, Any]
NOW = datetime(2026, 11, 24, 9, 41, 7, tzinfo=UTC)
OPEN = ("pending", "claimed", "running")
EVALUATED = {"skill_id": "bin", "level": 15, "step": 127_000, "n": 125, "correct": 104, "accuracy": 0.832,
             "counted": True, "mastered_level": 15, "detail": ""}  # fmt: skip


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat()


class JobsDouble:
    """The job system's answers from memory. `refusal` is raised by the next write; `calls` is what was written."""

    def __init__(self, scenario: str = "full") -> None:
        self.begin(scenario)

    def begin(self, scenario: str) -> None:
        """Be as new."""
        self.calls: list[tuple[Any, ...]] = []
        self.refusal: RealmError | None = None
        self.jobs: dict[str, Json] = {}
        self.stuck: list[Json] = []
        self.workers = [self._worker("eval-1@forge", "forge", ["eval", "analytics"], 3)]
        if scenario == "full":
            self._fill()

    def _fill(self) -> None:
        self.workers += [
            self._worker("steward@forge", "forge", ["forge", "vault"], 6),
            self._worker("eval-2@gpu-box", "gpu-box", ["eval"], 2, external=True, gpu=True),
            self._worker("eval-3@attic", "attic", ["eval"], 412),
        ]
        self.add("eval", {"skill_id": "bin", "weights": "newest"}, "running", "normal", 40, worker="eval-1@forge")
        self.add("archive", {"source": "mote-3/checkpoint-125000-20261124-0920", "target": "nas"}, "running", "high",
                 3_500, worker="steward@forge")  # fmt: skip
        self.add("sparring", {"skill_id": "sy", "count": 100}, "running", "idle", 220, worker="eval-2@gpu-box")
        self.add("layer_stats", {"checkpoint_id": "checkpoint-125000-20261124-0920"}, "pending", "normal", 2_400)
        self.stuck = [{"job_id": "1004", "type": "layer_stats", "reason": "no worker of role analytics is online"}]
        for number in range(3):
            self.add("exam", {"checkpoint_id": f"checkpoint-{125_000 - number}"}, "pending", "normal", 90 - number)
        self.add("retention", {"zone": "hot"}, "pending", "idle", 30)
        self.add("eval", {"skill_id": "bin", "weights": "newest"}, "completed", "normal", 300, result=EVALUATED)
        self.add("eval", {"skill_id": "nope"}, "failed", "high", 500,
                 error="Skill 'nope' does not exist.", failure="bad_payload")  # fmt: skip
        self.add("data_gen", {"skill_id": "sy", "count": 1000}, "cancelled", "low", 700)
        for number in range(60):
            kind = ("health_check", "passive_eval", "data_profile")[number % 3]
            self.add(kind, {"path": "lines.jsonl"} if kind == "data_profile" else {}, "completed",
                     "idle" if number % 3 == 0 else "normal", 900 + 60 * number,
                     result={"rows": 1200, "seconds": 0.4, "shapes": {"messages": 900, "text": 300}})  # fmt: skip

    def _worker(
        self, key: str, host: str, roles: list[str], beat: float, external: bool = False, gpu: bool = False
    ) -> Json:
        card = {"name": "NVIDIA GeForce RTX 3090", "free_mb": 18_200, "total_mb": 24_576, "utilization": 0.37}
        return {"id": key, "host": host, "roles": roles, "labels": {"realm/role": "oracle"} if gpu else {},
                "pid": 4021, "external": external, "registered_at": ago(7_200), "last_beat_at": ago(beat),
                "online": beat < 30, "gpu": card if gpu else None}  # fmt: skip

    def add(
        self,
        kind: str,
        payload: Json,
        status: str = "pending",
        priority: str = "normal",
        age: float = 0,
        worker: str | None = None,
        **more: Any,
    ) -> Json:
        spec = JOB_SPECS[JobType(kind)]
        job_id = str(1001 + len(self.jobs))
        began = ago(age) if status != "pending" else None
        job: Json = {
            "id": job_id, "type": kind, "status": status, "priority": priority, "payload": payload, "role": spec.role,
            "timeout_s": spec.timeout_s, "created_at": ago(age + 5), "labels": {}, "min_gpu_mb": 0,
            "attempts": 0 if status == "pending" else 1, "max_attempts": MAX_ATTEMPTS, "tags": [],
            "skill_id": payload.get("skill_id"), "key": None, "worker_id": worker,
            "lease_expires_at": None, "not_before": None, "claimed_at": began, "started_at": began,
            "recorded_at": None, "finished_at": None if status in OPEN else ago(age - 12), "result": None,
            "failure": None, "error": None, "cancel_reason": "not needed" if status == "cancelled" else None,
        } | more  # fmt: skip
        self.jobs[job_id] = job
        return job

    def get(self, job_id: str) -> Json:
        if job_id not in self.jobs:
            raise NotFoundError(f"Job {job_id!r} does not exist.", "realm job list shows them.")
        return self.jobs[job_id]

    def write(self, *call: Any) -> None:
        self.calls.append(call)
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal

    def history(self, job_id: str) -> list[Json]:
        job = self.get(job_id)
        lines = [("pending", job["created_at"], "")]
        if job["started_at"]:
            lines += [("claimed", job["started_at"], ""), ("running", job["started_at"], "")]
        if job["finished_at"]:
            lines.append((job["status"], job["finished_at"], job["error"] or job["cancel_reason"] or ""))
        return [
            {"seq": seq, "job_id": job_id, "at": at, "status": status, "worker_id": job["worker_id"], "detail": detail}
            for seq, (status, at, detail) in enumerate(lines, 1)
        ]

    def stats(self) -> Json:
        by_status: dict[str, Counter[str]] = {}
        for job in self.jobs.values():
            by_status.setdefault(job["status"], Counter())[job["type"]] += 1
        waiting = Counter(job["priority"] for job in self.jobs.values() if job["status"] == "pending")
        return {
            "by_status": by_status, "queues": [{"priority": p.value, "pending": waiting[p.value]} for p in Priority],
            "running": sum(by_status.get("running", {}).values()),
            "stuck": [row for row in self.stuck if self.jobs[row["job_id"]]["status"] in OPEN],
            "idle_work": {
                "retention": {"at": ago(35), "reason": "hot: not applied yet", "job_id": "1"},
                "verify": {"at": ago(95), "reason": "checkpoint-40 was not verified for 7 d", "job_id": None},
            },
        }  # fmt: skip

    def router(self) -> APIRouter:
        api = APIRouter(prefix="/api/jobs")
        add_reads(api, self)
        add_writes(api, self)
        return api


def add_reads(api: APIRouter, jobs: JobsDouble) -> None:
    @api.get("")
    async def listed(
        status: Annotated[list[str] | None, Query()] = None,
        type: Annotated[list[str] | None, Query()] = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Json:
        rows = [
            job
            for job in sorted(jobs.jobs.values(), key=lambda job: job["created_at"], reverse=True)
            if (not status or job["status"] in status) and (not type or job["type"] in type)
        ]
        return {"jobs": rows[offset : offset + limit], "total": len(rows), "limit": limit, "offset": offset}

    @api.get("/types")
    async def types() -> Json:
        return {
            "types": [
                {"type": spec.type.value, "about": spec.about, "role": spec.role, "timeout_s": spec.timeout_s,
                 "max_pending": spec.max_pending, "max_running": spec.max_running, "when_full": spec.when_full,
                 "schema": spec.payload.model_json_schema()}
                for spec in JOB_SPECS.values()
            ]
        }  # fmt: skip

    @api.get("/stats")
    async def stats() -> Json:
        return jobs.stats()

    @api.get("/workers")
    async def workers() -> Json:
        held = {row["id"]: [j["id"] for j in jobs.jobs.values() if j["worker_id"] == row["id"] and j["status"] in OPEN]
                for row in jobs.workers}  # fmt: skip
        return {"workers": [row | {"holding": held[row["id"]]} for row in jobs.workers]}

    @api.get("/{job_id}/events")
    async def events(job_id: str) -> Json:
        return {"events": jobs.history(job_id)}

    @api.get("/{job_id}")
    async def show(job_id: str) -> Json:
        return jobs.get(job_id)


def add_writes(api: APIRouter, jobs: JobsDouble) -> None:
    @api.post("", status_code=201)
    async def submit(
        job_type: Annotated[str, Body()],
        payload: Annotated[Json, Body()],
        priority: Annotated[str, Body()] = "normal",
        tags: Annotated[list[str] | None, Body()] = None,
        timeout: Annotated[float | None, Body()] = None,
    ) -> Json:
        jobs.write("submit", job_type, payload, priority, tags, timeout)
        if job_type not in JOB_SPECS:
            raise RequestError(f"Job type {job_type!r} does not exist.")
        checked = JOB_SPECS[JobType(job_type)].check(payload)
        job = jobs.add(job_type, checked, "pending", priority, tags=tags or [])
        return {"job_id": job["id"], "status": "pending", "queue_position": 4, "warnings": [], "repeated": False}

    @api.post("/{job_id}/cancel")
    async def cancel(job_id: str) -> Json:
        jobs.write("cancel", job_id)
        job = jobs.get(job_id)
        if job["status"] not in OPEN:
            raise ConflictError(f"Job {job_id} is {job['status']}.", "Only an open job can be cancelled.")
        job |= {"status": "cancelled", "finished_at": ago(0), "cancel_reason": "cancelled on the Jobs page"}
        return job

    @api.post("/{job_id}/retry")
    async def retry(job_id: str) -> Json:
        jobs.write("retry", job_id)
        job = jobs.get(job_id)
        job |= {"status": "pending", "finished_at": None, "error": None, "failure": None, "started_at": None}
        return job
