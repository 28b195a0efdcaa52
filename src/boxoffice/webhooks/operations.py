"""The operations on webhooks that change something, told once. They are no commands of the engine."""

from typing import Final

from boxoffice.vocabulary.outcomes import RefusalCode
from boxoffice.web.http.operation import DeskOperation
from boxoffice.webhooks import policies, refusals, samples

PATH: Final = "/api/webhooks/{webhook_id:str}"
_ONE: Final = (refusals.NOT_FOUND,)


def _on_one(operation_id: str, suffix: str, summary: str, *, more: tuple[str, ...] = ()) -> DeskOperation:
    return DeskOperation(
        id=operation_id,
        method="POST",
        path=PATH + suffix,
        summary=summary,
        policy=policies.WEBHOOK,
        refusals=(*_ONE, *more),
        example=samples.ANSWER,
        meaning="The webhook as it is now",
    )


CREATE: Final = DeskOperation(
    id="createWebhook",
    method="POST",
    path="/api/webhooks",
    summary="Create a webhook",
    policy=policies.WEBHOOK,
    refusals=(
        refusals.OFF,
        refusals.TOO_MANY,
        RefusalCode.SHOW_NOT_FOUND,
        RefusalCode.IDEMPOTENCY_KEY_REUSED,
    ),
    example=samples.SECRET_ANSWER,
    meaning="The webhook with its secret, which is shown once",
    status=201,
    again=200,
)
CHANGE: Final = DeskOperation(
    id="updateWebhook",
    method="PUT",
    path=PATH,
    summary="Change a webhook",
    policy=policies.WEBHOOK,
    refusals=(*_ONE, RefusalCode.SHOW_NOT_FOUND),
    example=samples.ANSWER,
    meaning="The webhook as it is now",
)
DELETE: Final = DeskOperation(
    id="deleteWebhook",
    method="DELETE",
    path=PATH,
    summary="Delete a webhook",
    policy=policies.WEBHOOK,
    refusals=_ONE,
    example=samples.ANSWER,
    meaning="The webhook as it was",
)
TEST: Final = DeskOperation(
    id="testWebhook",
    method="POST",
    path=PATH + "/test",
    summary="Send a test message",
    policy=policies.WEBHOOK,
    refusals=(*_ONE, refusals.OFF),
    example=samples.TESTED_ANSWER,
    meaning="What came of it",
)
ROTATE: Final = DeskOperation(
    id="rotateWebhookSecret",
    method="POST",
    path=PATH + "/rotate",
    summary="Replace the secret of a webhook",
    policy=policies.WEBHOOK,
    refusals=(*_ONE, refusals.OFF, refusals.ROTATING),
    example=samples.SECRET_ANSWER,
    meaning="The webhook with its new secret",
)
REPLAY: Final = DeskOperation(
    id="replayWebhook",
    method="POST",
    path=PATH + "/replay",
    summary="Tell events again",
    policy=policies.WEBHOOK,
    refusals=(*_ONE, RefusalCode.SHOW_NOT_FOUND, refusals.NOTHING_TO_REPLAY),
    example=samples.REPLAYED_ANSWER,
    meaning="How many",
)
PAUSE: Final = _on_one("pauseWebhook", "/pause", "Pause a webhook")
RESUME: Final = _on_one("resumeWebhook", "/resume", "Resume a webhook that is paused or disabled")
RETRY: Final = _on_one(
    "retryWebhookLetter",
    "/parked/{letter_id:str}/retry",
    "Send a parked letter again",
    more=(refusals.LETTER_NOT_FOUND,),
)
