"""pgbench: the speed of the same SQL function without Boxoffice, one transaction a client at a time."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from boxoffice.bench import programs
from boxoffice.bench.client import latency_of
from boxoffice.bench.faults import BenchError
from boxoffice.bench.load import environment
from boxoffice.bench.plan import USERS
from boxoffice.bench.results import Sample
from boxoffice.postgres.base import server_account
from boxoffice.postgres.binaries import find_binaries
from boxoffice.postgres.embedded import EmbeddedError
from boxoffice.sql import query

Isolation = Literal["serializable", "read committed"]

RETRIES_SINCE: Final = 15
"""The first major version whose pgbench repeats a transaction after a serialization failure."""

_COMMANDS: Final = """(
    SELECT jsonb_agg(jsonb_build_object(
        'command_no', n, 'show_id', :show::bigint, 'kind', 'book', 'actor', 'pgbench',
        'user_id', 1 + (:user::integer + n) % :users::integer, 'seat_count', 1
    ))
    FROM generate_series(0, :batch::integer - 1) AS n
)"""


class PgBench:
    """Books with pgbench: ``batch`` single seats a transaction, on a show picked anew each time."""

    def __init__(self, program: str) -> None:
        self._program = program
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        self._version = told.strip()

    @property
    def name(self) -> str:
        """pgbench and its version, as it prints them."""
        return self._version

    async def book(
        self,
        dsn: str,
        folder: Path,
        shows: Sequence[int],
        *,
        clients: int,
        isolation: Isolation,
        seconds: float,
        batch: int = 1,
    ) -> Sample:
        """Measure once, on shows whose ids lie side by side. Failed transactions are repeated."""
        script = folder / "book.pgbench"
        script.write_text(_script(), "utf-8")
        logs = folder / "pgbench-log"
        logs.mkdir()
        variables = {"first": shows[0], "last": shows[-1], "users": USERS, "batch": batch}
        command = [
            *(self._program, "--no-vacuum", "--protocol", "prepared", "--file", str(script)),
            *("--client", str(clients), "--jobs", str(min(2, clients)), "--time", str(ceil(seconds))),
            *("--max-tries", "0", "--log", "--log-prefix", str(logs / "log")),
            *(f"--define={name}={value}" for name, value in variables.items()),
            _without_password(dsn),
        ]
        output = await programs.run(command, seconds=seconds, env=_environment(dsn, isolation))
        took_s = [int(line.split()[2]) / 1_000_000 for file in logs.iterdir() for line in file.open()]
        shutil.rmtree(logs)
        return Sample(
            seconds=ceil(seconds),
            rate=_told(output, r"tps = ([0-9.]+)") * batch,
            effects={"booked": int(_told(output, r"actually processed: (\d+)")) * batch},
            latency=latency_of(took_s),
        )


def find_pgbench() -> PgBench | None:
    """pgbench of the embedded PostgreSQL if that is new enough, else the one on PATH, else None."""
    try:
        found = find_binaries(server_account())
    except EmbeddedError:
        found = None
    if found is not None and found.major >= RETRIES_SINCE and (found.folder / "pgbench").exists():
        return PgBench(str(found.folder / "pgbench"))
    on_path = shutil.which("pgbench")
    return None if on_path is None else PgBench(on_path)


def _script() -> str:
    """The engine's own statement, with commands that the script itself builds."""
    lines = [line for line in query("run_batch").splitlines() if not line.startswith("--")]
    statement = "\n".join(lines).replace("$1", "gen_random_uuid()").replace("$2", _COMMANDS)
    statement = statement.replace("$3", "false").strip()
    return f"\\set show random(:first, :last)\n\\set user random(0, :users - 1)\n{statement};\n"


def _environment(dsn: str, isolation: Isolation) -> dict[str, str]:
    options = f"-c default_transaction_isolation={isolation.replace(' ', chr(92) + ' ')}"
    env = environment(PGOPTIONS=f"{options} -c enable_seqscan=off -c jit=off")
    if password := urlsplit(dsn).password:
        env["PGPASSWORD"] = unquote(password)
    return env


def _without_password(dsn: str) -> str:
    """The DSN without its password, for the list of processes, which other users can read."""
    password = urlsplit(dsn).password
    return dsn if password is None else dsn.replace(f":{password}@", "@", 1)


def _told(output: str, pattern: str) -> float:
    found = re.search(pattern, output)
    if found is None:
        raise BenchError(f"pgbench told no result: {os.linesep.join(output.splitlines()[-3:])}")
    return float(found[1])
