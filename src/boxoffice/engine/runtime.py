"""A running engine, put together from its parts: for the server, the demo data and the tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from boxoffice.database.store import Store
from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.expiry import HoldExpirer
from boxoffice.engine.reads import Reads
from boxoffice.settings.settings import Settings
from boxoffice.settings.texts import SettingsError


@asynccontextmanager
async def open_engine(
    settings: Settings, *, sweep: bool = True
) -> AsyncIterator[tuple[BookingEngine, Reads]]:
    """A running engine and its reads. At the end the commands in the lanes are answered, and the connections
    are closed.

    ``sweep`` False: no sweeper runs, so a hold that has run out is ended by the next command on its show.
    Raises the driver's error if the database cannot be reached.
    """
    async with open_store(settings) as store:
        engine = BookingEngine(store, keys_kept_days=settings.retention.idempotency_keys_kept_days)
        sweeper = HoldExpirer(engine, settings.holds.sweep_interval_seconds)
        if sweep:
            sweeper.start()
        try:
            yield engine, Reads(store, engine)
        finally:
            await sweeper.stop()
            await engine.stop()


@asynccontextmanager
async def open_store(settings: Settings, *, purpose: str = "") -> AsyncIterator[Store]:
    """The connections to the database alone. ``purpose``: as ``Store`` has it.

    Raises the driver's error if no server can be reached, and ``SettingsError`` if none is set.
    """
    if settings.database.dsn is None:
        raise SettingsError(
            "no database is set in DATABASE_URL; only `boxoffice` itself starts an embedded one"
        )
    store = Store(settings, settings.database.dsn, purpose=purpose)
    await store.open()
    try:
        yield store
    finally:
        await store.close()
