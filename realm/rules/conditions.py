"""The language of titles and achievements: conditions on a campaign's record, read from data and never run as code.

    {measure: mastered_level, skill: bin, gte: 10}
    {all: [{measure: steps, gte: 10000}, {any: [...]}]}

A leaf names a measure of realm.rules.measures, the arguments that it takes, and one bound: `gte` (at least) or `lt`
(below). `all` and `any` nest. The words that are shown come from the condition itself (`describe`), so that they cannot
differ from what is tested.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from reprlib import repr as shown
from typing import Any, Final, cast

from realm.errors import ConfigError
from realm.rules.measure_reads import Arguments
from realm.rules.measures import MEASURES, Known, Measure, Unit
from realm.rules.record import CampaignRecord

MAX_DEPTH: Final = 4
"""Levels of a condition, its leaves included."""
MAX_PARTS: Final = 40
"""Parts of one `all` or `any`."""
MAX_TARGET: Final = 10**15


class Bound(StrEnum):
    """How a measure is held against a number: at least, or below."""

    GTE = "gte"
    LT = "lt"


class Joint(StrEnum):
    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One measure held against one number."""

    measure: str
    arguments: Arguments
    bound: Bound
    target: float

    def value(self, record: CampaignRecord) -> float | None:
        """The measure now; None = not measured."""
        return MEASURES[self.measure].read(record, self.arguments)


@dataclass(frozen=True, slots=True)
class Joined:
    """`parts` of which all, or any, must hold."""

    joint: Joint
    parts: tuple[Condition, ...]


Condition = Leaf | Joined


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a leaf is: 12 of 17. `value` is None while it is not measured; `met` whether the leaf holds."""

    leaf: Leaf
    value: float | None
    target: float
    met: bool


def holds(condition: Condition, record: CampaignRecord) -> bool:
    """Whether a record meets a condition. A measure that is not measured yet meets neither bound."""
    if isinstance(condition, Joined):
        found = (holds(part, record) for part in condition.parts)
        return all(found) if condition.joint == Joint.ALL else any(found)
    value = condition.value(record)
    if value is None:
        return False
    return value >= condition.target if condition.bound == Bound.GTE else value < condition.target


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Its leaves, in the order in which they are written."""
    if isinstance(condition, Leaf):
        yield condition
    else:
        for part in condition.parts:
            yield from leaves(part)


def progress(condition: Condition, record: CampaignRecord) -> tuple[Progress, ...]:
    """How far each leaf is, in the order in which they are written."""
    return tuple(Progress(leaf, leaf.value(record), leaf.target, holds(leaf, record)) for leaf in leaves(condition))


def describe(condition: Condition, names: Mapping[str, str] | None = None) -> str:
    """A condition in words: "BIN level 10 mastered and at least 100,000 training steps".

    `names`: what is shown in place of ids of skills, primitives and passives.
    """
    if isinstance(condition, Joined):
        word = " and " if condition.joint == Joint.ALL else " or "
        parts = [describe(part, names) for part in condition.parts]
        inner = [isinstance(part, Joined) for part in condition.parts]
        return word.join(f"({text})" if nested else text for text, nested in zip(parts, inner, strict=True))
    measure, about, names = MEASURES[condition.measure], condition.arguments, names or {}
    template = measure.lt
    if condition.bound == Bound.GTE:
        template = measure.gte_one if condition.target == 1 else measure.gte
    return template.format(
        n=_number(condition.target, measure.unit),
        skill=names.get(about.skill, about.skill.upper()),
        level=about.level,
        primitive=names.get(about.primitive, about.primitive),
        passive=names.get(about.passive, about.passive),
        accuracy=_number(about.accuracy, Unit.ACCURACY),
    )


def dump(condition: Condition) -> dict[str, Any]:
    """The data that `parse` makes the same condition of."""
    if isinstance(condition, Joined):
        return {condition.joint.value: [dump(part) for part in condition.parts]}
    taken = {name: getattr(condition.arguments, name) for name in MEASURES[condition.measure].takes}
    return {"measure": condition.measure, **taken, condition.bound.value: condition.target}


def parse(data: object, known: Known, at: str = "condition") -> Condition:
    """The condition that `data`, as YAML or JSON gives it, says.

    Raises:
        ConfigError: it is none, names something unknown, or can never hold; the message begins with the place, as
            `condition.all.1.level`.
    """
    return _parse(data, known, at, 1)


