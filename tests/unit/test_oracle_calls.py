"""Questions that share a call: each hears its own answer, whoever leaves and whatever dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle_helpers import CPU, LIMITS, Folders, greedy, hero_of, loud_folder

from realm.errors import ClusterError, NotFoundError, QueueFullError
from realm.inference.shelf import Shelf
from serve.oracle.answering import Oracle
from serve.oracle.calls import MOST, Calls, Said
from serve.oracle.desk import Desk
from serve.oracle.questions import ChatRequest, Question
from serve.oracle.scaling import QUESTIONS, replicas_needed

WITHIN_S = 60.0


def question_of(model: str, text: str = "x", stream: bool = True, **more: Any) -> Question:
    messages: Any = [{"role": "user", "content": text}]
    asked: Any = {"model": model, "messages": messages, "stream": stream, "seed": 1, **more}
    return ChatRequest(**asked).question(WITHIN_S)


class LostError(Exception):
    """The process of a call has died."""


@dataclass
class Process:
    """Tells each question its own model's name in numbered events, one a step, in turns; dies on the step of a call
    that is told."""

    events: int
    death: int | None = None
    calls: list[list[str]] = field(default_factory=list[list[str]])
    forgotten: set[str] = field(default_factory=set[str])
    closed: int = 0

    async def answering(self, _group: str, questions: Mapping[str, Question]) -> AsyncGenerator[Sequence[Said], None]:
        self.calls.append([*questions])
        try:
            for step in range(self.events):
                await asyncio.sleep(0)
                if step == self.death:
                    raise LostError
                told = [each for each in questions if each not in self.forgotten]
                yield [(each, {"pieces": [(questions[each]["model"], step)]}) for each in told]
            yield [(each, {"end": {}}) for each in questions if each not in self.forgotten]
        finally:
            self.closed += 1

    async def forgetting(self, question_ids: Sequence[str]) -> None:
        self.forgotten |= {*question_ids}


async def heard(calls: Calls, model: str, leaves_after: int | None, most: int = 1000) -> list[Any]:
    """The numbers of the events that one question hears, or the error that it ends with."""
    found: list[Any] = []
    async with aclosing(calls.ask(question_of(model), "", most)) as events:
        try:
            async for event in events:
                if "end" in event:
                    found.append("end")
                    continue
                [(name, step)] = event["pieces"]
                assert name == model
                found.append(step)
                if len(found) == leaves_after:
                    break
        except LostError:
            found.append("lost")
    return found


@given(
    leaves=st.lists(st.none() | st.integers(1, 6), min_size=1, max_size=2 * MOST),
    events=st.integers(1, 5),
    death=st.none() | st.integers(0, 4),
)
def test_each_question_hears_its_own_answer(leaves: list[int | None], events: int, death: int | None) -> None:
    process = Process(events, death)

    async def ask() -> list[list[Any]]:
        calls = Calls(process.answering, process.forgetting)
        try:
            return await asyncio.gather(*(heard(calls, f"m{n}", each) for n, each in enumerate(leaves)))
        finally:
            assert calls.open == 0
            while process.closed < len(process.calls):
                await asyncio.sleep(0)

    found = asyncio.run(asyncio.wait_for(ask(), WITHIN_S))
    dead = death if death is not None and death < events else None
    whole = [*range(events), "end"] if dead is None else [*range(dead), "lost"]
    for told, leaves_after in zip(found, leaves, strict=True):
        expected = whole if leaves_after is None or leaves_after >= len(whole) else whole[:leaves_after]
        assert told == expected
    assert sum(map(len, process.calls)) == len(leaves)
    assert max(map(len, process.calls)) <= MOST
    # The first goes alone, the others together.
    assert len(process.calls) <= 1 + -(-len(leaves) // MOST)


def test_more_questions_than_may_be_open_are_refused() -> None:
    process = Process(3)

    async def ask() -> tuple[Any, Any]:
        calls = Calls(process.answering, process.forgetting)
        first, second = calls.ask(question_of("a"), "", 1), calls.ask(question_of("b"), "", 1)
        async with aclosing(first), aclosing(second):
            assert await anext(first) == {"pieces": [("a", 0)]}
            with pytest.raises(QueueFullError):
                await anext(second)
        return await heard(calls, "b", None, 1), calls.open

    assert asyncio.run(ask()) == ([0, 1, 2, "end"], 0)


def test_a_call_that_ends_too_early_is_an_error() -> None:
    async def answering(_group: str, questions: Mapping[str, Question]) -> AsyncGenerator[Sequence[Said], None]:
        del questions
        yield []

    async def ask() -> None:
        async for _ in Calls(answering, Process(0).forgetting).ask(question_of("a"), "", 1):
            raise AssertionError("nothing was said")

    with pytest.raises(ClusterError, match="ended before"):
        asyncio.run(ask())


# A replica's side


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, mote_folder: Path) -> Path:
    base = tmp_path_factory.mktemp("calls")
    return loud_folder(mote_folder, base / "hero", 1)


@pytest.fixture
def oracle(folder: Path) -> Any:
    vault = Folders()
    vault.crowned = vault.add(folder, 1).checkpoint_id
    made = Oracle(Shelf(vault.fetch, LIMITS, 10**10, CPU), vault)
    yield made
    made.shelf.close()


async def told(desk: Desk, asked: Mapping[str, Question]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {each: [] for each in asked}
    async for said in desk.answer(asked):
        for question_id, event in said:
            found[question_id].append(event)
    return found


def test_a_call_answers_what_streams_what_does_not_and_what_cannot(oracle: Oracle, folder: Path) -> None:
    asked = {
        "whole": question_of("champion", "abc", stream=False, temperature=0, max_tokens=20),
        "streams": question_of("champion", "xyz", temperature=0, max_tokens=20),
        "nobody": question_of("nobody"),
    }
    desk = Desk(oracle)
    found = asyncio.run(told(desk, asked))
    hero = hero_of(folder)
    [whole] = found["whole"]
    assert whole["whole"]["choices"][0]["text"] == greedy(hero, "abc", 20)
    assert [*found["streams"][0]] == ["begin"]
    assert [*found["streams"][-1]] == ["end"]
    pieces = [piece["text"] for event in found["streams"] for piece in event.get("pieces", ())]
    assert "".join(pieces) == greedy(hero, "xyz", 20)
    [nobody] = found["nobody"]
    assert isinstance(nobody["error"], NotFoundError)
    assert desk.open == 0


def test_a_question_that_is_taken_back_ends_and_the_others_go_on(oracle: Oracle, folder: Path) -> None:
    long: Any = {"temperature": 3.0, "max_tokens": 200, "n": 7}

    async def ask() -> dict[str, list[Any]]:
        desk = Desk(oracle)
        calls = Calls(lambda _group, questions: desk.answer(questions), forgetting(desk))
        # The first question goes by itself; these two share a call.
        first = asyncio.create_task(all_of(calls, question_of("champion", "q", stream=False, max_tokens=1)))
        await asyncio.sleep(0)
        async with aclosing(calls.ask(question_of("champion", **long), "", 100)) as leaving:
            staying = asyncio.create_task(
                all_of(calls, question_of("champion", "abc", stream=False, temperature=0, max_tokens=200))
            )
            assert "begin" in await anext(leaving)
        found = {"staying": await staying, "first": await first}
        while desk.open:
            await asyncio.sleep(0.01)
        return found

    found = asyncio.run(asyncio.wait_for(ask(), WITHIN_S))
    assert found["staying"][0]["whole"]["choices"][0]["text"] == greedy(hero_of(folder), "abc", 200)
    [held] = oracle.shelf.holding()
    assert held.engine.load.tokens < 7 * 200


def forgetting(desk: Desk) -> Any:
    async def forget(question_ids: Sequence[str]) -> None:
        desk.forget(question_ids)

    return forget


async def all_of(calls: Calls, question: Question) -> list[Any]:
    return [event async for event in calls.ask(question, "", 100)]


def test_one_that_is_taken_back_before_it_arrives_is_not_begun(oracle: Oracle) -> None:
    desk = Desk(oracle)
    desk.forget(["late"])
    found = asyncio.run(
        told(desk, {"late": question_of("champion"), "other": question_of("champion", stream=False, max_tokens=1)})
    )
    assert found["late"] == []
    assert len(found["other"]) == 1


def test_a_caller_that_leaves_ends_all_of_its_questions(oracle: Oracle) -> None:
    async def leave() -> int:
        desk = Desk(oracle)
        asked = {str(n): question_of("champion", max_tokens=200, temperature=3.0) for n in range(4)}
        async with aclosing(desk.answer(asked)) as said:
            await anext(said)
        return desk.open

    assert asyncio.run(leave()) == 0


# How many replicas


@given(told=st.lists(st.integers(0, 1000), max_size=5), calls=st.integers(0, 3), rows=st.integers(1, 64))
def test_no_replica_is_to_have_more_questions_than_rows(told: list[int], calls: int, rows: int) -> None:
    context: Any = SimpleNamespace(
        aggregated_metrics={QUESTIONS: dict(enumerate(told))} if told else None,
        config=SimpleNamespace(target_ongoing_requests=float(rows)),
        total_num_requests=float(calls),
    )
    needed, _ = replicas_needed(context)
    assert needed * rows >= sum(told)
    assert (needed - 1) * rows < sum(told) or needed == 1
    assert (needed > 0) == bool(calls or sum(told))
