"""Which service answers at which URL. Knows the settings, not whether anything listens there, and no skill."""

from __future__ import annotations

from collections.abc import Mapping

from realm.config import RealmConfig, load_config
from realm.errors import NotFoundError
from realm.home import RealmHome

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def skill_service(skill_id: str) -> str:
    """Name of the service that is a skill's API."""
    return f"skill-api-{skill_id}"


def service_urls(config: RealmConfig, skill_ports: Mapping[str, int] | None = None) -> dict[str, str]:
    """Every HTTP service of the realm with its URL; `skill_ports` has the port of each skill's API."""
    host = config.web.host
    return {
        "tavern": url_of(host, config.web.tavern_port),
        **{skill_service(skill_id): url_of(host, port) for skill_id, port in (skill_ports or {}).items()},
        "dashboard": url_of("127.0.0.1", config.ray.dashboard_port),
    }


def url_of(host: str, port: int) -> str:
    """URL of a port."""
    return f"http://{bracketed(host)}:{port}"


def bracketed(host: str) -> str:
    """`host` as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def get_service_url(name: str, config: RealmConfig | None = None, skill_ports: Mapping[str, int] | None = None) -> str:
    """URL of one service.

    Raises:
        NotFoundError: no such service; the message names those there are.
    """
    urls = service_urls(config or load_config(RealmHome.locate()), skill_ports)
    if name not in urls:
        raise NotFoundError(f"No service {name!r}.", f"Known: {', '.join(sorted(urls))}.")
    return urls[name]
