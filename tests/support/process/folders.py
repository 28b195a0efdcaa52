"""Folders for the embedded PostgreSQL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")
"""Memory that Linux offers as a folder."""

MEMORY_BYTES_MIN: Final = 2 * 1024**3
"""Bytes that must be free there: the tests' databases take a tenth of it; containers often have 64 MB."""


def fastest_parent() -> Path:
    """Where data that need not last are kept best: a database is copied there in a tenth of the time."""
    try:
        free = shutil.disk_usage(MEMORY).free
    except OSError:
        return Path("/tmp")
    return MEMORY if free >= MEMORY_BYTES_MIN and os.access(MEMORY, os.W_OK) else Path("/tmp")


@contextmanager
def public_folder(parent: Path = Path("/tmp")) -> Iterator[Path]:
    """A temporary folder that everybody can enter: as root the server runs as `nobody`, who cannot enter
    those of pytest.
    """
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-test-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
