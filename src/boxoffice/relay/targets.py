"""Which brokers get the events: the addresses of ``RELAY_URLS``, each with the name of its consumer."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from boxoffice.settings.texts import Secret

KINDS: Final = {
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "nats": "nats",
    "tls": "nats",
    "redis": "redis",
    "rediss": "redis",
    "kafka": "kafka",
    "kafkas": "kafka",
}
"""The kind of broker that a scheme stands for; the kind is also the name of the extra."""

TARGETS_MAX: Final = 8
"""Brokers of one installation: each is a consumer with cursors of its own, and reads every event."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""Names go into the name of the consumer (constraint ``consumer_is_a_name``)."""

_BETWEEN: Final = re.compile(r",\s*(?=[a-z]+://)")
"""A comma before a scheme: a comma elsewhere stands between hosts of one broker."""


class Target(NamedTuple):
    """A broker. ``consumer`` is the name of its cursors: a broker that moves to another host keeps it."""

    kind: str
    consumer: str
    url: Secret

    @property
    def host(self) -> str:
        """The hosts and ports, which may be told: no login."""
        return urlsplit(self.url.reveal()).netloc.rpartition("@")[2]


def targets_of(urls: str) -> tuple[Target, ...]:
    """The brokers of the text of ``RELAY_URLS``. Raises ``ValueError`` if the text cannot be read."""
    targets = tuple(_target(url.strip()) for url in _BETWEEN.split(urls.strip()))
    names = {target.consumer for target in targets}
    if len(names) < len(targets) or len(targets) > TARGETS_MAX:
        raise ValueError
    return targets


def _target(url: str) -> Target:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    name = options.pop("name", "")
    if parts.scheme not in KINDS or "#" in url or re.search(r"\s", url) or "@" in parts.path + parts.query:
        raise ValueError
    if name and not _NAME.fullmatch(name):
        raise ValueError
    _check_hosts(parts.netloc.rpartition("@")[2].split(","))
    kind = KINDS[parts.scheme]
    consumer = f"relay:{kind}:{name}" if name else f"relay:{kind}"
    return Target(kind, consumer, Secret(urlunsplit(parts._replace(query=urlencode(options)))))


def _check_hosts(hosts: Sequence[str]) -> None:
    """Raises ``ValueError`` for a host without a name, or a port that is no number: a part of a password."""
    for host in hosts:
        parts = urlsplit(f"//{host}")
        if not parts.hostname or parts.port == 0:
            raise ValueError
