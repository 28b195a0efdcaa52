"""Folders for the embedded PostgreSQL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")
"""A folder that Linux keeps in memory."""

MEMORY_BYTES_MIN: Final = 2 * 1024**3
"""Bytes that must be free in it: ten times what the tests need. Containers often have only 64 MB."""


def fastest_parent() -> Path:
    """The best parent folder for data that need not last. Databases are copied ten times as fast there."""
    try:
        free = shutil.disk_usage(MEMORY).free
    except OSError:
        return Path("/tmp")
    return MEMORY if free >= MEMORY_BYTES_MIN and os.access(MEMORY, os.W_OK) else Path("/tmp")


@contextmanager
def public_folder(parent: Path = Path("/tmp")) -> Iterator[Path]:
    """A temporary folder that every user can enter. If root runs the tests, the server runs as another user,
    who cannot enter pytest's folders.
    """
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-test-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
