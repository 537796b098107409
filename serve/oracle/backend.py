"""What the Oracle's routes ask. Knows no HTTP and no Ray."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

from serve.oracle.questions import Question

Json = dict[str, Any]


class Answers(Protocol):
    """Whoever answers questions."""

    @property
    def timeout_s(self) -> float:
        """Longest time for one answer."""
        ...

    async def complete(self, question: Question) -> Json:
        """The whole answer, as `Oracle.complete` tells it.

        Raises:
            NotFoundError: no such checkpoint, or no copy of it is whole.
            QueueFullError: too many ask.
            RealmError: whatever else is wrong with the question or the checkpoint.
        """
        ...

    def stream(self, question: Question) -> AsyncGenerator[Json, None]:
        """The events of `Oracle.stream`; raises as `complete`."""
        ...

    async def books(self) -> Sequence[Json]:
        """Checkpoints that can be asked, newest first: `checkpoint_id`, `sha256`, `step`, `campaign_id`, `saved_at`."""
        ...

    async def aliases(self) -> dict[str, Json | None]:
        """What `champion` and `latest` stand for."""
        ...

    async def status(self) -> Json:
        """Its state, what is in memory. Wakes nothing."""
        ...


class Keeper(Protocol):
    """Whoever knows and says what is in memory."""

    async def status(self) -> Json:
        """Its state, what is in memory. Wakes nothing."""
        ...

    async def load(self, model: str) -> Json:
        """Have a checkpoint in memory everywhere; the status after."""
        ...

    async def unload(self, model: str) -> Json:
        """Let a checkpoint go everywhere; the status after."""
        ...

    async def training_level(self, skill_id: str) -> int | None:
        """The level that the campaign trains; None of a skill that it does not train."""
        ...


class OracleBackend(Answers, Keeper, Protocol):
    """Both."""
