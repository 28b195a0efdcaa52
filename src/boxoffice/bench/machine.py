"""The machine of a run. Figures mean nothing without it."""

import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

SYNCS: Final = 50
"""Writes that are forced to the disk, to measure how long one takes. The median counts."""

LIBRARIES: Final = ("asyncpg", "uvicorn", "uvloop", "httptools", "litestar", "msgspec")
"""Libraries that decide the speed, beside our own code."""

_PAGE: Final = b"\0" * 8_192  # PostgreSQL writes pages of this size


def describe_machine(folder: Path) -> dict[str, str]:
    """Facts of the machine, by their names; ``folder`` is where the database lies."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        **{name: version(name) for name in LIBRARIES},
        "file system": _file_system(folder),
        "one write forced to the disk": f"{_sync_ms(folder):.2f} ms",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _file_system(folder: Path) -> str:
    """The type of the innermost mount that the folder lies in."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    around = [(place, kind) for place, kind in mounts if folder.resolve().is_relative_to(place)]
    return max(around, key=lambda mount: len(mount[0]))[1] if around else "unknown"


def _sync_ms(folder: Path) -> float:
    """How long it takes to force a page to the disk: an embedded PostgreSQL commits no faster."""
    took_s: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            started = perf_counter()
            file.write(_PAGE)
            file.flush()
            os.fsync(file.fileno())
            took_s.append(perf_counter() - started)
    return median(took_s) * 1_000
