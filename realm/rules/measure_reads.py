"""What each measure is read from: functions of a campaign's record, whose docstrings say from which rows.

None = not measured yet. Does not know the words that measures are told in, nor the conditions on them.
"""

from __future__ import annotations

from dataclasses import dataclass

from realm.rules.record import CampaignRecord


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a measure is about; what it does not take is empty."""

    skill: str = ""
    level: int = 0
    primitive: str = ""
    passive: str = ""
    accuracy: float = 0.0


def steps(record: CampaignRecord, _: Arguments) -> float:
    """XP: the step of the newest live checkpoint that training can resume from."""
    return record.steps


def hero_level(record: CampaignRecord, _: Arguments) -> float:
    """Steps, as above, ÷ 1000, rounded down."""
    return record.hero_level


def tokens(record: CampaignRecord, _: Arguments) -> float:
    """The largest `tokens_seen` of the live checkpoints that training can resume from."""
    return record.tokens


def examples(record: CampaignRecord, _: Arguments) -> float:
    """The largest `examples_seen` of the live checkpoints that training can resume from."""
    return record.examples


def hours_trained(record: CampaignRecord, _: Arguments) -> float:
    """Attempts from `started_at` to `ended_at`, added up; one that is open counts up to the newest checkpoint."""
    return record.training_seconds / 3600


def training_days_streak(record: CampaignRecord, _: Arguments) -> float:
    """The longest run of UTC days that attempts (from `started_at` to `ended_at`, as above) lie in."""
    return record.training_days_streak


def battles(record: CampaignRecord, _: Arguments) -> float:
    """Battles, in any state."""
    return record.battles


def attempts(record: CampaignRecord, _: Arguments) -> float:
    """Attempts over all battles: one more after each pause, resume and crash."""
    return record.attempts


def quests_completed(record: CampaignRecord, _: Arguments) -> float:
    """Quests of status completed: a durable checkpoint covers their last step."""
    return record.quests_completed


def posted_quests_completed(record: CampaignRecord, _: Arguments) -> float:
    """Completed quests of origin `user`: neither generated nor made by sparring."""
    return record.posted_quests_completed


def mastered_level(record: CampaignRecord, about: Arguments) -> float:
    """`skill_states.mastered_level`; 0 before the first."""
    skill = record.skills.get(about.skill)
    return 0 if skill is None else skill.mastered_level


def mastered_at_step(record: CampaignRecord, about: Arguments) -> float | None:
    """The step of the evaluation whose `mastered_level` is the level; not measured until it is mastered."""
    return record.level(about.skill, about.level).mastered_at_step


def levels_mastered(record: CampaignRecord, _: Arguments) -> float:
    """`skill_states.mastered_level`, added up over skills."""
    return sum(each.mastered_level for each in record.skills.values())


def skills_at_level(record: CampaignRecord, about: Arguments) -> float:
    """Skills whose `skill_states.mastered_level` is the level or above it."""
    return sum(each.mastered_level >= about.level for each in record.skills.values())


def ladders_exhausted(record: CampaignRecord, _: Arguments) -> float:
    """Skills whose `skill_states.mastered_level` is their `max_level`."""
    return sum(each.mastered_level >= each.max_level for each in record.skills.values())


def levels_held(record: CampaignRecord, about: Arguments) -> float:
    """Mastered levels at or above 0.80 over their newest evaluations and reviews, as many as hold 100 problems."""
    skill = record.skills.get(about.skill)
    return 0 if skill is None else skill.held


def best_accuracy(record: CampaignRecord, about: Arguments) -> float | None:
    """correct ÷ n of the skill's best evaluation, at any level, of at least 100 problems."""
    skill = record.skills.get(about.skill)
    return None if skill is None else skill.best_accuracy


def latest_accuracy(record: CampaignRecord, about: Arguments) -> float | None:
    """`skill_states.last_accuracy`: the newest evaluation, by its step, at the training level with enough problems."""
    skill = record.skills.get(about.skill)
    return None if skill is None else skill.latest_accuracy


def level_best_accuracy(record: CampaignRecord, about: Arguments) -> float | None:
    """correct ÷ n of the level's best evaluation of at least 100 problems."""
    best = record.level(about.skill, about.level).best
    return None if best is None else best.accuracy


