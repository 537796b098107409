"""Continuous batching, step by step and without threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import Qwen3Config, Qwen3ForCausalLM

from realm.errors import CancelledError, DeadlineError, GenerationError, HeroError
from realm.inference.requests import GenerationRequest
from realm.inference.row import Row
from realm.inference.scheduler import Limits, Scheduler
from realm.models.hero import Hero, end_tokens
from tests.unit.engine_helpers import CPU, Kept, own_answer, ragged_prompts, tiny_hero

PROMPTS = ragged_prompts(12, 30, seed=2)
MOST = 12


@pytest.fixture(scope="module")
def hero(mote_folder: Path) -> Hero:
    return tiny_hero(mote_folder)


@pytest.fixture(scope="module")
def answers(hero: Hero) -> list[list[int]]:
    return [own_answer(hero, prompt, MOST) for prompt in PROMPTS]


@dataclass
class Bench:
    """A scheduler whose clock is set by hand, and what was asked of it."""

    hero: Hero
    limits: Limits
    now: float = 0.0
    asked: list[tuple[Row, Kept]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.hero, self.limits, lambda: self.now)

    def ask(self, prompt: tuple[int, ...], max_tokens: int = MOST, deadline: float | None = None) -> Kept:
        request = GenerationRequest(prompt=prompt, max_tokens=max_tokens, timeout_s=deadline)
        sink = Kept()
        row = Row(request, self.hero.tokenizer, end_tokens(self.hero), sink, deadline)
        self.scheduler.add(row)
        self.asked.append((row, sink))
        return sink

    def drain(self, most: int = 10_000) -> int:
        """Step until nothing is left; the number of steps."""
        for count in range(most):
            if not self.scheduler.busy:
                return count
            self.scheduler.step()
        raise AssertionError(f"not through after {most} steps")


actions = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, len(PROMPTS) - 1), st.integers(1, MOST)),
        st.tuples(st.just("step"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("cancel"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("late"), st.integers(0, len(PROMPTS) - 1), st.integers(1, 6)),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(
    actions=actions,
    rows=st.integers(1, 5),
    prompt_tokens=st.sampled_from([1, 7, 16, 40, 1000]),
    cache_tokens=st.sampled_from([1, 60, 120, 1000]),
)
def test_whatever_the_order_each_request_gets_its_own_tokens(hero, answers, actions, rows, prompt_tokens, cache_tokens):
    bench = Bench(hero, Limits(rows=rows, prompt_tokens=prompt_tokens, cache_tokens=cache_tokens))
    scheduler, wanted = bench.scheduler, []
    begun: dict[Row, float] = {}

    def step() -> None:
        scheduler.step()
        begun.update({row: bench.now for row, _ in bench.asked if row.cached and row not in begun})
        bench.now += 1
        assert len(scheduler.rows) <= rows
        widest = max((row.width for row in scheduler.rows), default=0)
        assert len(scheduler.rows) <= 1 or len(scheduler.rows) * widest <= cache_tokens
        times = [begun[row] for row, _ in bench.asked if row in begun]
        assert times == sorted(times), "one that came later was begun earlier"

    for name, first, second in actions:
        if name == "step":
            for _ in range(first):
                step()
        elif name == "cancel":
            # As of a Generation: what has ended cannot be cancelled.
            if first < len(bench.asked) and not bench.asked[first][1].ends:
                bench.asked[first][1].cancelled = True
        else:
            late = name == "late"
            bench.ask(PROMPTS[first], MOST if late else second, bench.now + second if late else None)
            wanted.append(answers[first][: MOST if late else second])
    for _ in range(2000):
        if not scheduler.busy:
            break
        step()
    assert not scheduler.busy, "somebody starves"
    assert scheduler.decoder.cache.slots == 0, "memory is kept for nobody"
    for (row, sink), tokens in zip(bench.asked, wanted, strict=True):
        assert sink.ends == 1
        if sink.completion is not None:
            assert [token.id for token in sink.completion.tokens] == tokens
        elif sink.cancelled:
            assert isinstance(sink.error, CancelledError)
        else:
            assert isinstance(sink.error, DeadlineError)
            assert row.deadline is not None


def test_a_long_prompt_does_not_stop_the_streams(hero: Hero, answers: list[list[int]]) -> None:
    bench = Bench(hero, Limits(rows=4, prompt_tokens=8))
    index = max(range(len(PROMPTS)), key=lambda each: len(answers[each]))
    running = bench.ask(PROMPTS[index])
    while not (row := bench.asked[0][0]).tokens:
        bench.scheduler.step()
    bench.ask(PROMPTS[index] * (50 // len(PROMPTS[index])))
    for _ in range(3):
        before = len(row.tokens)
        bench.scheduler.step()
        assert len(row.tokens) == before + 1
    assert not bench.asked[1][0].tokens, "still being read"
    bench.drain()
    assert running.completion is not None


def test_prompts_that_wait_are_read_together(hero: Hero) -> None:
    bench = Bench(hero, Limits(rows=8))
    for prompt in PROMPTS[:8]:
        bench.ask(prompt, max_tokens=1)
    assert bench.drain() == 1


def test_rows_whose_numbers_are_broken_fail_alone(hero: Hero, answers: list[list[int]]) -> None:
    """One token of the vocabulary is broken: who reads it fails, and leaves nothing in the slot for the next."""
    broken = next(token for token in range(270, 360) if not any(token in each for each in (*PROMPTS, *answers)))
    weight = hero.model.get_input_embeddings().weight
    whole, output = weight.data.clone(), hero.model.get_output_embeddings()
    output.weight = torch.nn.Parameter(whole)
    try:
        weight.data[broken] = float("nan")
        bench = Bench(hero, Limits(rows=3))
        sinks = [bench.ask((300, broken, 301) if at % 3 == 0 else PROMPTS[at]) for at in range(12)]
        bench.drain()
    finally:
        weight.data.copy_(whole)
        output.weight = weight
    for at, sink in enumerate(sinks):
        if at % 3 == 0:
            assert isinstance(sink.error, GenerationError)
            assert "not finite" in str(sink.error)
        else:
            assert sink.completion is not None
            assert [token.id for token in sink.completion.tokens] == answers[at]


def test_a_model_that_does_not_see_the_whole_context_is_refused(hero: Hero) -> None:
    config = Qwen3Config(
        vocab_size=40,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        use_sliding_window=True,
        sliding_window=4,
        max_window_layers=1,
    )
    with pytest.raises(HeroError, match="sliding_attention"):
        Scheduler(Hero(Qwen3ForCausalLM(config), hero.tokenizer, CPU), Limits())
