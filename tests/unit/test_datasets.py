"""Data jobs on small real files: what comes out is what went in, bad rows are named, nothing leaves the folder."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realm.errors import QuestError, RequestError
from realm.quests import Example, write_generated
from realm.quests.dataset_files import DataWriter
from realm.quests.datasets import Rows, chars_of, confined, converted, filtered, profile, stem_of, validate

FORMATS = ("jsonl", "jsonl.gz", "jsonl.zst", "parquet")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=30).filter(str.strip)
CALL = st.fixed_dictionaries(
    {
        "name": st.just("add"),
        "arguments": st.dictionaries(st.text(max_size=4), st.integers() | st.none() | st.text(max_size=4)),
    }
)
METADATA = {"skill": "bin", "level": 3, "primitives": ["a@1"], "provenance": {"step": 7, "checkpoint_id": "c"}}


def unwatched() -> None:
    pass


@st.composite
def conversations(draw: st.DrawFn) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": draw(TEXT)},
        {"role": "assistant", "content": draw(TEXT)},
    ]
    if draw(st.booleans()):
        call = draw(CALL)
        messages.append({"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": call}]})
    if draw(st.booleans()):
        messages.append({"role": "assistant", "content": draw(TEXT), "train": False})
    row: dict[str, Any] = {"messages": messages}
    if draw(st.booleans()):
        row["tools"] = [{"type": "function", "function": {"name": "add", "parameters": {"n": draw(st.integers(0, 9))}}}]
    if draw(st.booleans()):
        row |= METADATA
    return row


def written(folder: Path, rows: list[dict[str, Any]], name: str = "in.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [example.to_row() for example in Rows([path], unwatched)]


@settings(max_examples=60, deadline=None)
@given(st.lists(conversations(), min_size=1, max_size=6) | st.lists(st.fixed_dictionaries({"text": TEXT}), min_size=1))
def test_a_file_converted_to_any_format_has_the_same_examples(rows):
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = written(folder, rows)
        wanted = read(source)
        for form in FORMATS:
            with DataWriter(folder / f"out.{form}", form) as writer:
                told = converted([source], writer, unwatched)
                path = writer.publish()
            assert read(path) == wanted
            assert told["examples"] == len(rows)
        assert not list(folder.glob(".*"))


def test_files_are_what_their_names_say(tmp_path: Path) -> None:
    source = written(tmp_path, [{"text": "one"}])
    magics = {"jsonl": b'{"', "jsonl.gz": b"\x1f\x8b", "jsonl.zst": b"\x28\xb5\x2f\xfd", "parquet": b"PAR1"}
    for form, magic in magics.items():
        with DataWriter(tmp_path / f"x.{form}", form) as writer:
            converted([source], writer, unwatched)
            assert writer.publish().read_bytes().startswith(magic)


def test_no_file_takes_the_place_of_another_and_a_broken_one_leaves_no_trace(tmp_path: Path) -> None:
    source = written(tmp_path, [{"text": "one"}], "x.jsonl")
    names = []
    for _ in range(3):
        with DataWriter(tmp_path / "x.jsonl", "jsonl") as writer:
            converted([source], writer, unwatched)
            names.append(writer.publish().name)
    assert names == ["x-2.jsonl", "x-3.jsonl", "x-4.jsonl"]

    def half() -> None:
        with DataWriter(tmp_path / "y.jsonl", "jsonl") as writer:
            writer.add(Example(text="half"))
            raise KeyError

    with pytest.raises(KeyError):
        half()
    assert not list(tmp_path.glob("*y.jsonl*"))


def test_bad_rows_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(
        '{"text": "one"}\nnot json\n\n{"question": "?"}\n{"text": " "}\n{"text": "two"}\n{"text": "\xff"}\n', "latin-1"
    )
    told = validate([path], unwatched)
    assert (told["valid"], told["examples"], told["bad"]) == (False, 2, 4)
    assert [each["row"] for each in told["bad_rows"]] == [2, 4, 5, 7]
    assert "not JSON" in told["bad_rows"][0]["reason"]
    with DataWriter(tmp_path / "out.jsonl", "jsonl") as writer:
        kept = filtered([path], writer, unwatched)
        assert read(writer.publish()) == [{"text": "one"}, {"text": "two"}]
    assert (kept["kept"], kept["bad"]) == (2, 4)
    with pytest.raises(QuestError, match="Row 2"), DataWriter(tmp_path / "c.jsonl", "jsonl") as writer:
        converted([path], writer, unwatched)
    assert validate([written(tmp_path, [{"text": "one"}], "good.jsonl")], unwatched)["valid"]


def test_damage_ends_a_file_and_is_named(tmp_path: Path) -> None:
    array = tmp_path / "in.json"
    array.write_text('[{"text": "one"}, {"text": "two"} {"text": "three"}]')
    told = validate([array], unwatched)
    assert (told["examples"], told["bad"], told["valid"]) == (2, 1, False)
    cut = tmp_path / "cut.jsonl.gz"
    lines = "".join(json.dumps({"text": Random(number).randbytes(200).hex()}) + "\n" for number in range(12_000))
    cut.write_bytes(gzip.compress(lines.encode())[:-40_000])
    told = validate([cut], unwatched)
    assert (told["valid"], told["bad"]) == (False, 1)
    assert 6000 < told["examples"] < 12_000
    assert "cut off" in told["bad_rows"][0]["reason"]
    (tmp_path / "zip").write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(QuestError, match="zip archive"):
        validate([tmp_path / "zip"], unwatched)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("ab", min_size=1, max_size=6), min_size=1, max_size=12),
    st.integers(0, 4),
    st.integers(1, 6),
    st.booleans(),
)
def test_what_is_filtered_is_what_the_limits_say(texts, low, high, unique):
    wanted = [text for text in texts if low <= len(text) <= high]
    wanted = list(dict.fromkeys(wanted)) if unique else wanted
    with TemporaryDirectory() as name:
        source, target = written(Path(name), [{"text": text} for text in texts]), Path(name) / "out.jsonl"
        with DataWriter(target, "jsonl") as writer:
            if not wanted:
                with pytest.raises(QuestError, match="Nothing is left"):
                    filtered([source], writer, unwatched, min_chars=low, max_chars=high, unique=unique)
                return
            told = filtered([source], writer, unwatched, min_chars=low, max_chars=high, unique=unique)
            assert [row["text"] for row in read(writer.publish())] == wanted
    assert told["kept"] + sum(told["dropped"].values()) == len(texts)


def test_a_profile_counts_what_is_there(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "12"}, {"role": "assistant", "content": "345"}], **METADATA}
    told = profile([written(tmp_path, [row, row, {**row, "level": 4}])], unwatched)
    assert (told["examples"], told["turns"], told["trained_turns"], told["repeated"]) == (3, 6, 3, 1)
    assert (told["roles"], told["skills"]) == ({"user": 3, "assistant": 3}, {"bin 3": 2, "bin 4": 1})
    assert told["chars"] == {"total": 15, "min": 5, "mean": 5.0, "median": 5.0, "p95": 5.0, "max": 5}
    json.dumps(told)


def test_the_shards_of_a_quest_are_read_as_one(tmp_path: Path) -> None:
    rows = [{"text": f"line {number}"} for number in range(5000)]
    manifest = write_generated(rows, tmp_path, "lines")
    shards = sorted((tmp_path / manifest.quest_id).glob("shard-*"))
    assert len(shards) == 2
    assert profile(shards, unwatched)["examples"] == 5000


def test_a_path_stays_below_the_folder(tmp_path: Path) -> None:
    data, outside = tmp_path / "data", tmp_path / "secret.jsonl"
    (data / "sub").mkdir(parents=True)
    inside = written(data / "sub", [{"text": "x"}])
    outside.write_text("{}")
    (data / "link.jsonl").symlink_to(outside)
    (data / "up").symlink_to(tmp_path)
    assert confined(data, "sub/in.jsonl") == inside
    assert confined(data, "sub/../sub/in.jsonl") == inside
    for name in (
        "../secret.jsonl",
        str(outside),
        "link.jsonl",
        "up/secret.jsonl",
        "sub",
        ".",
        "",
        "no.jsonl",
        "a\0b",
        "x" * 5000,
    ):
        with pytest.raises(RequestError, match="data folder"):
            confined(data, name)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.jsonl", "a"),
        ("a.jsonl.zst", "a"),
        ("a.b.parquet", "a.b"),
        ("a", "a"),
        (".jsonl", "data"),
        ("A.JSON.GZ", "A"),
    ],
)
def test_a_stem_has_no_format(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_the_work_ends_when_it_is_not_wanted_any_more(tmp_path: Path) -> None:
    def watch() -> None:
        raise TimeoutError

    for rows in ([{"text": f"{number}"} for number in range(1000)], [{"no": "shape"}] * 1000):
        with pytest.raises(TimeoutError):
            validate([written(tmp_path, rows)], watch)


def test_characters_are_of_all_texts() -> None:
    assert chars_of(Example(text="abc")) == 3
    assert chars_of(Example(messages=[{"role": "user", "content": "ab"}, {"role": "assistant", "content": "c"}])) == 3
