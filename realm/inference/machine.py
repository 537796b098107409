"""What a machine has and what of it is free: CPUs, memory, disk, GPUs by NVML. Needs no torch."""

from __future__ import annotations

import os
import platform
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pynvml

_ASKING = threading.Lock()
MB = 1_000_000


def gpus() -> list[dict[str, Any]]:
    """Each GPU with its name, memory in MB and use in percent; none where there is no driver."""
    with _ASKING:
        return [_gpu(index) for index in range(_count())]


def gpu_free_mb() -> int:
    """Free memory of the GPU that has most of it; 0 without one."""
    return max((gpu["free_mb"] for gpu in gpus()), default=0)


def describe(folder: Path) -> dict[str, Any]:
    """This machine and process: what it has and what is free. `folder` names the disk."""
    memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(_existing(folder)))
    return {
        "host": platform.node(),
        "pid": os.getpid(),
        "python": platform.python_version(),
        "cpus": psutil.cpu_count(),
        "load": list(os.getloadavg()),
        "memory_mb": memory.total // MB,
        "memory_free_mb": memory.available // MB,
        "process_mb": psutil.Process().memory_info().rss // MB,
        "disk_mb": disk.total // MB,
        "disk_free_mb": disk.free // MB,
        "gpus": gpus(),
    }


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


@cache
def _count() -> int:
    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError:
        return 0


def _gpu(index: int) -> dict[str, Any]:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    name = pynvml.nvmlDeviceGetName(handle)
    row: dict[str, Any] = {
        "index": index,
        "name": name.decode() if isinstance(name, bytes) else name,
        "memory_mb": int(memory.total) // MB,
        "free_mb": int(memory.free) // MB,
        "use_percent": None,
    }
    # Not every GPU tells its load.
    with suppress(pynvml.NVMLError):
        row["use_percent"] = int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    return row
