"""The language of titles and achievements: what holds, its words, its data, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from realm.errors import ConfigError
from realm.rules.conditions import MAX_DEPTH, Bound, Joined, Joint, Leaf, describe, dump, holds, leaves, parse, progress
from realm.rules.measure_reads import Arguments
from realm.rules.measures import MEASURES, Known, Unit
from realm.rules.record import CampaignRecord, ExamMark, LevelRecord, Score, SkillRecord

KNOWN = Known({"bin": 30, "sy": 50}, {"binary/and@1", "binary/or@1"}, {"logic"}, {"bin": "BIN", "logic": "Logic"})
VALUES = {"skill": ["bin", "sy"], "level": [1, 7, 30], "primitive": ["binary/and@1"], "passive": ["logic"]}


def leaf_of(draw, bounds):
    name = draw(st.sampled_from(sorted(MEASURES)))
    measure = MEASURES[name]
    share = st.integers(1, 20).map(lambda n: n / 20)
    arguments = {each: draw(share if each == "accuracy" else st.sampled_from(VALUES[each])) for each in measure.takes}
    arguments = Arguments(**arguments)
    most = 10**6 if measure.ceiling is None else measure.ceiling(KNOWN, arguments)
    target = draw(share if measure.unit == Unit.ACCURACY else st.integers(1, max(1, int(most))))
    return Leaf(name, arguments, draw(st.sampled_from(bounds)), target)


@st.composite
def conditions(draw, bounds=tuple(Bound), depth=MAX_DEPTH):
    if depth == 1 or draw(st.booleans()):
        return leaf_of(draw, bounds)
    parts = draw(st.lists(conditions(bounds=bounds, depth=depth - 1), min_size=2, max_size=3))
    return Joined(draw(st.sampled_from(list(Joint))), tuple(parts))


SCORES = st.integers(0, 100).map(lambda correct: Score(correct, 100))
COUNTS = ("steps", "tokens", "battles", "quests_completed", "evaluations", "exams", "exam_records", "mastery_streak")


@st.composite
def records(draw):
    counts = {name: draw(st.integers(0, 10**6)) for name in COUNTS}
    skills = {}
    for skill_id, last in KNOWN.skills.items():
        best, latest = (st.none() | SCORES for _ in range(2))
        levels = {
            level: LevelRecord(draw(best), draw(latest), draw(st.none() | st.integers(0, 9999))) for level in (1, 7)
        }
        skills[skill_id] = SkillRecord(draw(st.integers(0, last)), last, draw(st.none() | st.floats(0, 1)), 3, levels)
    exam = draw(st.none() | st.floats(0, 1).map(lambda accuracy: ExamMark(accuracy, 320)))
    primitives = draw(st.dictionaries(st.sampled_from(sorted(KNOWN.primitives)), SCORES))
    return CampaignRecord(**counts, skills=skills, exam_best=exam, primitives=primitives)


def grown(record, more):
    """A record in which every number is as large or larger."""
    up = {name: getattr(record, name) + more for name in COUNTS}
    skills = {
        skill_id: replace(
            each, mastered_level=min(each.max_level, each.mastered_level + more), streak=each.streak + more
        )
        for skill_id, each in record.skills.items()
    }
    primitives = {name: Score(min(100, each.correct + more), 100) for name, each in record.primitives.items()}
    mark = record.exam_best and ExamMark(min(1.0, record.exam_best.accuracy + more / 100), 320)
    return replace(record, **up, skills=skills, primitives=primitives, exam_best=mark)


@given(conditions())
def test_what_is_written_is_read_as_the_same(condition):
    data = dump(condition)
    assert parse(data, KNOWN) == condition
    assert dump(parse(yaml.safe_load(yaml.safe_dump(data)), KNOWN)) == data


@given(st.lists(conditions(depth=2), min_size=2, max_size=4), records())
def test_all_and_any_are_those_of_logic(parts, record):
    held = [holds(part, record) for part in parts]
    assert holds(Joined(Joint.ALL, tuple(parts)), record) == all(held)
    assert holds(Joined(Joint.ANY, tuple(parts)), record) == any(held)


@given(conditions(), records())
def test_of_a_measured_leaf_exactly_one_bound_holds_and_de_morgan_follows(condition, record):
    def opposite(part):
        if isinstance(part, Joined):
            joint = Joint.ANY if part.joint == Joint.ALL else Joint.ALL
            return Joined(joint, tuple(map(opposite, part.parts)))
        return replace(part, bound=Bound.LT if part.bound == Bound.GTE else Bound.GTE)

    for leaf in leaves(condition):
        if leaf.value(record) is None:
            assert not holds(leaf, record)
            assert not holds(opposite(leaf), record)
        else:
            assert holds(leaf, record) != holds(opposite(leaf), record)
    if all(leaf.value(record) is not None for leaf in leaves(condition)):
        assert holds(opposite(condition), record) != holds(condition, record)


@given(conditions(bounds=(Bound.GTE,)), records(), st.integers(0, 40))
def test_what_asks_only_for_at_least_is_not_lost_when_numbers_grow(condition, record, more):
    if holds(condition, record):
        assert holds(condition, grown(record, more))


@given(conditions(), records())
def test_progress_gives_value_and_target_of_each_leaf(condition, record):
    found = progress(condition, record)
    assert [each.leaf for each in found] == list(leaves(condition))
    assert [each.met for each in found] == [holds(leaf, record) for leaf in leaves(condition)]
    assert all(each.target == each.leaf.target and each.value == each.leaf.value(record) for each in found)


def test_no_two_measures_are_told_in_the_same_words():
    for bound in ("gte", "gte_one", "lt"):
        assert len({getattr(measure, bound) for measure in MEASURES.values()}) == len(MEASURES)


@given(conditions(depth=1), conditions(depth=1))
def test_two_leaves_with_the_same_words_are_the_same(one, other):
    assert (describe(one) == describe(other)) == (dump(one) == dump(other))


@given(conditions())
def test_words_have_every_number_and_no_gap(condition):
    text = describe(condition, KNOWN.names)
    assert "{" not in text
    assert "e+" not in text
    for leaf in leaves(condition):
        shown = f"{leaf.target * 100:.10g} %" if MEASURES[leaf.measure].unit == Unit.ACCURACY else f"{leaf.target:,}"
        assert shown in text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"measure": "mastered_level", "skill": "bin", "gte": 10}, "BIN level 10 mastered"),
        ({"measure": "steps", "gte": 100_000}, "at least 100,000 training steps"),
        ({"measure": "steps", "gte": 1}, "at least 1 training step"),
        ({"measure": "hours_trained", "gte": 0.5}, "at least 0.5 hours of battle"),
        ({"measure": "exam_accuracy", "gte": 0.575}, "exam accuracy at least 57.5 %"),
        ({"measure": "exam_accuracy", "lt": 0.29}, "exam accuracy below 29 %"),
        ({"measure": "passive_accuracy", "passive": "logic", "gte": 1}, "best pool of the passive Logic 100 %"),
        (
            {"measure": "primitives_at", "accuracy": 0.9, "gte": 2},
            "at least 2 primitives at 90 % or above over their newest outcomes",
        ),
        (
            {
                "any": [
                    {"measure": "exams", "gte": 2},
                    {"all": [{"measure": "exams", "gte": 1}, {"measure": "battles", "lt": 3}]},
                ]
            },
            "at least 2 exams or (at least 1 exam and fewer than 3 battles)",
        ),
    ],
)
def test_words(data, text):
    assert describe(parse(data, KNOWN), KNOWN.names) == text


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ("steps >= 100", ["condition is 'steps >= 100'", "mapping"]),
        (["steps"], ["condition is"]),
        (None, ["condition is None"]),
        ({}, ["condition.measure is None"]),
        ({"measure": "__import__('os').system('id')", "gte": 1}, ["condition.measure", "no such measure"]),
        ({"measure": "step", "gte": 1}, ["condition.measure is 'step'", "steps"]),
        ({"measure": "steps"}, ["0 of gte and lt"]),
        ({"measure": "steps", "gte": 1, "lt": 5}, ["2 of gte and lt"]),
        ({"measure": "steps", "gt": 1}, ["0 of gte and lt"]),
        ({"measure": "steps", "gte": "1000"}, ["condition.gte is '1000'"]),
        ({"measure": "steps", "gte": True}, ["condition.gte is True"]),
        ({"measure": "steps", "gte": 1.5}, ["condition.gte is 1.5", "whole"]),
        ({"measure": "steps", "gte": 0}, ["condition.gte is 0", "always or never"]),
        ({"measure": "steps", "lt": -3}, ["condition.lt is -3"]),
        ({"measure": "steps", "gte": float("nan")}, ["condition.gte is nan"]),
        ({"measure": "steps", "gte": float("inf")}, ["condition.gte is inf"]),
        ({"measure": "steps", "gte": 10**400}, ["condition.gte is 1000"]),
        ({"measure": "steps", "gte": 1, "skill": "bin"}, ["skill missing or unknown", "no argument"]),
        ({"measure": "mastered_level", "gte": 1}, ["skill missing or unknown", "takes skill"]),
        ({"measure": "mastered_level", "skill": "bim", "gte": 1}, ["condition.skill is 'bim'", "bin"]),
        ({"measure": "mastered_level", "skill": ["bin"], "gte": 1}, ["condition.skill is"]),
        ({"measure": "mastered_level", "skill": "bin", "gte": 31}, ["condition.gte is 31", "30 at the most"]),
        ({"measure": "mastered_at_step", "skill": "bin", "level": 31, "lt": 5}, ["condition.level is 31", "1 to 30"]),
        ({"measure": "mastered_at_step", "skill": "bin", "level": True, "lt": 5}, ["condition.level is True"]),
        ({"measure": "skills_at_level", "level": 31, "gte": 2}, ["condition.gte is 2", "1 at the most"]),
        ({"measure": "ladders_exhausted", "gte": 3}, ["condition.gte is 3", "2 at the most"]),
        ({"measure": "exam_accuracy", "gte": 90}, ["condition.gte is 90", "0.9 for 90 %"]),
        ({"measure": "exam_accuracy", "gte": -0.1}, ["condition.gte is -0.1"]),
        ({"measure": "primitives_at", "accuracy": 1.1, "gte": 1}, ["condition.accuracy is 1.1"]),
        (
            {"measure": "primitive_accuracy", "primitive": "binary/and@2", "gte": 1},
            ["condition.primitive", "binary/and@1"],
        ),
        ({"measure": "passive_accuracy", "passive": "x", "gte": 1}, ["condition.passive is 'x'", "logic"]),
        ({"all": []}, ["condition.all", "2 to 40"]),
        ({"all": [{"measure": "steps", "gte": 1}]}, ["condition.all", "2 to 40"]),
        ({"any": {"measure": "steps", "gte": 1}}, ["condition.any", "list"]),
        ({"any": "ab"}, ["condition.any"]),
        ({"all": [], "any": []}, ["'all'", "'any'"]),
        ({"not": {"measure": "steps", "gte": 1}}, ["condition.measure is None"]),
        ({"all": [{"measure": "steps", "gte": 1}, {"measure": "exams", "gte": -1}]}, ["condition.all.1.gte is -1"]),
    ],
)
def test_what_is_no_condition_is_told_with_its_place_and_value(data, parts):
    with pytest.raises(ConfigError) as error:
        parse(data, KNOWN)
    assert [part for part in parts if part not in str(error.value)] == []
    assert error.value.remedy


def test_depth_is_bounded_also_of_data_that_holds_itself():
    leaf = {"measure": "steps", "gte": 1}
    nested = leaf
    for _ in range(MAX_DEPTH - 1):
        nested = {"all": [nested, leaf]}
    assert holds(parse(nested, KNOWN), CampaignRecord(steps=1))
    with pytest.raises(ConfigError, match="nested more than"):
        parse({"any": [nested, leaf]}, KNOWN)
    loop = yaml.safe_load("&loop {all: [*loop, *loop]}")
    with pytest.raises(ConfigError, match="nested more than"):
        parse(loop, KNOWN)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.sampled_from(sorted(MEASURES)),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["all", "any", "measure", "skill", "level", "gte", "lt", "x"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_data_is_a_condition_or_a_config_error(data):
    try:
        condition = parse(data, KNOWN)
    except ConfigError:
        return
    assert parse(dump(condition), KNOWN) == condition
