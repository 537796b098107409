"""The records of a climb outside a realm, as CampaignDirector would keep them, and what the rule says of them."""

from __future__ import annotations

from dataclasses import replace

from realm.rules.climb import CapRule, Climb, Intervention, InterventionKind, Observation, Promotion
from realm.rules.level_cap import CapState, Decision, decide


class CapWatch:
    """One skill's climb: observations in, decisions out. Interventions are noted when they are decided."""

    def __init__(self, skill: str, max_level: int, rule: CapRule) -> None:
        self.skill, self.max_level, self.rule = skill, max_level, rule
        self.observations: list[Observation] = []
        """Since the last promotion."""
        self.promotions: list[Promotion] = []
        self.interventions: list[Intervention] = []
        self.decision = Decision(CapState.CLIMBING)

    @property
    def under_way(self) -> InterventionKind | None:
        last = self.interventions[-1] if self.interventions else None
        return last.kind if last and last.ended_tokens is None else None

    def see(self, seen: Observation, promoted: bool) -> Decision:
        """`promoted`: the evaluation seen has mastered its level."""
        self.observations.append(seen)
        if promoted:
            asked = sum(each.review_n for each in self.observations)
            right = sum(each.review_correct for each in self.observations)
            self.observations.clear()
            self.promotions.append(Promotion(seen.level, seen.step, seen.tokens, asked, right))
        climb = Climb(self.skill, self.max_level, self.observations, self.promotions, self.interventions)
        self.decision = decide(climb, self.rule)
        if self.decision.end is not None:
            self.interventions[-1] = replace(self.interventions[-1], ended_tokens=seen.tokens)
        if self.decision.start is not None:
            level = seen.level + 1 if promoted else seen.level
            self.interventions.append(Intervention(self.decision.start, level, seen.tokens))
        return self.decision
