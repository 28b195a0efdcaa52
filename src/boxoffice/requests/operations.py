"""The operations on tickets: how a request stands, and to take it back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from litestar import Controller, Response
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter
from litestar.response import Stream

from boxoffice.access import policies
from boxoffice.requests import bounds, refusals
from boxoffice.requests.desk import Desk, retry_after
from boxoffice.requests.tickets import TICKET_PATTERN, Ticket, ticket_of
from boxoffice.vocabulary.outcomes import Refused
from boxoffice.vocabulary.views import BookingRequest
from boxoffice.web.http.answers import BookingRequestAnswer
from boxoffice.web.http.operation import ReadOperation
from boxoffice.web.http.parameters import IdempotencyKey
from boxoffice.web.http.refusals import Refusal
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import DECIDED, WAITS, WITHDRAWN

_EVENTS: Final = "text/event-stream"
_encode: Final = msgspec.json.Encoder().encode

TicketInPath = Annotated[
    str,
    PathParameter(
        pattern=TICKET_PATTERN.replace("$", r"(?!\n)$"),
        description="The ticket, as the answer 202 told it.",
        examples=[Example(id="ticket", value=WAITS.ticket)],
    ),
]
Wait = Annotated[
    int,
    QueryParameter(
        ge=0,
        le=int(bounds.WAIT_MAX_S),
        description="Seconds that the answer may take while the request waits: an integer from 0 to "
        f"{bounds.WAIT_MAX_S:.0f}.",
    ),
]


def desk_of(request: ApiRequest) -> Desk:
    """The desk of the application."""
    desk = request.services.deferral
    assert isinstance(desk, Desk)
    return desk


class RequestsController(Controller):
    """Operations on bookings that were asked for by ticket."""

    tags = ("Requests",)

    @ReadOperation(
        id="getRequest",
        path="/api/requests/{ticket:str}",
        summary="Get a request",
        policy=policies.BOOKING_READ,
        refusals=(refusals.REQUEST_NOT_FOUND,),
        example=BookingRequestAnswer(data=DECIDED, message="The request is done"),
        meaning="A request that is decided",
    ).route
    async def get_request(
        self, request: ApiRequest, ticket: TicketInPath, wait: Wait = 0
    ) -> Response[BookingRequestAnswer] | Stream:
        """How a booking stands that was asked for with `Prefer: respond-async`.

        Only who asked, and staff, may read it. With `wait` the answer comes when the request is decided, or
        when the time is over. With `Accept: text/event-stream` it is a stream, which ends with the decision.
        """
        named, actor, staff = _asked(request, ticket)
        desk = desk_of(request)
        if _EVENTS in (request.head.accept or b"").decode("latin-1"):
            first = await desk.read(named, actor, staff=staff)
            events = _events(desk, named, actor, first, staff=staff)
            return Stream(events, media_type=_EVENTS, headers={"X-Accel-Buffering": "no"})
        view = await desk.read(named, actor, staff=staff, wait_s=float(wait))
        return _answer(view)

    @ReadOperation(
        id="withdrawRequest",
        method="DELETE",
        path="/api/requests/{ticket:str}",
        summary="Withdraw a request",
        policy=policies.BOOKING,
        refusals=(refusals.REQUEST_NOT_FOUND, refusals.REQUEST_DECIDED, "timed_out", "shutting_down"),
        example=BookingRequestAnswer(data=WITHDRAWN, message="The request is withdrawn"),
        meaning="Withdrawn",
    ).route
    async def withdraw_request(
        self,
        request: ApiRequest,
        ticket: TicketInPath,
        idempotency_key: IdempotencyKey = None,  # noqa: ARG002 - checked, and of no further meaning
    ) -> Response[BookingRequestAnswer]:
        """Takes a booking back that is not decided yet: it will not be. If it is, cancel the booking.

        Doing it again changes nothing more, so an Idempotency-Key is accepted and has no meaning here.
        """
        named, actor, staff = _asked(request, ticket)
        return _answer(await desk_of(request).withdraw(named, actor, staff=staff))


def _asked(request: ApiRequest, text: str) -> tuple[Ticket, str, bool]:
    """The ticket, who asks for it, and whether that is staff. Raises ``Refusal``."""
    ticket, caller = ticket_of(text), request.access.caller
    if ticket is None or not caller.reaches(ticket.show_id):
        raise Refusal(Refused(refusals.REQUEST_NOT_FOUND))
    return ticket, caller.actor, caller.vouches


def _answer(view: BookingRequest) -> Response[BookingRequestAnswer]:
    message = f"The request is {view.state}"
    return Response(BookingRequestAnswer(data=view, message=message), headers=retry_after(view))


async def _events(
    desk: Desk, ticket: Ticket, actor: str, view: BookingRequest, *, staff: bool
) -> AsyncIterator[bytes]:
    """The states of the request, each when it changes; a line now and then while nothing happens."""
    told: bytes | None = None
    while True:
        state = b"event: %s\ndata: %s\n\n" % (view.state.encode(), _encode(view))
        yield b": waiting\n\n" if state == told else state
        told = state
        if view.state != "queued":
            return
        began = asyncio.get_running_loop().time()
        view = await desk.read(ticket, actor, staff=staff, wait_s=bounds.STREAM_PING_S)
        if view.state == "queued" and asyncio.get_running_loop().time() - began < 1:
            return  # nobody may wait now: the server ends, or too many wait
