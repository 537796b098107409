"""Weaver: health of actors, web services and nodes; brings back what Ray alone does not."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Any, cast
from urllib.parse import urlsplit

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError
from ray.util.state import list_actors

from actors.cluster import NAMESPACE, SERVICES, SPECS, code_version, find, nodes_with, remove, spawn
from actors.service import Service, Ticker
from realm.hosts import dashboard_url

ROUND_S = 2.0
PING_TIMEOUT_S = 3.0
RESTARTS_INTERVAL_S = 10.0
WAITING = ("PENDING_CREATION", "RESTARTING", "DEPENDENCIES_UNREADY")
MISSED_PINGS = 3
"""Pings in a row without an answer before a service is called down."""


class Weaver(Service):
    """The weaver: keeps every service of the realm running and knows how each one is."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.known: dict[str, dict[str, Any]] = {}
        self.missed: dict[str, int] = {}
        self.restarts: dict[str, int] = {}
        self.sites: dict[str, dict[str, dict[str, str]]] = {}
        """Sites of each host with URL, state and detail, as it answered last."""
        self.counted_at = 0.0
        self.weaving = False
        self.lock = threading.Lock()
        self.ticker = Ticker("rounds", ROUND_S, self._round, print)

    def weave(self) -> list[str]:
        """Create every service that does not run, replace those with other code; their names.

        Only here is code compared, at a start: files that change under a running realm end nothing.
        """
        with self.lock:
            self._remove_stale()
            self.weaving = True
            config = self.config
            for spec in SERVICES:
                if spec.name != "weaver":
                    spawn(spec, self.home, config)
        self.ticker.nudge()
        return [spec.name for spec in SERVICES]

    def services(self) -> dict[str, dict[str, Any]]:
        """How every service is: healthy, state, url, restarts, detail."""
        return self.known

    def health(self) -> dict[str, dict[str, Any]]:
        """A round made now, for a caller that waits for everything to be healthy."""
        self._round()
        return self.known

    def _round(self) -> None:
        if not self.weaving:
            # A Weaver that Ray brought back by itself goes on with what its former self had begun.
            self.weaving = any(find(spec.name) for spec in SERVICES if spec.name != "weaver")
            if not self.weaving:
                return
        with self.lock:
            config = self.config
            handles = {spec.name: spawn(spec, self.home, config) for spec in SERVICES if spec.name != "weaver"}
            pings = {name: handle.ping.remote() for name, handle in handles.items()}
            ray.wait(list(pings.values()), num_returns=len(pings), timeout=PING_TIMEOUT_S)
            self._count_restarts()
            fresh = {"weaver": self._row("weaver", True, "healthy", f"pid {os.getpid()}")}
            fresh |= {name: self._judge(name, ping) for name, ping in pings.items()}
            for sites in self.sites.values():
                fresh |= {name: self._site_row(name, **site) for name, site in sites.items()}
            dashboard = dashboard_url(self.home, config, ray.get_runtime_context().gcs_address)
            fresh["dashboard"] = self._site_row("dashboard", dashboard, "healthy", "")
            self._tell_changes(fresh)
            self.known = fresh
        self.peer("herald").tell_services.remote(self.known, _nodes())

    def _remove_stale(self) -> None:
        found = {spec.name: find(spec.name) for spec in SERVICES if spec.name != "weaver"}
        pings = {name: handle.ping.remote() for name, handle in found.items() if handle is not None}
        if pings:
            ray.wait(list(pings.values()), num_returns=len(pings), timeout=PING_TIMEOUT_S)
        for name, ping in pings.items():
            try:
                answer: dict[str, Any] = cast(Any, ray.get(ping, timeout=0))
            except (GetTimeoutError, RayError):
                continue
            if answer["version"] != code_version():
                remove(name)

    def _judge(self, name: str, ping: ray.ObjectRef[Any]) -> dict[str, Any]:
        try:
            answer = ray.get(ping, timeout=0)
        except GetTimeoutError:
            self.missed[name] = self.missed.get(name, 0) + 1
            down = self.missed[name] >= MISSED_PINGS
            if down and self._unplaced(name):
                # The next round makes it anew, where it can be now.
                remove(name)
                return self._row(name, False, "down", "the node that it ran on is gone")
            state = "starting" if self._starts(name) else "down" if down else "degraded"
            return self._row(name, False, state, "no answer")
        except RayActorError as error:
            remove(name)
            return self._row(name, False, "down", str(error).strip().splitlines()[0])
        except RayError as error:
            return self._row(name, False, "degraded", str(error).strip().splitlines()[-1])
        self.missed[name] = 0
        if "sites" in answer:
            self.sites[name] = answer["sites"]
        return self._row(name, True, "healthy", f"pid {answer['pid']}")

    def _unplaced(self, name: str) -> bool:
        """Whether it waits for a labelled node and there is none any more."""
        if name != "worker" or nodes_with("realm/role", "oracle"):
            return False
        try:
            found = list_actors(filters=[("name", "=", name), ("ray_namespace", "=", NAMESPACE)], timeout=5)
        except Exception as error:  # noqa: BLE001 - the state API raises bare exceptions; the next round asks again
            print(f"{name} not looked up: {error}")
            return False
        return any(each.state in WAITING for each in cast(list[Any], found))

    def _starts(self, name: str) -> bool:
        """Whether it has not been healthy yet since this Weaver began."""
        return name not in self.known or self.known[name]["state"] == "starting"

    def _row(self, name: str, healthy: bool, state: str, detail: str, url: str | None = None) -> dict[str, Any]:
        return {
            "healthy": healthy,
            "state": state,
            "url": url,
            "restarts": self.restarts.get(name, 0),
            "detail": detail,
        }

    def _site_row(self, name: str, url: str, state: str, detail: str) -> dict[str, Any]:
        """What its host says of a site, and where that says healthy, whether it can be reached."""
        if state != "healthy":
            return self._row(name, False, state, detail, url)
        address = urlsplit(url)
        try:
            socket.create_connection((str(address.hostname), int(address.port or 80)), timeout=1.0).close()
        except OSError as error:
            return self._row(name, False, "starting" if self._starts(name) else "down", str(error), url)
        return self._row(name, True, "healthy", "", url)

    def _count_restarts(self) -> None:
        """How often Ray brought each actor back, from Ray's own books."""
        if time.monotonic() - self.counted_at < RESTARTS_INTERVAL_S:
            return
        self.counted_at = time.monotonic()
        try:
            found = list_actors(filters=[("state", "=", "ALIVE")], detail=True, timeout=5)
        except Exception as error:  # noqa: BLE001 - the state API raises bare exceptions; counts stay as they were
            print(f"restarts not counted: {error}")
            return
        for actor in cast(list[Any], found):
            if actor.ray_namespace == NAMESPACE and actor.name in SPECS:
                self.restarts[actor.name] = int(actor.num_restarts or 0)

    def _tell_changes(self, fresh: dict[str, dict[str, Any]]) -> None:
        for name, row in fresh.items():
            before = self.known.get(name)
            if before is None or before["healthy"] == row["healthy"] or before["state"] == "starting":
                continue
            word = "is back" if row["healthy"] else f"is {row['state']}"
            self.peer("herald").say.remote(f"service.{row['state']}", f"{name} {word}", row["detail"])


def _nodes() -> list[dict[str, Any]]:
    return [
        {
            "name": node["NodeManagerHostname"],
            "cpus": node["Resources"].get("CPU", 0),
            "gpus": node["Resources"].get("GPU", 0),
            "labels": {k: v for k, v in (node.get("Labels") or {}).items() if k.startswith("realm/")},
        }
        for node in ray.nodes()
        if node["Alive"]
    ]
