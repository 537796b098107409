"""A realm's books in a temporary folder with one real checkpoint, and the part of VaultKeeper that exports it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from actors.rows import row_of
from actors.vault_exports import VaultExports
from realm.home import RealmHome
from realm.models.importing import check_model_folder
from realm.rules.checkpoint import Checkpoint, CreatedBy, canonical_name, checkpoint_id
from realm.rules.passives import PassiveMode, PassiveResult
from realm.rules.progression import Evaluation, Exam, LevelRule
from realm.store.assets import AssetStore
from realm.store.battles import BattleStore
from realm.store.campaigns import CampaignStore
from realm.store.checkpoints import CheckpointStore
from realm.store.database import Database
from realm.store.passives import PassiveStore
from realm.store.quests import QuestStore
from realm.store.skills import SkillStore
from realm.vault.exporter import Export
from realm.vault.folders import STATE, WEIGHTS, sha256_of

T0 = datetime(2026, 1, 31, 11, 45, tzinfo=UTC)
CAMPAIGN = "mote-1"
STEP = 1200


class Keeper(VaultExports):
    """VaultKeeper's exports and imports without its peers: checks run in this process, records go to the store."""

    def __init__(self, home: RealmHome, base: Path) -> None:
        super().__init__(str(home.root))
        self.checkpoints = CheckpointStore(self.database)
        self.asset_books = AssetStore(self.database)
        self.base = base

    def base_model(self, hero_id: str) -> str:
        return str(self.base)

    @contextmanager
    def held(self, checkpoint: Checkpoint, holder: str) -> Iterator[Path]:
        yield Path(checkpoint.path)

    def check_model(self, folder: Path) -> dict[str, Any]:
        return check_model_folder(str(folder))

    def record(self, entry: dict[str, Any]) -> dict[str, Any]:
        folder = Path(entry["path"])
        saved = {
            **entry,
            "saved_at": datetime.fromisoformat(entry["saved_at"]),
            "created_by": CreatedBy(entry["created_by"]),
            "id": checkpoint_id(entry["campaign_id"], folder.name),
            "canonical_name": folder.name,
            "has_optimizer": False,
        }
        return row_of(self.checkpoints.record(Checkpoint(**saved), saved["saved_at"]).checkpoint)

    def wait(self, export_id: str) -> dict[str, Any]:
        """The export's row once it has ended."""
        return row_of(wait_ended(self.exporter.get, export_id))


def wait_ended(get: Callable[[str], Export], export_id: str, timeout: float = 30.0) -> Export:
    """The export once it has ended."""
    deadline = time.monotonic() + timeout
    while not (found := get(export_id)).state.terminal:
        assert time.monotonic() < deadline, found
        time.sleep(0.005)
    return found


def new_home(root: Path) -> RealmHome:
    """A home with an empty database and MOTE's first campaign."""
    home = RealmHome(root)
    root.mkdir()
    home.create()
    database = Database.open(home.database)
    database.create()
    CampaignStore(database).ensure_campaign("mote", "exam-1", T0)
    database.close()
    return home


def add_checkpoint(home: RealmHome, model: Path, step: int = STEP, **more: Any) -> Checkpoint:
    """A copy of the folder `model` as a checkpoint with a training state, in the ledger."""
    name = canonical_name(step, T0)
    folder = home.checkpoints / CAMPAIGN / name
    shutil.copytree(model, folder)
    (folder / STATE).mkdir()
    (folder / STATE / "state.pt").write_bytes(b"optimizer")
    (folder / "ledger.json").write_text("{}")
    values: dict[str, Any] = {
        "id": checkpoint_id(CAMPAIGN, name),
        "campaign_id": CAMPAIGN,
        "hero_id": "mote",
        "step": step,
        "saved_at": T0,
        "canonical_name": name,
        "path": str(folder),
        "sha256": sha256_of(folder / WEIGHTS),
        "size_bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        "has_optimizer": True,
        "created_by": CreatedBy.INTERVAL,
        "versions": {"torch": "2.13.0"},
        **more,
    }
    database = Database.open(home.database)
    recorded = CheckpointStore(database).record(Checkpoint(**values), T0).checkpoint
    database.close()
    return recorded


def fill_books(home: RealmHome, checkpoint: Checkpoint) -> None:
    """Two quests trained on, evaluations of two skills, an exam and a passive; one quest that came later."""
    database = Database.open(home.database)
    skills, quests, battles = SkillStore(database), QuestStore(database), BattleStore(database)
    battle = battles.create_battle(CAMPAIGN, 0, T0)
    attempt = battles.start_attempt(battle.id, 0, T0).id
    for number, (name, origin) in enumerate((("sums|<b>.jsonl", "user"), ("BIN level 3", "auto"), ("later", "user"))):
        quests.add(
            CAMPAIGN, f"{number:064x}", name, T0, shape="messages", examples=500 + number, size_bytes=9, origin=origin
        )
        claimed = quests.claim(attempt, T0)
        assert claimed is not None
        quests.begin(claimed.id, attempt, number * 600, 600, T0)
        if number < 2:
            quests.finish(claimed.id, attempt, T0, last_step=number * 600 + 600, steps_fought=600, ended_by="exhausted")
    for skill, step, asked in (("bin", STEP, checkpoint.id), ("sy", 900, None)):
        battle_id = None if asked else battle.id
        evaluation = Evaluation(CAMPAIGN, skill, 4, step, 100, 83, 1, 0, f"eval-{skill}", T0, asked, battle_id)
        skills.record_evaluation(evaluation, LevelRule(30))
    levels = {"bin": {1: (4, 4), 2: (4, 3)}}
    exam = Exam(CAMPAIGN, STEP, "exam-1", 0.875, {"bin": 0.875}, 8, "exam", T0, checkpoint.id, None, 0.5, 1.0, levels)
    skills.record_exam(exam)
    CheckpointStore(database).set_exam(checkpoint.id, 0.875, {"bin": 0.875}, "exam-1", 0.5)
    result = PassiveResult(
        CAMPAIGN, "letter_count", 1, PassiveMode.LITE, STEP, 5, 4, "passive", T0 + timedelta(1), checkpoint.id
    )
    PassiveStore(database).record([result])
    database.close()
