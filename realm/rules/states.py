"""Transition tables: which state may follow which. Does not know what the states mean."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)
Transitions = Mapping[S, frozenset[S]]


def sources(transitions: Transitions[S], target: S) -> frozenset[S]:
    """The states that may become `target`."""
    return frozenset(state for state, successors in transitions.items() if target in successors)
