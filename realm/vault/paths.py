"""Relative paths from outside, confined to the folder they are meant for. Does not know what lies there."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from realm.errors import RequestError

STAGING = ".staging"
"""Folder below a stronghold's root in which copies grow; what begins with a dot is no copy."""


def clean(relative: str) -> str:
    """A relative path in its shortest form, with `/` between its parts.

    Raises:
        RequestError: it is empty, absolute, or leads upwards.
    """
    parts = PurePosixPath(relative).parts
    wrong = not parts or relative.startswith("/") or "\\" in relative or "\0" in relative
    if wrong or any(part in (".", "..") for part in relative.split("/")):
        raise RequestError(f"The path {relative!r} does not stay below its folder.", "Name a path inside it.")
    return "/".join(parts)


def confined(root: Path, relative: str) -> Path:
    """The path of `relative` below `root`, links followed.

    Raises:
        RequestError: it is absolute, leads upwards, or a link in it leads out of `root`.
    """
    base = root.resolve()
    found = (base / clean(relative)).resolve()
    if not found.is_relative_to(base):
        raise RequestError(f"The path {relative!r} leads out of its folder.", "Name a path inside it.")
    return found


def hidden(relative: str) -> bool:
    """Whether a part of the path begins with a dot: unfinished or not ours."""
    return any(part.startswith(".") for part in relative.split("/"))
