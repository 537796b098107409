"""What the parts of VaultKeeper share: the books, the strongholds' ends, and a checkpoint as it is answered.

Knows no rules: protection is `realm.rules.protection`.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.carrying import End, HandEnd, HereEnd
from actors.hand import Hand
from actors.rows import row_of
from actors.service import Service, now
from realm.errors import ClusterError, RealmError
from realm.rules.checkpoint import Checkpoint
from realm.rules.protection import Anchors, guard_of
from realm.rules.stronghold import HOME, Location, Zone
from realm.store.assets import AssetStore
from realm.store.checkpoint_uses import UseStore
from realm.store.checkpoints import CheckpointStore
from realm.store.locations import LocationStore
from realm.store.skills import SkillStore
from realm.store.transfers import TransferStore
from realm.vault.digests import Digests
from realm.vault.folders import WEIGHTS
from realm.vault.places import Place, place_of, places
from realm.vault.sidecar import LEDGER, write_sidecar

HOST_LABEL = "realm/host"


class VaultBase(Service):
    """Stores and strongholds of the vault."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.checkpoints = CheckpointStore(self.database)
        self.locations = LocationStore(self.database)
        self.uses = UseStore(self.database)
        self.asset_books = AssetStore(self.database)
        self.transfer_books = TransferStore(self.database)
        self.skills = SkillStore(self.database)
        self.digests = Digests()
        self.hands: dict[str, ActorHandle[Any]] = {}

    # Strongholds

    @property
    def places(self) -> dict[str, Place]:
        return places(self.home, self.config)

    def in_zone(self, zone: Zone) -> dict[str, Place]:
        """The strongholds of a zone."""
        return {name: place for name, place in self.places.items() if place.zone == zone}

    def end(self, stronghold: str) -> End:
        """The stronghold, wherever it is.

        Raises:
            NotFoundError: the settings have no such stronghold.
            ClusterError: no live node is the one it belongs to.
        """
        place = place_of(self.places, stronghold)
        node = None if place.folder is None or place.node is None else node_named(place.node)
        if node is None or node == here():
            return HereEnd(place, place.open())
        return HandEnd(place, self.hand(node))

    def hand(self, node: str) -> ActorHandle[Any]:
        """The hand on a node, made when there is none. It ends with this process.

        Raises:
            ClusterError: the node is gone.
        """
        if not any(each["Alive"] and each["NodeID"] == node for each in ray.nodes()):
            self.hands.pop(node, None)
            raise ClusterError(f"The node {node[:12]} has left the cluster.", "`realm status` shows the nodes.")
        if node not in self.hands:
            options = {
                "num_cpus": 0,
                "max_restarts": -1,
                "max_concurrency": 4,
                "scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False),
            }
            remote: Any = ray.remote(Hand)
            self.hands[node] = remote.options(**options).remote(str(self.home.root))
        return self.hands[node]

    # Checkpoints

    def current_ids(self) -> frozenset[str]:
        """Ids of what `models/current_model` points at: one, or none."""
        link = self.home.current_model
        if not link.is_symlink():
            return frozenset()
        target = link.resolve()
        campaign_id = target.parent.name
        page = self.checkpoints.named(campaign_id, target.name)
        return frozenset(each.id for each in page if Path(each.path).resolve() == target)

    def anchors(self, campaign_id: str | None = None) -> Anchors:
        return self.checkpoints.anchors(now(), self.current_ids(), campaign_id)

    def row(self, checkpoint: Checkpoint) -> dict[str, Any]:
        return self.rows([checkpoint])[0]

    def rows(self, checkpoints: Sequence[Checkpoint]) -> tuple[dict[str, Any], ...]:
        """Checkpoints as they are answered: the record, where its copies are, and its protection with the reasons."""
        campaigns = {each.campaign_id for each in checkpoints}
        anchors = {campaign: self.anchors(campaign) for campaign in campaigns}
        copies = self.locations.of_all([each.id for each in checkpoints])
        known = self.places
        return tuple(_row(each, anchors[each.campaign_id], copies.get(each.id, ()), known) for each in checkpoints)

    def damage(self, checkpoint: Checkpoint, fresh: bool = False) -> str:
        """What is wrong with a checkpoint's folder at home, "" when it is whole. `fresh`: read all of it again."""
        folder = Path(checkpoint.path)
        if not checkpoint.path or not folder.is_dir():
            return "there is no folder"
        weights = folder / WEIGHTS
        try:
            digest = self.digests.fresh(weights) if fresh else self.digests.of(weights)
        except OSError as error:
            return f"{WEIGHTS} cannot be read: {error.strerror}"
        if digest != checkpoint.sha256:
            return f"{WEIGHTS} has sha256 {digest[:12]}…, the ledger {checkpoint.sha256[:12]}…"
        return ""

    def write_sidecar(self, checkpoint: Checkpoint) -> None:
        """`ledger.json` in the checkpoint's folder, so that a lost database can be rebuilt."""
        path = Path(checkpoint.path) / LEDGER
        if not checkpoint.path or not path.parent.is_dir():
            return
        staging = path.with_suffix(".tmp")
        staging.write_text(write_sidecar(row_of(checkpoint)), encoding="utf-8")
        staging.rename(path)

    def to_trash(self, checkpoint: Checkpoint) -> None:
        """Move a trashed checkpoint's folder to the trash. Idempotent."""
        if not checkpoint.path:
            return
        source = Path(checkpoint.path)
        target = self.home.trash / checkpoint.campaign_id / source.name
        if source.parent != target.parent:
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.exists():
                shutil.rmtree(target, ignore_errors=True)
                source.rename(target)
            self.write_sidecar(self.checkpoints.set_path(checkpoint.id, str(target)))

    def try_end(self, stronghold: str) -> tuple[End | None, str]:
        """A stronghold's end, or why it cannot be reached."""
        try:
            end = self.end(stronghold)
            end.do("space")
        except (RealmError, RayError, OSError) as error:
            return None, str(error)
        return end, ""


