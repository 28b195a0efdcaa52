"""The addresses that an endpoint may be given. Names are judged later, when a connection is made."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from boxoffice.webhooks import limits
from boxoffice.webhooks.addresses import BlockedAddress, Judge
from boxoffice.webhooks.backend import USUAL_PORTS
from boxoffice.webhooks.settings import WebhookSettings

_USUAL: Final = {"https": 443, "http": 80}


class UnfitUrl(Exception):
    """The URL is none that an endpoint may have. The text says why."""


def fit_url(text: str, settings: WebhookSettings) -> str:
    """The URL as it is kept. Raises ``UnfitUrl``."""
    if len(text) > limits.URL_CHARS_MAX or not text.isascii() or any(not "!" <= sign <= "~" for sign in text):
        raise UnfitUrl(f"It is not of at most {limits.URL_CHARS_MAX} visible ASCII characters")
    try:
        parts = urlsplit(text)
        port = parts.port or _USUAL.get(parts.scheme, 0)
    except ValueError:
        raise UnfitUrl("It is not a URL") from None
    if parts.scheme not in (("https", "http") if settings.allow_http else ("https",)):
        raise UnfitUrl("It does not begin with https://")
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise UnfitUrl("It has no host, or a user, a password or a fragment")
    judge = Judge(settings.allow_networks)
    if port not in USUAL_PORTS and not judge.has_networks:
        raise UnfitUrl("Its port is not the usual one")
    _check_literal(parts.hostname, judge, usual_port=port in USUAL_PORTS)
    return text


def _check_literal(host: str, judge: Judge, *, usual_port: bool) -> None:
    """Refuses an address that is never reached, so that the mistake is told at once."""
    try:
        ip_address(host)
    except ValueError:
        return
    try:
        judge.judged(host, usual_port=usual_port)
    except BlockedAddress as blocked:
        raise UnfitUrl(f"It leads nowhere: {blocked}") from None