def level_latest_accuracy(record: CampaignRecord, about: Arguments) -> float | None:
    """correct ÷ n over the level's newest evaluations and reviews, as many as hold 100 problems."""
    latest = record.level(about.skill, about.level).latest
    return None if latest is None else latest.accuracy


def evaluation_streak(record: CampaignRecord, about: Arguments) -> float:
    """The skill's evaluations of at least 100 problems, by id: those after the last one below 0.80, up to 200."""
    skill = record.skills.get(about.skill)
    return 0 if skill is None else skill.streak


def mastery_streak(record: CampaignRecord, _: Arguments) -> float:
    """The longest run of evaluations that mastered a level, of any skill, with no battle ended as failed between."""
    return record.mastery_streak


def levels_in_one_battle(record: CampaignRecord, _: Arguments) -> float:
    """The most levels that evaluations with the same `battle_id` mastered."""
    return record.levels_in_one_battle


def levels_in_three_evaluations(record: CampaignRecord, _: Arguments) -> float:
    """Levels mastered by the third of all evaluations at the level, by step: no sooner is possible."""
    return record.levels_in_three_evaluations


def evaluations(record: CampaignRecord, _: Arguments) -> float:
    """Evaluations of all skills."""
    return record.evaluations


def problems(record: CampaignRecord, _: Arguments) -> float:
    """Problems of evaluations (n and review_n)."""
    return record.problems


def exams(record: CampaignRecord, _: Arguments) -> float:
    """Exams of any version."""
    return record.exams


def exam_accuracy(record: CampaignRecord, _: Arguments) -> float | None:
    """The best `exam_accuracy` of the exams of the campaign's exam version."""
    return None if record.exam_best is None else record.exam_best.accuracy


def exam_records(record: CampaignRecord, _: Arguments) -> float:
    """Exams with a higher `exam_accuracy` than every exam of their version before them, by id; not the first of one."""
    return record.exam_records


def checkpoints(record: CampaignRecord, _: Arguments) -> float:
    """Checkpoints in the ledger, those in the trash included; retention and an emptied trash lower it."""
    return record.checkpoints


def checkpoints_copied(record: CampaignRecord, _: Arguments) -> float:
    """Checkpoints that have a row in `locations`: a copy in a stronghold besides home."""
    return record.checkpoints_copied


def champions(record: CampaignRecord, _: Arguments) -> float:
    """Checkpoints in the ledger with `crowned_at`: champion by their exam, now or once."""
    return record.champions


def primitive_accuracy(record: CampaignRecord, about: Arguments) -> float | None:
    """Share of 1 in `primitive_stats.window`, the newest 100 outcomes; not measured below 50."""
    return record.primitive_accuracy(about.primitive)


def primitives_at(record: CampaignRecord, about: Arguments) -> float:
    """Primitives whose accuracy, as above, is the argument `accuracy` or above it."""
    found = [record.primitive_accuracy(each) for each in record.primitives]
    return sum(each is not None and each >= about.accuracy for each in found)


def primitives_measured(record: CampaignRecord, _: Arguments) -> float:
    """Primitives with at least 50 outcomes in `primitive_stats.window`."""
    return sum(record.primitive_accuracy(each) is not None for each in record.primitives)


def primitive_outcomes(record: CampaignRecord, _: Arguments) -> float:
    """`primitive_stats.attempts`, added up over primitives."""
    return record.primitive_outcomes


def passive_accuracy(record: CampaignRecord, about: Arguments) -> float | None:
    """peak_correct ÷ peak_n of the passive's newest version in `passive_states`; not measured before ten results."""
    pool = record.passives.get(about.passive)
    return None if pool is None else pool.accuracy


def passives_pooled(record: CampaignRecord, _: Arguments) -> float:
    """Passives whose newest version in `passive_states` has a peak: ten LITE results."""
    return len(record.passives)


def passive_results(record: CampaignRecord, _: Arguments) -> float:
    """`passive_states.runs`, added up over passives and versions: LITE results."""
    return record.passive_results


def sparring_sessions(record: CampaignRecord, _: Arguments) -> float:
    """Sparring sessions."""
    return record.sparring_sessions


def mistakes_corrected(record: CampaignRecord, _: Arguments) -> float:
    """`sparring_sessions.second_correct`, added up: wrong at the first try, right at the second."""
    return record.mistakes_corrected
