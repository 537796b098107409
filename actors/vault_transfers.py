"""Copies on their way: transfers between strongholds, and what a host asks for. A part of VaultKeeper."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from actors.carrying import End, HandEnd, HereEnd, Load, StoppedError, carry
from actors.cluster import INTAKE
from actors.rows import row_of
from actors.service import Ticker, now
from actors.vault_base import VaultBase, here, node_named
from actors.waiting import ask
from realm.errors import ConflictError, NotFoundError, RealmError, RequestError
from realm.rules.checkpoint import Checkpoint
from realm.rules.stronghold import HOME, Location, Transfer, TransferState, Zone
from realm.vault.cache import Cache
from realm.vault.folders import WEIGHTS
from realm.vault.places import Place

CACHE = "cache"
FETCH = timedelta(hours=1)
PORTER_S = 30.0
"""Seconds after which what failed to begin is looked at again without being asked."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Where a copy is and the digests that its files must have. `only`: other files there are no part of it."""

    stronghold: str
    path: str
    known: Mapping[str, str]
    only: bool = False


class VaultTransfers(VaultBase):
    """Carries copies, one transfer at a time; who is killed meanwhile goes on from what is at the target."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.fetching: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        self.carrying = threading.Lock()
        self.porter = Ticker("porter", PORTER_S, self.carry_waiting, print)
        if self.transfer_books.unfinished():
            self.porter.nudge()

    def transfer(self, asset_id: str, target: str, source: str | None = None) -> dict[str, Any]:
        """Copy a checkpoint (id or name) or asset to a stronghold. It counts when every file was verified there.

        Raises:
            ConflictError: the target has it already.
            NotFoundError: no such asset or stronghold, or the source has no copy.
        """
        wanted, size = self._subject(asset_id)
        copies = {copy.stronghold: copy for copy in self._copies(wanted)}
        if target not in self.places:
            self.end(target)  # names those there are
        if target in copies:
            raise ConflictError(f"{target} has {wanted} already.", "`realm vault verify` reads it again.")
        if target == HOME and self.checkpoints.find(wanted) is None:
            raise RequestError("Only checkpoints are kept at home.", "Name another stronghold.")
        if source is not None and source not in copies:
            raise NotFoundError(f"{source} has no copy of {wanted}.", f"There are copies in {_named(copies)}.")
        if not copies:
            raise NotFoundError(f"No copy of {wanted} is known.", "`realm vault scan` looks for them.")
        opened = self.transfer_books.open(wanted, source or next(iter(copies)), target, size, now())
        self.porter.nudge()
        return row_of(opened)

    def transfers(self, limit: int = 50, offset: int = 0) -> dict[str, Any]:
        """Transfers, last asked for first, and how many there are."""
        found, total = self.transfer_books.page(limit, offset)
        return {"transfers": [row_of(each) for each in found], "total": total}

    def transfer_status(self, transfer_id: str) -> dict[str, Any]:
        """One transfer."""
        return row_of(self.transfer_books.get(str(transfer_id)))

    def cancel_transfer(self, transfer_id: str) -> dict[str, Any]:
        """End a transfer; what is at the target is removed.

        Raises:
            ConflictError: it is finished.
        """
        cancelled = self.transfer_books.set_state(str(transfer_id), TransferState.CANCELLED, now())
        self.porter.nudge()
        return row_of(cancelled)

    @ray.method(concurrency_group=INTAKE)
    def ask(self, name: str, fallback: str | None = None, node_id: str | None = None) -> str:
        """The folder of a checkpoint on a node, the head if none is given: ask the vault first.

        Here already: its path. On another host: fetched into this host's cache, verified, and its path. Not known, or
        nowhere to be had: `fallback`.

        Raises:
            NotFoundError: without a fallback, with where it was looked for and what was wrong there.
        """
        try:
            return self.folder_of(self.checkpoints.get(name), node_id or here())
        except NotFoundError:
            if fallback is None:
                raise
            return fallback

    def folder_of(self, checkpoint: Checkpoint, node: str) -> str:
        """The folder of a checkpoint, whole, on a node.

        Raises:
            NotFoundError: no copy that can be reached is whole; with each place and what was wrong there.
        """
        looked: dict[str, str] = {}
        with self.fetching[node, checkpoint.id]:
            return (
                self._lying_there(checkpoint, node, looked)
                or self._cached(checkpoint, node, looked)
                or self._fetched(checkpoint, node, looked)
                or _nowhere(checkpoint, looked)
            )

    # Inside: asking

    def _lying_there(self, checkpoint: Checkpoint, node: str, looked: dict[str, str]) -> str:
        """A copy in a folder of that very node."""
        if node == here() and checkpoint.path:
            looked[HOME] = self.damage(checkpoint)
            if not looked[HOME]:
                return checkpoint.path
        for copy in self.locations.of(checkpoint.id):
            place = self.places.get(copy.stronghold)
            if place is None or place.folder is None or not _is_on(place, node):
                continue
            looked[copy.stronghold] = self._weights_at(copy, checkpoint)
            if not looked[copy.stronghold]:
                return str(place.folder / copy.path)
        return ""

    def _weights_at(self, copy: Location, checkpoint: Checkpoint) -> str:
        try:
            digest = str(self.end(copy.stronghold).do("sha256", f"{copy.path}/{WEIGHTS}"))
        except (RealmError, RayError, OSError) as error:
            return str(error)
        return "" if digest == checkpoint.sha256 else f"{WEIGHTS} has sha256 {digest[:12]}…"

    def _cached(self, checkpoint: Checkpoint, node: str, looked: dict[str, str]) -> str:
        if node == here():
            found = Cache(self.home.cache, self.digests).find(checkpoint.id, checkpoint.sha256)
        else:
            try:
                found = ask(self.hand(node).cached.remote(checkpoint.id, checkpoint.sha256))
            except RealmError as error:
                looked[CACHE] = str(error)
                return ""
        return str(found) if found else ""

    def _fetched(self, checkpoint: Checkpoint, node: str, looked: dict[str, str]) -> str:
        copies = [copy for copy in self._copies(checkpoint.id) if not looked.get(copy.stronghold)]
        if not copies:
            return ""
        holder = f"fetch to {node[:12]}"
        self.uses.use(checkpoint.id, holder, now() + FETCH)
        try:
            target = self._cache_end(node, max(checkpoint.size_bytes, 0))
            for copy in copies:
                problem = self._bring(copy, target, checkpoint.id, checkpoint.id, lambda _done: True)
                if isinstance(problem, str):
                    looked[copy.stronghold] = problem
                    continue
                return f"{target.place.uri}/{checkpoint.id}"
            return ""
        except RealmError as error:
            looked[CACHE] = str(error)
            return ""
        finally:
            self.uses.unuse(checkpoint.id, holder)

    def _cache_end(self, node: str, needed: int) -> End:
        """The cache of a node with room for `needed` bytes."""
        max_bytes = self.config.vault.cache_max_mb * 1_000_000
        if node == here():
            Cache(self.home.cache, self.digests).make_room(needed, max_bytes)
            place = Place(CACHE, Zone.HOT, str(self.home.cache))
            return HereEnd(place, place.open())
        hand = self.hand(node)
        place = Place(CACHE, Zone.HOT, str(ask(hand.make_room.remote(needed, max_bytes))), node)
        return HandEnd(place, hand)

    # Inside: carrying

    def carry_waiting(self) -> None:
        """Carry what waits, first asked for first; what was under way when a process ended goes on."""
        with self.carrying:
            for transfer in self.transfer_books.unfinished():
                self._carry(transfer)

    def _carry(self, transfer: Transfer) -> None:
        self.transfer_books.set_state(transfer.id, TransferState.RUNNING, now())
        problems: dict[str, str] = {}
        try:
            copies = self._copies(transfer.asset_id)
            copies.sort(key=lambda copy: copy.stronghold != transfer.source)
            target = self.end(transfer.target)
            for copy in copies:
                going = self._advance(transfer.id)
                found = self._bring(copy, target, transfer.asset_id, transfer.asset_id, going)
                if isinstance(found, str):
                    problems[copy.stronghold] = found
                    continue
                self._arrived(transfer, *found)
                return
        except StoppedError:
            self._drop_staging(transfer)
            return
        except (RealmError, RayError, OSError) as error:
            problems[transfer.target] = str(error)
        told = "; ".join(f"{where}: {why}" for where, why in problems.items()) or "no copy is known any more"
        self._fail(transfer, told)

    def _advance(self, transfer_id: str) -> Callable[[int], bool]:
        return lambda done: self.transfer_books.advance(transfer_id, done, now())

    def _fail(self, transfer: Transfer, why: str) -> None:
        try:
            self.transfer_books.set_state(transfer.id, TransferState.FAILED, now(), error=why)
        except ConflictError:
            self._drop_staging(transfer)

    def _arrived(self, transfer: Transfer, digests: dict[str, str], size: int) -> None:
        """Count a copy that is whole at its target."""
        if transfer.target == HOME:
            folder = self.home.checkpoints / transfer.asset_id
            self.write_sidecar(self.checkpoints.set_path(transfer.asset_id, str(folder)))
        else:
            location = Location(transfer.asset_id, transfer.target, transfer.asset_id, size, now(), now(), digests)
            self.locations.add(location)
        self.transfer_books.set_state(transfer.id, TransferState.COMPLETED, now())

    def _drop_staging(self, transfer: Transfer) -> None:
        end, why = self.try_end(transfer.target)
        if end is None:
            print(f"transfer {transfer.id}: what is at {transfer.target} stays: {why}")
        else:
            end.do("discard", _staging(transfer.asset_id))

    def _bring(
        self, copy: Copy, target: End, asset_id: str, path: str, moved: Callable[[int], bool]
    ) -> tuple[dict[str, str], int] | str:
        """Copy from one place: the digests and bytes, or what was wrong with that place.

        Raises:
            DiskFullError: the target is full, whatever the source.
        """
        source, why = self.try_end(copy.stronghold)
        if source is None:
            return why
        min_free = self.config.vault.min_free_mb * 1_000_000
        load = Load(source, copy.path, target, path, _staging(asset_id), copy.known, copy.only, min_free)
        try:
            return carry(load, moved)
        except (NotFoundError, OSError) as error:
            return str(error)
        except RealmError as error:
            if type(error) is not RealmError:
                raise
            return str(error)

    def _subject(self, asset_id: str) -> tuple[str, int]:
        """The id and bytes of a checkpoint, by id or name, or of an asset."""
        try:
            checkpoint = self.checkpoints.get(asset_id)
        except NotFoundError:
            asset = self.asset_books.get(asset_id)
            return asset.id, asset.size_bytes
        return checkpoint.id, checkpoint.size_bytes

    def _copies(self, asset_id: str) -> list[Copy]:
        """Every copy, home first. Of a checkpoint the weights' digest is the ledger's, whatever a copy says."""
        checkpoint = self.checkpoints.find(asset_id)
        weights = {} if checkpoint is None else {WEIGHTS: checkpoint.sha256}
        found: list[Copy] = []
        if checkpoint is not None and checkpoint.path:
            inside = Path(checkpoint.path)
            if inside.is_relative_to(self.home.checkpoints):
                found.append(Copy(HOME, inside.relative_to(self.home.checkpoints).as_posix(), weights))
        for copy in self.locations.of(asset_id):
            if copy.stronghold in self.places:
                found.append(Copy(copy.stronghold, copy.path, {**copy.files, **weights}, only=True))
        return found


def _staging(asset_id: str) -> str:
    """Where a copy grows at its target: the same for every try, so that a later one goes on."""
    return asset_id.replace("/", "~~")


def _is_on(place: Place, node: str) -> bool:
    try:
        return (here() if place.node is None else node_named(place.node)) == node
    except RealmError:
        return False


def _named(copies: Mapping[str, Copy]) -> str:
    return ", ".join(copies) or "no stronghold"


def _nowhere(checkpoint: Checkpoint, looked: Mapping[str, str]) -> str:
    places = "; ".join(f"{where}: {why}" for where, why in looked.items()) or "no copy is known"
    raise NotFoundError(
        f"Checkpoint {checkpoint.id} is nowhere to be had. Looked for in {places}.",
        "Reach one of these places, or `realm vault scan` another.",
    )
