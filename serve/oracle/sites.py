"""The Oracle as the realm's hosts serve it: on its own port, and at the Tavern's origin for its page."""

from __future__ import annotations

from fastapi import APIRouter

import realm
from actors.web_host import Site
from realm.config import RealmConfig
from realm.home import RealmHome
from realm.hosts import ORACLE_SERVICE
from serve.oracle.app import create_app, oracle_routers
from serve.oracle.elsewhere import Elsewhere, forwarding_router
from serve.oracle.oracle_api import oracle_router
from serve.oracle.serving import RayOracle
from serve.security import who_may_ask
from serve.vault_backend import IdempotencyKeys


def oracle_sites(home: RealmHome, config: RealmConfig, keys: IdempotencyKeys) -> list[Site]:
    """Its port; none where the Oracle is elsewhere."""
    if config.oracle.url is not None:
        return []
    web = config.web
    app = create_app(RayOracle(home), keys, version=realm.__version__, **who_may_ask(web, web.oracle_port))
    return [Site(ORACLE_SERVICE, app, web.host, web.oracle_port)]


def tavern_routers(home: RealmHome, config: RealmConfig, keys: IdempotencyKeys) -> list[APIRouter]:
    """The same routes for the page; those of OpenAI are passed on where the Oracle is elsewhere."""
    url, token = config.oracle.url, config.oracle.token
    if url is None:
        return oracle_routers(RayOracle(home), keys)
    return [forwarding_router(url, token), oracle_router(Elsewhere(url, token), keys)]
