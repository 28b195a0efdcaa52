"""Folders for the embedded PostgreSQL."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def public_folder() -> Iterator[Path]:
    """A temporary folder that everybody can enter: as root the server runs as `nobody`, who cannot enter
    those of pytest.
    """
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-test-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
