"""A simulated campaign: a record that grows as a real one does. It knows no title and no achievement.

Two policies: a strong one that climbs every ladder to its end without a fall, and a plain one that forgets, fails and
stands still at times. What neither of them meets on its way counts as out of reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from realm.rules.measures import Known
from realm.rules.record import LONGEST_STREAK, CampaignRecord, ExamMark, LevelRecord, Score, SkillRecord

STEPS_PER_EVALUATION = 20
"""Of the first evaluations; later they are further apart, so that a long campaign stays a short simulation."""
ROUNDS = 1500


@dataclass
class SimulatedCampaign:
    """One campaign; `rounds` gives its record after each round: an evaluation of each skill and what else goes on."""

    known: Known
    strong: bool
    seed: int = 0
    record: CampaignRecord = field(default_factory=CampaignRecord)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.asked: dict[tuple[str, int], int] = {}
        self.windows: dict[str, list[Score]] = {}
        self.levels_in_battle = 0
        self.unfallen = 0

    def rounds(self, count: int = ROUNDS) -> Iterator[CampaignRecord]:
        yield self.record
        for number in range(1, count + 1):
            # 20 steps between evaluations at first, 20,000 at the end: from minutes to weeks.
            self._train(STEPS_PER_EVALUATION * max(1, number // 100) ** 3, number)
            for skill_id in sorted(self.known.skills):
                self._evaluate(skill_id)
            self._beside(number)
            yield self.record

    def _train(self, steps: int, number: int) -> None:
        known = self.record
        failed = not self.strong and number % 60 == 0
        begun = number == 1 or number % 50 == 1
        if failed:
            self.unfallen = 0
        if begun or failed:
            self.levels_in_battle = 0
        hours = known.training_seconds / 3600 + steps / 4 / 3600
        self.record = replace(
            known,
            steps=known.steps + steps,
            tokens=known.tokens + 2400 * steps,
            examples=known.examples + 16 * steps,
            training_seconds=3600 * hours,
            training_days_streak=max(known.training_days_streak, 1 + int(hours / 24)),
            battles=known.battles + begun,
            attempts=known.attempts + (begun or failed),
            quests_completed=known.quests_completed + max(1, steps // 200),
            posted_quests_completed=known.posted_quests_completed + (number % 40 == 0),
        )

    def _evaluate(self, skill_id: str) -> None:
        """An evaluation at the training level, by whose rule a level is mastered, and one of a mastered level."""
        skill = self.record.skills.get(skill_id, SkillRecord(max_level=self.known.skills[skill_id]))
        level = min(skill.mastered_level + 1, skill.max_level)
        tries = self.asked[skill_id, level] = self.asked.get((skill_id, level), 0) + 1
        ability = 0.9 if self.strong else min(0.97, 0.3 + 0.08 * tries)
        score = Score(sum(self.random.random() < ability for _ in range(100)), 100)
        if self.strong and tries % 20 == 0:
            score = Score(100, 100)
        levels = dict(skill.levels)
        before = levels.get(level, LevelRecord())
        better = before.best is None or score.accuracy > before.best.accuracy
        levels[level] = replace(before, best=score if better else before.best, latest=score)
        if skill.mastered_level:
            review = self.random.randint(1, skill.mastered_level)
            kept = 0.97 if self.strong else 0.75
            asked = Score(sum(self.random.random() < kept for _ in range(100)), 100)
            best = max(levels[review].best or asked, asked, key=lambda each: each.accuracy)
            levels[review] = replace(levels[review], best=best, latest=asked)
        window = [*self.windows.get(skill_id, []), score][-3:]
        mastered = skill.mastered_level
        if mastered < skill.max_level and len(window) == 3 and sum(each.correct for each in window) >= 240:
            mastered, window = level, []
            levels[level] = replace(levels[level], mastered_at_step=self.record.steps)
            self._master(tries)
        self.windows[skill_id] = window
        grown = SkillRecord(
            mastered,
            skill.max_level,
            score.accuracy,
            min(LONGEST_STREAK, skill.streak + 1) if score.passing else 0,
            levels,
        )
        self.record = replace(
            self.record,
            skills={**self.record.skills, skill_id: grown},
            evaluations=self.record.evaluations + 1,
            problems=self.record.problems + 125,
        )

    def _master(self, tries: int) -> None:
        self.levels_in_battle += 1
        self.unfallen += 1
        known = self.record
        self.record = replace(
            known,
            mastery_streak=max(known.mastery_streak, self.unfallen),
            levels_in_one_battle=max(known.levels_in_one_battle, self.levels_in_battle),
            levels_in_three_evaluations=known.levels_in_three_evaluations + (tries == 3),
        )

    def _beside(self, number: int) -> None:
        """Exams, checkpoints, primitives, passives, sparring."""
        known = self.record
        ladder = sum(self.known.skills.values())
        done = sum(each.mastered_level for each in known.skills.values()) / ladder
        mark = ExamMark(min(1.0, done * (0.98 if self.strong else 0.8) + 0.02 * self.random.random()), 4 * ladder)
        best = known.exam_best
        record = best is not None and mark.accuracy > best.accuracy
        mistakes = self.random.randint(0, 20)
        passing = 0.95 if self.strong else 0.6
        asked = sorted(self.known.primitives)[: 1 + number // 4]
        pooled = sorted(self.known.passives)[: number // 10]
        self.record = replace(
            known,
            exams=known.exams + 1,
            exam_records=known.exam_records + record,
            exam_best=mark if best is None or record else best,
            exam_latest=mark,
            checkpoints=min(60, known.checkpoints + 1),
            checkpoints_copied=min(20, number // 5),
            champions=min(20, known.champions + (best is None or record)),
            primitives=self._scores(asked, passing, 100),
            primitive_outcomes=known.primitive_outcomes + 100 * len(asked),
            passives=self._peaks(pooled, 0.1 + 0.8 * done),
            passive_results=known.passive_results + len(self.known.passives),
            sparring_sessions=known.sparring_sessions + (number % 10 == 0),
            mistakes_corrected=known.mistakes_corrected + (mistakes // 2 if number % 10 == 0 else 0),
        )

    def _scores(self, ids: list[str], ability: float, n: int) -> dict[str, Score]:
        return {each: Score(min(n, round(n * ability) + self.random.randint(-2, 2)), n) for each in ids}

    def _peaks(self, ids: list[str], ability: float) -> Mapping[str, Score]:
        """The best pool of 50 problems so far of each."""
        known = self.record.passives
        found = {each: Score(round(50 * ability), 50) for each in ids}
        return {each: max(score, known.get(each, score), key=lambda it: it.correct) for each, score in found.items()}
