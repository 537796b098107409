"""Worker: claims jobs and runs their handlers, one after the other, on the node it was placed on."""

from __future__ import annotations

import platform
import threading
import time
from typing import Any

import ray
from ray.exceptions import RayError

from actors.service import Service
from actors.waiting import ask
from realm.errors import RealmError
from realm.rules.job import BEAT_S, FailureKind

CLAIM_WAIT_S = 5.0
"""How long a claim waits at the TaskMaster for a job to come."""


class Worker(Service):
    """A worker: runs jobs of the roles it has."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        # Imported here: whoever spawns a worker must not load torch for it.
        from actors.handlers import HANDLERS, Context, Superseded
        from realm.training.settings import set_threads

        self.handlers, self.superseded = HANDLERS, Superseded
        set_threads(self.config.placement.eval_cpus)
        node = ray.get_runtime_context().get_node_id()
        self.id = f"{platform.node()}-{node[:8]}"
        self.context = Context(self)
        self.holding: str | None = None
        self.lost = False
        threading.Thread(target=self._loop, name="jobs", daemon=True).start()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def _loop(self) -> None:
        self.context.warm_up()
        self._register()
        while True:
            try:
                job = ask(self.peer("task_master").claim.remote(self.id, ["eval"], CLAIM_WAIT_S))
                if job is not None:
                    self._run(job)
            except (RealmError, RayError) as error:
                print(f"{type(error).__name__}: {error}")
                time.sleep(1.0)
                self._register()

    def _run(self, job: dict[str, Any]) -> None:
        master = self.peer("task_master")
        self.holding, self.lost = job["id"], False
        try:
            result = self.handlers[job["type"]](job, self.context)
        except self.superseded as error:
            ask(master.cancel.remote(job["id"], str(error)))
        except RealmError as error:
            ask(master.fail.remote(job["id"], self.id, FailureKind.BAD_PAYLOAD.value, str(error)))
        except RayError as error:
            ask(master.fail.remote(job["id"], self.id, FailureKind.TRANSPORT.value, str(error).splitlines()[0]))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is the job's failure
            message = f"{type(error).__name__}: {error}"
            ask(master.fail.remote(job["id"], self.id, FailureKind.INFERENCE.value, message))
        else:
            ask(master.complete.remote(job["id"], self.id, result))
        finally:
            self.holding = None

    def _register(self) -> None:
        try:
            ask(self.peer("task_master").register.remote(self.id, platform.node(), ["eval"]))
        except (RealmError, RayError) as error:
            print(f"not registered: {error}")

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_S)
            holding = [self.holding] if self.holding else []
            self.peer("task_master").heartbeat.remote(self.id, holding)
