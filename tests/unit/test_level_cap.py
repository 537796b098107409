"""The level cap by example and by property, and in small against learners whose cap is planted."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.level_cap import campaign, simulate
from realm.errors import RealmError
from realm.rules.cap_evidence import effect_of, gather, level_tokens
from realm.rules.climb import CapRule, Climb, Intervention, InterventionKind, Observation, Promotion
from realm.rules.level_cap import CapKind, CapState, Verdict, decide, kind_of, stands
from realm.rules.trend import theil_sen

RULE = CapRule(floor_tokens=3_000)
"""A level's tokens are 1,000 or more: plateau from 2,000 after the promotion, each intervention 1,000."""
KINDS = RULE.interventions
PROMOTED = 10_000


def promotions(count=10, each=1_000, review=0.95):
    return tuple(Promotion(k, k, k * each, 100, round(100 * review)) for k in range(1, count + 1))


def observations(accuracies, train=None, start=PROMOTED, every=100, level=11, **more):
    """One each 100 tokens after the promotion; `train`: the accuracy on training problems, the same if None."""
    return tuple(
        Observation(
            i, start + i * every, level, 100, round(100 * p), 100, round(100 * (p if train is None else train)), **more
        )
        for i, p in enumerate(accuracies, 1)
    )


def noisy(p, count=60, seed=1):
    random = Random(seed)
    return [sum(random.random() < p for _ in range(100)) / 100 for _ in range(count)]


def tried(kinds=KINDS, start=PROMOTED + 2_000, length=1_000, level=11):
    return tuple(
        Intervention(kind, level, start + i * length, start + (i + 1) * length) for i, kind in enumerate(kinds)
    )


def climb(accuracies=(), **more):
    train = more.pop("train", None)
    seen = more.pop("observations", observations(accuracies, train))
    values = {"max_level": 30, "promotions": promotions(), "interventions": tried(), **more}
    return Climb("BIN", observations=seen, **values)


CAPPED = climb(noisy(0.45))


def test_a_flat_accuracy_after_every_intervention_is_a_cap():
    decision = decide(CAPPED, RULE)
    assert decision.state == CapState.CAPPED
    assert decision.verdict is not None
    assert decision.verdict.kind == CapKind.CAPACITY
    assert decision.verdict.words == ("BIN: mastered 10, cap between 10 and 11 at a budget of 16,000 tokens; capacity")


def test_nothing_known_is_climbing():
    assert decide(Climb("BIN", 30), RULE).state == CapState.CLIMBING


def test_one_observation_is_climbing():
    assert decide(climb([0.5], interventions=()), RULE).state == CapState.CLIMBING


def test_the_way_of_a_plateau():
    flat = noisy(0.45, 80)
    climbing = decide(climb(flat[:19], interventions=()), RULE)
    assert (climbing.state, climbing.start) == (CapState.CLIMBING, None)
    suspected = decide(climb(flat[:24], interventions=()), RULE)
    assert (suspected.state, suspected.start) == (CapState.PLATEAU, InterventionKind.LEARNING_RATE)
    assert suspected.ask_training
    open_ = Intervention(InterventionKind.LEARNING_RATE, 11, PROMOTED + 2_400)
    trying = decide(climb(flat[:30], interventions=(open_,)), RULE)
    assert (trying.state, trying.end) == (CapState.INTERVENING, None)
    over = decide(climb(flat[:34], interventions=(open_,)), RULE)
    assert (over.state, over.end) == (CapState.INTERVENING, open_)
    following = decide(climb(flat[:35], interventions=tried(KINDS[:1])), RULE)
    assert (following.state, following.start) == (CapState.PLATEAU, InterventionKind.EASIER_MIX)


def test_an_intervention_that_was_not_measured_is_made_again():
    short = Intervention(KINDS[0], 11, PROMOTED + 2_400, PROMOTED + 2_500)
    assert decide(climb(noisy(0.45, 30), interventions=(short,)), RULE).start == KINDS[0]


def test_an_accuracy_that_rises_is_climbing():
    rising = [0.2 + 0.005 * i for i in range(60)]
    assert decide(climb(rising), RULE).state == CapState.CLIMBING


