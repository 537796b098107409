"""The vault's books and folders together: a lost database, damaged and missing files, zones with copies in several
strongholds, trash. All strongholds are folders of this host, so that no Ray is needed."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from store_helpers import CAMPAIGN, make_checkpoint

from actors.service import now
from actors.vault_retention import VaultRetention
from realm.errors import ConflictError, NotFoundError, RequestError
from realm.rules.checkpoint import CreatedBy, canonical_name
from realm.rules.stronghold import Location
from realm.store.database import Database
from realm.vault.folders import STATE, WEIGHTS, sha256_of
from realm.vault.sidecar import LEDGER


class Shelves:
    """A realm's home with a warm stronghold `nas`."""

    def __init__(self, root: Path, **vault) -> None:
        self.root = root
        self.nas = root.parent / "nas"
        self.nas.mkdir(exist_ok=True)
        strongholds = {"nas": {"zone": "warm", "uri": str(self.nas)}}
        root.mkdir(exist_ok=True)
        (root / "realm.yaml").write_text(yaml.safe_dump({"vault": {"strongholds": strongholds, **vault}}))
        self.open()

    def open(self):
        database = Database.open(self.root / "realm.db")
        database.create()
        database.close()
        self.keeper = VaultRetention(str(self.root))
        self.keeper.home.create()
        self.keeper.campaigns.ensure_campaign("mote", "v1", now())
        self.store = self.keeper.checkpoints

    def save(self, step, age_h=0, accuracy=None, **more):
        saved_at = now() - timedelta(hours=age_h)
        folder = self.keeper.home.checkpoints / CAMPAIGN / canonical_name(step, saved_at)
        (folder / STATE).mkdir(parents=True)
        (folder / WEIGHTS).write_bytes(os.urandom(1000))
        record = make_checkpoint(
            step, saved_at=saved_at, sha=sha256_of(folder / WEIGHTS), path=str(folder), size_bytes=1000, **more
        )
        found = self.store.record(record, now()).checkpoint
        if accuracy is not None:
            found = self.store.set_exam(found.id, accuracy, {"bin": accuracy}, "v1")
            self.keeper.campaigns.move_champion(CAMPAIGN, found.id, accuracy, "v1", now())
        self.keeper.write_sidecar(found)
        self.keeper.link(CAMPAIGN)
        return found

    def copy(self, checkpoint):
        """A verified copy of it in the stronghold."""
        target = self.nas / checkpoint.id
        shutil.copytree(checkpoint.path, target)
        files = {name: sha256_of(target / name) for name in (WEIGHTS, LEDGER)}
        self.keeper.locations.add(Location(checkpoint.id, "nas", checkpoint.id, 1000, now(), now(), files))
        return target

    def lose_database(self):
        self.keeper.database.close()
        for file in self.root.glob("realm.db*"):
            file.unlink()
        self.open()


@pytest.fixture
def shelves(tmp_path):
    found = Shelves(tmp_path / "home")
    yield found
    found.keeper.database.close()


def test_a_lost_database_is_rebuilt_from_the_sidecars(shelves):
    saved = [shelves.save(step, 10 - step, accuracy=step / 10) for step in (1, 2, 3)]
    promoted = shelves.keeper.campaigns.promote(saved[0].id, now())[1]
    shelves.keeper.write_sidecar(shelves.store.get(saved[0].id))
    shelves.copy(saved[1])
    shutil.rmtree(saved[1].path)
    other = make_checkpoint(9, campaign_id="dio-4", hero_id="dio", id="dio-4/checkpoint-9-20260101-1200")
    folder = shelves.keeper.home.checkpoints / other.id
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(b"dio")
    other = make_checkpoint(
        9, campaign_id="dio-4", hero_id="dio", id=other.id, sha=sha256_of(folder / WEIGHTS), path=str(folder)
    )
    shelves.keeper.write_sidecar(other)

    shelves.lose_database()
    assert shelves.store.sizes().live == 0
    assert shelves.keeper.rebuild() == {"found": 4, "adopted": 4, "unreadable": []}
    page = shelves.store.page(CAMPAIGN)
    assert [(each.id, each.exam_accuracy) for each in page] == [(each.id, each.exam_accuracy) for each in saved[::-1]]
    assert [bool(each.path) for each in page] == [True, False, True]
    assert [copy.stronghold for copy in shelves.keeper.locations.of(saved[1].id)] == ["nas"]
    assert shelves.keeper.campaigns.get(CAMPAIGN).champion_id == promoted.champion_id
    assert shelves.keeper.campaigns.get("dio-4").life == "paused"
    assert shelves.store.best(CAMPAIGN, "skill:bin").step == 3
    assert shelves.keeper.rebuild() == {"found": 4, "adopted": 0, "unreadable": []}


