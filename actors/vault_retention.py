"""What leaves a zone and the trash, by rule or by hand. A part of VaultKeeper; the rules: `realm.rules.retention`."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from actors.cluster import INTAKE
from actors.service import now
from actors.vault_places import VaultPlaces
from realm.errors import ConflictError, NotFoundError, RealmError, RequestError
from realm.rules.checkpoint import Checkpoint, TrashedBy
from realm.rules.protection import Guard, guard_of
from realm.rules.retention import Drop, Limits, ZonePlan, plan_purge, plan_zone
from realm.rules.stronghold import HOME, Protection, Zone
from realm.vault.folders import free_folder

GB = 1_000_000_000
FEW = 2_000
"""Up to so many checkpoints of a campaign at home, the hot zone is gone through after every save."""
SELDOM_S = 600.0
"""With more of them, once in so many seconds."""
MAX_NAMES = 10_000


class VaultRetention(VaultPlaces):
    """Plans, trash and restore. Nothing is dropped without a look, in the same transaction, at who needs it."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.retaining = threading.Lock()
        self.retained_at = -SELDOM_S

    @ray.method(concurrency_group=INTAKE)
    def retention_plan(self, zone: str | None = None) -> dict[str, Any]:
        """What retention would drop from a zone, or from each, with the reason of each. Changes nothing."""
        plans = {each: self._plan(each) for each in self._asked(zone)}
        return {"plan_id": _plan_id(plans), "zones": [self._plan_row(each, plan) for each, plan in plans.items()]}

    @ray.method(concurrency_group=INTAKE)
    def retention_apply(self, plan_id: str, zone: str | None = None) -> dict[str, Any]:
        """Drop what a plan of the same zone, or of all, has named: how many and their bytes.

        Raises:
            ConflictError: the plan would be another one by now.
        """
        with self.retaining:
            plans = {each: self._plan(each) for each in self._asked(zone)}
            if _plan_id(plans) != plan_id:
                raise ConflictError(f"The plan {plan_id} does not hold any more.", "Look at the new plan, apply that.")
            done = [self._drop(each, drop) for each, plan in plans.items() for drop in plan.drop]
        return {"dropped": sum(size > 0 for size in done), "bytes_freed": sum(done)}

    def delete_plan(self, names: list[str]) -> dict[str, Any]:
        """What a deletion of these would move to the trash, its bytes, what is refused and why, and what to type.

        `restorable_days`: for so long they lie in the trash.
        """
        wanted, refused = self._deletable(names)
        checkpoints = [checkpoint for checkpoint, _ in wanted]
        return {
            "checkpoints": [*self.rows(checkpoints)],
            "bytes_freed": sum(self._bytes(each) for each in checkpoints),
            "refused": refused,
            "confirmation": _confirmation(wanted),
            "restorable_days": self.config.vault.trash_days,
        }

    @ray.method(concurrency_group=INTAKE)
    def delete(self, names: list[str], confirmation: str = "") -> dict[str, Any]:
        """Move checkpoints to the trash, where they can be restored for `vault.trash_days`.

        One expendable needs no `confirmation`; one that is guarded needs its name, several what `delete_plan` says.

        Raises:
            RequestError: the confirmation is another one.
        """
        wanted, refused = self._deletable(names)
        asked = _confirmation(wanted)
        if confirmation != asked and asked:
            raise RequestError(f"The confirmation {confirmation!r} is not {asked!r}.", "Type it as it is written.")
        freed, trashed = 0, []
        for checkpoint, _ in wanted:
            size = self._bytes(checkpoint)
            try:
                self.to_trash(self.checkpoints.trash(checkpoint.id, now(), TrashedBy.PERSON, self.current_ids()))
            except ConflictError as error:
                refused.append({"id": checkpoint.id, "reason": error.problem})
                continue
            freed += size
            trashed.append(checkpoint.id)
        return {"trashed": trashed, "bytes_freed": freed, "refused": refused}

    def restore(self, name: str) -> dict[str, Any]:
        """Take a checkpoint out of the trash, its folder to where it was.

        Raises:
            NotFoundError: it is not in the trash, or nothing of it is left.
            ConflictError: its step has another live checkpoint.
        """
        found = self.checkpoints.find_trashed(name)
        folder = Path(found.path) if found.path else None
        if (folder is None or not folder.is_dir()) and not self.locations.of(found.id):
            raise NotFoundError(f"Nothing of checkpoint {found.id} is left in the trash.", "It cannot be restored.")
        with self.retaining:
            self.checkpoints.restore(found.id, now())
            path = ""
            if folder is not None and folder.is_dir():
                target = free_folder(self.home.checkpoints / found.campaign_id / found.canonical_name)
                target.parent.mkdir(parents=True, exist_ok=True)
                folder.rename(target)
                path = str(target)
            restored = self.checkpoints.set_path(found.id, path)
        self.write_sidecar(restored)
        self.link(restored.campaign_id)
        return self.row(restored)

    def link(self, campaign_id: str) -> None:
        """Point `models/current_model` at the active campaign's newest checkpoint, atomically."""
        active = self.campaigns.get_current()
        newest = self.checkpoints.newest(campaign_id)
        if newest is None or not newest.path or active is None or active.id != campaign_id:
            return
        staging = self.home.models / f".current_model.{os.getpid()}.{threading.get_ident()}"
        staging.unlink(missing_ok=True)
        staging.symlink_to(os.path.relpath(newest.path, self.home.models))
        staging.rename(self.home.current_model)

    def retain(self, campaign_id: str) -> None:
        """Keep the hot zone and the trash within their limits: after each save, and seldom where there is much."""
        with self.retaining:
            many = self.locations.count_at_home(campaign_id) > FEW
            if many and time.monotonic() - self.retained_at < SELDOM_S:
                return
            self.retained_at = time.monotonic()
            for drop in self._plan(Zone.HOT).drop:
                self._drop(Zone.HOT, drop)
            self.uses.forget_expired(now())
            for campaign in self.campaigns.page(limit=1000):
                self._purge(campaign.id)

    # Inside

    def _asked(self, zone: str | None) -> list[Zone]:
        if zone is not None and zone not in tuple(Zone):
            raise RequestError(f"There is no zone {zone!r}.", f"There are {', '.join(Zone)}.")
        return [Zone(zone)] if zone else list(Zone)

    def _plan(self, zone: Zone) -> ZonePlan:
        held = self.locations.held(self.in_zone(zone))
        protected = self.protected_of({each.campaign_id for each in held})
        policy = getattr(self.config.vault.zones, zone.value)
        limits = Limits(
            None if policy.max_gb is None else int(policy.max_gb * GB),
            None if policy.max_age_days is None else timedelta(days=policy.max_age_days),
            policy.keep_newest,
        )
        return plan_zone(held, protected, limits, now())

    def _plan_row(self, zone: Zone, plan: ZonePlan) -> dict[str, Any]:
        max_gb = getattr(self.config.vault.zones, zone.value).max_gb
        over = plan.over_by_protection
        told = f"What is protected takes {plan.protected_bytes / GB:.2f} GB, {over / GB:.2f} GB more than the cap."
        return {
            "zone": zone.value,
            "drop": [
                {
                    "checkpoint_id": each.held.id,
                    "step": each.held.step,
                    "size_bytes": each.held.size_bytes,
                    "reason": each.reason.value,
                }
                for each in plan.drop
            ],
            "bytes_freed": plan.bytes_freed,
            "kept": plan.kept,
            "protected_bytes": plan.protected_bytes,
            "max_bytes": None if max_gb is None else int(max_gb * GB),
            "over_by_protection": over,
            "notes": [told] if over else [],
        }

    def _drop(self, zone: Zone, drop: Drop) -> int:
        """Drop a checkpoint from a zone: its copies there where another is left, else all of it to the trash.

        Returns the bytes freed; 0 when it has become protected since the plan was made.
        """
        checkpoint = self.checkpoints.find(drop.held.id)
        if checkpoint is None or checkpoint.trashed_at is not None:
            return 0
        inside = self.in_zone(zone)
        copies = self.locations.of(checkpoint.id)
        elsewhere = [each for each in copies if each.stronghold not in inside and each.stronghold in self.places]
        try:
            if not elsewhere and (HOME in inside or not checkpoint.path):
                self.to_trash(self.checkpoints.trash(checkpoint.id, now(), TrashedBy.RETENTION, self.current_ids()))
                return drop.held.size_bytes
            if HOME in inside and checkpoint.path:
                self.checkpoints.leave_home(checkpoint.id, now(), self.current_ids())
                shutil.rmtree(checkpoint.path, ignore_errors=True)
        except ConflictError:
            return 0
        for copy in copies:
            if copy.stronghold in inside:
                self._delete_copy(checkpoint.id, copy.stronghold, copy.path)
        return drop.held.size_bytes

    def _delete_copy(self, checkpoint_id: str, stronghold: str, path: str) -> bool:
        """Remove one copy; False when its stronghold cannot be reached."""
        end, why = self.try_end(stronghold) if stronghold in self.places else (None, "")
        if end is None and why:
            print(f"{stronghold}: {path} stays: {why}")
            return False
        # Not counted any more before it goes.
        self.locations.remove(checkpoint_id, stronghold)
        if end is not None:
            try:
                end.do("delete", path)
            except (RealmError, RayError, OSError) as error:
                print(f"{stronghold}: {path} stays: {error}")
        return True

    def _purge(self, campaign_id: str) -> None:
        """Delete for good what the trash keeps no longer."""
        vault = self.config.vault
        trashed = self.checkpoints.page(campaign_id, limit=MAX_NAMES, trashed=True)
        in_use = self.checkpoints.anchors(now(), campaign_id=campaign_id).in_use
        keep = timedelta(days=vault.trash_days)
        for checkpoint in plan_purge(trashed, now(), keep, vault.trash_max_mb * 1_000_000, in_use):
            copies = self.locations.of(checkpoint.id)
            if all(self._delete_copy(checkpoint.id, copy.stronghold, copy.path) for copy in copies):
                if checkpoint.path:
                    shutil.rmtree(checkpoint.path, ignore_errors=True)
                self.checkpoints.purge(checkpoint.id, now())

    def _deletable(self, names: Sequence[str]) -> tuple[list[tuple[Checkpoint, Guard]], list[dict[str, Any]]]:
        """Of the checkpoints named those that a person may delete, and the others with the reason."""
        if not 0 < len(names) <= MAX_NAMES:
            raise RequestError(f"{len(names)} checkpoints are named.", f"Name 1 to {MAX_NAMES}.")
        wanted: dict[str, tuple[Checkpoint, Guard]] = {}
        refused: list[dict[str, Any]] = []
        anchors = self.anchors()
        for name in names:
            try:
                checkpoint = self.checkpoints.get(name)
            except NotFoundError as error:
                refused.append({"id": name, "reason": error.problem})
                continue
            guard = guard_of(checkpoint, anchors)
            if guard.deletable:
                wanted[checkpoint.id] = checkpoint, guard
            else:
                because = ", ".join(guard.because)
                refused.append({"id": checkpoint.id, "reason": f"It is {guard.protection}: {because}."})
        return list(wanted.values()), refused

    def _bytes(self, checkpoint: Checkpoint) -> int:
        """What all copies of a checkpoint take."""
        at_home = checkpoint.size_bytes if checkpoint.path else 0
        return at_home + sum(copy.size_bytes for copy in self.locations.of(checkpoint.id))


def _plan_id(plans: dict[Zone, ZonePlan]) -> str:
    """The same for plans that drop the same."""
    drops = [f"{zone}/{drop.held.id}" for zone, plan in plans.items() for drop in plan.drop]
    zones = ",".join(plans)
    return hashlib.sha256("\n".join([zones, *sorted(drops)]).encode()).hexdigest()[:16]


def _confirmation(wanted: Sequence[tuple[Checkpoint, Guard]]) -> str:
    """What a person types to delete these."""
    if len(wanted) > 1:
        return f"delete {len(wanted)} checkpoints"
    if wanted and wanted[0][1].protection == Protection.GUARDED:
        return wanted[0][0].canonical_name
    return ""
