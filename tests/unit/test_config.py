"""Settings: where they come from, what is refused, and when a change applies."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from realm import errors
from realm.config import OracleConfig, RayConfig, RealmConfig, WebConfig, known_keys, load_config, with_setting
from realm.errors import ConfigError, DiskFullError, QuestError, RealmError
from realm.home import RealmHome
from realm.hosts import dashboard_url, service_urls


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealmHome:
    monkeypatch.setenv("REALM_HOME", str(tmp_path))
    return RealmHome.locate()


def test_the_environment_beats_the_file_and_the_file_beats_the_code(
    home: RealmHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_config(home).training.batch_size == 32
    home.config_file.write_text("training:\n  batch_size: 8\n  epochs: 2\n")
    assert load_config(home).training.batch_size == 8
    monkeypatch.setenv("REALM_TRAINING__BATCH_SIZE", "16")
    config = load_config(home)
    assert (config.training.batch_size, config.training.epochs) == (16, 2)


def test_ports_of_skills_are_taken_from_both_the_environment_first(
    home: RealmHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.config_file.write_text("web:\n  skill_ports: {bin: 7001, sy: 7002}\n")
    monkeypatch.setenv("REALM_WEB__SKILL_PORTS", '{"sy": 7003, "rg_gcd": null}')
    assert load_config(home).web.skill_ports == {"bin": 7001, "sy": 7003, "rg_gcd": None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web:\n  skill_ports: {bin: 0}\n", "web.skill_ports.bin"),
        ("web:\n  skill_ports: 7001\n", "web.skill_ports"),
        ("training:\n  batchsize: 8\n", "training.batch_size"),
        ("trainings: 3\n", "training"),
        ("training:\n  batch_size: 0\n", "training.batch_size"),
        ("training: [1]\n", "training"),
        ("- a\n- b\n", "mapping"),
        ("a: [\n", "YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key(home: RealmHome, text: str, said: str) -> None:
    home.config_file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_config(home)


def test_an_unknown_variable_names_the_nearest_setting(home: RealmHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REALM_TRAINING__BATCHSIZE", "16")
    with pytest.raises(ConfigError, match=r"training\.batch_size"):
        load_config(home)


def test_every_setting_says_when_it_applies() -> None:
    assert set(known_keys().values()) == {"live", "next_battle", "restart"}
    assert all(key.count(".") == 1 for key in known_keys())


def test_setting_a_key_is_validated_and_writes_nothing(home: RealmHome) -> None:
    config, text = with_setting(home, "training.batch_size", "4")
    assert config.training.batch_size == 4
    assert "batch_size: 4" in text
    assert not home.config_file.exists()
    with pytest.raises(ConfigError, match=r"training\.batch_size"):
        with_setting(home, "training.batch_size", "none")


def test_the_config_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        RealmConfig().training = RealmConfig().training  # type: ignore[misc]


def test_services_have_urls() -> None:
    config = RealmConfig(web=WebConfig(host="fd00::7", token="correct-horse-battery", tavern_port=9999))
    assert service_urls(config, {"bin": 7070}) == {
        "tavern": "http://[fd00::7]:9999",
        "vault-api": "http://[fd00::7]:8767",
        "oracle": "http://[fd00::7]:8765",
        "skill-api-bin": "http://[fd00::7]:7070",
        "dashboard": "http://127.0.0.1:8265",
    }
    assert "oracle" not in service_urls(RealmConfig(oracle=OracleConfig(url="http://10.0.0.3:8000")), {})


def test_the_dashboard_of_the_realms_own_head_stays_where_it_was_started(home: RealmHome) -> None:
    config = RealmConfig(ray=RayConfig(dashboard_port=9000))
    assert dashboard_url(home, config, "127.0.0.1:6399") == "http://127.0.0.1:9000"
    home.ray.mkdir()
    home.ray_head.write_text('{"address": "127.0.0.1:6399", "dashboard_port": 8265}')
    assert dashboard_url(home, config, "192.0.2.2:6399") == "http://127.0.0.1:8265"
    assert dashboard_url(home, config, "10.0.0.1:6379") == "http://127.0.0.1:9000"
    home.ray_head.write_text("{")
    assert dashboard_url(home, config, "127.0.0.1:6399") == "http://127.0.0.1:9000"


def test_every_error_survives_pickling() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RealmError)]
    assert len(kinds) >= 7
    for kind in kinds:
        again = pickle.loads(pickle.dumps(kind("a problem.", "a remedy.")))
        assert (type(again), str(again)) == (kind, "a problem. a remedy.")
    assert pickle.loads(pickle.dumps(QuestError("p", "r", 7))).line == 7
    full = pickle.loads(pickle.dumps(DiskFullError("p", "r", 10, 5)))
    assert (full.needed, full.free) == (10, 5)
