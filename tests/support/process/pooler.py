"""pgbouncer before a test's database: each transaction may run in another session than the one before."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from boxoffice.postgres.base import ends_with_parent, server_account, surroundings
from tests.support.process.folders import public_folder
from tests.support.process.installed import installed
from tests.support.process.polling import wait_until
from tests.support.process.program import free_port

_CONFIGURATION = """
[databases]
* = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
server_round_robin = 1
max_client_conn = 200
ignore_startup_parameters = {ignored}
logfile = {folder}/pgbouncer.log
"""


@contextmanager
def pooler(dsn: str, *, ignored: str = "") -> Iterator[str]:
    """The DSN of the database through a pooler. ``ignored``: parameters that the pooler silently drops."""
    program = installed("pgbouncer")
    account, port = server_account(), free_port()
    with public_folder() as folder:
        file = folder / "pgbouncer.ini"
        text = _CONFIGURATION.format(server=_server(dsn), port=port, folder=folder, ignored=ignored)
        file.write_text(text)
        if account.switched:
            os.chown(folder, account.uid, account.gid)
        process = subprocess.Popen(
            [program, "--quiet", file],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=ends_with_parent(),  # noqa: PLW1509 - it only makes a system call
            **surroundings(account),
        )
        try:
            wait_until(lambda: _listens(folder), "a pooler")
            yield f"postgresql://postgres@127.0.0.1:{port}{urlsplit(dsn).path}?sslmode=disable"
        finally:
            process.terminate()
            process.wait()


def _server(dsn: str) -> str:
    parts = urlsplit(dsn)
    options = parse_qs(parts.query)
    host = options.get("host", [parts.hostname or "localhost"])[0]
    port = parts.port or options.get("port", ["5432"])[0]
    password = f" password={parts.password}" if parts.password else ""
    return f"host={host} port={port} user={parts.username or 'postgres'}{password}"


def _listens(folder: Path) -> bool:
    log = folder / "pgbouncer.log"
    return log.exists() and "process up" in log.read_text()
