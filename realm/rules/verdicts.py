"""What is kept of the look-out for level caps: where each climb stands, what was tried, what was found.

Does not know how any of it is decided: realm.rules.level_cap does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from realm.rules.climb import InterventionKind
from realm.rules.level_cap import CapKind, CapState


@dataclass(frozen=True, slots=True)
class ClimbStanding:
    """The newest decision on a skill: as of the evaluation `evaluation_id`, asked at `step` after `tokens`.

    `missing`: what a cap still lacks, in words. `evidence`: `realm.rules.cap_evidence.Evidence` as plain values; None
    while no plateau is looked into.
    """

    campaign_id: str
    skill_id: str
    state: CapState
    evaluation_id: int
    step: int
    tokens: int
    at: datetime
    ask_training: bool = False
    missing: Sequence[str] = ()
    evidence: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class InterventionRecord:
    """An intervention against a plateau, of which a campaign has one at a time. `ended_*` None: under way.

    `span_tokens`: what it is to last at least; it goes on until its effect is measured.
    """

    number: int
    campaign_id: str
    skill_id: str
    kind: InterventionKind
    level: int
    span_tokens: int
    began_step: int
    began_tokens: int
    began_at: datetime
    ended_step: int | None = None
    ended_tokens: int | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """A verdict as it was given. `body` is `realm.rules.level_cap.Verdict` as plain values, its evidence and rule
    included.

    `withdrawn_at` None: it stands. `reopened_tokens`: a person reopened it then; tokens count from there.
    """

    number: int
    campaign_id: str
    skill_id: str
    kind: CapKind
    mastered_level: int
    cap_level: int
    step: int
    tokens: int
    at: datetime
    words: str
    body: dict[str, Any]
    withdrawn_at: datetime | None = None
    withdrawn_why: str = ""
    reopened_tokens: int | None = None
