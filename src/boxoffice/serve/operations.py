"""The parts of the application: the one list of controllers, of the core and of each domain.

A domain is added by one line in ``DOMAINS``, and by one field in ``serve/settings.py`` if it has settings.
Nothing below this room names it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, NamedTuple

from litestar import Controller
from litestar.config.cors import CORSConfig
from litestar.openapi.spec import Tag
from litestar.types import ASGIApp

from boxoffice.live.door import LiveDoor
from boxoffice.live.operations import LiveController
from boxoffice.live.refusals import REFUSALS as LIVE_REFUSALS
from boxoffice.live.service import live_open
from boxoffice.relay.relay import relaying
from boxoffice.requests import refusals as requests_refusals
from boxoffice.requests.operations import RequestsController
from boxoffice.requests.runtime import open_requests
from boxoffice.web.api import openapi
from boxoffice.web.api.booking_lists import BookingListsController
from boxoffice.web.api.bookings import BookingsController
from boxoffice.web.api.feeds import FeedsController
from boxoffice.web.api.house import HouseController
from boxoffice.web.api.show_reads import ShowReadsController
from boxoffice.web.api.shows import ShowsController
from boxoffice.web.api.system import SystemController
from boxoffice.web.api.users import UsersController
from boxoffice.web.http import kinds
from boxoffice.web.http.kinds import Kind
from boxoffice.web.http.refusals import REFUSALS
from boxoffice.web.http.services import Services
from boxoffice.webhooks import domain as webhooks

Background = Callable[[Services], AbstractAsyncContextManager[None]]
"""Work of a domain beside its requests, from the start of a process to its end."""

Door = Callable[[ASGIApp, Services, CORSConfig | None], ASGIApp]
"""A layer of a domain between the gate and the framework, for what the framework cannot serve well."""


class Domain(NamedTuple):
    """What a domain brings: its operations, the words of its refusals, its tags in the description, what
    it does beside requests, and layers of its own.
    """

    controllers: Sequence[type[Controller]]
    refusals: Mapping[str, Kind]
    tags: Sequence[Tag]
    background: Sequence[Background] = ()
    doors: Sequence[Door] = ()


CORE: Final = Domain(
    controllers=(
        ShowsController,
        ShowReadsController,
        UsersController,
        BookingsController,
        BookingListsController,
        HouseController,
        FeedsController,
        SystemController,
    ),
    refusals=REFUSALS,
    tags=(
        Tag("Shows", "What is sold by the seat."),
        Tag("Users", "Who books."),
        Tag("Bookings", "Seats of one user in one show, held or sold."),
        Tag("Feeds", "What happens, told in order to services."),
        Tag("Administration", "Operations of the house."),
        Tag("System", "How the service is."),
    ),
)
WEBHOOKS: Final = Domain(webhooks.CONTROLLERS, webhooks.KINDS, webhooks.TAGS, (webhooks.background,))
RELAY: Final = Domain(controllers=(), refusals={}, tags=(), background=(relaying,))
LIVE: Final = Domain(
    controllers=(LiveController,),
    refusals=LIVE_REFUSALS,
    tags=(Tag("Live seats", "The state of each seat, as it changes."),),
    background=(live_open,),
    doors=(LiveDoor,),
)
REQUESTS: Final = Domain(
    controllers=(RequestsController,),
    refusals=requests_refusals.REFUSALS,
    tags=(Tag("Requests", "Bookings that were asked for by ticket."),),
    background=(open_requests,),
)
DOMAINS: Final[tuple[Domain, ...]] = (CORE, LIVE, RELAY, REQUESTS, WEBHOOKS)


def controllers_of(domains: Sequence[Domain]) -> list[type[Controller]]:
    """The controllers of the domains, which have all operations that are described."""
    return [controller for domain in domains for controller in domain.controllers]


def kinds_of(domains: Sequence[Domain]) -> dict[str, Kind]:
    """The kinds of problems of the domains. Raises ``ValueError`` for a code that two of them have."""
    return kinds.merged([kinds.GENERAL, *(domain.refusals for domain in domains)])


def describe(domains: Sequence[Domain] = DOMAINS) -> dict[str, Any]:
    """The description of the API (OpenAPI) as data."""
    tags = [tag for domain in domains for tag in domain.tags]
    return openapi.describe(controllers_of(domains), kinds_of(domains), tags)


def render(domains: Sequence[Domain] = DOMAINS, root_path: str = "") -> str:
    """The description as JSON, always the same for the same program; needs no server.

    ``root_path``: the path under which a proxy offers the server.
    """
    under = {"servers": [{"url": root_path}]} if root_path else {}
    return openapi.render(describe(domains) | under)
