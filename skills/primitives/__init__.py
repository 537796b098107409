"""Primitives: the single steps that skills are made of. One module a track, one draw function a primitive."""

from __future__ import annotations

from collections.abc import Mapping

from skills.primitives import arithmetic, binary, code, logic, text
from skills.question import Draw

TRACKS: Mapping[str, Mapping[str, Draw]] = {
    "arithmetic": arithmetic.PRIMITIVES,
    "binary": binary.PRIMITIVES,
    "logic": logic.PRIMITIVES,
    "string": text.PRIMITIVES,
    "code": code.PRIMITIVES,
}
"""Track → name → draw function, in the order of the specification."""
