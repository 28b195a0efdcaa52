"""The operations on webhooks."""

from typing import Annotated, Final

from litestar import Controller, Response
from litestar.openapi.spec import Example
from litestar.params import Body as RequestBody
from litestar.params import PathParameter

from boxoffice.access.callers import Forbidden
from boxoffice.settings.texts import Secret
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.web.http.answers import PageMeta, counted
from boxoffice.web.http.costs import PAGE
from boxoffice.web.http.operation import ReadOperation
from boxoffice.web.http.paging import listed, number_after
from boxoffice.web.http.parameters import Cursor, IdempotencyKey, Limit
from boxoffice.web.http.refusals import Refusal, found
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.samples import ONE_PAGE
from boxoffice.web.http.services import Services
from boxoffice.webhooks import limits as bounds
from boxoffice.webhooks import operations, policies, refusals, samples
from boxoffice.webhooks.answers import (
    AttemptListAnswer,
    LetterListAnswer,
    ReplayedAnswer,
    TestedAnswer,
    WebhookAnswer,
    WebhookKeyListAnswer,
    WebhookListAnswer,
    WebhookSecretAnswer,
)
from boxoffice.webhooks.bodies import NewWebhook, Replay, Resume, Rotate, WebhookChanges
from boxoffice.webhooks.desk import Desk, Wanted, public_keys, secret_of
from boxoffice.webhooks.settings import WebhookSettings, settings_of
from boxoffice.webhooks.views import Replayed, Webhook
from boxoffice.webhooks.worker import open_post

WebhookId = Annotated[
    int,
    PathParameter(
        ge=1,
        le=limits.ID_MAX,
        description="The webhook's id: an integer from 1 on.",
        examples=[Example(id="webhook", value=1)],
    ),
]
LetterId = Annotated[
    int,
    PathParameter(
        ge=1,
        le=limits.ID_MAX,
        description="The letter's id: an integer from 1 on.",
        examples=[Example(id="letter", value=1)],
    ),
]
_NEW: Final = [
    Example(id="all", summary="Everything", value={"name": "Shop", "url": "https://shop.example/hooks"}),
    Example(
        id="some",
        summary="Sales of one show",
        value={
            "name": "Shop",
            "url": "https://shop.example/hooks",
            "kinds": ["booked", "confirmed"],
            "show_ids": [1],
        },
    ),
]


