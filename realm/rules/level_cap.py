"""The level cap: whether a climb goes on, is stuck, or has come to its end, and what is to be tried next.

    climbing → plateau → intervening → plateau → … → capped
       ↑__________|___________|____________________|  (a promotion, a rising accuracy, a reopening)

Everything follows from the records of a climb: the same climb gives the same decision. Numbers and their meaning are
in realm.rules.climb (CapRule) and realm.rules.cap_evidence. Does not know who trains, nor how an intervention is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from realm.rules.cap_evidence import Effect, Evidence, gather, level_tokens
from realm.rules.climb import CapRule, Climb, Intervention, InterventionKind
from realm.rules.progression import wilson_interval
from realm.rules.trend import Trend


class CapState(StrEnum):
    """Where a climb stands.

    `plateau`: held-out accuracy has been flat for long. `intervening`: something is being tried against it.
    `capped`: a verdict stands. `ladder_exhausted`: every level is mastered, which is no cap.
    """

    CLIMBING = "climbing"
    PLATEAU = "plateau"
    INTERVENING = "intervening"
    CAPPED = "capped"
    LADDER_EXHAUSTED = "ladder_exhausted"


class CapKind(StrEnum):
    """What ended a climb.

    `capacity`: problems that it was trained on are not solved either. `generalization`: those are, or more and more of
    them; held-out ones are not. `forgetting`: most of the training goes to mastered levels, which lapse all the same.
    """

    CAPACITY = "capacity"
    GENERALIZATION = "generalization"
    FORGETTING = "forgetting"
    LADDER_EXHAUSTED = "ladder_exhausted"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, and by which numbers. `tokens` is the campaign's budget up to `step`.

    `cap_level`: the cap lies between it and the next level. It is the mastered level; with forgetting, the highest
    that was mastered while those below had not lapsed.
    """

    kind: CapKind
    skill: str
    mastered_level: int
    cap_level: int
    step: int
    tokens: int
    evidence: Evidence | None = None
    rule: CapRule | None = None

    @property
    def words(self) -> str:
        if self.kind == CapKind.LADDER_EXHAUSTED:
            return f"{self.skill}: ladder exhausted at level {self.mastered_level} after {self.tokens:,} tokens"
        held = f", held {self.cap_level}" if self.cap_level != self.mastered_level else ""
        cap = f"cap between {self.cap_level} and {self.cap_level + 1} at a budget of {self.tokens:,} tokens"
        return f"{self.skill}: mastered {self.mastered_level}{held}, {cap}; {self.kind}"

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers; `from_json` gives the same verdict back."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Verdict:
        evidence, rule = values["evidence"], values["rule"]
        inside: dict[str, Any] = {
            **values,
            "kind": CapKind(values["kind"]),
            "evidence": _evidence(evidence) if evidence else None,
            "rule": _rule(rule) if rule else None,
        }
        return Verdict(**inside)


@dataclass(frozen=True, slots=True)
class Decision:
    """The state of a climb and what is to be done about it.

    `start`: an intervention to begin now. `end`: the one under way that is to end now. `verdict`: given now, or given
    before and still standing. `missing`: what a cap still lacks, in words; empty while climbing. `ask_training`:
    problems of the level's train split are to be asked beside each evaluation, from now on.
    """

    state: CapState
    evidence: Evidence | None = None
    start: InterventionKind | None = None
    end: Intervention | None = None
    verdict: Verdict | None = None
    missing: tuple[str, ...] = ()
    ask_training: bool = False


def decide(climb: Climb, rule: CapRule, verdict: Verdict | None = None) -> Decision:
    """Where the climb stands. `verdict` is the last one given: it stays until a promotion or a reopening.

    A cap is declared when no intervention is under way and all of this holds: tokens since the last promotion are at
    least `multiple` times a level's; accuracy has not risen in the window, and would not reach the threshold in as
    many tokens again; enough interventions were tried and measured; training accuracy was asked often enough to tell
    capacity from generalization, for which more tokens are asked for.
    """
    under_way = next((each for each in climb.interventions if each.ended_tokens is None), None)
    if climb.mastered_level >= climb.max_level:
        return Decision(CapState.LADDER_EXHAUSTED, end=under_way, verdict=_exhausted(climb))
    if verdict is not None and stands(verdict, climb):
        return Decision(CapState.CAPPED, verdict.evidence, end=under_way, verdict=verdict)
    if under_way is None and not _long(climb, rule):
        return Decision(CapState.CLIMBING)
    evidence = gather(climb, rule)
    if under_way is not None:
        return _intervening(climb, under_way, evidence, rule)
    if evidence.observations < rule.min_observations or (evidence.slope is not None and evidence.slope.rising):
        return Decision(CapState.CLIMBING, evidence)
    kind = kind_of(evidence, rule)
    missing = _missing(evidence, kind, rule)
    if not missing:
        return Decision(CapState.CAPPED, evidence, verdict=_capped(climb, kind, evidence, rule))
    tried = {each.kind for each in evidence.effects if each.measured}
    start = next((each for each in rule.interventions if each not in tried), None)
    return Decision(CapState.PLATEAU, evidence, start, missing=missing, ask_training=True)


