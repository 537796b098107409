"""A realm as a worker outside the cluster sees it: real queue, real books, real files behind plain HTTP, and no Ray.

`breaks` makes the next answers end early: after so many bytes of a file, or before the first byte (0).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import realm
from actors.rows import row_of
from actors.skill_engine import SkillEngine
from realm.errors import NotFoundError, RealmError
from realm.home import RealmHome
from realm.rules.checkpoint import Checkpoint, CreatedBy
from realm.rules.job import FailureKind
from realm.store.campaign_lives import CampaignLives
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.jobs import JobStore
from realm.vault.folders import WEIGHTS, sha256_of
from skills import exam_version, get_engine

TOKEN = "a-token-of-the-tests-7f3a"
STATUSES = {"NotFoundError": 404, "ConflictError": 409, "RequestError": 400}


class HttpRealm:
    """Answers the routes that a worker uses."""

    def __init__(self, root: Path, hero: Path) -> None:
        self.home = RealmHome(root)
        self.home.create()
        self.hero = hero
        self.database = Database.open(self.home.database)
        self.database.create()
        self.jobs = JobStore(self.database)
        self.checkpoints = CheckpointStore(self.database)
        campaigns = CampaignStore(self.database)
        campaign = campaigns.ensure_campaign("mote", exam_version([get_engine().get("bin")]), now())
        CampaignLives(self.database).activate(campaign.id, now())
        self.campaign_id = campaign.id
        self.engine = SkillEngine(str(root))
        self.version = realm.__version__
        self.breaks: list[int] = []
        self.asked: list[str] = []
        self.ranges: list[str | None] = []
        self.lock = threading.Lock()

    def add_checkpoint(self, step: int, folder: Path, sha256: str | None = None) -> Checkpoint:
        name = f"checkpoint-{step}-20260101-1200"
        made = Checkpoint(
            id=f"{self.campaign_id}/{name}",
            campaign_id=self.campaign_id,
            hero_id="mote",
            step=step,
            saved_at=now(),
            canonical_name=name,
            path=str(folder),
            sha256=sha256 or sha256_of(folder / WEIGHTS),
            size_bytes=(folder / WEIGHTS).stat().st_size,
            has_optimizer=False,
            created_by=CreatedBy.INTERVAL,
        )
        return self.checkpoints.record(made, now()).checkpoint

    def submit(self, job_type: str, **payload: Any) -> str:
        return self.jobs.submit(job_type, payload, now()).job.id

    def get(self, path: str) -> Any:
        path, _, asked = path.partition("?")
        if path == "/api/worker/settings":
            small = [file for file in self.hero.iterdir() if file.name != WEIGHTS]
            files = [{"path": file.name, "size_bytes": file.stat().st_size} for file in small]
            hero = asked.removeprefix("hero=") or "mote"
            return {"hero_id": hero, "base_model": None, "files": files, "versions": {"realm": self.version}}
        if found := re.fullmatch("/api/worker/hero/(.+)", path):
            return self.hero / found[1]
        if found := re.fullmatch(f"/api/checkpoints/(.+)/files/{WEIGHTS}", path):
            return Path(self.checkpoints.get(found[1]).path) / WEIGHTS
        if found := re.fullmatch("/api/checkpoints/(.+)", path):
            return row_of(self.checkpoints.get(found[1]))
        raise NotFoundError(f"There is no {path}.")

    def post(self, path: str, body: dict[str, Any]) -> Any:
        worker = str(body.get("worker_id"))
        match path.removeprefix("/api/jobs/").split("/"):
            case ["workers", "register"]:
                self.jobs.register_worker(worker, body["host"], tuple(body["roles"]), now())
                return {"worker_id": worker}
            case ["workers", "heartbeat"]:
                return {"lost": sorted(self.jobs.heartbeat(worker, body["holding"], now()).lost)}
            case ["claim"]:
                job = self.jobs.claim(worker, body["roles"], now())
                if job is None:
                    return {"jobs": []}
                row = row_of(self.jobs.start(job.id, worker, now()))
                return {"jobs": [{**row, "task": self.engine.assign(row)}]}
            case [job_id, "complete"]:
                told = self.engine.record(row_of(self.jobs.get(job_id)), body["result"], None)
                return row_of(self.jobs.complete(job_id, worker, told, now()))
            case [job_id, "fail"]:
                return row_of(self.jobs.fail(job_id, worker, FailureKind(body["kind"]), body["message"], now()))
            case [job_id, "release"]:
                return row_of(self.jobs.release(job_id, worker, now()))
            case [job_id, "cancel"]:
                return row_of(self.jobs.cancel(job_id, body["reason"], now()))
            case _:
                raise NotFoundError(f"There is no {path}.")


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def served(realm_: HttpRealm) -> Iterator[str]:
    """The URL of the realm while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

        def do_GET(self) -> None:
            self._answer(lambda: realm_.get(unquote(self.path)))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(lambda: realm_.post(unquote(self.path), body))

        def _answer(self, found: Any) -> None:
            realm_.asked.append(self.path)
            broken = realm_.breaks.pop(0) if realm_.breaks else None
            if broken == 0:
                self.close_connection = True
                return
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._send(401, {"type": "about:blank", "detail": "A token is needed."})
                return
            try:
                with realm_.lock:
                    value = found()
            except RealmError as error:
                kind = next(each.__name__ for each in type(error).__mro__ if each.__name__ in STATUSES)
                problem = {"type": f"urn:realm:{kind}", "detail": error.problem, "remedy": error.remedy}
                self._send(STATUSES[kind], problem)
                return
            if isinstance(value, Path):
                self._file(value.read_bytes(), broken)
            else:
                self._send(200, value)

        def _file(self, data: bytes, broken: int | None) -> None:
            asked = self.headers.get("Range")
            realm_.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            if start >= len(data):
                self._send(416, {"detail": "beyond the end"})
                return
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start:] if broken is None else data[start : start + broken])
            self.close_connection = True

        def _send(self, status: int, value: Any) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        realm_.database.close()
