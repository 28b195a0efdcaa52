"""The commands on webhooks: ``boxoffice webhooks ...``."""

import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Literal, TypeVar

import msgspec
import typer

from boxoffice.cli.output import AsJson, fail, out, print_json, print_table
from boxoffice.cli.shared import in_database, read_settings
from boxoffice.engine.runtime import open_store
from boxoffice.settings.settings import Settings
from boxoffice.settings.texts import Secret
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.texts import text_in_form
from boxoffice.vocabulary.views import EventKind
from boxoffice.webhooks.desk import Desk, Wanted, secret_of
from boxoffice.webhooks.settings import WebhookSettings
from boxoffice.webhooks.urls import UnfitUrl, fit_url
from boxoffice.webhooks.views import Letter, Webhook, WebhookSecret
from boxoffice.webhooks.worker import open_post

T = TypeVar("T")

Id = Annotated[int, typer.Argument(metavar="ID", min=1, max=limits.ID_MAX, help="The webhook's id.")]

LETTERS_SHOWN_MAX: Final = 1_000
"""Most letters that `parked` lists: more fit no terminal."""

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Other servers that are told what happens."
)


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where messages are sent.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "webhook",
    mode: Annotated[Literal["events", "batch", "hint"], typer.Option(help="What a message has.")] = "events",
    order: Annotated[
        Literal["show", "none"], typer.Option(help="Whether events wait for one another.")
    ] = "show",
    kind: Annotated[list[EventKind] | None, typer.Option(help="Only events of this kind.")] = None,
    show: Annotated[
        list[int] | None, typer.Option(min=1, max=limits.SHOW_ID_MAX, help="Only this show.")
    ] = None,
    personal: Annotated[bool, typer.Option("--personal", help="Tell who booked and who acted.")] = False,
    from_start: Annotated[bool, typer.Option("--from-start", help="Tell all that has happened.")] = False,
) -> None:
    """Make a webhook. Its secret is shown once."""
    key = _key()
    formed = text_in_form(name)
    if formed is None or len(formed) > limits.NAME_CHARS_MAX:
        fail(f"a webhook's name has 1 to {limits.NAME_CHARS_MAX} characters, all of them visible")
    if (mode == "hint" and kind) or (mode != "events" and order == "none"):
        fail("hints are of all kinds, and only `--mode events` may have `--order none`")
    wanted = Wanted(
        name=formed,
        url=_fit(url),
        mode=mode,
        order=order,
        kinds=tuple(sorted(set(kind))) if kind else None,
        show_ids=tuple(sorted(set(show))) if show else None,
        personal=personal,
    )
    made = _at_desk(lambda desk: desk.create(wanted, from_start=from_start))
    if made.webhook is None:
        fail("there are too many webhooks; delete one first")
    _tell_secret(secret_of(made.webhook, key))


@app.command("list")
def list_webhooks(as_json: AsJson = False) -> None:
    """List all webhooks, without their secrets."""
    webhooks = _at_desk(lambda desk: desk.list())
    if as_json:
        print_json([msgspec.to_builtins(webhook) for webhook in webhooks])
    else:
        heads = ("id", "name", "url", "mode", "shows", "state", "failures", "blocked", "parked")
        print_table(heads, [_row(webhook) for webhook in webhooks])


@app.command()
def test(webhook_id: Id) -> None:
    """Send a test message and say what came of it; status 1 if it has not arrived."""
    key, settings = _key(), read_settings()

    async def work(desk: Desk) -> str:
        webhook = await desk.find(webhook_id)
        if webhook is None:
            fail(_none(webhook_id))
        post = open_post(settings.webhooks, key)
        try:
            tested = await desk.test(webhook, post, settings.feed.source)
        finally:
            await post.close()
        told = tested.trouble or str(tested.status)
        return "" if tested.arrived else f"it has not arrived: {told} {tested.excerpt}".strip()

    if trouble := _at_desk(work):
        fail(trouble)
    out.print("the message has arrived", markup=False)


@app.command()
def rotate(
    webhook_id: Id,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="The old secret ends now, as after a leak.")
    ] = False,
) -> None:
    """Make a new secret; for a day messages are signed with the old one, too."""
    key = _key()

    async def work(desk: Desk) -> Webhook | None:
        webhook = await desk.find(webhook_id)
        if webhook is None:
            fail(_none(webhook_id))
        if webhook.old_secret_until is not None and not at_once:
            fail(f"the secret before is good until {webhook.old_secret_until}; --at-once ends it")
        return await desk.rotate(webhook, at_once=at_once)

    rotated = _at_desk(work)
    if rotated is None:
        fail("somebody else has replaced the secret meanwhile")
    _tell_secret(secret_of(rotated, key))


