"""What the HTTP API of the vault, the jobs and the workers asks of the realm.

The routes know these protocols and neither actors, Ray nor the database. Their methods are named as those of the actors
that answer them; each gives JSON-ready values and raises only RealmError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Json = dict[str, Any]


class VaultBackend(Protocol):
    """Checkpoints, other assets, strongholds, transfers, retention: VaultKeeper."""

    async def list(
        self,
        sort: str = "saved_at",
        descending: bool = True,
        campaign_id: str | None = None,
        zone: str | None = None,
        skill: str | None = None,
        created_by: str | None = None,
        trashed: bool = False,
        search: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Json:
        """`{checkpoints: [row], total}` of a campaign, the active one unless named."""
        ...

    async def show(self, name: str) -> Json:
        """A checkpoint's row with `lineage`, `children` and `uses`."""
        ...

    async def best(self, metric: str = "exam_accuracy", campaign_id: str | None = None) -> Json | None:
        """The row of the best checkpoint by a metric."""
        ...

    async def summary(self) -> Json:
        """Numbers of the active campaign's ledger."""
        ...

    async def stats(self) -> Json:
        """Numbers of the whole vault."""
        ...

    async def promote(self, name: str) -> Json:
        """Makes a checkpoint the champion: `{before, after}`."""
        ...

    async def verify(self, name: str) -> Json:
        """Compares each copy with its hashes: `{checkpoint_id, ok, locations}`."""
        ...

    async def delete_plan(self, names: Sequence[str]) -> Json:
        """What a deletion would do: `{checkpoints, bytes_freed, refused, confirmation}`."""
        ...

    async def delete(self, names: Sequence[str], confirmation: str = "") -> Json:
        """Moves checkpoints to the trash: `{trashed, bytes_freed, refused}`."""
        ...

    async def restore(self, name: str) -> Json:
        """Takes a checkpoint out of the trash; its row."""
        ...

    async def files(self, name: str) -> Sequence[Json]:
        """`[{path, size_bytes}]` of a checkpoint's folder."""
        ...

    async def file(self, name: str, relative_path: str) -> Json:
        """`{path, size_bytes, sha256?}` of one file that lies in a checkpoint's folder and nowhere else."""
        ...

    async def zones(self) -> Sequence[Json]:
        """The zones with their policies, strongholds and sizes."""
        ...

    async def zone_assets(self, zone: str, limit: int = 50, offset: int = 0) -> Json:
        """`{assets, total}` with a copy in a zone."""
        ...

    async def transfer(self, asset_id: str, target: str, source: str | None = None) -> Json:
        """Begins a copy to a stronghold; its row."""
        ...

    async def transfers(self, limit: int = 50, offset: int = 0) -> Json:
        """`{transfers, total}`, newest first."""
        ...

    async def transfer_status(self, transfer_id: str) -> Json: ...

    async def cancel_transfer(self, transfer_id: str) -> Json: ...

    async def retention_plan(self, zone: str | None = None) -> Json:
        """What retention would drop now, under a `plan_id`."""
        ...

    async def retention_apply(self, plan_id: str, zone: str | None = None) -> Json:
        """Does what a plan says: `{dropped, bytes_freed}`; refused when it no longer holds."""
        ...

    async def assets(self, kind: str | None = None, limit: int = 50, offset: int = 0) -> Json:
        """`{assets, total}`."""
        ...

    async def asset(self, asset_id: str) -> Json: ...

    async def locate(self, asset_id: str) -> Json:
        """`{id, locations}` of an asset or a checkpoint."""
        ...

    async def register(self, kind: str, name: str, stronghold: str, path: str) -> Json:
        """Enters what lies in a stronghold as an asset; its row."""
        ...

    async def scan(self, stronghold: str | None = None) -> Json:
        """Enters what strongholds hold and the ledger does not: `{found, adopted, unreadable}`."""
        ...

    async def export_start(
        self, name: str, format: str = "folder", force: bool = False, include_optimizer: bool = False
    ) -> Json: ...

    async def exports(self) -> Sequence[Json]: ...

    async def export_status(self, export_id: str) -> Json: ...

    async def export_cancel(self, export_id: str) -> Json: ...

    async def import_folder(self, path: str) -> Json:
        """Takes a Hugging Face folder in: `{checkpoint, asset, path, next}`, one of the first two None."""
        ...


