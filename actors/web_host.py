"""WebHost and ApiHost: ASGI apps on ports of their own, uvicorn in threads. They know no routes: those are in `serve`.

`serve` lies above `actors`; this module is where the two meet, so it imports it only when it starts serving.
"""

from __future__ import annotations

import importlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from actors.service import Service
from realm.hosts import url_of

RETRY_S = 2.0


@dataclass(frozen=True, slots=True)
class Site:
    """An ASGI app and where it is served, under the name of its service."""

    name: str
    app: Callable[..., Any]
    host: str
    port: int


class AppHost(Service):
    """Serves every site that `build_sites` of its module gives for the settings."""

    module: ClassVar[str]

    def __init__(self, home: str) -> None:
        super().__init__(home)
        sites: list[Site] = importlib.import_module(self.module).build_sites(self.home, self.config)
        self.served = [ServedSite(site) for site in sites]

    def ping(self) -> dict[str, Any]:
        """Who answers, with the URL and the state of each site."""
        return super().ping() | {"sites": {each.site.name: each.row() for each in self.served}}


class WebHost(AppHost):
    """Hosts the Tavern."""

    module = "serve.tavern.host"


class ApiHost(AppHost):
    """Hosts the small APIs: the realm's own, the Oracle's, and one for each skill that has a port."""

    module = "serve.api_host"

    def oracle(self) -> str:
        """The name of the Oracle's application on Ray Serve, which is deployed first where it is not."""
        return importlib.import_module("serve.oracle.deployment").deployed(self.home, self.config)


class ServedSite:
    """A site on its port as soon as that can be had: while another process holds it, it is asked for again."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.state, self.detail = "starting", ""
        threading.Thread(target=self._serve, name=site.name, daemon=True).start()

    def row(self) -> dict[str, str]:
        """URL, state (starting, degraded, healthy) and detail."""
        return {"url": url_of(self.site.host, self.site.port), "state": self.state, "detail": self.detail}

    def _serve(self) -> None:
        # Imported here: whoever spawns a host must not load a web server for it.
        import uvicorn

        listener = self._listen()
        server = uvicorn.Server(
            uvicorn.Config(self.site.app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        )
        server.run(sockets=[listener])

    def _listen(self) -> socket.socket:
        host, port = self.site.host, self.site.port
        while True:
            try:
                listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
            except OSError as error:
                # create_server adds the address in brackets.
                self.state, self.detail = "degraded", f"port {port}: {str(error.strerror).partition(' (')[0]}"
                time.sleep(RETRY_S)
            else:
                self.state, self.detail = "healthy", ""
                return listener
