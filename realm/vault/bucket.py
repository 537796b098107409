"""A stronghold in a bucket, through fsspec (`s3://` needs the extra `realm-of-training[s3]`).

Objects cannot grow: each piece of a file is an object of its own under the staging name, and the bucket joins them.
Secrets come from the environment of the process, never from the settings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import fsspec
from typing_extensions import override

from realm.errors import ConfigError, NotFoundError, RealmError
from realm.vault.paths import STAGING, clean, hidden
from realm.vault.stronghold import Space, Stronghold


class BucketStronghold(Stronghold):
    """A prefix of a bucket. `options` go to the file system of the URI's scheme, e.g. `endpoint_url`."""

    def __init__(self, uri: str, options: Mapping[str, Any] | None = None) -> None:
        try:
            # Listings are never kept: another host writes here too.
            made = fsspec.url_to_fs(uri, use_listings_cache=False, skip_instance_cache=True, **(options or {}))
        except (ImportError, ValueError, TypeError) as error:
            raise ConfigError(f"The stronghold {uri} cannot be opened: {error}", "pip install 's3fs'") from None
        self.fs: Any = made[0]
        self.uri = uri
        self.root = str(made[1]).rstrip("/")

    @override
    def space(self) -> Space | None:
        self._reach(lambda: self.fs.ls(self.root.split("/")[0], detail=False))
        return None

    @override
    def files(self, path: str) -> dict[str, int]:
        base = self._at(path) if path else self.root
        found: dict[str, dict[str, Any]] = self._reach(lambda: self.fs.find(base, detail=True))
        sizes = {_within(name, base): int(info["size"]) for name, info in found.items()}
        if set(sizes) == {""}:
            return {base.rpartition("/")[2]: sizes[""]}
        return {name: size for name, size in sorted(sizes.items()) if name and not hidden(name)}

    @override
    def folders_with(self, name: str) -> Iterator[str]:
        for found in sorted(self._reach(lambda: self.fs.find(self.root))):
            within = _within(found, self.root)
            if within.endswith(f"/{name}") and not hidden(within):
                yield within.removesuffix(f"/{name}")

    @override
    def read(self, path: str, offset: int, length: int) -> bytes:
        place = self._at(path)
        try:
            size = int(self.fs.size(place))
            if offset >= size:
                return b""
            return bytes(self.fs.cat_file(place, start=offset, end=min(size, offset + length)))
        except FileNotFoundError:
            raise NotFoundError(f"{self.uri} has no object {path!r}.", "Verify the copy.") from None
        except OSError as error:
            raise self._away(error) from None

    @override
    def staged(self, copy: str, file: str) -> int:
        reached = 0
        for offset, _, size in self._pieces(copy, file):
            if offset != reached:
                break
            reached += size
        return reached

    @override
    def write(self, copy: str, file: str, offset: int, data: bytes | memoryview) -> None:
        self._reach(lambda: self.fs.pipe_file(f"{self._staging(copy, file)}/{offset:015d}", bytes(data)))

    @override
    def discard(self, copy: str, file: str | None = None) -> None:
        self._remove(self._staging(copy, file))

    @override
    def staged_sha256(self, copy: str, file: str) -> str:
        digest = hashlib.sha256()
        for _, piece, _ in self._pieces(copy, file):
            digest.update(self._reach(lambda piece=piece: self.fs.cat_file(piece)))
        return digest.hexdigest()

    @override
    def publish(self, copy: str, path: str, files: list[str]) -> None:
        if not self._reach(lambda: self.fs.find(self._staging(copy))) and self.files(path):
            return  # asked a second time, because the answer to the first was lost
        self.delete(path)
        # The record comes last: a scan finds only what is complete.
        for file in sorted(files, key=lambda name: (name == "ledger.json", name)):
            pieces = [piece for _, piece, _ in self._pieces(copy, file)]
            target = self._at(f"{clean(path)}/{clean(file)}")
            if not pieces:
                self._reach(lambda target=target: self.fs.pipe_file(target, b""))
            elif len(pieces) == 1:
                self._reach(lambda target=target, pieces=pieces: self.fs.copy(pieces[0], target))
            else:
                self._reach(lambda target=target, pieces=pieces: self._join(pieces, target))
        self.discard(copy)

    @override
    def delete(self, path: str) -> None:
        self._remove(self._at(path))

    def _join(self, pieces: list[str], target: str) -> None:
        """One object of several: by the bucket itself where it can, else through this process."""
        if hasattr(self.fs, "merge"):
            self.fs.merge(target, pieces)
            return
        with self.fs.open(target, "wb") as out:
            for piece in pieces:
                out.write(self.fs.cat_file(piece))

    def _pieces(self, copy: str, file: str) -> list[tuple[int, str, int]]:
        """Offset, object and bytes of each piece of a growing file, in order."""
        base = self._staging(copy, file)
        found: dict[str, dict[str, Any]] = self._reach(lambda: self.fs.find(base, detail=True))
        named = [(name.rpartition("/")[2], name, int(info["size"])) for name, info in found.items()]
        return sorted((int(offset), name, size) for offset, name, size in named if offset.isdigit())

    def _remove(self, place: str) -> None:
        if self._reach(lambda: self.fs.exists(place)):
            self._reach(lambda: self.fs.rm(place, recursive=True))

    def _at(self, path: str) -> str:
        return f"{self.root}/{clean(path)}"

    def _staging(self, copy: str, file: str | None = None) -> str:
        return "/".join((self.root, STAGING, clean(copy), *([] if file is None else [clean(file)])))

    def _reach(self, ask: Any) -> Any:
        try:
            return ask()
        except OSError as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> RealmError:
        return RealmError(f"The stronghold {self.uri} does not answer: {error}", "Check its uri, options and keys.")


def _within(name: str, base: str) -> str:
    return name.removeprefix(base).lstrip("/")
