"""A campaign's bests, strain, milestones and costs against rows that the real stores wrote."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import insert
from store_helpers import CAMPAIGN, T0, at, make_checkpoint, new_attempt

from realm.errors import NotFoundError, RequestError
from realm.rules.battle import BattlePoint
from realm.rules.milestones import Milestone
from realm.rules.progression import Evaluation, Exam, LevelRule
from realm.rules.strain import strain_of
from realm.rules.transitions import Counters, transitions
from realm.store.battles import BattleStore
from realm.store.campaign_bests import BestsReader
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.courses import CourseReader
from realm.store.milestones import MilestoneStore
from realm.store.skills import SkillStore
from realm.store.tables import attempts, battle_points, evaluations, honours, verdicts

RULE = LevelRule(max_level=40)


@pytest.fixture(autouse=True)
def _campaign(db):
    CampaignStore(db).ensure_campaign("mote", "v1", T0)


def evaluate(db, number, correct, level=1, n=100):
    one = Evaluation(CAMPAIGN, "bin", level, number, n, correct, number, number, f"e{number}", at(number))
    return SkillStore(db).record_evaluation(one, RULE)


def add_points(db, *points):
    """(step, train loss) with counters that grow with the step."""
    BattleStore(db).add_points(
        new_attempt(db),
        [BattlePoint(step, at(step), loss, tokens_seen=10 * step, examples_seen=step, train_seconds=step / 2)
         for step, loss in points],
    )  # fmt: skip


def test_bests_are_those_of_the_rows_also_when_read_on(db):
    reader = BestsReader(db)
    assert reader.read(CAMPAIGN).evaluations.accuracy is None
    for number, correct in enumerate((70, 92, 85, 40, 90), 1):
        evaluate(db, number, correct)
    first = reader.read(CAMPAIGN)
    best = first.evaluations.levels["bin", 1]
    assert (best.correct, best.step, first.moments[best.id]) == (92, 2, at(2))
    assert first.evaluations.longest["bin"].length == 2
    for number, correct in enumerate((99, 81, 81), 6):
        evaluate(db, number, correct)
    again = reader.read(CAMPAIGN)
    assert again.evaluations == BestsReader(db).read(CAMPAIGN).evaluations
    assert (again.evaluations.longest["bin"].length, again.evaluations.going["bin"].length) == (4, 4)
    with pytest.raises(NotFoundError, match="mote-9"):
        reader.read("mote-9")


def test_lowest_losses_and_the_best_exam_of_the_version(db):
    add_points(db, (1, 3.0), (2, 0.5), (3, 0.9))
    ledger = CheckpointStore(db)
    ledger.record(make_checkpoint(2, val_loss=0.4), T0)
    found = BestsReader(db).read(CAMPAIGN)
    assert (found.train_loss.loss, found.train_loss.step, found.train_loss.at) == (0.5, 2, at(2))
    assert (found.val_loss.loss, found.exam) == (0.4, None)
    for number, (version, accuracy, loss) in enumerate((("v1", 0.3, 0.7), ("v0", 0.9, 0.6), ("v1", 0.5, 0.8)), 1):
        exam = Exam(
            CAMPAIGN, number, version, accuracy, {"bin": accuracy}, 120, f"x{number}", at(number), val_loss=loss
        )
        SkillStore(db).record_exam(exam)
    found = BestsReader(db).read(CAMPAIGN)
    assert (found.val_loss.loss, found.val_loss.step) == (0.6, 2)
    assert (found.exam.accuracy, found.exam.step, found.exam.n) == (0.5, 3, 120)


def test_strain_is_of_the_kept_points(db):
    points = [(step, 1.0 + (step % 9) / 10) for step in range(1, 120)]
    add_points(db, *points)
    assert BestsReader(db).read(CAMPAIGN).strain == strain_of(points)


def test_the_points_beside_the_promotions_tell_what_all_points_tell(db):
    add_points(db, *((step, 1.0) for step in (4, 11, 12, 30, 55)))
    for number in range(1, 31):
        evaluate(db, 2 * number, 90, level=1 + (number - 1) // 3)
    reader = CourseReader(db)
    found = reader.transitions(CAMPAIGN)
    everything = [Counters(step, 10 * step, step, step / 2) for step in (4, 11, 12, 30, 55)]
    assert len(found) == 10
    assert found == transitions(found, everything)
    assert [each.total for each in found][-1] is None
    assert reader.reached(CAMPAIGN) == everything[-1]
    assert reader.counters(CAMPAIGN, [8, 99]) == {8: Counters(8, 80, 8, 4.0), 99: None}


def test_milestones_come_from_rows_and_a_note_is_one_row(db):
    store = MilestoneStore(db)
    assert (store.deeds(CAMPAIGN).first_attempt, store.written(CAMPAIGN), store.present_step(CAMPAIGN)) == (None, (), 0)
    add_points(db, (1, 3.0), (40, 0.5))
    for number in range(1, 4):
        evaluate(db, number, 95)
    for step in (20, 35, 38):
        made = CheckpointStore(db).record(make_checkpoint(step, saved_at=at(step)), T0).checkpoint
        CampaignStore(db).move_champion(CAMPAIGN, made.id, step / 100, "v1", at(step))
    with db.write() as connection:
        row = {"campaign_id": CAMPAIGN, "kind": "title", "honour_id": "apprentice", "at": at(9), "step": 9}
        connection.execute(insert(honours).values(**row))
        told = {"campaign_id": CAMPAIGN, "skill_id": "bin", "kind": "capacity", "mastered_level": 1, "cap_level": 1}
        more = {"step": 40, "tokens": 400, "at": at(50), "words": "capped", "body": {}, "withdrawn_why": ""}
        connection.execute(insert(verdicts).values(**told, **more))
    deeds = store.deeds(CAMPAIGN)
    assert [(each.level, each.step) for each in deeds.mastered] == [(1, 3)]
    assert [each.step for each in deeds.crownings] == [20, 38]
    assert [each.honour_id for each in deeds.honours] == ["apprentice"]
    assert [(each.words, each.withdrawn_at) for each in deeds.verdicts] == [("capped", None)]
    assert store.present_step(CAMPAIGN) == 40

    noted = Milestone("first_step", T0, 0, "Training begins", "new box")
    store.write(CAMPAIGN, noted)
    store.write(CAMPAIGN, Milestone("first_step", at(9), 9, "another title", "old box"))
    assert store.written(CAMPAIGN) == (Milestone("first_step", T0, 0, "Training begins", "old box"),)
    store.erase(CAMPAIGN, "first_step")
    store.erase(CAMPAIGN, "first_step")
    assert store.written(CAMPAIGN) == ()
    with pytest.raises(RequestError, match="2001 characters"):
        store.write(CAMPAIGN, Milestone("own:1", T0, 0, "x", "n" * 2001))
    with pytest.raises(NotFoundError, match="mote-9"):
        store.write("mote-9", noted)


def test_overrides_are_those_of_the_newest_attempt(db):
    store = MilestoneStore(db)
    assert store.overrides(CAMPAIGN) is None
    new_attempt(db)
    second = new_attempt(db, now=at(5))
    assert store.overrides(CAMPAIGN) == (2, at(5), None, None)
    with db.write() as connection:
        change = attempts.update().where(attempts.c.id == second)
        connection.execute(change.values(overrides={"training.batch_size": 64}))
    assert store.overrides(CAMPAIGN)[3] == {"training.batch_size": 64}


def test_a_huge_campaign_is_read_well_within_a_second(db):
    row = {
        "campaign_id": CAMPAIGN, "skill_id": "bin", "n": 100, "low": 0.0, "high": 1.0, "seed": 1, "fold": 1,
        "created_at": T0, "duration_s": 1.0, "review_n": 0, "review_correct": 0, "train_n": 0, "train_correct": 0,
        "xp_gained": 1, "happenings": [],
    }  # fmt: skip
    many = [
        {**row, "level": 1 + step // 3400, "step": step, "correct": 60 + step % 41, "job_id": f"j{step}",
         "mastered_level": 1 + step // 3400 if step % 3400 == 3399 else None}
        for step in range(100_000)
    ]  # fmt: skip
    point = {"campaign_id": CAMPAIGN, "battle_id": "b", "attempt_number": 1, "at": T0, "examples_seen": 1}
    points = [
        {**point, "step": step, "train_loss": 1 + step % 7, "tokens_seen": step, "train_seconds": step}
        for step in range(100_000)
    ]
    with db.write() as connection:
        connection.execute(insert(evaluations), many)
        connection.execute(insert(battle_points), points)
    bests, course, milestones = BestsReader(db), CourseReader(db), MilestoneStore(db)

    def spent(read):
        began = time.process_time()
        read()
        return time.process_time() - began

    first, later = spent(lambda: bests.read(CAMPAIGN)), spent(lambda: bests.read(CAMPAIGN))
    rest = spent(lambda: (course.transitions(CAMPAIGN), course.reached(CAMPAIGN), milestones.deeds(CAMPAIGN)))
    assert len(course.transitions(CAMPAIGN)) == 29
    assert first < 2.0, f"bests: {first:.2f} s the first time, {later:.2f} s later, the rest {rest:.2f} s"
    assert later + rest < 1.0, f"bests: {first:.2f} s the first time, {later:.2f} s later, the rest {rest:.2f} s"
    print(f"bests {first:.3f} s the first time, {later:.3f} s later, the rest {rest:.3f} s")
