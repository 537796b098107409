"""Actor calls of the web apps: awaited, and what an actor raised on purpose raised here. Knows no actor in particular.

Whatever else an actor raises stays an error of the app, whose text no answer tells.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError

from actors.cluster import actor
from realm.errors import ClusterError, RealmError

ANSWER_S = 30.0


async def ask(name: str, method: str, /, *arguments: Any, answer_s: float = ANSWER_S, **named: Any) -> Any:
    """The answer of a service's method.

    Raises:
        RealmError: what the actor raised.
        ClusterError: it does not run, or gave no answer within `answer_s` seconds.
    """
    try:
        return await asyncio.wait_for(getattr(actor(name), method).remote(*arguments, **named), answer_s)
    except RayTaskError as error:
        if isinstance(error.cause, RealmError):
            raise error.cause from None
        raise
    except (RayActorError, GetTimeoutError, TimeoutError):
        raise ClusterError(f"{name} does not answer.", "It is brought back by itself; try again in a moment.") from None
