"""Recorded evaluations for people and programs, a page at a time. Reads only."""

from __future__ import annotations

from typing import Any

from actors.rows import row_of
from actors.service import Service
from actors.skill_rows import share
from realm.store.skills import SkillStore


class EvaluationReads(Service):
    """The part of SkillEngine that tells of evaluations."""

    store: SkillStore

    def evaluations(
        self,
        campaign_id: str | None = None,
        skill_id: str | None = None,
        checkpoint_id: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> dict[str, Any]:
        """`{evaluations, total}` of a campaign (the active one unless named), a skill, a checkpoint; newest first.

        Raises:
            ConflictError: no campaign is named and none is active.
        """
        found, total = self.store.evaluation_page(
            campaign_id or self.campaign_id, skill_id, checkpoint_id, limit, offset
        )
        return {
            "evaluations": [
                row_of(each) | share(each.correct, each.n) | {"mastered_level": mastered} for each, mastered in found
            ],
            "total": total,
        }
