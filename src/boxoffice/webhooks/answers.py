"""The success answers of webhooks."""

from boxoffice.web.http.answers import Answer, ListAnswer
from boxoffice.webhooks.views import (
    Attempt,
    Letter,
    Replayed,
    Tested,
    Webhook,
    WebhookKey,
    WebhookSecret,
)


class WebhookAnswer(Answer[Webhook]):
    """A webhook."""


class WebhookSecretAnswer(Answer[WebhookSecret]):
    """A webhook with its secret."""


class WebhookListAnswer(ListAnswer[Webhook]):
    """Webhooks by id."""


class WebhookKeyListAnswer(ListAnswer[WebhookKey]):
    """Public keys of webhooks."""


class AttemptListAnswer(ListAnswer[Attempt]):
    """Attempts, the newest first."""


class LetterListAnswer(ListAnswer[Letter]):
    """Letters in the order in which they were written."""


class TestedAnswer(Answer[Tested]):
    """What came of a test message."""


class ReplayedAnswer(Answer[Replayed]):
    """How many events are told again."""
