"""The operations of live seats. Requests in the usual form are answered by the door before the framework;
what comes here is spelled in an unusual way, or is refused.
"""

from typing import Annotated, Any

from litestar import Controller, Response
from litestar.openapi.spec import Example
from litestar.params import QueryParameter
from litestar.types import ASGIApp, Receive, Scope, Send

from boxoffice.access import policies
from boxoffice.live.answers import (
    EVENTS,
    STATES,
    STREAM,
    LiveEventsAnswer,
    SeatMapStates,
    SeatStatesAnswer,
)
from boxoffice.live.asked import SHOWS_MAX, shows_of
from boxoffice.live.door import serve_live
from boxoffice.live.frames import snapshot_of
from boxoffice.live.house import NOT_LIVE
from boxoffice.live.request import (
    MANY_TEMPLATE,
    WAIT_MAX_S,
    LiveRequest,
    many_shows,
    one_show,
)
from boxoffice.live.show import load
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.web.http.caching import conditional, etag
from boxoffice.web.http.costs import Cost
from boxoffice.web.http.invalid import invalid_field
from boxoffice.web.http.operation import ReadOperation, StreamOperation
from boxoffice.web.http.parameters import IfNoneMatch, ShowId
from boxoffice.web.http.refusals import Refusal, found
from boxoffice.web.http.request import ApiRequest

_STATES = Cost(unit=5)

_After = Annotated[
    str | None,
    QueryParameter(
        description="What you have: the id of the last event, or a `position`. You get what has changed "
        "since, or all of it. A stream that connects again says the same in the header Last-Event-ID.",
    ),
]
_Wait = Annotated[
    int | None,
    QueryParameter(
        ge=0,
        le=WAIT_MAX_S,
        description="Seconds to wait for the next events, which are the answer then, in JSON: an integer "
        f"from 0 to {WAIT_MAX_S}. Without it the answer is a stream.",
        examples=[Example(id="wait", value=0)],
    ),
]
_Shows = Annotated[
    str,
    QueryParameter(
        name="shows",
        pattern=rf"^[1-9][0-9]{{0,8}}(,[1-9][0-9]{{0,8}}){{0,{SHOWS_MAX - 1}}}(?!\n)$",
        description=f"The ids of 1 to {SHOWS_MAX} shows, separated by commas.",
        examples=[Example(id="shows", value="1,2")],
    ),
]


class LiveController(Controller):
    """The states of seats, once and as they change."""

    tags = ("Live seats",)

    @ReadOperation(
        id="getSeatStates",
        path="/api/shows/{show_id:str}/seat-states",
        summary="Get the state of each seat, packed",
        policy=policies.CATALOGUE,
        cost=_STATES,
        refusals=(RefusalCode.SHOW_NOT_FOUND, NOT_LIVE),
        example=SeatStatesAnswer(data=STATES, message="5 of 8 seats free"),
        meaning="Two bits a seat",
        revalidates=True,
        shared=("",),
    ).route
    async def get_seat_states(
        self, request: ApiRequest, show_id: ShowId, if_none_match: IfNoneMatch = None
    ) -> Response[SeatStatesAnswer | None]:
        """The state of each seat of a show: free, taken, or blocked by the house. 100,000 seats take 34 KB,
        and less when they are compressed.
        """
        show = found(await load(request.services.feed.store, show_id), RefusalCode.SHOW_NOT_FOUND)
        if not show.live:
            raise Refusal(Refused(NOT_LIVE))
        seq = show.position.seq
        told = snapshot_of(show_id, seq, show.facts, show.states)
        data = SeatMapStates(
            show_id=show_id,
            seq=seq,
            position=str(show.position),
            total_seats=told.total_seats,
            available=told.available,
            states=told.states,
        )
        message = f"{told.available} of {told.total_seats} seats free"
        return conditional(SeatStatesAnswer(data=data, message=message), etag(seq, "states"), if_none_match)

    @StreamOperation(
        id="watchShow",
        path="/api/shows/{show_id:str}/live",
        summary="Watch the seats of a show",
        policy=policies.CATALOGUE,
        refusals=(RefusalCode.SHOW_NOT_FOUND, NOT_LIVE),
        example=LiveEventsAnswer(data=EVENTS, message="Live seats"),
        meaning="With `wait`: the next events",
        stream=STREAM,
    ).route
    async def watch_show(
        self, request: ApiRequest, show_id: ShowId, after: _After = None, wait: _Wait = None
    ) -> Response[LiveEventsAnswer]:
        """A stream of events (SSE) that tell the states of a show's seats: first all of them or what has
        changed since `after`, then what changes, as it happens.
        """
        return _answered(one_show(show_id, after, request.head.last_event_id, wait))

    @StreamOperation(
        id="watchShows",
        path=MANY_TEMPLATE,
        summary="Watch the seats of several shows",
        policy=policies.CATALOGUE,
        refusals=(RefusalCode.SHOW_NOT_FOUND, NOT_LIVE),
        example=LiveEventsAnswer(data=EVENTS, message="Live seats"),
        meaning="With `wait`: the next events",
        stream=STREAM.replace("id: ", "id: 1-"),
    ).route
    async def watch_shows(
        self, request: ApiRequest, show_ids: _Shows, after: _After = None, wait: _Wait = None
    ) -> Response[LiveEventsAnswer]:
        """The same for several shows on one connection. Ids and `after` name the position in each show."""
        shows = shows_of(show_ids)
        if shows is None:
            raise invalid_field("shows", "ids of shows, separated by commas", "It is no such list", "query")
        return _answered(many_shows(shows, after, request.head.last_event_id, wait))


class _Live(Response[Any]):
    """An answer that is sent by the same way as those of the door."""

    def __init__(self, request: LiveRequest) -> None:
        super().__init__(None)
        self._live = request

    def to_asgi_response(self, request: Any, **_: Any) -> ASGIApp:  # type: ignore[override]
        """The sending of the answer."""

        async def send_live(scope: Scope, receive: Receive, send: Send) -> None:
            await serve_live(request.services, self._live, scope, receive, send, [])  # type: ignore[arg-type]

        return send_live


def _answered(request: LiveRequest) -> Response[LiveEventsAnswer]:
    over = [show_id for show_id in request.asked if show_id > limits.SHOW_ID_MAX]
    if over:
        raise Refusal(Refused(RefusalCode.SHOW_NOT_FOUND))
    return _Live(request)
