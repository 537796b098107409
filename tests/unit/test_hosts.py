"""Which URL a service has, for scripts."""

from __future__ import annotations

import os

import pytest

from realm.errors import NotFoundError
from realm.hosts import get_service_url


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("REALM_", "RAY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REALM_HOME", str(tmp_path))
    monkeypatch.setenv("REALM_WEB__VAULT_PORT", "9767")
    monkeypatch.setenv("REALM_WEB__SKILL_PORTS", '{"bin": 7070, "sy": null}')


def test_each_service_has_the_url_that_the_settings_give_it():
    names = ("tavern", "vault", "vault-api", "skill-api-bin", "dashboard")
    assert [get_service_url(name) for name in names] == [
        "http://127.0.0.1:8888",
        "http://127.0.0.1:9767",
        "http://127.0.0.1:9767",
        "http://127.0.0.1:7070",
        "http://127.0.0.1:8265",
    ]


def test_inference_is_the_oracle_or_the_server_in_its_place(monkeypatch):
    assert get_service_url("inference") == get_service_url("oracle") == "http://127.0.0.1:8765"
    monkeypatch.setenv("REALM_ORACLE__URL", "http://10.0.0.3:8000")
    assert get_service_url("inference") == "http://10.0.0.3:8000"


@pytest.mark.parametrize("name", ["skill-api-sy", "nothing", ""])
def test_an_unknown_service_is_refused_with_those_there_are(name):
    with pytest.raises(NotFoundError, match=r"no service .*There are tavern, .*vault-api"):
        get_service_url(name)
