"""Which service answers at which URL. Knows the settings and the record of the realm's Ray head, not whether anything
listens there, and no skill."""

from __future__ import annotations

import json
from collections.abc import Mapping

from realm.config import RealmConfig, load_config
from realm.errors import NotFoundError
from realm.home import RealmHome

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ORACLE_SERVICE = "oracle"
"""Name of the service that answers questions, OpenAI-compatible; scripts may say `inference`."""
VAULT_SERVICE = "vault-api"
"""Name of the service that is the realm's own API: vault, jobs, books."""


def skill_service(skill_id: str) -> str:
    """Name of the service that is a skill's API."""
    return f"skill-api-{skill_id}"


def service_urls(config: RealmConfig, skill_ports: Mapping[str, int]) -> dict[str, str]:
    """Every HTTP service with the URL that a start gives it; `skill_ports` has the port of each skill's API.

    An Oracle elsewhere (`oracle.url`) is none of them.
    """
    host = config.web.host
    return {
        "tavern": url_of(host, config.web.tavern_port),
        VAULT_SERVICE: url_of(host, config.web.vault_port),
        **({ORACLE_SERVICE: url_of(host, config.web.oracle_port)} if config.oracle.url is None else {}),
        **{skill_service(skill_id): url_of(host, port) for skill_id, port in skill_ports.items()},
        "dashboard": url_of("127.0.0.1", config.ray.dashboard_port),
    }


def get_service_url(name: str) -> str:
    """URL of a service of this machine's realm by name: `tavern`, `vault`, `inference`, `dashboard` and others.

    A skill's API is `skill-api-ID`, where `web.skill_ports` names its port.

    Raises:
        NotFoundError: the settings name no such service.
    """
    home = RealmHome.locate()
    config = load_config(home)
    ports = {skill_id: port for skill_id, port in config.web.skill_ports.items() if port is not None}
    urls = service_urls(config, ports)
    try:
        record = (home.ray / "address").read_text().strip()
    except FileNotFoundError:
        record = ""
    urls["dashboard"] = dashboard_url(home, config, record)
    if config.oracle.url is not None:
        urls[ORACLE_SERVICE] = config.oracle.url
    wanted = {"vault": VAULT_SERVICE, "inference": ORACLE_SERVICE}.get(name, name)
    if wanted not in urls:
        raise NotFoundError(f"The realm has no service {name!r}.", f"There are {', '.join(urls)}.")
    return urls[wanted]


def dashboard_url(home: RealmHome, config: RealmConfig, address: str) -> str:
    """URL of the dashboard of the cluster whose GCS is at `address`.

    The realm's own head keeps the port that it was started with; that of another cluster is what the settings say.
    """
    try:
        record = json.loads(home.ray_head.read_text())
        # Ray gives a GCS on 127.0.0.1 the address of another interface: the ports say whose it is.
        own = _port(record["address"]) == _port(address)
        port = record["dashboard_port"] if own else config.ray.dashboard_port
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        port = config.ray.dashboard_port
    return url_of("127.0.0.1", port)


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def url_of(host: str, port: int) -> str:
    """URL of a port."""
    return f"http://{bracketed(host)}:{port}"


def bracketed(host: str) -> str:
    """`host` as it stands in a URL."""
    return f"[{host}]" if ":" in host else host
