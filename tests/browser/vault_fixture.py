"""A double of the vault for tests of its page: 60 checkpoints in three zones, a retention plan, exports, transfers.

`python tests/browser/vault_fixture.py full 8899` serves it for a look. Scenarios: full, empty.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from guild_fixture import GuildDouble, serving
from jobs_fixture import JobsDouble

from realm.errors import ConflictError, NotFoundError, RealmError, RequestError

Json = dict[str, Any]
NOW = datetime(2026, 11, 24, 9, 41, 7, tzinfo=UTC)
CAMPAIGN = "mote-3"
NEWEST_STEP = 127_000
INTERVAL = 2_000
COUNT = 60
CHAMPION_STEP = 125_000
CAP = 50
GB = 1_000_000_000
STRONGHOLDS = {
    "home": ("hot", "~/.realm/checkpoints", "forge", True, 148 * GB, 460 * GB),
    "nas": ("warm", "/mnt/nas/realm", "forge", True, 1_900 * GB, 4_000 * GB),
    "archive": ("cold", "s3://realm-archive", None, False, None, None),
}
POLICIES = {"hot": (150, 7, CAP), "warm": (500, 90, 100), "cold": (None, None, None)}
SORTS = ("saved_at", "step", "exam_accuracy", "val_loss", "train_loss", "size_bytes")


class VaultDouble:
    """The vault's answers from memory. `refusal` is raised by the next write; `calls` is what was written."""

    def __init__(self, scenario: str = "full") -> None:
        self.begin(scenario)

    def begin(self, scenario: str) -> None:
        """Be as new."""
        self.calls: list[tuple[Any, ...]] = []
        self.refusal: RealmError | None = None
        self.champion: str | None = None
        self.exports: list[Json] = []
        self.transfers: list[Json] = []
        self.plan_number = 1
        self.holds_work = False
        """Exports and transfers stay where they are, instead of moving on with each look at them."""
        self.rows: dict[str, Json] = {}
        if scenario == "full":
            for place in range(COUNT):
                row = self._row(place)
                self.rows[row["id"]] = row
            self.champion = next(row["id"] for row in self.rows.values() if row["step"] == CHAMPION_STEP)
        self.pinned = {row["id"]: "in use" for row in self.rows.values() if row["step"] == 119_000}

    def _row(self, place: int) -> Json:
        step = NEWEST_STEP - INTERVAL * place
        rng = Random(step)
        saved = NOW - timedelta(minutes=1 + 7 * place)
        share = step / NEWEST_STEP
        skills = {"bin": 0.18 + 0.64 * share**0.7 + rng.uniform(-0.02, 0.02), "sy": max(0.0, 0.9 * share - 0.28)}
        created = "start" if place == COUNT - 1 else "mastery" if place % 9 == 4 else "interval"
        name = f"checkpoint-{step}-{saved:%Y%m%d-%H%M}"
        return {
            "id": f"{CAMPAIGN}/{name}", "campaign_id": CAMPAIGN, "hero_id": "mote", "step": step,
            "saved_at": saved.isoformat(), "canonical_name": name, "path": f"~/.realm/checkpoints/{CAMPAIGN}/{name}",
            "sha256": f"{rng.getrandbits(256):064x}", "size_bytes": 4_700_000 if place % 10 == 9 else 1_700_000,
            "has_optimizer": place % 10 == 9 or place == 0, "created_by": created,
            "train_loss": 0.31 + 2.1 * math.exp(-4 * share), "val_loss": 0.345 + 2.2 * math.exp(-4.1 * share),
            "perplexity": math.exp(0.345 + 2.2 * math.exp(-4.1 * share)), "learning_rate": 0.002, "epoch": None,
            "quest_id": "q44", "skill_id": "bin" if created == "mastery" else None,
            "skill_level": 14 if created == "mastery" else None,
            "tokens_seen": 1_800 * step, "examples_seen": 32 * step,
            "parent_id": None, "versions": {"torch": "2.13.0", "transformers": "5.23.0", "ray": "2.60.0"},
            "mastered_levels": {"bin": round(14 * share), "sy": round(3 * share)},
            "exam_accuracy": None if place == 2 else sum(skills.values()) / 2 + (0.04 if step == CHAMPION_STEP else 0),
            "exam_version": "bin-4+sy-2", "exam_skills": {} if place == 2 else skills,
            "promoted_at": None, "trashed_at": None, "trashed_by": None,
        }  # fmt: skip

    def shown(self, row: Json) -> Json:
        """A row as the vault answers it."""
        place = (NEWEST_STEP - row["step"]) // INTERVAL
        holders = ["home"] if place < 56 else []
        holders += ["nas"] if place in (5, 17, 56, 57) else []
        holders += ["archive"] if place >= 58 else []
        because = [
            word
            for word, true in (
                ("champion", row["id"] == self.champion),
                ("latest", row["id"] == next(iter(self.rows), None)),
                ("promoted", row["promoted_at"] is not None),
                ("in use", row["id"] in self.pinned),
                ("start", row["created_by"] == "start"),
            )
            if true
        ]
        kept = bool(because)
        because += ["mastery"] if row["created_by"] == "mastery" else []
        return {
            **row,
            "protected_because": because,
            "protection": "protected" if kept else "guarded" if because else "expendable",
            "zones": list(dict.fromkeys(STRONGHOLDS[each][0] for each in holders)),
            "uri": row["path"],
            "locations": [
                {"stronghold": each, "zone": STRONGHOLDS[each][0], "node": STRONGHOLDS[each][2],
                 "uri": f"{STRONGHOLDS[each][1]}/{row['canonical_name']}", "size_bytes": row["size_bytes"],
                 "verified_at": row["saved_at"]}
                for each in holders
            ],
        }  # fmt: skip

    def get(self, name: str) -> Json:
        for row in self.rows.values():
            if name in (row["id"], row["canonical_name"]):
                return row
        raise NotFoundError(f"Checkpoint {name!r} does not exist.", "realm vault list shows them.")

    def listed(self, trashed: bool, zone: str | None, skill: str | None, created_by: str | None, q: str) -> list[Json]:
        found = [self.shown(row) for row in self.rows.values() if (row["trashed_at"] is not None) == trashed]
        return [
            row
            for row in found
            if (zone is None or zone in row["zones"])
            and (skill is None or row["skill_id"] == skill)
            and (created_by is None or row["created_by"] == created_by)
            and q in row["id"]
        ]

    def write(self, *call: Any) -> None:
        self.calls.append(call)
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal

    def delete_plan(self, ids: list[str]) -> Json:
        rows = [self.shown(self.get(each)) for each in ids]
        free = [row for row in rows if row["protection"] != "protected"]
        refused = [
            {"id": row["id"], "reason": f"It is protected: {', '.join(row['protected_because'])}."}
            for row in rows
            if row["protection"] == "protected"
        ]
        alone = free[0] if len(free) == 1 else None
        words = f"delete {len(free)} checkpoints"
        if alone:
            words = alone["canonical_name"] if alone["protection"] == "guarded" else ""
        return {"checkpoints": free, "bytes_freed": sum(row["size_bytes"] for row in free), "refused": refused,
                "confirmation": words, "restorable_days": 7.0}  # fmt: skip

    def plan(self) -> Json:
        surplus = [row for row in self.listed(False, "hot", None, None, "") if row["protection"] != "protected"][CAP:]
        drop = [
            {"checkpoint_id": row["id"], "step": row["step"], "size_bytes": row["size_bytes"],
             "reason": "one a day"}
            for row in surplus
        ]  # fmt: skip
        hot = {"zone": "hot", "drop": drop, "bytes_freed": sum(each["size_bytes"] for each in drop), "kept": 50,
               "protected_bytes": 8_500_000, "max_bytes": 150 * GB, "over_by_protection": 0, "notes": []}  # fmt: skip
        return {"plan_id": f"plan-{self.plan_number}", "zones": [hot]}

    def zones(self) -> list[Json]:
        answers: list[Json] = []
        for zone, (max_gb, max_age, keep) in POLICIES.items():
            rows = self.listed(False, zone, None, None, "")
            kept = [row for row in rows if row["protection"] == "protected"]
            answers.append({
                "id": zone, "policy": {"max_gb": max_gb, "max_age_days": max_age, "keep_newest": keep},
                "strongholds": [
                    {"id": each, "uri": uri, "node": node, "reachable": reachable, "free_bytes": free,
                     "total_bytes": total, "detail": "" if reachable else "no answer from the bucket for 5 s"}
                    for each, (where, uri, node, reachable, free, total) in STRONGHOLDS.items()
                    if where == zone
                ],
                "count": len(rows), "bytes": sum(row["size_bytes"] for row in rows), "protected_count": len(kept),
                "protected_bytes": sum(row["size_bytes"] for row in kept),
                "over_count": max(0, len(rows) - len(kept) - keep) if keep else 0,
            })  # fmt: skip
        return answers

    def advance(self, work: list[Json]) -> None:
        for row in work:
            if not self.holds_work and row["state"] in ("pending", "running"):
                row["state"] = "running"
                row["bytes_done"] = min(row["bytes_total"], row["bytes_done"] + row["bytes_total"] // 3)
                if row["bytes_done"] >= row["bytes_total"] - 2:
                    row |= {"state": "completed", "finished_at": NOW.isoformat(), "bytes_done": row["bytes_total"]}
                    if "path" in row:
                        row["path"] = f"~/.realm/exports/{row['checkpoint_id'].split('/')[-1]}"

    def cancelled(self, work: list[Json], key: str) -> Json:
        row = next((each for each in work if each["id"] == key), None)
        if row is None:
            raise NotFoundError(f"{key!r} does not exist.")
        self.write("cancel", key)
        row |= {"state": "cancelled", "finished_at": NOW.isoformat()}
        return row

    def router(self) -> APIRouter:
        api = APIRouter(prefix="/api")
        add_reads(api, self)
        add_writes(api, self)
        add_work(api, self)
        return api


def paged(name: str, rows: list[Json], limit: int, offset: int) -> Json:
    return {name: rows[offset : offset + limit], "total": len(rows), "limit": limit, "offset": offset}


def add_reads(api: APIRouter, vault: VaultDouble) -> None:
    @api.get("/checkpoints")
    async def checkpoints(
        sort: str = "saved_at",
        order: str = "desc",
        zone: str | None = None,
        skill: str | None = None,
        created_by: str | None = None,
        trashed: bool = False,
        q: str = "",
        limit: Annotated[int, Query(ge=1)] = 50,
        offset: int = 0,
    ) -> Json:
        if sort not in SORTS and not sort.startswith("skill:"):
            raise RequestError(f"Checkpoints cannot be sorted by {sort!r}.", f"Known: {', '.join(SORTS)}, skill:ID.")
        rows = vault.listed(trashed, zone, skill, created_by, q)
        down = order == "desc"

        def key(row: Json) -> Any:
            return row["exam_skills"].get(sort.removeprefix("skill:")) if sort.startswith("skill:") else row[sort]

        known = sorted((row for row in rows if key(row) is not None), key=key, reverse=down)
        return paged("checkpoints", known + [row for row in rows if key(row) is None], limit, offset)

    @api.get("/zones")
    async def zones() -> Json:
        return {"zones": vault.zones()}

    @api.get("/retention/plan")
    async def plan() -> Json:
        return vault.plan()

    @api.get("/evaluations")
    async def evaluations(checkpoint: str) -> Json:
        step = vault.get(checkpoint)["step"]
        rows = [
            {"id": number, "campaign_id": CAMPAIGN, "skill_id": skill, "level": level, "step": step, "n": 125,
             "correct": correct, "accuracy": correct / 125, "low": correct / 125 - 0.07, "high": correct / 125 + 0.05,
             "seed": 7, "fold": 3, "job_id": f"job-{number}", "created_at": NOW.isoformat(),
             "checkpoint_id": checkpoint, "battle_id": None, "duration_s": 0.4}
            for number, (skill, level, correct) in enumerate((("bin", 15, 96), ("bin", 14, 112), ("sy", 4, 70)), 1)
        ]  # fmt: skip
        return {"evaluations": rows, "total": len(rows), "limit": 50, "offset": 0}

    @api.get("/checkpoints/{name:path}")
    async def checkpoint(name: str) -> Json:
        row = vault.get(name)
        older = [each for each in vault.rows.values() if each["step"] < row["step"]]
        newer = [each for each in vault.rows.values() if each["step"] > row["step"]]
        brief = ("id", "step", "saved_at", "created_by")
        uses = [{"holder": "oracle", "expires_at": NOW.isoformat()}] if row["id"] in vault.pinned else []
        return {
            **vault.shown(row),
            "lineage": [{field: each[field] for field in brief} for each in older],
            "children": [{field: each[field] for field in brief} for each in newer[-1:]],
            "uses": uses,
        }


def add_writes(api: APIRouter, vault: VaultDouble) -> None:
    @api.post("/checkpoints/delete-plan")
    async def delete_plan(ids: Annotated[list[str], Body(embed=True)]) -> Json:
        return vault.delete_plan(ids)

    @api.post("/checkpoints/delete")
    async def delete(ids: Annotated[list[str], Body()], confirmation: Annotated[str | None, Body()] = None) -> Json:
        plan = vault.delete_plan(ids)
        vault.write("delete", tuple(ids), confirmation)
        if plan["confirmation"] and confirmation != plan["confirmation"]:
            raise RequestError(
                f"The confirmation {confirmation!r} is not {plan['confirmation']!r}.", "Type it as it is."
            )
        for row in plan["checkpoints"]:
            vault.rows[row["id"]] |= {"trashed_at": NOW.isoformat(), "trashed_by": "person"}
        trashed = [row["id"] for row in plan["checkpoints"]]
        return {"trashed": trashed, "bytes_freed": plan["bytes_freed"], "refused": plan["refused"]}

    @api.post("/checkpoints/{name:path}/promote")
    async def promote(name: str) -> Json:
        vault.write("promote", name)
        before = vault.rows.get(vault.champion or "")
        row = vault.get(name)
        row["promoted_at"] = NOW.isoformat()
        vault.champion = row["id"]
        return {"before": before and vault.shown(before), "after": vault.shown(row)}

    @api.post("/checkpoints/{name:path}/verify")
    async def verify(name: str) -> Json:
        vault.write("verify", name)
        found = vault.shown(vault.get(name))
        rows = [{"stronghold": each["stronghold"], "ok": True, "detail": ""} for each in found["locations"]]
        return {"checkpoint_id": found["id"], "ok": True, "locations": rows}

    @api.post("/checkpoints/{name:path}/restore")
    async def restore(name: str) -> Json:
        vault.write("restore", name)
        row = vault.get(name)
        row |= {"trashed_at": None, "trashed_by": None}
        return vault.shown(row)

    @api.post("/retention/apply")
    async def apply(plan_id: Annotated[str, Body(embed=True)]) -> Json:
        vault.write("apply", plan_id)
        plan = vault.plan()
        if plan_id != plan["plan_id"]:
            raise ConflictError(f"Plan {plan_id} no longer holds.", "Look at the new plan and apply that.")
        dropped = [each["checkpoint_id"] for each in plan["zones"][0]["drop"]]
        for each in dropped:
            vault.rows[each] |= {"trashed_at": NOW.isoformat(), "trashed_by": "retention"}
        vault.plan_number += 1
        return {"dropped": len(dropped), "bytes_freed": plan["zones"][0]["bytes_freed"]}


def add_work(api: APIRouter, vault: VaultDouble) -> None:
    @api.post("/checkpoints/{name:path}/export")
    async def export(name: str, format: Annotated[str, Body(embed=True)] = "folder") -> Json:
        vault.write("export", name, format)
        row = vault.get(name)
        began: Json = {
            "id": f"export-{len(vault.exports) + 1}", "checkpoint_id": row["id"], "format": format, "state": "running",
            "bytes_done": 0, "bytes_total": row["size_bytes"], "path": None, "error": None,
            "created_at": NOW.isoformat(), "finished_at": None,
        }  # fmt: skip
        vault.exports.insert(0, began)
        return began

    @api.get("/exports")
    async def exports() -> Json:
        vault.advance(vault.exports)
        return paged("exports", vault.exports, 50, 0)

    @api.post("/exports/{key}/cancel")
    async def cancel_export(key: str) -> Json:
        return vault.cancelled(vault.exports, key)

    @api.post("/transfer")
    async def transfer(asset_id: Annotated[str, Body()], target: Annotated[str, Body()]) -> Json:
        vault.write("transfer", asset_id, target)
        began: Json = {
            "id": f"transfer-{len(vault.transfers) + 1}", "asset_id": asset_id, "source": "home", "target": target,
            "state": "pending", "bytes_done": 0, "bytes_total": vault.get(asset_id)["size_bytes"],
            "created_at": NOW.isoformat(), "updated_at": NOW.isoformat(), "finished_at": None, "error": None,
        }  # fmt: skip
        vault.transfers.insert(0, began)
        return began

    @api.get("/transfers")
    async def transfers() -> Json:
        vault.advance(vault.transfers)
        return paged("transfers", vault.transfers, 50, 0)

    @api.post("/transfers/{key}/cancel")
    async def cancel_transfer(key: str) -> Json:
        return vault.cancelled(vault.transfers, key)


class RealmDouble(GuildDouble):
    """The rest of the realm, whose champion is the vault's."""

    def __init__(self, vault: VaultDouble, scenario: str) -> None:
        super().__init__(scenario)
        self.vault = vault

    async def state(self) -> Json:
        row = self.vault.rows.get(self.vault.champion or "")
        champion = row and {"id": row["id"], "name": row["canonical_name"], "step": row["step"],
                            "exam_accuracy": row["exam_accuracy"], "skills": row["exam_skills"]}  # fmt: skip
        return await super().state() | {"champion": champion}


@contextmanager
def serving_vault(scenario: str, port: int = 0) -> Iterator[tuple[VaultDouble, JobsDouble, str]]:
    """The Tavern over doubles of the vault and the job system, which can begin another scenario while it serves."""
    vault, jobs = VaultDouble(scenario), JobsDouble(scenario)
    guild = RealmDouble(vault, "busy")
    with serving(guild, port, routers=(vault.router(), jobs.router())) as url:
        yield vault, jobs, url


if __name__ == "__main__":
    with serving_vault(sys.argv[1], int(sys.argv[2])) as (_, _, url):
        print(url, flush=True)
        threading.Event().wait()
