"""The commands of the relay: ``boxoffice relay ...``."""

import asyncio
import signal
from datetime import UTC, datetime

import msgspec
import typer

from boxoffice.cli.output import AsJson, out, print_json, print_table
from boxoffice.cli.shared import in_database, read_settings
from boxoffice.engine.runtime import open_store
from boxoffice.feed.cursors import Cursors, Lag
from boxoffice.feed.runtime import open_feed
from boxoffice.relay.relay import brokers_of, open_relay, relay_settings
from boxoffice.settings.settings import Settings
from boxoffice.settings.texts import SettingsError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Events to brokers.")


@app.command()
def run() -> None:
    """Send events to the brokers of RELAY_URLS, without serving; SIGTERM or Ctrl-C ends it."""
    targets = brokers_of(read_settings().relay)
    if not targets:
        raise SettingsError("RELAY_URLS is not set; expected the addresses of brokers")
    for target, _ in targets:
        out.print(f"sending to {target.host} as {target.consumer}", markup=False)
    in_database(_run, waits=True)


async def _run(settings: Settings) -> None:
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with open_feed(settings) as feed, open_relay(feed, relay_settings(settings)):
        await told.wait()


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show how far each broker is."""

    async def work(settings: Settings) -> list[Lag]:
        async with open_store(settings) as store:
            return [one for one in await Cursors(store).lags() if one.kind == "relay"]

    found = in_database(work)
    if as_json:
        print_json([msgspec.to_builtins(one) for one in found])
        return
    heads = ("broker", "host", "state", "events behind", "shows behind", "oldest waits", "forked shows")
    print_table(heads, [_row(one) for one in found])


def _row(one: Lag) -> tuple[str, ...]:
    waits = "" if one.oldest_at is None else f"{(datetime.now(UTC) - one.oldest_at).total_seconds():.0f} s"
    return (
        one.consumer,
        str(one.config.get("host", "")),
        one.state,
        f"{one.events_behind:,}",
        f"{one.shows_behind:,}",
        waits,
        str(one.forked_shows),
    )
