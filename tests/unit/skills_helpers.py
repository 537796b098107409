"""What every skill, primitive and passive must hold: answers that are right and wrong, problems that are the same in
every process."""

from __future__ import annotations

import os
import string
import subprocess
import sys
from pathlib import Path

from skills.problem import Problem

ROOT = Path(__file__).parents[2]

HOPELESS = {
    "empty": "",
    "whitespace": " \n",
    "does not know": "I do not know",
    "prompt": "{prompt}",
    "last line of the prompt": "{last}",
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
    "right, then wrong, in a list": "{answer}, {wrong}",
    "wrong, then right, in a list": "{wrong}, {answer}",
    "right twice": "{answer} {answer}",
    "right twice, on lines": "{answer}\n{answer}",
    "right twice, in a list": "{answer}, {answer}",
    "right, then more": "{answer}⓪",
    "wrong": "{wrong}",
    "in a sentence": "The answer is {answer}",
    "with a full stop": "{answer}.",
    "with an exclamation mark": "{answer}!",
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
    return answer.translate({ord(kind[at - 1]): kind[at] for kind in SUCCESSORS for at in range(len(kind))})


def hopeless(problem: Problem) -> dict[str, str]:
    """Answers that are wrong, by what is wrong with them."""
    parts = {
        "prompt": problem.prompt,
        "last": problem.prompt.splitlines()[-1],
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


DIGEST = """
import hashlib
from skills import exam_version, get_engine
for skill_id in {skill_ids}:
    skill = get_engine().get(skill_id)
    batches = [
        skill.generate(level, {count}, 7, split, symbols={symbols})
        for level in skill.levels
        for split in ("train", "eval")
    ]
    print(skill_id, exam_version([skill]), hashlib.sha256(repr(batches).encode()).hexdigest())
"""


def check_same_in_every_process(*skill_ids: str, count: int = 4, symbols: bool = False) -> None:
    """Assert that `count` problems of each level and split, and the exam's version, are the same in every process."""
    printed = printed_elsewhere(DIGEST.format(skill_ids=skill_ids, count=count, symbols=symbols))
    assert [line.split()[0] for line in printed.splitlines()] == list(skill_ids)


def printed_elsewhere(code: str) -> str:
    """What `code` prints in a process of its own. Asserts that Python's hash seed does not change it."""
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "4242")
    ]
    assert printed[0] == printed[1] != ""
    return printed[0]
