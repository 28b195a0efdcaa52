"""The folder of the server's socket: in the data folder, or, if the path to there is too long, one with a
name that nobody can guess.
"""

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from boxoffice.postgres.base import Account, EmbeddedError
from boxoffice.postgres.cluster import DataDir

PORT: Final = 5432
"""Only a part of the socket's name."""

PATH_BYTES_MAX: Final = 103
"""Bytes of a socket's path: what macOS takes; Linux takes 107."""

SHORT_FOLDER: Final = Path("/tmp")  # noqa: S108 - the name in it is made up
"""Where a folder is made if the data folder's path is too long. XDG_RUNTIME_DIR is deleted when its user logs
out, but the server may go on."""

_FAR: Final = "boxoffice-socket-"
_OF: Final = "of"  # a file there: whose data the folder is for
_SOCKET: Final = f".s.PGSQL.{PORT}"
_SPECIAL: Final = frozenset(",\"\\'")
"""Characters that have a meaning in a list of folders or of hosts."""


def make_socket_dir(data: DataDir, account: Account) -> Path:
    """A folder that only the server's user can enter. Raises ``EmbeddedError``.

    What a killed server left is used again, or removed. Nobody else can write in the data folder, and nobody
    can make a folder first whose name is made up here: so no stranger's folder can be in its place.
    """
    _remove_far(data, account)
    folder = data.socket
    if len(os.fsencode(folder / _SOCKET)) > PATH_BYTES_MAX or _SPECIAL & set(str(folder)):
        if data.socket.is_dir():  # of a killed server, when the data had a shorter path
            shutil.rmtree(data.socket)
        folder = Path(tempfile.mkdtemp(prefix=_FAR, dir=SHORT_FOLDER))
        (folder / _OF).write_bytes(os.fsencode(data.root))
        data.socket.symlink_to(folder)
    else:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
    _check_private(folder, account)
    if account.switched:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    return folder


def socket_dir(data: DataDir) -> Path:
    """The folder of the server that runs with these data."""
    return data.socket.readlink() if data.socket.is_symlink() else data.socket


def remove_socket_dir(data: DataDir, folder: Path) -> None:
    """Removes the folder of a server that has stopped; what a killed one left there is the next start's."""
    with suppress(OSError):
        (folder / _OF).unlink(missing_ok=True)
        folder.rmdir()
        data.socket.unlink(missing_ok=True)


def _remove_far(data: DataDir, account: Account) -> None:
    """Removes the folder elsewhere that the last server had, if it was killed.

    A copy of the data has the link, too, and must not remove the folder of the server on the original.
    """
    if not data.socket.is_symlink():
        return
    left = data.socket.readlink()
    with suppress(OSError):
        ours = left.name.startswith(_FAR) and left.lstat().st_uid in (account.uid, os.geteuid())
        if ours and (left / _OF).read_bytes() == os.fsencode(data.root):
            shutil.rmtree(left)
    data.socket.unlink()


def _check_private(folder: Path, account: Account) -> None:
    state = folder.lstat()
    ours = stat.S_ISDIR(state.st_mode) and state.st_uid in (account.uid, os.geteuid())
    if not ours or state.st_mode & 0o077:
        raise EmbeddedError(f"{folder} is not a private folder of user '{account.name}'; have it removed")
