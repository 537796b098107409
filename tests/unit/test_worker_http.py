"""The worker outside the cluster: over real HTTP, with a real hero, against a real queue. It never sees Ray."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from http_realm import TOKEN, HttpRealm, served
from safetensors.torch import load_file, save_file

from realm.cli import worker_cache, worker_client
from realm.cli.worker_cache import WeightsCache
from realm.cli.worker_client import RealmClient
from realm.cli.worker_port import HttpMaster, HttpPort
from realm.errors import ClusterError, ConfigError, ConflictError, NotFoundError
from realm.home import RealmHome
from realm.rules.job import JobStatus

WITHOUT_RAY = """
import sys

class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "ray":
            raise ImportError(f"{name} must not be needed here")

sys.meta_path.insert(0, Forbidden())
from realm.cli.main import main
main()
"""


@pytest.fixture
def served_realm(tmp_path: Path, mote_folder: Path) -> HttpRealm:
    return HttpRealm(tmp_path / "realm", mote_folder)


@pytest.fixture
def url(served_realm: HttpRealm) -> Iterator[str]:
    with served(served_realm) as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_client, "BACKOFF_S", 0.01)
    monkeypatch.setattr(worker_cache, "PAUSE_S", 0.01)


def waited(reached: Callable[[], bool], what: str, timeout: float = 120) -> None:
    deadline = time.monotonic() + timeout
    while not reached():
        assert time.monotonic() < deadline, f"not reached within {timeout} s: {what}"
        time.sleep(0.05)


def saved(folder: Path, seed: int, size: int = 50_000) -> Path:
    folder.mkdir()
    torch.manual_seed(seed)
    save_file({"w": torch.randn(size)}, folder / "model.safetensors")
    return folder


# Requests


def test_a_request_that_breaks_is_sent_again(served_realm: HttpRealm, url: str) -> None:
    served_realm.breaks = [0, 0]
    assert RealmClient(url, TOKEN).get("/api/worker/settings")["hero_id"] == "mote"
    assert len(served_realm.asked) == 3
    served_realm.breaks = [0] * 9
    with pytest.raises(ClusterError, match="does not answer"):
        RealmClient(url, TOKEN, tries=3).get("/api/worker/settings")


def test_nobody_there_is_said_with_the_url() -> None:
    with pytest.raises(ClusterError, match=r"http://127\.0\.0\.1:9 does not answer"):
        RealmClient("http://127.0.0.1:9", TOKEN, tries=1).get("/api/worker/settings")
    for wrong in ("no url", "ftp://x", "http://", "http://x:y"):
        with pytest.raises(ConfigError, match="URL"):
            RealmClient(wrong, None)


def test_a_refused_token_and_another_version_end_the_worker(served_realm: HttpRealm, url: str, tmp_path: Path) -> None:
    for token in (None, "wrong" * 5):
        with pytest.raises(ConfigError, match="refuses the token") as refused:
            RealmClient(url, token).get("/api/worker/settings")
        assert token is None or token not in str(refused.value)
    served_realm.version = "0.0.9"
    client = RealmClient(url, TOKEN)
    with pytest.raises(ConfigError, match=r"version 0\.0\.9"):
        HttpPort(client, RealmHome(tmp_path), WeightsCache(tmp_path, 0, client)).settings()


def test_errors_arrive_as_what_they_were(served_realm: HttpRealm, url: str) -> None:
    client = RealmClient(url, TOKEN)
    with pytest.raises(NotFoundError, match="no job '77'"):
        client.post("/api/jobs/77/cancel", {"reason": "x"})
    served_realm.add_checkpoint(10, served_realm.hero)
    job_id = served_realm.submit("eval", skill_id="bin", checkpoint_id="checkpoint-10")
    with pytest.raises(ConflictError, match="held by nobody"):
        HttpMaster(client, ["eval"], {}).fail(job_id, "transport", "x")


# The cache


def test_weights_arrive_whole_after_breaks_and_are_kept(served_realm: HttpRealm, url: str, tmp_path: Path) -> None:
    checkpoint = served_realm.add_checkpoint(10, saved(tmp_path / "c", 1))
    cache = WeightsCache(tmp_path / "cache", 10**9, RealmClient(url, TOKEN, tries=1))
    # The first request is for the record; the next two answers with the file end early.
    served_realm.breaks = [10**9, 70_000, 30_000]
    path = cache.get(checkpoint.id)
    assert path.read_bytes() == (tmp_path / "c" / "model.safetensors").read_bytes()
    assert served_realm.ranges == [None, "bytes=70000-", "bytes=100000-"]
    assert cache.get(checkpoint.id) == path
    assert len(served_realm.ranges) == 3
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert load_file(cache.get(checkpoint.id))["w"].shape == (50_000,)
    assert len(served_realm.ranges) == 4


def test_weights_that_are_not_what_the_ledger_says_are_refused(
    served_realm: HttpRealm, url: str, tmp_path: Path
) -> None:
    checkpoint = served_realm.add_checkpoint(10, saved(tmp_path / "c", 1), sha256="0" * 64)
    cache = WeightsCache(tmp_path / "cache", 10**9, RealmClient(url, TOKEN))
    with pytest.raises(ClusterError, match="sha256"):
        cache.get(checkpoint.id)
    assert not list((tmp_path / "cache").iterdir())


def test_the_cache_drops_the_least_recently_used(served_realm: HttpRealm, url: str, tmp_path: Path) -> None:
    made = [served_realm.add_checkpoint(step, saved(tmp_path / str(step), step)) for step in (1, 2, 3)]
    one = made[0].size_bytes
    cache = WeightsCache(tmp_path / "cache", 2 * one, RealmClient(url, TOKEN))
    first, second = cache.get(made[0].id), cache.get(made[1].id)
    os.utime(second, (1, 1))
    third = cache.get(made[2].id)
    assert [path.exists() for path in (first, second, third)] == [True, False, True]
    tiny = WeightsCache(tmp_path / "cache", 0, RealmClient(url, TOKEN))
    assert tiny.get(made[0].id).exists()
    assert len(list((tmp_path / "cache").iterdir())) == 1


# The process


def started(url: str, home: Path, log: Path, *more: str) -> subprocess.Popen[bytes]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("REALM_", "RAY_"))}
    env |= {"REALM_HOME": str(home), "REALM_WEB__TOKEN": TOKEN, "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", WITHOUT_RAY, "worker", "--server", url, *more]
    with log.open("wb") as output:
        return subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT)


def test_a_worker_without_ray_does_a_job_and_gives_the_next_one_back(
    served_realm: HttpRealm, url: str, tmp_path: Path, mote_folder: Path
) -> None:
    served_realm.add_checkpoint(10, mote_folder)
    job_id = served_realm.submit("eval", skill_id="bin", checkpoint_id="checkpoint-10", level=2, count=30)
    log = tmp_path / "log"
    worker = started(url, tmp_path / "far", log, "--label", "site=attic")
    try:
        waited(lambda: served_realm.jobs.get(job_id).status.terminal, "the job done")
        job = served_realm.jobs.get(job_id)
        assert (job.status, job.error) == (JobStatus.COMPLETED, None), log.read_text()
        assert job.result is not None
        assert (job.result["n"], job.result["level"], job.result["step"]) == (30, 2, 10)
        [recorded] = served_realm.engine.store.evaluations(served_realm.campaign_id)
        assert recorded.job_id == job_id
        assert len(list((tmp_path / "far" / "cache" / "weights").iterdir())) == 1
        second = served_realm.submit("primitive", checkpoint_id="checkpoint-10", count=1000)
        waited(lambda: f"job {second} (primitive) begins" in log.read_text(), "the second job running")
        worker.send_signal(signal.SIGINT)
        assert worker.wait(30) == 130
    finally:
        worker.kill()
        worker.wait()
    given_back = served_realm.jobs.get(second)
    assert (given_back.status, given_back.attempts) == (JobStatus.PENDING, 0), log.read_text()
    said = log.read_text()
    assert f"job {job_id} (eval) done" in said
    assert TOKEN not in said


def test_roles_that_need_the_realms_files_are_refused(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert started(url, tmp_path / "far", log, "--roles", "eval,vault").wait(60) not in (0, None)
    assert "eval" in log.read_text()
