"""Batches: commands go to the database in one statement, and its rows come back as outcomes."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any
from uuid import uuid4

import asyncpg

from boxoffice.database.errors import CONFLICTS
from boxoffice.database.store import Store
from boxoffice.engine.encoding import encoded, encoded_batch
from boxoffice.engine.outcomes_of_rows import to_outcome
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.commands import (
    Command,
    ShowCommand,
)
from boxoffice.vocabulary.faults import Busy, Fault
from boxoffice.vocabulary.outcomes import Done, Outcome, Refused


class Batches:
    """Runs batches of show commands, and single commands that belong to no lane."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, commands: Sequence[ShowCommand[Any]]) -> list[Outcome | Exception]:
        """One outcome for each command, in the order of the commands. An exception in the list is the fault
        of the command at that place alone.

        If the batch cannot run as a whole, its parts run by themselves. So one bad command, or one show that
        another session has locked, does not let the other commands fail.
        """
        try:
            return await self._run_whole(commands)
        except (Fault, asyncpg.PostgresError) as fault:
            parts = _cut(commands, fault)
            if len(parts) == 1:
                return [fault] * len(commands)
        return await self._run_parts(commands, parts)

    async def _run_parts(
        self, commands: Sequence[ShowCommand[Any]], parts: list[list[int]]
    ) -> list[Outcome | Exception]:
        """Run the parts: those of different shows at the same time, those of one show one after another."""
        runs = [self.run([commands[i] for i in part]) for part in parts]
        one_show = all(command.show_id == commands[0].show_id for command in commands)
        done = [await run for run in runs] if one_show else await asyncio.gather(*runs)
        results: dict[int, Outcome | Exception] = {}
        for part, outcomes in zip(parts, done, strict=True):
            results |= zip(part, outcomes, strict=True)
        return [results[i] for i in range(len(commands))]

    async def run_desk(self, command: Command[Any]) -> Outcome:
        """The outcome of a command that has no lane."""
        [row] = await self._store.write(
            "run_desk_command",
            encoded(command),
            retry_on=(*CONFLICTS, asyncpg.UniqueViolationError),
        )
        metrics.OUTCOMES.labels(_kind(command), row["code"]).inc()
        return to_outcome(command, row)

    async def _run_whole(self, commands: Sequence[ShowCommand[Any]]) -> list[Outcome | Exception]:
        started = perf_counter()
        rows = await self._store.write("run_batch", uuid4(), encoded_batch(commands), takes_again=True)
        metrics.BATCH_SECONDS.observe(perf_counter() - started)
        metrics.BATCH_COMMANDS.observe(len(commands))
        told = {row["command_no"]: to_outcome(commands[row["command_no"]], row) for row in rows}
        _count(commands, told)
        # After a lost answer the database still knows the commands that took effect, and returns rows for
        # these alone. The others had no effect, so they run again.
        rest = [no for no in range(len(commands)) if no not in told]
        outcomes: dict[int, Outcome | Exception] = {**told}
        if rest:
            outcomes |= zip(rest, await self.run([commands[no] for no in rest]), strict=True)
        return [outcomes[no] for no in range(len(commands))]


def _count(commands: Sequence[ShowCommand[Any]], outcomes: Mapping[int, Outcome]) -> None:
    """Count the outcomes, and the events that they wrote. A replay wrote its events earlier."""
    tally: Counter[tuple[str, str]] = Counter()
    events = 0
    for no, outcome in outcomes.items():
        tally[_kind(commands[no]), outcome.code if isinstance(outcome, Refused) else "done"] += 1
        if isinstance(outcome, Done) and not outcome.replayed:
            events += outcome.event_count
    for (kind, code), number in tally.items():
        metrics.OUTCOMES.labels(kind, code).inc(number)
    metrics.EVENTS.inc(events)


def _cut(commands: Sequence[ShowCommand[Any]], fault: Exception) -> list[list[int]]:
    """The positions of the commands, in smaller batches: one for each show, or two halves for a single show.

    One batch with all commands comes back if smaller ones would not help: the database is not reachable, or
    the only show is locked.
    """
    busy = isinstance(fault, Busy)
    if isinstance(fault, Fault) and not busy:
        return [list(range(len(commands)))]
    shows: dict[int, list[int]] = {}
    for place, command in enumerate(commands):
        shows.setdefault(command.show_id, []).append(place)
    if len(shows) > 1 or busy or len(commands) == 1:
        return list(shows.values())
    middle = len(commands) // 2
    return [list(range(middle)), list(range(middle, len(commands)))]


def _kind(command: Command[Any]) -> str:
    return str(command.__struct_config__.tag)
