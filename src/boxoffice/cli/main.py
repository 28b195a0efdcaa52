"""The command line: ``boxoffice serve | migrate | demo | verify | doctor | archive | keys | users | ...``."""

import signal
from types import FrameType
from typing import Final, NoReturn

from boxoffice.cli.late import LateCommands
from boxoffice.cli.output import fail, take_any_terminal, write_all

COMMANDS: Final = {
    "serve": "Serve the API; SIGTERM or Ctrl-C answers what is under way, then ends.",
    "migrate": "Bring the database's schema up to date; safe while other instances do the same.",
    "demo": "Fill an empty database with ten shows, users, and bookings in every state.",
    "verify": "Check the database against every invariant, in one snapshot; status 1 on a violation.",
    "doctor": "Look at the settings, the database server and the tables, and say what to do; status 1 on an "
    "error.",
    "archive": "Move what belongs to shows that are long over out of the way of those on sale.",
    "feed": "Who is told what happens, and how far.",
    "openapi": "Print the OpenAPI document.",
    "bench": "Measure throughput and latency beside what this machine could do at all; status 1 if data are "
    "wrong.",
    "keys": "API keys for servers.",
    "cdc": "Change data capture: what readers of PostgreSQL's log get of the events.",
    "users": "Persons and what is kept about them.",
}
"""The commands in the order of ``--help``, each with the first line of its own help; a test compares them."""

program: Final = LateCommands(
    "boxoffice",
    help="A concurrency-safe booking engine for anything sold by the seat. Settings come from the "
    "environment and from .env, or from the file of --env-file alone. DATABASE_URL names the database; "
    "DATABASE_URL=embedded is the PostgreSQL that comes along.",
    commands=COMMANDS,
)


def main() -> None:
    """The program; ends with status 1 and one line on a fault, with 130 on Ctrl-C."""
    signal.signal(signal.SIGTERM, _leave)
    take_any_terminal()
    try:
        program()
    except Exception as fault:
        from boxoffice.cli.faults import line_of  # noqa: PLC0415 - `--help` needs none of it

        line = line_of(fault)
        if line is None:
            raise
        fail(line)
    finally:
        write_all()


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM outside the server: end as on a normal exit, so that the embedded PostgreSQL is stopped."""
    raise SystemExit(0)
