"""The inference engine: right answers first, whatever else it is doing."""

from __future__ import annotations

import asyncio
import copy
import gc
import random
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch

from realm.errors import CancelledError, ConflictError, DeadlineError, GenerationError, QueueFullError, RequestError
from realm.inference.engine import Engine
from realm.inference.requests import GenerationRequest
from realm.inference.scheduler import Limits
from realm.models.hero import Hero
from tests.unit.engine_helpers import gated, loud_hero, own_answer, ragged_prompts

WAIT_S = 120.0
PROMPT = ragged_prompts(1, 40, seed=3)[0]


@pytest.fixture(scope="module")
def hero(mote_folder: Path) -> Hero:
    return loud_hero(mote_folder)


@pytest.fixture
def engine(hero: Hero) -> Iterator[Engine]:
    made = Engine(hero)
    yield made
    made.close()


@pytest.fixture(scope="module")
def lasting(hero: Hero) -> tuple[int, ...]:
    """A prompt whose answer does not end within 300 tokens."""
    return next(prompt for prompt in ragged_prompts(100, 40, seed=9) if len(own_answer(hero, prompt, 300)) == 300)


def ask(prompt: tuple[int, ...] = PROMPT, max_tokens: int = 20, **named: object) -> GenerationRequest:
    return GenerationRequest(prompt=prompt, max_tokens=max_tokens, **named)  # pyright: ignore[reportArgumentType]


def ids(completion) -> list[int]:
    return [token.id for token in completion.tokens]


def test_two_hundred_ragged_prompts_in_any_order_say_what_generate_says(hero: Hero) -> None:
    """More than there are rows, read in small portions, while others are decoded."""
    rng = random.Random(1)
    prompts = ragged_prompts(200, 120)
    lengths = [rng.randint(1, 40) for _ in prompts]
    expected = [own_answer(hero, *each) for each in zip(prompts, lengths, strict=True)]
    order = rng.sample(range(200), 200)
    for limits in (Limits(rows=32, prompt_tokens=256), Limits(rows=7, prompt_tokens=48, cache_tokens=900)):
        engine = Engine(hero, limits)
        under_way = {}
        for at in range(0, 200, 10):
            for index in order[at : at + 10]:
                under_way[index] = engine.submit(ask(prompts[index], lengths[index]))
            # The next arrive when one of these is through, in the middle of the others.
            under_way[order[at]].result(WAIT_S)
        found = [under_way[index].result(WAIT_S) for index in range(200)]
        engine.close()
        assert [ids(each) for each in found] == expected
        for each, answer, most in zip(found, expected, lengths, strict=True):
            ended = len(answer) < most
            assert each.finish_reason == ("stop" if ended else "length")
            assert each.completion_tokens == len(answer) + ended
    assert sum(len(answer) < most for answer, most in zip(expected, lengths, strict=True)) >= 3, (
        "some end by themselves"
    )


def test_a_seed_says_the_same_alone_and_in_company(engine: Engine) -> None:
    request = ask(max_tokens=60, temperature=0.8, top_p=0.95, seed=11)
    alone = engine.submit(request).result(WAIT_S)
    crowd = [engine.submit(ask(prompt, 60, temperature=1.0)) for prompt in ragged_prompts(20, 60)]
    again = engine.submit(request)
    assert ids(again.result(WAIT_S)) == ids(alone)
    assert ids(engine.submit(ask(max_tokens=60, temperature=0.8, top_p=0.95, seed=12)).result(WAIT_S)) != ids(alone)
    for each in crowd:
        each.result(WAIT_S)
    unseeded = {tuple(ids(engine.submit(ask(max_tokens=60, temperature=1.0)).result(WAIT_S))) for _ in range(3)}
    assert len(unseeded) == 3


def test_copies_have_seeds_of_their_own() -> None:
    seeds = [each.seed for each in ask(temperature=1.0, seed=4).copies(5)]
    assert seeds[0] == 4
    assert len(set(seeds)) == 5
    assert [each.seed for each in ask(temperature=1.0, seed=4).copies(3)] == seeds[:3]
    assert {each.seed for each in ask().copies(3)} == {None}


