"""How many replicas the Oracle needs. Serve counts calls, which may carry many questions; this counts questions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ray.serve.config import AutoscalingContext

QUESTIONS = "questions"
"""The number of open questions, as each replica tells it."""


def replicas_needed(context: AutoscalingContext) -> tuple[int, dict[str, Any]]:
    """So many that none has more than `target_ongoing_requests` questions; one at least while there is a call.

    Serve keeps the bounds and the delays.
    """
    told = (context.aggregated_metrics or {}).get(QUESTIONS, {})
    config: Any = context.config
    needed = math.ceil(sum(told.values()) / config.target_ongoing_requests)
    return max(needed, 1 if context.total_num_requests > 0 else 0), {}
