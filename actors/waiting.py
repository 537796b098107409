"""Asking an actor and waiting for the answer through its restarts. Knows no actor in particular."""

from __future__ import annotations

from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError

from realm.errors import ClusterError, RealmError


def ask(ref: Any, timeout_s: float = 60.0) -> Any:
    """The value of an actor call.

    Raises:
        RealmError: what the actor raised.
        ClusterError: no answer within `timeout_s`, or the actor is gone for good.
    """
    try:
        return ray.get(ref, timeout=timeout_s)
    except RayTaskError as error:
        if isinstance(error.cause, RealmError):
            raise error.cause from None
        raise
    except RayActorError as error:
        reason = str(error).strip().splitlines()[0]
        raise ClusterError(f"The actor is gone: {reason}", "Weaver brings it back; `realm status` shows it.") from None
    except GetTimeoutError:
        raise ClusterError(f"No answer within {timeout_s:.0f} s.", "`realm status` shows the services.") from None
