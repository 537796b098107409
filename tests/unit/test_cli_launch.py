"""Starting and stopping without Ray: the head's record and session, ports, locks, settings of the command line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import psutil
import pytest
import yaml

from actors.cluster import SERVICES
from realm.cli import books, launch, lifecycle, ray_head, session
from realm.cli.locks import locked
from realm.config import load_config
from realm.errors import ClusterError, ConfigError, ConflictError
from realm.home import RealmHome
from realm.hosts import service_urls
from realm.rules.campaign import CampaignLife
from realm.store.campaign_lives import CampaignLives
from realm.store.campaigns import CampaignStore
from realm.store.database import Database


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> RealmHome:
    for name in [name for name in os.environ if name.startswith(("REALM_", "RAY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REALM_HOME", str(tmp_path))
    made = RealmHome(tmp_path)
    made.create()
    return made


@pytest.fixture
def sleeper():
    """A session of its own with a leader and a child; both sleep."""
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    deadline = time.monotonic() + 30
    while not psutil.Process(process.pid).children() and time.monotonic() < deadline:
        time.sleep(0.02)
    yield process
    for member in [*psutil.Process(process.pid).children(), process] if process.poll() is None else []:
        member.kill()
    process.wait()


def record(home: RealmHome, pid: int, created: float) -> None:
    fields = {"pid": pid, "created": created, "address": "127.0.0.1:1", "dashboard_port": 2}
    home.ray_head.write_text(json.dumps(fields))


def free_ports(monkeypatch, *settings: str) -> None:
    for name in settings:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            monkeypatch.setenv(f"REALM_{name}", str(probe.getsockname()[1]))


def ignore(_text: str) -> None:
    pass


def test_stopping_ends_the_recorded_session_and_nothing_else(home, sleeper):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    children = psutil.Process(sleeper.pid).children()
    record(home, sleeper.pid, psutil.Process(sleeper.pid).create_time())
    try:
        assert ray_head.stop_head(home, timeout_s=3)
        sleeper.wait(timeout=10)
        assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
        assert bystander.poll() is None
        assert not home.ray_head.exists()
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("age_s", [3600, 10**9], ids=["another leader", "before the boot"])
def test_a_session_that_only_has_the_number_of_ours_is_left_alone(home, sleeper, age_s):
    record(home, sleeper.pid, psutil.Process(sleeper.pid).create_time() - age_s)
    assert not ray_head.stop_head(home, timeout_s=1)
    assert sleeper.poll() is None
    assert ray_head.running_head(home) is None


def test_a_session_without_gcs_and_raylet_is_no_running_head(home, sleeper):
    record(home, sleeper.pid, psutil.Process(sleeper.pid).create_time())
    assert ray_head.running_head(home) is None


def test_a_damaged_record_is_none(home):
    home.ray_head.write_text("{")
    assert ray_head.running_head(home) is None
    assert not ray_head.stop_head(home)


def test_the_token_is_for_the_owner_only_and_stays(home):
    ray_head.ensure_token(home)
    token = home.ray_token.read_text()
    assert home.ray_token.stat().st_mode & 0o777 == 0o600
    assert len(token) == 64
    ray_head.ensure_token(home)
    assert home.ray_token.read_text() == token


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_port_in_use_stops_the_start_before_anything_is_changed(home, monkeypatch, address):
    free_ports(monkeypatch, "RAY__PORT", "RAY__DASHBOARD_PORT", "WEB__VAULT_PORT")
    with socket.socket() as taken:
        taken.bind((address, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("REALM_WEB__TAVERN_PORT", str(port))
        with pytest.raises(ClusterError) as raised:
            launch.start(home, hero="dio", tick=ignore)
    assert f"Port {port} (web.tavern_port) is in use by" in raised.value.problem
    assert f"(pid {os.getpid()})" in raised.value.problem
    assert not home.config_file.exists()
    assert not home.database.exists()


def test_a_skills_port_in_use_is_told_and_two_on_one_port_are_refused(home, monkeypatch):
    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free.bind(("127.0.0.1", 0))
        ports = {"bin": free.getsockname()[1], "sy": taken.getsockname()[1]}
        free.close()
        [line] = launch.taken_lines(ports)
    assert f"Port {ports['sy']} (skill-api-sy) is in use by" in line
    assert f"(pid {os.getpid()})" in line
    monkeypatch.setenv("REALM_WEB__SKILL_PORTS", '{"bin": 8888}')
    with pytest.raises(ConfigError, match=r"Port 8888 is that of skill bin and of web\.tavern_port"):
        launch.start(home, tick=ignore)
    assert not home.database.exists()


def test_a_dead_heads_leftovers_on_our_port_are_ended_first(home, monkeypatch):
    script = "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print(s.getsockname()[1])"
    leftover = subprocess.Popen(
        [sys.executable, "-uc", f"{script}; time.sleep(600)"], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    assert leftover.stdout is not None
    monkeypatch.setenv("REALM_WEB__TAVERN_PORT", leftover.stdout.readline().strip())
    free_ports(monkeypatch, "RAY__PORT", "RAY__DASHBOARD_PORT", "WEB__VAULT_PORT")
    record(home, leftover.pid, psutil.Process(leftover.pid).create_time())

    def launched(*_args: object) -> None:
        raise ClusterError("This is as far as it is to go.")

    monkeypatch.setattr(launch, "launch_head", launched)
    try:
        with pytest.raises(ClusterError, match="as far as it is to go"):
            launch.start(home, tick=ignore)
    finally:
        leftover.kill()
        leftover.stdout.close()
        leftover.wait()


def test_a_free_port_has_no_holder():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert ray_head.port_holder(port) is None


def test_the_second_holder_of_a_lock_waits_and_says_so(tmp_path):
    told = threading.Event()
    entered = threading.Event()

    def second() -> None:
        with locked(tmp_path / "lock", told.set):
            entered.set()

    with locked(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        assert told.wait(10)
        assert not entered.is_set()
    assert entered.wait(10)
    thread.join()


def test_the_hero_of_the_command_line_is_written_to_the_settings(home):
    lines: list[str] = []
    config = launch._settle(home, load_config(home), "dio", False, lines.append)
    assert (config.hero.name, config.auto_quest.enabled) == ("dio", False)
    assert yaml.safe_load(home.config_file.read_text()) == {"hero": {"name": "dio"}, "auto_quest": {"enabled": False}}
    assert len(lines) == 2


def test_what_is_set_already_is_not_written_again(home):
    assert launch._settle(home, load_config(home), "mote", True, ignore).hero.name == "mote"
    assert not home.config_file.exists()


def test_an_unknown_hero_and_one_that_the_environment_overrides(home, monkeypatch):
    with pytest.raises(ConfigError, match="mote"):
        launch._settle(home, load_config(home), "moat", None, ignore)
    monkeypatch.setenv("REALM_HERO__NAME", "flo")
    with pytest.raises(ConfigError, match="REALM_HERO__NAME"):
        launch._settle(home, load_config(home), "dio", None, ignore)


def test_a_base_model_is_not_carried_over_to_another_hero(home):
    home.config_file.write_text("hero: {name: dio, base_model: /models/dio}\n")
    with pytest.raises(ConfigError, match="/models/dio"):
        launch._settle(home, load_config(home), "flo", None, ignore)


def test_the_books_make_the_heros_campaign_the_active_one(home):
    assert books.current_campaign(home) is None
    books.prepare_books(home, load_config(home), None)
    books.prepare_books(home, load_config(home), "mote")
    found = books.current_campaign(home)
    assert (found.id, found.life) == ("mote-1", "active")
    database = Database.open(home.database)
    assert len(CampaignStore(database).page()) == 1
    database.close()


def test_a_start_goes_on_with_the_campaign_of_any_hero_unless_one_is_named(home):
    config = load_config(home)
    books.prepare_books(home, config, None)
    books.prepare_books(home, config, "dio")
    assert (books.current_campaign(home).id, books.current_hero(home, config)) == ("dio-1", "dio")
    books.prepare_books(home, config, None)
    assert books.current_campaign(home).id == "dio-1"
    books.prepare_books(home, config, "mote")
    assert books.current_campaign(home).id == "mote-1"


def test_a_start_says_that_the_campaign_is_paused(home):
    books.prepare_books(home, load_config(home), None)
    database = Database.open(home.database)
    CampaignLives(database).leave("mote-1", CampaignLife.PAUSED, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    database.close()
    books.prepare_books(home, load_config(home), None)
    campaign = books.current_campaign(home)
    started = launch.Started(True, 1.0, "", "mote", campaign, True, {}, {})
    [line] = lifecycle._paused(started)
    assert line.startswith("Campaign mote-1 is paused since ")
    assert line.endswith("no battle begins. realm campaign activate mote-1")
    assert lifecycle._started(started)["campaign"] == {"id": "mote-1", "life": "paused"}


def test_an_earlier_schema_is_brought_up_by_a_start_but_not_under_running_services(home):
    books.prepare_books(home, load_config(home), None)
    books.refuse_other_schema(home)
    database = Database.open(home.database)
    database.downgrade("0002")
    database.close()
    with pytest.raises(ConflictError, match=r"revision 0002; this one has 0004\. Stop them first"):
        books.refuse_other_schema(home)
    said = []
    books.prepare_books(home, load_config(home), None, said.append)
    assert said == [f"Database: schema revision 0002 → 0004; as it was: {home.database}.before-0004"]
    books.prepare_books(home, load_config(home), None, said.append)
    assert len(said) == 1


def test_a_running_realm_keeps_its_hero_and_settings(home):
    config = load_config(home)
    books.prepare_books(home, config, None)
    launch._refuse_change(home, config, "mote", True)
    with pytest.raises(ConflictError) as raised:
        launch._refuse_change(home, config, "flo", None)
    assert "'mote'" in raised.value.problem
    assert "'flo'" in raised.value.problem
    assert "realm campaign new --hero flo --activate" in raised.value.remedy
    with pytest.raises(ConflictError, match=r"auto_quest\.enabled false"):
        launch._refuse_change(home, config, None, False)


def site(url: str | None = None, state: str = "healthy", detail: str = "") -> dict:
    return {"healthy": state == "healthy", "state": state, "url": url, "restarts": 0, "detail": detail}


def running(**sites: dict) -> dict[str, dict]:
    """What Weaver says when every service is healthy and these sites are named."""
    named = {name.replace("_", "-"): row for name, row in sites.items()}
    return {spec.name: site() for spec in SERVICES} | named | {"dashboard": site("http://127.0.0.1:8265")}


def test_the_urls_of_a_running_realm_are_those_it_serves(monkeypatch, home):
    rows = running(
        vault_api=site("http://127.0.0.1:8767"),
        oracle=site("http://127.0.0.1:8765"),
        skill_api_sy=site("http://127.0.0.1:8080"),
        tavern=site("http://127.0.0.1:8888"),
    )
    assert launch.waited_for(rows) == []
    served = launch.served_urls(rows)
    assert list(served.items()) == [
        ("tavern", "http://127.0.0.1:8888"),
        ("oracle", "http://127.0.0.1:8765"),
        ("skill-api-sy", "http://127.0.0.1:8080"),
        ("vault-api", "http://127.0.0.1:8767"),
        ("dashboard", "http://127.0.0.1:8265"),
    ]
    config = load_config(home)
    assert launch.later_lines(served, service_urls(config, {"sy": 8080})) == []
    monkeypatch.setenv("REALM_WEB__TAVERN_PORT", "8889")
    assert launch.later_lines(served, service_urls(load_config(home), {"bin": 8090})) == [
        "skill-api-bin: none now, http://127.0.0.1:8090 from the next start on (realm stop, then realm start).",
        "skill-api-sy: http://127.0.0.1:8080 now, none from the next start on (realm stop, then realm start).",
        "tavern: http://127.0.0.1:8888 now, http://127.0.0.1:8889 from the next start on "
        "(realm stop, then realm start).",
    ]


def test_a_start_waits_for_services_and_the_sites_they_name():
    assert launch.waited_for({}) == sorted(spec.name for spec in SERVICES)
    tavern = site("http://127.0.0.1:8888", "starting")
    taken = site("http://127.0.0.1:8080", "degraded", "port 8080: Address already in use")
    assert launch.waited_for(running(tavern=tavern, skill_api_sy=taken)) == ["tavern"]
    assert launch.waited_for(running(skill_api_sy=site("http://127.0.0.1:8080", "down"))) == ["skill-api-sy"]
    assert launch.waited_for(running() | {"arena": site(state="degraded")}) == ["arena"]


def test_stopping_what_does_not_run(home):
    assert launch.stop(home, ignore) is None


def test_the_cluster_of_the_environment_goes_before_that_of_the_settings(home, monkeypatch):
    assert session.cluster_address(home, load_config(home)) is None
    monkeypatch.setenv("REALM_RAY__ADDRESS", "10.0.0.1:6379")
    assert session.cluster_address(home, load_config(home)) == "10.0.0.1:6379"
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.2:6379")
    assert session.cluster_address(home, load_config(home)) == "10.0.0.2:6379"


def test_a_cluster_where_nobody_listens_is_said_at_once(home):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    began = time.monotonic()
    with pytest.raises(ClusterError, match=f"{address} does not answer"):
        session.attach(home, address)
    assert time.monotonic() - began < 15  # Ray itself asks for half a minute and more
    assert "ray" not in sys.modules or not sys.modules["ray"].is_initialized()
