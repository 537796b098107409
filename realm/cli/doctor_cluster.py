"""Checks of the cluster: address, nodes and labels, services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from realm.cli.doctor import Check
from realm.cli.session import Session, attach, cluster_address, external_address, realm_runs
from realm.config import RealmConfig
from realm.errors import ClusterError, RealmError
from realm.home import RealmHome

ROLES = ("arena", "oracle")


def check_cluster(home: RealmHome, config: RealmConfig) -> Iterator[Check]:
    """The cluster the realm runs on or would attach to, its nodes, and the realm's services on it."""
    address = cluster_address(home, config)
    if address is None:
        yield _not_running(home)
        return
    try:
        attach(home, address)
    except ClusterError as error:
        yield Check(
            "cluster", "fail", error.problem, "realm stop, then realm start; or correct RAY_ADDRESS or ray.address."
        )
        return
    origin = "attached" if external_address(config) else "started by this realm"
    yield Check("cluster", "pass", f"{address} answers, {origin}")
    yield _check_nodes()
    if not realm_runs():
        yield Check("services", "warn", "The cluster runs no realm.", "realm start")
        return
    yield from _check_services(Session(home, config))


def _not_running(home: RealmHome) -> Check:
    if home.ray_head.exists():
        return Check("cluster", "warn", "The Ray head that this realm started is gone.", "realm start brings it back.")
    return Check("cluster", "pass", "No realm runs; realm start starts a Ray head")


def _check_nodes() -> Check:
    import ray

    nodes: list[dict[str, Any]] = ray.nodes()
    alive = [node for node in nodes if node["Alive"]]
    lost = [node for node in nodes if not node["Alive"]]
    shown = "; ".join(_describe(node) for node in alive)
    roles = {(node.get("Labels") or {}).get("realm/role") for node in alive}
    missing = [role for role in ROLES if len(alive) > 1 and role not in roles]
    if missing:
        wanted = ", ".join(f"realm/role={role}" for role in missing)
        return Check("nodes", "warn", f"{shown}; none has {wanted}.", f"ray start --labels={wanted} on that node.")
    if lost:
        names = ", ".join(node["NodeManagerHostname"] for node in lost)
        return Check("nodes", "warn", f"{shown}; lost: {names}.", "Start Ray on them again, or leave them out.")
    return Check("nodes", "pass", shown)


def _describe(node: dict[str, Any]) -> str:
    resources = node["Resources"]
    labels = ", ".join(f"{k}={v}" for k, v in (node.get("Labels") or {}).items() if k.startswith("realm/"))
    counts = f"{resources.get('CPU', 0):g} CPU, {resources.get('GPU', 0):g} GPU"
    return f"{node['NodeManagerHostname']} ({counts}{', ' + labels if labels else ''})"


def _check_services(session: Session) -> Iterator[Check]:
    try:
        services: dict[str, dict[str, Any]] = session.call("weaver", "services", timeout_s=20)
    except RealmError as error:
        yield Check("services", "fail", error.problem, "realm stop, then realm start.")
        return
    sick = {name: row for name, row in services.items() if not row["healthy"]}
    for name, row in sick.items():
        yield Check(
            f"service {name}", "fail", f"{row['state']}: {row['detail']}.", "`realm status` shows when it is back."
        )
    if not sick:
        restarts = sum(row["restarts"] for row in services.values())
        yield Check("services", "pass", f"{len(services)} healthy, {restarts} restarts")