class WebhooksController(Controller):
    """Operations on webhooks."""

    tags = ("Webhooks",)

    @operations.CREATE.route
    async def create_webhook(
        self,
        request: ApiRequest,
        data: Annotated[NewWebhook, RequestBody(examples=_NEW)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[WebhookSecretAnswer]:
        """Tells an endpoint what happens from now on, or from the start of all shows.

        The answer has the secret by which the endpoint checks messages. It is not shown again.
        """
        settings, key = _settings(request), _key(request)
        wanted = data.wanted(settings)
        _check_shows(request, wanted.show_ids)
        caller = request.access.caller.actor
        name = None if idempotency_key is None else f"{caller}\n{idempotency_key}"
        made = await _desk(request).create(wanted, from_start=data.from_start, key=name)
        if made.webhook is None:
            raise Refusal(Refused(refusals.TOO_MANY, {"limit": bounds.ENDPOINTS_MAX}))
        if not made.created and not wanted.is_like(made.webhook):
            raise Refusal(Refused(RefusalCode.IDEMPOTENCY_KEY_REUSED))
        answer = WebhookSecretAnswer(data=secret_of(made.webhook, key), message="Webhook created")
        headers = (
            {"Location": f"/api/webhooks/{made.webhook.id}"}
            if made.created
            else {"Idempotency-Replayed": "true"}
        )
        return Response(answer, status_code=201 if made.created else 200, headers=headers)

    @ReadOperation(
        id="listWebhooks",
        path="/api/webhooks",
        summary="List webhooks",
        policy=policies.WEBHOOK_READ,
        cost=PAGE,
        example=WebhookListAnswer(data=[samples.WEBHOOK], message="1 webhook", meta=ONE_PAGE),
        meaning="All webhooks",
    ).route
    async def list_webhooks(self, request: ApiRequest) -> Response[WebhookListAnswer]:
        """All webhooks by id; a key for some shows sees those of its shows alone."""
        webhooks = [one for one in await _desk(request).list() if _reaches(request, one)]
        meta = PageMeta(count=len(webhooks), next_cursor=None)
        message = counted(len(webhooks), "webhook")
        return Response(WebhookListAnswer(data=webhooks, message=message, meta=meta))

    @ReadOperation(
        id="getWebhook",
        path=operations.PATH,
        summary="Get a webhook",
        policy=policies.WEBHOOK_READ,
        refusals=(refusals.NOT_FOUND,),
        example=samples.ANSWER,
        meaning="The webhook",
    ).route
    async def get_webhook(self, request: ApiRequest, webhook_id: WebhookId) -> Response[WebhookAnswer]:
        """A webhook by id: what it is told, and how it stands."""
        return _told(await _one(request, webhook_id), "Webhook found")

    @operations.CHANGE.route
    async def update_webhook(
        self,
        request: ApiRequest,
        webhook_id: WebhookId,
        data: Annotated[
            WebhookChanges, RequestBody(examples=[Example(id="name", value={"name": "New shop"})])
        ],
    ) -> Response[WebhookAnswer]:
        """Changes what is given and leaves the rest. New shows are told from now on."""
        now = await _one(request, webhook_id)
        wanted: Wanted = data.wanted(now, _settings(request))
        _check_shows(request, wanted.show_ids)
        return _told(await _desk(request).change(webhook_id, wanted), "Webhook updated")

    @operations.DELETE.route
    async def delete_webhook(self, request: ApiRequest, webhook_id: WebhookId) -> Response[WebhookAnswer]:
        """Forgets the webhook, how far it was told, and what has not arrived."""
        webhook = await _one(request, webhook_id)
        await _desk(request).drop(webhook_id)
        return _told(webhook, "Webhook deleted")

    @operations.TEST.route
    async def test_webhook(self, request: ApiRequest, webhook_id: WebhookId) -> Response[TestedAnswer]:
        """Sends a message that tells nothing, at once, and says what came of it. It is not tried again."""
        webhook, key = await _one(request, webhook_id), _key(request)
        post = open_post(_settings(request), key)
        try:
            tested = await _desk(request).test(webhook, post, request.services.feed.source)
        finally:
            await post.close()
        message = "The message has arrived" if tested.arrived else "The message has not arrived"
        return Response(TestedAnswer(data=tested, message=message))

    @operations.ROTATE.route
    async def rotate_webhook_secret(
        self,
        request: ApiRequest,
        webhook_id: WebhookId,
        data: Annotated[Rotate, RequestBody(examples=[Example(id="plain", value={"at_once": False})])],
    ) -> Response[WebhookSecretAnswer]:
        """Makes a new secret. For 24 hours messages are signed with both, unless the old one ends at once."""
        webhook, key = await _one(request, webhook_id), _key(request)
        if webhook.old_secret_until is not None and not data.at_once:
            raise Refusal(Refused(refusals.ROTATING, {"until": webhook.old_secret_until}))
        rotated = found(await _desk(request).rotate(webhook, at_once=data.at_once), refusals.ROTATING)
        return Response(WebhookSecretAnswer(data=secret_of(rotated, key), message="Secret replaced"))

    @operations.PAUSE.route
    async def pause_webhook(self, request: ApiRequest, webhook_id: WebhookId) -> Response[WebhookAnswer]:
        """Sends nothing more. What happens meanwhile is not lost."""
        await _one(request, webhook_id)
        return _told(await _desk(request).pause(webhook_id), "Webhook paused")

    @operations.RESUME.route
    async def resume_webhook(
        self,
        request: ApiRequest,
        webhook_id: WebhookId,
        data: Annotated[Resume, RequestBody(examples=[Example(id="all", value={"backlog": "resume"})])],
    ) -> Response[WebhookAnswer]:
        """Sends again, with or without what has happened meanwhile."""
        await _one(request, webhook_id)
        webhook = await _desk(request).resume(webhook_id, skip=data.backlog == "skip")
        return _told(webhook, "Webhook resumed")

    @operations.REPLAY.route
    async def replay_webhook(
        self,
        request: ApiRequest,
        webhook_id: WebhookId,
        data: Annotated[
            Replay, RequestBody(examples=[Example(id="some", value={"show_id": 1, "from": 1, "to": 9})])
        ],
    ) -> Response[ReplayedAnswer]:
        """Tells events of a show again that were told before: in order, under the same ids."""
        data.check()
        await _one(request, webhook_id)
        if not request.access.caller.reaches(data.show_id):
            raise Refusal(Refused(RefusalCode.SHOW_NOT_FOUND))
        events = await _desk(request).replay(webhook_id, data.show_id, data.first, data.last)
        number = found(events, RefusalCode.SHOW_NOT_FOUND)
        if number == 0:
            raise Refusal(Refused(refusals.NOTHING_TO_REPLAY))
        message = f"{counted(number, 'event')} told again"
        return Response(ReplayedAnswer(data=Replayed(events=number), message=message))

    @ReadOperation(
        id="listWebhookAttempts",
        path=operations.PATH + "/attempts",
        summary="List the attempts at a webhook",
        policy=policies.WEBHOOK_READ,
        cost=PAGE,
        refusals=(refusals.NOT_FOUND,),
        example=samples.ATTEMPTS_ANSWER,
        meaning="One page of attempts",
    ).route
    async def list_webhook_attempts(
        self,
        request: ApiRequest,
        webhook_id: WebhookId,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
    ) -> Response[AttemptListAnswer]:
        """The newest first: attempts of the last 30 days that failed, or were made by hand. What arrives at
        once leaves no attempt.
        """
        await _one(request, webhook_id)
        page = await _desk(request).attempts(webhook_id, before=number_after(cursor), limit=limit)
        message = counted(len(page.items), "attempt")
        return listed(request, AttemptListAnswer, page, lambda attempt: attempt.id, message)

    @ReadOperation(
        id="listWebhookLetters",
        path=operations.PATH + "/parked",
        summary="List the letters of a webhook",
        policy=policies.WEBHOOK_READ,
        cost=PAGE,
        refusals=(refusals.NOT_FOUND,),
        example=samples.LETTERS_ANSWER,
        meaning="One page of letters",
    ).route
    async def list_webhook_letters(
        self,
        request: ApiRequest,
        webhook_id: WebhookId,
        cursor: Cursor = None,
        limit: Limit = limits.PAGE_ITEMS_MAX,
    ) -> Response[LetterListAnswer]:
        """What was parked, because it failed for too long, and what is told again or by itself."""
        await _one(request, webhook_id)
        page = await _desk(request).letters(webhook_id, after=number_after(cursor) or 0, limit=limit)
        message = counted(len(page.items), "letter")
        return listed(request, LetterListAnswer, page, lambda letter: letter.id, message)

    @operations.RETRY.route
    async def retry_webhook_letter(
        self, request: ApiRequest, webhook_id: WebhookId, letter_id: LetterId
    ) -> Response[WebhookAnswer]:
        """Tries a letter again, within a second, under the id of its events. If it fails, it is parked
        again.
        """
        webhook = await _one(request, webhook_id)
        if not await _desk(request).retry(webhook_id, letter_id):
            raise Refusal(Refused(refusals.LETTER_NOT_FOUND))
        return _told(webhook, "The letter is sent again")

    @ReadOperation(
        id="listWebhookKeys",
        path="/api/webhook-keys",
        summary="List the public keys of webhooks",
        policy=policies.WEBHOOK_KEYS,
        cost=PAGE,
        example=samples.KEYS_ANSWER,
        meaning="All keys that are good now",
    ).route
    async def list_webhook_keys(self, request: ApiRequest) -> Response[WebhookKeyListAnswer]:
        """The keys by which receivers check the `v1a` signatures of messages (Ed25519); while a secret is
        replaced, two of a webhook.
        """
        key = _settings(request).secret_key
        keys = [] if key is None else public_keys(await _desk(request).list(), key)
        meta = PageMeta(count=len(keys), next_cursor=None)
        return Response(WebhookKeyListAnswer(data=keys, message=counted(len(keys), "key"), meta=meta))


def _settings(request: ApiRequest) -> WebhookSettings:
    services: Services = request.services
    return settings_of(services.settings)


def _key(request: ApiRequest) -> Secret:
    key = _settings(request).secret_key
    return found(key, refusals.OFF)


def _desk(request: ApiRequest) -> Desk:
    return Desk(request.services.feed.store)


def _told(webhook: Webhook | None, message: str) -> Response[WebhookAnswer]:
    return Response(WebhookAnswer(data=found(webhook, refusals.NOT_FOUND), message=message))


async def _one(request: ApiRequest, webhook_id: int) -> Webhook:
    """The webhook, if the caller may see all its shows. Raises ``Refusal``."""
    webhook = await _desk(request).find(webhook_id)
    reached = webhook if webhook is not None and _reaches(request, webhook) else None
    return found(reached, refusals.NOT_FOUND)


def _reaches(request: ApiRequest, webhook: Webhook) -> bool:
    shows = request.access.caller.show_ids
    return shows is None or (webhook.show_ids is not None and shows.issuperset(webhook.show_ids))


def _check_shows(request: ApiRequest, show_ids: tuple[int, ...] | None) -> None:
    """A key for some shows makes webhooks of these shows alone. Raises ``Forbidden`` or ``Refusal``."""
    shows = request.access.caller.show_ids
    if shows is not None and show_ids is None:
        raise Forbidden("This key is for some shows only: name some of these in show_ids.")
    if shows is not None and not shows.issuperset(show_ids or ()):
        raise Refusal(Refused(RefusalCode.SHOW_NOT_FOUND))
