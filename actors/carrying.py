"""Copies between strongholds: piece by piece through the object store, resumed, verified. Knows no ledger.

A few small pieces are on their way at a time, so that memory stays flat whatever the size. What lies at the target is
the only record of how far a copy is: whoever is killed, it goes on from there.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import ray
from ray.actor import ActorHandle
from ray.exceptions import ObjectLostError, RayActorError, RayError

from actors.waiting import ask
from realm.errors import ClusterError, DiskFullError, RealmError
from realm.vault.places import Place
from realm.vault.stronghold import Stronghold

PIECE = 1_000_000
"""Bytes of a piece between hosts. Ray gives memory back once a second or a hundred objects at a time: this bounds what
lingers in the object stores to 100 MB, however fast the network is."""
BUCKET_PIECE = 8_000_000
"""Bytes of a piece to a bucket, which joins pieces of 5 MiB and more."""
AHEAD = 4
"""Pieces that are read while one is written."""
TELL = 8_000_000
"""Bytes after which progress is told."""
CALL_S = 600.0
PATIENCE_S = 60.0
"""How long a host may be away before a copy is given up."""
PAUSE_S = 0.5
_EMPTY = hashlib.sha256().hexdigest()


AWAY = (RayActorError, ObjectLostError, ClusterError)


class End(Protocol):
    """One end of a copy: a stronghold, wherever it is."""

    place: Place

    def do(self, method: str, *args: Any) -> Any: ...

    def peek(self, path: str, length: int) -> bytes: ...

    def read(self, path: str, offset: int, length: int) -> ray.ObjectRef[Any]: ...

    def write(self, copy: str, file: str, offset: int, data: ray.ObjectRef[Any]) -> None: ...


class HereEnd:
    """A stronghold that this very process reads and writes."""

    def __init__(self, place: Place, opened: Stronghold) -> None:
        self.place = place
        self.opened = opened

    def do(self, method: str, *args: Any) -> Any:
        found = getattr(self.opened, method)(*args)
        return list(found) if method == "folders_with" else found

    def peek(self, path: str, length: int) -> bytes:
        return self.opened.read(path, 0, length)

    def read(self, path: str, offset: int, length: int) -> ray.ObjectRef[Any]:
        return ray.put(np.frombuffer(self.opened.read(path, offset, length), dtype=np.uint8))

    def write(self, copy: str, file: str, offset: int, data: ray.ObjectRef[Any]) -> None:
        self.opened.write(copy, file, offset, memoryview(ray.get(data, timeout=CALL_S)))


class HandEnd:
    """A stronghold that a Hand on another node reads and writes."""

    def __init__(self, place: Place, hand: ActorHandle[Any]) -> None:
        self.place = place
        self.hand = hand

    def do(self, method: str, *args: Any) -> Any:
        return ask(self.hand.do.remote(self.place, method, *args), CALL_S)

    def peek(self, path: str, length: int) -> bytes:
        return ask(self.hand.read.remote(self.place, path, 0, length), CALL_S).tobytes()

    def read(self, path: str, offset: int, length: int) -> ray.ObjectRef[Any]:
        return self.hand.read.remote(self.place, path, offset, length)

    def write(self, copy: str, file: str, offset: int, data: ray.ObjectRef[Any]) -> None:
        ask(self.hand.write.remote(self.place, copy, file, offset, data), CALL_S)


class StoppedError(Exception):
    """The copy was cancelled."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be copied: the files of `path` in `source`, to `target_path` in `target`, growing there as `copy`.

    `known`: digests that files must have, whatever the source says; with `only` other files are no part of it.
    """

    source: End
    path: str
    target: End
    target_path: str
    copy: str
    known: Mapping[str, str]
    only: bool = False
    min_free: int = 0


def carry(load: Load, moved: Callable[[int], bool]) -> tuple[dict[str, str], int]:
    """Copy, verify and publish; the digest of each file and the bytes of all.

    `moved` is told how many bytes are at the target, and says whether to go on.

    Raises:
        RealmError: the source has nothing or something else than it should; the target is full; a host stayed away.
        StoppedError: `moved` said no; what is at the target stays for another try.
    """
    sizes: dict[str, int] = _patiently(lambda: load.source.do("files", load.path))
    sizes = {file: size for file, size in sizes.items() if not load.only or file in load.known}
    if not sizes:
        raise RealmError(f"{load.source.place.id} has nothing at {load.path}.", "Verify the copy.")
    total = sum(sizes.values())
    _check_space(load, sizes)
    done = 0
    digests: dict[str, str] = {}
    for file, size in sizes.items():
        digests[file] = _carry_file(load, file, size, lambda here, done=done: moved(done + here))
        done += size
    missing = set(load.known) - set(digests)
    if missing:
        raise RealmError(f"{load.source.place.id} lacks {', '.join(sorted(missing))}.", "Verify the copy.")
    _patiently(lambda: load.target.do("publish", load.copy, load.target_path, list(sizes)))
    return digests, total


def _carry_file(load: Load, file: str, size: int, moved: Callable[[int], bool]) -> str:
    """Copy one file and compare its digest, once more from its beginning when it differs."""
    path = f"{load.path}/{file}".lstrip("/")
    wanted = load.known.get(file) or _patiently(lambda: load.source.do("sha256", path))
    for last in (False, True):
        _pour(load, file, path, size, moved)
        found = _patiently(lambda: load.target.do("staged_sha256", load.copy, file)) if size else _EMPTY
        if found == wanted:
            return found
        _patiently(lambda: load.target.do("discard", load.copy, file))
        if last:
            break
    raise RealmError(
        f"{file} from {load.source.place.id} has sha256 {found[:12]}…, not {wanted[:12]}…: it is damaged there.",
        "`realm vault verify` names the good copies.",
    )


def _pour(load: Load, file: str, path: str, size: int, moved: Callable[[int], bool]) -> None:
    """Append what is missing of a file at the target, reading one piece ahead."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            offset = int(load.target.do("staged", load.copy, file))
            if offset > size:
                load.target.do("discard", load.copy, file)
                offset = 0
            told = offset
            for start, piece in _pieces(load, path, offset, size):
                load.target.write(load.copy, file, start, piece)
                del piece
                deadline = time.monotonic() + PATIENCE_S
                if start - told >= TELL:
                    told = start
                    if not moved(start):
                        raise StoppedError
            if not moved(size):
                raise StoppedError
            return
        except AWAY as error:
            _wait_for(deadline, error)


