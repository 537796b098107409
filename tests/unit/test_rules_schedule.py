"""What is trained next: shares of skills and levels."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.errors import RealmError
from realm.rules.schedule import (
    EPSILON,
    FOCUS_SHARE,
    LEAD,
    PRESETS,
    PRIORITIES,
    RECENT,
    Mix,
    MixKind,
    Plan,
    SkillSetting,
    Standing,
    Strategy,
    leading_skill,
    level_shares,
    preset_of,
    skill_shares,
    whole_counts,
)

standings = st.lists(
    st.builds(
        Standing,
        st.sampled_from("abcdef"),
        st.integers(0, 30),
        st.just(30),
        st.integers(PRIORITIES[0], PRIORITIES[-1]),
    ),
    min_size=1,
    unique_by=lambda each: each.skill_id,
)
plans = st.builds(Plan, st.sampled_from(Strategy), st.none() | st.sampled_from("abcdef"))
mixes = st.builds(Mix, st.sampled_from(MixKind), st.floats(0, 0.5), st.floats(0, 0.5))
results = st.dictionaries(
    st.integers(1, 30), st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
)


def standing(skill_id: str, mastered: int, max_level: int = 30, priority: int = 5) -> Standing:
    return Standing(skill_id, mastered, max_level, priority)


# Skills


@given(plans, standings)
def test_every_enabled_skill_has_a_share_of_one_whole(plan: Plan, skills: list[Standing]) -> None:
    shares = skill_shares(plan, skills)
    assert shares.keys() == {each.skill_id for each in skills}
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) > 0


def test_no_enabled_skill_has_no_shares() -> None:
    assert skill_shares(Plan(), []) == {}


def test_the_strategies() -> None:
    skills = [standing("bin", 12, 30, priority=6), standing("sy", 10, 50, priority=3)]
    third = [*skills, standing("rg", 10, 10, priority=3)]
    assert skill_shares(Plan(Strategy.EQUAL), skills) == {"bin": 0.5, "sy": 0.5}
    assert skill_shares(Plan(Strategy.WEIGHTED), skills) == pytest.approx({"bin": 2 / 3, "sy": 1 / 3})
    assert skill_shares(Plan(Strategy.FOCUS, "bin"), skills) == pytest.approx({"bin": FOCUS_SHARE, "sy": 0.2})
    assert skill_shares(Plan(Strategy.LOWEST_FIRST), skills) == pytest.approx({"sy": FOCUS_SHARE, "bin": 0.2})
    # A skill whose ladder is exhausted is only kept.
    assert skill_shares(Plan(Strategy.EQUAL), third) == pytest.approx({"bin": 4 / 9, "sy": 4 / 9, "rg": 1 / 9})
    assert skill_shares(Plan(Strategy.FOCUS, "gone"), skills) == {"bin": 0.5, "sy": 0.5}
    assert skill_shares(Plan(Strategy.FOCUS, "bin"), skills[:1]) == {"bin": 1.0}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_leads_come_in_proportion_to_the_shares(weights: list[int]) -> None:
    shares = {str(at): weight / sum(weights) for at, weight in enumerate(weights)}
    led: list[str] = []
    for _ in range(100):
        led.append(leading_skill(shares, led))
    for skill_id, share in shares.items():
        assert Counter(led)[skill_id] == pytest.approx(100 * share, abs=100 / RECENT * 2)


def test_a_newly_enabled_skill_does_not_catch_up_on_the_whole_past() -> None:
    led = ["bin"] * 500
    shares = {"bin": 0.5, "sy": 0.5}
    for _ in range(RECENT + 10):
        led.append(leading_skill(shares, led))
    assert Counter(led[500:])["bin"] >= 5


# Levels


@given(st.integers(0, 30), results, mixes)
def test_level_shares_are_one_whole_of_reachable_levels(
    mastered: int, known: dict[int, tuple[int, int]], mix: Mix
) -> None:
    training = min(mastered + 1, 30)
    shares = level_shares(mastered, 30, known, mix)
    assert sum(shares.values()) == pytest.approx(1)
    assert set(range(1, training + 1)) <= shares.keys() <= set(range(1, min(training + 1, 30) + 1))
    assert min(shares.values()) >= 0
    assert shares[training] > 0 or mix.replay + mix.ahead == 1 or mastered == 30
    if mix.kind == MixKind.LEARNABLE:
        assert shares.get(training + 1, 0) == pytest.approx(mix.ahead if training < 30 else 0)


def test_the_learnable_mix_is_the_formula() -> None:
    known = {1: (100, 95), 2: (100, 40), 3: (100, 90), 4: (100, 85), 5: (100, 10)}
    shares = level_shares(4, 30, known, Mix(replay=0.2, ahead=0.1))
    gain = {2: 0.25 + EPSILON, 4: 0.85 * 0.15 + EPSILON}
    lead = LEAD * 3 / 4
    gain[5] = sum(gain.values()) * lead / (1 - lead)
    weak = {1: 0.05 + EPSILON, 3: 0.1 + EPSILON}
    expected = {level: 0.7 * weight / sum(gain.values()) for level, weight in gain.items()}
    expected |= {level: 0.2 * weight / sum(weak.values()) for level, weight in weak.items()}
    assert shares == pytest.approx(expected | {6: 0.1})


def test_the_training_level_leads_while_the_mastered_ones_hold() -> None:
    shaky = dict.fromkeys(range(1, 19), (50, 42)) | {19: (100, 76), 3: (50, 50)}
    shares = level_shares(18, 30, shaky, Mix(replay=0.2, ahead=0.1))
    assert shares[19] == pytest.approx(0.7 * LEAD)
    assert shares[1] == pytest.approx(0.7 * (1 - LEAD) / 17)
    assert shares[3] == pytest.approx(0.2)
    half = level_shares(18, 30, shaky | dict.fromkeys(range(4, 13), (50, 39)), Mix(replay=0.2, ahead=0.1))
    assert half[19] == pytest.approx(0.7 * LEAD / 2)
    none = level_shares(18, 30, dict.fromkeys(range(1, 20), (50, 39)), Mix(replay=0.2, ahead=0.1))
    assert none[19] == pytest.approx(0.9 / 19)


def test_a_level_that_was_forgotten_gets_more() -> None:
    fine = dict.fromkeys(range(1, 12), (24, 23))
    before = level_shares(11, 30, fine, Mix())
    after = level_shares(11, 30, fine | {4: (24, 10)}, Mix())
    assert after[4] > 10 * before[4]
    assert level_shares(11, 30, fine | {4: (24, 18)}, Mix(), threshold=0.5)[4] < after[4] / 2


def test_a_level_never_asked_and_one_not_understood_get_the_most() -> None:
    fine = dict.fromkeys(range(1, 9), (24, 24))
    for known in (fine, fine | {9: (100, 0)}, fine | {9: (100, 50)}):
        shares = level_shares(8, 30, known, Mix())
        assert max(shares, key=lambda level: shares[level]) == 9
        assert shares[9] > 0.6


def test_the_first_and_the_last_level() -> None:
    assert level_shares(0, 30, {}, Mix(replay=0.2, ahead=0.1)) == pytest.approx({1: 0.9, 2: 0.1})
    assert level_shares(0, 1, {}, Mix()) == {1: 1.0}
    assert 31 not in level_shares(29, 30, {}, Mix())


def test_when_every_level_is_mastered_none_leads() -> None:
    known = dict.fromkeys(range(1, 31), (50, 42))
    assert level_shares(30, 30, known, Mix()) == pytest.approx(dict.fromkeys(range(1, 31), 1 / 30))
    assert level_shares(30, 30, dict.fromkeys(range(1, 31), (50, 50)), Mix())[30] == pytest.approx(1 / 30)
    assert level_shares(30, 30, known | {30: (100, 50)}, Mix())[30] < 2 / 30


def test_the_uniform_mix() -> None:
    assert level_shares(3, 30, {1: (9, 9)}, Mix(MixKind.UNIFORM)) == dict.fromkeys(range(1, 6), 0.2)
    assert level_shares(2, 3, {}, Mix(MixKind.UNIFORM)) == dict.fromkeys(range(1, 4), 1 / 3)


@given(st.dictionaries(st.integers(), st.floats(0.001, 1), min_size=1), st.integers(0, 10_000))
def test_whole_counts_are_the_shares_rounded(weights: dict[int, float], count: int) -> None:
    total = sum(weights.values())
    shares = {key: weight / total for key, weight in weights.items()}
    counts = whole_counts(shares, count)
    assert sum(counts.values()) == count
    assert all(abs(counts.get(key, 0) - share * count) < 1 for key, share in shares.items())
    assert all(counts.values())


# Bad values


@pytest.mark.parametrize(("replay", "ahead"), [(0.95, 0.1), (-0.1, 0.1), (0.1, -0.1)])
def test_a_mix_that_is_no_whole(replay: float, ahead: float) -> None:
    with pytest.raises(RealmError, match="at most 1 together"):
        Mix(replay=replay, ahead=ahead)


@pytest.mark.parametrize("priority", [0, 10, -1])
def test_a_priority_that_is_none(priority: int) -> None:
    with pytest.raises(RealmError, match="1 to 9"):
        SkillSetting("bin", True, priority)


def test_presets_are_found_again() -> None:
    assert len({each.id for each in PRESETS}) == len(PRESETS)
    for preset in PRESETS:
        assert preset_of(Plan(preset.strategy, None, preset.mix)) == preset.id
    assert preset_of(Plan()) == "climb"
    assert preset_of(Plan(Strategy.WEIGHTED)) is None
