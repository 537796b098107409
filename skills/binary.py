"""BIN's provider: levels of binary arithmetic in circled digits, their prompts, modes and symbol keys.

Knows no YAML file and no split. The operations are in `binary_columnar` and `binary_stepwise`.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate
from random import Random
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from skills.binary_columnar import Add, AddThree, And, Compare, Increment, Maximum, Minimum, Or, Subtract, Xor
from skills.binary_operands import Frame, Operands
from skills.binary_operation import Operation
from skills.binary_stepwise import CountOnes, Divide, Modulo, Multiply, Not, ShiftLeft, ShiftRight
from skills.problem import THINK_CLOSE, THINK_OPEN, Grade, Problem, bucket_of, grade_exact
from skills.provider import Rendering

Mode = Literal["plain", "work", "verify", "trace"]
OperationName = Literal[
    "inc", "add", "add3", "sub", "and", "or", "xor", "not", "shl", "shr", "compare", "max", "min", "popcount",
    "mul", "div", "mod",
]  # fmt: skip

OPERATIONS: dict[OperationName, Operation] = {
    "inc": Increment(), "add": Add(), "add3": AddThree(), "sub": Subtract(), "and": And(), "or": Or(), "xor": Xor(),
    "not": Not(), "shl": ShiftLeft(), "shr": ShiftRight(), "compare": Compare(), "max": Maximum(), "min": Minimum(),
    "popcount": CountOnes(), "mul": Multiply(), "div": Divide(), "mod": Modulo(),
}  # fmt: skip

REQUESTS: dict[Mode, str] = {
    "plain": "Answer only",
    "work": "Compute",
    "verify": "Compute and check",
    "trace": "Trace",
}
"""How each mode is asked for: the prompt alone says what form the response has."""

SIGNED = " signed"
CIRCLED = str.maketrans("01", "⓪①")
KEY_SYMBOLS = "🐱🐶⭐🍎🌙🔥🐸🎲🍀🚀🎈🐝🌊🍄🦊🔔"

ALPHABET = "".join(
    sorted(
        set("⓪①0123456789 :,;-=<>←→b drop append prepend")
        | set("".join((*REQUESTS.values(), SIGNED, THINK_OPEN, THINK_CLOSE)))
        | set("".join(operation.symbol for operation in OPERATIONS.values()))
    )
)


class BinaryContent(BaseModel):
    """`content` of a BIN level in the YAML. Widths are in digits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    operations: Annotated[dict[OperationName, Annotated[int, Field(ge=1, le=100)]], Field(min_length=1)]
    """Operations and how often each comes, relative to the others."""
    bits: Annotated[int, Field(ge=2, le=32)] | None = None
    """Width of both operands."""
    factor_bits: tuple[Annotated[int, Field(ge=1, le=16)], Annotated[int, Field(ge=1, le=16)]] | None = None
    """Widths of the first and second operand of mul, div and mod."""
    operands: Literal["exact", "at_most"] = "exact"
    """exact: the widest operand has all its bits. at_most: any operand up to the width."""
    signed: bool = False
    """Two's complement in `bits` digits."""
    modes: dict[Mode, Annotated[float, Field(gt=0, le=1)]] = {"work": 1.0}
    """Share of each verbosity mode."""
    symbol_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of problems with a symbol key, where the hero's tokenizer can spell it."""

    @model_validator(mode="after")
    def _widths_and_shares(self) -> Self:
        factored = [name for name in self.operations if OPERATIONS[name].uses_factors]
        if self.bits is None and (self.signed or len(factored) < len(self.operations)):
            raise ValueError("bits is missing: signed levels and operations other than mul, div and mod need it")
        if (self.factor_bits is None) == bool(factored):
            raise ValueError("factor_bits belongs to levels with mul, div or mod, and to no others")
        if self.signed and (self.bits or 0) < 3:
            raise ValueError(f"bits is {self.bits}; signed levels need 3 or more")
        if self.signed and ({"inc", "add3"} & self.operations.keys()):
            raise ValueError("inc and add3 are unsigned operations, signed is true")
        if self.signed and self.factor_bits and sum(self.factor_bits) >= (self.bits or 0):
            raise ValueError(f"a product of factor_bits {self.factor_bits} does not fit {self.bits} signed bits")
        if abs(sum(self.modes.values()) - 1) > 1e-9:
            raise ValueError(f"the shares of modes add up to {sum(self.modes.values())}, not to 1")
        return self


class BinaryLevel:
    """A level generator: draws an operation by its weight, then its operands."""

    alphabet = ALPHABET
    symbol_alphabet = "".join(sorted({*KEY_SYMBOLS, "."}))

    def __init__(self, content: BinaryContent) -> None:
        self.frame = Frame(
            bits=content.bits or 0,
            factor_bits=content.factor_bits or (0, 0),
            exact=content.operands == "exact",
            signed=content.signed,
        )
        self.symbol_share = content.symbol_share
        self._operations = [OPERATIONS[name] for name, weight in content.operations.items() for _ in range(weight)]
        self._modes = list(content.modes)
        self._mode_bounds = list(accumulate(content.modes.values()))

    def draw(self, random: Random) -> BinaryCandidate:
        operation = self._operations[int(random.random() * len(self._operations))]
        return BinaryCandidate(self, operation, operation.draw(random, self.frame))

    def grade(self, problem: Problem, text: str) -> Grade:
        return grade_exact(problem, text)

    def draw_mode(self, random: Random) -> Mode:
        """A verbosity mode by its share."""
        if len(self._modes) == 1:
            return self._modes[0]
        return self._modes[min(bisect(self._mode_bounds, random.random()), len(self._modes) - 1)]


class BinaryCandidate:
    """An operation with its operands on one level."""

    __slots__ = ("key", "level", "operands", "operation")

    def __init__(self, level: BinaryLevel, operation: Operation, operands: Operands) -> None:
        self.level = level
        self.operation = operation
        self.operands = operands
        self.key = operation.key(operands, level.frame)

    @property
    def bucket(self) -> int:
        return bucket_of(self.key)

    def render(self, random: Random, symbols: bool) -> Rendering:
        operation, operands, frame = self.operation, self.operands, self.level.frame
        mode = self.level.draw_mode(random)
        glyphs, symbol, legend = CIRCLED, operation.symbol, ""
        if symbols and random.random() < self.level.symbol_share:
            zero, one, symbol = random.sample(KEY_SYMBOLS, 3)
            glyphs = str.maketrans("01", zero + one)
            legend = f"{zero}=⓪, {one}=①, {symbol}={operation.symbol}. "
        request = REQUESTS[mode] + (SIGNED if frame.signed else "")
        return Rendering(
            prompt=f"{legend}{request}: {operation.expression(operands, frame, symbol).translate(glyphs)}",
            answer=operation.answer(operands, frame).translate(glyphs),
            working=self._working(mode, glyphs),
            primitives=operation.primitives(operands, frame),
        )

    def _working(self, mode: Mode, glyphs: dict[int, int]) -> str:
        operation, operands, frame = self.operation, self.operands, self.level.frame
        if mode == "plain":
            return ""
        if mode == "trace":
            return operation.trace(operands, frame).translate(glyphs)
        working = operation.working(operands, frame).translate(glyphs)
        if mode == "work":
            return working
        return ";".join(filter(None, (working, operation.decimal(operands, frame))))


def compile_level(level: int, content: Mapping[str, Any]) -> BinaryLevel:
    """The generator of one level; every level says all of itself in `content`, so its number is not used.

    Raises:
        pydantic.ValidationError: a field of `content` is wrong.
    """
    del level
    return BinaryLevel(BinaryContent.model_validate(content))
