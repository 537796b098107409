"""Digests of files, remembered while a file stays as it was. Does not know what the files are."""

from __future__ import annotations

from pathlib import Path

from realm.vault.folders import sha256_of

Signature = tuple[int, int, int]


class Digests:
    """sha256 by path. A file that was written since is read again; decay without a write only `fresh` sees."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Signature, str]] = {}

    def of(self, path: Path) -> str:
        """The digest of a file, from memory if it was not written since."""
        known = self._known.get(path)
        signature = _signature(path)
        return known[1] if known is not None and known[0] == signature else self.fresh(path)

    def fresh(self, path: Path) -> str:
        """The digest of a file, read now."""
        signature = _signature(path)
        digest = sha256_of(path)
        self.note(path, digest, signature)
        return digest

    def note(self, path: Path, digest: str, signature: Signature | None = None) -> None:
        """Remember what the one who wrote the file has computed."""
        self._known[path] = (signature or _signature(path), digest)


def _signature(path: Path) -> Signature:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
