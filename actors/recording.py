"""What TaskMaster asks of SkillEngine about jobs of the evaluating role. Knows no queue."""

from __future__ import annotations

from typing import Any

from actors.service import Service


async def assign(service: Service, job: dict[str, Any]) -> dict[str, Any] | None:
    """What the worker is to do, beyond the payload; None for a job that needs no more."""
    del service, job
    return None


async def record(
    service: Service, job: dict[str, Any], result: dict[str, Any], held: list[Any] | None
) -> dict[str, Any]:
    """Enter what a job found into the books; what is told to people of it."""
    del service, job, held
    return result
