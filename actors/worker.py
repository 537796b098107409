"""Worker: claims jobs and runs their handlers, one after the other, on the node it was placed on."""

from __future__ import annotations

import platform
import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayError

from actors.service import Service
from actors.waiting import ask
from realm.errors import ClusterError, ConflictError, DiskFullError, RealmError
from realm.rules.job import BEAT_S, FailureKind

if TYPE_CHECKING:
    from actors.handlers import Context

CLAIM_WAIT_S = 5.0
"""How long a claim waits at the TaskMaster for a job to come."""


class Worker(Service):
    """A worker: runs jobs of the roles it has."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        node = ray.get_runtime_context().get_node_id()
        self.id = f"{platform.node()}-{node[:8]}"
        self.preparing = threading.Lock()
        self.holding: str | None = None
        threading.Thread(target=self._loop, name="jobs", daemon=True).start()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    @cached_property
    def context(self) -> Context:
        """What handlers share. Torch and the hero are 0.3 GB: a realm in which nothing is evaluated goes without."""
        from actors.handlers import Context
        from realm.training.settings import set_threads

        set_threads(self.config.placement.eval_cpus)
        return Context(self)

    def prepare(self) -> None:
        """Load the hero, so that the first job does not wait for it: a battle is about to begin."""
        with self.preparing:
            self.context.warm_up()

    def _loop(self) -> None:
        self._register()
        while True:
            try:
                job = ask(self.peer("task_master").claim.remote(self.id, ["eval"], CLAIM_WAIT_S))
                if job is not None:
                    self._run(job)
            except Exception as error:  # noqa: BLE001 - without this loop nothing is ever evaluated; what failed is said
                print(f"{type(error).__name__}: {error}")
                time.sleep(1.0)
                self._register()

    def _run(self, job: dict[str, Any]) -> None:
        master = self.peer("task_master")
        self.holding = job["id"]
        from actors.handlers import HANDLERS, Superseded

        try:
            self.prepare()
            result = HANDLERS[job["type"]](job, self.context)
        except Superseded as error:
            self._tell(job["id"], master.cancel.remote(job["id"], str(error)))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is the job's failure
            kind, message = failure_of(error)
            self._tell(job["id"], master.fail.remote(job["id"], self.id, kind.value, message))
        else:
            self._tell(job["id"], master.complete.remote(job["id"], self.id, result))
        finally:
            self.holding = None

    def _tell(self, job_id: str, answer: ray.ObjectRef[None]) -> None:
        """Wait until TaskMaster has noted how a job ended; one cancelled or taken away meanwhile keeps its state."""
        try:
            ask(answer)
        except ConflictError as error:
            print(f"job {job_id} is no longer this worker's: {error}")

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


def failure_of(error: Exception) -> tuple[FailureKind, str]:
    """Kind and message of what a handler raised: an actor that did not answer and a full disk are tried again."""
    if isinstance(error, RayError):
        return FailureKind.TRANSPORT, str(error).splitlines()[0]
    if isinstance(error, ClusterError):
        return FailureKind.TRANSPORT, str(error)
    if isinstance(error, RealmError) and not isinstance(error, DiskFullError):
        return FailureKind.BAD_PAYLOAD, str(error)
    return FailureKind.INFERENCE, f"{type(error).__name__}: {error}"