class JobsBackend(Protocol):
    """The job queue: TaskMaster."""

    async def submit(
        self,
        job_type: str,
        payload: Mapping[str, Any],
        priority: str = "normal",
        key: str | None = None,
        tags: Sequence[str] = (),
        timeout_s: float | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Json:
        """`{job_id, status, queue_position, warnings, repeated}`."""
        ...

    async def submit_many(self, submissions: Sequence[Json]) -> Sequence[Json]:
        """For each what `submit` gives, or `{error: {problem, remedy, kind}}`."""
        ...

    async def claim_many(
        self,
        worker_id: str,
        roles: Sequence[str],
        limit: int,
        wait_s: float,
        labels: Mapping[str, str] = {},
        gpu_free_mb: int = 0,
    ) -> Sequence[Json]:
        """Jobs for a worker, claimed and started; waits up to `wait_s` for the first."""
        ...

    async def register(
        self,
        worker_id: str,
        host: str,
        roles: Sequence[str],
        labels: Mapping[str, str] = {},
        pid: int | None = None,
        external: bool = False,
    ) -> None: ...

    async def heartbeat(self, worker_id: str, holding: Sequence[str]) -> Json:
        """Renews the leases of a worker's jobs: `{lost: [ids]}`."""
        ...

    async def complete(self, job_id: str, worker_id: str, result: Mapping[str, Any]) -> Json:
        """The row of the job, completed."""
        ...

    async def complete_many(self, worker_id: str, results: Sequence[Json]) -> Sequence[Json]: ...

    async def fail(self, job_id: str, worker_id: str, kind: str, message: str) -> Json | None: ...

    async def release(self, job_id: str, worker_id: str) -> Json | None: ...

    async def cancel(self, job_id: str, reason: str) -> Json: ...

    async def retry(self, job_id: str) -> Json: ...

    async def show(self, job_id: str) -> Json: ...

    async def list(
        self, statuses: Sequence[str] = (), types: Sequence[str] = (), limit: int = 50, offset: int = 0
    ) -> Json:
        """`{jobs, total}`, last submitted first."""
        ...

    async def history(self, job_id: str) -> Sequence[Json]: ...

    async def stats(self) -> Json: ...

    async def workers(self) -> Sequence[Json]: ...

    async def types(self) -> Sequence[Json]: ...


class WorkerBackend(Protocol):
    """What a worker outside the cluster needs beside jobs and checkpoints."""

    async def settings(self, hero_id: str | None) -> Json:
        """A hero (the active campaign's unless named), the files of its base model, the versions."""
        ...

    async def hero_file(self, path: str, hero_id: str | None) -> bytes:
        """One of those files."""
        ...

    async def snapshot(self, battle_id: str, step: int) -> bytes:
        """The weights of a snapshot that is still held, as safetensors."""
        ...


class BooksBackend(Protocol):
    """What the realm recorded, and the training under way."""

    async def evaluations(
        self, campaign_id: str | None, skill: str | None, checkpoint: str | None, limit: int, offset: int
    ) -> Json:
        """`{evaluations, total}` of a campaign (the active one unless named), newest first."""
        ...

    async def passives(self) -> Sequence[Json]: ...

    async def events(self, after: int, limit: int) -> Sequence[Json]:
        """Events later than `after`, oldest first."""
        ...

    async def training_status(self) -> Json: ...

    async def training_queue(self, limit: int, offset: int) -> Json:
        """`{quests, total}` that wait or are fought."""
        ...

    async def training_control(self, action: str) -> Json:
        """`pause`, `resume` or `stop`: the battle once the wish is recorded."""
        ...


class IdempotencyKeys(Protocol):
    """Answers kept by the key that their requests came with. Its calls may wait for a disk: not for an event loop."""

    def begin(self, key: str, request_sha256: str, now: datetime) -> tuple[int, str] | None:
        """Takes a key; the status and body of the answer that it was used for before.

        Raises:
            ConflictError: it was used for another request, or its first request is not answered yet.
        """
        ...

    def finish(self, key: str, status: int, body: str, now: datetime) -> None: ...

    def forget(self, key: str) -> None:
        """Its request was refused and may be sent again."""
        ...

    def prune(self, now: datetime) -> int:
        """Drops answers that are kept no longer."""
        ...


@dataclass(frozen=True, slots=True)
class ApiBackends:
    """All that the API asks."""

    vault: VaultBackend
    jobs: JobsBackend
    workers: WorkerBackend
    books: BooksBackend
    keys: IdempotencyKeys
