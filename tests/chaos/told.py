"""What must be so of what somebody was told. A function gives a sentence for each promise that is broken."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple


class Message(NamedTuple):
    """An event as somebody got it."""

    show_id: int
    id: str
    body: bytes


def seq_of(event_id: str) -> int:
    """The number of an event in its show."""
    return int(event_id.split("-")[1])


def by_show(messages: Iterable[Message], shows: Iterable[int]) -> dict[int, list[str]]:
    """The ids of each show, in the order in which they came."""
    ids: dict[int, list[str]] = {show_id: [] for show_id in shows}
    for message in messages:
        if message.show_id in ids:
            ids[message.show_id].append(message.id)
    return ids


def all_in_order(
    who: str,
    got: Mapping[int, Sequence[str]],
    histories: Mapping[int, Sequence[str]],
    *,
    once: bool = False,
    apart: Collection[str] = (),
) -> list[str]:
    """Everything came, in order for each show when what came before is dropped; and nothing else. ``once``:
    nothing came twice. ``apart``: events that may come at any time.
    """
    broken = []
    for show_id, history in histories.items():
        ids, where = got.get(show_id, ()), f"{who}, show {show_id}:"
        news = list(dict.fromkeys(ids))
        if missing := sorted(set(history) - set(news), key=seq_of):
            broken.append(
                f"{where} {len(missing)} of {len(history)} events never came: {' '.join(missing[:10])}"
            )
        if strange := set(news) - set(history):
            broken.append(f"{where} {len(strange)} events are not in the history, such as {min(strange)}")
        numbers = [seq_of(one) for one in news if one not in apart]
        late = [after for before, after in pairwise(numbers) if after < before]
        if late:
            broken.append(f"{where} event {late[0]} came after a later one")
        if once and len(news) < len(ids):
            broken.append(f"{where} {len(ids) - len(news)} events are there twice")
    return broken


def same_again(who: str, messages: Iterable[Message]) -> list[str]:
    """What comes twice under one id is the same."""
    bodies: dict[str, bytes] = {}
    differ = {one.id for one in messages if bodies.setdefault(one.id, one.body) != one.body}
    return [f"{who}: {one} came with two bodies" for one in sorted(differ)]