def _pieces(load: Load, path: str, offset: int, size: int) -> Iterator[tuple[int, Any]]:
    """The pieces of a file from `offset` on, each with where it begins, read a few ahead."""
    step = BUCKET_PIECE if load.target.place.folder is None else PIECE
    ahead: deque[tuple[int, Any]] = deque()
    for start in range(offset, size, step):
        ahead.append((start, load.source.read(path, start, step)))
        if len(ahead) > AHEAD:
            yield ahead.popleft()
    while ahead:
        yield ahead.popleft()


def _patiently(call: Callable[[], Any]) -> Any:
    """The answer of an end, asked again while its host comes back."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call()
        except AWAY as error:
            _wait_for(deadline, error)


def _wait_for(deadline: float, error: RayError | ClusterError) -> None:
    if time.monotonic() > deadline:
        raise ClusterError(f"The host stayed away: {str(error).splitlines()[0]}", "The copy goes on when asked again.")
    time.sleep(PAUSE_S)


def _check_space(load: Load, sizes: Mapping[str, int]) -> None:
    space = _patiently(lambda: load.target.do("space"))
    if space is None:
        return
    there = sum(int(_patiently(lambda f=file: load.target.do("staged", load.copy, f))) for file in sizes)
    needed = max(0, sum(sizes.values()) - there)
    if space.free_bytes - needed < load.min_free:
        raise DiskFullError(
            f"The copy needs {needed / 1e6:.1f} MB and {load.min_free / 1e6:.0f} MB must stay free; "
            f"{load.target.place.id} has {space.free_bytes / 1e6:.1f} MB free.",
            "Free some space there, then ask again.",
            needed=needed,
            free=space.free_bytes,
        )
