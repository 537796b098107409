"""Files become quests: whole or not at all, once, in flat memory, and nothing but a QuestError comes of a bad one."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from realm.errors import DiskFullError, QuestError
from realm.quests import intake, library
from realm.quests.example import Example
from realm.quests.intake import admit, inspect, write_generated
from realm.quests.library import SHARD_EXAMPLES, ShardInfo, SkillCount, read_manifest, read_shard

ROWS = [{"question": f"What is {n} × 2?", "answer": str(n * 2)} for n in range(6)]


def jsonl(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


FORMATS: dict[str, Callable[[list[Any]], bytes]] = {
    "jsonl": jsonl,
    "json": lambda rows: json.dumps(rows, indent=1).encode(),
    "parquet": parquet,
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def conversation(*contents: str) -> Example:
    roles = ("user", "assistant")
    return Example(messages=[{"role": roles[n % 2], "content": text} for n, text in enumerate(contents)])


def all_examples(quest_dir: Path) -> list[Example]:
    return [item for index in range(len(read_manifest(quest_dir).shards)) for item in read_shard(quest_dir, index)]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "quests"


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    def write(data: bytes, name: str = "file.jsonl") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("format", FORMATS)
def test_admit_every_format_in_every_compression(put: Any, target: Path, format: str, compression: str) -> None:
    data = COMPRESSIONS[compression](FORMATS[format](ROWS))
    manifest = admit(put(data, "sums.anything"), target)
    sha256 = hashlib.sha256(data).hexdigest()
    assert (manifest.sha256, manifest.quest_id, manifest.size_bytes) == (sha256, sha256[:16], len(data))
    assert (manifest.format, manifest.compression, manifest.shape) == (format, compression, "question-answer")
    assert (manifest.examples, manifest.trained_turns, manifest.skills) == (6, 6, None)
    assert manifest.shards == (ShardInfo("shard-00000.jsonl.zst", 6),)
    assert manifest.name == "sums.anything"
    assert read_manifest(target / manifest.quest_id) == manifest
    assert all_examples(target / manifest.quest_id) == [conversation(row["question"], row["answer"]) for row in ROWS]
    assert [path.name for path in target.iterdir()] == [manifest.quest_id]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("format", FORMATS)
def test_inspect_shows_the_first_rows_as_examples(put: Any, format: str, compression: str) -> None:
    rows = [{"question": "Q" * 500, "answer": "A", "extra": list(range(50))}, *ROWS]
    preview = inspect(put(COMPRESSIONS[compression](FORMATS[format](rows))), limit=2)
    assert (preview.format, preview.compression, preview.shape) == (format, compression, "question-answer")
    assert preview.examples[0] == conversation("Q" * 500, "A")
    assert preview.examples[1] == conversation(ROWS[0]["question"], "0")
    assert len(preview.examples) == 2


def test_inspect_reads_no_further_than_it_shows(put: Any) -> None:
    path = put(jsonl(ROWS[:2]) + b"not json\n")
    assert len(inspect(path, limit=2).examples) == 2
    with pytest.raises(QuestError, match="line 3"):
        inspect(path, limit=3)


def test_admitting_twice_gives_the_first_quest(put: Any, target: Path) -> None:
    first = admit(put(jsonl(ROWS), "one.jsonl"), target)
    changed = (target / first.quest_id / "manifest.json").stat().st_mtime_ns
    assert admit(put(jsonl(ROWS), "two.jsonl"), target) == first
    assert (target / first.quest_id / "manifest.json").stat().st_mtime_ns == changed
    assert [path.name for path in target.iterdir()] == [first.quest_id]


def test_a_different_file_with_the_same_id_is_refused(put: Any, target: Path) -> None:
    manifest = admit(put(jsonl(ROWS)), target)
    stored = target / manifest.quest_id / "manifest.json"
    stored.write_text(stored.read_text().replace(manifest.sha256, manifest.quest_id.ljust(64, "0")))
    with pytest.raises(QuestError, match="from another file"):
        admit(put(jsonl(ROWS)), target)


def test_shards_are_cut_by_count_and_by_size(put: Any, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"text": f"story {n}"} for n in range(SHARD_EXAMPLES * 2 + 1)]
    manifest = admit(put(jsonl(rows)), target)
    assert [shard.examples for shard in manifest.shards] == [SHARD_EXAMPLES, SHARD_EXAMPLES, 1]
    quest = target / manifest.quest_id
    assert sorted(path.name for path in quest.iterdir()) == [
        "manifest.json",
        *(shard.file for shard in manifest.shards),
    ]
    assert [item.text for item in all_examples(quest)] == [row["text"] for row in rows]
    monkeypatch.setattr(library, "SHARD_BYTES", 1000)
    manifest = admit(put(jsonl([{"text": "x" * 400} for _ in range(7)])), target)
    assert [shard.examples for shard in manifest.shards] == [3, 3, 1]


def test_too_long_examples_are_counted_and_left_out(put: Any, target: Path) -> None:
    rows = [{"text": "x" * length} for length in (3, 9, 5, 8, 4)]
    manifest = admit(put(b"\n" + jsonl(rows)), target, measure=lambda item: len(item.text or ""), max_length=5)
    assert (manifest.examples, manifest.trained_turns) == (3, 3)
    assert (manifest.skipped_too_long, manifest.first_too_long_line) == (2, 3)
    assert [len(item.text or "") for item in all_examples(target / manifest.quest_id)] == [3, 5, 4]


def test_only_too_long_examples_is_an_error(put: Any, target: Path) -> None:
    rows = [{"text": "x" * length} for length in (9, 7, 8)]
    with pytest.raises(
        QuestError, match="All 3 examples are longer than max_length 5: the shortest has 7 tokens"
    ) as caught:
        admit(put(jsonl(rows)), target, measure=lambda item: len(item.text or ""), max_length=5)
    assert caught.value.line == 1
    assert list(target.iterdir()) == []


def test_progress_counts_bytes_of_the_file(put: Any, target: Path) -> None:
    rows = [{"text": random.Random(n).randbytes(500).hex()} for n in range(3000)]
    for data in (jsonl(rows), gzip.compress(jsonl(rows)), parquet(rows)):
        calls: list[tuple[int, int]] = []
        admit(put(data), target, progress=lambda done, total, calls=calls: calls.append((done, total)))
        assert len(calls) >= 2
        assert calls == sorted(calls)
        assert calls[-1] == (len(data), len(data))
        assert {total for _, total in calls} == {len(data)}


@pytest.mark.parametrize("where", ["measure", "progress"])
def test_what_a_callback_raises_is_passed_on_and_leaves_nothing(put: Any, target: Path, where: str) -> None:
    def stop(*_: object) -> Any:
        raise KeyboardInterrupt

    path = put(jsonl([{"text": "x" * 3000}] * 1000))
    callbacks: dict[str, Any] = {where: stop}
    with pytest.raises(KeyboardInterrupt):
        admit(path, target, max_length=5, **callbacks)
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "line", "reasons"),
    [
        (jsonl([*ROWS, 3]), 7, ["a number (3)", "not a JSON object"]),
        (jsonl([*ROWS, {"question": "x", "answer": 4}]), 7, ["answer is a number (4)", "not a string"]),
        (jsonl([*ROWS, {"question": "x", "answer": ""}]), 7, ["assistant turn is empty (answer)"]),
        (
            jsonl([ROWS[0], {"instruction": "x", "output": "y"}]),
            2,
            ["shape alpaca", "first example has shape question-answer"],
        ),
        (jsonl([ROWS[0], {"chosen": "x", "rejected": "y"}]), 2, ["preference data"]),
        (jsonl([{"foo": 1}]), 1, ["shape is unknown", "'foo'", "messages (messages)"]),
        (b'{"question": "x", "answer": "\\ud800"}', 1, ["surrogate", "\\ud800"]),
        (b'{"messages": [{"role": "user", "content": NaN}]}', 1, ["messages[0].content is a number (nan)"]),
        (b'{"text": "x", "score": NaN}\n{"text": 1}', 2, ["text is a number (1)"]),
        (
            b'{"messages": [{"role": "assistant", "content": "x"}], "tools": [{"name": "f", "top": NaN}]}',
            1,
            ["JSON has no word"],
        ),
        (json.dumps([*ROWS, "x"]).encode(), 7, ["item 7: The row is a string ('x')"]),
        (parquet([{"question": "x", "answer": "y"}, {"question": "x", "answer": None}]), 2, ["row 2: answer is null"]),
    ],
)
def test_one_bad_example_rejects_the_file(put: Any, target: Path, data: bytes, line: int, reasons: list[str]) -> None:
    with pytest.raises(QuestError) as caught:
        admit(put(data), target)
    assert caught.value.line == line
    for reason in reasons:
        assert reason in str(caught.value)
    assert list(target.iterdir()) == []


def test_deep_nesting_inside_a_tools_string_is_refused(put: Any, target: Path) -> None:
    row = {"messages": [{"role": "assistant", "content": "x"}], "tools": "[" * 100_000}
    with pytest.raises(QuestError, match="line 1: The row is nested too deeply"):
        admit(put(jsonl([row])), target)


def test_a_full_disk_is_reported_as_such(put: Any, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(library.os, "fsync", full)
    with pytest.raises(DiskFullError, match="does not fit on the disk") as caught:
        admit(put(jsonl(ROWS)), target)
    assert caught.value.free > 0
    assert list(target.iterdir()) == []


def test_a_quest_cannot_be_placed_outside_its_folder(put: Any, target: Path) -> None:
    manifest = admit(put(jsonl(ROWS)), target, name="../../../etc/cron.d/x\x00\n")
    assert manifest.name == "x"
    assert [path.name for path in target.iterdir()] == [manifest.quest_id]


def generated(count: int) -> list[dict[str, Any]]:
    return [
        {
            "messages": [
                {"role": "user", "content": f"What is {n} + 7?"},
                {"role": "assistant", "content": f"It is {n + 7}."},
            ],
            "skill": "bin" if n % 2 else "sy",
            "level": n % 3,
            "primitives": ["add", "carry"],
        }
        for n in range(count)
    ]


def test_generated_examples_are_a_quest(target: Path) -> None:
    manifest = write_generated(generated(12), target, "auto quest 1")
    assert (manifest.name, manifest.shape, manifest.examples) == ("auto quest 1", "messages", 12)
    assert manifest.skills == tuple(SkillCount(skill, level, 2) for skill in ("bin", "sy") for level in range(3))
    assert all_examples(target / manifest.quest_id) == [Example.from_row(row) for row in generated(12)]
    assert read_manifest(target / manifest.quest_id) == manifest


def test_generated_examples_that_are_too_long_are_counted_and_left_out(target: Path) -> None:
    examples = [Example.from_row(row) for row in generated(12)]

    def measure(example: Example) -> int:
        """1 for the first example, 2 for the second, and so on."""
        return 1 + examples.index(example)

    manifest = write_generated(examples, target, "x", measure, 9)
    assert (manifest.examples, manifest.skipped_too_long) == (9, 3)
    with pytest.raises(QuestError, match="All 12 examples are longer than max_length 0: the shortest has 1 tokens"):
        write_generated(examples, target, "x", measure, 0)


def test_generated_examples_and_the_file_of_their_lines_are_the_same_quest(put: Any, tmp_path: Path) -> None:
    examples = [Example.from_row(row) for row in generated(5)]
    manifest = write_generated(examples, tmp_path / "a", "x")
    assert write_generated((row for row in generated(5)), tmp_path / "b", "x") == manifest
    lines = "".join(item.to_json() + "\n" for item in examples).encode()
    assert admit(put(lines), tmp_path / "c", name="x") == manifest


@pytest.mark.parametrize(
    ("examples", "line", "reason"),
    [
        ([], None, "no examples"),
        ([generated(1)[0], {"messages": []}], 2, "messages is an empty list"),
        ([generated(1)[0], Example(text="x")], 2, "The row has shape text"),
        ([Example()], 1, "messages is an empty list"),
    ],
)
def test_generated_examples_are_validated(target: Path, examples: list[Any], line: int | None, reason: str) -> None:
    with pytest.raises(QuestError, match=reason) as caught:
        write_generated(examples, target, "x")
    assert caught.value.line == line
    assert list(target.iterdir()) == []


def test_skills_are_summed_only_where_every_example_has_one(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {"messages": generated(1)[0]["messages"]}
    assert write_generated([*generated(3), plain], target, "x").skills is None
    monkeypatch.setattr(intake, "_MAX_SKILLS", 4)
    assert write_generated(generated(12), target, "x").skills is None


# Any text but half surrogate pairs, which are no text.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SAID = TEXT.filter(lambda text: text.strip() != "")
ARGUMENTS = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT, max_size=2), max_size=3
)
CALLS = st.lists(
    st.builds(
        lambda name, arguments: {"type": "function", "function": {"name": name, "arguments": arguments}},
        SAID,
        ARGUMENTS,
    ),
    min_size=1,
    max_size=2,
)
CONTEXT = st.builds(
    lambda role, content: {"role": role, "content": content}, st.sampled_from(["user", "system", "tool"]), TEXT
)
TRAINED = st.builds(lambda content: {"role": "assistant", "content": content}, SAID)
CALLING = st.builds(lambda content, calls: {"role": "assistant", "content": content, "tool_calls": calls}, TEXT, CALLS)
TOOLS = st.lists(
    st.builds(
        lambda name, schema: {"type": "function", "function": {"name": name, "parameters": schema}}, SAID, ARGUMENTS
    ),
    min_size=1,
    max_size=2,
)


@st.composite
def conversations(draw: st.DrawFn) -> Example:
    messages = [*draw(st.lists(CONTEXT | TRAINED | CALLING, max_size=4)), draw(TRAINED | CALLING)]
    skill, level = draw(st.just((None, None)) | st.tuples(SAID, st.integers(-3, 2**70)))
    primitives = tuple(draw(st.lists(TEXT, max_size=3))) if skill is not None else ()
    words = st.dictionaries(TEXT, TEXT | st.integers(-3, 2**70), min_size=1, max_size=2)
    provenance = draw(st.none() | words) if skill is not None else None
    tools = draw(st.none() | TOOLS)
    return Example(messages, None, tools, skill, level, primitives, provenance)


@given(
    st.lists(conversations(), min_size=1, max_size=6)
    | st.lists(st.builds(lambda text: Example(text=text), SAID), min_size=1)
)
@settings(max_examples=25, deadline=None)
def test_examples_survive_the_shard(examples: list[Example]) -> None:
    assert [Example.from_json(item.to_json()) for item in examples] == examples
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_generated(examples, folder, "x")
        assert all_examples(Path(folder) / manifest.quest_id) == examples
        assert manifest.trained_turns == sum(item.trained_turns for item in examples)


def admitted_or_refused(data: bytes) -> None:
    """Only a QuestError may come of any bytes, and only whole quests may be left behind."""
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder) / "file", Path(folder) / "quests"
        path.write_bytes(data)
        kept, refusal = [], "refused"
        try:
            kept = [admit(path, target).quest_id]
        except QuestError as error:
            refusal = str(error)
        assert 0 < len(refusal) < 2000
        left = [item.name for item in target.iterdir()] if target.exists() else []
        assert left == kept
        assert kept == [] or all_examples(target / kept[0])


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
@example(b"\x1f\x8b\x08\x00")
@example(b"PAR1PAR1")
@example(b"PAR1\xff\xff\xff\x7fPAR1")
def test_any_bytes_are_a_quest_or_a_quest_error(data: bytes) -> None:
    admitted_or_refused(data)


MIXED_ROWS = [
    {"messages": [{"role": "user", "content": f"é{n}"}, {"role": "assistant", "content": "x"}], "tools": "[]"}
    for n in range(8)
]
GOOD_FILES = [compress(write(MIXED_ROWS)) for write in FORMATS.values() for compress in COMPRESSIONS.values()]


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(GOOD_FILES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        change = draw(st.sampled_from(["flip", "cut", "drop", "insert", "swap"]))
        if change == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif change == "cut":
            del data[at:]
        elif change == "drop":
            del data[at : at + draw(st.integers(1, 9))]
        elif change == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=6))
        else:
            data[at : at + 4] = draw(
                st.sampled_from([b"\xff\xff\xff\x7f", b"null", b'": [', b"\x00\x00\x00\x80", b"1e99"])
            )
    return bytes(data)


@given(damaged_files())
@settings(max_examples=120, deadline=None)
def test_a_damaged_file_is_a_quest_or_a_quest_error(data: bytes) -> None:
    admitted_or_refused(data)


MEMORY_SCRIPT = """
import sys
from realm.quests.intake import admit
def resident(key):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key))
before = resident("VmRSS")
manifest = admit(sys.argv[1], sys.argv[2])
print(manifest.examples, (resident("VmHWM") - before) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
@pytest.mark.parametrize("format", ["jsonl", "json"])
def test_a_large_file_is_admitted_in_flat_memory(tmp_path: Path, format: str) -> None:
    rows = [json.dumps({"question": f"{n} " + "why " * 200, "answer": "because " * 250}).encode() for n in range(50)]
    between = b"\n" if format == "jsonl" else b",\n"
    block = between.join(rows)
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(b"" if format == "jsonl" else b"[")
        file.write(between.join([block] * 440))
        file.write(b"\n" if format == "jsonl" else b"]")
    assert path.stat().st_size > 60_000_000
    script = [sys.executable, "-c", MEMORY_SCRIPT, str(path), str(tmp_path / "quests")]
    done = subprocess.run(script, capture_output=True, text=True, check=True, timeout=120)
    examples, grown_mb = map(int, done.stdout.split())
    assert examples == 22_000
    assert grown_mb < 40
