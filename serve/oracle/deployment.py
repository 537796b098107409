"""The Oracle's application on Ray Serve: where its replicas run, how many there are, and which code they have.

Serve's own HTTP proxy is off: the routes are served by uvicorn in the host of the small APIs and in the Tavern's, which
ask replicas through a handle. That saves a process, and 10 ms a request (docs/ARCHITECTURE.md).
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

from ray import serve as ray_serve
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import ApplicationStatus, LoggingConfig

from actors.cluster import code_version, oracle_options
from realm.config import RealmConfig
from realm.errors import ClusterError, QueueFullError, RealmError
from realm.home import RealmHome
from serve.oracle.replica import Replica
from serve.oracle.scaling import replicas_needed

PREFIX = "oracle-"
LABELLED, HEAD = "labelled", "head"
QUIET = LoggingConfig(enable_access_log=False, log_level="ERROR")
SHORT_S = 2.0
"""Serve looks at the load of this time to decide how many replicas are needed."""
RETRY_S = 2.0


class MovedError(Exception):
    """The application runs elsewhere now."""


LOST = (RayActorError, DeploymentUnavailableError, MovedError)
"""What is raised of a replica that died, and of one that is no longer asked."""
FAILED = (ApplicationStatus.DEPLOY_FAILED, ApplicationStatus.UNHEALTHY)
_deploying = threading.Lock()


@dataclass(frozen=True, slots=True)
class Processes:
    """How many replicas run and start, and why the application failed, "" when it did not."""

    running: int = 0
    starting: int = 0
    failure: str = ""


def cause(error: Exception) -> Exception:
    """What a replica raised on purpose; what Serve says of a queue, a time that is over, as errors of the realm."""
    if isinstance(error, RayTaskError) and isinstance(error.cause, RealmError):
        return cast(RealmError, error.cause)
    if isinstance(error, BackPressureError):
        return QueueFullError("As many questions wait for the Oracle as may.", "Ask again in a moment.", RETRY_S)
    if isinstance(error, TimeoutError):
        return ClusterError("The Oracle gave no answer in time.", "`realm oracle status` says how it is.")
    if isinstance(error, RayServeException):
        return ClusterError(f"Ray Serve: {str(error).splitlines()[0]}", "Ask again in a moment.")
    return error


def deployed(home: RealmHome, config: RealmConfig) -> str:
    """Deploy the application where it is to run now, unless it is there; its name. Unasked it has no replica.

    One of other code, or of a place that is no longer the right one, is ended when this one is there: what it answers
    at that moment is finished, what waits for it is asked anew.
    """
    options = oracle_options(config)
    name = f"{_named()}{LABELLED if 'label_selector' in options else HEAD}"
    with _deploying:
        ray_serve.start(proxy_location="Disabled", logging_config=QUIET)
        known = ray_serve.status().applications
        if name not in known or known[name].status in (*FAILED, ApplicationStatus.DELETING):
            bound = _deployment(config, options).bind(str(home.root))
            ray_serve.run(bound, name=name, route_prefix=None)
        for other in known:
            if other.startswith(PREFIX) and other != name and known[other].status != ApplicationStatus.DELETING:
                ray_serve.delete(other, _blocking=False)
    return name


def undeployed() -> None:
    """End the application, of whatever code; Serve itself stays, since others may use it."""
    for name in ray_serve.status().applications:
        if name.startswith(PREFIX):
            ray_serve.delete(name)


def handle_of(name: str) -> DeploymentHandle[Any]:
    """The handle that asks its replicas."""
    return ray_serve.get_app_handle(name)


def processes() -> Processes:
    """How its replicas are. Starts nothing."""
    mine = _named()
    states, failures = Counter[str](), list[str]()
    for name, found in ray_serve.status().applications.items():
        if not name.startswith(mine) or found.status == ApplicationStatus.DELETING:
            continue
        if found.status in FAILED:
            failures.append(found.message or str(found.status))
            continue
        for deployment in found.deployments.values():
            for state, count in deployment.replica_states.items():
                states[str(getattr(state, "value", state))] += count
    running, starting = states["RUNNING"], states["STARTING"] + states["UPDATING"]
    return Processes(running, starting, failures[0] if failures and not running else "")


def _named() -> str:
    """How applications of this code are called, wherever they run."""
    return f"{PREFIX}{code_version()}-"


def _deployment(config: RealmConfig, options: dict[str, Any]) -> Any:
    oracle = config.oracle
    scaling = AutoscalingConfig(
        min_replicas=oracle.min_replicas,
        max_replicas=max(oracle.max_replicas, oracle.min_replicas),
        initial_replicas=oracle.min_replicas,
        policy=AutoscalingPolicy(policy_function=replicas_needed),
        # Of the questions that `replicas_needed` counts.
        target_ongoing_requests=float(oracle.rows),
        look_back_period_s=SHORT_S,
        metrics_interval_s=SHORT_S / 2,
        upscale_delay_s=SHORT_S,
        downscale_delay_s=oracle.idle_s,
        downscale_to_zero_delay_s=oracle.idle_s,
    )
    made: Any = ray_serve.deployment(Replica)
    return made.options(
        name="Replica",
        ray_actor_options=options,
        # The engine has the queue and says who comes too late; Serve only passes on.
        max_ongoing_requests=2 * (oracle.rows + oracle.queue) + 16,
        max_queued_requests=oracle.rows + oracle.queue,
        autoscaling_config=scaling,
        graceful_shutdown_timeout_s=config.oracle.timeout_s,
        logging_config=QUIET,
    )
