"""Whatever the order of saves, promotions, uses, retention and deletions: no protected checkpoint disappears, and the
newest can be loaded. The real store and rules over real folders; no Ray, for nothing here is on another host."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from store_helpers import CAMPAIGN, make_checkpoint

from actors.service import now
from actors.vault_retention import VaultRetention
from realm.errors import ConflictError, NotFoundError, RequestError
from realm.rules.checkpoint import CreatedBy, canonical_name
from realm.rules.protection import guard_of
from realm.store.database import Database
from realm.vault.folders import STATE, WEIGHTS, free_folder, sha256_of

STEPS = st.integers(1, 12)


class Vault(RuleBasedStateMachine):
    """The model is a set: ids that were protected at the last look, with the folder each had."""

    @initialize(keep=st.integers(0, 3), cap_kb=st.sampled_from([0, 3, 30]), trash_mb=st.sampled_from([0, 100]))
    def open(self, keep, cap_kb, trash_mb):
        self.root = Path(tempfile.mkdtemp(prefix="realm-vault-"))
        zones = f"{{hot: {{keep_newest: {keep}, max_gb: {cap_kb / 1e6}, max_age_days: 3}}}}"
        (self.root / "realm.yaml").write_text(f"vault:\n  trash_max_mb: {trash_mb}\n  zones: {zones}\n")
        database = Database.open(self.root / "realm.db")
        database.create()
        database.close()
        self.keeper = VaultRetention(str(self.root))
        self.keeper.home.create()
        self.keeper.campaigns.ensure_campaign("mote", "v1", now())
        self.saved = 0

    def teardown(self):
        if hasattr(self, "keeper"):
            self.keeper.database.close()
            shutil.rmtree(self.root, ignore_errors=True)

    @rule(step=STEPS, why=st.sampled_from(list(CreatedBy)), optimizer=st.booleans(), age=st.integers(0, 200))
    def save(self, step, why, optimizer, age):
        self.saved += 1
        saved_at = now() - timedelta(hours=age)
        folder = free_folder(self.keeper.home.checkpoints / CAMPAIGN / canonical_name(step, saved_at))
        (folder / STATE).mkdir(parents=True) if optimizer else folder.mkdir(parents=True)
        (folder / WEIGHTS).write_bytes(f"{self.saved}".encode() * 300)
        found = self.keeper.checkpoints.record(
            make_checkpoint(
                step, saved_at=saved_at, sha=sha256_of(folder / WEIGHTS), has_optimizer=optimizer, created_by=why,
                id=f"{CAMPAIGN}/{folder.name}", canonical_name=folder.name, path=str(folder), size_bytes=1000,
                skill_id="bin" if why == CreatedBy.MASTERY else None,
            ),
            now(),
        )  # fmt: skip
        if found.surplus is not None:
            self.keeper.to_trash(found.surplus)
        self.keeper.link(CAMPAIGN)

    def any_live(self, number):
        live = self.keeper.checkpoints.page(CAMPAIGN, 1000)
        return live[number % len(live)] if live else None

    @rule(number=st.integers(0, 50))
    def promote(self, number):
        if (found := self.any_live(number)) is not None:
            self.keeper.campaigns.promote(found.id, now())

    @rule(number=st.integers(0, 50), accuracy=st.floats(0, 1))
    def examine(self, number, accuracy):
        if (found := self.any_live(number)) is not None:
            self.keeper.checkpoints.set_exam(found.id, accuracy, {"bin": accuracy}, "v1")
            self.keeper.campaigns.move_champion(CAMPAIGN, found.id, accuracy, "v1", now())

    @rule(number=st.integers(0, 50), seconds=st.sampled_from([-5, 600]))
    def load(self, number, seconds):
        if (found := self.any_live(number)) is not None:
            self.keeper.uses.use(found.id, "somebody", now() + timedelta(seconds=seconds))

    @rule()
    def retain(self):
        before = self.protected()
        self.keeper.retain(CAMPAIGN)
        self.still_there(before)

    @rule(zone=st.sampled_from(["hot", "warm", None]))
    def plan_and_apply(self, zone):
        before = self.protected()
        plan = self.keeper.retention_plan(zone)
        named = {drop["checkpoint_id"] for each in plan["zones"] for drop in each["drop"]}
        assert not named & set(before)
        self.keeper.retention_apply(plan["plan_id"], zone)
        self.still_there(before)

    @rule(numbers=st.lists(st.integers(0, 50), min_size=1, max_size=3), honest=st.booleans())
    def delete(self, numbers, honest):
        names = [found.id for number in numbers if (found := self.any_live(number)) is not None]
        if not names:
            return
        before = self.protected()
        plan = self.keeper.delete_plan(names)
        refused = {each["id"] for each in plan["refused"]}
        sure = {each.id for each, guard in before.values() if not guard.deletable}
        assert refused == sure & set(names)
        try:
            done = self.keeper.delete(names, plan["confirmation"] if honest else "whatever")
        except RequestError:
            assert not honest
            done = {"trashed": []}
        assert not set(done["trashed"]) & sure
        self.still_there({each: before[each] for each in before if each in sure})

    @rule(number=st.integers(0, 50))
    def restore(self, number):
        trashed = self.keeper.checkpoints.page(CAMPAIGN, 1000, trashed=True)
        if not trashed:
            return
        found = trashed[number % len(trashed)]
        try:
            row = self.keeper.restore(found.id)
        except (ConflictError, NotFoundError):
            return
        assert Path(row["path"]).is_dir()

    @rule()
    def start_again(self):
        self.keeper.database.close()
        self.keeper = VaultRetention(str(self.root))

    def protected(self):
        """What retention may not touch now, by id."""
        anchors = self.keeper.anchors(CAMPAIGN)
        live = self.keeper.checkpoints.page(CAMPAIGN, 1000)
        guards = {each.id: (each, guard_of(each, anchors)) for each in live}
        return {name: found for name, found in guards.items() if found[1].kept}

    def still_there(self, before):
        for name in before:
            found = self.keeper.checkpoints.get(name)
            assert (Path(found.path) / WEIGHTS).is_file(), name

    @invariant()
    def the_newest_can_be_loaded(self):
        if not hasattr(self, "keeper"):
            return
        newest = self.keeper.checkpoints.newest(CAMPAIGN)
        assert newest is not None or self.saved == 0
        if newest is not None:
            assert self.keeper.damage(newest, fresh=True) == ""
            assert self.keeper.home.current_model.resolve() == Path(newest.path)

    @invariant()
    def every_record_has_its_folder(self):
        if not hasattr(self, "keeper"):
            return
        for trashed in (False, True):
            for each in self.keeper.checkpoints.page(CAMPAIGN, 1000, trashed=trashed):
                assert Path(each.path).is_relative_to(self.root / ("trash" if trashed else "checkpoints"))
                assert Path(each.path).is_dir()


Vault.TestCase.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestVault = Vault.TestCase
