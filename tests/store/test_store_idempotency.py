"""Answers by request key: a request that comes twice is done once, whoever asks and whatever the clock says."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from store_helpers import T0, at

from realm.errors import ConflictError
from realm.store.database import Database
from realm.store.idempotency import ANSWERED_WITHIN, IdempotencyStore

SPAWN = multiprocessing.get_context("spawn")
HOUR = 3600
LONGEST = ANSWERED_WITHIN.total_seconds()


@pytest.fixture
def store(db):
    return IdempotencyStore(db)


def test_an_answer_is_given_again(store):
    assert store.begin("k", "sha", T0) is None
    store.finish("k", 201, '{"job_id": "1"}', at(1))
    assert store.begin("k", "sha", at(2)) == (201, '{"job_id": "1"}')


def test_a_key_belongs_to_one_request(store):
    store.begin("k", "sha", T0)
    with pytest.raises(ConflictError, match="'k' came before with another request"):
        store.begin("k", "other", at(1))
    store.finish("k", 200, "", at(1))
    with pytest.raises(ConflictError, match="another request"):
        store.begin("k", "other", at(2))


def test_a_request_that_is_being_done_is_waited_for_as_long_as_answers_may_take(store):
    store.begin("k", "sha", T0)
    with pytest.raises(ConflictError, match="is being answered"):
        store.begin("k", "sha", at(LONGEST - 0.1))
    assert store.begin("k", "sha", at(LONGEST)) is None
    with pytest.raises(ConflictError, match="is being answered"):
        store.begin("k", "sha", at(2 * LONGEST - 1))


def test_the_first_answer_stays(store):
    """Who was taken for dead and answers after all does not replace what clients were told."""
    store.begin("k", "sha", T0)
    store.begin("k", "sha", at(LONGEST + 1))
    store.finish("k", 201, "second", at(LONGEST + 2))
    store.finish("k", 201, "first", at(LONGEST + 3))
    store.forget("k")
    assert store.begin("k", "sha", at(LONGEST + 4)) == (201, "second")


def test_what_failed_is_done_again(store):
    store.begin("k", "sha", T0)
    store.forget("k")
    assert store.begin("k", "other", at(1)) is None
    store.finish("unknown", 200, "", at(2))
    assert store.begin("unknown", "sha", at(3)) is None


def test_a_clock_set_back_makes_nobody_wait_for_an_hour(store):
    store.begin("k", "sha", at(HOUR))
    with pytest.raises(ConflictError, match="is being answered"):
        store.begin("k", "sha", at(10))
    with pytest.raises(ConflictError, match="is being answered"):
        store.begin("k", "sha", at(9 + LONGEST))
    assert store.begin("k", "sha", at(10 + LONGEST)) is None


def test_answers_are_kept_for_a_day(store):
    for i in range(4):
        store.begin(f"k{i}", "sha", at(i))
        store.finish(f"k{i}", 200, str(i), at(i))
    assert store.prune(at(24 * HOUR)) == 0
    assert store.prune(at(24 * HOUR + 2.5), limit=2) == 2
    assert store.prune(at(24 * HOUR + 2.5)) == 1
    assert store.begin("k3", "sha", at(24 * HOUR + 2.5)) == (200, "3")
    assert store.begin("k0", "sha", at(24 * HOUR + 2.5)) is None


def begin_all(path, gate, answers):
    store = IdempotencyStore(Database.open(path))
    gate.wait(60)
    answers.put([attempt(store, f"k{i}") for i in range(100)])


def attempt(store, key):
    """1 when the request is the caller's to do."""
    try:
        return int(store.begin(key, "sha", T0) is None)
    except ConflictError:
        return 0


@pytest.mark.usefixtures("db")
def test_of_two_processes_one_does_each_request(database_path):
    gate, answers = SPAWN.Barrier(2), SPAWN.Queue()
    processes = [SPAWN.Process(target=begin_all, args=(database_path, gate, answers)) for _ in range(2)]
    for process in processes:
        process.start()
    mine, yours = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(30)
    assert [a + b for a, b in zip(mine, yours, strict=True)] == [1] * 100


def test_of_eight_threads_one_does_each_request(store):
    with ThreadPoolExecutor(8) as pool:
        for i in range(20):
            done = list(pool.map(lambda _, key=f"k{i}": attempt(store, key), range(8)))
            assert sum(done) == 1


def test_whatever_comes_an_answer_never_changes(tmp_path_factory, empty_database):
    class Keys(RuleBasedStateMachine):
        """Two requests for each of two keys, in any order and at any pace."""

        names, requests = st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"])

        @initialize()
        def start(self):
            self.path = tmp_path_factory.mktemp("keys") / "realm.db"
            self.path.write_bytes(empty_database.read_bytes())
            self.db = Database.open(self.path)
            self.store, self.now = IdempotencyStore(self.db), 0.0
            self.begun, self.told = {}, {}  # key → (request, when), key → answer

        @rule(seconds=st.floats(0, 2 * LONGEST))
        def wait(self, seconds):
            self.now += seconds

        @rule(key=names, request=requests)
        def begin(self, key, request):
            known, when = self.begun.get(key, (request, None))
            try:
                answer = self.store.begin(key, request, at(self.now))
            except ConflictError:
                assert known != request or (key not in self.told and self.now - when < LONGEST + 0.001)
                return
            assert known == request
            assert answer == self.told.get(key)
            if answer is None:
                assert when is None or self.now - when > LONGEST - 0.001
                self.begun[key] = (request, self.now)

        @rule(key=names, status=st.integers(200, 499))
        def finish(self, key, status):
            self.store.finish(key, status, f"body {status}", at(self.now))
            if key in self.begun:
                self.told.setdefault(key, (status, f"body {status}"))

        @rule(key=names)
        def forget(self, key):
            self.store.forget(key)
            if key not in self.told:
                self.begun.pop(key, None)

        def teardown(self):
            self.db.close()

    run_state_machine_as_test(Keys, settings=settings(max_examples=25, stateful_step_count=30, deadline=None))
