"""Two nodes with folders of their own, a VaultKeeper on the head, and the memory of whoever moves bytes."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import ray
import yaml
from ray.cluster_utils import Cluster

from actors.cluster import INTAKE, NAMESPACE, ON_HEAD
from actors.rows import row_of
from actors.service import now
from actors.vault_keeper import VaultKeeper
from realm.home import RealmHome
from realm.rules.checkpoint import Checkpoint, CreatedBy, canonical_name, checkpoint_id
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.transfers import TransferStore
from realm.vault.folders import WEIGHTS, sha256_of
from realm.vault.sidecar import LEDGER, write_sidecar

CAMPAIGN = "mote-1"


class TwoNodes:
    """`head` has the realm's home, `cellar` a host of its own with another one."""

    def __init__(self, root: Path, object_store_mb: int, more: dict[str, Any] | None = None) -> None:
        self.home = RealmHome(root / "head")
        self.cellar = root / "cellar"
        self.shelf = root / "shelf"
        for folder in (self.cellar, self.shelf):
            folder.mkdir()
        self.home.root.mkdir()
        self.home.create()
        strongholds = {
            "cellar": {"zone": "cold", "uri": str(self.cellar / "copies"), "node": "cellar"},
            "shelf": {"zone": "warm", "uri": str(self.shelf / "copies")},
            **(more or {}),
        }
        self.settings = {"vault": {"strongholds": strongholds, "min_free_mb": 1}}
        self.write_settings()
        self.database = Database.open(self.home.database)
        self.database.create()
        CampaignStore(self.database).ensure_campaign("mote", "v1", now())
        self.checkpoints = CheckpointStore(self.database)
        self.transfers = TransferStore(self.database)
        store = object_store_mb * 1_000_000
        self.cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": store, "node_name": "head"}
        )
        self.node = self.cluster.add_node(
            num_cpus=1,
            object_store_memory=store,
            node_name="cellar",
            env_vars={"REALM_HOME": str(self.cellar / "realm")},
        )
        ray.init(address=self.cluster.address, namespace=NAMESPACE, log_to_driver=False, logging_level="ERROR")
        self.cluster.wait_for_nodes()
        options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, "max_concurrency": 8}
        remote: Any = ray.remote(concurrency_groups={INTAKE: 4})(VaultKeeper)
        named = {"name": "vault_keeper", "resources": dict(ON_HEAD)}
        self.keeper = remote.options(**options, **named).remote(str(self.home.root))

    def close(self) -> None:
        ray.shutdown()
        self.cluster.shutdown()
        self.database.close()

    def write_settings(self) -> None:
        self.home.config_file.write_text(yaml.safe_dump(self.settings))

    def call(self, method: str, *args: Any, timeout_s: float = 120) -> Any:
        return ray.get(getattr(self.keeper, method).remote(*args), timeout=timeout_s)

    def save(self, step: int, size: int) -> Checkpoint:
        """A checkpoint of about `size` bytes in the ledger and at home."""
        saved_at = now()
        name = canonical_name(step, saved_at)
        folder = self.home.checkpoints / CAMPAIGN / name
        (folder / "training_state").mkdir(parents=True)
        with (folder / WEIGHTS).open("wb") as out:
            for left in range(size, 0, -1_000_000):
                out.write(os.urandom(min(left, 1_000_000)))
        (folder / "training_state" / "meta.json").write_text(json.dumps({"step": step}))
        (folder / "merges.txt").write_text("")
        record = Checkpoint(
            id=checkpoint_id(CAMPAIGN, name), campaign_id=CAMPAIGN, hero_id="mote", step=step, saved_at=saved_at,
            canonical_name=name, path=str(folder), sha256=sha256_of(folder / WEIGHTS), size_bytes=size,
            has_optimizer=True, created_by=CreatedBy.INTERVAL,
        )  # fmt: skip
        (folder / LEDGER).write_text(write_sidecar(row_of(record)))
        return self.checkpoints.record(record, now()).checkpoint

    def wait(self, transfer_id: str, reached: Callable[[Any], bool], timeout: float = 120) -> Any:
        """Poll the record of a transfer."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found = self.transfers.get(transfer_id)
            if reached(found):
                return found
            time.sleep(0.002)
        raise AssertionError(f"not reached within {timeout} s: {found}")

    def movers(self) -> dict[str, int]:
        """Pids of the processes that read and write copies."""
        titles = {"keeper": "ray::VaultKeeper", "hand": "ray::Hand"}
        raylets = {process.pid for process in psutil.Process().children(recursive=True)}
        found: dict[str, int] = {}
        for pid in raylets:
            try:
                line = " ".join(psutil.Process(pid).cmdline())
            except psutil.Error:
                continue
            found |= {name: pid for name, title in titles.items() if line.startswith(title)}
        return found

    @contextmanager
    def watched(self) -> Iterator[dict[str, int]]:
        """Peak of each mover's resident memory above that at the beginning, in bytes, filled in at the end."""
        rest = {name: psutil.Process(pid).memory_info().rss for name, pid in self.movers().items()}
        peaks: dict[str, int] = {}
        done = threading.Event()

        def look() -> None:
            while not done.wait(0.02):
                for name, pid in self.movers().items():
                    try:
                        rss = psutil.Process(pid).memory_info().rss
                    except psutil.Error:
                        continue
                    peaks[name] = max(peaks.get(name, 0), rss - rest.get(name, rss))

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield peaks
        finally:
            done.set()
            watcher.join()
