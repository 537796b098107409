"""Files being read in: their progress is told, and they can be given up at any moment."""

from __future__ import annotations

import pytest

from actors.intakes import Intakes
from realm.errors import ConflictError, NotFoundError


def test_progress_is_told_while_a_file_is_read() -> None:
    intakes = Intakes()
    with intakes.reading("a", "sums.jsonl") as report:
        assert intakes.progress("a") == {"name": "sums.jsonl", "bytes_done": 0, "bytes_total": None}
        report(10, 30)
        assert intakes.progress("a") == {"name": "sums.jsonl", "bytes_done": 10, "bytes_total": 30}
    with pytest.raises(NotFoundError, match="done"):
        intakes.progress("a")


def test_a_file_that_is_given_up_ends_at_its_next_report() -> None:
    intakes = Intakes()
    with intakes.reading("b", "other.jsonl") as other, intakes.reading("a", "sums.jsonl") as report:
        report(10, 30)
        intakes.cancel("a")
        with pytest.raises(ConflictError, match="cancelled at 20 of 30 bytes"):
            report(20, 30)
        other(5, 9)


def test_what_was_given_up_can_be_read_after_all() -> None:
    intakes = Intakes()
    intakes.cancel("a")
    with pytest.raises(ConflictError), intakes.reading("a", "sums.jsonl"):
        pass
    with intakes.reading("a", "sums.jsonl") as report:
        report(30, 30)


def test_a_file_that_waits_can_be_given_up_too() -> None:
    intakes = Intakes()
    intakes.cancel("a")
    with pytest.raises(ConflictError, match="before it was read"), intakes.reading("a", "sums.jsonl"):
        raise AssertionError("it was read all the same")
