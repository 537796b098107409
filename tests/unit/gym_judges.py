"""Whether an answer to a reasoning-gym problem is right, found out without reasoning-gym, by the problem's text."""

from __future__ import annotations

import json
import math
import re
from collections import Counter, deque
from collections.abc import Callable
from itertools import permutations, product
from typing import Any

from skills.problem import Problem

LEGS = {
    0: "snake, sea slug, jellyfish, flatworm, leech",
    2: "chicken, bird, human, duck",
    4: "dog, cat, cow, horse, lion, elephant, giraffe, tiger, deer, sheep",
    5: "starfish",
    6: "insect, ant, butterfly, beetle, bee, wasp, grasshopper, cricket, cockroach, praying mantis, firefly",
    8: "spider, scorpion",
    10: "crab, lobster, shrimp",
    14: "woodlouse",
}
LEGS_OF = {animal: legs for legs, animals in LEGS.items() for animal in animals.split(", ")}
MOVES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"\d+", text)]


def grid(text: str, rows: int) -> list[list[str]]:
    """The cells of the last `rows` lines."""
    return [line.split() for line in text.splitlines()[-rows:]]


def chain_sum(prompt: str) -> str:
    return str(sum(int(term) for term in re.findall(r"[+-]?\d+", prompt.partition(": ")[2].replace(" ", ""))))


def basic_arithmetic(prompt: str) -> str:
    expression = prompt.removeprefix("Calculate ").removesuffix(".")
    assert re.fullmatch(r"[-+*() 0-9]+", expression)
    return str(eval(expression))


def gcd(prompt: str) -> str:
    return str(math.gcd(*numbers(prompt)))


def leg_counting(prompt: str) -> str:
    listed = re.findall(r"(\d+) ([a-z ]+)", prompt.rpartition("you have ")[2])
    return str(sum(int(n) * LEGS_OF[name if name in LEGS_OF else name.removesuffix("s")] for n, name in listed))


def base_conversion(prompt: str) -> str:
    found = re.search(r"convert the (\S+) number (\w+) to (\S+)", prompt)
    assert found is not None
    named = {"binary": 2, "hexadecimal": 16}
    source, target = (named.get(name) or int(name.removeprefix("base-")) for name in (found[1], found[3]))
    value, digits = int(found[2], source), ""
    while value:
        value, digit = divmod(value, target)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def spell_backward(prompt: str) -> str:
    return prompt.rpartition(": ")[2][::-1]


def letter_counting(prompt: str) -> str:
    letter, text = re.findall(r'"([^"]*)"', prompt)
    return str(text.lower().count(letter))


def word_sorting(prompt: str) -> str:
    words = prompt.rpartition(": ")[2].split(", ")
    return ", ".join(sorted(words, reverse="in descending order" in prompt))


def mini_sudoku(prompt: str) -> str:
    """The only one of all 4 × 4 sudokus that keeps what is given."""
    given = next(rows for rows in (prompt.splitlines()[at : at + 4] for at in range(99)) if len(rows[0]) == 7)
    fitting = [
        board
        for board in SUDOKUS
        if all(g in ("_", c) for line, row in zip(given, board, strict=True) for g, c in zip(line, row, strict=True))
    ]
    assert len(fitting) == 1
    return "\n".join(fitting[0])


def is_factorization(problem: Problem, text: str) -> bool:
    factors = [int(part) for part in text.split(" × ")]
    prime = all(factor > 1 and all(factor % d for d in range(2, math.isqrt(factor) + 1)) for factor in factors)
    return prime and math.prod(factors) == numbers(problem.prompt)[0]


def is_palindrome(problem: Problem, text: str) -> bool:
    letters = problem.prompt.rpartition(": ")[2].split(", ")
    return text == text[::-1] and Counter(text) == Counter(letters)


def is_assignment(problem: Problem, text: str) -> bool:
    """Exactly one assignment of the two roles agrees with what everybody says: is it this one?"""
    statements = json.loads(problem.key.removeprefix("knights_knaves "))
    names = re.findall(r"([A-Z]\w+) is an? \w+/", problem.prompt)
    roles = re.search(r"inhabited only by (\w+)s and (\w+)s", problem.prompt)
    assert roles is not None
    fitting = [
        guess
        for guess in product([True, False], repeat=len(names))
        if all(holds(said, guess) == honest for said, honest in zip(statements, guess, strict=True))
    ]
    assert len(fitting) == 1
    wanted = {(name, roles[1] if honest else roles[2]) for name, honest in zip(names, fitting[0], strict=True)}
    said = re.findall(r"(\w+) is an? (\w+)", text)
    return set(said) == wanted and len(said) == len(wanted)


def holds(statement: list[Any], knights: tuple[bool, ...]) -> bool:
    kind, *parts = statement
    if kind in ("telling-truth", "lying"):
        return knights[int(parts[0])] == (kind == "telling-truth")
    values = [holds(part, knights) for part in parts]
    return {
        "not": not values[0],
        "and": all(values),
        "or": any(values),
        "->": not values[0] or values[-1],
        "<=>": values[0] == values[-1],
    }[kind]


