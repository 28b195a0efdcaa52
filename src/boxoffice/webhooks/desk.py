"""The desk of webhooks: what operators do with them, over HTTP and on the command line."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from msgspec import Struct

from boxoffice.engine.reads import Page
from boxoffice.settings.texts import Secret
from boxoffice.webhooks import limits
from boxoffice.webhooks.ledger import Ledger
from boxoffice.webhooks.messages import of_test
from boxoffice.webhooks.post import Post
from boxoffice.webhooks.signing import Signer
from boxoffice.webhooks.tables import Tables, view_of
from boxoffice.webhooks.views import Attempt, Letter, Mode, Order, Tested, Webhook, WebhookKey, WebhookSecret


class Wanted(Struct, frozen=True, kw_only=True):
    """What an endpoint is to be like. ``kinds``, ``show_ids`` None: all."""

    name: str
    url: str
    mode: Mode = "events"
    order: Order = "show"
    kinds: tuple[str, ...] | None = None
    show_ids: tuple[int, ...] | None = None
    personal: bool = False

    @property
    def _columns(self) -> tuple[object, ...]:
        kinds = None if self.kinds is None else list(self.kinds)
        return self.name, self.url, kinds, self.mode, self.order

    @property
    def fields(self) -> tuple[object, ...]:
        """The values as the functions of the database take them."""
        shows = None if self.show_ids is None else sorted(set(self.show_ids))
        return (*self._columns, shows, self.personal)

    def is_like(self, webhook: Webhook) -> bool:
        """Whether the endpoint is like this."""
        return self.fields == (
            *(webhook.name, webhook.url, webhook.kinds, webhook.mode, webhook.order),
            *(webhook.show_ids, webhook.personal),
        )


class Made(Struct, frozen=True):
    """An endpoint that was made, or found by the key of a repeated request. None: there are too many."""

    webhook: Webhook | None
    created: bool


class Desk:
    """Each method raises ``Unavailable`` or another ``Fault`` if the database fails."""

    def __init__(self, store: Tables) -> None:
        self._store: Final = store

    async def create(self, wanted: Wanted, *, from_start: bool, key: str | None = None) -> Made:
        """A new endpoint, told from now on, or of all that has happened. ``key``: of the request, with its
        caller; the same key finds the same endpoint.
        """
        digest = secrets.token_bytes(32) if key is None else sha256(key.encode()).digest()
        [row] = await self._store.write(
            "create_webhook", digest, *wanted.fields, from_start, limits.ENDPOINTS_MAX
        )
        if row["endpoint_id"] is None:
            return Made(None, created=False)
        return Made(await self.find(row["endpoint_id"]), created=row["created"])

    async def list(self) -> "list[Webhook]":
        """All endpoints by id."""
        return [view_of(row, Webhook) for row in await self._store.read("webhook_endpoints", None)]

    async def find(self, webhook_id: int) -> Webhook | None:
        """One endpoint."""
        rows = await self._store.read("webhook_endpoints", webhook_id)
        return view_of(rows[0], Webhook) if rows else None

    async def change(self, webhook_id: int, wanted: Wanted) -> Webhook | None:
        """Gives an endpoint new values. Shows that it was not told of before are told from now on."""
        await self._store.write("change_webhook", webhook_id, *wanted.fields)
        return await self.find(webhook_id)

    async def drop(self, webhook_id: int) -> bool:
        """Forgets an endpoint and what has not arrived there; False: there is none."""
        [row] = await self._store.write("drop_consumer", f"webhook:{webhook_id}")
        return bool(row["dropped"])

    async def pause(self, webhook_id: int) -> Webhook | None:
        """Sends nothing more; nothing is lost meanwhile."""
        await self._store.write("pause_webhook", webhook_id)
        return await self.find(webhook_id)

    async def resume(self, webhook_id: int, *, skip: bool) -> Webhook | None:
        """Sends again: all that has happened meanwhile, or (``skip``) only what happens from now on."""
        await self._store.write("resume_webhook", webhook_id, skip)
        return await self.find(webhook_id)

    async def rotate(self, webhook: Webhook, *, at_once: bool) -> Webhook | None:
        """A new secret. The old one is good for a day more, or (``at_once``) no longer.

        None: somebody else has done it meanwhile.
        """
        overlap = timedelta(hours=0 if at_once else limits.OLD_SECRET_HOURS)
        rows = await self._store.write("rotate_webhook", webhook.id, webhook.generation + 1, overlap)
        return await self.find(webhook.id) if rows else None

    async def replay(self, webhook_id: int, show_id: int, first: int, last: int) -> int | None:
        """Tells a show's events again; how many. None: the endpoint is told of no such show."""
        [row] = await self._store.write("replay_webhook", show_id, webhook_id, first, last)
        events: int | None = row["events"]
        return events

    async def attempts(self, webhook_id: int, *, before: int | None, limit: int) -> Page[Attempt]:
        """The attempts that are kept, the newest first."""
        rows = await self._store.read("webhook_attempts", webhook_id, before, limit + 1)
        return Page([view_of(row, Attempt) for row in rows[:limit]], len(rows) > limit)

    async def letters(self, webhook_id: int, *, after: int, limit: int) -> Page[Letter]:
        """What is told out of the order of its show, or was parked."""
        rows = await self._store.read("webhook_letters", webhook_id, after, limit + 1)
        return Page([view_of(row, Letter) for row in rows[:limit]], len(rows) > limit)

    async def retry(self, webhook_id: int, letter_id: int) -> bool:
        """Sends a letter again at once; False: there is none."""
        [row] = await self._store.write("retry_letter", webhook_id, letter_id)
        return bool(row["found"])

    async def test(self, webhook: Webhook, post: Post, source: str) -> Tested:
        """Sends a message that tells nothing, whatever state the endpoint is in."""
        message_id = f"test-{webhook.id}-{secrets.token_hex(8)}"
        message = of_test(webhook.id, message_id, source, datetime.now(UTC))
        signs_old = webhook.old_secret_until is not None
        answer = await post.send(webhook.url, webhook.id, webhook.generation, message, signs_old=signs_old)
        await Ledger(self._store).note_attempt(0, webhook.id, message.id, answer)
        return Tested(
            arrived=answer.arrived,
            status=answer.status,
            trouble=answer.trouble,
            excerpt=answer.excerpt,
            milliseconds=round(answer.seconds * 1_000),
        )


def secret_of(webhook: Webhook, key: Secret) -> WebhookSecret:
    """The endpoint with its present secret."""
    signer = Signer(key, webhook.id, webhook.generation)
    return WebhookSecret(webhook=webhook, secret=signer.secret, public_key=signer.public_key)


def public_keys(webhooks: Sequence[Webhook], key: Secret) -> "list[WebhookKey]":
    """The keys by which messages can be checked at this moment; two while a secret is replaced."""
    return [
        WebhookKey(
            webhook_id=webhook.id,
            generation=generation,
            public_key=Signer(key, webhook.id, generation).public_key,
        )
        for webhook in webhooks
        for generation in (webhook.generation, webhook.generation - 1)
        if generation == webhook.generation or webhook.old_secret_until is not None
    ]
