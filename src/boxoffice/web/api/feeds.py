"""The feed over HTTP: which shows have changed, and consumers that pull what happened."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from litestar import Controller, Response
from litestar.params import Body as BodyParameter

from boxoffice.access import policies
from boxoffice.feed.cursors import Changed, Consumer, Lag
from boxoffice.feed.pull import pulled
from boxoffice.feed.waiting import when_there_is_news
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.web.http.answers import PageMeta, counted
from boxoffice.web.http.costs import LAGS, PAGE
from boxoffice.web.http.feed_forms import (
    ACK,
    CREATE,
    EVENT,
    FEED,
    PREFIX,
    Acknowledged,
    AcknowledgedAnswer,
    Acknowledgement,
    ChangedMeta,
    ChangedShow,
    ChangedShowsAnswer,
    FeedAnswer,
    FeedEventsAnswer,
    FeedListAnswer,
    FeedName,
    NewFeed,
    Since,
    Wait,
    to_feed,
)
from boxoffice.web.http.operation import DeskOperation, ReadOperation
from boxoffice.web.http.parameters import Limit
from boxoffice.web.http.refusals import Refusal, found
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import ONE_PAGE

FEED_NOT_FOUND: Final = "feed_not_found"
FEED_EXISTS: Final = "feed_exists"
NOT_IN_HISTORY: Final = "not_in_history"

_EVENTS: Final = 100
"""Events in an answer that asks for no number: some 50 KB."""

_TOGETHER_MAX: Final = 10
"""Shows that one transaction of sales changes at most, and two more: an answer has room for all of them."""


class FeedsController(Controller):
    """What happens, for services."""

    tags = ("Feeds",)

    @ReadOperation(
        id="listChangedShows",
        path="/api/changes",
        summary="List the shows that have changed",
        policy=policies.FEED,
        cost=PAGE,
        example=ChangedShowsAnswer(
            data=[ChangedShow(7, 812, "9f3ac01b")],
            message="1 show changed",
            meta=ChangedMeta(1, "5203", complete=True),
        ),
        meaning="One show has changed",
    ).route
    async def list_changed_shows(
        self, request: ApiRequest, since: Since = None, limit: Limit = limits.PAGE_ITEMS_MAX, wait: Wait = 0
    ) -> Response[ChangedShowsAnswer]:
        """A hint which shows to look at; your own last `seq` of each show says what you have of it.

        A show may be told again that was told before. With `complete` false, look at all shows.
        """
        feed, among = request.services.feed, request.access.caller.show_ids
        shows = None if among is None else sorted(among)

        async def ask() -> Changed:
            return await feed.cursors.changed(since, shows, max(limit, _TOGETHER_MAX))

        def is_news(changed: Changed) -> bool:
            return since is None or bool(changed.shows) or not changed.complete

        changed = await when_there_is_news(feed.reader, ask, is_news, wait)
        told = [ChangedShow(show, at.seq, at.link[:4].hex()) for show, at in changed.shows.items()]
        meta = ChangedMeta(len(told), changed.following, complete=changed.complete)
        answer = ChangedShowsAnswer(data=told, message=f"{counted(len(told), 'show')} changed", meta=meta)
        return Response(answer)

    @ReadOperation(
        id="listFeeds",
        path="/api/feeds",
        summary="List the feeds",
        policy=policies.FEED,
        cost=LAGS,
        example=FeedListAnswer(data=[FEED], message="1 feed", meta=ONE_PAGE),
        meaning="All feeds",
    ).route
    async def list_feeds(self, request: ApiRequest) -> Response[FeedListAnswer]:
        """The feeds by name, with how far each is behind."""
        consumers = await request.services.feed.cursors.lags()
        feeds = [to_feed(c) for c in consumers if c.kind == "pull" and _reaches(request, c)]
        meta = PageMeta(len(feeds), None)
        return Response(FeedListAnswer(data=feeds, message=counted(len(feeds), "feed"), meta=meta))

    @DeskOperation(
        id="createFeed",
        method="PUT",
        path="/api/feeds/{name:str}",
        summary="Make a feed",
        policy=policies.FEEDS,
        refusals=(RefusalCode.SHOW_NOT_FOUND, FEED_EXISTS),
        example=FeedAnswer(data=FEED, message="Feed ready"),
        meaning="The feed",
    ).route
    async def create_feed(
        self, request: ApiRequest, name: FeedName, data: Annotated[NewFeed, BodyParameter(examples=CREATE)]
    ) -> Response[FeedAnswer]:
        """Makes a feed, or finds it as it was asked for: sent again, it changes nothing."""
        shows = _shows_of(request, data.show_ids)
        cursors, consumer = request.services.feed.cursors, PREFIX + name
        ready = await cursors.create(
            consumer, "pull", show_ids=shows, personal=data.personal, from_start=data.start == "start"
        )
        if not ready:
            raise Refusal(Refused(FEED_EXISTS))
        made = found(await cursors.lag(consumer), FEED_EXISTS)
        return Response(FeedAnswer(data=to_feed(made), message="Feed ready"))

    @ReadOperation(
        id="getFeed",
        path="/api/feeds/{name:str}",
        summary="Get a feed",
        policy=policies.FEED,
        cost=LAGS,
        refusals=(FEED_NOT_FOUND,),
        example=FeedAnswer(data=FEED, message="Feed found"),
        meaning="The feed",
    ).route
    async def get_feed(self, request: ApiRequest, name: FeedName) -> Response[FeedAnswer]:
        """How far the feed is behind."""
        return Response(FeedAnswer(data=to_feed(await _lag(request, name)), message="Feed found"))

    @ReadOperation(
        id="listFeedEvents",
        path="/api/feeds/{name:str}/events",
        summary="Read the events of a feed",
        policy=policies.FEED,
        cost=PAGE,
        refusals=(FEED_NOT_FOUND,),
        example=FeedEventsAnswer(data=[EVENT], message="1 event", more=False),
        meaning="Events",
    ).route
    async def list_feed_events(
        self, request: ApiRequest, name: FeedName, limit: Limit = _EVENTS, wait: Wait = 0
    ) -> Response[FeedEventsAnswer]:
        """What has happened since the last acknowledgement, in order for each show. The same events come
        again until they are acknowledged.
        """
        consumer = await _found(request, name)

        async def ask() -> tuple[list[dict[str, Any]], bool]:
            return await pulled(request.services.feed, consumer, limit)

        events, more = await when_there_is_news(
            request.services.feed.reader, ask, lambda answer: bool(answer[0]), wait
        )
        return Response(FeedEventsAnswer(data=events, message=counted(len(events), "event"), more=more))

    @DeskOperation(
        id="ackFeed",
        method="POST",
        path="/api/feeds/{name:str}/ack",
        summary="Acknowledge events of a feed",
        policy=policies.FEEDS,
        refusals=(FEED_NOT_FOUND, NOT_IN_HISTORY),
        example=AcknowledgedAnswer(data=Acknowledged(1), message="1 show acknowledged"),
        meaning="Acknowledged",
    ).route
    async def ack_feed(
        self,
        request: ApiRequest,
        name: FeedName,
        data: Annotated[Acknowledgement, BodyParameter(examples=ACK)],
    ) -> Response[AcknowledgedAnswer]:
        """You have everything up to these events; they do not come again. All are taken, or none."""
        consumer = await _found(request, name)
        positions = data.positions()
        unfit = await request.services.feed.cursors.acknowledge(consumer.consumer, positions)
        if unfit is None:
            raise Refusal(Refused(FEED_NOT_FOUND))
        if unfit:
            raise Refusal(Refused(NOT_IN_HISTORY, {"show_ids": unfit}))
        told = Acknowledged(len({show_id for show_id, _ in positions}))
        return Response(AcknowledgedAnswer(data=told, message=f"{counted(told.shows, 'show')} acknowledged"))

    @DeskOperation(
        id="deleteFeed",
        method="DELETE",
        path="/api/feeds/{name:str}",
        summary="Delete a feed",
        policy=policies.FEEDS,
        refusals=(FEED_NOT_FOUND,),
        example=FeedAnswer(data=FEED, message="Feed deleted"),
        meaning="The feed as it was",
    ).route
    async def delete_feed(self, request: ApiRequest, name: FeedName) -> Response[FeedAnswer]:
        """Forgets the feed and what it has acknowledged. No event is lost by it."""
        consumer = await _lag(request, name)
        await request.services.feed.cursors.drop(consumer.consumer)
        return Response(FeedAnswer(data=to_feed(consumer), message="Feed deleted"))


def _shows_of(request: ApiRequest, asked: Sequence[int] | None) -> list[int] | None:
    """The shows of a new feed, which lie in the caller's reach. Raises ``Refusal``."""
    reach = request.access.caller.show_ids
    if asked is None:
        return None if reach is None else sorted(reach)
    for show_id in asked:
        if not request.access.caller.reaches(show_id):
            raise Refusal(Refused(RefusalCode.SHOW_NOT_FOUND))
    return sorted(set(asked))


def _reaches(request: ApiRequest, consumer: Consumer) -> bool:
    """Whether the caller may see everything that the consumer is told."""
    reach = request.access.caller.show_ids
    return reach is None or (consumer.show_ids is not None and reach.issuperset(consumer.show_ids))


async def _found(request: ApiRequest, name: str) -> Consumer:
    """The feed with this name. Raises ``Refusal`` if there is none in the caller's reach."""
    consumer = await request.services.feed.cursors.find(PREFIX + name)
    if consumer is None or not _reaches(request, consumer):
        raise Refusal(Refused(FEED_NOT_FOUND))
    return consumer


async def _lag(request: ApiRequest, name: str) -> Lag:
    """The feed with this name, and how far it is behind. Raises ``Refusal``."""
    consumer = await _found(request, name)
    lag = await request.services.feed.cursors.lag(consumer.consumer)
    return found(lag, FEED_NOT_FOUND)