@app.command()
def pause(webhook_id: Id) -> None:
    """Send nothing more; nothing is lost."""
    _tell(webhook_id, _at_desk(lambda desk: desk.pause(webhook_id)))


@app.command()
def resume(
    webhook_id: Id,
    backlog: Annotated[
        Literal["resume", "skip"], typer.Option(help="Tell what has happened meanwhile, or skip it.")
    ],
) -> None:
    """Send again."""
    _tell(webhook_id, _at_desk(lambda desk: desk.resume(webhook_id, skip=backlog == "skip")))


@app.command()
def replay(
    webhook_id: Id,
    show: Annotated[int, typer.Option(min=1, max=limits.SHOW_ID_MAX, help="The show.")],
    first: Annotated[int, typer.Option("--from", min=1, max=limits.ID_MAX, help="The first event.")],
    last: Annotated[int, typer.Option("--to", min=1, max=limits.ID_MAX, help="The last event.")],
) -> None:
    """Tell events of a show again, in order and under the same ids."""
    events = _at_desk(lambda desk: desk.replay(webhook_id, show, first, last))
    if not events:
        fail("none of these events was told before")
    out.print(f"events told again: {events}", markup=False)


@app.command()
def parked(
    webhook_id: Id,
    retry: Annotated[
        int | None, typer.Option(min=1, max=limits.ID_MAX, help="Send this letter again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what did not arrive, or send one letter again."""
    if retry is not None:
        if not _at_desk(lambda desk: desk.retry(webhook_id, retry)):
            fail(f"webhook {webhook_id} has no letter {retry}")
        out.print(f"letter {retry} is sent again", markup=False)
        return
    letters = _at_desk(lambda desk: desk.letters(webhook_id, after=0, limit=LETTERS_SHOWN_MAX)).items
    if as_json:
        print_json([msgspec.to_builtins(letter) for letter in letters])
    else:
        heads = ("letter", "show", "events", "cause", "attempts", "last", "next try")
        print_table(heads, [_letter_row(letter) for letter in letters])


def _at_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    async def run(settings: Settings) -> T:
        async with open_store(settings) as store:
            return await work(Desk(store))

    return in_database(run)


def _settings() -> WebhookSettings:
    return read_settings().webhooks


def _key() -> Secret:
    key = _settings().secret_key
    if key is None:
        fail("there are no webhooks without WEBHOOK_SECRET_KEY; `openssl rand -hex 32` makes one")
    return key


def _fit(url: str) -> str:
    try:
        return fit_url(url, _settings())
    except UnfitUrl as unfit:
        fail(f"a webhook cannot have this address: {unfit}")


def _tell(webhook_id: int, webhook: Webhook | None) -> None:
    if webhook is None:
        fail(_none(webhook_id))
    out.print(f"webhook {webhook.id} is {webhook.state}", markup=False)


def _none(webhook_id: int) -> str:
    return f"there is no webhook {webhook_id}"


def _tell_secret(told: WebhookSecret) -> None:
    out.print(f"webhook {told.webhook.id}; public key {told.public_key}", markup=False)
    out.print("the secret is shown once:", markup=False)
    sys.stdout.write(f"{told.secret}\n")
    sys.stdout.flush()


def _row(webhook: Webhook) -> tuple[str, ...]:
    shows = "all" if webhook.show_ids is None else ", ".join(map(str, webhook.show_ids))
    counts = (webhook.failures, webhook.shows_blocked, webhook.parked)
    named = (str(webhook.id), webhook.name, webhook.url, webhook.mode)
    return (*named, shows, webhook.state, *map(str, counts))


def _letter_row(letter: Letter) -> tuple[str, ...]:
    when = "parked" if letter.next_try_at is None else f"{letter.next_try_at:%Y-%m-%d %H:%M:%S}"
    events = f"{letter.seq}" if letter.seq == letter.last_seq else f"{letter.seq} to {letter.last_seq}"
    row = (letter.id, letter.show_id, events, letter.cause, letter.attempts, letter.last_status or "-", when)
    return tuple(map(str, row))
