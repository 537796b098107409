"""Exit codes, and the error that has one of its own."""

from __future__ import annotations

from typing import Final

from realm.errors import RealmError

FAILED: Final = 1
NOT_RUNNING: Final = 3
INTERRUPTED: Final = 130
DESCRIPTION: Final = "Exit codes: 0 done; 1 failed or unhealthy; 2 wrong usage; 3 no realm runs; 130 interrupted."


class NotRunningError(RealmError):
    """No realm runs, so there is nobody to ask."""


def exit_code(error: RealmError) -> int:
    """What a command that ends with this error exits with."""
    return NOT_RUNNING if isinstance(error, NotRunningError) else FAILED
