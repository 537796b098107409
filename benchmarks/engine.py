"""The inference engine against `model.generate`: output tokens a second at ragged lengths, evaluations, first token.

The hero is mote on one torch thread. Prompts are BIN's of all levels, answers 4 to 64 tokens long, greedy; 32 asyncio
clients keep one request each in flight. The opponents: the first of the very same requests one by one, and all of them
in static batches of 32 in their order, left-padded, each as long as its longest answer. All take turns in this process.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import torch

from benchmarks.material import write_material
from benchmarks.report import Row, spread
from benchmarks.throughput import BareLoop
from realm.inference.engine import Engine
from realm.inference.evaluation import ask
from realm.inference.requests import GenerationRequest
from realm.models.chat import chat_ids
from realm.models.hero import Hero, end_tokens
from realm.rules.limits import SPARE_TOKENS
from skills import get_engine
from skills.problem import Problem

REQUESTS, SINGLES, ROUNDS, CLIENTS = 256, 64, 7, 32
PROBLEMS, EVALUATIONS, LEVELS = 100, 9, (1, 6)
TRAINED_STEPS = 150
SHORTEST, LONGEST = 4, 64
BIN = get_engine().get("bin")


def measure(quick: bool, tell: Callable[[str], None]) -> list[Row]:
    """Three ratios, round by round, and the time to the first token of a lone client."""
    torch.set_num_threads(1)
    requests, rounds = (CLIENTS, 2) if quick else (REQUESTS, ROUNDS)
    evaluations, steps = (2, 8) if quick else (EVALUATIONS, TRAINED_STEPS)
    with tempfile.TemporaryDirectory(prefix="realm-bench-") as scratch:
        tell(f"training {steps} steps, so that answers end by themselves")
        material = write_material(Path(scratch), 1, steps)
        trained = BareLoop(material.hero(), material)
        trained.block(0)
        hero = material.hero()
        hero.model.eval()
    rows = _throughput(hero, _requests(hero, requests), rounds, tell)
    tell("evaluations")
    rows.append(_evaluations(trained.hero, evaluations))
    tell("first tokens")
    return [*rows, _first_token(trained.hero, 5 if quick else 50)]


def _requests(hero: Hero, count: int) -> list[GenerationRequest]:
    rng = random.Random(1)
    levels = [rng.choice(sorted(BIN.levels)) for _ in range(count)]
    problems = [BIN.generate(level, 1, index, "eval")[0] for index, level in enumerate(levels)]
    return [
        GenerationRequest(prompt=tuple(_prompt(hero, problem)), max_tokens=rng.randint(SHORTEST, LONGEST))
        for problem in problems
    ]


def _prompt(hero: Hero, problem: Problem) -> list[int]:
    return chat_ids(hero.tokenizer, [{"role": "user", "content": problem.prompt}])


def _throughput(
    hero: Hero, requests: Sequence[GenerationRequest], rounds: int, tell: Callable[[str], None]
) -> list[Row]:
    ends = end_tokens(hero)
    contestants: dict[str, Callable[[], int]] = {
        "engine": lambda: run_engine(hero, requests),
        "one by one": lambda: sum(_generate(hero, [each], ends) for each in requests[:SINGLES]),
        "static": lambda: sum(
            _generate(hero, requests[at : at + CLIENTS], ends) for at in range(0, len(requests), CLIENTS)
        ),
    }
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    # The first round warms all up and does not count.
    for number in range(rounds + 1):
        tell(f"round {number} of {rounds}")
        for name in sorted(contestants, reverse=bool(number % 2)):
            began = time.perf_counter()
            tokens = contestants[name]()
            rates[name].append(tokens / (time.perf_counter() - began))
    rates = {name: values[1:] for name, values in rates.items()}
    return [
        _ratio(rates, "one by one", "output tokens/s of the engine, 32 in flight ÷ model.generate one by one", 10.0),
        _ratio(rates, "static", "output tokens/s of the engine, 32 in flight ÷ static batches of 32", 1.0),
    ]


def _ratio(rates: dict[str, list[float]], opponent: str, what: str, at_least: float) -> Row:
    ratios = [ours / theirs for ours, theirs in zip(rates["engine"], rates[opponent], strict=True)]
    return Row(
        what=what,
        measured=f"{median(rates['engine']):,.0f} ÷ {median(rates[opponent]):,.0f} tokens/s",
        value=median(ratios),
        unit="",
        n=len(ratios),
        at_least=at_least,
        details={"ratios": ratios, "engine": rates["engine"], opponent: rates[opponent]},
    )


def run_engine(hero: Hero, requests: Sequence[GenerationRequest]) -> int:
    """Tokens of all answers, end tokens included; as many clients as CLIENTS keep one request each in flight."""
    return asyncio.run(_engine(hero, requests))


async def _engine(hero: Hero, requests: Sequence[GenerationRequest]) -> int:
    engine, left = Engine(hero), iter(requests)

    async def client() -> int:
        return sum([(await engine.submit(each).completion()).completion_tokens for each in left])

    tokens = sum(await asyncio.gather(*(client() for _ in range(CLIENTS))))
    engine.close()
    return tokens


def _generate(hero: Hero, requests: Sequence[GenerationRequest], ends: frozenset[int]) -> int:
    """Tokens that were asked for: what a static batch makes beyond a row's own end counts for nothing."""
    answers = _batch(hero, [list(each.prompt) for each in requests], max(each.max_tokens for each in requests))
    count = 0
    for answer, request in zip(answers, requests, strict=True):
        ended = next((at + 1 for at, token in enumerate(answer) if token in ends), len(answer))
        count += min(ended, request.max_tokens)
    return count


