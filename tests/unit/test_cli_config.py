"""`realm config`: what is shown, what is refused, how the file is replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from cli_helpers import FakeSession, run, use_session


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    for name in [name for name in os.environ if name.startswith("REALM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REALM_HOME", str(tmp_path))
    return tmp_path


def stored(home: Path) -> dict:
    return yaml.safe_load((home / "realm.yaml").read_text())


def backups(home: Path) -> list[Path]:
    return sorted(home.glob("realm.yaml.*.bak"))


def test_a_setting_is_written_and_the_old_file_kept(home):
    first = run("config", "set", "training.batch_size", "16")
    assert first.code == 0
    assert "training.batch_size = 16 (applies from the next attempt of a battle)." in first.out
    assert backups(home) == []
    second = run("config", "set", "auto_quest.enabled", "false")
    assert "applies at once" in second.out
    assert stored(home) == {"training": {"batch_size": 16}, "auto_quest": {"enabled": False}}
    assert [yaml.safe_load(path.read_text()) for path in backups(home)] == [{"training": {"batch_size": 16}}]
    assert str(backups(home)[0]) in second.out


def test_setting_the_same_value_writes_nothing(home):
    run("config", "set", "training.batch_size", "16")
    done = run("config", "set", "training.batch_size", "16", "--json")
    assert done.json()["changed"] is False
    assert backups(home) == []


def test_a_section_that_is_no_mapping_is_refused(home):
    (home / "realm.yaml").write_text("training: 5\n")
    done = run("config", "set", "training.batch_size", "8")
    assert done.code == 1
    assert "'training'" in done.err
    assert stored(home) == {"training": 5}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("training.batch_siz", "8", "training.batch_size"),
        ("training.batch_size", "0", "greater than or equal to 1"),
        ("training.batch_size", "[", "not a YAML value"),
        ("web.tavern_port", "many", "web.tavern_port"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(home, key, value, said):
    done = run("config", "set", key, value)
    assert done.code == 1
    assert said in done.err
    assert not (home / "realm.yaml").exists()


@pytest.mark.parametrize(
    ("key", "value"), [("hero.name", "dio"), ("hero.base_model", "x/y"), ("hero.max_length", "64")]
)
def test_protected_settings_need_an_unlock(monkeypatch, home, key, value):
    use_session(monkeypatch, None)
    locked = run("config", "set", key, value)
    assert locked.code == 1
    assert "protected" in locked.err
    assert "--unlock" in locked.err
    assert not (home / "realm.yaml").exists()
    assert run("config", "set", key, value, "--unlock").code == 0
    part, _, name = key.partition(".")
    assert str(stored(home)[part][name]) == value


def test_protected_settings_stay_while_the_realm_runs(monkeypatch, home):
    use_session(monkeypatch, FakeSession())
    done = run("config", "set", "hero.max_length", "64", "--unlock")
    assert done.code == 1
    assert "realm stop" in done.err
    assert not (home / "realm.yaml").exists()


def test_an_unknown_hero_is_refused(monkeypatch):
    use_session(monkeypatch, None)
    done = run("config", "set", "hero.name", "moat", "--unlock")
    assert done.code == 1
    assert "'mote'" in done.err


def test_an_overriding_environment_variable_is_named(monkeypatch):
    monkeypatch.setenv("REALM_TRAINING__BATCH_SIZE", "4")
    done = run("config", "set", "training.batch_size", "16")
    assert "REALM_TRAINING__BATCH_SIZE in the environment overrides it." in done.out


def test_showing_says_where_a_value_comes_from(monkeypatch, home):
    (home / "realm.yaml").write_text("training: {batch_size: 16}\n")
    monkeypatch.setenv("REALM_TRAINING__EPOCHS", "3")
    rows = run("config", "show", "training", "--json").json()
    assert set(rows) == {key for key in rows if key.startswith("training.")}
    assert (rows["training.batch_size"]["value"], rows["training.batch_size"]["source"]) == (16, "realm.yaml")
    assert (rows["training.epochs"]["value"], rows["training.epochs"]["source"]) == (3, "REALM_TRAINING__EPOCHS")
    assert rows["training.seed"]["source"] == "default"
    assert rows["training.seed"]["applies"] == "next_battle"


def test_showing_a_single_key_and_an_unknown_one():
    assert list(run("config", "show", "ray.port", "--json").json()) == ["ray.port"]
    everything = run("config", "show", "--json").json()
    assert (
        everything["vault.zones"]["value"]["hot"]["keep_newest"]
        == everything["vault.zones"]["default"]["hot"]["keep_newest"]
    )
    assert run("config", "show", "ray.prt").code == 1


def test_the_token_is_not_shown(monkeypatch):
    monkeypatch.setenv("REALM_WEB__TOKEN", "correct-horse-battery")
    done = run("config", "show", "web")
    assert "correct-horse" not in done.out
    assert "set (21 characters)" in done.out


def test_a_wrong_file_can_be_mended_by_setting_its_key(home):
    (home / "realm.yaml").write_text("training: {batch_size: zero}\n")
    assert run("config", "show").code == 1
    assert run("config", "set", "training.batch_size", "8").code == 0
    assert run("config", "show", "training.batch_size", "--json").json()["training.batch_size"]["value"] == 8
