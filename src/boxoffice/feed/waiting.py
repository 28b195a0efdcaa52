"""Waiting for news: a request that asks before there is any is answered when there is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import TypeVar

from boxoffice.feed.reader import FeedReader

T = TypeVar("T")


async def when_there_is_news(
    reader: FeedReader, ask: Callable[[], Awaitable[T]], found: Callable[[T], bool], wait_s: float
) -> T:
    """What ``ask`` gives, as soon as ``found`` says that there is something; after ``wait_s`` seconds what it
    gives then. It is asked again only when the reader has seen a change, so waiting costs nothing.
    """
    give_up_at = monotonic() + wait_s
    news = asyncio.Event()

    def notice(_changed: Mapping[int, int]) -> None:
        news.set()

    end = reader.follow(notice, news.set)  # before the first question: what comes between is not missed
    try:
        while not found(answer := await ask()):
            left_s = give_up_at - monotonic()
            if left_s <= 0:
                return answer
            try:
                await asyncio.wait_for(news.wait(), left_s)
            except TimeoutError:
                continue
            news.clear()
        return answer
    finally:
        end()