def test_without_heat_or_with_a_tiny_top_p_the_likeliest_is_chosen(engine: Engine, hero: Hero) -> None:
    greedy = own_answer(hero, PROMPT, 30)
    for named in (
        {"temperature": 0.0, "seed": 1},
        {"temperature": 1.5, "top_p": 1e-9},
        {"temperature": 2.0, "top_p": 0.0},
    ):
        assert ids(engine.submit(ask(max_tokens=30, **named)).result(WAIT_S)) == greedy
    assert ids(engine.submit(ask(max_tokens=30, temperature=1e-6, seed=2)).result(WAIT_S)) == greedy


def test_sampling_follows_the_distribution(engine: Engine, hero: Hero) -> None:
    with torch.inference_mode():
        probabilities = torch.softmax(hero.model(torch.tensor([PROMPT])).logits[0, -1] / 3.0, -1)
    drawn = [engine.submit(each) for each in ask(max_tokens=1, temperature=3.0, seed=1).copies(280)]
    firsts = [ids(each.result(WAIT_S)) for each in drawn]
    likeliest = int(probabilities.argmax())
    share = sum(first == [likeliest] for first in firsts) / len(firsts)
    expected = float(probabilities[likeliest])
    assert abs(share - expected) < 4 * (expected * (1 - expected) / len(firsts)) ** 0.5 + 1e-9
    nucleus = probabilities.sort(descending=True)
    inside = nucleus.indices[: int((nucleus.values.cumsum(-1) < 0.5).sum()) + 1].tolist()
    halves = [engine.submit(each) for each in ask(max_tokens=1, temperature=3.0, top_p=0.5, seed=2).copies(100)]
    assert {token for each in halves for token in ids(each.result(WAIT_S))} <= {*inside}


def test_text_ends_before_the_first_stop_string(engine: Engine) -> None:
    whole = engine.submit(ask(max_tokens=40)).result(WAIT_S).text
    stops = (whole[9:12], whole[20:24], "never said")
    cut = whole[: min(whole.index(stop) for stop in stops[:2])]
    for stream in (False, True):
        generation = engine.submit(ask(max_tokens=40, stop=stops, stream=stream))
        said = [piece.text for piece in generation]
        found = generation.result(WAIT_S)
        assert "".join(said) == found.text == cut
        assert found.finish_reason == "stop"
        assert found.completion_tokens < 40


def test_logprobs_are_those_of_a_forward_pass(engine: Engine, hero: Hero) -> None:
    crowd = [engine.submit(ask(prompt, 30)) for prompt in ragged_prompts(10, 60)]
    for named in ({}, {"temperature": 1.0, "top_p": 0.9, "seed": 3}):
        tokens = engine.submit(ask(max_tokens=25, logprobs=5, **named)).result(WAIT_S).tokens
        row = [*PROMPT, *(token.id for token in tokens)]
        with torch.inference_mode():
            direct = torch.log_softmax(hero.model(torch.tensor([row])).logits[0, len(PROMPT) - 1 : -1].float(), -1)
        for token, expected in zip(tokens, direct, strict=True):
            assert token.logprob == pytest.approx(float(expected[token.id]), abs=1e-4)
            assert [each for each, _ in token.top] == expected.topk(5).indices.tolist()
            assert [value for _, value in token.top] == pytest.approx(expected.topk(5).values.tolist(), abs=1e-4)
            assert sum(torch.tensor([value for _, value in token.top]).exp()) <= 1 + 1e-6
    assert all(token.logprob is None and not token.top for each in crowd for token in each.result(WAIT_S).tokens)
    [token] = engine.submit(ask(max_tokens=1, logprobs=0)).result(WAIT_S).tokens
    assert token.logprob is not None
    assert token.top == ()


def test_pieces_are_the_answer(engine: Engine) -> None:
    plain = engine.submit(ask(max_tokens=80)).result(WAIT_S)
    generation = engine.submit(ask(max_tokens=80, stream=True))
    pieces = list(generation)
    assert len(pieces) > 20
    assert "".join(piece.text for piece in pieces) == plain.text == generation.result().text
    assert tuple(token for piece in pieces for token in piece.tokens) == plain.tokens
    assert list(generation) == pieces, "a second reader begins at the first piece"


