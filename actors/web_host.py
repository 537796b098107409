"""WebHost: the Tavern on its port, uvicorn in a thread. Knows no pages: they are in `serve.tavern`.

`serve` lies above `actors`; this module is where the two meet, so it imports it only when it starts serving.
"""

from __future__ import annotations

import importlib
import threading

from actors.service import Service


class WebHost(Service):
    """Hosts the Tavern's ASGI app on its port."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        web = self.config.web
        # Imported here: whoever spawns a host must not load a web server for it.
        import uvicorn

        app = importlib.import_module("serve.tavern.host").build_app(self.home, self.config)
        self.server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=web.host,
                port=web.tavern_port,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=2,
            )
        )
        threading.Thread(target=self.server.run, name="tavern", daemon=True).start()