def test_an_intervention_that_frees_leads_back_to_climbing():
    freed = noisy(0.3, 25) + [0.3 + 0.02 * i for i in range(20)]
    assert decide(climb(freed, interventions=tried(KINDS[:1])), RULE).state == CapState.CLIMBING
    effect = effect_of(tried(KINDS[:1])[0], observations(freed), RULE)
    assert effect.measured
    assert effect.low > -0.05
    assert effect.difference > 0


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"interventions": tried(KINDS[:2])}, "2 of 3 interventions measured"),
        ({"observations": tuple(replace(o, train_n=0, train_correct=0) for o in CAPPED.observations)}, "training"),
        ({"observations": observations(noisy(0.77))}, "accuracy may reach"),
        ({"observations": observations(noisy(0.45), train=0.99)}, "6,000 of 9,000 tokens"),
    ],
)
def test_each_condition_alone_holds_a_verdict_up(changed, missing):
    decision = decide(replace(CAPPED, **changed), RULE)
    assert decision.state == CapState.PLATEAU
    assert decision.verdict is None
    assert len(decision.missing) == 1
    assert missing in decision.missing[0]


def test_tokens_alone_hold_a_verdict_up():
    quick = replace(RULE, suspect_multiple=0.5, multiple=6.5, floor_tokens=6_500)
    assert decide(CAPPED, quick).missing == ("6,000 of 6,500 tokens since the last promotion or reopening",)


def test_generalization_is_told_from_capacity():
    ahead = climb(noisy(0.45, 95), train=0.97)
    verdict = decide(ahead, RULE).verdict
    assert verdict is not None
    assert verdict.kind == CapKind.GENERALIZATION
    rising = tuple(
        replace(each, train_correct=min(100, 30 + i)) for i, each in enumerate(observations(noisy(0.45, 95)))
    )
    evidence = gather(climb(observations=rising), RULE)
    assert kind_of(evidence, RULE) == CapKind.GENERALIZATION


def test_forgetting_is_a_cap_at_the_level_that_was_held():
    lapsing = {"review_level": 3, "review_n": 25, "review_correct": 15, "level_share": 0.1, "mastered_share": 0.9}
    seen = observations(noisy(0.6), **lapsing)
    passed = (*promotions(8), Promotion(9, 9, 9_000, 200, 120), Promotion(10, 10, 10_000, 200, 110))
    verdict = decide(climb(observations=seen, promotions=passed), RULE).verdict
    assert verdict is not None
    assert (verdict.kind, verdict.mastered_level, verdict.cap_level) == (CapKind.FORGETTING, 10, 8)
    assert verdict.words.startswith("BIN: mastered 10, held 8, cap between 8 and 9 at a budget of")
    assert verdict.evidence is not None
    assert verdict.evidence.maintenance == pytest.approx(9)
    kept = [replace(each, review_correct=24) for each in seen]
    assert kind_of(gather(climb(observations=kept), RULE), RULE) == CapKind.CAPACITY
    cheap = [replace(each, level_share=0.5, mastered_share=0.4) for each in seen]
    assert kind_of(gather(climb(observations=cheap), RULE), RULE) == CapKind.CAPACITY


def test_a_finished_ladder_is_no_cap():
    decision = decide(replace(CAPPED, max_level=10), RULE)
    assert decision.state == CapState.LADDER_EXHAUSTED
    assert decision.verdict is not None
    assert decision.verdict == Verdict(CapKind.LADDER_EXHAUSTED, "BIN", 10, 10, 10, PROMOTED)
    assert decision.verdict.words == "BIN: ladder exhausted at level 10 after 10,000 tokens"
    assert not stands(decision.verdict, CAPPED)


def test_a_verdict_stands_until_a_promotion_or_a_reopening():
    verdict = decide(CAPPED, RULE).verdict
    assert verdict is not None
    later = replace(CAPPED, observations=observations([0.1 + 0.006 * i for i in range(120)]))
    assert decide(later, RULE, verdict).verdict is verdict
    promoted = replace(later, promotions=promotions(11, 2_200))
    assert decide(promoted, RULE, verdict).state == CapState.CLIMBING
    reopened = replace(CAPPED, reopened_tokens=verdict.tokens)
    assert decide(reopened, RULE, verdict).state == CapState.CLIMBING
    again = replace(reopened, observations=observations(noisy(0.45, 90)))
    assert decide(again, RULE, verdict).start == KINDS[0]


