"""Shows: what is sold by the seat."""

from typing import Annotated

from litestar import Controller, Response
from litestar.openapi.spec import Example
from litestar.params import Body, QueryParameter

from boxoffice.access import policies
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import DeleteShow
from boxoffice.vocabulary.outcomes import RefusalCode, ShowDone
from boxoffice.web.api.show_reads import listed_shows
from boxoffice.web.http import refusals
from boxoffice.web.http.answers import ShowAnswer, ShowListAnswer
from boxoffice.web.http.bodies import NewShow, ShowChanges
from boxoffice.web.http.caching import conditional, etag, expected_seqs
from boxoffice.web.http.costs import PAGE
from boxoffice.web.http.moments import instant
from boxoffice.web.http.operation import CommandOperation, ReadOperation, Success
from boxoffice.web.http.paging import moment_after
from boxoffice.web.http.parameters import (
    Consistent,
    Cursor,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    Limit,
    ShowId,
    ShowToDelete,
    ShowTypeInQuery,
)
from boxoffice.web.http.refusals import found
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import ONE_PAGE, SHOW

_From = Annotated[
    str | None,
    QueryParameter(
        name="from",
        description="Only shows that start then or later: RFC 3339 with an offset, such as "
        "2030-01-01T00:00:00Z.",
        schema_extra={"format": "date-time"},
    ),
]
_To = Annotated[
    str | None,
    QueryParameter(
        name="to",
        description="Only shows that start before: RFC 3339 with an offset, such as 2031-01-01T00:00:00Z.",
        schema_extra={"format": "date-time"},
    ),
]
_Text = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=255,
        pattern=r"^[^\u0000-\u001f\u007f-\u009f]*(?!\n)$",
        description="Only shows with this text in their name, in upper or lower case and in any form of "
        "Unicode: 1 to 255 characters without control characters.",
    ),
]
_OnlyFree = Annotated[bool, QueryParameter(description="true: only shows that have a free seat.")]
_NEW = [
    Example(
        id="movie",
        summary="A movie with 100 seats",
        value={
            "name": "Movie XYZ",
            "start_time": "2030-12-15T18:30:00Z",
            "total_seats": 100,
            "show_type": "movie",
        },
    )
]
_CHANGES = [
    Example(
        id="later",
        summary="Another name and time",
        value={"name": "Updated Name", "start_time": "2030-12-15T19:00:00Z"},
    )
]


def _created(done: ShowDone) -> Success[ShowAnswer]:
    show = done.show
    headers = {"Location": f"/api/shows/{show.id}", "ETag": etag(show.seq)}
    return Success(ShowAnswer(data=show, message="Show created successfully"), 201, headers)


def _updated(done: ShowDone) -> Success[ShowAnswer]:
    answer = ShowAnswer(data=done.show, message="Show updated successfully")
    return Success(answer, headers={"ETag": etag(done.show.seq)})


def _deleted(done: ShowDone) -> Success[ShowAnswer]:
    return Success(ShowAnswer(data=done.show, message="Show deleted successfully"))


CREATE = CommandOperation(
    id="createShow",
    method="POST",
    path="/api/shows",
    summary="Create a show",
    policy=policies.NEW_SHOW,
    answer=_created,
    examples={"The new show": ShowDone(SHOW)},
)
UPDATE = CommandOperation(
    id="updateShow",
    method="PUT",
    path="/api/shows/{show_id:str}",
    summary="Update a show",
    policy=policies.SHOW,
    refusals=refusals.OF_CHANGING_A_SHOW,
    answer=_updated,
    examples={"The show as it is now": ShowDone(SHOW)},
)
DELETE = CommandOperation(
    id="deleteShow",
    method="DELETE",
    path="/api/shows/{show_id:str}",
    summary="Delete a show",
    policy=policies.SHOW,
    refusals=refusals.OF_DELETING_A_SHOW,
    answer=_deleted,
    examples={"The show as it was": ShowDone(SHOW)},
)


class ShowsController(Controller):
    """Operations on shows."""

    tags = ("Shows",)

    @CREATE.route
    async def create_show(
        self,
        request: ApiRequest,
        data: Annotated[NewShow, Body(examples=_NEW)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[ShowAnswer]:
        """Opens a show with seats 1 to `total_seats`, all free."""
        return await CREATE.run(request, data.command(request.who(idempotency_key)))

    @ReadOperation(
        id="listShows",
        path="/api/shows",
        summary="List shows",
        policy=policies.CATALOGUE,
        cost=PAGE,
        example=ShowListAnswer(data=[SHOW], message="1 show", meta=ONE_PAGE),
        meaning="One page of shows",
    ).route
    async def list_shows(
        self,
        request: ApiRequest,
        show_type: ShowTypeInQuery = None,
        starts_from: _From = None,
        starts_to: _To = None,
        text: _Text = None,
        only_free: _OnlyFree = False,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
    ) -> Response[ShowListAnswer]:
        """All shows that are not deleted, by start time. The filters narrow it down together."""
        page = await request.reads.shows(
            show_type=show_type,
            starts_from=instant(starts_from, "from"),
            starts_to=instant(starts_to, "to"),
            text=text,
            only_free=only_free,
            after=moment_after(cursor),
            limit=limit,
        )
        return listed_shows(request, page)

    @ReadOperation(
        id="getShow",
        path="/api/shows/{show_id:str}",
        summary="Get a show",
        policy=policies.CATALOGUE,
        refusals=(RefusalCode.SHOW_NOT_FOUND,),
        example=ShowAnswer(data=SHOW, message="Show found"),
        meaning="The show",
        revalidates=True,
        shared=("",),
    ).route
    async def get_show(
        self,
        request: ApiRequest,
        show_id: ShowId,
        consistent: Consistent = False,
        if_none_match: IfNoneMatch = None,
    ) -> Response[ShowAnswer | None]:
        """A show with its free seats. Its `seq` is its version, and its ETag."""
        show = found(await request.reads.show(show_id, consistent=consistent), RefusalCode.SHOW_NOT_FOUND)
        return conditional(ShowAnswer(data=show, message="Show found"), etag(show.seq), if_none_match)

    @UPDATE.route
    async def update_show(
        self,
        request: ApiRequest,
        show_id: ShowId,
        data: Annotated[ShowChanges, Body(examples=_CHANGES)],
        idempotency_key: IdempotencyKey = None,
        if_match: IfMatch = None,
    ) -> Response[ShowAnswer]:
        """Changes what is given and leaves the rest.

        `total_seats` can grow; it can shrink while the seats that go away are free.
        """
        command = data.command(
            request.who(idempotency_key), show_id, expected_seqs(if_match, request.head.if_none_match)
        )
        return await UPDATE.run(request, command)

    @DELETE.route
    async def delete_show(
        self,
        request: ApiRequest,
        show_id: ShowToDelete,
        idempotency_key: IdempotencyKey = None,
        if_match: IfMatch = None,
    ) -> Response[ShowAnswer]:
        """Takes a show without active bookings off the lists; its bookings remain for the audit."""
        who, seqs = request.who(idempotency_key), expected_seqs(if_match, request.head.if_none_match)
        command = who.asks(DeleteShow, show_id=show_id, expected_seqs=seqs)
        return await DELETE.run(request, command)
