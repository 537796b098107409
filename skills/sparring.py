"""Training examples made of a hero's mistakes: the wrong answer judged, corrected, and a right one judged.

Knows no hero and no record of who erred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skills.problem import Grade, Problem

CORRECT, INCORRECT = "correct", "incorrect"


def judging_prompt(problem: Problem, answer: str) -> str:
    """Asks whether `answer` is right: the response is CORRECT or INCORRECT."""
    return f"{_answered(problem, answer)}\nIs this answer correct or incorrect?"


def correcting_prompt(problem: Problem, answer: str) -> str:
    """Shows a wrong answer and asks for the right one."""
    return f"{_answered(problem, answer)}\nThis answer is incorrect. Correct it."


def examples_of_mistake(
    problem: Problem, grade: Grade, golden: Problem, provenance: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Three examples: the mistake judged, the mistake corrected, the right answer of another problem judged.

    Of a wrong answer only what was graded is shown. Each example carries `provenance`.
    """
    return [
        _example(problem, judging_prompt(problem, grade.extracted), INCORRECT, provenance),
        _example(problem, correcting_prompt(problem, grade.extracted), problem.response, provenance),
        _example(golden, judging_prompt(golden, golden.answer), CORRECT, provenance),
    ]


def examples_of_mistakes(
    mistakes: Sequence[tuple[Problem, Grade]], golden: Sequence[Problem], provenance: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The examples of each mistake beside a golden problem of its own.

    Raises:
        ValueError: not as many golden problems as mistakes.
    """
    return [
        example
        for (problem, grade), right in zip(mistakes, golden, strict=True)
        for example in examples_of_mistake(problem, grade, right, provenance)
    ]


def _answered(problem: Problem, answer: str) -> str:
    return f"{problem.prompt}\nAnswer: {answer or 'none'}"


def _example(problem: Problem, prompt: str, response: str, provenance: Mapping[str, Any]) -> dict[str, Any]:
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
    return {**problem.as_training_example(), "messages": messages, "provenance": dict(provenance)}
