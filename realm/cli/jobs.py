"""Jobs that a command asks for: queued, waited for, given up with Ctrl-C. Knows no job in particular."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from realm.cli.output import Tick, print_json, progress, say, stderr
from realm.errors import ConflictError, RealmError

if TYPE_CHECKING:
    from realm.cli.session import Session

POLL_S = 0.25
SUBMIT_TIMEOUT_S = 120.0
OVER = ("completed", "failed", "cancelled")

NoWait = Annotated[bool, typer.Option("--no-wait", help="Return as soon as the job is queued.")]
CheckpointId = Annotated[
    str | None, typer.Option("--checkpoint", help="Checkpoint whose weights answer; default: the newest weights.")
]


def run_job(method: str, *args: Any, about: str, no_wait: bool, as_json: bool) -> dict[str, Any] | None:
    """Ask SkillEngine for a job and wait for its result; Ctrl-C cancels it. With `no_wait` print its id, return None.

    Raises:
        RealmError: the job was refused; nothing is queued.
        ConflictError: it failed or was cancelled.
    """
    from realm.cli.session import open_session

    session = open_session()
    submitted: dict[str, Any] = session.call("skill_engine", method, *args, timeout_s=SUBMIT_TIMEOUT_S)
    for warning in submitted["warnings"]:
        stderr().print(warning, markup=False, highlight=False, soft_wrap=True)
    if no_wait:
        if as_json:
            print_json({"job_id": submitted["job_id"]})
        else:
            say(f"Job {submitted['job_id']} is queued: {about}.")
        return None
    job_id = submitted["job_id"]
    try:
        with progress(f"{about}: job {job_id} is queued", quiet=as_json, lines=True) as tick:
            return _result(session, job_id, about, tick)
    except KeyboardInterrupt:
        with suppress(RealmError):
            session.call("task_master", "cancel", job_id, "given up at the command line")
        raise


def _result(session: Session, job_id: str, about: str, tick: Tick) -> dict[str, Any]:
    """Poll until the job is over."""
    while (job := session.follow("task_master", "show", job_id))["status"] not in OVER:
        tick(f"{about}: {_worded(job)}")
        time.sleep(POLL_S)
    if job["status"] == "completed":
        return job["result"]
    reason = job["cancel_reason"] if job["status"] == "cancelled" else job["error"]
    raise ConflictError(f"Job {job_id} ({about}) {_ended(job['status'])}: {reason}.", "Ask again.")


def _worded(job: dict[str, Any]) -> str:
    if job["status"] != "pending":
        return f"job {job['id']} runs"
    if job["attempts"]:
        return f"job {job['id']} failed ({job['error']}) and is tried again"
    return f"job {job['id']} waits for a worker"


def _ended(status: str) -> str:
    return "was cancelled" if status == "cancelled" else "failed"
