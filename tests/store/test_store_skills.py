"""Evaluations and exams: recorded once per job, with the level-up rule applied in the same transaction."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from store_helpers import CAMPAIGN, T0, at, kinds, new_campaign

from realm.rules.progression import Change, Evaluation, Exam, LevelRule, SkillState, advance
from realm.store.skills import SkillStore
from realm.store.tables import evaluations

RULE = LevelRule(max_level=2)


@pytest.fixture
def store(db):
    return SkillStore(db)


def evaluation(step, correct=90, level=1, job=None, campaign=CAMPAIGN):
    return Evaluation(campaign, "bin", level, step, 100, correct, 7, step, job or f"job-{campaign}-{step}", at(step))


def test_three_good_evaluations_master_a_level(store, db):
    for step in (1, 2):
        assert store.record_evaluation(evaluation(step), RULE).mastered_level is None
    outcome = store.record_evaluation(evaluation(3), RULE)
    assert outcome.mastered_level == 1
    assert (outcome.state.mastered_level, outcome.state.training_level, outcome.state.window) == (1, 2, ())
    assert store.find_state(CAMPAIGN, "bin", RULE.max_level) == outcome.state
    assert (outcome.state.xp, outcome.xp_gained) == (27, 9)
    assert kinds(db) == ["evaluation.recorded"] * 3 + ["level.mastered"]


def test_the_interval_is_stored_with_the_evaluation(store, db):
    store.record_evaluation(evaluation(1, correct=80), RULE)
    with db.read() as connection:
        [row] = connection.execute(select(evaluations.c.low, evaluations.c.high)).all()
    assert tuple(row) == pytest.approx((0.7112, 0.8666), abs=5e-5)


def test_the_last_level_exhausts_the_ladder(store, db):
    for step in range(6):
        outcome = store.record_evaluation(evaluation(step, level=1 + step // 3), RULE)
    assert outcome.state.ladder_exhausted
    assert kinds(db)[-2:] == ["level.mastered", "ladder.exhausted"]


def test_steps_at_which_levels_were_mastered(store):
    assert store.mastered_at(CAMPAIGN) == {}
    for step in range(6):
        store.record_evaluation(evaluation(step, level=1 + step // 3), RULE)
        store.record_evaluation(evaluation(10 + step, 50, campaign="mote-2"), RULE)
    assert store.mastered_at(CAMPAIGN) == {"bin": {1: 2, 2: 5}}
    assert store.mastered_at("mote-2") == {}


def test_a_job_counts_once(store, db):
    store.record_evaluation(evaluation(1), RULE)
    store.record_evaluation(evaluation(2), RULE)
    outcome = store.record_evaluation(evaluation(3), RULE)
    events = kinds(db)
    again = store.record_evaluation(evaluation(3), RULE)
    assert again.repeated
    assert (again.mastered_level, again.xp_gained, again.evaluation) == (1, 9, outcome.evaluation)
    assert again.happenings == outcome.happenings
    assert store.find_state(CAMPAIGN, "bin", RULE.max_level).xp == 27
    assert len(store.evaluations(CAMPAIGN)) == 3
    assert kinds(db) == events


def test_the_window_survives_in_the_database(store):
    store.record_evaluation(evaluation(1, 70), RULE)
    store.record_evaluation(evaluation(2, 90), RULE)
    state = store.find_state(CAMPAIGN, "bin", RULE.max_level)
    assert [(each.step, each.correct, each.id > 0) for each in state.window] == [(1, 70, True), (2, 90, True)]
    assert state.window_mean == pytest.approx(0.8)
    assert state.last_accuracy == 0.9


def test_campaigns_are_apart(store):
    store.record_evaluation(evaluation(1), RULE)
    store.record_evaluation(evaluation(2, campaign="mote-2"), RULE)
    assert len(store.find_state(CAMPAIGN, "bin", RULE.max_level).window) == 1
    assert [each.step for each in store.evaluations("mote-2", "bin")] == [2]
    assert store.find_state(CAMPAIGN, "sy", 50).training_level == 1


def test_a_state_is_begun_once_and_follows_a_longer_ladder(store):
    assert store.ensure_state(CAMPAIGN, "bin", 5) == SkillState(CAMPAIGN, "bin", 5)
    store.record_evaluation(evaluation(1), LevelRule(max_level=5))
    state = store.ensure_state(CAMPAIGN, "bin", 30)
    assert (state.max_level, state.xp) == (30, 9)
    assert store.states(CAMPAIGN) == (state,)


def test_evaluations_come_newest_first(store):
    for step in range(5):
        store.record_evaluation(evaluation(step), RULE)
    assert [each.step for each in store.evaluations(CAMPAIGN, "bin", limit=3)] == [4, 3, 2]
    assert store.evaluations(CAMPAIGN, "sy") == ()


def test_folds_are_given_once(store):
    assert [store.next_fold(CAMPAIGN, "bin", 1) for _ in range(3)] == [0, 1, 2]
    assert store.next_fold(CAMPAIGN, "bin", 2) == 0
    assert store.next_fold("mote-2", "bin", 1) == 0


def test_the_validation_losses_are_all_there_in_the_order_of_their_steps(store):
    losses = [(step, 1 / step) for step in range(1, 601)]
    for step, loss in [*losses[300:], *losses[:300]]:
        store.record_exam(Exam(CAMPAIGN, step, "v1", 0.4, {"bin": 0.4}, 120, f"job-{step}", T0, val_loss=loss))
    store.record_exam(Exam(CAMPAIGN, 700, "v1", 0.4, {"bin": 0.4}, 120, "job-700", T0))
    assert store.val_losses(CAMPAIGN) == losses
    assert store.val_losses(CAMPAIGN, after=598) == losses[-2:]


def test_an_exam_counts_once(store, db):
    exam = Exam(CAMPAIGN, 50, "v1", 0.42, {"bin": 0.42}, 120, "job-9", T0, checkpoint_id="c", val_loss=1.5)
    recorded = store.record_exam(exam)
    assert recorded.id > 0
    assert store.record_exam(exam) == recorded
    assert store.exams(CAMPAIGN) == (recorded,)
    assert (recorded.skill_accuracies, recorded.val_loss, recorded.exam_version) == ({"bin": 0.42}, 1.5, "v1")
    assert kinds(db) == ["exam.recorded"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from([50, 80, 95]), st.integers(1, 3)), max_size=15), st.data())
def test_the_store_keeps_exactly_what_the_rule_says(db, rows, data):
    """Each evaluation is sent once or twice; the state is that of the rule fed with each once."""
    campaign = new_campaign()
    store, rule = SkillStore(db), LevelRule(max_level=3)
    model = SkillState(campaign, "bin", 3)
    mastered = []
    for i, (step, correct, level) in enumerate(rows):
        each = evaluation(step, correct, level, job=f"{campaign}-{i}", campaign=campaign)
        model, happenings = advance(model, each, rule)
        mastered += [one.level for one in happenings if one.change == Change.LEVEL_MASTERED]
        store.record_evaluation(each, rule)
        if data.draw(st.booleans()):
            assert store.record_evaluation(each, rule).repeated
    if rows:
        state = store.find_state(campaign, "bin", RULE.max_level)
        assert (state.xp, state.mastered_level, state.last_accuracy) == (
            model.xp,
            model.mastered_level,
            model.last_accuracy,
        )
        assert [(one.step, one.correct) for one in state.window] == [(one.step, one.correct) for one in model.window]
        assert mastered == list(range(1, model.mastered_level + 1))


def exam(step, level_results, campaign=CAMPAIGN):
    n = sum(count for levels in level_results.values() for count, _ in levels.values())
    return Exam(campaign, step, "v1", 0.4, {}, n, f"exam-{campaign}-{step}", at(step), level_results=level_results)


def test_an_exam_keeps_what_each_level_gave(store):
    results = {"bin": {1: (4, 4), 2: (4, 1)}, "sy": {1: (4, 0)}}
    recorded = store.record_exam(exam(3, results))
    assert store.exams(CAMPAIGN) == (recorded,)
    assert recorded.level_results == results


def test_the_newest_results_of_each_level_are_pooled(store):
    rule = LevelRule(max_level=9)
    for step, level, correct in [(1, 1, 10), (2, 1, 50), (3, 2, 30), (9, 3, 5)]:
        store.record_evaluation(evaluation(step, correct, level), rule)
    store.record_evaluation(evaluation(4, 99, 2, campaign="mote-2"), rule)
    store.record_exam(exam(4, {"bin": {1: (4, 4), 2: (4, 0), 4: (4, 1)}, "sy": {1: (4, 4)}}))
    store.record_exam(exam(5, {"bin": {1: (4, 3), 4: (4, 2)}, "sy": {1: (4, 3)}}))
    assert store.level_results(CAMPAIGN, "bin") == {1: (100, 50), 2: (100, 30), 3: (100, 5), 4: (4, 2)}
    assert store.level_results(CAMPAIGN, "sy") == {1: (4, 3)}
    assert store.level_results("mote-3", "bin") == {}


def test_a_level_has_the_results_of_its_newest_reviews(store):
    rule = LevelRule(max_level=9)
    store.record_evaluation(evaluation(1, 90, 1), rule)
    for step, right in [(12, 21), (10, 25), (11, 23), (13, 20)]:
        reviewed = replace(evaluation(step, 10, 2), review_level=1, review_n=25, review_correct=right)
        store.record_evaluation(reviewed, rule)
    assert store.level_results(CAMPAIGN, "bin", problems=50)[1] == (50, 41)
    assert store.level_results(CAMPAIGN, "bin")[1] == (100, 89)
    assert store.level_results(CAMPAIGN, "bin", problems=150)[1] == (200, 179)
