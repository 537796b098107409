"""Checks of the machine: disk, shared memory, temp dir, GPU, ports."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from actors.ports import another_port, skill_ports
from realm.catalog import hero_spec
from realm.cli.doctor import Check, State
from realm.cli.output import size
from realm.cli.ray_head import owned_pids, port_holder
from realm.cli.session import external_address
from realm.config import RealmConfig
from realm.errors import ConfigError
from realm.home import RealmHome
from realm.hosts import skill_service

CHECKPOINT_BYTES_PER_PARAMETER = 16
"""At most: served and raw weights and two optimizer moments, each in float32. In memory: gradients for one of them."""
SOCKET_PATH_LIMIT = 107
SOCKET_TAIL = len("/session_2026-01-31_11-45-00_000000_0000000/sockets/plasma_store")
APP_HOSTS = ("ray::WebHost", "ray::ApiHost")
"""What Ray calls the processes of these actors."""
SHARED_MEMORY = Path("/dev/shm")
QUERY = ("nvidia-smi", "--query-gpu=name,memory.total,memory.used,driver_version", "--format=csv,noheader,nounits")


def check_disk(home: RealmHome, config: RealmConfig) -> Check:
    """Free space where the realm lies, against what a checkpoint must leave and what retention keeps."""
    place = next(path for path in (home.root, *home.root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    floor = config.vault.min_free_mb * 1_000_000
    if free < floor:
        return Check(
            "disk",
            "fail",
            f"{size(free)} free at {place}; a checkpoint must leave {size(floor)} (vault.min_free_mb).",
            "Free space, or move the realm: REALM_HOME.",
        )
    try:
        one = hero_spec(config.hero.name).parameters * CHECKPOINT_BYTES_PER_PARAMETER
    except ConfigError:
        return Check("disk", "pass", f"{size(free)} free at {place}")
    keep = config.vault.zones.hot.keep_newest or 0
    kept = one * keep
    keeps = f"{keep} checkpoints of {config.hero.name}: about {size(kept)}"
    detail = f"{size(free)} free at {place}; {keeps}"
    if free < floor + kept:
        return Check("disk", "warn", detail + ".", "Free space, or lower keep_newest of vault.zones.")
    return Check("disk", "pass", detail)


def check_shared_memory(config: RealmConfig) -> Check:
    """Room for Ray's object store in shared memory; Ray uses files, far slower, where it does not fit."""
    wanted = config.ray.object_store_mb * 1024 * 1024
    if not SHARED_MEMORY.exists():
        return Check("shared memory", "pass", "This system has no /dev/shm; Ray uses its own")
    free = shutil.disk_usage(SHARED_MEMORY).free
    detail = f"{size(free)} free in {SHARED_MEMORY}; the object store takes up to {size(wanted)}"
    if free < wanted:
        return Check("shared memory", "warn", detail + ".", "Enlarge it, or lower ray.object_store_mb.")
    return Check("shared memory", "pass", detail)


def check_temp_dir(home: RealmHome) -> Check:
    """Whether the paths of Ray's sockets stay within what the system allows."""
    longest = len(str(home.ray_temp_dir)) + SOCKET_TAIL
    detail = f"{home.ray_temp_dir}: socket paths of {longest} characters, {SOCKET_PATH_LIMIT} are allowed"
    if longest > SOCKET_PATH_LIMIT:
        return Check("temp dir", "fail", detail + ".", "Set TMPDIR to a short path.")
    return Check("temp dir", "pass", detail)


def check_gpu(config: RealmConfig) -> Check:
    """What nvidia-smi shows, and whether torch and the hero fit to it."""
    try:
        answer = subprocess.run(QUERY, capture_output=True, text=True, timeout=20, check=True).stdout
    except FileNotFoundError:
        return _without_gpu(config, "No NVIDIA driver on this machine")
    except (subprocess.SubprocessError, OSError) as error:
        return Check("GPU", "warn", f"nvidia-smi failed: {error}.", "Run nvidia-smi for its own message.")
    rows = [line.split(", ") for line in answer.splitlines() if line.count(", ") == 3]
    if not rows:
        return _without_gpu(config, "nvidia-smi shows no GPU")
    shown = "; ".join(f"{name}, {used} of {total} MiB used, driver {driver}" for name, total, used, driver in rows)
    torch = metadata.version("torch")
    if torch.endswith("+cpu"):
        return Check(
            "GPU", "warn", f"{shown}; torch {torch} was built without CUDA.", "pip install a CUDA build of torch."
        )
    return Check("GPU", "pass", shown)


def check_ports(home: RealmHome, config: RealmConfig) -> Iterator[Check]:
    """Each port of the realm: free, or held by this realm itself. On a cluster of others, Ray's ports are theirs.

    The realm starts without a skill's API whose port is taken, and not without another.
    """
    needed = config.web.ports()
    external = external_address(config) is not None
    if not external:
        needed |= {"ray.port": config.ray.port, "ray.dashboard_port": config.ray.dashboard_port}
    ours = owned_pids(home)

    def check(what: str, port: int, otherwise: State, remedy: str) -> Check:
        holder = port_holder(port)
        if holder is None:
            return Check(f"port {port}", "pass", f"{what}: free")
        if holder.pid in ours or (external and holder.name in APP_HOSTS):
            return Check(f"port {port}", "pass", f"{what}: held by this realm, {holder}")
        return Check(f"port {port}", otherwise, f"{what}: in use by {holder}.", remedy)

    for key, port in needed.items():
        yield check(key, port, "fail", f"End it, or: realm config set {key} OTHER_PORT.")
    try:
        ports = skill_ports(config)
    except ConfigError as error:
        yield Check("ports of skills", "fail", error.problem, error.remedy)
        return
    for skill_id, port in ports.items():
        yield check(skill_service(skill_id), port, "warn", another_port(skill_id))


def _without_gpu(config: RealmConfig, detail: str) -> Check:
    try:
        spec = hero_spec(config.hero.name)
    except ConfigError:
        return Check("GPU", "pass", detail)
    if spec.build is not None:
        return Check("GPU", "pass", f"{detail}; {spec.id} trains on the CPU")
    needed = spec.parameters * CHECKPOINT_BYTES_PER_PARAMETER
    return Check("GPU", "warn", f"{detail}; {spec.id} on the CPU takes about {size(needed)} of memory.")
