"""The realm's own Ray head: a process of its own session, started and stopped by record, never by name.

Knows how Ray is started; knows no actors.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from realm.config import RealmConfig
from realm.errors import ClusterError
from realm.home import RealmHome

START_TIMEOUT_S = 60.0
CLOCK_SLACK_S = 60.0
"""How far the boot time may move when the clock is set."""
RAYLET = "raylet"
CORE = {"gcs_server", RAYLET}
"""Without these the head is dead."""


@dataclass(frozen=True, slots=True)
class HeadRecord:
    """What was started. `pid` is the session that all of the head's processes are in, `created` when it began."""

    pid: int
    created: float
    address: str
    dashboard_port: int


@dataclass(frozen=True, slots=True)
class PortHolder:
    """Who listens on a port. `pid` is None when the system does not say."""

    name: str
    pid: int | None

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})" if self.pid else self.name


def environment(home: RealmHome) -> dict[str, str]:
    """Environment of every process of this realm's Ray, drivers included."""
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(home.ray_token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TRAIN_ENABLE_STATE_TRACKING": "1",
        "RAY_worker_niceness": "0",
        # By default one worker process a CPU starts at a time, and drivers are warned when there are many more.
        "RAY_worker_maximum_startup_concurrency": "8",
        # A process of Ray has some twenty threads; with an arena each, glibc keeps several MB more of every process.
        "MALLOC_ARENA_MAX": "2",
        "REALM_HOME": str(home.root),
    }


def running_head(home: RealmHome) -> HeadRecord | None:
    """The head that this realm started, when it still runs."""
    try:
        record = HeadRecord(**json.loads(home.ray_head.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return record if {process.info["name"] for process in _session(record)} >= CORE else None


def launch_head(home: RealmHome, config: RealmConfig) -> HeadRecord:
    """Start the processes of a head and return at once: `wait_for_head` waits until its GCS answers.

    What an earlier head left, and the ports, are the caller's to see to.
    """
    ensure_token(home)
    # Ray reads its environment when it is imported, which this process may do before it connects.
    os.environ.update(environment(home))
    with _log(home).open("wb") as out:
        process = subprocess.Popen(
            _command(home, config),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment(home)},
            start_new_session=True,
            cwd=home.root,
        )
    address = f"127.0.0.1:{config.ray.port}"
    record = HeadRecord(process.pid, psutil.Process(process.pid).create_time(), address, config.ray.dashboard_port)
    write_private(home.ray_head, json.dumps(asdict(record)))
    return record


def wait_for_head(home: RealmHome, record: HeadRecord, tick: Callable[[str], None]) -> None:
    """Return once the head's GCS answers.

    Raises:
        ClusterError: Ray did not come up (with the end of its log); what had started is ended.
    """
    log = _log(home)
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        # In this order: `ray start` ends as soon as it has said so.
        waiting = _alive(record) and time.monotonic() < deadline
        if b"Ray runtime started" in log.read_bytes():
            return
        if not waiting:
            tail = log.read_text(errors="replace")[-1500:]
            stop_head(home)
            raise ClusterError(f"Ray did not start. The end of {log}:\n{tail}", "`realm doctor` checks this machine.")
        tick("starting Ray")
        time.sleep(0.1)


def stop_head(home: RealmHome, timeout_s: float = 15.0) -> bool:
    """End the processes of the recorded head's session, and only those. True when there were any."""
    try:
        record = HeadRecord(**json.loads(home.ray_head.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return False
    found = _session(record)
    # The raylet ends its workers; then the rest is asked, then made to.
    raylets = [process for process in found if process.info["name"] == RAYLET]
    for process in raylets:
        _quietly(process.terminate)
    psutil.wait_procs(raylets, timeout=timeout_s / 3)
    for act in (psutil.Process.terminate, psutil.Process.kill):
        left = _session(record)
        for process in left:
            _quietly(lambda process=process, act=act: act(process))
        psutil.wait_procs(left, timeout=timeout_s / 3)
    home.ray_head.unlink(missing_ok=True)
    return bool(found)


def check_ports(ports: dict[str, int]) -> None:
    """Refuse the first of these ports (setting → port) that another process holds.

    Raises:
        ClusterError: names the process and the setting.
    """
    for key, port in ports.items():
        holder = port_holder(port)
        if holder is not None:
            raise ClusterError(
                f"Port {port} ({key}) is in use by {holder}.", f"End it, or: realm config set {key} OTHER_PORT."
            )


def port_holder(port: int) -> PortHolder | None:
    """Who listens on a local TCP port, or None when it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return None
        else:
            return None
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return PortHolder("a process that this user may not see", None)
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            return PortHolder(_process_name(connection.pid), connection.pid)
    return PortHolder("an unknown process", None)


def owned_pids(home: RealmHome) -> set[int]:
    """Processes of the head that this realm started."""
    record = running_head(home)
    return {process.pid for process in _session(record)} if record else set()


def ensure_token(home: RealmHome) -> None:
    """The cluster's token, readable by its owner only. An existing one is kept."""
    if not home.ray_token.exists():
        write_private(home.ray_token, secrets.token_hex(32))
    home.ray_token.chmod(0o600)


def write_private(path: Path, text: str) -> None:
    """Write a 0600 file, atomically."""
    staging = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    staging.rename(path)


def _command(home: RealmHome, config: RealmConfig) -> list[str]:
    command = [
        str(Path(sys.executable).with_name("ray")),
        "start",
        "--head",
        f"--port={config.ray.port}",
        "--node-ip-address=127.0.0.1",
        f"--temp-dir={home.ray_temp_dir}",
        "--include-dashboard=true",
        "--dashboard-host=127.0.0.1",
        f"--dashboard-port={config.ray.dashboard_port}",
        # Ray's own defaults for these two would collide with another Ray on this machine.
        f"--ray-client-server-port={_free_port()}",
        f"--dashboard-agent-listen-port={_free_port()}",
        "--include-log-monitor=false",
        f"--object-store-memory={config.ray.object_store_mb * 1024 * 1024}",
        "--labels=realm/role=arena",
        "--disable-usage-stats",
        "--no-monitor",
    ]
    if config.ray.num_cpus is not None:
        command.append(f"--num-cpus={config.ray.num_cpus}")
    return command


def _log(home: RealmHome) -> Path:
    return home.logs / "ray_head.log"


def _process_name(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "a process"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _alive(record: HeadRecord) -> bool:
    """Whether the process that starts the head is still at it."""
    try:
        return psutil.Process(record.pid).status() != psutil.STATUS_ZOMBIE and _is_leader(record)
    except psutil.NoSuchProcess:
        return False


def _session(record: HeadRecord) -> list[psutil.Process]:
    """Processes of the head's session, each with its name: Ray's never leave it, and it outlives its leader.

    None when the number names another session by now: after a boot, or under another leader.
    """
    if record.created < psutil.boot_time() - CLOCK_SLACK_S or (
        psutil.pid_exists(record.pid) and not _is_leader(record)
    ):
        return []
    found: list[psutil.Process] = []
    for process in psutil.process_iter(["name", "status"]):
        try:
            same = process.pid != os.getpid() and os.getsid(process.pid) == record.pid
        except (ProcessLookupError, PermissionError):
            continue
        if same and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def _is_leader(record: HeadRecord) -> bool:
    try:
        return abs(psutil.Process(record.pid).create_time() - record.created) < 1.0
    except psutil.NoSuchProcess:
        return False


def _quietly(act: Callable[[], None]) -> None:
    try:
        act()
    except psutil.NoSuchProcess:
        return
