"""The Oracle's backend on a cluster: questions go to a replica on Ray Serve, and to another one when that is lost.

Ray Serve takes 100 MB of each process that loads it, so the hosts load it when they are first asked.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from realm.config import RealmConfig, load_config
from realm.errors import ClusterError
from realm.home import RealmHome
from realm.hosts import ORACLE_SERVICE, service_urls
from serve.asking import ask
from serve.oracle.backend import Json
from serve.oracle.calls import Calls, Said
from serve.oracle.questions import CHAMPION, LATEST, Question

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

    from serve.oracle.deployment import Processes

T = TypeVar("T")
TRIES = 4
"""Replicas that are asked one after another while each is lost."""
DEPLOY_S = 180.0
WAKE_S = 180.0
"""Time for a process with torch and the champion, beside that of the answer."""
FRESH_S = 10.0
"""A replica that has not told anything for so long is gone."""
SETTINGS_S = 1.0
PLACED_S = 10.0
"""Between two looks at where the application is to run: nodes come and go."""


@dataclass
class Placed:
    """The application that is asked, as of `at` on the monotonic clock."""

    name: str
    handle: DeploymentHandle[Any]
    at: float = 0.0

    def preferring(self, model: str) -> DeploymentHandle[Any]:
        """Its handle; replicas that have `model` in memory are asked first, unless it is empty."""
        return self.handle.options(multiplexed_model_id=model) if model else self.handle


class RealmLevels:
    """What the realm trains, wherever the Oracle is."""

    async def training_level(self, skill_id: str) -> int | None:
        skill = (await ask("herald", "snapshot"))["skills"].get(skill_id)
        return None if skill is None else skill["training_level"]


class RayOracle(RealmLevels):
    """`OracleBackend` over the application on Ray Serve, VaultKeeper and Herald."""

    def __init__(self, home: RealmHome) -> None:
        self._home = home
        self._placed: Placed | None = None
        self._placing: asyncio.Task[Placed] | None = None
        self._calls = Calls(self._answering, self._forgetting)
        self._read: tuple[float, RealmConfig] = (-math.inf, load_config(home))

    @property
    def timeout_s(self) -> float:
        return self._config.oracle.timeout_s

    @property
    def _config(self) -> RealmConfig:
        """The settings, read again once a second: reading them takes longer than passing a question on."""
        if time.monotonic() - self._read[0] > SETTINGS_S:
            self._read = time.monotonic(), load_config(self._home)
        return self._read[1]

    async def complete(self, question: Question) -> Json:
        async def asked() -> Json:
            async with aclosing(self._ask(question)) as events:
                return (await anext(events))["whole"]

        return await self._with_replica(question["timeout_s"], asked)

    async def stream(self, question: Question) -> AsyncGenerator[Json, None]:
        # A replica that takes over says the same: the seed is in the question. What was sent already is left out.
        told, serving = Told(question), await _serving()
        end = asyncio.get_running_loop().time() + question["timeout_s"] + WAKE_S
        for left in reversed(range(TRIES)):
            events = self._ask(told.question)
            try:
                while True:
                    # Around each step by itself: the steps may be taken in different tasks.
                    async with asyncio.timeout_at(end):
                        event = await anext(events, None)
                    if event is None:
                        return
                    if fresh := told.fresh(event):
                        yield fresh
            except serving.LOST as error:
                await self._lost(error, left)
            except Exception as error:  # noqa: BLE001 - raised as what it was
                raise serving.cause(error) from None
            finally:
                # Ends the answer on the replica too.
                await events.aclose()

    async def books(self) -> Sequence[Json]:
        return await ask("vault_keeper", "books")

    async def aliases(self) -> dict[str, Json | None]:
        return await ask("vault_keeper", "aliases")

    async def status(self) -> Json:
        config, serving = self._config, await _serving()
        reports, aliases, found = await asyncio.gather(
            ask("herald", "oracle"), self.aliases(), asyncio.to_thread(serving.processes)
        )
        return _status(reports, aliases, found) | {
            "url": service_urls(config, {})[ORACLE_SERVICE],
            "sleeps_after_s": None if config.oracle.min_replicas else config.oracle.idle_s,
        }

    async def load(self, model: str) -> Json:
        async def asked() -> Json:
            return await (await self._where()).preferring(model).load.remote(model)

        report = await self._with_replica(self.timeout_s, asked)
        await self._everywhere("load", model)
        return await self._after(report)

    async def unload(self, model: str) -> Json:
        serving = await _serving()
        if (await asyncio.to_thread(serving.processes)).running == 0:
            raise ClusterError("The Oracle is asleep: nothing is in memory.", "`realm oracle status`")
        found = await self._everywhere("unload", model)
        errors = [each for each in found if isinstance(each, Exception)]
        if errors and len(errors) == len(found):
            raise serving.cause(errors[0])
        return await self._after(next(each for each in found if not isinstance(each, Exception)))

    # Inside

    def _ask(self, question: Question) -> AsyncGenerator[Json, None]:
        oracle = self._config.oracle
        # What two checkpoints take and have waiting, by process.
        most = 2 * max(oracle.max_replicas, oracle.min_replicas) * (oracle.rows + oracle.queue)
        # With one replica there is none to prefer.
        apart = question["model"] not in (CHAMPION, LATEST) and oracle.max_replicas > 1
        return self._calls.ask(question, question["model"] if apart else "", most)

    async def _answering(self, model: str, questions: Mapping[str, Question]) -> AsyncGenerator[Sequence[Said], None]:
        """Ask a replica, best one that has `model` in memory."""
        placed = await self._where()
        told: Any = placed.preferring(model).options(stream=True).answer.remote(questions)
        first = asyncio.ensure_future(anext(told, None))
        try:
            # One whose node is gone never begins, and nothing says so.
            while not (await asyncio.wait({first}, timeout=PLACED_S))[0]:
                if (await self._place()).name != placed.name:
                    raise (await _serving()).MovedError(f"{placed.name} is no longer asked")
            said = first.result()
            while said is not None:
                yield said
                said = await anext(told, None)
        finally:
            first.cancel()
            with suppress(Exception):
                told.cancel()

    async def _forgetting(self, question_ids: Sequence[str]) -> None:
        await self._everywhere("forget", question_ids)

    async def _with_replica(self, timeout_s: float, asked: Callable[[], Awaitable[T]]) -> T:
        serving = await _serving()
        for left in reversed(range(TRIES)):
            try:
                async with asyncio.timeout(timeout_s + WAKE_S):
                    return await asked()
            except serving.LOST as error:
                await self._lost(error, left)
            except Exception as error:  # noqa: BLE001 - raised as what it was
                raise serving.cause(error) from None
        raise AssertionError("the last try raises")

    async def _where(self) -> Placed:
        """The application to ask; deployed first where it is not. Whether it is still the right one is looked up
        beside."""
        if self._placed is None:
            return await self._place()
        if time.monotonic() - self._placed.at > PLACED_S and (self._placing is None or self._placing.done()):
            self._placing = asyncio.get_running_loop().create_task(self._place())
            self._placing.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._placed

    async def _place(self) -> Placed:
        name: str = await ask("api_host", "oracle", answer_s=DEPLOY_S)
        if self._placed is None or self._placed.name != name:
            self._placed = Placed(name, await asyncio.to_thread((await _serving()).handle_of, name))
        self._placed.at = time.monotonic()
        return self._placed

    async def _lost(self, error: Exception, left: int) -> None:
        self._placed = None
        if not left:
            raise ClusterError(
                f"The process that answered was lost, and {TRIES - 1} more: {str(error).splitlines()[0]}",
                "Ask again in a moment.",
            ) from None

    async def _everywhere(self, method: str, argument: Any) -> list[Any]:
        response = (await self._where()).handle.broadcast(method, argument)
        return await response.results_async(return_exceptions=True)

    async def _after(self, report: Json) -> Json:
        """The status with what a replica has just said, which Herald hears a little later."""
        status = await self.status()
        return {**status, "loaded": report["loaded"], "memory_bytes": report["memory_bytes"], "state": "ready"}


class Told:
    """What was sent of an answer, so that another replica's can go on from there: it says the same in other pieces."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self._begun = False
        self._sent: Counter[tuple[int, str]] = Counter()
        self._seen: Counter[tuple[int, str]] = Counter()
        self._ended: set[int] = set()

    def fresh(self, event: Json) -> Json | None:
        """The part of an event that was not sent before; None of one that holds nothing else."""
        if "begin" in event:
            self._seen.clear()
            if self._begun:
                return None
            self._begun = True
            # An alias may mean another checkpoint by the time that a replica is lost.
            self.question = Question(**{**self.question, "model": event["begin"]["checkpoint_id"]})
            return event
        if "end" in event:
            return event
        pieces = [fresh for piece in event["pieces"] if (fresh := self._piece(piece)) is not None]
        ended = [each for each in event["ended"] if each["index"] not in self._ended]
        self._ended |= {each["index"] for each in ended}
        return {"pieces": pieces, "ended": ended} if pieces or ended else None

    def _piece(self, piece: Json) -> Json | None:
        rest = {
            name: piece[name][self._known(piece["index"], name, len(piece[name])) :] for name in ("text", "logprobs")
        }
        return {**piece, **rest} if rest["text"] or rest["logprobs"] else None

    def _known(self, index: int, name: str, size: int) -> int:
        """How much of the next `size` characters or rows was sent before."""
        key = index, name
        known = min(size, max(0, self._sent[key] - self._seen[key]))
        self._seen[key] += size
        self._sent[key] = max(self._sent[key], self._seen[key])
        return known


