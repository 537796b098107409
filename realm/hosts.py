"""Which service answers at which URL. Knows the settings, not whether anything listens there."""

from __future__ import annotations

from realm.config import RealmConfig, load_config
from realm.errors import NotFoundError
from realm.home import RealmHome

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def service_urls(config: RealmConfig) -> dict[str, str]:
    """Every HTTP service of the realm with its URL."""
    return {
        "tavern": f"http://{config.web.host}:{config.web.tavern_port}",
        "dashboard": f"http://127.0.0.1:{config.ray.dashboard_port}",
    }


def get_service_url(name: str, config: RealmConfig | None = None) -> str:
    """URL of one service.

    Raises:
        NotFoundError: no such service; the message names those there are.
    """
    urls = service_urls(config or load_config(RealmHome.locate()))
    if name not in urls:
        raise NotFoundError(f"No service {name!r}.", f"Known: {', '.join(sorted(urls))}.")
    return urls[name]
