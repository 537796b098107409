"""The realm's actors on a cluster: their names, where they run, how one is got or created. Knows no rules."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayActorError

import realm
from realm.config import RealmConfig
from realm.errors import ClusterError
from realm.home import RealmHome

NAMESPACE = "realm"
ON_HEAD: Mapping[str, float] = {"node:__internal_head__": 0.001}
INTAKE = "intake"
"""Concurrency group of methods that read whole files: they never hold up the others."""
STEWARD_ROLES = ("forge", "vault", "analytics")
STEWARD_NICENESS = 10
"""The steward's jobs are long and nobody waits for a level because of them: a battle goes first."""
PACKAGES = ("realm", "actors", "serve", "skills")


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One long-lived actor. `target` is `module:Class`; `on_head` pins it to where the database is.

    `arguments` follow the home. `intake`: threads for the methods of that concurrency group, beside the
    `max_concurrency` of all others.
    """

    name: str
    target: str
    max_concurrency: int = 4
    on_head: bool = True
    intake: int = 0
    arguments: tuple[Any, ...] = ()


SERVICES = (
    ServiceSpec("weaver", "actors.weaver:Weaver"),
    ServiceSpec("vault_keeper", "actors.vault_keeper:VaultKeeper", max_concurrency=8, intake=4),
    ServiceSpec("quest_board", "actors.quest_board:QuestBoard", max_concurrency=8, intake=2),
    ServiceSpec("skill_engine", "actors.skill_engine:SkillEngine", max_concurrency=8),
    ServiceSpec("task_master", "actors.task_master:TaskMaster", max_concurrency=2000),
    ServiceSpec("arena", "actors.arena:Arena", max_concurrency=16),
    ServiceSpec("herald", "actors.herald:Herald", max_concurrency=16),
    ServiceSpec("campaign_director", "actors.campaign_director:CampaignDirector"),
    ServiceSpec("worker", "actors.worker:Worker", on_head=False, arguments=("worker", ("eval",))),
    ServiceSpec("steward", "actors.worker:Worker", arguments=("steward", STEWARD_ROLES, STEWARD_NICENESS)),
    ServiceSpec("web_host", "actors.web_host:WebHost"),
    ServiceSpec("api_host", "actors.web_host:ApiHost"),
)
SPECS = {spec.name: spec for spec in SERVICES}


@cache
def code_version() -> str:
    """The package version with a digest of its source: an actor that answers another one is replaced."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        module = importlib.import_module(package)
        root = Path(cast(str, module.__file__)).parent
        for path in sorted(root.rglob("*")):
            if path.suffix in {".py", ".yaml", ".tsv", ".css", ".js", ".svg", ".html"}:
                digest.update(path.read_bytes())
    return f"{realm.__version__}+{digest.hexdigest()[:10]}"


def actor(name: str) -> ActorHandle[Any]:
    """The handle of a running service.

    Raises:
        ClusterError: it does not run.
    """
    handle = find(name)
    if handle is None:
        raise ClusterError(f"The realm has no running {name}.", "Start it: realm start.")
    return handle


def find(name: str) -> ActorHandle[Any] | None:
    """The handle of an actor of the realm, None when there is none of that name."""
    try:
        return ray.get_actor(name, namespace=NAMESPACE)
    except ValueError:
        return None


def spawn(spec: ServiceSpec, home: RealmHome, config: RealmConfig) -> ActorHandle[Any]:
    """Get the service, or create it. Returns at once; calls wait until it is up."""
    # First: Ray keeps something of every class that is made remote, and Weaver asks every two seconds.
    if (running := find(spec.name)) is not None:
        return running
    module, _, name = spec.target.partition(":")
    options: dict[str, Any] = {
        "name": spec.name,
        "namespace": NAMESPACE,
        "lifetime": "detached",
        "get_if_exists": True,
        "max_restarts": -1,
        "max_task_retries": -1,
        "max_concurrency": spec.max_concurrency,
        "num_cpus": 0,
    }
    if spec.on_head:
        options["resources"] = dict(ON_HEAD)
    if spec.name == "worker":
        options.update(worker_options(config))
    target = getattr(importlib.import_module(module), name)
    # Ray takes concurrency groups with the class only, and no empty ones.
    groups: dict[str, Any] = {"concurrency_groups": {INTAKE: spec.intake}} if spec.intake else {}
    remote = ray.remote(**groups)(target) if groups else ray.remote(target)
    return remote.options(**options).remote(str(home.root), *spec.arguments)


def worker_options(config: RealmConfig) -> dict[str, Any]:
    """Resources of the evaluating worker, as the resource table gives them for this cluster."""
    return _inference_options(config.placement.eval_cpus, config.placement.eval_gpus)


def oracle_options(config: RealmConfig) -> dict[str, Any]:
    """Resources of each process of the Oracle, as the resource table gives them."""
    return _inference_options(0, config.placement.oracle_gpus)


def _inference_options(cpus: int, gpus: float | None) -> dict[str, Any]:
    labelled = nodes_with("realm/role", "oracle")
    if gpus is None:
        total = ray.cluster_resources().get("GPU", 0.0)
        gpus = 0.0 if not total else 0.5 if labelled else 0.2
    options: dict[str, Any] = {"num_cpus": cpus, "num_gpus": gpus}
    if labelled:
        options["label_selector"] = {"realm/role": "oracle"}
    else:
        options["resources"] = dict(ON_HEAD)
    return options


def train_resources(config: RealmConfig) -> dict[str, float]:
    """Resources of one train worker."""
    gpus = config.placement.train_gpus
    if gpus is None:
        total = ray.cluster_resources().get("GPU", 0.0)
        shared = not nodes_with("realm/role", "oracle")
        gpus = 0.0 if not total else 0.6 if total == 1 and shared else 1.0
    resources = {"CPU": float(config.placement.train_cpus)}
    if gpus:
        resources["GPU"] = gpus
    return resources


def nodes_with(label: str, value: str) -> list[dict[str, Any]]:
    """Live nodes that carry a label."""
    return [node for node in ray.nodes() if node["Alive"] and (node.get("Labels") or {}).get(label) == value]


def remove(name: str) -> None:
    """End an actor of the realm for good, when it runs."""
    handle = find(name)
    if handle is not None:
        with suppress(RayActorError):
            ray.kill(handle, no_restart=True)