def test_a_scan_enters_nothing_that_is_not_what_its_sidecar_says(shelves):
    good, flipped, alone, nonsense = (shelves.save(step) for step in (1, 2, 3, 4))
    data = bytearray((Path(flipped.path) / WEIGHTS).read_bytes())
    data[500] ^= 1
    (Path(flipped.path) / WEIGHTS).write_bytes(data)
    (Path(alone.path) / LEDGER).unlink()
    (Path(nonsense.path) / LEDGER).write_text("{}")
    (shelves.nas / ".staging" / "x").mkdir(parents=True)
    shutil.copy(Path(good.path) / LEDGER, shelves.nas / ".staging" / "x" / LEDGER)
    shelves.lose_database()
    found = shelves.keeper.rebuild("home")
    assert (found["found"], found["adopted"]) == (4, 1)
    reasons = {each["path"].rsplit("/")[-1].split("-")[1]: each["reason"] for each in found["unreadable"]}
    assert "has sha256" in reasons["2"]
    assert reasons["3"] == "ledger.json is missing"
    assert "is no checkpoint's record" in reasons["4"]
    assert shelves.keeper.rebuild("nas") == {"found": 0, "adopted": 0, "unreadable": []}
    with pytest.raises(NotFoundError, match="no stronghold 'attic'"):
        shelves.keeper.rebuild("attic")


def test_verify_names_the_copy_that_is_damaged(shelves):
    checkpoint = shelves.save(1)
    target = shelves.copy(checkpoint)
    assert shelves.keeper.verify(checkpoint.id)["ok"]
    (Path(checkpoint.path) / LEDGER).unlink()
    (target / WEIGHTS).unlink()
    told = shelves.keeper.verify(checkpoint.id)
    assert not told["ok"]
    assert [each["detail"] for each in told["locations"]] == ["ledger.json is missing", "model.safetensors missing"]


def test_what_has_a_copy_elsewhere_only_leaves_home(tmp_path):
    shelves = Shelves(tmp_path / "home", zones={"hot": {"keep_newest": 0}})
    noon = now().replace(hour=12) - timedelta(days=2)  # of one day, as the newest of each day stays
    saved = [shelves.save(step, (now() - noon) / timedelta(hours=1) - step) for step in range(1, 7)]
    target = shelves.copy(saved[0])
    plan = shelves.keeper.retention_plan("hot")
    dropped = [each["checkpoint_id"] for each in plan["zones"][0]["drop"]]
    assert dropped[0] == saved[0].id
    assert saved[-1].id not in dropped
    done = shelves.keeper.retention_apply(plan["plan_id"], "hot")
    assert done == {"dropped": len(dropped), "bytes_freed": 1000 * len(dropped)}
    kept = shelves.store.get(saved[0].id)
    assert (kept.path, Path(saved[0].path).exists(), target.is_dir()) == ("", False, True)
    row = shelves.keeper.row(kept)
    assert (row["zones"], row["uri"]) == (["warm"], str(target))
    assert {each.id for each in shelves.store.page(CAMPAIGN, trashed=True)} == set(dropped[1:])
    with pytest.raises(ConflictError, match="does not hold any more"):
        shelves.keeper.retention_apply(plan["plan_id"], "hot")
    shelves.keeper.database.close()


