"""Answers that every grader must take for right, and for wrong, whatever the skill, primitive or passive."""

from __future__ import annotations

import string

from skills.problem import Problem

HOPELESS = {
    "empty": "",
    "whitespace": " \n",
    "does not know": "I do not know",
    "prompt": "{prompt}",
    "prompt, then right": "{prompt}\n{answer}",
    "every circled digit": "⓪①",
    "every circled digit, spaced": "⓪ ①",
    "every digit": "0123456789",
    "every digit, spaced": "0 1 2 3 4 5 6 7 8 9",
    "every number to a thousand": " ".join(map(str, range(1001))),
    "every sign": "<=>",
    "every verdict": "yes no unknown",
    "every truth value": "true false True False",
    "every parity": "even, odd",
    "every letter": string.ascii_lowercase,
    "right, then wrong": "{answer} {wrong}",
    "wrong, then right": "{wrong} {answer}",
    "right or wrong": "{answer} or {wrong}",
    "wrong, then right, on lines": "{wrong}\n{answer}",
    "right twice": "{answer} {answer}",
    "right, then more": "{answer}⓪",
    "wrong": "{wrong}",
    "in a sentence": "The answer is {answer}",
    "with a full stop": "{answer}.",
    "right response, then wrong": "{response} {wrong}",
    "right, then thought again": "{answer}<think>{working}</think>{wrong}",
    "thought without end": "<think>{working}",
    "answer inside a thought without end": "<think>{answer}",
    "answer after a second thought without end": "<think></think><think>{answer}",
    "answer inside the thought": "<think>{answer}</think>",
    "working without answer": "<think>{working}</think>",
    "answer before the thought": "{answer}<think>{working}</think>",
}
"""What is wrong with an answer → the answer, from parts of the problem."""

SUCCESSORS = ("⓪①", "<=>", string.digits, string.ascii_lowercase, string.ascii_uppercase)


def wrong(answer: str) -> str:
    """An answer that looks like `answer` and is another: each character replaced by the next of its kind."""
    return answer.translate(str.maketrans({x: y for kind in SUCCESSORS for x, y in zip(kind, kind[1:] + kind[0])}))


def hopeless(problem: Problem) -> dict[str, str]:
    """Answers that are wrong, by what is wrong with them."""
    parts = {
        "prompt": problem.prompt,
        "answer": problem.answer,
        "wrong": wrong(problem.answer),
        "response": problem.response,
        "working": problem.working,
    }
    return {name: text.format(**parts) for name, text in HOPELESS.items()}


def perfect(problem: Problem) -> list[str]:
    """Answers that are right."""
    return [
        problem.response,
        problem.answer,
        f"\n {problem.response}\n",
        f"<think>\n\n</think>\n\n{problem.answer}",
        f"<think>{problem.prompt}</think>{problem.answer} ",
        f"<think>{wrong(problem.answer)}</think><think></think>\t{problem.answer}",
    ]
