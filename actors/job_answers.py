"""What TaskMaster answers to submissions, and errors in the place of answers. Knows no queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from realm.errors import QueueFullError, RealmError, RequestError
from realm.store.jobs import Accepted, Refused

T = TypeVar("T")


def said_of(answer: Accepted | Refused | RequestError) -> dict[str, Any] | Exception:
    """What a submission is told, or the error that it raises."""
    if isinstance(answer, RequestError):
        return answer
    if isinstance(answer, Refused):
        remedy = f"Try again in {answer.retry_after_s:.0f} s."
        return QueueFullError(answer.reason, remedy, answer.retry_after_s)
    return {
        "job_id": answer.job.id,
        "status": answer.job.status.value,
        "queue_position": answer.queue_position,
        "warnings": list(answer.warnings),
        "repeated": answer.repeated,
    }


def error_row(error: Exception) -> dict[str, Any]:
    """An error in the place of an answer of a batch."""
    problem, remedy = (error.problem, error.remedy) if isinstance(error, RealmError) else (str(error), "")
    said: dict[str, Any] = {"problem": problem, "remedy": remedy, "kind": type(error).__name__}
    if isinstance(error, QueueFullError):
        said["retry_after_s"] = error.retry_after_s
    return {"error": said}


def caught(act: Callable[[], T]) -> T | RealmError:
    """What `act` returns, or the realm's error that it raises."""
    try:
        return act()
    except RealmError as error:
        return error
