"""The settings of the whole program."""

from boxoffice.live.settings import LiveSettings
from boxoffice.relay.settings import RelaySettings
from boxoffice.requests.settings import RequestSettings
from boxoffice.settings.settings import Settings
from boxoffice.webhooks.settings import WebhookSettings


class ProgramSettings(Settings, frozen=True, kw_only=True):
    """The groups of the core and of the domains.

    A domain declares its group in its own package and is listed here by one field, such as
    ``till: TillSettings = TillSettings()``. Its handlers find it at ``request.services.settings.till``.
    """

    webhooks: WebhookSettings = WebhookSettings()
    relay: RelaySettings = RelaySettings()
    live: LiveSettings = LiveSettings()
    requests: RequestSettings = RequestSettings()
