"""The settings of webhooks."""

from typing import Annotated, Final

from msgspec import Meta

from boxoffice.settings.group import Group, prefixed
from boxoffice.settings.texts import Networks, Secret, Shape

SECRET_CHARS_MIN: Final = 32
"""Fewest characters of the key from which all secrets are derived: 128 bits as hexadecimal digits."""


def _key(text: str) -> Secret:
    key = text.strip()
    if len(key) < SECRET_CHARS_MIN:
        raise ValueError
    return Secret(key)


Key = Annotated[Secret, Shape(_key, f"at least {SECRET_CHARS_MIN} random characters")]


class WebhookSettings(Group, frozen=True, kw_only=True, rename=prefixed("WEBHOOK_")):
    """What is told to other servers, and to which addresses ([webhooks](webhooks.md))."""

    secret_key: Annotated[
        Key | None,
        "The key from which the secrets of all webhooks are derived, such as the output of "
        "`openssl rand -hex 32`; the same for all instances. Without it there are no webhooks. A new key "
        "ends all secrets at once.",
    ] = None
    timeout_seconds: Annotated[
        float,
        Meta(ge=0.1, le=60),
        "Seconds within which an endpoint must answer; else the attempt has failed.",
    ] = 15.0
    allow_networks: Annotated[
        Networks,
        "Networks of your own in which endpoints may be, on any port. All other addresses must be public.",
    ] = ()
    allow_http: Annotated[
        bool,
        "Whether endpoints may have an address that begins with http://: whoever is on the way reads along.",
    ] = False


def settings_of(settings: object) -> WebhookSettings:
    """This domain's group in the settings of the program; without it, the group as it is by default."""
    group = getattr(settings, "webhooks", None)
    return group if isinstance(group, WebhookSettings) else WebhookSettings()
