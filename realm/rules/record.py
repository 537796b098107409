"""What a campaign has done so far, in numbers: what titles, achievements and warnings are decided from.

Does not know the rows that it is read from (realm.store.campaign_records), nor which numbers matter (measures.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from realm.errors import RealmError
from realm.rules.hero import STEPS_PER_HERO_LEVEL
from realm.rules.progression import wilson_interval

ENOUGH_PROBLEMS: Final = 100
"""Problems that the accuracy of a level rests on; evaluations of fewer are left out of best and latest accuracies."""
ENOUGH_OUTCOMES: Final = 50
"""Newest outcomes of a primitive, 100 at most, below which it has no accuracy."""
PASSING: Final = 0.80
"""Accuracy at or above which an evaluation belongs to a streak, and a mastered level is held."""
LONGEST_STREAK: Final = 200
"""Newest evaluations of a skill among which its streak is counted: it is no longer than that."""


def passes(correct: int, n: int) -> bool:
    """Whether so many of n are at or above 0.80, in whole numbers."""
    return 100 * correct >= round(100 * PASSING) * n


@dataclass(frozen=True, slots=True)
class Score:
    """So many of so many problems right."""

    correct: int
    n: int

    def __post_init__(self) -> None:
        if self.n < 1 or not 0 <= self.correct <= self.n:
            raise RealmError(f"A score has {self.correct} correct of n={self.n}.", "n is 1 or more, correct 0 to n.")

    @property
    def accuracy(self) -> float:
        return self.correct / self.n

    @property
    def passing(self) -> bool:
        """At or above 0.80."""
        return passes(self.correct, self.n)

    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval."""
        return wilson_interval(self.correct, self.n)


@dataclass(frozen=True, slots=True)
class LevelRecord:
    """One level of a skill. None = not measured, or not mastered, yet.

    `best`: the evaluation of the level with the best accuracy, of at least 100 problems (of equals, the one with more
    problems). `latest`: evaluations and reviews of the newest weights taken together, as many as hold 100 problems.
    `mastered_at_step`: step of the evaluation that mastered it.
    """

    best: Score | None = None
    latest: Score | None = None
    mastered_at_step: int | None = None


@dataclass(frozen=True, slots=True)
class SkillRecord:
    """One skill. `latest_accuracy`: of the newest evaluation, by its step, at the training level with enough problems.
    `streak`: evaluations of at least 100 problems in a row, ending with the newest one, that are at or above 0.80."""

    mastered_level: int = 0
    max_level: int = 1
    latest_accuracy: float | None = None
    streak: int = 0
    levels: Mapping[int, LevelRecord] = field(default_factory=dict[int, LevelRecord])

    @property
    def best_accuracy(self) -> float | None:
        """Of the evaluations of all its levels."""
        return max((each.best.accuracy for each in self.levels.values() if each.best is not None), default=None)

    @property
    def held(self) -> int:
        """Mastered levels whose latest score is at or above 0.80, of those that hold 100 problems."""
        mastered = (each.latest for level, each in self.levels.items() if level <= self.mastered_level)
        return sum(score is not None and score.n >= ENOUGH_PROBLEMS and score.passing for score in mastered)


@dataclass(frozen=True, slots=True)
class ExamMark:
    """An exam's accuracy, the mean over skills; `n` problems."""

    accuracy: float
    n: int


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A campaign's numbers; everything at its beginning unless given. realm.rules.measures says what each is read from.

    `primitives`: the newest outcomes, at most 100, of each that was asked. `passives`: the best pool of the newest
    version of each that has one. `exam_best` and `exam_latest` are of the campaign's exam version.
    """

    steps: int = 0
    tokens: int = 0
    examples: int = 0
    training_seconds: float = 0.0
    training_days_streak: int = 0
    battles: int = 0
    attempts: int = 0
    quests_completed: int = 0
    posted_quests_completed: int = 0
    evaluations: int = 0
    problems: int = 0
    mastery_streak: int = 0
    levels_in_one_battle: int = 0
    levels_in_three_evaluations: int = 0
    exams: int = 0
    exam_records: int = 0
    exam_best: ExamMark | None = None
    exam_latest: ExamMark | None = None
    checkpoints: int = 0
    checkpoints_copied: int = 0
    champions: int = 0
    primitive_outcomes: int = 0
    passive_results: int = 0
    sparring_sessions: int = 0
    mistakes_corrected: int = 0
    skills: Mapping[str, SkillRecord] = field(default_factory=dict[str, SkillRecord])
    primitives: Mapping[str, Score] = field(default_factory=dict[str, Score])
    passives: Mapping[str, Score] = field(default_factory=dict[str, Score])

    @property
    def hero_level(self) -> int:
        return self.steps // STEPS_PER_HERO_LEVEL

    def level(self, skill_id: str, level: int) -> LevelRecord:
        """What is known of a level; nothing where it was never asked."""
        skill = self.skills.get(skill_id)
        return LevelRecord() if skill is None else skill.levels.get(level, LevelRecord())

    def primitive_accuracy(self, primitive: str) -> float | None:
        """None below 50 outcomes."""
        score = self.primitives.get(primitive)
        return score.accuracy if score is not None and score.n >= ENOUGH_OUTCOMES else None


def longest_run(happened: Iterable[datetime], broken: Iterable[datetime]) -> int:
    """The most that `happened` with nothing `broken` in between; at the same moment, the break comes first."""
    moments = sorted([(at, True) for at in happened] + [(at, False) for at in broken])
    longest = run = 0
    for _, counts in moments:
        run = run + 1 if counts else 0
        longest = max(longest, run)
    return longest


def longest_run_of_days(spans: Iterable[tuple[datetime, datetime]]) -> int:
    """The most UTC days in a row that spans of time, in UTC, touch. Two ends in the wrong order count as the first."""
    days = set[date]()
    for begin, end in spans:
        days.update(begin.date() + timedelta(days=n) for n in range((max(begin, end).date() - begin.date()).days + 1))
    longest = 0
    for day in days:
        if day - timedelta(days=1) not in days:
            run = 1
            while day + timedelta(days=run) in days:
                run += 1
            longest = max(longest, run)
    return longest