def is_queens(problem: Problem, text: str) -> bool:
    size = numbers(problem.prompt)[0]
    asked, board = grid(problem.prompt, size), [line.split(" ") for line in text.split("\n")]
    if [len(row) for row in board] != [size] * size:
        return False
    queens = [(r, c) for r in range(size) for c in range(size) if board[r][c] == "Q"]
    lines = [[r for r, _ in queens], [c for _, c in queens], [r + c for r, c in queens], [r - c for r, c in queens]]
    kept = all(board[r][c] == "Q" for r in range(size) for c in range(size) if asked[r][c] == "Q")
    return kept and len(queens) == size and all(len(set(line)) == size for line in lines)


def is_shortest(problem: Problem, text: str) -> bool:
    cells = [line.split() for line in problem.prompt.partition("grid:\n")[2].splitlines()]
    at = {cells[r][c]: (r, c) for r in range(len(cells)) for c in range(len(cells[0]))}
    free = {(r, c) for r in range(len(cells)) for c in range(len(cells[0])) if cells[r][c] != "X"}
    steps, queue = {at["*"]: 0}, deque([at["*"]])
    while queue:
        r, c = queue.popleft()
        for dr, dc in MOVES.values():
            if (r + dr, c + dc) in free - steps.keys():
                steps[r + dr, c + dc] = steps[r, c] + 1
                queue.append((r + dr, c + dc))
    if text == "infeasible" or at["#"] not in steps:
        return text == "infeasible" and at["#"] not in steps
    r, c = at["*"]
    for move in text.split():
        r, c = r + MOVES[move][0], c + MOVES[move][1]
        if (r, c) not in free:
            return False
    return (r, c) == at["#"] and len(text.split()) == steps[at["#"]]


def statements(prompt: str) -> str:
    """What each person says, with the people by number and the two roles as K and N; no templates, no names."""
    names = re.findall(r"([A-Z]\w+) is an? \w+/", prompt)
    roles = re.search(r"inhabited only by (\w+)s and (\w+)s", prompt)
    assert roles is not None
    said = prompt.partition("inhabitants: ")[2].partition(". ")[2].partition(" So who is")[0]
    tokens = [
        f"{names.index(found[1])}{'K' if found[2] == roles[1] else 'N'}" if found[1] else found[0]
        for found in re.finditer(
            r"([A-Z][a-z]+) is an? (\w+)|if and only if|it is not the case that|\b(?:if|then|and|or)\b|[()]", said
        )
    ]
    return re.sub(r"\( (\d[KN]) \)", r"\1", " ".join(tokens))


def listed(prompt: str) -> list[str]:
    return sorted(prompt.rpartition(": ")[2].split(", "))


def terms(prompt: str) -> list[str]:
    expression = prompt.partition(": ")[2].replace(" ", "")
    return sorted(re.findall(r"[+-]\d+", f"+{expression}"))


def animals(prompt: str) -> list[str]:
    return sorted(prompt.rpartition("you have ")[2].removesuffix("?").split(", "))


def _sudokus() -> list[list[str]]:
    rows = [" ".join(row) for row in permutations("1234")]
    halves = [(a, b) for a, b in product(rows, rows) if len({*a[:3:2], *b[:3:2]}) == len({*a[4::2], *b[4::2]}) == 4]
    boards = [[*top, *bottom] for top, bottom in product(halves, halves)]
    return [board for board in boards if all(len({row[at] for row in board}) == 4 for at in (0, 2, 4, 6))]


SUDOKUS = _sudokus()
ANSWERS: dict[str, Callable[[str], str]] = {
    f"rg_{solve.__name__}": solve
    for solve in (
        *(chain_sum, basic_arithmetic, gcd, leg_counting, base_conversion, spell_backward, letter_counting),
        *(word_sorting, mini_sudoku),
    )
}
"""Where one answer is right: the answer to a prompt."""
JUDGES: dict[str, Callable[[Problem, str], bool]] = {
    "rg_prime_factorization": is_factorization,
    "rg_palindrome_generation": is_palindrome,
    "rg_knights_knaves": is_assignment,
    "rg_n_queens": is_queens,
    "rg_shortest_path": is_shortest,
}
"""Where several can be: whether a text of the right form is one of them."""
CONTENTS: dict[str, Callable[[str], object]] = {
    "rg_chain_sum": terms,
    "rg_basic_arithmetic": lambda prompt: re.findall(r"\d+|[-+*()]", prompt.partition(" ")[2]),
    "rg_gcd": lambda prompt: sorted(numbers(prompt)),
    "rg_leg_counting": animals,
    "rg_base_conversion": lambda prompt: re.findall(r"convert the (\S+) number (\w+) to (\S+?)[.,]? ", prompt + " "),
    "rg_spell_backward": listed,
    "rg_letter_counting": lambda prompt: re.findall(r'"([^"]*)"', prompt),
    "rg_word_sorting": lambda prompt: ("in descending order" in prompt, listed(prompt)),
    "rg_mini_sudoku": lambda prompt: re.findall(r"[_1-4](?: [_1-4]){3}", prompt),
    "rg_prime_factorization": numbers,
    "rg_palindrome_generation": listed,
    "rg_knights_knaves": statements,
    "rg_n_queens": lambda prompt: re.findall(r"[_Q](?: [_Q])+", prompt),
    "rg_shortest_path": lambda prompt: prompt.partition("grid:\n")[2].split("\n"),
}
"""What a prompt asks, whatever its wording and the order of what has none."""
