"""The skills' APIs as their host serves them: one app on the port of each skill that has one."""

from __future__ import annotations

import realm
from actors.ports import skill_ports
from actors.web_host import Site
from realm.config import RealmConfig
from realm.home import RealmHome
from realm.hosts import skill_service
from serve.limits import Workbench
from serve.security import who_may_ask
from serve.skills_api import create_app
from skills import get_engine


def build_sites(_home: RealmHome, config: RealmConfig) -> list[Site]:
    """An app for each port; they share the threads that make and grade problems."""
    engine, ports, workbench = get_engine(), skill_ports(config), Workbench()

    def site(skill_id: str, port: int) -> Site:
        hosts, token = who_may_ask(config.web, port)
        app = create_app(
            engine,
            engine.get(skill_id),
            ports,
            version=realm.__version__,
            allowed_hosts=hosts,
            token=token,
            workbench=workbench,
        )
        return Site(skill_service(skill_id), app, config.web.host, port)

    return [site(skill_id, port) for skill_id, port in ports.items()]