def test_who_goes_stops_the_generation_and_no_other(hero: Hero, lasting: tuple[int, ...]) -> None:
    expected = own_answer(hero, PROMPT, 60)
    engine = Engine(hero, Limits(rows=3))
    try:
        with gated(hero) as passes:
            leaving, cancelled = [engine.submit(ask(lasting, 300, stream=True)) for _ in range(2)]
            others = [engine.submit(ask(max_tokens=60)) for _ in range(4)]
            passes.release(3)
            for _ in leaving:
                break
            cancelled.cancel()
        for gone in (leaving, cancelled):
            with pytest.raises(CancelledError):
                gone.result(WAIT_S)
        assert [ids(each.result(WAIT_S)) for each in others] == [expected] * 4
        assert engine.load.tokens < 300
    finally:
        engine.close()


def test_time_runs_out(engine: Engine, hero: Hero) -> None:
    with gated(hero):
        held = engine.submit(ask())
        with pytest.raises(DeadlineError, match=r"within 0\.01 s"):
            held.result(0.01)
        assert not held.done, "who waits no longer does not end it"
        late = engine.submit(ask(timeout_s=1e-6))
    with pytest.raises(DeadlineError, match="0 of at most 20 tokens"):
        late.result(WAIT_S)
    assert ids(held.result(WAIT_S)) == own_answer(hero, PROMPT, 20)


def test_who_does_not_read_holds_up_nobody(engine: Engine, hero: Hero) -> None:
    unread = engine.submit(ask(max_tokens=60, stream=True))
    others = [engine.submit(ask(max_tokens=60)).result(WAIT_S) for _ in range(3)]
    assert [ids(each) for each in others] == [own_answer(hero, PROMPT, 60)] * 3
    assert "".join(piece.text for piece in unread) == others[0].text


def test_a_place_is_free_as_soon_as_its_request_has_ended(hero: Hero) -> None:
    engine = Engine(hero, Limits(rows=1, queue=0))
    for _ in range(50):
        engine.submit(ask(max_tokens=2)).result(WAIT_S)
    engine.close()


def test_a_full_queue_refuses_and_says_when_to_come_again(hero: Hero) -> None:
    engine = Engine(hero, Limits(rows=2, queue=3))
    try:
        with gated(hero):
            taken = [engine.submit(ask()) for _ in range(5)]
            with pytest.raises(QueueFullError) as refused:
                engine.submit(ask())
            assert 0 < refused.value.retry_after_s <= 60
        for each in taken:
            each.result(WAIT_S)
        engine.submit(ask()).result(WAIT_S)
    finally:
        engine.close()


def test_requests_that_cannot_be(engine: Engine) -> None:
    with pytest.raises(RequestError, match=r"600 tokens.* 512"):
        engine.submit(ask((300,) * 600))
    with pytest.raises(RequestError, match=r"512 tokens.* 512"):
        engine.submit(ask((300,) * 512))
    with pytest.raises(RequestError, match="382"):
        engine.submit(ask((300, 383)))
    for named in (
        {"max_tokens": 0},
        {"max_tokens": -3},
        {"prompt": ()},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"top_p": 1.1},
        {"stop": ("a", "")},
        {"logprobs": 21},
        {"timeout_s": 0},
    ):
        with pytest.raises(RequestError, match=next(iter(named))):
            ask(**named)


def test_max_tokens_beyond_the_context_is_cut_down_to_it(engine: Engine, lasting: tuple[int, ...]) -> None:
    found = engine.submit(ask(lasting * 12, 10**9)).result(WAIT_S)
    room = 512 - len(lasting) * 12
    assert room > 0
    assert found.finish_reason == "length" or found.completion_tokens <= room
    last = engine.submit(ask((300,) * 511, 10**9)).result(WAIT_S)
    assert last.completion_tokens == 1


def test_a_step_that_fails_ends_those_in_flight_and_the_engine_goes_on(hero: Hero) -> None:
    engine = Engine(hero, Limits(rows=2))
    try:
        with gated(hero) as passes:
            doomed = [engine.submit(ask()) for _ in range(2)]
            waiting = engine.submit(ask())

            def break_it(*_: object) -> None:
                hook.remove()
                raise RuntimeError("the machine is on fire")

            hook = hero.model.base_model.register_forward_pre_hook(break_it)
            passes.release(2)
        assert ids(waiting.result(WAIT_S)) == own_answer(hero, PROMPT, 20)
        for each in doomed:
            with pytest.raises(GenerationError, match="RuntimeError: the machine is on fire"):
                each.result(WAIT_S)
    finally:
        engine.close()


