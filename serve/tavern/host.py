"""The Tavern over the realm's actors. Every method asks the actor that the CLI asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import realm
from actors.web_host import Site
from realm.config import RealmConfig
from realm.errors import NotFoundError
from realm.home import RealmHome
from serve.api_app import api_routers
from serve.asking import ask
from serve.oracle.sites import tavern_routers
from serve.realm_backend import realm_backends
from serve.security import who_may_ask
from serve.tavern.app import create_app

POST_S = 24 * 3600.0
"""Every line of a file is read before it is queued."""
ACTIONS = ("pause", "resume", "stop")
CAMPAIGN_ACTIONS = {
    "activate": ("activate",),
    "pause": ("leave", "paused"),
    "archive": ("leave", "archived"),
    "restore": ("restore",),
    "delete": ("trash",),
}
"""What CampaignDirector is asked for each."""
JOB_FIELDS = ("type", "skill_id", "status", "result", "error", "cancel_reason")
Json = dict[str, Any]


class RealmBackend:
    """`TavernBackend` over QuestBoard, Arena, Herald, CampaignDirector, SkillEngine and TaskMaster."""

    def __init__(self, upload_limit_bytes: int) -> None:
        self.upload_limit_bytes = upload_limit_bytes

    async def state(self) -> Json:
        return await ask("herald", "snapshot")

    async def loss(self, after: int) -> Json:
        return await ask("herald", "loss", after)

    async def battle(self, action: str) -> Json:
        if action not in ACTIONS:
            raise NotFoundError(f"No battle action {action!r}.", f"Known: {', '.join(ACTIONS)}.")
        return await ask("arena", action)

    async def quests(self, statuses: list[str], limit: int, offset: int) -> Json:
        return await ask("quest_board", "list", statuses, limit, offset)

    async def inspect(self, path: Path, name: str) -> Json:
        return await ask("quest_board", "inspect", str(path), name)

    async def post(self, path: Path, name: str, priority: str, intake_id: str) -> Json:
        return await ask("quest_board", "post", str(path), name, priority, intake_id, answer_s=POST_S)

    async def intake(self, intake_id: str) -> Json:
        return await ask("quest_board", "intake", intake_id)

    async def cancel_intake(self, intake_id: str) -> None:
        await ask("quest_board", "cancel_intake", intake_id)

    async def cancel(self, quest_id: str) -> Json:
        return await ask("quest_board", "cancel", quest_id)

    async def retry(self, quest_id: str) -> Json:
        return await ask("quest_board", "retry", quest_id)

    async def set_priority(self, quest_id: str, priority: str) -> Json:
        return await ask("quest_board", "set_priority", quest_id, priority)

    async def move(self, quest_id: str, before_id: str | None) -> Json:
        return await ask("quest_board", "move", quest_id, before_id)

    async def events(self, before: int | None, limit: int) -> list[Json]:
        return await ask("herald", "events", before, limit)

    async def notices(self, after: int, limit: int) -> Json:
        return await ask("herald", "notices", after, limit)

    async def honours(self, campaign_id: str | None = None) -> list[Json]:
        return await ask("herald", "honours", campaign_id)

    async def campaigns(self) -> Json:
        return await ask("campaign_director", "overview")

    async def campaign(self, campaign_id: str) -> Json:
        row = await ask("campaign_director", "show", campaign_id)
        return {**row, **await ask("herald", "campaign_record", campaign_id)}

    async def compare_campaigns(self, campaign_ids: list[str]) -> list[Json]:
        return await ask("campaign_director", "compare", campaign_ids)

    async def begin_campaign(self, hero_id: str | None, starting_checkpoint: str | None, note: str) -> Json:
        return await ask("campaign_director", "begin", hero_id, starting_checkpoint, note)

    async def change_campaign(self, campaign_id: str, action: str) -> Json:
        method, *arguments = CAMPAIGN_ACTIONS[action]
        return await ask("campaign_director", method, campaign_id, *arguments)

    async def reopen_campaign(self, campaign_id: str, skill_id: str | None) -> Json:
        return await ask("campaign_director", "reopen", campaign_id, skill_id)

    async def note_milestone(self, campaign_id: str, key: str | None, title: str, note: str | None) -> Json:
        return await ask("campaign_director", "note", campaign_id, key, title, note)

    async def visit(self) -> Json:
        return await ask("herald", "visit")

    async def away(self, since: str | None) -> Json:
        return await ask("herald", "away", since)

    async def dismiss_away(self, visit: int) -> Json:
        return await ask("herald", "dismiss_away", visit)

    async def guild(self) -> Json:
        return await ask("skill_engine", "guild")

    async def guild_skill(self, skill_id: str, level: int | None) -> Json:
        return await ask("skill_engine", "guild_skill", skill_id, level)

    async def set_strategy(self, strategy: str, focus: str | None) -> Json:
        return await ask("skill_engine", "set_strategy", strategy, focus)

    async def set_preset(self, preset: str) -> Json:
        return await ask("skill_engine", "set_preset", preset)

    async def set_skill(self, skill_id: str, enabled: bool | None, priority: int | None) -> Json:
        return await ask("skill_engine", "set_skill", skill_id, enabled, priority)

    async def evaluate(self, skill_id: str, level: int | None) -> Json:
        return await ask("skill_engine", "request_evaluation", skill_id, level)

    async def spar(self, skill_id: str, count: int) -> Json:
        return await ask("skill_engine", "request_sparring", skill_id, count)

    async def run_passives(self, mode: str) -> Json:
        return await ask("skill_engine", "request_passives", mode)

    async def job(self, job_id: str) -> Json:
        job = await ask("task_master", "show", job_id)
        return {"job_id": job["id"]} | {name: job[name] for name in JOB_FIELDS}

    async def cancel_job(self, job_id: str) -> Json:
        await ask("task_master", "cancel", job_id, "cancelled on the Guild page")
        return await self.job(job_id)


def build_sites(home: RealmHome, config: RealmConfig) -> list[Site]:
    """The Tavern as its host serves it."""
    web = config.web
    uploads = home.root / "uploads"
    uploads.mkdir(exist_ok=True)
    backends = realm_backends(home)
    app = create_app(
        RealmBackend(web.upload_max_mb * 1_000_000),
        version=realm.__version__,
        upload_folder=uploads,
        routers=[*api_routers(backends), *tavern_routers(home, config, backends.keys)],
        **who_may_ask(web, web.tavern_port),
    )
    return [Site("tavern", app, web.host, web.tavern_port)]
