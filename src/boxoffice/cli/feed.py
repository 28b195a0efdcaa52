"""The commands on the feed: ``boxoffice feed ...``."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

import msgspec
import typer

from boxoffice.cli.output import AsJson, fail, print_json, print_table, say
from boxoffice.cli.shared import in_database
from boxoffice.feed.cursors import Consumer
from boxoffice.feed.envelopes import encode, envelope
from boxoffice.feed.events import START, Position
from boxoffice.feed.runtime import Feed, open_feed
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary import limits

T = TypeVar("T")

TAIL_EVENTS: Final = 1_000
"""Events that one question reads."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="The consumer, as `feed list` names it.")]
Show = Annotated[
    int | None,
    typer.Option("--show", min=1, max=limits.SHOW_ID_MAX, help="Only this show.  [default: all shows]"),
]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Who is told what happens, and how far.")


@app.command("list")
def list_consumers(as_json: AsJson = False) -> None:
    """List the consumers and how far each is behind."""
    consumers = _with_feed(lambda feed: feed.cursors.consumers())
    if as_json:
        print_json([msgspec.structs.asdict(consumer) for consumer in consumers])
    else:
        head = ("name", "kind", "state", "shows", "behind: shows", "events", "seconds", "forked")
        print_table(head, [_row(consumer) for consumer in consumers])


@app.command()
def lag(
    over: Annotated[
        float,
        typer.Option("--over", min=0, metavar="SECONDS", help="Status 1 if a consumer is further behind."),
    ] = 60.0,
) -> None:
    """Say who is behind; status 1 if somebody is too far behind, or has a forked show."""
    late = []
    for consumer in _with_feed(lambda feed: feed.cursors.consumers()):
        say(f"{consumer.consumer}: {consumer.events_behind:,} events, {_seconds(consumer):.1f} s")
        if _seconds(consumer) > over:
            late.append(f"{consumer.consumer} is {_seconds(consumer):.0f} s behind ({consumer.state})")
        if consumer.forked_shows:
            late.append(
                f"{consumer.consumer} has {consumer.forked_shows} forked shows: feed rewind or feed skip"
            )
    if late:
        fail("; ".join(late))


@app.command()
def tail(
    show: Annotated[int, typer.Argument(metavar="SHOW", min=1, max=limits.SHOW_ID_MAX)],
    after: Annotated[str, typer.Option(help="Only what follows this event, such as 812-9f3ac01b.")] = "",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what happens; Ctrl-C ends.")
    ] = False,
) -> None:
    """Print what happened to a show, an event a line, as consumers without personal data get it."""
    position = START if not after else Position.parse(after)
    if position is None:
        fail(f"{after} is no position; expected a number and eight digits, such as 812-9f3ac01b")
    _with_feed(lambda feed: _tail(feed, show, position, follow=follow))


@app.command()
def rewind(
    name: Name,
    show: Show = None,
    after: Annotated[int, typer.Option(min=0, help="Send again what follows this event; 0: everything.")] = 0,
) -> None:
    """Send again to a consumer what it was told before; this also settles forks."""
    if after and show is None:
        fail("--after is the number of an event of one show: name the show with --show")
    shows = _with_feed(lambda feed: _known(feed, name, lambda: feed.cursors.rewind(name, show, after)))
    say(f"{name} is told again: {shows:,} shows")


@app.command()
def skip(name: Name, show: Show = None) -> None:
    """Tell a consumer nothing of what has happened so far, only what happens from now on."""
    shows = _with_feed(lambda feed: _known(feed, name, lambda: feed.cursors.skip(name, show)))
    say(f"{name} goes on from now: {shows:,} shows were behind")


@app.command()
def drop(name: Name) -> None:
    """Forget a consumer and what it has acknowledged. No event is lost by it."""
    if not _with_feed(lambda feed: feed.cursors.drop(name)):
        fail(f"there is no consumer {name}; feed list names all")
    say(f"dropped {name}")


def _with_feed(work: Callable[[Feed], Awaitable[T]]) -> T:
    async def run(settings: Settings) -> T:
        async with open_feed(settings) as feed:
            return await work(feed)

    return in_database(run)


async def _known(feed: Feed, name: str, work: Callable[[], Awaitable[int]]) -> int:
    if await feed.cursors.find(name) is None:
        fail(f"there is no consumer {name}; feed list names all")
    return await work()


async def _tail(feed: Feed, show: int, position: Position, *, follow: bool) -> None:
    news = asyncio.Event()

    def notice(changed: Mapping[int, int]) -> None:
        if show in changed:
            news.set()

    feed.reader.follow(notice, news.set)
    while True:
        news.clear()
        found = await feed.reader.tail(show, position, TAIL_EVENTS)
        if found.forked:
            fail(f"event {position} is not in the history of show {show}")
        for event in found.events:
            sys.stdout.write(encode(envelope(event, feed.source, personal=False)).decode() + "\n")
            position = event.position
        sys.stdout.flush()
        if not found.more:
            if not follow:
                return
            await news.wait()


def _row(consumer: Consumer) -> tuple[str, ...]:
    shows = "all" if consumer.show_ids is None else ", ".join(map(str, consumer.show_ids))
    return (
        consumer.consumer,
        consumer.kind,
        consumer.state,
        shows,
        f"{consumer.shows_behind:,}",
        f"{consumer.events_behind:,}",
        f"{_seconds(consumer):.1f}",
        f"{consumer.forked_shows:,}",
    )


def _seconds(consumer: Consumer) -> float:
    """For how long the oldest event has waited."""
    if consumer.oldest_at is None:
        return 0.0
    return max((datetime.now(UTC) - consumer.oldest_at).total_seconds(), 0.0)
