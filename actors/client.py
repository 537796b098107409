"""What a driver script imports: connect to a running realm, then call its actors."""

from __future__ import annotations

import importlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.actor import ActorHandle

from actors.cluster import NAMESPACE, SPECS, actor
from actors.waiting import ask
from realm.config import load_config
from realm.errors import ClusterError
from realm.home import RealmHome

ASK_S = 3600.0
"""A checkpoint of many GB may have to come from another host first."""


@dataclass(frozen=True)
class Realm:
    """A running realm: each service is an attribute, e.g. `ray.get(realm.vault_keeper.best.remote())`."""

    home: RealmHome

    def __getattr__(self, name: str) -> ActorHandle[Any]:
        if name not in SPECS:
            raise AttributeError(f"the realm has no service {name!r}; it has {', '.join(SPECS)}")
        return actor(name)


@dataclass(frozen=True)
class Ledger:
    """The ledger of a running realm, for scripts that want no Ray idiom."""

    realm: Realm

    def get_best(self, metric: str = "exam_accuracy", campaign: str | None = None) -> dict[str, Any] | None:
        """The best checkpoint by exam_accuracy, skill:ID, val_loss, perplexity or train_loss; None: none has it."""
        return ask(self.realm.vault_keeper.best.remote(metric, campaign))

    def get(self, name: str) -> dict[str, Any]:
        """One checkpoint by id or by its name within the active campaign.

        Raises:
            NotFoundError: there is none.
        """
        return ask(self.realm.vault_keeper.show.remote(name))


def get_ledger() -> Ledger:
    """The ledger of the realm that this process is connected to, or connects to now."""
    return Ledger(connect())


def ask_vault_first(name: str, fallback: str | Path | None = None) -> str:
    """The folder of a checkpoint on this machine, brought here and verified if it lies on another; else `fallback`.

    Raises:
        NotFoundError: there is no fallback; it lists where the checkpoint was looked for.
        ClusterError: no realm runs.
    """
    realm = connect()
    node = ray.get_runtime_context().get_node_id()
    asked = realm.vault_keeper.ask.remote(name, None if fallback is None else str(fallback), node)
    return ask(asked, ASK_S)


def connect() -> Realm:
    """Connect this process to the realm: to the cluster it runs in (a Ray job), else to the one of `$REALM_HOME`.

    Raises:
        ClusterError: no realm runs there.
    """
    home = RealmHome.locate()
    if not ray.is_initialized():
        address = cluster_address(home)
        if address is None:
            raise ClusterError(f"No realm runs for {home.root}.", "Start it: realm start.")
        if address == _own_address(home) and home.ray_token.exists():
            _authenticate(home)
        try:
            ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError) as error:
            raise ClusterError(f"The Ray cluster at {address} does not answer: {error}", "`realm doctor`") from None
    return Realm(home)


def _authenticate(home: RealmHome) -> None:
    """Use the realm's token. A mode that is set already is the caller's and stays."""
    os.environ.setdefault("RAY_AUTH_TOKEN_PATH", str(home.ray_token))
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ["RAY_AUTH_MODE"] = "token"
        # Ray read the mode when the script imported it; this is how Ray itself reads it again.
        raylet = importlib.import_module("ray._raylet")
        raylet.Config.initialize("")


def cluster_address(home: RealmHome) -> str | None:
    """RAY_ADDRESS, else the configured address, else that of the head this realm started."""
    configured = os.environ.get("RAY_ADDRESS") or load_config(home).ray.address
    if configured:
        return configured
    return _own_address(home)


def _own_address(home: RealmHome) -> str | None:
    """Address of the head that this realm started."""
    record = home.ray / "address"
    return record.read_text().strip() if record.exists() else None
