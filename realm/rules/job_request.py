"""What a caller asks to be queued, and the limits of what it may say. Does not know the queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from realm.errors import RequestError
from realm.rules.job import SHOWN_CHARS, Priority

MAX_TAGS: Final = 16
MAX_LABELS: Final = 16
MAX_WORD_CHARS: Final = 100
"""Of a tag, of a label's name and of its value."""
MAX_KEY_CHARS: Final = 160
MAX_TIMEOUT_S: Final = 86_400.0
MAX_GPU_MB: Final = 10**7


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job to queue. Fields as those of `Job`; `timeout_s` None = the one of its type."""

    job_type: str
    payload: Mapping[str, Any]
    priority: Priority = Priority.NORMAL
    tags: tuple[str, ...] = ()
    timeout_s: float | None = None
    key: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    min_gpu_mb: int = 0

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> JobRequest:
        """The request in `said`, whose fields come from outside.

        Raises:
            RequestError: a field is missing, unknown or wrong; the message names it and its value.
        """
        if unknown := [name for name in said if name not in cls.__slots__]:
            raise RequestError(f"Unknown field {unknown[0]!r} of a job.", f"Known are {', '.join(cls.__slots__)}.")
        job_type, payload = said.get("job_type"), said.get("payload", {})
        if not isinstance(job_type, str):
            raise _wrong("job_type", job_type, "Give one of the job types.")
        if not isinstance(payload, dict):
            raise _wrong("payload", payload, "Give an object with the fields of the type.")
        return cls(
            job_type,
            cast(dict[str, Any], payload),
            _priority(said.get("priority") or Priority.NORMAL),
            _tags(said.get("tags") or ()),
            _timeout(said.get("timeout_s")),
            _key(said.get("key")),
            read_labels(said.get("labels") or {}),
            _gpu(said.get("min_gpu_mb") or 0),
        )


def read_labels(value: Any) -> dict[str, str]:
    """Labels of a job or a worker.

    Raises:
        RequestError: they are no mapping of words to words.
    """
    remedy = f"Give at most {MAX_LABELS} names with values, all of them text of 1 to {MAX_WORD_CHARS} characters."
    if not isinstance(value, Mapping):
        raise _wrong("labels", value, remedy)
    labels = cast(Mapping[Any, Any], value)
    if len(labels) > MAX_LABELS or not all(_is_word(each) for pair in labels.items() for each in pair):
        raise _wrong("labels", labels, remedy)
    return {str(name): str(label) for name, label in labels.items()}


def _priority(value: Any) -> Priority:
    words = [each.value for each in Priority]
    if value not in words:
        raise _wrong("priority", value, f"Give one of {', '.join(words)}.")
    return Priority(value)


def _tags(value: Any) -> tuple[str, ...]:
    tags = tuple(cast(Iterable[Any], value)) if isinstance(value, list | tuple) else None
    if tags is None or len(tags) > MAX_TAGS or not all(_is_word(each) for each in tags):
        raise _wrong("tags", value, f"Give at most {MAX_TAGS} texts of 1 to {MAX_WORD_CHARS} characters.")
    return tags


def _timeout(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_TIMEOUT_S:
        raise _wrong("timeout_s", value, f"Give seconds, above 0 and at most {MAX_TIMEOUT_S:,.0f}.")
    return float(value)


def _key(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and 1 <= len(value) <= MAX_KEY_CHARS):
        raise _wrong("key", value, f"Give a text of 1 to {MAX_KEY_CHARS} characters.")
    return value


def _gpu(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_GPU_MB:
        raise _wrong("min_gpu_mb", value, f"Give whole MB from 0 to {MAX_GPU_MB:,}.")
    return value


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_WORD_CHARS


def _wrong(name: str, value: Any, remedy: str) -> RequestError:
    return RequestError(f"Field {name!r} of a job is {repr(value)[:SHOWN_CHARS]}.", remedy)
