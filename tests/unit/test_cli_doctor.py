"""`realm doctor`: each check on a machine and a realm that are made wrong on purpose."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from cli_helpers import run

from realm.cli import doctor, doctor_files, doctor_machine
from realm.cli.doctor import Check
from realm.cli.ray_head import PortHolder
from realm.config import HeroConfig, HotPolicy, RealmConfig, VaultConfig, ZonesConfig
from realm.errors import ConfigError
from realm.home import RealmHome
from realm.store.database import Database
from realm.store.migrations import HEAD
from tests.conftest import free_port


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> RealmHome:
    for name in [name for name in os.environ if name.startswith(("REALM_", "RAY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REALM_HOME", str(tmp_path))
    for variable in ("RAY__PORT", "RAY__DASHBOARD_PORT", "WEB__TAVERN_PORT", "WEB__VAULT_PORT"):
        monkeypatch.setenv(f"REALM_{variable}", str(free_port()))
    monkeypatch.setenv("REALM_WEB__SKILL_PORTS", json.dumps({"bin": free_port(), "sy": free_port()}))
    return RealmHome(tmp_path)


def by_name(checks: list[dict]) -> dict[str, dict]:
    return {check["name"]: check for check in checks}


def with_hero(**settings) -> RealmConfig:
    return RealmConfig(hero=HeroConfig(**settings))


def test_a_machine_where_nothing_runs_yet_is_healthy():
    done = run("doctor", "--json")
    report = done.json()
    failed = [check for check in report["checks"] if check["state"] == "fail"]
    assert (done.code, report["healthy"], failed) == (0, True, [])
    names = set(by_name(report["checks"]))
    assert {"Python", "packages", "config", "disk", "GPU", "hero", "titles", "database", "cluster"} <= names
    assert sum(name.startswith("port ") for name in names) == 7


def test_a_failure_exits_1_and_shows_its_remedy(home):
    home.config_file.write_text("trainin: {epochs: 2}\n")
    done = run("doctor")
    assert done.code == 1
    assert "Unknown setting 'trainin.epochs'" in done.out
    assert "→ The nearest known one is" in done.out
    assert "1 fail" in done.out


def test_a_warning_alone_exits_0(monkeypatch):
    monkeypatch.setattr(doctor, "examine", lambda _home, _tick: [Check("disk", "warn", "Little.", "Free some.")])
    assert run("doctor").code == 0


def test_a_port_in_use_names_the_process(home, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("REALM_WEB__TAVERN_PORT", str(port))
        found = {check.name: check for check in doctor_machine.check_ports(home, RealmConfig())}[f"port {port}"]
    assert found.state == "fail"
    assert f"(pid {os.getpid()})" in found.detail
    assert "realm config set web.tavern_port" in found.remedy


def test_a_skills_port_in_use_is_a_warning_for_the_realm_starts_without(home, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("REALM_WEB__SKILL_PORTS", json.dumps({"sy": port}))
        found = {check.name: check for check in doctor_machine.check_ports(home, RealmConfig())}[f"port {port}"]
    assert (found.state, "skill-api-sy: in use by" in found.detail) == ("warn", True)
    assert "web.skill_ports '{sy: OTHER_PORT}'" in found.remedy


def test_two_skills_on_one_port_fail(home, monkeypatch):
    monkeypatch.setenv("REALM_WEB__SKILL_PORTS", '{"sy": 8090, "bin": 8090}')
    found = {check.name: check for check in doctor_machine.check_ports(home, RealmConfig())}["ports of skills"]
    assert (found.state, "8090" in found.detail) == ("fail", True)


def test_a_port_that_this_realm_holds_is_fine(home, monkeypatch):
    monkeypatch.setattr(doctor_machine, "owned_pids", lambda _home: {4711})
    monkeypatch.setattr(doctor_machine, "port_holder", lambda _port: PortHolder("raylet", 4711))
    checks = list(doctor_machine.check_ports(home, RealmConfig()))
    assert {check.state for check in checks} == {"pass"}
    assert all("held by this realm" in check.detail for check in checks)


def test_on_a_cluster_of_others_only_the_realms_own_ports_matter(home, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    monkeypatch.setattr(doctor_machine, "port_holder", lambda _port: PortHolder("ray::ApiHost", 4711))
    tavern, vault, oracle, *skills = doctor_machine.check_ports(home, RealmConfig())
    assert (tavern.state, "web.tavern_port" in tavern.detail) == ("pass", True)
    assert (vault.state, "web.vault_port" in vault.detail) == ("pass", True)
    assert (oracle.state, "web.oracle_port" in oracle.detail) == ("pass", True)
    assert [check.state for check in skills] == ["pass", "pass"]
    monkeypatch.setattr(doctor_machine, "port_holder", lambda _port: PortHolder("nginx", 4711))
    assert [check.state for check in doctor_machine.check_ports(home, RealmConfig())] == [
        "fail",
        "fail",
        "fail",
        "warn",
        "warn",
    ]


def test_a_disk_without_the_room_a_checkpoint_must_leave(home):
    huge = RealmConfig(vault=VaultConfig(min_free_mb=10**9))
    assert doctor_machine.check_disk(home, huge).state == "fail"
    kept = RealmConfig(vault=VaultConfig(zones=ZonesConfig(hot=HotPolicy(keep_newest=10**9))))
    assert doctor_machine.check_disk(home, kept).state == "warn"
    assert doctor_machine.check_disk(RealmHome(home.root / "not" / "there" / "yet"), RealmConfig()).state == "pass"


def test_socket_paths_that_would_be_too_long(monkeypatch, home):
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/" + "x" * 90)
    assert doctor_machine.check_temp_dir(home).state == "fail"


@pytest.mark.parametrize(
    ("script", "hero", "state", "said"),
    [
        ("echo 'NVIDIA GeForce RTX 3090, 24576, 512, 570.86'", "mote", None, "RTX 3090, 512 of 24576 MiB used"),
        ("exit 0", "mote", "pass", "mote trains on the CPU"),
        ("exit 0", "flo", "warn", "64.0 GB of memory"),
        ("exit 9", "mote", "warn", "nvidia-smi failed"),
    ],
)
def test_what_nvidia_smi_says(monkeypatch, tmp_path, script, hero, state, said):
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    monkeypatch.setattr("realm.cli.doctor_machine.QUERY", (str(tool), "--query"))
    check = doctor_machine.check_gpu(with_hero(name=hero))
    assert said in check.detail
    assert state is None or check.state == state


def test_without_nvidia_smi(monkeypatch, tmp_path):
    monkeypatch.setattr("realm.cli.doctor_machine.QUERY", (str(tmp_path / "nvidia-smi"),))
    assert doctor_machine.check_gpu(with_hero(name="mote")).state == "pass"


def model_folder(path: Path, *names: str) -> Path:
    path.mkdir(parents=True)
    for name in names:
        (path / name).write_text("{}")
    return path


def test_the_files_of_a_hero(home, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    assert doctor_files.check_hero(home, with_hero(name="mote")).state == "pass"
    whole = model_folder(tmp_path / "whole", "config.json", "tokenizer.json", "model.safetensors")
    assert doctor_files.check_hero(home, with_hero(name="dio", base_model=str(whole))).state == "pass"
    part = model_folder(tmp_path / "part", "config.json")
    check = doctor_files.check_hero(home, with_hero(name="dio", base_model=str(part)))
    assert (check.state, "tokenizer.json, *.safetensors" in check.detail) == ("fail", True)
    gone = doctor_files.check_hero(home, with_hero(name="dio", base_model=str(tmp_path / "none")))
    assert (gone.state, "does not exist" in gone.detail) == ("fail", True)
    unknown = doctor_files.check_hero(home, with_hero(name="moat"))
    assert (unknown.state, "'mote'" in unknown.remedy) == ("fail", True)


def test_titles_and_achievements(monkeypatch):
    assert doctor_files.check_honours().state == "pass"

    def broken():
        raise ConfigError("titles.yaml: one: condition.skill is 'bim': there is no such skill.", "The nearest: bin.")

    monkeypatch.setattr("realm.catalog.honours.shipped_honours", broken)
    check = doctor_files.check_honours()
    assert (check.state, "'bim'" in check.detail, check.remedy) == ("fail", True, "The nearest: bin.")


def test_a_link_to_a_checkpoint_that_is_gone(home):
    home.models.mkdir()
    home.current_model.symlink_to("../checkpoints/gone")
    assert doctor_files.check_hero(home, with_hero(name="mote")).state == "fail"


def test_the_database(home):
    assert doctor_files.check_database(home).detail.endswith("made by the first start")
    database = Database.open(home.database)
    database.create()
    database.close()
    assert doctor_files.check_database(home).state == "pass"
    for revision, state in (("0099", "fail"), ("0002", "warn"), (HEAD, "pass")):
        with sqlite3.connect(home.database) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        check = doctor_files.check_database(home)
        assert (check.state, revision in check.detail) == (state, True)
    with sqlite3.connect(home.database) as connection:
        connection.execute("DROP TABLE exams")
    check = doctor_files.check_database(home)
    assert (check.state, "exams" in check.detail) == ("fail", True)
    connection.close()


def test_a_file_that_is_no_database(home):
    home.database.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    check = doctor_files.check_database(home)
    assert check.state == "fail"
    assert "file is not a database" in check.detail


def test_packages_of_other_versions(monkeypatch, tmp_path):
    pins = tmp_path / "constraints.txt"
    pins.write_text("# pinned\nrich==0.1\ntyper==" + (doctor._version("typer") or "") + "\nnot-installed==1.0\n")
    check = doctor.check_constraints(pins)
    assert check.state == "warn"
    assert "rich" in check.detail
    assert "typer" not in check.detail
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "torch" else "0.0.1")
    check = doctor.check_packages()
    assert check.state == "fail"
    assert "torch is missing" in check.detail
    assert "pydantic is 0.0.1" in check.detail


def test_the_local_tag_of_a_torch_build_is_no_difference(monkeypatch, tmp_path):
    pins = tmp_path / "constraints.txt"
    pins.write_text("torch==2.13.0\n")
    monkeypatch.setattr(doctor, "_version", lambda _name: "2.13.0+cpu")
    assert doctor.check_constraints(pins).state == "pass"


def test_a_head_that_died_is_noticed(home):
    home.ray.mkdir()
    home.ray_head.write_text('{"pid": 1, "created": 0.0, "address": "127.0.0.1:1", "dashboard_port": 2}')
    assert by_name(run("doctor", "--json").json()["checks"])["cluster"]["state"] == "warn"


def test_a_check_as_json():
    check = Check("disk", "pass", "Free.")
    assert replace(check, remedy="x").to_dict() == {"name": "disk", "state": "pass", "detail": "Free.", "remedy": "x"}