def test_a_promotion_ends_what_is_under_way():
    under_way = Intervention(KINDS[0], 10, PROMOTED - 500)
    decision = decide(climb(noisy(0.45, 30), interventions=(under_way,)), RULE)
    assert (decision.state, decision.end) == (CapState.CLIMBING, under_way)


def test_what_a_level_takes_is_the_median_and_grows_as_costs_grow():
    assert level_tokens(climb(), RULE) == 1_000
    assert level_tokens(Climb("BIN", 30), RULE) == 1_000
    uneven = [Promotion(k, k, tokens) for k, tokens in enumerate([2_000, 4_000, 9_000, 11_000, 13_000], 1)]
    assert level_tokens(climb(promotions=uneven), RULE) == 2_000
    growing = [Promotion(k, k, round(1_000 * (1.2**k - 1) / 0.2)) for k in range(1, 13)]
    assert level_tokens(climb(promotions=growing), RULE) == pytest.approx(1_000 * 1.2**12, rel=0.01)
    long = [*promotions(9), Promotion(10, 10, 109_000)]
    assert level_tokens(climb(promotions=long), RULE) == 20_000


def test_what_was_waited_for_makes_the_next_wait_no_longer():
    waited = [Promotion(k, k, 5_000 * k) for k in range(1, 11)]
    freed = tuple(Intervention(KINDS[0], k, 5_000 * k - 1_200, 5_000 * k - 300) for k in range(1, 11))
    assert level_tokens(climb(promotions=waited), RULE) == 5_000
    assert level_tokens(climb(promotions=waited, interventions=freed), RULE) == 1_200


@pytest.mark.parametrize(
    "numbers", [{"multiple": 1.0}, {"suspect_multiple": 0}, {"floor_tokens": 0}, {"interventions_needed": 4}]
)
def test_a_rule_that_contradicts_itself_is_refused(numbers):
    with pytest.raises(RealmError):
        CapRule(**numbers)


def test_an_observation_of_more_right_than_asked_is_refused():
    with pytest.raises(RealmError, match="observation"):
        Observation(1, 1, 1, 10, 11)


COUNTS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(0, 25)), max_size=90)
TRIED = st.lists(st.sampled_from(KINDS), max_size=4).map(tried)
CLIMBS = st.builds(
    lambda counts, interventions, done, every: Climb(
        "BIN",
        30,
        tuple(
            Observation(i, done * 1_000 + i * every, done + 1, 100, right, 100, train, 1, 25, review, 0.2, 0.7)
            for i, (right, train, review) in enumerate(counts, 1)
        ),
        promotions(done),
        tuple(
            replace(
                each,
                level=done + 1,
                began_tokens=each.began_tokens - PROMOTED + done * 1_000,
                ended_tokens=each.ended_tokens - PROMOTED + done * 1_000,
            )
            for each in interventions
        ),
    ),
    COUNTS | st.lists(st.sampled_from([(44, 45, 22), (46, 47, 23), (45, 45, 22)]), min_size=30, max_size=90),
    TRIED,
    st.integers(0, 12),
    st.sampled_from([1, 60, 100, 150]),
)


@settings(deadline=None)
@given(CLIMBS)
def test_a_verdict_never_comes_before_each_condition_holds(climb):
    decision = decide(climb, RULE)
    if decision.state != CapState.CAPPED:
        assert decision.verdict is None
        return
    verdict, evidence = decision.verdict, decision.evidence
    assert verdict is not None
    assert evidence is not None
    assert verdict.evidence == evidence
    factor = RULE.generalization_multiple if verdict.kind == CapKind.GENERALIZATION else RULE.multiple
    assert evidence.tokens_since >= max(RULE.floor_tokens, factor * evidence.level_tokens - 1)
    assert evidence.slope is not None
    assert evidence.slope.low is not None
    assert evidence.slope.low <= 0
    assert len({each.kind for each in evidence.effects if each.measured}) >= 2
    assert min(evidence.observations, evidence.train_observations) >= RULE.min_observations
    assert evidence.reach < climb.threshold
    assert climb.mastered_level < climb.max_level


