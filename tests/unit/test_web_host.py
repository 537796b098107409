"""Apps on their ports, without Ray: which port is whose, and what becomes of one that another process holds."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from actors import web_host
from actors.ports import skill_ports
from actors.web_host import ServedSite, Site
from realm.config import RealmConfig, WebConfig
from realm.errors import ConfigError
from realm.home import RealmHome
from serve import api_host
from skills import Engine, SkillCatalog, get_engine


def with_ports(**ports: int | None) -> RealmConfig:
    return RealmConfig(web=WebConfig(skill_ports=ports))


def test_a_skills_port_is_its_yamls_unless_a_setting_says_otherwise() -> None:
    assert skill_ports(RealmConfig()) == {"bin": 8090, "sy": 8080}
    assert skill_ports(with_ports(sy=7001)) == {"bin": 8090, "sy": 7001}
    assert skill_ports(with_ports(bin=None)) == {"sy": 8080}
    without = Engine(SkillCatalog({"bin": replace(get_engine().get("bin"), api_port=None)}))
    assert skill_ports(RealmConfig(), without) == {}
    assert skill_ports(with_ports(bin=7002), without) == {"bin": 7002}


@pytest.mark.parametrize(
    ("ports", "said"),
    [
        ({"bim": 7001}, "'bim'.*The skills are: bin, "),
        ({"bin": 8080}, "Port 8080 is that of skill sy and of skill bin"),
        ({"sy": 8888}, r"Port 8888 is that of skill sy and of web\.tavern_port"),
        ({"sy": 8767}, r"Port 8767 is that of skill sy and of web\.vault_port"),
        ({"sy": 8265}, r"ray\.dashboard_port"),
    ],
)
def test_ports_that_cannot_be(ports: dict[str, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        skill_ports(with_ports(**ports))


def test_two_services_on_one_port() -> None:
    with pytest.raises(ConfigError, match=r"Port 8888 is web\.tavern_port and web\.vault_port"):
        skill_ports(RealmConfig(web=WebConfig(vault_port=8888)))


def test_the_realms_api_and_every_skill_with_a_port_are_served(tmp_path: Any) -> None:
    wide = WebConfig(
        host="0.0.0.0", token="correct-horse-battery", vault_port=7000, skill_ports={"bin": 7001, "sy": 7002}
    )
    sites = api_host.build_sites(RealmHome(tmp_path), RealmConfig(web=wide))
    assert [(each.name, each.host, each.port) for each in sites] == [
        ("vault-api", "0.0.0.0", 7000),
        ("oracle", "0.0.0.0", 8765),
        ("skill-api-bin", "0.0.0.0", 7001),
        ("skill-api-sy", "0.0.0.0", 7002),
    ]


@pytest.mark.parametrize("module", ["serve.api_host", "serve.tavern.host"])
def test_hosts_at_rest_do_without_torch_and_ray_serve(module: str) -> None:
    heavy = ("torch", "transformers", "ray.serve")
    script = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


hello = PlainTextResponse("hello")


def until(state: str, served: ServedSite) -> None:
    deadline = time.monotonic() + 30
    while served.state != state:
        assert time.monotonic() < deadline, f"still {served.row()}"
        time.sleep(0.01)


def test_a_port_that_is_taken_is_said_and_served_once_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_host, "RETRY_S", 0.05)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        served = ServedSite(Site("skill-api-sy", hello, "127.0.0.1", port))
        until("degraded", served)
        assert served.row()["detail"] == f"port {port}: Address already in use"
    until("healthy", served)
    assert served.row() == {"url": f"http://127.0.0.1:{port}", "state": "healthy", "detail": ""}
    with urllib.request.urlopen(served.row()["url"], timeout=10) as answer:
        assert answer.read() == b"hello"
