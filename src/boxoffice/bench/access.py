"""What access control costs: bookings of one hot show, without keys and with keys."""

from functools import partial

from boxoffice.access.callers import Role
from boxoffice.bench.database import make_users
from boxoffice.bench.hot import BASELINES, book_hot
from boxoffice.bench.plan import CROWD, USERS
from boxoffice.bench.results import Sample
from boxoffice.bench.stage import Item, Site, Stage

BUYERS = 10_000
"""Users who book here: so many that none of them reaches a cap, which would refuse further bookings."""

OPEN = "AUTH=off"
KEYS = {"staff's key, no caps": Role.OPERATOR, "a shop's key, caps for each user": Role.SERVICE}


async def access(stage: Stage) -> list[Item]:
    """The same crowd on an open server and on closed ones, each with a database of its own."""
    items = [_item(stage, OPEN, await stage.site("open"))]
    for name, role in KEYS.items():
        site = await stage.site(role.value, role=role)
        items.append(_item(stage, f"AUTH=on, {name}", site, {"open": OPEN}))
    for site in stage.sites:
        await make_users(site.connection, USERS + 1, BUYERS)
    return items


def _item(stage: Stage, name: str, site: Site, more: dict[str, str] | None = None) -> Item:
    return Item(name, "bookings/s", partial(_book, stage, site), BASELINES | (more or {}))


async def _book(stage: Stage, site: Site) -> Sample:
    return await book_hot(site, CROWD, seconds=stage.plan.seconds, users=BUYERS)
