"""How long the ledger takes to answer with 100,000 checkpoints: pages, bests, filters. No Ray, no weights."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import insert

from benchmarks.report import Row, spread
from realm.rules.checkpoint import CreatedBy, canonical_name, checkpoint_id
from realm.store.campaigns import CampaignStore
from realm.store.checkpoint_pages import SORTS, Wanted
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.locations import LocationStore
from realm.store.tables import checkpoint_skills, checkpoints, locations

LIMIT_MS = 50.0
PAGE = 50
T0 = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 5_000


def measure(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """One row a kind of question; each is asked of a warm database, several times."""
    count, times = (2_000, 1) if quick else (100_000, 5)
    with tempfile.TemporaryDirectory(prefix="realm-ledger-") as folder:
        db = Database.open(Path(folder) / "realm.db")
        db.create()
        campaign = CampaignStore(db).ensure_campaign("mote", "v2", T0).id
        say(f"writing {count:,} checkpoints")
        _fill(db, campaign, count)
        found: list[Row] = []
        for kind, questions in _questions(db, campaign, count).items():
            each = {name: median(_seconds(ask, times)) * 1000 for name, ask in questions.items()}
            slowest = max(each, key=lambda name: each[name])
            say(f"{kind}: slowest is {slowest}, {each[slowest]:.1f} ms")
            found.append(
                Row(
                    f"ledger of {count:,}: {kind}, the slowest of {len(each)}",
                    f"{spread(list(each.values()), 'ms')}; slowest: {slowest}",
                    each[slowest],
                    "ms",
                    times,
                    at_most=LIMIT_MS,
                    details=each,
                )
            )
        db.close()
        return found


def _seconds(ask: Callable[[], Any], times: int) -> list[float]:
    found: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        found.append(time.perf_counter() - began)
    return found


def _questions(db: Database, campaign: str, count: int) -> dict[str, dict[str, Callable[[], Any]]]:
    store, places = CheckpointStore(db), LocationStore(db)
    sorts = (*SORTS, "skill:bin")
    offsets = (0, count // 4, count // 2, count - PAGE)
    filters = {
        "hot": Wanted(campaign, strongholds=("home",)),
        "warm": Wanted(campaign, strongholds=("nas",)),
        "mastery": Wanted(campaign, created_by=CreatedBy.MASTERY),
        "of bin": Wanted(campaign, skill="bin"),
        "named 5999": Wanted(campaign, search="5999"),
        "in the trash": Wanted(campaign, trashed=True),
    }
    plain = Wanted(campaign)

    def pages(wanted: Wanted, at: tuple[int, ...]) -> Iterator[tuple[str, Callable[[], Any]]]:
        for sort in sorts:
            for down in (True, False):
                for offset in at:
                    name = f"{sort} {'down' if down else 'up'} from {offset}"
                    yield name, lambda s=sort, d=down, o=offset: store.ledger(wanted, s, d, PAGE, o)

    filtered = {f"{label}, {name}": ask for label, wanted in filters.items() for name, ask in pages(wanted, (0, 1_000))}
    metrics = ("exam_accuracy", "skill:bin", "val_loss", "perplexity", "train_loss")
    middle = store.ledger(plain, "step", True, 1, count // 2).checkpoints[0]
    single = {
        "by id": lambda: store.get(middle.id),
        "by step": lambda: store.get(f"checkpoint-{middle.step}"),
        "newest": lambda: store.newest(campaign, True),
        "lineage": lambda: store.lineage(middle.id),
        "ranks": lambda: store.anchors(T0, campaign_id=campaign),
        "number at home": lambda: places.count_at_home(campaign),
    }
    return {
        "page, any order and offset": dict(pages(plain, offsets)),
        "filtered page": filtered,
        "best by a metric": {metric: lambda m=metric: store.best(campaign, m) for metric in metrics},
        "one checkpoint": single,
    }


def _fill(db: Database, campaign: str, count: int) -> None:
    rng = random.Random(17)
    for begin in range(0, count, BATCH):
        rows = [_checkpoint(rng, campaign, i) for i in range(begin, min(begin + BATCH, count))]
        skills = [
            {"checkpoint_id": row["id"], "campaign_id": campaign, "step": row["step"], "skill_id": skill,
             "exam_version": row["exam_version"], "accuracy": accuracy}
            for row in rows for skill, accuracy in row["exam_skills"].items()
        ]  # fmt: skip
        copies = [
            {"asset_id": row["id"], "stronghold": "nas", "path": row["id"], "size_bytes": row["size_bytes"],
             "stored_at": row["saved_at"], "verified_at": row["saved_at"], "files": {}}
            for row in rows[::2]
        ]  # fmt: skip
        with db.write() as connection:
            connection.execute(insert(checkpoints), rows)
            connection.execute(insert(checkpoint_skills), skills)
            connection.execute(insert(locations), copies)


def _checkpoint(rng: random.Random, campaign: str, i: int) -> dict[str, Any]:
    """A row like a real one: half are examined, in two versions of the exam; one in twenty is in the trash."""
    step, saved_at = i * 600, T0 + timedelta(minutes=i)
    name = canonical_name(step, saved_at)
    examined = rng.random() < 0.5
    skills = {"bin": rng.randrange(200) / 200, "sy": rng.randrange(200) / 200} if examined else {}
    trashed = rng.random() < 0.05
    return {
        "id": checkpoint_id(campaign, name),
        "campaign_id": campaign,
        "hero_id": "mote",
        "step": step,
        "saved_at": saved_at,
        "canonical_name": name,
        "path": "" if rng.random() < 0.3 else f"/realm/checkpoints/{campaign}/{name}",
        "sha256": f"{rng.getrandbits(256):064x}",
        "size_bytes": rng.randrange(5_000_000, 9_000_000),
        "has_optimizer": rng.random() < 0.5,
        "created_by": rng.choice((*[CreatedBy.INTERVAL] * 6, CreatedBy.MASTERY, CreatedBy.CHAMPION)),
        "train_loss": rng.random(),
        "val_loss": rng.random() if examined else None,
        "perplexity": 1 + rng.random(),
        "learning_rate": 0.002,
        "epoch": 0.5,
        "quest_id": f"{rng.getrandbits(256):064x}",
        "skill_id": rng.choice(("bin", "sy", None)),
        "skill_level": rng.randrange(20),
        "tokens_seen": i * 100_000,
        "examples_seen": i * 1_000,
        "parent_id": checkpoint_id(campaign, canonical_name(step - 600, saved_at - timedelta(minutes=1))),
        "versions": {"torch": "2.13.0", "transformers": "5.23.0", "ray": "2.60.0"},
        "mastered_levels": {"bin": rng.randrange(20), "sy": 1},
        "exam_accuracy": sum(skills.values()) / 2 if examined else None,
        "exam_version": rng.choice(("v1", "v2")) if examined else None,
        "exam_skills": skills,
        "promoted_at": None,
        "trashed_at": saved_at if trashed else None,
        "trashed_by": "retention" if trashed else None,
    }