def stands(verdict: Verdict, climb: Climb) -> bool:
    """Whether nothing has happened since that withdraws the verdict: a promotion, a reopening, a longer ladder."""
    reopened = climb.reopened_tokens is not None and climb.reopened_tokens >= verdict.tokens
    exhausted = verdict.kind == CapKind.LADDER_EXHAUSTED
    return not reopened and not exhausted and verdict.mastered_level == climb.mastered_level


def kind_of(evidence: Evidence, rule: CapRule) -> CapKind:
    """What would have ended the climb, should it have ended.

    Forgetting goes first: mastered levels have lapsed although they take `maintenance_multiple` times the tokens of the
    training level. Generalization: training accuracy rises, or lies above the held-out one by more than chance and
    `gap`. A training accuracy that is flat because nothing is left to learn is no capacity.
    """
    if evidence.lapsed and evidence.maintenance is not None and evidence.maintenance >= rule.maintenance_multiple:
        return CapKind.FORGETTING
    apart = False
    if evidence.train_n and evidence.n:
        trained = wilson_interval(evidence.train_correct, evidence.train_n)
        held_out = wilson_interval(evidence.correct, evidence.n)
        apart = trained[0] > held_out[1] + rule.gap
    rising = evidence.train_slope is not None and evidence.train_slope.rising
    return CapKind.GENERALIZATION if apart or rising else CapKind.CAPACITY


def _long(climb: Climb, rule: CapRule) -> bool:
    """Enough tokens since the last promotion for a plateau to be suspected."""
    newest = max((each.tokens for each in climb.observations[-1:]), default=0)
    return newest - climb.since_tokens >= rule.suspect_multiple * level_tokens(climb, rule)


def _intervening(climb: Climb, under_way: Intervention, evidence: Evidence, rule: CapRule) -> Decision:
    """An intervention ends when it has had its tokens and is measured, or when it is of an earlier level."""
    since = climb.since_tokens
    if under_way.level != evidence.level or under_way.began_tokens < since:
        return Decision(CapState.CLIMBING, evidence, end=under_way)
    effect = next(each for each in evidence.effects if each.ended_tokens is None)
    enough = evidence.tokens - under_way.began_tokens >= rule.intervention_multiple * evidence.level_tokens
    end = under_way if enough and effect.measured else None
    return Decision(CapState.INTERVENING, evidence, end=end, ask_training=True)


def _missing(evidence: Evidence, kind: CapKind, rule: CapRule) -> tuple[str, ...]:
    """What a cap of this kind still lacks; empty when it is declared."""
    multiple = rule.generalization_multiple if kind == CapKind.GENERALIZATION else rule.multiple
    tokens = round(multiple * evidence.level_tokens)
    measured = len({each.kind for each in evidence.effects if each.measured})
    return tuple(
        words
        for words, lacking in (
            (
                f"{evidence.tokens_since:,} of {tokens:,} tokens since the last promotion or reopening",
                evidence.tokens_since < tokens,
            ),
            (
                f"{measured} of {rule.interventions_needed} interventions measured",
                measured < rule.interventions_needed,
            ),
            (
                f"training accuracy in {evidence.train_observations} of {rule.min_observations} evaluations",
                evidence.train_observations < rule.min_observations,
            ),
            (
                f"accuracy may reach {evidence.reach:.3f}, threshold {evidence.threshold:g}",
                evidence.reach >= evidence.threshold,
            ),
        )
        if lacking
    )


def _capped(climb: Climb, kind: CapKind, evidence: Evidence, rule: CapRule) -> Verdict:
    mastered = climb.mastered_level
    level = climb.held_level if kind == CapKind.FORGETTING else mastered
    return Verdict(kind, climb.skill, mastered, level, evidence.step, evidence.tokens, evidence, rule)


def _exhausted(climb: Climb) -> Verdict:
    last = max(climb.promotions, key=lambda each: each.level)
    return Verdict(CapKind.LADDER_EXHAUSTED, climb.skill, last.level, last.level, last.step, last.tokens)


def _evidence(values: Mapping[str, Any]) -> Evidence:
    inside: dict[str, Any] = dict(values)
    for name in ("slope", "train_slope"):
        inside[name] = Trend(**values[name]) if values[name] else None
    inside["effects"] = tuple(_effect(each) for each in values["effects"])
    return Evidence(**inside)


def _effect(values: Mapping[str, Any]) -> Effect:
    inside: dict[str, Any] = {**values, "kind": InterventionKind(values["kind"])}
    return Effect(**inside)


def _rule(values: Mapping[str, Any]) -> CapRule:
    kinds = tuple(InterventionKind(each) for each in values["interventions"])
    inside: dict[str, Any] = {**values, "interventions": kinds}
    return CapRule(**inside)
