"""Claims jobs and runs their handlers, one after the other, while a second thread renews their leases.

The same inside the cluster and outside of it. Knows no Ray and no HTTP.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from actors.handlers import Context, Master, Superseded, Unwanted, handler_of
from realm.errors import ClusterError, ConflictError, DiskFullError, NotFoundError, RealmError
from realm.rules.job import BEAT_S, FailureKind

CLAIM_WAIT_S = 5.0
"""How long a claim waits at the TaskMaster for a job to come."""
LOOK_S = 2.0
"""Between two heartbeats while a job runs: so soon it is known that it was cancelled."""
PAUSE_S = 1.0
TRIES = 3
"""Times that a result is sent to a TaskMaster that does not answer."""

Judge = Callable[[Exception], tuple[FailureKind, str]]


def failure_of(error: Exception) -> tuple[FailureKind, str]:
    """Kind and message of what a handler raised: a service that did not answer and a full disk are tried again."""
    if isinstance(error, ClusterError):
        return FailureKind.TRANSPORT, str(error)
    if isinstance(error, RealmError) and not isinstance(error, DiskFullError):
        return FailureKind.BAD_PAYLOAD, str(error)
    return FailureKind.INFERENCE, f"{type(error).__name__}: {error}"


class JobLoop:
    """One worker's work. `run` never returns by itself; what goes wrong is said and tried again.

    `told` hears of each job as it begins and ends.
    """

    def __init__(
        self,
        master: Master,
        context: Context,
        judge: Judge = failure_of,
        claim_wait_s: float = CLAIM_WAIT_S,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self.master = master
        self.context = context
        self.judge = judge
        self.claim_wait_s = claim_wait_s
        self.told = told
        self.holding: str | None = None
        self.began = threading.Event()
        self.ending = threading.Event()

    def end(self) -> None:
        """From a signal's handler: the job at hand is given back and `run` ends, even where the exception that the
        handler raises is lost, as in a finalizer."""
        self.ending.set()
        self.context.drop()

    def run(self) -> None:
        """Register, then claim and run jobs until the process is told to end; the job at hand is given back then."""
        self._register()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        while True:
            if self.ending.is_set():
                raise KeyboardInterrupt
            try:
                job = self.master.claim(self.claim_wait_s)
                if job is not None:
                    self.work(job)
            except Exception as error:  # noqa: BLE001 - without this loop nothing is ever done; what failed is said
                print(f"{type(error).__name__}: {error}", flush=True)
                time.sleep(PAUSE_S)
                self._register()

    def work(self, job: dict[str, Any]) -> None:
        """Run a claimed job and tell TaskMaster how it ended."""
        self.context.begin()
        self.holding = job["id"]
        self.began.set()
        began, word = time.monotonic(), "given back"
        try:
            self._say(f"job {job['id']} ({job['type']}) begins")
            if self.ending.is_set():
                raise KeyboardInterrupt
            with self.context.at_work:
                word = self._attempt(job)
        except (KeyboardInterrupt, SystemExit):
            self._tell(job["id"], self.master.release)
            raise
        finally:
            self.holding = None
            self._say(f"job {job['id']} ({job['type']}) {word} after {time.monotonic() - began:.1f} s")

    def _attempt(self, job: dict[str, Any]) -> str:
        """Run the handler and pass on what came of it; in a word."""
        try:
            result = handler_of(job["type"])(job, self.context)
        except Superseded as error:
            self._tell(job["id"], self.master.cancel, str(error))
            return "superseded"
        except Unwanted as error:
            if self.ending.is_set():
                raise KeyboardInterrupt from None
            print(f"job {job['id']} ended before it was done: {error}", flush=True)
            return "dropped"
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is the job's failure
            self._fail(job["id"], *self.judge(error))
            return f"failed ({error})"
        return self._complete(job["id"], result)

    def _complete(self, job_id: str, result: dict[str, Any]) -> str:
        for attempt in range(1, TRIES + 1):
            try:
                self.master.complete(job_id, result, self.context.held)
                return "done"
            except ConflictError as error:
                print(f"job {job_id} is no longer this worker's: {error}", flush=True)
                return "refused"
            except ClusterError as error:
                if attempt == TRIES:
                    self._fail(job_id, FailureKind.TRANSPORT, str(error))
                    break
                time.sleep(PAUSE_S * attempt)
            except RealmError as error:
                self._fail(job_id, *self.judge(error))
                break
        return "failed"

    def _fail(self, job_id: str, kind: FailureKind, message: str) -> None:
        self._tell(job_id, self.master.fail, kind.value, message)

    def _say(self, line: str) -> None:
        if self.told is not None:
            self.told(line)

    def _tell(self, job_id: str, method: Callable[..., None], *args: Any) -> None:
        """Wait until TaskMaster has noted how a job ended; one cancelled or taken away meanwhile keeps its state."""
        try:
            method(job_id, *args)
        except RealmError as error:
            print(f"job {job_id}: {error}")

    def _register(self) -> None:
        try:
            self.master.register()
        except Exception as error:  # noqa: BLE001 - the next turn of the loop tries again
            print(f"not registered: {error}")

    def _beat(self) -> None:
        beaten = 0.0
        while True:
            left = beaten + (LOOK_S if self.holding else BEAT_S) - time.monotonic()
            if left > 0:
                # A job that begins makes the next beat due sooner.
                self.began.wait(left)
                self.began.clear()
                continue
            beaten, held = time.monotonic(), self.holding
            try:
                lost = self.master.heartbeat([held] if held else [])
            except NotFoundError:
                # So long silent that it was forgotten, and with it what it held.
                self._register()
                continue
            except Exception as error:  # noqa: BLE001 - a beat that fails is missed, the next one comes
                print(f"no heartbeat: {error}")
                continue
            if held and held in lost and held == self.holding:
                self.context.drop()
