"""Malformed and strange requests to a real server over TCP, for as long as there is time."""

import asyncio
import socket
import time
from itertools import count

import asyncpg
import httpx

from boxoffice.database.migrate import migrate
from boxoffice.postgres.embedded import start_embedded
from tests.chaos.campaign import Campaign, Findings, Stage
from tests.support.engine.clock import stopped_clock
from tests.support.http.api import Api
from tests.support.http.raw import ANSWER_MAX_S, Heard, answer_on
from tests.support.process.program import Program
from tests.web.http.fuzz_inputs import Request
from tests.web.http.fuzzing import FUZZERS, State, fill, fuzz, state_of

FIRST_EXAMPLES = 10
"""Requests of each kind in the first round, and so in the short version."""

MORE_EXAMPLES = 500
"""Requests of each kind in each further round."""


class Target:
    """A server with some shows and users, and its database. Its calls block, so a thread with an event loop
    must not use it."""

    def __init__(self, program: Program, dsn: str, runner: asyncio.Runner) -> None:
        self._program = program
        self._runner = runner
        self._connection = runner.run(_connected(dsn))
        runner.run(stopped_clock(self._connection))
        self.cursors = runner.run(_fill(program.url))

    def state(self) -> State:
        """The number of rows, to see that a refused request changed nothing."""
        return self._runner.run(state_of(self._connection))

    def ask(self, request: Request) -> Heard:
        """The answer to a request on a new connection, because a strange request may leave bytes behind."""
        with socket.create_connection(("127.0.0.1", self._program.port), ANSWER_MAX_S) as line:
            line.sendall(_on_the_wire(request))
            return answer_on(line, request.method)

    def close(self) -> None:
        """Close the connection to the database."""
        self._runner.run(self._connection.close())


async def run(stage: Stage) -> Findings:
    """Each round has a seed of its own, which a failure names."""
    with start_embedded(stage.folder / "postgres") as server:
        await migrate(server.dsn)
        program = Program(stage.folder, DATABASE_URL=server.dsn, SWEEP_INTERVAL_SECONDS="3600")
        try:
            program.serve()
            return await asyncio.to_thread(_rounds, stage, program, server.dsn)
        finally:
            program.close()


def _rounds(stage: Stage, program: Program, dsn: str) -> Findings:
    deadline = time.monotonic() + stage.seconds
    findings = Findings({}, [])
    with asyncio.Runner() as runner:
        target = Target(program, dsn, runner)
        for number in count():
            _round(target, stage.seed + number, MORE_EXAMPLES if number else FIRST_EXAMPLES, findings)
            if findings.violations or time.monotonic() >= deadline:
                break
        target.close()
    return findings


def _round(target: Target, seed: int, examples: int, findings: Findings) -> None:
    """Send some requests of every kind; add the answers, and each failure with its shortest example."""
    for kind, strategy in FUZZERS.items():
        try:
            answers = fuzz(strategy(target.cursors), target.ask, target.state, examples=examples, seed=seed)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
            shortest = "\n".join([str(error), *getattr(error, "__notes__", ())])
            findings.violations.append(f"{kind} (Hypothesis seed {seed}, {examples} examples): {shortest}")
            continue
        for status, number in answers.items():
            name = f"{kind} answered {status}"
            findings.figures[name] = int(findings.figures.get(name, 0)) + number


def _on_the_wire(request: Request) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1".encode()]
    if not any(name == b"host" for name, _ in request.headers):
        lines.append(b"Host: localhost")
    lines += [name + b": " + value for name, value in request.headers]
    lines += [b"Content-Length: %d" % len(request.body), b"Connection: close", b"", request.body]
    return b"\r\n".join(lines)


async def _connected(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(dsn)


async def _fill(url: str) -> list[str]:
    async with httpx.AsyncClient(base_url=url) as client:
        return await fill(Api(client))


CAMPAIGN = Campaign(
    name="parsers",
    promise="whatever is sent is served, or refused without effect; never a fault",
    share=1,
    short_s=0,
    run=run,
)
