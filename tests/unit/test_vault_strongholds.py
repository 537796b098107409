"""Strongholds as files: paths that lead out, copies that grow, sidecars that are not what they seem, the cache."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_rules_checkpoint import checkpoint

from actors.rows import row_of
from realm.errors import DiskFullError, NotFoundError, RealmError, RequestError
from realm.rules.checkpoint import CreatedBy, TrashedBy
from realm.vault.cache import Cache
from realm.vault.digests import Digests
from realm.vault.folders import WEIGHTS, sha256_of
from realm.vault.paths import clean, confined
from realm.vault.places import Place
from realm.vault.sidecar import read_sidecar, write_sidecar
from realm.vault.stronghold import FolderStronghold


@pytest.fixture
def place(tmp_path):
    root = tmp_path / "copies"
    root.mkdir()
    (tmp_path / "secret").write_text("not yours")
    return FolderStronghold(root)


OUTSIDE = [
    "../secret",
    "a/../../secret",
    "/etc/passwd",
    "",
    ".",
    "a/./b",
    "..",
    "a\\b",
    "a\0b",
    "link",
    "folder/secret",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_out_of_a_stronghold(place, tmp_path, path):
    (place.root / "link").symlink_to(tmp_path / "secret")
    (place.root / "folder").symlink_to(tmp_path)
    for ask in (lambda: place.read(path, 0, 9), lambda: place.delete(path), lambda: place.sha256(path)):
        with pytest.raises(RequestError):
            ask()
    with pytest.raises(RequestError):
        place.write("copy", path, 0, b"x") if path not in ("link", "folder/secret") else confined(place.root, path)
    with pytest.raises(RequestError):
        place.publish("copy", path, [])
    assert (tmp_path / "secret").read_text() == "not yours"


@given(st.text(alphabet="ab./\\~", max_size=12))
def test_a_clean_path_stays_below(path):
    try:
        found = clean(path)
    except RequestError:
        return
    assert not found.startswith("/")
    assert ".." not in found.split("/")


def test_links_out_of_a_copy_are_no_part_of_it(place, tmp_path):
    (place.root / "copy").mkdir()
    (place.root / "copy" / "own").write_text("x")
    (place.root / "copy" / "theirs").symlink_to(tmp_path / "secret")
    (place.root / "copy" / ".hidden").write_text("x")
    assert place.files("copy") == {"own": 1}


def test_a_copy_grows_goes_on_and_appears_whole(place):
    place.write("copy", "a/b", 0, b"one ")
    assert place.staged("copy", "a/b") == 4
    place.write("copy", "a/b", 4, b"two")
    with pytest.raises(RealmError, match="has 7 bytes, not 4"):
        place.write("copy", "a/b", 4, b"two")
    assert place.files("x") == {}
    assert list(place.folders_with("b")) == []
    (place.root / "x").mkdir()
    (place.root / "x" / "old").write_text("old")
    for _ in range(2):
        place.publish("copy", "x", ["a/b", "empty"])
    assert place.files("x") == {"a/b": 7, "empty": 0}
    assert place.read("x/a/b", 4, 100) == b"two"
    assert place.sha256("x/a/b") == sha256_of(place.root / "x" / "a" / "b")
    assert list(place.folders_with("b")) == ["x/a"]
    place.delete("x")
    place.delete("x")
    with pytest.raises(NotFoundError, match="no file 'x/a/b'"):
        place.read("x/a/b", 0, 1)


def test_a_mount_that_is_gone_is_not_made(tmp_path):
    assert FolderStronghold(tmp_path / "new").space() is not None
    with pytest.raises(NotFoundError, match="gone/copies is not there"):
        FolderStronghold(tmp_path / "gone" / "copies").space()


def test_a_place_is_a_folder_or_a_bucket():
    assert str(Place("x", "warm", "file:///nas/a%20b").folder) == "/nas/a b"
    assert str(Place("x", "warm", "/nas/ab").folder) == "/nas/ab"
    assert Place("x", "warm", "s3://bucket/ab").folder is None


def test_a_sidecar_gives_the_record_back():
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    record = checkpoint(
        7, val_loss=0.5, exam_skills={"bin": 0.5}, exam_version="v1", mastered_levels={"bin": 2}, promoted_at=moment,
        trashed_at=moment, trashed_by=TrashedBy.PERSON, created_by=CreatedBy.MASTERY, sha256="a" * 64,
    )  # fmt: skip
    assert read_sidecar(write_sidecar(row_of(record))) == record


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"step": "many"}, "step"),
        ({"step": -1}, "out of range"),
        ({"sha256": "x"}, "out of range"),
        ({"saved_at": "2026-01-01T00:00:00"}, "names no zone"),
        ({"id": "../../etc"}, "id"),
        ({"id": "mote-1/../x"}, "id"),
        ({"id": "dio-1/checkpoint-7-20260304-0506"}, "id"),
        ({"created_by": "magic"}, "created_by"),
        ({"hero_id": None}, "hero_id"),
    ],
)
def test_a_sidecar_that_is_no_record_is_refused_with_the_reason(change, why):
    row = {**row_of(checkpoint(7, sha256="a" * 64)), **change}
    with pytest.raises(RealmError, match=why):
        read_sidecar(write_sidecar(row))


@pytest.mark.parametrize("text", ["", "[]", "{}", '"x"', "[" * 100_000, b"\xff\xfe", "null", json.dumps({"id": 1})])
def test_what_is_no_sidecar_at_all_is_refused(text):
    with pytest.raises(RealmError, match=r"ledger\.json is no checkpoint's record"):
        read_sidecar(text)


def test_the_cache_keeps_what_was_used_last_and_drops_what_is_damaged(tmp_path):
    cache = Cache(tmp_path / "cache", Digests())
    digests = {}
    for number, name in enumerate("abc"):
        folder = cache.root / "mote-1" / name
        folder.mkdir(parents=True)
        (folder / WEIGHTS).write_bytes(name.encode() * 100)
        digests[name] = sha256_of(folder / WEIGHTS)
        os.utime(folder, (number, number))
    assert cache.find("mote-1/a", digests["a"]) == cache.root / "mote-1" / "a"
    cache.make_room(100, 300)
    assert sorted(path.name for path in cache.root.glob("*/*")) == ["a", "c"]
    (cache.root / "mote-1" / "c" / WEIGHTS).write_bytes(b"C" * 100)
    assert cache.find("mote-1/c", digests["c"]) is None
    assert cache.find("mote-1/b", digests["b"]) is None
    assert sorted(path.name for path in cache.root.glob("*/*")) == ["a"]
    with pytest.raises(DiskFullError, match=r"vault\.cache_max_mb"):
        cache.make_room(301, 300)