def test_what_is_deleted_can_be_restored_until_its_days_are_over(shelves):
    doomed, latest = shelves.save(1, 5, created_by=CreatedBy.MASTERY, skill_id="bin"), shelves.save(2)
    target = shelves.copy(doomed)
    plan = shelves.keeper.delete_plan([doomed.id, latest.id, "nothing"])
    assert plan["confirmation"] == doomed.canonical_name
    assert (plan["bytes_freed"], plan["restorable_days"]) == (2000, 7.0)
    assert [each["id"] for each in plan["refused"]] == [latest.id, "nothing"]
    with pytest.raises(RequestError, match="is not 'checkpoint-1-"):
        shelves.keeper.delete([doomed.id], "checkpoint-2")
    assert shelves.keeper.delete([doomed.id], doomed.canonical_name)["trashed"] == [doomed.id]
    assert not Path(doomed.path).exists()
    assert shelves.keeper.restore(doomed.canonical_name)["path"] == doomed.path
    shelves.keeper.delete([doomed.id], doomed.canonical_name)
    shelves.keeper.retain(CAMPAIGN)
    assert len(shelves.store.page(CAMPAIGN, trashed=True)) == 1
    config = yaml.safe_load((shelves.root / "realm.yaml").read_text())
    config["vault"]["trash_days"] = 0
    (shelves.root / "realm.yaml").write_text(yaml.safe_dump(config))
    shelves.keeper.retain(CAMPAIGN)
    assert shelves.store.page(CAMPAIGN, trashed=True) == ()
    assert not target.exists()
    assert list((shelves.root / "trash").rglob(WEIGHTS)) == []
    with pytest.raises(NotFoundError):
        shelves.keeper.restore(doomed.id)


def test_zones_tell_what_they_hold_and_what_is_out_of_reach(shelves):
    saved = [shelves.save(step) for step in (1, 2)]
    shelves.copy(saved[0])
    hot, warm, cold = shelves.keeper.zones()
    assert (hot["count"], hot["bytes"], hot["protected_count"]) == (2, 2000, 1)
    assert hot["strongholds"][0]["free_bytes"] > 0
    assert (warm["count"], warm["bytes"], cold["count"]) == (1, 1000, 0)
    listed = shelves.keeper.zone_assets("warm")
    assert [(each["asset_id"], each["kind"]) for each in listed["assets"]] == [(saved[0].id, "checkpoint")]
    config = yaml.safe_load((shelves.root / "realm.yaml").read_text())
    config["vault"]["strongholds"]["nas"]["uri"] = "/not/mounted/nas"
    (shelves.root / "realm.yaml").write_text(yaml.safe_dump(config))
    gone = shelves.keeper.zones()[1]["strongholds"][0]
    assert (gone["reachable"], gone["free_bytes"]) == (False, None)
    assert "/not/mounted/nas is not there" in gone["detail"]


def test_assets_are_registered_only_below_strongholds(shelves):
    (shelves.nas / "data").mkdir()
    (shelves.nas / "data" / "sums.jsonl").write_text("{}")
    (shelves.nas / "data" / "other.jsonl").write_text("[]")
    (shelves.nas / "out").symlink_to(shelves.root)
    made = shelves.keeper.register("dataset", "sums", "nas", "data/sums.jsonl")
    assert (made["id"], made["size_bytes"], made["protection"]) == ("dataset/sums", 2, "expendable")
    assert made["locations"][0]["files"] == {"sums.jsonl": made["sha256"]}
    assert shelves.keeper.register("base_model", "m", "nas", "data")["protection"] == "sacred"
    assert shelves.keeper.assets("dataset")["total"] == 1
    for path in ("../home/realm.yaml", "/etc/passwd", "out/realm.yaml"):
        with pytest.raises(RequestError):
            shelves.keeper.register("dataset", "x", "nas", path)
    for kind, name in (("checkpoint", "x"), ("magic", "x"), ("dataset", "a/b"), ("dataset", "")):
        with pytest.raises(RequestError):
            shelves.keeper.register(kind, name, "nas", "data")
    with pytest.raises(NotFoundError):
        shelves.keeper.register("dataset", "x", "nas", "nothing")
