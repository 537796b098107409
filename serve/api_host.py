"""The small APIs as their host serves them: the realm's own, and one for each skill that has a port."""

from __future__ import annotations

import realm
from actors.ports import skill_ports
from actors.service import Ticker, now
from actors.web_host import Site
from realm.config import RealmConfig
from realm.home import RealmHome
from realm.hosts import VAULT_SERVICE, skill_service
from serve import api_app, skills_api
from serve.limits import Workbench
from serve.oracle.sites import oracle_sites
from serve.realm_backend import realm_backends
from serve.security import who_may_ask
from skills import get_engine

PRUNE_INTERVAL_S = 600.0


def build_sites(home: RealmHome, config: RealmConfig) -> list[Site]:
    """An app for each port; those of the skills share the threads that make and grade problems.

    An Oracle outside the cluster (`oracle.url`) is served by whoever runs it.
    """
    engine, ports, workbench = get_engine(), skill_ports(config), Workbench()
    web, version = config.web, realm.__version__

    def site(skill_id: str, port: int) -> Site:
        app = skills_api.create_app(
            engine, engine.get(skill_id), ports, version=version, workbench=workbench, **who_may_ask(web, port)
        )
        return Site(skill_service(skill_id), app, web.host, port)

    backends = realm_backends(home)
    Ticker("keys", PRUNE_INTERVAL_S, lambda: backends.keys.prune(now()), print)
    vault = api_app.create_app(backends, version=version, **who_may_ask(web, web.vault_port))
    return [
        Site(VAULT_SERVICE, vault, web.host, web.vault_port),
        *oracle_sites(home, config, backends.keys),
        *(site(skill_id, port) for skill_id, port in ports.items()),
    ]
