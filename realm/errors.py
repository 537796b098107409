"""Every error raised on purpose: what was wrong, the value, and the remedy. Each survives pickling."""

from __future__ import annotations


class RealmError(Exception):
    """What went wrong, and what to do about it. `str()` joins the two for people."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}".strip()


class ConfigError(RealmError):
    """A setting, a YAML file or an environment variable is wrong."""


class RequestError(RealmError):
    """A value that came with a request is not of the form it must have."""


class NotFoundError(RealmError):
    """An id that names nothing."""


class ConflictError(RealmError):
    """The thing is in a state that does not allow this."""


class QueueFullError(RealmError):
    """A queue takes no more. `retry_after_s`: seconds until it is likely to have moved."""

    def __init__(self, problem: str, remedy: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(problem, remedy)
        self.args = (problem, remedy, retry_after_s)
        self.retry_after_s = retry_after_s


class GenerationError(RealmError):
    """A generation ended without its answer: a step failed, or the engine was closed."""


class DeadlineError(GenerationError):
    """A generation ran out of the time that it was given."""


class CancelledError(GenerationError):
    """A generation was cancelled by whoever asked for it."""


class QuestError(RealmError):
    """A quest file cannot be used. `line` is the 1-based line (or item) number, None = the whole file."""

    def __init__(self, problem: str, remedy: str = "", line: int | None = None) -> None:
        super().__init__(problem, remedy)
        self.args = (problem, remedy, line)
        self.line = line

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return where + super().__str__()


class HeroError(RealmError):
    """A hero's model or tokenizer cannot be built, loaded or saved."""


class DiskFullError(RealmError):
    """Too little free space for what is to be written. `needed` and `free` are bytes."""

    def __init__(self, problem: str, remedy: str = "", needed: int = 0, free: int = 0) -> None:
        super().__init__(problem, remedy)
        self.args = (problem, remedy, needed, free)
        self.needed = needed
        self.free = free


class DatabaseError(RealmError):
    """The database is locked by another process, or its disk fails. Nothing was written."""


class ClusterError(RealmError):
    """Ray, an actor or a port is not as the realm needs it."""
