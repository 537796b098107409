"""What is kept can be read back; what is damaged or missing says so; names are harmless."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realm.errors import NotFoundError, QuestError
from realm.quests.example import Example
from realm.quests.intake import write_generated
from realm.quests.library import decode_shard, display_name, read_manifest, read_shard, shard_path, sweep

EXAMPLES = [Example(text=f"document {n}") for n in range(100)]


@pytest.fixture
def quest(tmp_path: Path) -> Path:
    return tmp_path / write_generated(EXAMPLES, tmp_path, "stories").quest_id


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("data.jsonl", "data.jsonl"),
        ("../../x", "x"),
        ("..\\..\\x.json", "x.json"),
        ("/etc/passwd", "passwd"),
        ("folder/", "folder"),
        ("..", "quest"),
        ("", "quest"),
        ("\x00\x1b[31m\n", "[31m"),
        ("a\tb\u202egpj.exe", "a bgpj.exe"),
        ("\udcff.jsonl", ".jsonl"),
        ("été 日本.jsonl", "été 日本.jsonl"),
        ("x" * 500, "x" * 100),
    ],
)
def test_display_names(name: str, shown: str) -> None:
    assert display_name(name) == shown


@given(st.text())
def test_any_name_is_harmless(name: str) -> None:
    shown = display_name(name)
    assert 0 < len(shown) <= 100
    assert "/" not in shown
    assert "\\" not in shown
    assert shown not in (".", "..")
    assert shown.isprintable()
    assert shown.encode()


def test_a_missing_quest_or_shard_is_not_found(quest: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no quest"):
        read_manifest(quest.parent / "0123456789abcdef")
    with pytest.raises(NotFoundError, match="There is no shard 1"):
        read_shard(quest, 1)


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"version": 1}', '{"version": 2, "quest_id": "x"}'])
def test_a_damaged_manifest_is_an_error(quest: Path, damage: str) -> None:
    (quest / "manifest.json").write_text(damage)
    with pytest.raises(QuestError, match="is damaged"):
        read_manifest(quest)


def test_the_manifest_is_plain_json(quest: Path) -> None:
    stored = json.loads((quest / "manifest.json").read_text())
    assert stored["name"] == "stories"
    assert stored["shards"] == [{"file": "shard-00000.jsonl.zst", "examples": 100}]


def test_a_damaged_shard_is_an_error(quest: Path) -> None:
    data = shard_path(quest, 0).read_bytes()
    assert decode_shard(data) == EXAMPLES
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    for damaged in (b"", b"hello", data[:-1], data[: len(data) // 2], bytes(flipped)):
        with pytest.raises(QuestError, match="The shard is damaged"):
            decode_shard(damaged)


def test_sweep_removes_what_a_killed_process_left(quest: Path) -> None:
    left = quest.parent / ".incoming-0123"
    left.mkdir()
    (left / "shard-00000.jsonl.zst").write_bytes(b"half")
    assert sweep(quest.parent) == 1
    assert not left.exists()
    assert read_manifest(quest).examples == 100
    assert sweep(quest.parent) == 0
