"""A hero's way up BIN in one process, without a realm: the quests, the mix, the batches and the evaluations of a realm.

Does not know what for, nor when it ends. Time plays no part: the same seed gives the same climb.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal, cast

from realm.rules.interventions import UNCHANGED, TrainingChange
from realm.rules.progression import Change, Evaluation, LevelRule, SkillState, advance
from realm.rules.schedule import Mix, level_shares, whole_counts
from skills import Skill, get_engine

if TYPE_CHECKING:
    from realm.catalog import HeroSpec
    from realm.training.batches import Batch

QUEST_STEPS = 48
REVIEW_PROBLEMS = 25
"""Problems of a mastered level asked beside each evaluation, as in a realm."""
LATEST = 50
SKILL = "bin"


@dataclass
class Climb:
    """One hero's way up one skill."""

    skill: Skill
    state: SkillState
    step: int = 0
    tokens: int = 0
    results: dict[int, list[tuple[int, int]]] = field(default_factory=dict[int, list[tuple[int, int]]])
    """(asked, right) by level, the newest first: as many as hold LATEST problems."""
    mastered: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """(level, tokens, step)."""

    @property
    def level(self) -> int:
        return self.state.training_level

    def note(self, level: int, correct: list[bool]) -> None:
        kept = [(len(correct), sum(correct))]
        for result in self.results.get(level, []):
            if sum(asked for asked, _ in kept) < LATEST:
                kept.append(result)
        self.results[level] = kept

    def latest(self) -> dict[int, tuple[int, int]]:
        """Level → (asked, right)."""
        return {level: (sum(n for n, _ in kept), sum(c for _, c in kept)) for level, kept in self.results.items()}

    def evaluated(self, fold: int, correct: list[bool]) -> bool:
        """Count an evaluation at the training level; whether it is mastered now."""
        self.note(self.level, correct)
        evaluation = Evaluation(
            campaign_id="",
            skill_id=self.skill.id,
            level=self.level,
            step=self.step,
            n=len(correct),
            correct=sum(correct),
            seed=fold,
            fold=fold,
            job_id="",
            created_at=datetime.now(UTC),
        )
        rule = LevelRule(self.skill.max_level, self.skill.evaluation.threshold)
        self.state, happenings = advance(self.state, evaluation, rule)
        now = [each.level for each in happenings if each.change is Change.LEVEL_MASTERED]
        self.mastered += [(level, self.tokens, self.step) for level in now]
        return bool(now)


class Trainee:
    """A hero in training, and what it has mastered. `mix` applies from the next quest on."""

    def __init__(self, spec: HeroSpec, seed: int, folder: Path, mix: Mix) -> None:
        import torch

        from realm.config import RealmConfig
        from realm.training.settings import make_engine, open_hero, starting_weights

        torch.set_num_threads(1)
        config = RealmConfig(training={"seed": seed})  # pyright: ignore[reportArgumentType]
        self.skill = get_engine().get(SKILL)
        self.climb = Climb(self.skill, SkillState("", self.skill.id, self.skill.max_level))
        self.hero = open_hero(spec, starting_weights(spec, config, folder), trains=True)
        self.engine = make_engine(self.hero, spec, config)
        self.seed, self.mix, self._batch_size = seed, mix, config.training.batch_size
        self.shares: dict[int, float] = {}
        """Each level's share of the quest under way."""
        self._quests = 0
        self._batches: Iterator[Batch] = iter(())

    def train(self, change: TrainingChange = UNCHANGED) -> None:
        """One optimizer step, with what an intervention changes in it."""
        from realm.training.batches import together

        batch = together([self._batch() for _ in range(change.batches)])
        rate = change.rewarming.factor(self.climb.tokens) if change.rewarming else 1.0
        self.hero.model.train()
        self.engine.step(batch, rate)
        self.climb.step += 1
        self.climb.tokens += batch.tokens

    def leave_quest(self) -> None:
        self._batches = iter(())

    def evaluate(self, number: int) -> tuple[list[bool], bool]:
        """The evaluation of this number at the training level, and whether that is mastered now: its quest is left."""
        correct = self.asked(self.climb.level, 100, number, number % 3)
        mastered = self.climb.evaluated(number, correct)
        if mastered:
            self.leave_quest()
        return correct, mastered

    def review(self, number: int) -> tuple[int, list[bool]] | None:
        """A mastered level, each in its turn, and the answers to its problems; None before the first is mastered."""
        mastered = self.climb.state.mastered_level
        if not mastered:
            return None
        level = mastered - number % mastered
        correct = self.asked(level, REVIEW_PROBLEMS, 1_000_000 + number, None)
        self.climb.note(level, correct)
        return level, correct

    def asked(
        self, level: int, count: int, seed: int, fold: int | None, split: Literal["train", "eval"] = "eval"
    ) -> list[bool]:
        """Whether each of these problems is answered right by the averaged weights."""
        from realm.inference.evaluation import ask

        problems = self.skill.generate(level, count, seed, split, fold=fold, symbols=True)
        with self.engine.averaged():
            return [answer.grade.correct for answer in ask(self.hero, self.skill, problems).answers]

    def _batch(self) -> Batch:
        """The next batch, of the next quest where the one under way is over."""
        batch = next(self._batches, None)
        if batch is None:
            self._quests += 1
            self._batches = self._quest(self.seed * 100_000 + self._quests)
            batch = next(self._batches)
        return batch

    def _quest(self, seed: int) -> Iterator[Batch]:
        """The batches of one generated quest."""
        from realm.quests import Example
        from realm.training.batches import bucket, collate, windows
        from realm.training.encoding import encode
        from skills import training_examples

        skill, tokenizer = self.skill, self.hero.tokenizer
        mastered, latest = self.climb.state.mastered_level, self.climb.latest()
        self.shares = level_shares(mastered, skill.max_level, latest, self.mix, skill.evaluation.threshold)
        counts = whole_counts(self.shares, QUEST_STEPS * self._batch_size)
        problems = training_examples(skill, counts, seed, symbols=True)
        rows = encode([Example.from_row(each.as_training_example()) for each in problems], tokenizer, 512)
        rng = Random(seed)
        for window in windows(len(rows), self._batch_size, rng):
            for chosen in bucket([len(rows[at].ids) for at in window], self._batch_size, rng):
                yield collate([rows[window[at]] for at in chosen], cast(int, tokenizer.pad_token_id))
