"""An attempt: one TorchTrainer run of a battle, hosted by an actor of its own. Knows no rules and no database."""

from __future__ import annotations

import threading
from typing import Any

import ray
from ray.actor import ActorHandle

from actors.cluster import NAMESPACE, ON_HEAD

WORKER_FAILURES = 3
"""Times the train workers are brought back inside one attempt; after that Arena begins a new one."""
BEGIN_TIMEOUT_S = 60.0
"""An Arena that died right after it made a host never sent it the order to run."""


class AttemptHost:
    """Calls TorchTrainer.fit() and remembers how it ended."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.ended = threading.Event()
        self.outcome: dict[str, Any] = {}

    def run(
        self, order: dict[str, Any], workers: int, resources: dict[str, float], label: dict[str, str] | None
    ) -> dict[str, Any]:
        """Fight until the loop returns. The outcome's `error` is None when it returned by itself."""
        self.began.set()
        # Imported here: whoever spawns a host must not load torch for it.
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchTrainer

        from actors.battle_worker import fight

        trainer = TorchTrainer(
            fight,
            train_loop_config=order,
            scaling_config=ScalingConfig(
                num_workers=workers,
                use_gpu=resources.get("GPU", 0) > 0,
                resources_per_worker=resources,
                label_selector=label,
            ),
            run_config=RunConfig(
                name=order["attempt_id"],
                storage_path=f"{order['home']}/logs/train",
                failure_config=FailureConfig(max_failures=WORKER_FAILURES),
            ),
        )
        error: str | None = None
        try:
            trainer.fit()
        except Exception as failure:  # noqa: BLE001 - whatever ended the run is the attempt's outcome
            error = f"{type(failure).__name__}: {failure}"
        self.outcome = {"error": error}
        self.ended.set()
        return self.outcome

    def result(self) -> dict[str, Any]:
        """Wait for the run to end: for an Arena that came back and finds the attempt under way."""
        if not self.began.wait(BEGIN_TIMEOUT_S):
            return {"error": "it was lost before it began"}
        self.ended.wait()
        return self.outcome


def spawn_attempt(attempt_id: str) -> ActorHandle[Any]:
    """The host of an attempt. It is detached, so that it outlives a killed Arena."""
    options: dict[str, Any] = {
        "name": attempt_id,
        "namespace": NAMESPACE,
        "lifetime": "detached",
        "num_cpus": 0,
        "max_concurrency": 4,
        "resources": dict(ON_HEAD),
    }
    host: ActorHandle[Any] = ray.remote(AttemptHost).options(**options).remote()  # pyright: ignore
    return host
