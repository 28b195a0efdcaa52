"""Callers that repeat each request, with its own key, until they get the outcome."""

import asyncio
import random
import time
from collections import Counter
from typing import Any, Final, NamedTuple

import asyncpg

from boxoffice.database.errors import CONFLICTS
from boxoffice.vocabulary.commands import BookSeats, CancelBooking, Command, ConfirmBooking, CreateShow
from boxoffice.vocabulary.faults import Fault, OutcomeUnknown
from boxoffice.vocabulary.outcomes import BookingDone, Refused
from tests.support.engine.box import ACTOR, START, Box, show_of

CALLERS: Final = 12
"""Callers of each engine."""

ASKS_MAX: Final = 20
"""How often a caller sends one request with its key at most."""


class Answer(NamedTuple):
    """A command and its outcome."""

    command: Command[Any]
    outcome: Any


class Callers:
    """The callers of two engines in one round, and their outcomes. Their keys begin with ``name``."""

    def __init__(self, name: str, boxes: list[Box], shows: list[int], chance: random.Random) -> None:
        self.name = name
        self.shows = shows
        self.answers: list[Answer] = []
        self.asks: list[int] = []
        self.open: list[Command[Any]] = []  # their outcome never came
        self.violations: list[str] = []
        self.told: Counter[str] = Counter()
        self._boxes = boxes
        self._chance = chance
        self._asked = 0

    async def call_until(self, end: float) -> None:
        """Let all callers send random commands until the time is up."""
        await asyncio.gather(*(self._call(box, end) for box in self._boxes for _ in range(CALLERS)))

    async def _call(self, box: Box, end: float) -> None:
        while True:
            if self._chance.random() < 0.02:
                key = self._key()
                await self._ask(
                    box,
                    CreateShow(actor=ACTOR, idempotency_key=key, name=key, start_time=START, total_seats=9),
                )
            else:
                await self._hold_and_decide(box)
            if time.monotonic() > end:
                return

    async def _hold_and_decide(self, box: Box) -> None:
        hold = self._chance.choice([None, 600.0])
        count = self._chance.randint(1, 3)
        booked = await self._ask(
            box,
            BookSeats(
                actor=ACTOR, idempotency_key=self._key(), show_id=self._chance.choice(self.shows),
                user_id=1, seat_count=count, hold_seconds=hold,
            ),
        )  # fmt: skip
        if not isinstance(booked, BookingDone) or self._chance.random() < 0.2:
            return
        confirm = hold is not None and self._chance.random() < 0.5
        kind: type[ConfirmBooking | CancelBooking] = ConfirmBooking if confirm else CancelBooking
        booking = booked.booking.id
        command = kind(actor=ACTOR, idempotency_key=self._key(), show_id=show_of(booking), booking_id=booking)
        await self._ask(box, command)

    async def _ask(self, box: Box, command: Command[Any]) -> Any:
        """Repeat a command until its outcome comes. A fault that promises 'without effect' must keep that."""
        doubt = False
        for asks in range(1, 1 + ASKS_MAX):
            try:
                outcome = await box.do(command)
            except (Fault, asyncpg.PostgresError) as fault:
                self.told[type(fault).__name__] += 1
                doubt = doubt or isinstance(fault, OutcomeUnknown)
                if isinstance(fault, CONFLICTS):
                    self.violations.append(f"{fault!r} reached the caller of {command}")
                continue
            if not doubt and not isinstance(outcome, Refused) and outcome.replayed:
                self.violations.append(f"{command} had an effect though its caller was told a fault")
            self.answers.append(Answer(command, outcome))
            self.asks.append(asks)
            return outcome
        self.open.append(command)
        return None

    def _key(self) -> str:
        self._asked += 1
        return f"{self.name} {self._asked}"
