"""`realm job`: the queue of jobs. Which types there are and what they need is TaskMaster's to say."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from realm.cli.exits import FAILED
from realm.cli.jobs import OVER
from realm.cli.output import (
    Json,
    add_row,
    cell,
    duration,
    facts,
    print_json,
    progress,
    say,
    stderr,
    stdout,
    table,
    when,
)
from realm.errors import ConflictError, RequestError

if TYPE_CHECKING:
    from realm.cli.session import Session

app = typer.Typer(help="Jobs: queue, follow, cancel and retry them.", no_args_is_help=True)

POLL_S = 0.5
SHOWN_CHARS = 60

PriorityName = Literal["critical", "high", "normal", "low", "idle"]
StatusName = Literal["pending", "claimed", "running", "completed", "failed", "cancelled"]
JobId = Annotated[str, typer.Argument(help="The job's number.")]


@app.command(epilog="Example: realm job submit eval skill_id=bin count=50 --wait")
def submit(
    job_type: Annotated[str, typer.Argument(metavar="TYPE", help="Its type: realm job types.")],
    fields: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Fields of its payload.")] = None,
    payload: Annotated[str | None, typer.Option(help="The payload as JSON, instead of KEY=VALUE.")] = None,
    priority: Annotated[PriorityName, typer.Option(help="How urgent it is.")] = "high",
    tag: Annotated[list[str] | None, typer.Option(help="A word that it carries; may be repeated.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A label its worker must have; may be repeated.")
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds it may run, instead of its type's.")] = None,
    key: Annotated[str | None, typer.Option(help="The same key again gives the same job.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it until it is over.")] = False,
    as_json: Json = False,
) -> None:
    """Queue a job."""
    from realm.cli.session import open_session

    session = open_session()
    given = _payload(session, job_type, fields or [], payload)
    labels = dict(_pair(each) for each in label or [])
    answer = session.call("task_master", "submit", job_type, given, priority, key, tag or [], timeout, labels)
    for warning in answer["warnings"]:
        stderr().print(warning, markup=False, highlight=False, soft_wrap=True)
    job_id = answer["job_id"]
    if wait:
        _follow(session, job_id, as_json)
    elif as_json:
        print_json(answer)
    elif answer["repeated"]:
        say(f"Job {job_id} was queued with this key before; it is {answer['status']}.")
    else:
        say(f"Job {job_id} is queued, at place {answer['queue_position']}.")


@app.command("list", epilog="Example: realm job list --status failed --limit 5")
def list_(
    status: Annotated[StatusName | None, typer.Option(help="Only those of this status.")] = None,
    type: Annotated[str | None, typer.Option(help="Only those of this type.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Jobs shown.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Jobs left out before the first.")] = 0,
    as_json: Json = False,
) -> None:
    """List jobs, last submitted first."""
    from realm.cli.session import open_session

    found = open_session().call(
        "task_master", "list", [status] if status else [], [type] if type else [], limit, offset
    )
    if as_json:
        print_json(found)
        return
    made = table("job", "type", "status", "priority", "submitted", "attempts", "worker", "", right=("job", "attempts"))
    for row in found["jobs"]:
        said = row["cancel_reason"] if row["status"] == "cancelled" else row["error"]
        add_row(
            made,
            row["id"],
            row["type"],
            row["status"],
            row["priority"],
            when(row["created_at"]),
            f"{row['attempts']} of {row['max_attempts']}",
            row["worker_id"],
            (said or "")[:SHOWN_CHARS],
        )
    stdout().print(made)
    say(f"{len(found['jobs'])} of {found['total']} jobs.")


@app.command(epilog="Example: realm job show 12")
def show(job: JobId, as_json: Json = False) -> None:
    """Show one job: what it was given, what it found, what happened to it."""
    from realm.cli.session import open_session

    session = open_session()
    row = session.call("task_master", "show", job)
    history = session.call("task_master", "history", job)
    if as_json:
        print_json({**row, "history": history})
        return
    _print(row)
    lines = table("at", "status", "worker", "")
    for line in history:
        add_row(lines, when(line["at"]), line["status"], line["worker_id"], line["detail"])
    stdout().print(lines)


@app.command(epilog="Example: realm job cancel 12 --reason 'not wanted'")
def cancel(
    job: JobId,
    reason: Annotated[str, typer.Option(help="What its history says.")] = "cancelled at the command line",
    as_json: Json = False,
) -> None:
    """Cancel a job that is not over; a running one is stopped by its worker."""
    from realm.cli.session import open_session

    row = open_session().call("task_master", "cancel", job, reason)
    print_json(row) if as_json else say(f"Job {job} is cancelled.")


@app.command(epilog="Example: realm job retry 12")
def retry(job: JobId, as_json: Json = False) -> None:
    """Queue a failed or cancelled job again, with all its attempts."""
    from realm.cli.session import open_session

    row = open_session().call("task_master", "retry", job)
    print_json(row) if as_json else say(f"Job {job} is queued again.")


@app.command(epilog="Example: realm job watch 12")
def watch(job: JobId, as_json: Json = False) -> None:
    """Follow a job until it is over. Ctrl-C leaves it as it is."""
    from realm.cli.session import open_session

    _follow(open_session(), job, as_json)


@app.command(epilog="Example: realm job types")
def types(as_json: Json = False) -> None:
    """List the types of jobs: what they do, what they need, how many there may be."""
    from realm.cli.session import open_session

    found = open_session().call("task_master", "types")
    if as_json:
        print_json(found)
        return
    numbers = ("timeout", "pending", "running")
    made = table("type", "does", "needs", "may have", "role", *numbers, "when full", right=numbers)
    for row in found:
        required = row["schema"].get("required", [])
        others = [name for name in row["schema"].get("properties", {}) if name not in required]
        limits = (duration(row["timeout_s"]), row["max_pending"], row["max_running"])
        words = (", ".join(required) or None, ", ".join(others) or None)
        add_row(made, row["type"], row["about"], *words, row["role"], *limits, row["when_full"])
    stdout().print(made)


def _payload(session: Session, job_type: str, fields: list[str], payload: str | None) -> dict[str, Any]:
    if payload is None:
        named = dict(_pair(each) for each in fields)
        known = {row["type"]: row["schema"]["properties"] for row in session.call("task_master", "types")}
        return {name: _value(text, known.get(job_type, {}).get(name, {})) for name, text in named.items()}
    if fields:
        raise RequestError(f"Both --payload and {fields[0]!r} were given.", "Give one of the two.")
    try:
        given = json.loads(payload)
    except json.JSONDecodeError as error:
        raise RequestError(f"--payload is no JSON: {error}.", 'Quote it: \'{"skill_id": "bin"}\'.') from None
    if not isinstance(given, dict):
        raise RequestError(f"--payload is {payload[:SHOWN_CHARS]}.", "Give a JSON object.")
    return given


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise RequestError(f"{text!r} is not of the form NAME=VALUE.", "Example: skill_id=bin")
    return name, value


def _value(text: str, schema: dict[str, Any]) -> Any:
    """The text itself where the field takes text, else what it says as JSON."""
    kinds = {each.get("type") for each in (schema, *schema.get("anyOf", []))}
    if "string" in kinds:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _follow(session: Session, job_id: str, as_json: bool) -> None:
    """Poll until the job is over; its end is printed.

    Raises:
        ConflictError: it failed or was cancelled.
    """
    row = session.call("task_master", "show", job_id)
    try:
        with progress(_worded(row), quiet=as_json, lines=True) as tick:
            while row["status"] not in OVER:
                time.sleep(POLL_S)
                row = session.follow("task_master", "show", job_id)
                tick(_worded(row))
    except KeyboardInterrupt:
        stderr().print(f"Job {job_id} goes on: realm job watch {job_id} follows it again.", highlight=False)
        raise
    if as_json:
        print_json(row)
        if row["status"] != "completed":
            raise typer.Exit(FAILED)
        return
    if row["status"] != "completed":
        reason = row["cancel_reason"] if row["status"] == "cancelled" else row["error"]
        ended = "was cancelled" if row["status"] == "cancelled" else "failed"
        raise ConflictError(f"Job {job_id} ({row['type']}) {ended}: {reason}.", f"realm job retry {job_id}")
    _print(row)


def _worded(row: dict[str, Any]) -> str:
    about = f"job {row['id']} ({row['type']})"
    if row["status"] == "pending":
        again = f" for attempt {row['attempts'] + 1}: {row['error']}" if row["attempts"] else ""
        return f"{about} waits for a worker{again}"
    return f"{about} is {row['status']}" + (f" on {row['worker_id']}" if row["status"] not in OVER else "")


def _print(row: dict[str, Any]) -> None:
    rows = {
        "job": row["id"],
        "type": row["type"],
        "status": row["status"],
        "priority": row["priority"],
        "payload": json.dumps(row["payload"], ensure_ascii=False),
        "tags": ", ".join(row["tags"]) or None,
        "labels": ", ".join(f"{name}={value}" for name, value in row["labels"].items()) or None,
        "GPU memory": f"{row['min_gpu_mb']} MB" if row["min_gpu_mb"] else None,
        "role": row["role"],
        "attempts": f"{row['attempts']} of {row['max_attempts']}",
        "worker": row["worker_id"],
        "submitted": when(row["created_at"]),
        "not before": when(row["not_before"]) if row["not_before"] else None,
        "started": when(row["started_at"]) if row["started_at"] else None,
        "finished": when(row["finished_at"]) if row["finished_at"] else None,
        "cancelled because": row["cancel_reason"],
        "error": f"{row['failure']}: {row['error']}" if row["error"] else None,
        "result": _result(row["result"]),
    }
    stdout().print(facts({name: value for name, value in rows.items() if value is not None}))


def _result(result: dict[str, Any] | None) -> str | None:
    if result is None:
        return None
    flat = {name: value for name, value in result.items() if not isinstance(value, dict | list)}
    more = len(result) - len(flat)
    said = ", ".join(f"{name} {cell(value)}" for name, value in flat.items())
    return f"{said}; {more} more with --json" if more else said or "nothing"
