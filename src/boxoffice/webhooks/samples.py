"""Examples of webhooks for the API page."""

from datetime import UTC, datetime
from typing import Final

from boxoffice.web.http.samples import ONE_PAGE
from boxoffice.webhooks.answers import (
    AttemptListAnswer,
    LetterListAnswer,
    ReplayedAnswer,
    TestedAnswer,
    WebhookAnswer,
    WebhookKeyListAnswer,
    WebhookSecretAnswer,
)
from boxoffice.webhooks.views import (
    Attempt,
    Letter,
    Replayed,
    Tested,
    Webhook,
    WebhookKey,
    WebhookSecret,
)

_NOW: Final = datetime(2030, 12, 11, 10, 30, tzinfo=UTC)
_PUBLIC: Final = "whpk_O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="

WEBHOOK: Final = Webhook(
    id=1,
    name="Shop",
    url="https://shop.example/hooks",
    mode="events",
    order="show",
    kinds=None,
    show_ids=None,
    personal=False,
    state="active",
    disabled_because=None,
    generation=1,
    old_secret_until=None,
    created_at=_NOW,
    failures=0,
    failing_since=None,
    waits_until=None,
    shows_blocked=0,
    parked=0,
)
ANSWER: Final = WebhookAnswer(data=WEBHOOK, message="Webhook found")
SECRET_ANSWER: Final = WebhookSecretAnswer(
    data=WebhookSecret(
        webhook=WEBHOOK,
        secret="whsec_bm8gc2VjcmV0IGlzIHdyaXR0ZW4gaW4gYSBzYW1wbGUuLi4=",  # noqa: S106 - made up
        public_key=_PUBLIC,
    ),
    message="Webhook created",
)
KEYS_ANSWER: Final = WebhookKeyListAnswer(
    data=[WebhookKey(webhook_id=1, generation=1, public_key=_PUBLIC)], message="1 key", meta=ONE_PAGE
)
TESTED_ANSWER: Final = TestedAnswer(
    data=Tested(arrived=True, status=204, trouble="", excerpt="", milliseconds=12),
    message="The message has arrived",
)
REPLAYED_ANSWER: Final = ReplayedAnswer(data=Replayed(events=9), message="9 events told again")
ATTEMPTS_ANSWER: Final = AttemptListAnswer(
    data=[
        Attempt(
            id=1,
            show_id=1,
            message_id="1-17-9f3ac01b",
            at=_NOW,
            status=500,
            trouble="",
            excerpt="out of order",
            milliseconds=31,
        )
    ],
    message="1 attempt",
    meta=ONE_PAGE,
)
LETTERS_ANSWER: Final = LetterListAnswer(
    data=[
        Letter(
            id=1,
            show_id=1,
            cause="lane",
            seq=17,
            last_seq=17,
            attempts=6,
            next_try_at=None,
            last_status="500",
            written_at=_NOW,
        )
    ],
    message="1 letter",
    meta=ONE_PAGE,
)
