"""Warnings of a campaign: accuracies that lie 10 points or more below their peak, and weak primitives.

A peak is the best of many results, so that chance alone brings some of these falls: each says whether the 95 % Wilson
intervals of the two overlap. Passives have a rule of their own (passives.py). Does not know the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from realm.rules.record import ENOUGH_OUTCOMES, ENOUGH_PROBLEMS, CampaignRecord, ExamMark, Score

REGRESSION_POINTS: Final = 10
"""Percentage points below the peak from which on there is a warning."""
WEAK_BELOW: Final = 0.50
"""Accuracy over the newest outcomes below which a primitive is weak."""

TOLD_AFTER: Final = 3
"""Results in a row whose intervals do not overlap with the peak's, after which a warning is told as an event. The peak
is the best of many: of a level that stands still, one result in ten lies so far below it."""


class WarningKind(StrEnum):
    REGRESSION = "regression"
    WEAK_PRIMITIVE = "weak_primitive"


@dataclass(frozen=True, slots=True)
class CampaignWarning:
    """`subject` is the id of a skill, "exam" or the id of a primitive, `name` what is shown of it; `level` 0 where
    there is none.

    `overlap`: whether the intervals of `latest` and `peak` do; a weak primitive has no peak.
    """

    kind: WarningKind
    subject: str
    level: int
    name: str
    latest: Score
    peak: Score | None
    overlap: bool
    text: str

    @property
    def points(self) -> float:
        """Percentage points below the peak; of a weak primitive, below the limit."""
        return 100 * ((WEAK_BELOW if self.peak is None else self.peak.accuracy) - self.latest.accuracy)


def warnings_of(record: CampaignRecord, names: Mapping[str, str] | None = None) -> tuple[CampaignWarning, ...]:
    """Regressions, the deepest first, then weak primitives, the weakest first. `names` are shown in place of ids."""
    shown = names or {}
    regressions = sorted(_regressions(record, shown), key=lambda each: (-each.points, each.subject, each.level))
    weak = sorted(_weak_primitives(record, shown), key=lambda each: (-each.points, each.subject))
    return (*regressions, *weak)


def regressed(latest: Score, peak: Score) -> bool:
    """Whether `latest` is 10 points or more below `peak`, in whole numbers."""
    fall = peak.correct * latest.n - latest.correct * peak.n
    return 100 * fall >= REGRESSION_POINTS * latest.n * peak.n


def _regressions(record: CampaignRecord, names: Mapping[str, str]) -> Iterator[CampaignWarning]:
    for skill_id, skill in record.skills.items():
        for level, each in skill.levels.items():
            if each.best is None or each.latest is None or each.latest.n < ENOUGH_PROBLEMS:
                continue
            if regressed(each.latest, each.best):
                what = f"{names.get(skill_id, skill_id.upper())} level {level}"
                yield _regression(skill_id, level, what, each.latest, each.best)
    if record.exam_best is not None and record.exam_latest is not None:
        latest, peak = _score(record.exam_latest), _score(record.exam_best)
        if regressed(latest, peak):
            yield _regression("exam", 0, "Exam", latest, peak)


def _regression(subject: str, level: int, what: str, latest: Score, peak: Score) -> CampaignWarning:
    overlap = latest.interval()[1] >= peak.interval()[0]
    points = 100 * (peak.accuracy - latest.accuracy)
    text = (
        f"{what}: {_worded(latest)}, at its best {_worded(peak)}: {points:.1f} points lower; "
        f"the 95 % intervals {'overlap' if overlap else 'do not overlap'}."
    )
    return CampaignWarning(WarningKind.REGRESSION, subject, level, what, latest, peak, overlap, text)


def _weak_primitives(record: CampaignRecord, names: Mapping[str, str]) -> Iterator[CampaignWarning]:
    for primitive, score in record.primitives.items():
        if score.n < ENOUGH_OUTCOMES or score.accuracy >= WEAK_BELOW:
            continue
        low = 100 * WEAK_BELOW
        name = names.get(primitive, primitive)
        text = f"{name}: {_worded(score)} of its newest outcomes, below {low:g} %."
        overlap = score.interval()[1] >= WEAK_BELOW
        yield CampaignWarning(WarningKind.WEAK_PRIMITIVE, primitive, 0, name, score, None, overlap, text)


def _score(mark: ExamMark) -> Score:
    """An exam as so many of its problems: its accuracy is a mean over skills, so this is to the nearest problem."""
    return Score(round(mark.accuracy * mark.n), mark.n)


def _worded(score: Score) -> str:
    low, high = score.interval()
    return f"{score.correct} of {score.n} ({low:.2f} to {high:.2f})"
