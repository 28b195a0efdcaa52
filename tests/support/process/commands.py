"""Commands of the program in this process: what they do and say, without the half second of a start."""

import io
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Final
from unittest import mock

from boxoffice.cli.main import main
from boxoffice.cli.output import out

COLUMNS: Final = 80
"""Characters in a line of output where nothing else is set, as in a pipe."""


def call(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Calls ``boxoffice`` with these arguments and nothing but this environment. In the main thread only, and
    in no test that is a coroutine: a command has a loop of its own.
    """
    stdout, stderr, status = io.StringIO(), io.StringIO(), 0
    with _surroundings(arguments, environment), redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(arguments, status, stdout.getvalue(), stderr.getvalue())


@contextmanager
def _surroundings(arguments: tuple[str, ...], environment: Mapping[str, str]) -> Iterator[None]:
    """Those of a process; all is as before afterwards."""
    handler, width = signal.getsignal(signal.SIGTERM), out.width
    out.width = int(environment.get("COLUMNS", COLUMNS))
    try:
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch("sys.argv", ["boxoffice", *arguments]),
        ):
            yield
    finally:
        out.width = width
        signal.signal(signal.SIGTERM, handler)
