"""The request bodies of webhooks."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType, field

from boxoffice.vocabulary import limits as core
from boxoffice.vocabulary.views import EventKind
from boxoffice.web.http.bodies import Body
from boxoffice.web.http.fields import Name
from boxoffice.web.http.invalid import invalid_field
from boxoffice.web.http.texts import name_of
from boxoffice.webhooks import limits
from boxoffice.webhooks.desk import Wanted
from boxoffice.webhooks.settings import WebhookSettings
from boxoffice.webhooks.urls import UnfitUrl, fit_url
from boxoffice.webhooks.views import Webhook

Url = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=limits.URL_CHARS_MAX,
        pattern=r"^[\x21-\x7e]+(?!\n)$",
        description="Where messages are sent: an address that begins with https://, without a user, on port "
        "443; of a public host, unless the operator of the service allows others.",
        examples=["https://shop.example/hooks/boxoffice"],
    ),
]
Mode = Annotated[
    Literal["events", "batch", "hint"],
    Meta(
        description="`events`: a message for each event. `batch`: up to 100 events of a show in a message. "
        "`hint`: only that a show has changed, once a second at most."
    ),
]
Order = Annotated[
    Literal["show", "none"],
    Meta(
        description="`show`: the events of a show come in order, and wait for one that fails, for an hour at "
        "most. `none`: each event for itself; with mode `events` alone."
    ),
]
Kinds = Annotated[
    Annotated[
        list[EventKind],
        Meta(min_length=1, max_length=len(EventKind), extra_json_schema={"uniqueItems": True}),
    ]
    | None,
    Meta(
        description="Only events of these kinds; null: of all. Not with mode `hint`.",
        examples=[["confirmed", "cancelled"]],
    ),
]
ShowIds = Annotated[
    Annotated[
        list[Annotated[int, Meta(ge=1, le=core.SHOW_ID_MAX)]],
        Meta(min_length=1, max_length=limits.SHOWS_NAMED_MAX, extra_json_schema={"uniqueItems": True}),
    ]
    | None,
    Meta(
        description=f"Only these shows, at most {limits.SHOWS_NAMED_MAX}; null: all. A key for some shows "
        "names some of these.",
        examples=[[1]],
    ),
]
Personal = Annotated[
    bool, Meta(description="Whether events tell who booked and who acted (`user_id`, `actor`).")
]
Seq = Annotated[int, Meta(ge=1, le=core.ID_MAX, description="The number of an event of the show, from 1 on.")]


class NewWebhook(Body):
    """An endpoint to tell what happens."""

    name: Name
    url: Url
    mode: Mode = "events"
    order: Order = "show"
    kinds: Kinds = None
    show_ids: ShowIds = None
    personal: Personal = False
    from_start: Annotated[
        bool, Meta(description="Whether everything that has happened is told first; else only what comes.")
    ] = False

    def wanted(self, settings: WebhookSettings) -> Wanted:
        """Raises ``InvalidInput``."""
        return _fit(
            Wanted(
                name=name_of(self.name),
                url=self.url,
                mode=self.mode,
                order=self.order,
                kinds=_all(self.kinds),
                show_ids=_all(self.show_ids),
                personal=self.personal,
            ),
            settings,
        )


class WebhookChanges(Body):
    """What to change of a webhook; what is not given stays as it is."""

    together: ClassVar[dict[str, Any]] = {"minProperties": 1}

    name: Name | UnsetType = UNSET
    url: Url | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET
    order: Order | UnsetType = UNSET
    kinds: Kinds | UnsetType = UNSET
    show_ids: ShowIds | UnsetType = UNSET
    personal: Personal | UnsetType = UNSET

    def wanted(self, now: Webhook, settings: WebhookSettings) -> Wanted:
        """What the webhook is to be like. Raises ``InvalidInput``."""
        given = {
            name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET
        }
        if not given:
            expected = f"at least one of: {', '.join(self.__struct_fields__)}"
            raise invalid_field("", expected, "Nothing is to be changed")
        if "name" in given:
            given["name"] = name_of(given["name"])
        kept = {name: getattr(now, name) for name in self.__struct_fields__}
        fields = kept | given
        for name in ("kinds", "show_ids"):
            fields[name] = _all(fields[name])
        return _fit(Wanted(**fields), settings)


class Resume(Body):
    """What becomes of what has happened meanwhile."""

    backlog: Annotated[
        Literal["resume", "skip"],
        Meta(
            description="`resume`: everything that has happened meanwhile is told first, in order. `skip`: "
            "none of it; the next message of each show says where the hole begins."
        ),
    ]


class Rotate(Body):
    """How the secret is replaced."""

    at_once: Annotated[
        bool,
        Meta(
            description="Whether the old secret ends at once, as after a leak; else it is good for 24 hours."
        ),
    ] = False


class Replay(Body):
    """Events of a show to tell again."""

    show_id: Annotated[int, Meta(ge=1, le=core.SHOW_ID_MAX, description="The show's id.", examples=[1])]
    first: Annotated[Seq, Meta(examples=[1])] = field(name="from")
    last: Annotated[Seq, Meta(examples=[9])] = field(name="to")

    def check(self) -> None:
        """Raises ``InvalidInput``."""
        if not self.first <= self.last < self.first + limits.REPLAY_EVENTS_MAX:
            expected = f"a number from `from` on, and at most {limits.REPLAY_EVENTS_MAX} events"
            raise invalid_field("to", expected, f"It is {self.last}")


def _all(items: list[Any] | None) -> tuple[Any, ...] | None:
    return None if items is None else tuple(sorted(set(items)))


def _fit(wanted: Wanted, settings: WebhookSettings) -> Wanted:
    """Refuses what does not go together, and addresses that are never reached."""
    if wanted.mode == "hint" and wanted.kinds is not None:
        raise invalid_field("kinds", "null with mode hint", "A hint does not say what has happened")
    if wanted.mode != "events" and wanted.order == "none":
        raise invalid_field("order", "show, unless mode is events", "It is none")
    try:
        fit_url(wanted.url, settings)
    except UnfitUrl as unfit:
        raise invalid_field("url", "an address that a webhook may have", str(unfit)) from None
    return wanted
