"""The API's backends over the realm's actors and files, on the head where these are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, cast

from safetensors.numpy import save

import realm
from realm.catalog import hero_spec
from realm.config import load_config
from realm.errors import HeroError, NotFoundError
from realm.home import RealmHome
from realm.rules.campaign import hero_of
from realm.rules.quest import QuestStatus
from realm.store.database import Database
from realm.store.idempotency import IdempotencyStore
from serve.asking import ANSWER_S, ask
from serve.vault_backend import ApiBackends, JobsBackend, Json, VaultBackend

LONG_S = 600.0
LONG = frozenset({"verify", "scan", "register", "delete", "restore", "retention_apply", "import_folder"})
"""Methods of VaultKeeper that read or move whole folders before they answer."""
QUEUE = (QuestStatus.ACTIVE, QuestStatus.QUEUED)
WORKED_WITH = ("torch", "transformers", "numpy")


def realm_backends(home: RealmHome) -> ApiBackends:
    """What the API asks, of the realm of `home`."""
    return ApiBackends(
        vault=cast(VaultBackend, ActorBackend("vault_keeper")),
        jobs=cast(JobsBackend, RealmJobs("task_master")),
        workers=RealmWorkers(home),
        books=RealmBooks(),
        keys=IdempotencyStore(Database.open(home.database)),
    )


class ActorBackend:
    """Every method of an actor, awaited: the protocols name them as the actor does."""

    def __init__(self, actor_name: str) -> None:
        self._actor_name = actor_name

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        answer_s = LONG_S if method in LONG else ANSWER_S

        async def call(*arguments: Any, **named: Any) -> Any:
            return await ask(self._actor_name, method, *arguments, answer_s=answer_s, **named)

        return call


class RealmJobs(ActorBackend):
    """TaskMaster, whose claims take as long as they wait."""

    async def claim_many(
        self,
        worker_id: str,
        roles: Sequence[str],
        limit: int,
        wait_s: float,
        labels: Mapping[str, str] = {},
        gpu_free_mb: int = 0,
    ) -> Sequence[Json]:
        arguments = (worker_id, list(roles), limit, wait_s, dict(labels), gpu_free_mb)
        return await ask("task_master", "claim_many", *arguments, answer_s=wait_s + ANSWER_S)


class RealmWorkers:
    """What VaultKeeper and Arena have for workers outside the cluster."""

    def __init__(self, home: RealmHome) -> None:
        self.home = home

    async def settings(self, hero_id: str | None) -> Json:
        hero = await self._hero(hero_id)
        told: Json = {
            "hero_id": hero,
            "base_model": None,
            "versions": {"realm": realm.__version__} | {name: version(name) for name in WORKED_WITH},
        }
        try:
            files = await self._files(hero)
        except HeroError:
            # A hub name: the worker loads it from the hub itself.
            return told | {"base_model": await ask("vault_keeper", "base_model", hero, answer_s=LONG_S), "files": []}
        return told | {"files": [{"path": name, "size_bytes": len(body)} for name, body in sorted(files.items())]}

    async def hero_file(self, path: str, hero_id: str | None) -> bytes:
        files = await self._files(await self._hero(hero_id))
        if path not in files:
            raise NotFoundError(f"The hero has no file {path!r}.", "/api/worker/settings lists those it has.")
        return files[path]

    async def snapshot(self, battle_id: str, step: int) -> bytes:
        held = await ask("arena", "snapshot", battle_id, step)
        if held is None:
            raise NotFoundError(
                f"The snapshot of step {step} of battle {battle_id} is gone.",
                "Newer ones take its place: release the job, and claim it anew.",
            )
        return save(await asyncio.wait_for(held[0], ANSWER_S), metadata={"format": "pt"})

    async def _hero(self, hero_id: str | None) -> str:
        """The hero that is asked for, else the active campaign's."""
        if hero_id is not None:
            return hero_spec(hero_id).id
        campaign = (await ask("herald", "snapshot"))["campaign"]
        return load_config(self.home).hero.name if campaign is None else hero_of(campaign["id"])

    async def _files(self, hero_id: str) -> dict[str, bytes]:
        return await ask("vault_keeper", "model_files", hero_id, answer_s=LONG_S)


class RealmBooks:
    """What SkillEngine, Herald, Arena and QuestBoard tell."""

    async def evaluations(
        self, campaign_id: str | None, skill: str | None, checkpoint: str | None, limit: int, offset: int
    ) -> Json:
        return await ask("skill_engine", "evaluations", campaign_id, skill, checkpoint, limit, offset)

    async def passives(self) -> Sequence[Json]:
        return await ask("skill_engine", "passives")

    async def events(self, after: int, limit: int) -> Sequence[Json]:
        return await ask("herald", "events_after", after, limit)

    async def training_status(self) -> Json:
        state, battle = await asyncio.gather(ask("herald", "snapshot"), ask("arena", "status"))
        return {
            "campaign": state["campaign"],
            "battle": state["battle"],
            "attempts": battle["attempts"] if battle else [],
            "quests": state["quests"],
        }

    async def training_queue(self, limit: int, offset: int) -> Json:
        return await ask("quest_board", "list", [each.value for each in QUEUE], limit, offset)

    async def training_control(self, action: str) -> Json:
        return await ask("arena", action)