async def _serving() -> Any:
    """The module that knows Ray Serve."""
    return await asyncio.to_thread(import_module, "serve.oracle.deployment")


def _status(reports: Mapping[str, Json], aliases: Mapping[str, Json | None], found: Processes) -> Json:
    fresh = [report for report in reports.values() if time.time() - report["at"] < FRESH_S]
    loaded: dict[str, Json] = {}
    for report in fresh:
        for row in report["loaded"]:
            known = loaded.get(row["checkpoint_id"])
            # Of one that several processes hold, the numbers of all.
            sums = {name: row[name] + known[name] for name in ("rows", "waiting", "tokens")} if known else {}
            loaded[row["checkpoint_id"]] = {**row, **sums}
    loading = [each for report in fresh for each in report["loading"]]
    details = [found.failure, *(report["detail"] for report in fresh)]
    running = min(len(fresh), found.running) if found.running else 0
    state = "ready" if running else "waking" if found.starting or found.running else "asleep"
    if running and loading and not loaded:
        state = "loading"
    if found.failure:
        state = "failed"
    return {
        "state": state,
        "detail": next((detail for detail in details if detail), f"loading {', '.join(loading)}" if loading else ""),
        "replicas": running,
        "champion": aliases[CHAMPION],
        "latest": aliases[LATEST],
        "loaded": [*loaded.values()],
        "memory_bytes": sum(report["memory_bytes"] for report in fresh),
        "memory_budget_bytes": sum(report["memory_budget_bytes"] for report in fresh),
        "idle_s": min((report["idle_s"] for report in fresh), default=None),
        "tokens": sum(row["tokens"] for row in loaded.values()),
    }
