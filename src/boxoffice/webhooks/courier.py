"""The courier of one endpoint in this process: what it has to bring, and how much at once."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, Final

import structlog
from msgspec.structs import replace

from boxoffice.feed.cursors import Lease
from boxoffice.feed.events import Position
from boxoffice.feed.leases import slice_of
from boxoffice.feed.reader import FeedReader
from boxoffice.feed.tails import Tail
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Fault
from boxoffice.webhooks import limits
from boxoffice.webhooks.lanes import Lane, Parts, Ran
from boxoffice.webhooks.letters import LetterRun
from boxoffice.webhooks.messages import of_fork
from boxoffice.webhooks.share import Share
from boxoffice.webhooks.views import DueLetter, Standing, Target, UntoldFork

log: Final = structlog.get_logger(__name__)

Held = Callable[[], Mapping[int, Lease]]
"""The leases that may be used at this moment."""


class Courier:
    """Brings messages to one endpoint; ``stop`` after use.

    A show is in one lane at a time, and at most ``Share.size`` lanes and letters are under way. The couriers
    of several endpoints share nothing but the pool of connections.
    """

    def __init__(self, target: Target, parts: Parts, reader: FeedReader, held: Held) -> None:
        self.target = target
        self._parts: Final = parts
        self._reader: Final = reader
        self._held: Final = held
        self._share = Share()
        self._ready: dict[int, None] = {}
        self._busy: set[int] = set()
        self._again: set[int] = set()
        self._letters: set[int] = set()
        self._forks: dict[int, float] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._compare = True
        self._compared_to = 0
        self._probed = 0
        self._noted_at = 0.0
        self._stopping = False
        self._wake = asyncio.Event()
        self._wake.set()
        self._loop_task = asyncio.create_task(self._loop(), name=f"webhook-{target.endpoint_id}")

    async def stop(self) -> None:
        """Ends the courier. Messages under way have some seconds to arrive; what has not is sent again."""
        self._stopping = True
        self._loop_task.cancel()
        await asyncio.wait([self._loop_task])
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=limits.STOP_WAIT_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def update(self, target: Target, read_at: float) -> None:
        """The endpoint was like this at ``read_at``, by the database. How it stands is known better by what
        came of a message since then: by an older reading a broken endpoint would seem whole.
        """
        if read_at < self._noted_at:
            known = self.target
            target = replace(target, failing=known.failing, broken=known.broken, waits=known.waits)
        recovered = self.target.broken and not target.broken
        changed = (target.show_ids, target.url) != (self.target.show_ids, self.target.url)
        self.target = target
        if recovered or changed:
            self.compare()
        self._wake.set()

    def want(self, shows: Iterable[int]) -> None:
        """These shows may have something to tell."""
        told = self.target.show_ids
        wanted = [show for show in shows if told is None or show in told]
        self._again.update(self._busy.intersection(wanted))
        self._ready.update(dict.fromkeys(show for show in wanted if show not in self._busy))
        if len(self._ready) > limits.READY_MAX:
            self._ready.clear()
            self.compare()
        if wanted:
            self._wake.set()

    def compare(self) -> None:
        """Compare all cursors with the shows: something may have been missed."""
        self._compare, self._compared_to = True, 0
        self._wake.set()

    def take(self, letters: Iterable[DueLetter]) -> None:
        """Sends letters, as many as may be under way."""
        for letter in letters:
            lease = self._held().get(slice_of(letter.show_id))
            if lease is None or letter.letter_id in self._letters or not self._has_room():
                continue
            self._begin_letter(letter, probing=False)

    def tell_forks(self, forks: Iterable[UntoldFork]) -> None:
        """Tells the endpoint of forks, each again after a time if it does not arrive."""
        for fork in forks:
            if self._has_room() and monotonic() >= self._forks.get(fork.show_id, 0.0):
                self._forks[fork.show_id] = monotonic() + limits.FORK_PAUSE_S
                self._begin(self._tell_fork(fork))

    async def probe(self, letters: list[DueLetter], forks: list[UntoldFork]) -> None:
        """Makes the one attempt at a broken endpoint that is due: of the next show that has something to
        tell, or a letter, or the notice of a fork.

        Another show each time: one that fails by itself must not keep the endpoint broken.
        """
        slices = list(self._held())
        shows = await self._behind(slices, self._probed, probing=True)
        shows = shows or await self._behind(slices, 0, probing=True)
        if not (shows or letters or forks):
            return
        if await self._parts.ledger.claim_probe(self.target.endpoint_id):
            self.target, self._noted_at = replace(self.target, waits=True), monotonic()
            self._begin(self._probe(shows, letters, forks))

    async def _probe(self, shows: list[int], letters: list[DueLetter], forks: list[UntoldFork]) -> None:
        """One attempt. Shows in which the endpoint asked for nothing of what happened are passed over: with
        an attempt spent on each, an endpoint for rare events would stay broken.
        """
        for show_id in shows:
            self._probed = show_id
            if await self._probe_show(show_id):
                return
        if letters:
            self._begin_letter(letters[0], probing=True)
        elif forks:
            await self._tell_fork(forks[0])

    async def _probe_show(self, show_id: int) -> bool:
        """Whether the show had a message to send; as many events as it takes are passed over before."""
        done = -1
        while show_id not in self._busy and (lanes := await self._lanes([show_id], probing=True)):
            ran = await lanes[0]
            if ran.answers:
                return True
            if not ran.is_ours or ran.done <= done:
                return False
            done = ran.done
        return False

    async def _loop(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._fill()
            except Fault as fault:
                log.warning("webhook_waits", webhook=self.target.endpoint_id, reason=str(fault))
                await self._pause()
            except Exception:
                log.exception("webhook_failed", webhook=self.target.endpoint_id)
                await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(limits.FAULT_PAUSE_S)
        self.compare()

    async def _fill(self) -> None:
        """Begins lanes while there is room for them."""
        while self._has_room():
            if self._compare and not self._ready:
                await self._find()
            shows = list(self._ready)[: self._share.size - len(self._tasks)]
            if not shows:
                return
            for show_id in shows:
                del self._ready[show_id]
            for lane in await self._lanes(shows, probing=False):
                self._begin(lane)

    def _has_room(self) -> bool:
        return self._may_send() and len(self._tasks) < self._share.size

    def _may_send(self) -> bool:
        return not (self._stopping or self.target.waits or self.target.broken)

    async def _find(self) -> None:
        """Takes the next shows that are behind."""
        found = await self._behind(list(self._held()), self._compared_to, probing=False)
        self._compare = len(found) == limits.FOUND_MAX
        self._compared_to = found[-1] if found else 0
        self.want(found)

    async def _behind(self, slices: list[int], after: int, *, probing: bool) -> list[int]:
        if not slices:
            return []
        return await self._parts.ledger.behind(
            self.target.endpoint_id, slices, after=after, limit=limits.FOUND_MAX, probing=probing
        )

    async def _lanes(self, shows: list[int], *, probing: bool) -> list[Coroutine[Any, Any, Ran]]:
        """Reads where the shows stand and what follows: a run of a lane for each that has something."""
        self._busy.update(shows)
        begun: dict[int, Coroutine[Any, Any, Ran]] = {}
        try:
            held = dict(self._held())
            mine = [show for show in shows if slice_of(show) in held]
            standings = await self._parts.ledger.standings(self.target.endpoint_id, mine) if mine else []
            due = {one.show_id: one for one in standings if probing or not one.waits}
            is_hint = self.target.mode == "hint"
            at = {show: Position(one.seq, one.link) for show, one in due.items()}
            tails = await self._reader.tails(at, 1 if is_hint else limits.TAIL_EVENTS) if at else {}
            ends = await self._parts.ledger.ends(list(at)) if is_hint and at else {}
            for show, tail in tails.items():
                if tail.events or tail.forked:
                    lease = held[slice_of(show)]
                    begun[show] = self._lane(due[show], tail, ends.get(show), lease, probing=probing)
            return list(begun.values())
        finally:
            for show in set(shows) - begun.keys():
                self._release(show)

    def _begin(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[object]) -> None:
        """A run that failed for lack of the database is made again after a pause: its message has arrived,
        and would be sent again and again for as long as nothing can be noted.
        """
        self._tasks.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_later(limits.FAULT_PAUSE_S, self.compare)
            if not isinstance(error, Fault):
                log.error("webhook_failed", webhook=self.target.endpoint_id, exc_info=error)

    async def _lane(
        self, standing: Standing, tail: Tail, end: Position | None, lease: Lease, *, probing: bool
    ) -> Ran:
        """One run of a lane; afterwards the show is free again."""
        rest_s, target = 0.0, self.target
        try:
            if tail.forked:
                await self._fork(standing)
                return Ran([], is_ours=False)
            lane = Lane(self._parts, target, standing, lease, partial(self._goes_on, lease, target, probing))
            if end is not None:
                rest_s = limits.HINT_PAUSE_S
                ran = await lane.hint(end, probing=probing)
            else:
                ran = await lane.tell(tail.events, probing=probing)
            await self._note(ran)
            if self._has_more(ran, tail, end):
                self._again.add(standing.show_id)
            return ran
        finally:
            if rest_s:
                asyncio.get_running_loop().call_later(rest_s, self._release, standing.show_id)
            else:
                self._release(standing.show_id)

    def _has_more(self, ran: Ran, tail: Tail, end: Position | None) -> bool:
        """Whether the show has more to tell at once. If it is another process's by now, that one tells it."""
        if ran.verdict == "parked":
            return True
        last = tail.events[-1].seq if end is None else end.seq
        more = tail.more and end is None
        return ran.is_ours and ran.verdict is None and (more or ran.done < last)

    def _goes_on(self, lease: Lease, target: Target, probing: bool) -> bool:
        """Whether a run may send its next message. A run that began before the endpoint was changed ends: the
        rest must not go to the old address, be signed with a secret that has ended, or name persons.
        """
        same = target.wish == self.target.wish
        return same and (probing or self._may_send()) and self._held().get(lease.slice) == lease

    def _release(self, show_id: int) -> None:
        self._busy.discard(show_id)
        if show_id in self._again:
            self._again.discard(show_id)
            self.want([show_id])

    async def _note(self, ran: Ran) -> None:
        """Draws the conclusions from what came of messages."""
        for answer in ran.answers:
            self._share.note(answer)
        target, last = self.target, (ran.answers[-1] if ran.answers else None)
        if target.failing and any(answer.arrived for answer in ran.answers):
            await self._parts.ledger.works(target.endpoint_id)
            self._noted_at = monotonic()
            self.target = replace(
                self.target, failing=False, broken=False, waits=target.waits and not target.broken
            )
            if target.broken:
                self.compare()
        if ran.verdict is None or last is None:
            return
        self._noted_at = monotonic()
        asked_to_wait = last.throttles and last.retry_after_s is not None
        self.target = replace(
            self.target,
            failing=True,
            broken=self.target.broken or ran.verdict in ("broken", "disabled"),
            waits=self.target.waits or asked_to_wait or ran.verdict in ("broken", "disabled"),
        )
        if ran.verdict == "parked":
            metrics.WEBHOOK_LETTERS_PARKED.inc()
        if ran.verdict == "disabled":
            log.error("webhook_disabled", webhook=target.endpoint_id, last=last.told)

    async def _fork(self, standing: Standing) -> None:
        """Nothing more of the show is sent until an operator decides; the endpoint is told by the next
        look.
        """
        has = Position(standing.seq, standing.link)
        log.error("webhook_forked", webhook=self.target.endpoint_id, show_id=standing.show_id, has=str(has))
        metrics.FEED_FORKS.labels(self.target.consumer).inc()
        await self._parts.cursors.note_fork(self.target.consumer, standing.show_id, has)

    async def _tell_fork(self, fork: UntoldFork) -> None:
        message = of_fork(fork, self._parts.source)
        target = self.target
        answer = await self._parts.post.send(
            target.url, target.endpoint_id, target.generation, message, signs_old=target.signs_old
        )
        if answer.arrived:
            await self._parts.cursors.note_fork_told(target.consumer, fork.show_id)
            await self._note(Ran([answer]))
        else:
            verdict = await self._parts.ledger.endpoint_failed(target.endpoint_id, message, answer)
            await self._note(Ran([answer], verdict))

    def _begin_letter(self, letter: DueLetter, *, probing: bool) -> None:
        lease = self._held().get(slice_of(letter.show_id))
        if lease is not None:
            self._letters.add(letter.letter_id)
            self._begin(self._letter(letter, lease, probing=probing))

    async def _letter(self, letter: DueLetter, lease: Lease, *, probing: bool) -> None:
        target = self.target
        goes_on = partial(self._goes_on, lease, target, probing)
        run = LetterRun(self._parts, self._reader, target, letter, goes_on)
        try:
            await self._note(await run.send(probing=probing))
        finally:
            with suppress(KeyError):
                self._letters.remove(letter.letter_id)
