"""A command's connection to the realm: whether one runs, and asking its actors. Ray is imported only when one runs."""

from __future__ import annotations

import logging
import os
import socket
from dataclasses import dataclass
from typing import Any

from realm.cli.exits import NotRunningError
from realm.cli.output import keep_stdout
from realm.cli.ray_head import environment, running_head
from realm.config import RealmConfig, load_config
from realm.errors import ClusterError
from realm.home import RealmHome

PROBE_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Session:
    """A connection to the running realm of `home`."""

    home: RealmHome
    config: RealmConfig

    def call(self, service: str, method: str, *args: Any, timeout_s: float = 60.0) -> Any:
        """What an actor's method answers.

        Raises:
            RealmError: what the method raised.
            ClusterError: the actor does not run, does not answer or failed.
        """
        from ray.exceptions import RayError

        from actors.cluster import actor
        from actors.waiting import ask

        try:
            return ask(getattr(actor(service), method).remote(*args), timeout_s)
        except RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ClusterError(f"{service}.{method} failed: {reason}", "`realm status` shows the services.") from None

    def follow(self, service: str, method: str, *args: Any) -> Any:
        """As `call`, for asking again and again.

        Raises:
            NotRunningError: the realm was stopped meanwhile.
        """
        if cluster_address(self.home, self.config) is None:
            raise NotRunningError("The realm was stopped.", "Start it: realm start.")
        return self.call(service, method, *args)

    def on_head(self) -> bool:
        """Whether this machine is the cluster's head, so that actors there read the same files."""
        return self.node_id() == head_node()["NodeID"]

    def node_id(self) -> str:
        """Ray's id of this machine."""
        import ray

        return ray.get_runtime_context().get_node_id()


def open_session() -> Session:
    """Connect to the realm that runs for this home.

    Raises:
        NotRunningError: none does.
    """
    home = RealmHome.locate()
    config = load_config(home)
    address = cluster_address(home, config)
    if address is None:
        raise NotRunningError(f"No realm runs for {home.root}.", "Start it: realm start.")
    try:
        attach(home, address)
    except ClusterError as error:
        raise NotRunningError(error.problem, error.remedy) from None
    if not realm_runs():
        raise NotRunningError(f"The Ray cluster at {address} runs no realm.", "Start it: realm start.")
    return Session(home, config)


def session_if_running() -> Session | None:
    """As `open_session`; None when no realm runs."""
    try:
        return open_session()
    except NotRunningError:
        return None


def external_address(config: RealmConfig) -> str | None:
    """A cluster that this realm did not start and is to use: RAY_ADDRESS, else the setting."""
    return os.environ.get("RAY_ADDRESS") or config.ray.address


def cluster_address(home: RealmHome, config: RealmConfig) -> str | None:
    """The cluster to talk to: the external one, else the head this realm started while it is alive."""
    external = external_address(config)
    if external:
        return external
    head = running_head(home)
    return head.address if head else None


def attach(home: RealmHome, address: str) -> None:
    """Make this process a driver of the cluster at `address`.

    Raises:
        ClusterError: it does not answer.
    """
    _probe(address)
    head = running_head(home)
    if head is not None and head.address == address:
        os.environ.update(environment(home))
    # Ray reads its environment when it is imported.
    import ray
    from ray.exceptions import RayError

    from actors.cluster import NAMESPACE

    if ray.is_initialized():
        return
    keep_stdout()
    try:
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        raise _silent(address, str(error).splitlines()[0]) from None


def realm_runs() -> bool:
    """Whether the cluster has a Weaver, which every realm has. Needs a connection."""
    from actors.cluster import actor

    try:
        actor("weaver")
    except ClusterError:
        return False
    return True


def head_node() -> dict[str, Any]:
    """Ray's record of the head node. Needs a connection."""
    import ray

    return next(node for node in ray.nodes() if node["Alive"] and "node:__internal_head__" in node["Resources"])


def _probe(address: str) -> None:
    """Fail fast where nobody listens: Ray itself would try for a long time."""
    host, _, port = address.rpartition(":")
    if not host or "://" in address or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=PROBE_TIMEOUT_S).close()
    except OSError as error:
        raise _silent(address, str(error)) from None


def _silent(address: str, reason: str) -> ClusterError:
    return ClusterError(f"The Ray cluster at {address} does not answer: {reason}.", "`realm doctor` says more.")