def _batch(hero: Hero, prompts: Sequence[list[int]], max_new_tokens: int) -> list[list[int]]:
    """One left-padded `model.generate`."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(each)) + each for each in prompts])
    mask = torch.tensor([[0] * (longest - len(each)) + [1] * len(each) for each in prompts])
    out = hero.model.generate(ids, attention_mask=mask, max_new_tokens=max_new_tokens, do_sample=False)
    return out[:, longest:].tolist()


def _evaluations(hero: Hero, count: int) -> Row:
    """As a worker does them, prompts to grades, against the same with one `model.generate`."""
    hero.model.eval()
    ours: list[float] = []
    theirs: list[float] = []
    correct: list[list[int]] = [[], []]
    for number in range(count + 1):
        problems = BIN.generate(LEVELS[number % len(LEVELS)], PROBLEMS, number, "eval")
        for contestant in ([0, 1], [1, 0])[number % 2]:
            began = time.perf_counter()
            correct[contestant].append((_ask, _ask_plainly)[contestant](hero, problems))
            (ours, theirs)[contestant].append(1 / (time.perf_counter() - began))
    assert correct[0] == correct[1], f"graded otherwise: {correct}"
    ratios = [mine / other for mine, other in zip(ours[1:], theirs[1:], strict=True)]
    return Row(
        what="evaluations/s of a worker (100 problems) ÷ one batched model.generate",
        measured=f"{median(ours[1:]):.2f} ÷ {median(theirs[1:]):.2f} evaluations/s",
        value=median(ratios),
        unit="",
        n=len(ratios),
        at_least=0.9,
        details={"ratios": ratios, "correct": correct[0]},
    )


def _ask(hero: Hero, problems: list[Problem]) -> int:
    return ask(hero, BIN, problems).correct


def _ask_plainly(hero: Hero, problems: list[Problem]) -> int:
    most = max(BIN.levels[problem.level].max_response_chars for problem in problems) + SPARE_TOKENS
    answers = _batch(hero, [_prompt(hero, problem) for problem in problems], most)
    texts = hero.tokenizer.batch_decode(answers, skip_special_tokens=True)
    return sum(BIN.grade(problem, text).correct for problem, text in zip(problems, texts, strict=True))


def _first_token(hero: Hero, count: int) -> Row:
    engine = Engine(hero)
    waits: list[float] = []
    for request in _requests(hero, count + 1):
        began = time.perf_counter()
        for _ in engine.submit(GenerationRequest(prompt=request.prompt, max_tokens=8, stream=True)):
            waits.append(time.perf_counter() - began)
            break
    engine.close()
    return Row(
        what="time to the first token, one client",
        measured=spread(waits[1:], "ms", 1000),
        value=median(waits[1:]) * 1000,
        unit="ms",
        n=count,
    )