def here() -> str:
    """Id of the node that this process runs on."""
    return ray.get_runtime_context().get_node_id()


def node_named(name: str) -> str:
    """Id of the live node of this id, name, label `realm/host`, address or host name, the first that fits.

    Raises:
        ClusterError: no live node is called that.
    """
    alive = [node for node in ray.nodes() if node["Alive"]]
    for key in ("NodeID", "NodeName", "label", "NodeManagerAddress", "NodeManagerHostname"):
        for node in alive:
            value = (node.get("Labels") or {}).get(HOST_LABEL) if key == "label" else node.get(key)
            if value == name:
                return str(node["NodeID"])
    names = ", ".join(sorted({str(node["NodeManagerHostname"]) for node in alive}))
    raise ClusterError(f"No node of the cluster is called {name!r}.", f"Those there are on {names}.")


def _row(
    checkpoint: Checkpoint, anchors: Anchors, copies: Sequence[Location], known: dict[str, Place]
) -> dict[str, Any]:
    found = [
        {"stronghold": HOME, "zone": Zone.HOT.value, "node": None, "uri": checkpoint.path,
         "size_bytes": checkpoint.size_bytes, "verified_at": None}
    ] if checkpoint.path else []  # fmt: skip
    for copy in copies:
        place = known.get(copy.stronghold)
        found.append(
            {
                "stronghold": copy.stronghold,
                "zone": place.zone.value if place else None,
                "node": place.node if place else None,
                "uri": f"{place.uri.rstrip('/')}/{copy.path}" if place else copy.path,
                "size_bytes": copy.size_bytes,
                "verified_at": copy.verified_at.isoformat(),
            }
        )
    guard = guard_of(checkpoint, anchors) if checkpoint.trashed_at is None else None
    return {
        **row_of(checkpoint),
        "zones": [zone.value for zone in Zone if any(each["zone"] == zone.value for each in found)],
        "locations": found,
        "protection": guard.protection.value if guard else "expendable",
        "protected_because": list(guard.because) if guard else [],
        "uri": found[0]["uri"] if found else "",
    }