def _parse(data: object, known: Known, at: str, depth: int) -> Condition:
    if not isinstance(data, Mapping):
        raise ConfigError(
            f"{at} is {shown(data)}, no mapping.", "Write {measure: steps, gte: 1000}, or all or any of such."
        )
    fields = cast(Mapping[object, object], data)
    joints = [joint for joint in Joint if joint.value in fields]
    if not joints:
        return _leaf(fields, known, at)
    joint = joints[0]
    if len(fields) > 1:
        others = ", ".join(sorted(repr(name) for name in fields if name != joint.value))
        raise ConfigError(f"{at} has {joint.value!r} and {others}.", "Leave one, or nest them.")
    if depth >= MAX_DEPTH:
        raise ConfigError(f"{at} is nested more than {MAX_DEPTH} deep.", "Write it flatter.")
    parts = fields[joint.value]
    if not isinstance(parts, list | tuple) or not 2 <= len(cast(Sequence[object], parts)) <= MAX_PARTS:
        raise ConfigError(f"{at}.{joint.value} is not a list of 2 to {MAX_PARTS} conditions.", "Give it that many.")
    listed = cast(Sequence[object], parts)
    return Joined(
        joint, tuple(_parse(part, known, f"{at}.{joint.value}.{n}", depth + 1) for n, part in enumerate(listed))
    )


def _leaf(fields: Mapping[object, object], known: Known, at: str) -> Leaf:
    name = fields.get("measure")
    if not isinstance(name, str) or name not in MEASURES:
        raise ConfigError(f"{at}.measure is {shown(name)}: there is no such measure.", _nearest(name, MEASURES))
    measure = MEASURES[name]
    bounds = [bound for bound in Bound if bound.value in fields]
    if len(bounds) != 1:
        raise ConfigError(f"{at} has {len(bounds)} of gte and lt.", "Give one of the two.")
    allowed = {"measure", bounds[0].value, *measure.takes}
    if set(fields) != allowed:
        wrong = sorted(map(str, set(fields) ^ allowed))
        takes = ", ".join(measure.takes) or "no argument"
        raise ConfigError(f"{at}: {', '.join(wrong)} missing or unknown.", f"The measure {name} takes {takes}.")
    arguments = _arguments(fields, measure, known, at)
    target = _target(fields[bounds[0].value], measure, f"{at}.{bounds[0].value}")
    ceiling = None if measure.ceiling is None else measure.ceiling(known, arguments)
    if bounds[0] == Bound.GTE and ceiling is not None and target > ceiling:
        problem = f"{at}.gte is {target:g}: {name} can become {ceiling:g} at the most."
        raise ConfigError(problem, f"Give {ceiling:g} or less.")
    return Leaf(name, arguments, bounds[0], target)


def _arguments(fields: Mapping[object, object], measure: Measure, known: Known, at: str) -> Arguments:
    values: dict[str, Any] = {name: fields[name] for name in measure.takes}
    lists: dict[str, Collection[str]] = {
        "skill": known.skills,
        "primitive": known.primitives,
        "passive": known.passives,
    }
    for name, listed in lists.items():
        if name in values and (not isinstance(values[name], str) or values[name] not in listed):
            raise ConfigError(
                f"{at}.{name} is {shown(values[name])}: there is no such {name}.", _nearest(values[name], listed)
            )
    if "level" in values:
        last = known.skills[values["skill"]] if "skill" in values else max(known.skills.values(), default=0)
        level = values["level"]
        if not isinstance(level, int) or isinstance(level, bool) or not 1 <= level <= last:
            raise ConfigError(f"{at}.level is {shown(level)}.", f"The levels are 1 to {last}.")
    if "accuracy" in values:
        values["accuracy"] = _share(values["accuracy"], f"{at}.accuracy")
    return Arguments(**values)


def _target(value: object, measure: Measure, at: str) -> float:
    if measure.unit == Unit.ACCURACY:
        return _share(value, at)
    number = _finite(value, at)
    if measure.unit == Unit.COUNT and number != int(number):
        raise ConfigError(f"{at} is {shown(value)}.", "Give a whole number.")
    if number <= 0:
        raise ConfigError(f"{at} is {shown(value)}, which holds always or never.", "Give a number above 0.")
    return int(number) if number == int(number) else number


def _share(value: object, at: str) -> float:
    number = _finite(value, at)
    if not 0 < number <= 1:
        raise ConfigError(f"{at} is {shown(value)}: an accuracy is a share of 1.", "Give 0.9 for 90 %.")
    return number


def _finite(value: object, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_TARGET:
        raise ConfigError(f"{at} is {shown(value)}.", f"Give a number of at most {MAX_TARGET:,}.")
    return value


def _number(value: float, unit: Unit) -> str:
    if unit == Unit.ACCURACY:
        return f"{100 * value:.10g} %"
    return f"{value:,}"


def _nearest(name: object, known: Collection[str]) -> str:
    """The ids that are spelled most like a name, for an error's remedy."""
    found = get_close_matches(str(name), known, n=3, cutoff=0.3) or sorted(known)[:3]
    return f"The nearest: {', '.join(found)}."
