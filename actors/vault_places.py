"""Zones, strongholds, the copies in them, other assets, and what a scan finds. A part of VaultKeeper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from actors.carrying import End
from actors.cluster import INTAKE
from actors.rows import row_of
from actors.service import now
from actors.vault_base import VaultBase
from realm.errors import NotFoundError, RealmError, RequestError
from realm.rules.checkpoint import Checkpoint
from realm.rules.protection import guard_of
from realm.rules.stronghold import HOME, Asset, AssetKind, Location, Protection, Zone
from realm.vault.folders import STATE, WEIGHTS
from realm.vault.paths import clean
from realm.vault.places import place_of
from realm.vault.sidecar import LEDGER, MAX_BYTES, read_sidecar


class VaultPlaces(VaultBase):
    """What lies where."""

    def zones(self) -> list[dict[str, Any]]:
        """Each zone: its policy, its strongholds with their space, and what it holds."""
        return [self._zone(zone) for zone in Zone]

    def zone_assets(self, zone: str, limit: int = 50, offset: int = 0) -> dict[str, Any]:
        """The copies in a zone, last stored first, and how many there are."""
        if zone not in tuple(Zone):
            raise RequestError(f"There is no zone {zone!r}.", f"There are {', '.join(Zone)}.")
        places = dict.fromkeys(self.in_zone(Zone(zone)), zone)
        found, total = self.locations.page(places, limit, offset)
        return {"assets": [{**row, "stored_at": _iso(row["stored_at"])} for row in found], "total": total}

    def assets(self, kind: str | None = None, limit: int = 50, offset: int = 0) -> dict[str, Any]:
        """What the vault keeps beside checkpoints, newest first, and how many there are."""
        if kind is not None and kind not in tuple(AssetKind):
            raise RequestError(f"There is no kind of asset {kind!r}.", f"There are {', '.join(AssetKind)}.")
        found, total = self.asset_books.page(AssetKind(kind) if kind else None, limit, offset)
        return {"assets": [row_of(each) for each in found], "total": total}

    def asset(self, asset_id: str) -> dict[str, Any]:
        """One asset and its copies."""
        return {**row_of(self.asset_books.get(asset_id)), "locations": self.locate(asset_id)["locations"]}

    def locate(self, asset_id: str) -> dict[str, Any]:
        """Where the copies of an asset or checkpoint are."""
        checkpoint = self.checkpoints.find(asset_id)
        if checkpoint is not None:
            return {"id": asset_id, "locations": self.row(checkpoint)["locations"]}
        self.asset_books.get(asset_id)
        copies = self.locations.of(asset_id)
        known = self.places
        return {
            "id": asset_id,
            "locations": [
                {**row_of(each), "zone": known[each.stronghold].zone.value if each.stronghold in known else None}
                for each in copies
            ],
        }

    @ray.method(concurrency_group=INTAKE)
    def register(self, kind: str, name: str, stronghold: str, path: str) -> dict[str, Any]:
        """Enter what lies at `path` in a stronghold as an asset; its files are read for their digests.

        Raises:
            RequestError: a wrong kind or name, a path that leads out of the stronghold.
            NotFoundError: nothing is there.
        """
        if kind not in tuple(AssetKind) or kind == AssetKind.CHECKPOINT:
            raise RequestError(f"{kind!r} cannot be registered.", "Name base_model, dataset or export.")
        if not name or len(name) > 120 or clean(name) != name or "/" in name:
            raise RequestError(f"{name!r} is no name for an asset.", "Up to 120 characters without a slash.")
        path = clean(path)
        end = self.end(stronghold)
        sizes: dict[str, int] = end.do("files", path)
        if not sizes:
            raise NotFoundError(f"{stronghold} has nothing at {path!r}.", "Name a file or folder in it.")
        folder, _, name_there = path.rpartition("/")
        if set(sizes) == {name_there} and not end.do("files", f"{path}/{name_there}"):
            path = folder  # it is one file: its copy is the folder with that file alone
        digests = {file: str(end.do("sha256", f"{path}/{file}".lstrip("/"))) for file in sizes}
        largest = max(sizes, key=lambda file: sizes[file])
        asset = Asset(
            id=f"{kind}/{name}",
            kind=AssetKind(kind),
            name=name,
            sha256=digests[largest],
            size_bytes=sum(sizes.values()),
            created_at=now(),
            protection=Protection.SACRED if kind == AssetKind.BASE_MODEL else Protection.EXPENDABLE,
        )
        self.asset_books.register(asset)
        self.locations.add(Location(asset.id, stronghold, path, asset.size_bytes, now(), now(), digests))
        return self.asset(asset.id)

    @ray.method(concurrency_group=INTAKE)
    def verify(self, name: str) -> dict[str, Any]:
        """Read every copy of a checkpoint again and compare the digests: which are whole, and what is wrong else."""
        checkpoint = self.checkpoints.get(name)
        found: list[dict[str, Any]] = []
        if checkpoint.path:
            detail = self.damage(checkpoint, fresh=True) or self._sidecar_damage(checkpoint)
            found.append({"stronghold": HOME, "ok": not detail, "detail": detail or "whole"})
        for copy in self.locations.of(checkpoint.id):
            end, detail = self.try_end(copy.stronghold)
            if end is not None:
                detail = _copy_damage(end, copy)
            if not detail:
                self.locations.verified(checkpoint.id, copy.stronghold, now())
            found.append({"stronghold": copy.stronghold, "ok": not detail, "detail": detail or "whole"})
        ok = bool(found) and all(each["ok"] for each in found)
        return {"checkpoint_id": checkpoint.id, "ok": ok, "locations": found}

    @ray.method(concurrency_group=INTAKE)
    def scan(self, stronghold: str | None = None) -> dict[str, Any]:
        """Find checkpoints by their sidecars, in one stronghold or in all, and enter what the ledger lacks.

        A folder is entered when its weights have the digest that its sidecar names. Campaigns that are missing too are
        made, paused; where a campaign has no champion the promoted or the best examined one is.
        """
        return self.rebuild(stronghold)

    def rebuild(self, stronghold: str | None = None) -> dict[str, Any]:
        """See `scan`."""
        wanted = [place_of(self.places, stronghold).id] if stronghold else [*self.places]
        answer: dict[str, Any] = {"found": 0, "adopted": 0, "unreadable": []}
        touched: set[str] = set()
        for name in wanted:
            end, why = self.try_end(name)
            if end is None:
                answer["unreadable"].append({"path": name, "reason": why})
                continue
            for path, problem, adopted in self._scan(name, end, touched):
                answer["found"] += 1
                answer["adopted"] += adopted
                if problem:
                    answer["unreadable"].append({"path": f"{name}: {path}", "reason": problem})
        for campaign_id in touched:
            self._crown(campaign_id)
        return answer

    def protected_of(self, campaign_ids: set[str]) -> frozenset[str]:
        """Ids in these campaigns that retention leaves alone."""
        found: set[str] = set()
        for campaign_id in campaign_ids:
            anchors = self.anchors(campaign_id)
            ranked = self.checkpoints.ranked(campaign_id, anchors)
            found |= {each.id for each in ranked if guard_of(each, anchors).kept}
        return frozenset(found)

    # Inside

    def _zone(self, zone: Zone) -> dict[str, Any]:
        places = self.in_zone(zone)
        held = self.locations.held(places)
        protected = self.protected_of({each.campaign_id for each in held})
        kept = [each for each in held if each.id in protected]
        policy = getattr(self.config.vault.zones, zone.value)
        count_over = 0 if policy.keep_newest is None else max(0, len(held) - len(kept) - policy.keep_newest)
        return {
            "id": zone.value,
            "policy": policy.model_dump(),
            "strongholds": [self._space(name) for name in places],
            "count": len(held),
            "bytes": sum(each.size_bytes for each in held),
            "protected_count": len(kept),
            "protected_bytes": sum(each.size_bytes for each in kept),
            "over_count": count_over,
        }

    def _space(self, name: str) -> dict[str, Any]:
        place = self.places[name]
        end, detail = self.try_end(name)
        space = None if end is None else end.do("space")
        return {
            "id": name,
            "uri": place.uri,
            "node": place.node,
            "reachable": end is not None,
            "free_bytes": space.free_bytes if space else None,
            "total_bytes": space.total_bytes if space else None,
            "detail": detail,
        }

    def _sidecar_damage(self, checkpoint: Checkpoint) -> str:
        try:
            found = read_sidecar((Path(checkpoint.path) / LEDGER).read_bytes())
        except OSError:
            return f"{LEDGER} is missing"
        except RealmError as error:
            return error.problem
        return "" if found.sha256 == checkpoint.sha256 else f"{LEDGER} is another checkpoint's"

    def _scan(self, stronghold: str, end: End, touched: set[str]) -> Iterator[tuple[str, str, bool]]:
        """Each checkpoint's folder, what is wrong with it, and whether it was entered."""
        named = set(end.do("folders_with", LEDGER))
        for path in sorted(named | set(end.do("folders_with", WEIGHTS))):
            try:
                if path not in named:
                    raise RealmError(self._without_sidecar(stronghold, path))
                yield path, "", self._adopt_copy(stronghold, end, path, touched)
            except (RealmError, RayError, OSError) as error:
                yield path, getattr(error, "problem", "") or str(error), False

    def _without_sidecar(self, stronghold: str, path: str) -> str:
        inside = f"{STATE}/meta.json" if stronghold == HOME else ""
        if inside and (self.home.checkpoints / path / inside).exists():
            return f"{LEDGER} is missing; VaultKeeper enters it at its next start"
        return f"{LEDGER} is missing"

    def _adopt_copy(self, stronghold: str, end: End, path: str, touched: set[str]) -> bool:
        """Enter one folder that has a sidecar; False when the ledger has it already."""
        sizes: dict[str, int] = end.do("files", path)
        if sizes.get(LEDGER, 0) > MAX_BYTES or WEIGHTS not in sizes:
            raise RealmError(f"{LEDGER} is too large." if WEIGHTS in sizes else f"{WEIGHTS} is missing.")
        record = read_sidecar(end.peek(f"{path}/{LEDGER}", MAX_BYTES))
        known = self.checkpoints.find(record.id)
        folder = str(self.home.checkpoints / path)
        if known is not None and known.sha256 == record.sha256:
            copies = {each.stronghold for each in self.locations.of(known.id)}
            at_home = known.path and Path(known.path).is_dir()
            if stronghold in copies or (stronghold == HOME and (at_home or known.trashed_at is not None)):
                return False
        digest = str(end.do("sha256", f"{path}/{WEIGHTS}"))
        if digest != record.sha256:
            raise RealmError(f"{WEIGHTS} has sha256 {digest[:12]}…, its {LEDGER} {record.sha256[:12]}….")
        self.campaigns.ensure_known(record.campaign_id, record.hero_id, record.exam_version or "", now())
        touched.add(record.campaign_id)
        entered = replace(record, path=folder if stronghold == HOME else "")
        if known is None or known.sha256 != record.sha256:
            live = replace(entered, trashed_at=None, trashed_by=None) if stronghold == HOME else entered
            recorded = self.checkpoints.record(live, now())
            if recorded.surplus is not None:
                self.to_trash(recorded.surplus)
            known = recorded.checkpoint
        elif stronghold == HOME:
            known = self.checkpoints.set_path(known.id, folder)
        if stronghold != HOME:
            digests = {file: str(end.do("sha256", f"{path}/{file}")) for file in sizes}
            copy = Location(known.id, stronghold, path, sum(sizes.values()), now(), now(), digests)
            self.locations.add(copy)
        else:
            self.write_sidecar(known)
        return True

    def _crown(self, campaign_id: str) -> None:
        """Give a campaign whose champion is lost its champion again."""
        campaign = self.campaigns.get(campaign_id)
        if campaign.champion_id is not None and self.checkpoints.find(campaign.champion_id) is not None:
            return
        promoted = self.checkpoints.last_promoted(campaign_id)
        best = promoted or self.checkpoints.best(campaign_id)
        if promoted is not None:
            self.campaigns.promote(promoted.id, now())
        elif best is not None and best.exam_accuracy is not None and best.exam_version is not None:
            self.campaigns.move_champion(campaign_id, best.id, best.exam_accuracy, best.exam_version, now())


def _copy_damage(end: End, copy: Location) -> str:
    """What is wrong with a copy, "" when every file has its digest."""
    try:
        sizes: dict[str, int] = end.do("files", copy.path)
        missing = set(copy.files) - set(sizes)
        if missing:
            return f"{', '.join(sorted(missing))} missing"
        for file, digest in copy.files.items():
            found = str(end.do("sha256", f"{copy.path}/{file}"))
            if found != digest:
                return f"{file} has sha256 {found[:12]}…, not {digest[:12]}…"
    except (RealmError, RayError, OSError) as error:
        return str(error)
    return ""


def _iso(moment: Any) -> str:
    return moment.isoformat() if hasattr(moment, "isoformat") else str(moment)
