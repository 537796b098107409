"""Checkpoints in memory within a budget: what is let go, what is waited for, what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from oracle_helpers import CPU, LIMITS, Folders, loud_folder

from realm.errors import ConflictError, HeroError, NotFoundError, QueueFullError, RequestError
from realm.inference.requests import GenerationRequest
from realm.inference.shelf import Shelf, needed_bytes

MANY = 6


@pytest.fixture(scope="module")
def folders(mote_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    return [loud_folder(mote_folder, root / str(seed), seed) for seed in range(MANY)]


@pytest.fixture
def vault(folders: list[Path]) -> Folders:
    made = Folders()
    for step, folder in enumerate(folders, 1):
        made.add(folder, step)
    return made


@pytest.fixture
def shelf(vault: Folders, folders: list[Path]) -> Iterator[Shelf]:
    """Room for three and a half."""
    size = needed_bytes(folders[0], LIMITS, None)
    made = Shelf(vault.fetch, LIMITS, int(3.5 * size), CPU, wait_s=0.2)
    yield made
    made.close()


def ids(shelf: Shelf) -> list[str]:
    return sorted(held.book.checkpoint_id for held in shelf.holding())


def test_what_a_checkpoint_needs_is_its_weights_and_the_largest_cache(folders: list[Path]) -> None:
    needed = needed_bytes(folders[0], LIMITS, None)
    weights = (folders[0] / "model.safetensors").stat().st_size
    # 2 layers × keys and values × 2 heads × 32 × 4 bytes a token; a header of a few kB is no weight.
    cache = LIMITS.cache_tokens * 2 * 2 * 2 * 32 * 4
    assert cache + weights - 10_000 < needed < cache + weights


def test_the_least_recently_used_is_let_go(shelf: Shelf, vault: Folders) -> None:
    books = [vault.book(each) for each in vault.folders]
    for book in (*books[:3], books[0], books[3]):
        with shelf.lease(book):
            pass
    assert ids(shelf) == [books[0].checkpoint_id, books[2].checkpoint_id, books[3].checkpoint_id]
    assert shelf.used_bytes <= shelf.budget_bytes
    assert vault.fetched == [book.checkpoint_id for book in books[:4]]


def test_what_is_asked_or_kept_stays(shelf: Shelf, vault: Folders) -> None:
    first, second, third, fourth, *_ = [vault.book(each) for each in vault.folders]
    shelf.keep([first.checkpoint_id])
    with shelf.lease(first):
        pass
    with shelf.lease(second), shelf.lease(third):
        with pytest.raises(QueueFullError, match="being asked") as refused:
            shelf.load(fourth)
        assert refused.value.retry_after_s > 0
        with pytest.raises(ConflictError, match="being asked"):
            shelf.unload(second.checkpoint_id)
    with shelf.lease(fourth):
        assert first.checkpoint_id in ids(shelf)
    with pytest.raises(ConflictError, match="champion"):
        shelf.unload(first.checkpoint_id)
    shelf.unload(fourth.checkpoint_id)
    with pytest.raises(NotFoundError):
        shelf.unload(fourth.checkpoint_id)


def test_who_waits_for_room_gets_it_when_it_is_there(vault: Folders, folders: list[Path]) -> None:
    size = needed_bytes(folders[0], LIMITS, None)
    shelf = Shelf(vault.fetch, LIMITS, size, CPU, wait_s=60)
    first, second = [vault.book(each) for each in vault.folders][:2]
    held = shelf.load(first)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(shelf.load, second)
        shelf.give_back(held)
        shelf.give_back(waiting.result(60))
    assert ids(shelf) == [second.checkpoint_id]
    shelf.close()


def test_many_that_ask_for_one_load_it_once(shelf: Shelf, vault: Folders) -> None:
    book = vault.book(next(iter(vault.folders)))
    begin = threading.Barrier(8)

    def ask(_: int) -> str:
        begin.wait()
        with shelf.lease(book) as held:
            request = GenerationRequest(prompt=(300, 301), max_tokens=4)
            return held.engine.submit(request).result(60).text

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert vault.fetched == [book.checkpoint_id]
    assert shelf.holding()[0].users == 0


def test_more_than_the_whole_budget_is_refused_with_the_numbers(vault: Folders) -> None:
    shelf = Shelf(vault.fetch, LIMITS, 1_000_000, CPU)
    with pytest.raises(RequestError, match=r"needs 6 MB of memory; the Oracle has 1 MB"):
        shelf.load(vault.book(next(iter(vault.folders))))


def test_after_a_failure_the_next_one_is_tried(
    shelf: Shelf, vault: Folders, folders: list[Path], tmp_path: Path
) -> None:
    broken = loud_folder(folders[0], tmp_path / "broken", 77)
    book = vault.add(broken, 77)
    vault.checks = False
    whole = (broken / "config.json").read_text()
    (broken / "config.json").write_text(whole.replace("qwen3", "no_such_model"))
    for _ in range(2):
        with pytest.raises(HeroError):
            shelf.load(book)
    (broken / "config.json").write_text(whole)
    with shelf.lease(book):
        assert ids(shelf) == [book.checkpoint_id]


def test_code_that_comes_with_a_folder_is_never_run(
    shelf: Shelf, vault: Folders, folders: list[Path], tmp_path: Path
) -> None:
    trap = loud_folder(folders[0], tmp_path / "trap", 66)
    book = vault.add(trap, 66)
    text = (trap / "config.json").read_text().replace('"model_type": "qwen3"', '"model_type": "trap"')
    auto = '"auto_map": {"AutoConfig": "trap.TrapConfig", "AutoModelForCausalLM": "trap.Trap"},'
    (trap / "config.json").write_text("{" + auto + text[1:])
    (trap / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    with pytest.raises(HeroError):
        shelf.load(book)
    assert not (tmp_path / "sprung").exists()


def test_memory_stays_flat_over_many_checkpoints(shelf: Shelf, vault: Folders) -> None:
    books = [vault.book(each) for each in vault.folders]

    def round_of(times: int) -> int:
        for at in range(times):
            with shelf.lease(books[at % MANY]) as held:
                held.engine.submit(GenerationRequest(prompt=(300,) * 20, max_tokens=20)).result(60)
        return psutil.Process().memory_info().rss

    before = round_of(2 * MANY)
    after = round_of(4 * MANY)
    assert after < before + 20_000_000, f"{before / 1e6:.0f} MB to {after / 1e6:.0f} MB"
