"""kill -9, one at a time: the realm goes on, no quest is lost or completed twice, no step is counted twice."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tests.conftest import REALM, RunningRealm, free_port

SERVICES = (
    "vault_keeper", "quest_board", "skill_engine", "task_master", "arena", "herald", "campaign_director", "worker",
    "steward", "web_host", "api_host", "weaver",
)  # fmt: skip


def running(realm: RunningRealm) -> int:
    """Wait until steps are being taken; the live campaign step."""
    state = realm.wait(
        lambda s: s["battle"]["state"] == "running" and s["battle"]["tokens_per_second"], "a battle running"
    )
    return state["campaign"]["step"]


def assert_books_agree(realm: RunningRealm) -> None:
    """What must hold at any moment, whatever was killed."""
    assert not realm.rows(
        "select campaign_id, step from checkpoints where trashed_at is null group by 1, 2 having count(*) > 1"
    )
    assert not realm.rows("select job_id from evaluations group by 1 having count(*) > 1")
    told, distinct, completed = realm.rows(
        "select count(*), count(distinct data), (select count(*) from quests where status = 'completed')"
        " from events where kind = 'quest.completed'"
    )[0]
    assert told == distinct == completed
    # One file a quest: a quest is active for one attempt only, and that attempt is open.
    assert not realm.rows(
        "select q.id from quests q join attempts a on a.id = q.attempt_id"
        " where q.status = 'active' and a.ended_at is not null and not exists"
        " (select 1 from battles b where b.id = a.battle_id and b.state in ('starting', 'running', 'paused'))",
    )
    assert realm.rows("select count(*) from quests where status = 'active'")[0][0] <= 1
    # None is lost: the files of every quest that is still to be fought are there.
    to_fight = (
        "select q.sha256, c.hero_id from quests q join campaigns c on c.id = q.campaign_id"
        " where q.status in ('queued', 'active')"
    )
    for sha256, hero in realm.rows(to_fight):
        there = (realm.home / "quests" / hero / sha256[:16] / "manifest.json").is_file()
        assert there or (sha256, hero) not in realm.rows(to_fight)
    for folder in (realm.home / "checkpoints").glob("*/checkpoint-*"):
        weights = folder / "model.safetensors"
        # Retention may have moved the folder since.
        assert not folder.is_dir() or weights.stat().st_size > 1_000_000, folder


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_service_comes_back_and_the_battle_goes_on(realm: RunningRealm, name: str) -> None:
    before = running(realm)
    told = realm.wait(lambda s: s["services"][name]["detail"].startswith("pid "), f"the pid of {name}")
    detail = told["services"][name]["detail"]
    process = psutil.Process(int(detail.removeprefix("pid ")))
    process.kill()
    psutil.wait_procs([process], timeout=10)
    realm.wait(
        lambda s: s["services"][name]["healthy"] and s["services"][name]["detail"] != detail,
        f"{name} back",
        90,
    )
    realm.wait_healthy()
    realm.wait(lambda s: s["campaign"]["step"] > before + 10, "more steps", 120)
    assert_books_agree(realm)


def test_a_killed_train_worker_replays_at_most_one_checkpoint_interval(realm: RunningRealm) -> None:
    running(realm)
    realm.wait(lambda s: s["campaign"]["step"] > s["campaign"]["durable_step"] > 0, "steps beyond a checkpoint")
    durable = realm.rows("select max(step) from checkpoints where has_optimizer and trashed_at is null")[0][0]
    live, at = realm.state()["campaign"]["step"], datetime.now(UTC)
    [process] = realm.processes("ray::RayTrainWorker")
    process.kill()
    realm.wait(lambda _: realm.processes("ray::RayTrainWorker") not in ([], [process]), "a new train worker", 120)
    realm.wait(lambda s: s["campaign"]["step"] > live + 10, "steps beyond the kill", 120)

    def after_the_kill() -> list[int]:
        points = realm.rows("select step, at from battle_points")
        since = at + timedelta(seconds=1)
        return [step for step, when in points if datetime.fromisoformat(when).replace(tzinfo=UTC) > since]

    realm.wait(lambda _: after_the_kill(), "points of the new worker in the database")
    # What was replayed began at the newest checkpoint, and not before it.
    assert durable < min(after_the_kill())
    assert_books_agree(realm)


def test_a_stop_that_was_broken_off_is_taken_back_by_a_start(realm: RunningRealm) -> None:
    before = running(realm)
    script = "import ray, actors; ray.get(actors.connect().arena.quiesce.remote())"
    subprocess.run([sys.executable, "-c", script], env=realm.env, check=True, timeout=60)
    realm.wait(lambda _: not realm.processes("ray::RayTrainWorker"), "the battle saved and its worker gone", 60)
    assert realm.json("start")["fresh"] is False
    realm.wait(lambda s: s["campaign"]["step"] > before + 10, "more steps", 150)


def test_a_pause_that_is_taken_back_at_once_does_not_last(realm: RunningRealm) -> None:
    before = running(realm)
    for action in ("pause", "resume"):
        assert realm.request("/api/battle", {"action": action})[0] == 200
    realm.wait(lambda s: s["campaign"]["step"] > before + 200, "many more steps", 150)
    assert realm.state()["battle"]["state"] == "running"


def test_a_cancelled_quest_is_left_at_once_also_after_one_that_was_cancelled_in_a_pause(realm: RunningRealm) -> None:
    running(realm)
    active = "select id from quests where status = 'active'"
    realm.wait(lambda _: realm.rows(active), "an active quest")
    realm.cli("battle", "pause")
    for (quest,) in realm.rows(active):
        realm.cli("quest", "cancel", quest)
    realm.cli("battle", "resume")

    def cancelled() -> str | None:
        """A quest that was cancelled far from its end, None when its level was mastered at that very moment."""
        state = realm.wait(
            lambda s: s["battle"]["quest_origin"] == "auto" and 0 < (s["battle"]["step"] or 0) < 120,
            "a next quest",
            150,
        )
        quest = state["battle"]["quest_id"]
        status, _ = realm.request(f"/api/quests/{quest}/cancel", {})
        assert status in (200, 409)
        return quest if status == 200 else None

    quest = next(each for each in (cancelled() for _ in range(5)) if each is not None)
    # Renewing the lease would tell the battle too, 15 s later.
    realm.wait(lambda s: s["battle"]["quest_id"] not in (None, quest), "the quest left", 12)
    [(fought, total)] = realm.rows(f"select steps_fought, steps_total from quests where id = '{quest}'")
    assert fought < total
    assert_books_agree(realm)


def test_a_killed_attempt_is_followed_by_another(realm: RunningRealm) -> None:
    before = running(realm)
    [(attempt,)] = realm.rows("select id from attempts where ended_at is null")
    [host] = realm.processes("ray::AttemptHost")
    host.kill()
    realm.wait(
        lambda _: realm.rows(f"select outcome from attempts where id = '{attempt}'") == [("failed",)],
        "the attempt ended",
    )
    realm.wait(lambda s: s["campaign"]["step"] > before + 10, "steps of the next attempt", 150)
    assert_books_agree(realm)


def test_a_killed_head_comes_back_with_the_next_start(realm: RunningRealm) -> None:
    running(realm)
    realm.wait(lambda s: s["campaign"]["durable_step"] > 0, "a durable step")
    before = realm.state()
    for title in ("gcs_server", "raylet"):
        for process in realm.processes(title):
            process.kill()
    assert realm.cli("status", check=False).returncode == 3
    again = realm.json("start")
    assert again["fresh"]
    state = realm.wait_healthy()
    assert state["campaign"]["durable_step"] >= before["campaign"]["durable_step"]
    assert state["skills"]["bin"]["mastered_level"] >= before["skills"]["bin"]["mastered_level"]
    assert state["quests"]["completed"] >= before["quests"]["completed"]
    realm.wait(lambda s: s["campaign"]["step"] > before["campaign"]["durable_step"] + 10, "more steps", 150)
    assert_books_agree(realm)


def test_a_port_in_use_names_the_process(tmp_path: Path, realm: RunningRealm) -> None:
    port = realm.env["REALM_WEB__TAVERN_PORT"]
    own = {"REALM_RAY__PORT": str(free_port()), "REALM_RAY__DASHBOARD_PORT": str(free_port())}
    env = {**realm.env, **own, "REALM_HOME": str(tmp_path)}
    done = subprocess.run([REALM, "start"], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert port in done.stderr
    assert "pid" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_setting_names_the_nearest(realm: RunningRealm) -> None:
    env = {**realm.env, "REALM_TRAINING__BATCHSIZE": "3"}
    done = subprocess.run([REALM, "status"], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "training.batch_size" in done.stderr


def test_stop_ends_this_realm_and_nothing_else(realm: RunningRealm, tmp_path: Path) -> None:
    running(realm)
    other_port = free_port()
    other = subprocess.Popen(
        [str(Path(REALM).with_name("ray")), "start", "--head", "--block", f"--port={other_port}", "--num-cpus=1",
         f"--temp-dir=/tmp/other-{other_port}", "--include-dashboard=false", "--disable-usage-stats",
             "--object-store-memory=100000000",
         f"--ray-client-server-port={free_port()}", f"--dashboard-agent-listen-port={free_port()}"],
        env={**realm.env, "RAY_AUTH_MODE": "disabled"}, stdout=(tmp_path / "other.log").open("wb"),
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while b"Ray runtime started" not in (tmp_path / "other.log").read_bytes():
            assert time.monotonic() < deadline, (tmp_path / "other.log").read_text()
            assert other.poll() is None
            time.sleep(0.2)
        names = {child.name() for child in psutil.Process(other.pid).children()}
        step = realm.state()["campaign"]["step"]
        said = realm.cli("stop").stdout
        saved = realm.rows("select max(step) from checkpoints where has_optimizer")[0][0]
        assert saved >= step, said
        assert other.poll() is None
        assert {"gcs_server", "raylet"} <= names
        assert {"gcs_server", "raylet"} <= {child.name() for child in psutil.Process(other.pid).children()}
    finally:
        other.terminate()
        other.wait(30)
        realm.cli("start")
    realm.wait(lambda s: s["campaign"]["step"] > saved, "the battle goes on where it was saved", 150)
    starts = realm.rows("select start_step from attempts order by number desc limit 1")
    assert starts == [(saved,)]


def test_there_is_nothing_left_half_written(realm: RunningRealm) -> None:
    assert_books_agree(realm)
    realm.wait(lambda _: not list((realm.home / "quests").rglob(".incoming-*")), "nothing half read")
    for path in (realm.home / "checkpoints").glob("*/.*"):
        # Only a checkpoint that is being written at this moment may be there.
        assert time.time() - path.stat().st_mtime < 30, path
