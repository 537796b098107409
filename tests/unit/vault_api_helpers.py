"""The API's backends over real stores on a temporary SQLite and real folders, without Ray; strongholds in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from actors.evaluation_reads import EvaluationReads
from actors.guild_books import GuildBooks
from actors.rows import row_of
from actors.snapshot import StateReader
from realm.errors import ClusterError, ConflictError, NotFoundError, QueueFullError
from realm.home import RealmHome
from realm.rules.checkpoint import Checkpoint, CreatedBy, canonical_name, checkpoint_id
from realm.rules.job import JOB_SPECS, FailureKind, JobStatus, JobType, Priority, Worker
from realm.rules.progression import Evaluation, LevelRule
from realm.rules.quest import QuestStatus
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.events import EventStore
from realm.store.idempotency import IdempotencyStore
from realm.store.jobs import JobStore, Refused
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore
from serve.vault_backend import ApiBackends
from skills import get_engine

Json = dict[str, Any]
CAMPAIGN = "mote-1"
T0 = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
WEIGHTS = bytes(range(256)) * 400
POLICY = {"max_gb": 150, "max_age_days": 7, "keep_newest": 50}


def now() -> datetime:
    return datetime.now(UTC)


class StoreVault:
    """Checkpoints of a real ledger in real folders; one stronghold beside `home`, whose copies are a dict."""

    def __init__(self, home: RealmHome, database: Database) -> None:
        self.home = home
        self.store = CheckpointStore(database)
        self.copies: dict[str, set[str]] = {}
        self.moves: dict[str, Json] = {}
        self.kept: dict[str, Json] = {}
        self.made: dict[str, Json] = {}

    def save(self, step: int, **more: Any) -> Checkpoint:
        """A checkpoint with its folder."""
        saved_at = T0 + timedelta(seconds=step)
        name = canonical_name(step, saved_at)
        folder = self.home.checkpoints / CAMPAIGN / name
        (folder / "training_state").mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(WEIGHTS)
        (folder / "config.json").write_text("{}")
        (folder / "training_state" / "meta.json").write_text("{}")
        (folder / "empty.txt").touch()
        made = Checkpoint(
            id=checkpoint_id(CAMPAIGN, name),
            campaign_id=CAMPAIGN,
            hero_id="mote",
            step=step,
            saved_at=saved_at,
            canonical_name=name,
            path=str(folder),
            sha256=hashlib.sha256(WEIGHTS + step.to_bytes(8)).hexdigest(),
            size_bytes=len(WEIGHTS) + 4,
            has_optimizer=True,
            created_by=CreatedBy.INTERVAL,
            **more,
        )
        return self.store.record(made, saved_at).checkpoint

    def row(self, found: Checkpoint) -> Json:
        newest = self.store.newest(found.campaign_id)
        latest = newest is not None and newest.id == found.id
        return row_of(found) | {
            "zones": ["hot", *(["warm"] if self.copies.get(found.id) else [])],
            "locations": [self.location(found, each) for each in ("home", *sorted(self.copies.get(found.id, ())))],
            "protection": "protected" if latest else "expendable",
            "protected_because": ["latest"] if latest else [],
            "uri": Path(found.path).as_uri(),
        }

    def location(self, found: Checkpoint, stronghold: str) -> Json:
        zone = "hot" if stronghold == "home" else "warm"
        about = {"stronghold": stronghold, "zone": zone, "node": None, "uri": Path(found.path).as_uri()}
        return about | {"size_bytes": found.size_bytes, "verified_at": None}

    async def list(
        self, sort: str = "saved_at", descending: bool = True, campaign_id: str | None = None, zone: str | None = None,
        skill: str | None = None, created_by: str | None = None, trashed: bool = False, search: str | None = None,
        limit: int = 50, offset: int = 0,
    ) -> Json:  # fmt: skip
        rows = [self.row(each) for each in self.store.page(campaign_id or CAMPAIGN, 10_000, trashed=trashed)]
        rows = [each for each in rows if (search or "") in each["id"] and (zone is None or zone in each["zones"])]
        rows = [each for each in rows if created_by in (None, each["created_by"])]
        rows = [each for each in rows if skill is None or skill in each["exam_skills"]]
        by_skill = sort.removeprefix("skill:")
        rows.sort(key=lambda row: row["exam_skills"].get(by_skill) or row.get(sort) or 0, reverse=descending)
        return {"checkpoints": rows[offset : offset + limit], "total": len(rows)}

    async def show(self, name: str) -> Json:
        return self.row(self.store.get(name)) | {"lineage": [], "children": [], "uses": []}

    async def best(self, metric: str = "exam_accuracy", campaign_id: str | None = None) -> Json | None:
        found = self.store.best(campaign_id or CAMPAIGN, metric)
        return None if found is None else self.row(found)

    async def summary(self) -> Json:
        return asdict(self.store.sizes(CAMPAIGN))

    async def stats(self) -> Json:
        return asdict(self.store.sizes())

    async def promote(self, name: str) -> Json:
        return {"before": None, "after": self.row(self.store.get(name))}

    async def verify(self, name: str) -> Json:
        found = self.store.get(name)
        ok = (Path(found.path) / "model.safetensors").is_file()
        return {"checkpoint_id": found.id, "ok": ok, "locations": [{"stronghold": "home", "ok": ok, "detail": ""}]}

    async def delete_plan(self, names: Sequence[str]) -> Json:
        found = [self.row(self.store.get(name)) for name in dict.fromkeys(names)]
        free = [each for each in found if each["protection"] == "expendable"]
        return {
            "checkpoints": free,
            "bytes_freed": sum(each["size_bytes"] for each in free),
            "refused": [{"id": each["id"], "reason": "it is the latest"} for each in found if each not in free],
            "confirmation": f"delete {len(free)} checkpoint{'s' if len(free) != 1 else ''}",
            "restorable_days": 7.0,
        }

    async def delete(self, names: Sequence[str], confirmation: str = "") -> Json:
        plan = await self.delete_plan(names)
        if len(names) > 1 and confirmation != plan["confirmation"]:
            raise ConflictError(f"The confirmation is {confirmation!r}.", f"Repeat: {plan['confirmation']}")
        for each in plan["checkpoints"]:
            self.store.trash(each["id"], now())
        trashed = [each["id"] for each in plan["checkpoints"]]
        return {"trashed": trashed, "bytes_freed": plan["bytes_freed"], "refused": plan["refused"]}

    async def restore(self, name: str) -> Json:
        return self.row(self.store.restore(name, now()))

    async def files(self, name: str) -> Sequence[Json]:
        folder = Path(self.store.get(name).path)
        found = sorted(each for each in folder.rglob("*") if each.is_file())
        return [{"path": str(each.relative_to(folder)), "size_bytes": each.stat().st_size} for each in found]

    async def file(self, name: str, relative_path: str) -> Json:
        found = self.store.get(name)
        place = Path(found.path) / relative_path
        known = {"sha256": found.sha256} if relative_path == "model.safetensors" else {}
        return {"path": str(place), "size_bytes": place.stat().st_size if place.exists() else 0} | known

    async def zones(self) -> Sequence[Json]:
        size = self.store.sizes()
        hot = {"id": "home", "uri": self.home.checkpoints.as_uri(), "node": None, "reachable": True, "detail": ""}
        hot |= {"free_bytes": 10**9, "total_bytes": 10**10}
        counts = {"count": size.live, "bytes": int(size.live_bytes or 0), "over_count": 0}
        return [
            {"id": "hot", "policy": POLICY, "strongholds": [hot], "protected_count": 1, "protected_bytes": 0, **counts}
        ]

    async def zone_assets(self, zone: str, limit: int = 50, offset: int = 0) -> Json:
        found = self.store.page(CAMPAIGN, limit, offset) if zone == "hot" else ()
        rows = [
            {"asset_id": each.id, "kind": "checkpoint", "name": each.canonical_name, "stronghold": "home"}
            | {"size_bytes": each.size_bytes, "stored_at": each.saved_at.isoformat()}
            for each in found
        ]
        return {"assets": rows, "total": self.store.sizes().live if zone == "hot" else 0}

    async def transfer(self, asset_id: str, target: str, source: str | None = None) -> Json:
        found = self.store.get(asset_id)
        if target != "nas":
            raise NotFoundError(f"There is no stronghold {target!r}.", "The strongholds are: home, nas.")
        at = now().isoformat()
        row = {"id": str(len(self.moves) + 1), "asset_id": found.id, "source": source or "home", "target": target}
        row |= {"state": "running", "bytes_done": 0, "bytes_total": found.size_bytes, "created_at": at}
        row |= {"updated_at": at, "finished_at": None, "error": None}
        self.moves[row["id"]] = row
        return row

    async def transfers(self, limit: int = 50, offset: int = 0) -> Json:
        rows = sorted(self.moves.values(), key=lambda row: -int(row["id"]))
        return {"transfers": rows[offset : offset + limit], "total": len(rows)}

    async def transfer_status(self, transfer_id: str) -> Json:
        return _known(self.moves, transfer_id, "transfer")

    async def cancel_transfer(self, transfer_id: str) -> Json:
        row = await self.transfer_status(transfer_id)
        row["state"] = "cancelled"
        return row

    async def retention_plan(self, zone: str | None = None) -> Json:
        drops = {"drop": [], "bytes_freed": 0, "kept": 1, "protected_bytes": 0, "max_bytes": None}
        return {"plan_id": "plan-1", "zones": [{"zone": zone or "hot", **drops, "over_by_protection": 0, "notes": []}]}

    async def retention_apply(self, plan_id: str, zone: str | None = None) -> Json:
        if plan_id != "plan-1":
            raise ConflictError(f"The plan {plan_id!r} no longer holds.", "Ask for a new one.")
        return {"dropped": 0, "bytes_freed": 0}

    async def assets(self, kind: str | None = None, limit: int = 50, offset: int = 0) -> Json:
        rows = [each for each in self.kept.values() if kind in (None, each["kind"])]
        return {"assets": rows[offset : offset + limit], "total": len(rows)}

    async def asset(self, asset_id: str) -> Json:
        return _known(self.kept, asset_id, "asset")

    async def locate(self, asset_id: str) -> Json:
        found = self.store.get(asset_id)
        return {"id": found.id, "locations": self.row(found)["locations"]}

    async def register(self, kind: str, name: str, stronghold: str, path: str) -> Json:
        if stronghold not in ("home", "nas"):
            raise NotFoundError(f"There is no stronghold {stronghold!r}.", "The strongholds are: home, nas.")
        row = {"id": f"asset-{len(self.kept) + 1}", "kind": kind, "name": name, "sha256": "", "size_bytes": 0}
        self.kept[row["id"]] = row | {"created_at": now().isoformat(), "protection": "expendable", "data": {}}
        return self.kept[row["id"]]

    async def scan(self, stronghold: str | None = None) -> Json:
        return {"found": self.store.sizes().live, "adopted": 0, "unreadable": []}

    async def export_start(
        self, name: str, format: str = "folder", force: bool = False, include_optimizer: bool = False
    ) -> Json:
        found = self.store.get(name)
        key = f"{len(self.made) + 1}{'-with-optimizer' if include_optimizer else ''}"
        row = {"id": key, "checkpoint_id": found.id, "format": format, "state": "running"}
        row |= {"bytes_done": 0, "bytes_total": found.size_bytes, "path": None, "error": None}
        self.made[key] = row | {"created_at": now().isoformat(), "finished_at": None}
        return self.made[key]

    async def exports(self) -> Sequence[Json]:
        return list(self.made.values())[::-1]

    async def export_status(self, export_id: str) -> Json:
        return _known(self.made, export_id, "export")

    async def export_cancel(self, export_id: str) -> Json:
        row = await self.export_status(export_id)
        row["state"] = "cancelled"
        return row

    async def import_folder(self, path: str) -> Json:
        raise NotFoundError(f"There is no folder {path!r} to import.", "Put it into the imports folder.")


def _known(rows: Mapping[str, Json], name: str, what: str) -> Json:
    if name not in rows:
        raise NotFoundError(f"There is no {what} {name!r}.", f"The list of {what}s has those there are.")
    return rows[name]


class StoreJobs:
    """The queue of TaskMaster without its waiting; nothing a job finds is recorded."""

    def __init__(self, database: Database) -> None:
        self.store = JobStore(database)
        self.down = False

    async def submit(
        self, job_type: str, payload: Mapping[str, Any], priority: str = "normal", key: str | None = None,
        tags: Sequence[str] = (), timeout_s: float | None = None, labels: Mapping[str, str] | None = None,
    ) -> Json:  # fmt: skip
        if self.down:
            raise ClusterError("task_master does not answer.", "Try again in a moment.")
        more: Json = {"priority": Priority(priority), "tags": tuple(tags), "timeout_s": timeout_s, "key": key}
        found = self.store.submit(job_type, payload, now(), **more)
        if isinstance(found, Refused):
            raise QueueFullError(found.reason, "Try again later.", found.retry_after_s)
        return {
            "job_id": found.job.id,
            "status": found.job.status.value,
            "queue_position": found.queue_position,
            "warnings": list(found.warnings),
            "repeated": found.repeated,
        }

    async def submit_many(self, submissions: Sequence[Json]) -> Sequence[Json]:
        answers: list[Json] = []
        for each in submissions:
            try:
                answers.append(await self.submit(**each))
            except Exception as error:  # noqa: BLE001 - one that is refused harms no other
                told = {"problem": str(error), "remedy": "", "kind": type(error).__name__}
                answers.append({"error": told})
        return answers

    async def claim_many(
        self, worker_id: str, roles: Sequence[str], limit: int, wait_s: float, labels: Mapping[str, str] = {},
        gpu_free_mb: int = 0,
    ) -> Sequence[Json]:  # fmt: skip
        found: list[Json] = []
        while len(found) < limit:
            job = self.store.claim(worker_id, list(roles), now())
            if job is None:
                break
            found.append(row_of(self.store.start(job.id, worker_id, now())) | {"task": None})
        return found

    async def register(
        self, worker_id: str, host: str, roles: Sequence[str], labels: Mapping[str, str] = {}, pid: int | None = None,
        external: bool = False,
    ) -> None:  # fmt: skip
        self.store.register_worker(worker_id, host, tuple(roles), now())

    async def heartbeat(self, worker_id: str, holding: Sequence[str]) -> Json:
        return {"lost": sorted(self.store.heartbeat(worker_id, holding, now()).lost)}

    async def complete(self, job_id: str, worker_id: str, result: Mapping[str, Any]) -> Json:
        return row_of(self.store.complete(job_id, worker_id, result, now()))

    async def complete_many(self, worker_id: str, results: Sequence[Json]) -> Sequence[Json]:
        return [await self.complete(each["job_id"], worker_id, each["result"]) for each in results]

    async def fail(self, job_id: str, worker_id: str, kind: str, message: str) -> None:
        self.store.fail(job_id, worker_id, FailureKind(kind), message, now())

    async def release(self, job_id: str, worker_id: str) -> None:
        self.store.release(job_id, worker_id, now())

    async def cancel(self, job_id: str, reason: str) -> Json:
        return row_of(self.store.cancel(job_id, reason, now()))

    async def retry(self, job_id: str) -> Json:
        return row_of(self.store.retry(job_id, now()))

    async def show(self, job_id: str) -> Json:
        return row_of(self.store.get(job_id))

    async def list(
        self, statuses: Sequence[str] = (), types: Sequence[str] = (), limit: int = 50, offset: int = 0
    ) -> Json:
        found = self.store.page([JobStatus(each) for each in statuses] or None, 10_000)
        rows = [row_of(each) for each in found if not types or each.type in types]
        return {"jobs": rows[offset : offset + limit], "total": len(rows)}

    async def history(self, job_id: str) -> Sequence[Json]:
        return [row_of(each) for each in self.store.history(job_id)]

    async def stats(self) -> Json:
        return {"by_status": self.store.stats(), "queues": [], "running": 0, "stuck": [], "idle_work": {}}

    async def workers(self) -> Sequence[Json]:
        return [self._worker(each) for each in self.store.workers()]

    def _worker(self, worker: Worker) -> Json:
        return row_of(worker) | {"online": not worker.offline(now()), "holding": [], "gpu": None}

    async def types(self) -> Sequence[Json]:
        return [
            {
                "type": each.type.value,
                **{name: getattr(each, name) for name in ("about", "role", "timeout_s", "max_pending", "max_running")},
                "when_full": each.when_full,
                "schema": each.payload.model_json_schema(),
            }
            for each in JOB_SPECS.values()
        ]


class FileWorkers:
    """A hero of two small files, and one snapshot."""

    def __init__(self) -> None:
        self.held = {"config.json": b"{}", "tokenizer.json": b'{"version": "1.0"}'}
        self.snapshots = {("mote-1-battle-1", 40): b"\x00" * 1000}

    async def settings(self, hero_id: str | None) -> Json:
        files = [{"path": name, "size_bytes": len(body)} for name, body in self.held.items()]
        return {"hero_id": hero_id or "mote", "base_model": None, "files": files, "versions": {"realm": "1.2.3"}}

    async def hero_file(self, path: str, hero_id: str | None) -> bytes:
        return _known(self.held, path, "file")  # type: ignore[arg-type, return-value]

    async def snapshot(self, battle_id: str, step: int) -> bytes:
        return _known(self.snapshots, (battle_id, step), "snapshot")  # type: ignore[arg-type, return-value]


class StoreBooks:
    """The books of a real database."""

    def __init__(self, home: RealmHome, database: Database) -> None:
        self.skills = SkillStore(database)
        self.reads = EvaluationReads(str(home.root))
        self.reads.store = self.skills
        self.event_store = EventStore(database)
        self.quests = QuestStore(database)
        self.books = GuildBooks(database, get_engine())
        self.state = StateReader(home, database)

    def evaluate(self, skill_id: str, job_id: str, checkpoint_id: str | None = None) -> None:
        skill = get_engine().get(skill_id)
        made = Evaluation(CAMPAIGN, skill_id, 1, 40, 100, 83, 1, 1, job_id, T0, checkpoint_id)
        self.skills.record_evaluation(made, LevelRule(max_level=skill.max_level))

    async def evaluations(
        self, campaign_id: str | None, skill: str | None, checkpoint: str | None, limit: int, offset: int
    ) -> Json:
        return self.reads.evaluations(campaign_id, skill, checkpoint, limit, offset)

    async def passives(self) -> Sequence[Json]:
        return self.books.passive_rows(CAMPAIGN)

    async def events(self, after: int, limit: int) -> Sequence[Json]:
        return [row_of(each) for each in self.event_store.after(after, limit)]

    async def training_status(self) -> Json:
        state = self.state.read(None, now())
        return {**{name: state[name] for name in ("campaign", "battle", "quests")}, "attempts": []}

    async def training_queue(self, limit: int, offset: int) -> Json:
        found = self.quests.page(CAMPAIGN, (QuestStatus.ACTIVE, QuestStatus.QUEUED), limit, offset)
        return {"quests": [row_of(each) for each in found], "total": len(found)}

    async def training_control(self, action: str) -> Json:
        raise ConflictError("No battle is on.", "One begins when the board has a quest: realm quest post FILE.")


class World:
    """A realm's home with its database, an active campaign, and the backends over it."""

    def __init__(self, root: Path) -> None:
        self.home = RealmHome(root)
        root.mkdir(parents=True, exist_ok=True)
        self.home.create()
        self.database = Database.open(self.home.database)
        self.database.create()
        CampaignStore(self.database).ensure_campaign("mote", "v1", T0)
        self.vault = StoreVault(self.home, self.database)
        self.jobs = StoreJobs(self.database)
        self.workers = FileWorkers()
        self.books = StoreBooks(self.home, self.database)
        self.keys = IdempotencyStore(self.database)

    @property
    def backends(self) -> ApiBackends:
        return ApiBackends(self.vault, self.jobs, self.workers, self.books, self.keys)

    def job_of(self, job_type: JobType = JobType.HEALTH_CHECK) -> str:
        """A running job that worker w1 holds."""
        self.jobs.store.register_worker("w1", "box", ("eval",), now())
        self.jobs.store.submit(job_type, {}, now())
        claimed = self.jobs.store.claim("w1", ["eval"], now())
        assert claimed is not None
        return claimed.id