def test_closing_ends_what_is_in_flight(hero: Hero) -> None:
    def refuses() -> bool:
        try:
            engine.submit(ask())
        except QueueFullError:
            return False
        except ConflictError:
            return True
        return False

    engine = Engine(hero, Limits(rows=2, queue=8))
    with gated(hero):
        under_way = [engine.submit(ask(max_tokens=400, stream=True)) for _ in range(4)]
        closing = threading.Thread(target=engine.close)
        closing.start()
        while not refuses():
            pass
    closing.join(WAIT_S)
    for each in under_way:
        with pytest.raises(GenerationError, match="closed"):
            each.result(WAIT_S)
    engine.close()


def test_engines_side_by_side_and_one_lets_go_of_its_hero(hero: Hero) -> None:
    other = copy.deepcopy(hero.model)
    with torch.no_grad():
        other.get_input_embeddings().weight.mul_(-1)
    second = Hero(other, hero.tokenizer, hero.device)
    expected = own_answer(hero, PROMPT, 20), own_answer(second, PROMPT, 20)
    assert expected[0] != expected[1]
    first_engine, second_engine = Engine(hero), Engine(second)
    both = [each.submit(ask()) for each in (first_engine, second_engine)]
    assert tuple(ids(each.result(WAIT_S)) for each in both) == expected
    weights = weakref.ref(other)
    second_engine.close()
    del other, second
    gc.collect()
    assert weights() is None
    assert ids(first_engine.submit(ask()).result(WAIT_S)) == expected[0]
    first_engine.close()


def test_five_hundred_requests_leave_nothing_behind(engine: Engine) -> None:
    def round_of(count: int) -> int:
        for prompt in ragged_prompts(count, 60):
            under_way.append(engine.submit(ask(prompt, 4)))
            if len(under_way) == 50:
                for each in under_way:
                    each.result(WAIT_S)
                under_way.clear()
        gc.collect()
        return psutil.Process().memory_info().rss

    under_way = []
    before = round_of(100)
    assert round_of(500) - before < 16e6


def test_weights_that_are_no_numbers_are_an_error(hero: Hero) -> None:
    broken = copy.deepcopy(hero.model)
    with torch.no_grad():
        broken.get_input_embeddings().weight[PROMPT[0]] = float("nan")
    engine = Engine(Hero(broken, hero.tokenizer, hero.device))
    try:
        with pytest.raises(GenerationError, match="not finite"):
            engine.submit(ask()).result(WAIT_S)
    finally:
        engine.close()


def test_asyncio_consumers_share_one_thread(engine: Engine, lasting: tuple[int, ...]) -> None:
    plain = [engine.submit(ask(prompt, 30)).result(WAIT_S).text for prompt in ragged_prompts(12, 40)]

    async def read(prompt: tuple[int, ...]) -> str:
        return "".join([piece.text async for piece in engine.submit(ask(prompt, 30, stream=True))])

    async def leave() -> None:
        generation = engine.submit(ask(lasting, 300, stream=True))
        task = asyncio.create_task(generation.completion())
        async for _ in generation:
            task.cancel()
            break
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(CancelledError):
            await generation.completion()

    async def all_of_them() -> list[str]:
        threads = threading.active_count()
        found = await asyncio.gather(*map(read, ragged_prompts(12, 40)), leave())
        assert threading.active_count() == threads
        return found[:-1]

    assert asyncio.run(all_of_them()) == plain


def test_a_consumer_whose_loop_is_gone_is_no_trouble(engine: Engine, hero: Hero, lasting: tuple[int, ...]) -> None:
    async def begin() -> object:
        reader = aiter(generation)
        await anext(reader)
        return reader

    generation = engine.submit(ask(lasting, 300, stream=True))
    loop = asyncio.new_event_loop()
    reader = loop.run_until_complete(begin())
    loop.close()
    other = engine.submit(ask())
    assert ids(other.result(WAIT_S)) == own_answer(hero, PROMPT, 20)
    with pytest.raises(CancelledError):
        generation.result(WAIT_S)
    del reader