@settings(deadline=None)
@given(CLIMBS)
def test_evidence_agrees_with_a_recount(climb):
    evidence = gather(climb, RULE)
    since = climb.since_tokens
    newest = max((each.tokens for each in climb.observations), default=since)
    inside = [each for each in climb.observations if newest - each.tokens <= int((newest - since) / 2)]
    assert evidence.tokens_since == newest - since
    assert evidence.level_tokens == 1_000
    assert (evidence.observations, evidence.n) == (len(inside), sum(each.n for each in inside))
    assert evidence.correct == sum(each.correct for each in inside)
    assert evidence.train_correct == sum(each.train_correct for each in inside)
    assert evidence.review_correct == sum(each.review_correct for each in inside)
    if len(inside) <= RULE.max_points:
        expected = theil_sen([(each.tokens / evidence.level_tokens, each.correct / 100) for each in inside], 0.90)
        assert evidence.slope == expected
    if inside:
        assert evidence.maintenance == pytest.approx(3.5)


@settings(deadline=None)
@given(CLIMBS)
def test_the_same_climb_gives_the_same_decision_and_no_nan(climb):
    decision = decide(climb, RULE)
    assert decide(climb, RULE) == decision
    evidence = asdict(gather(climb, RULE))
    assert all(math.isfinite(each) for each in _numbers(evidence))


@settings(deadline=None)
@given(CLIMBS, st.randoms())
def test_observations_of_one_step_come_in_any_order(climb, random):
    tied = [replace(each, step=each.step // 3, tokens=each.tokens // 300 * 300) for each in climb.observations]
    shuffled = sorted(tied, key=lambda each: (each.tokens, random.random()))
    assert decide(replace(climb, observations=tied), RULE) == decide(replace(climb, observations=shuffled), RULE)


@settings(deadline=None)
@given(CLIMBS, st.integers(0, 500))
def test_a_promotion_leads_back_to_climbing(climb, after):
    verdict = decide(climb, RULE).verdict
    tokens = max([climb.since_tokens, *(each.tokens for each in climb.observations)]) + after
    next_ = Promotion(climb.mastered_level + 1, 99, tokens)
    assert decide(replace(climb, promotions=(*climb.promotions, next_)), RULE, verdict).state == CapState.CLIMBING


@settings(deadline=None)
@given(CLIMBS)
def test_a_verdict_survives_json(climb):
    verdict = decide(climb, RULE).verdict or decide(CAPPED, RULE).verdict
    assert verdict is not None
    assert Verdict.from_json(json.loads(json.dumps(verdict.to_json(), allow_nan=False))) == verdict
    exhausted = Verdict(CapKind.LADDER_EXHAUSTED, "SY", 50, 50, 9, 10)
    assert Verdict.from_json(json.loads(json.dumps(exhausted.to_json()))) == exhausted


@settings(deadline=None)
@given(CLIMBS)
def test_a_finished_ladder_is_never_capped(climb):
    if climb.mastered_level:
        finished = replace(climb, max_level=climb.mastered_level)
        assert decide(finished, RULE, decide(climb, RULE).verdict).state == CapState.LADDER_EXHAUSTED


@pytest.mark.parametrize("p", [0.0, 1.0])
@pytest.mark.parametrize("n", [1, 100])
def test_all_wrong_and_all_right_are_finite(p, n):
    seen = tuple(replace(each, n=n, correct=round(n * p)) for each in observations([p] * 60))
    decision = decide(climb(observations=seen), RULE)
    assert decision.evidence is not None
    assert all(math.isfinite(each) for each in _numbers(asdict(decision.evidence)))
    assert decision.state == (CapState.PLATEAU if p else CapState.CAPPED)


def test_simulated_learners_are_stopped_at_their_cap():
    outcomes = simulate(40)
    assert sum(each.found for each in outcomes) >= 37
    assert sum(each.false_stop for each in outcomes) <= 2
    assert campaign("plain", 0, CapRule()) == outcomes[0]


def test_without_interventions_and_patience_learners_are_stopped_below_their_cap():
    hasty = CapRule(suspect_multiple=1, multiple=1, generalization_multiple=1, interventions_needed=0, floor_tokens=1)
    outcomes = simulate(12, hasty, ("grokking", "stuck"))
    assert sum(each.false_stop for each in outcomes) >= 3


def _numbers(values):
    if isinstance(values, dict):
        values = values.values()
    elif not isinstance(values, list | tuple):
        return [values] if isinstance(values, int | float) else []
    return [number for each in values for number in _numbers(each)]
