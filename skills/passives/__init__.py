"""Passives: what the hero was not trained on, in varied wordings with short answers. One draw function a passive.

They show transfer and forgetting. No skill and no primitive asks in these forms.
"""

from __future__ import annotations

from collections.abc import Mapping

from skills.passives.calculation import arithmetic, binary_arithmetic
from skills.passives.code import code_trace
from skills.passives.counting import combinatorics, counting
from skills.passives.language import language_basics
from skills.passives.reasoning import logic, memory
from skills.passives.sequences import sequence
from skills.passives.words import string_craft, word_puzzles
from skills.question import Draw

PASSIVES: Mapping[str, Draw] = {
    draw.__name__: draw
    for draw in (
        arithmetic,
        binary_arithmetic,
        code_trace,
        combinatorics,
        counting,
        language_basics,
        logic,
        memory,
        sequence,
        string_craft,
        word_puzzles,
    )
}
"""Id → draw function, in the order of the specification."""
