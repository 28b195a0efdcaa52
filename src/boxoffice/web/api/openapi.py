"""The description of the API (OpenAPI 3.1), made from the handlers and the wire types.

Litestar describes paths, parameters and answers. msgspec describes the types, because msgspec checks them,
and Litestar's own schemas lose constraints within unions and lists, and nulls in examples.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Example, License, Tag
from litestar.params import BodyKwarg
from litestar.types import ControllerRouterHandler

from boxoffice import __version__
from boxoffice.access.policies import Policy
from boxoffice.web.api.schema_forms import complete_event, complete_problem, generatable, or_me
from boxoffice.web.http.kinds import Kind
from boxoffice.web.http.operation import CommandOperation, Operation, StreamOperation, operations_of
from boxoffice.web.http.problems import MEDIA_TYPE, Problem, worded
from boxoffice.web.http.request import ApiRequest
from boxoffice.web.http.troubles import Trouble

_DESCRIPTION: Final = """\
Books anything that is sold by the seat: movies and concerts, bus trips, doctor appointments.

**Answers** are `{"success": true, "data": ..., "message": ...}`; lists also have `meta` with the cursor of
the next page, which the header `Link` names too.

**Errors** are problem details (RFC 9457) with a stable `code`: 400 for what cannot be read or does not fit
this description, 404 for what does not exist, 409 for what the current state does not allow, 422 for what is
well-formed but does not fit the show or the idempotency key, 503 with `Retry-After` for what is worth trying
again.

**Idempotency**: with an `Idempotency-Key` a request takes effect at most once per caller and show, however
often it is sent. The same request gets its first answer again, another one with the same key 422. A refusal
has no effect, and may be tried again with the same key. Answers are kept for 30 days, or what
`IDEMPOTENCY_KEYS_KEPT_DAYS` says.

**Access**: where authentication is on, all but the catalogue asks for `Authorization: Bearer ...` with a
person's token or a server's API key (which may also come as `X-Api-Key`). 401 says that it is not known who
asks, 403 that the role does not allow it; what belongs to others is not found (404). 429 with `Retry-After`
asks to slow down.

**Times** are RFC 3339 in UTC, **ids** integers below 2^53 (text is accepted too), **seats** numbered from 1.
Every answer has an `X-Request-Id`, and bodies are read as JSON whatever their `Content-Type`.
"""
# Members that Litestar writes although they say nothing.
_NOISE: Final = {"deprecated", "allowEmptyValue", "allowReserved"}

_SUCCESSES: Final = ("200", "201", "304")
_VERSION: Final = "Version of the show, for If-None-Match and If-Match."
_OF_ANSWERS: Final = {"ETag": _VERSION, "Location": "Where the new resource is."}
"""The headers that answers to commands have, with their meanings."""

_HEADERS: Final = (
    ("If-None-Match", _SUCCESSES, "ETag", _VERSION),
    ("cursor", _SUCCESSES, "Link", 'The next page, as `<...>; rel="next"`; missing on the last one.'),
    ("after", _SUCCESSES, "Link", 'The next page, as `<...>; rel="next"`; missing on the last one.'),
    ("Idempotency-Key", _SUCCESSES, "Idempotency-Replayed", "`true`: this was done by an earlier request."),
    (
        None,
        ("401",),
        "WWW-Authenticate",
        "How to say who asks, and what is wrong with the credential (RFC 6750).",
    ),
    (None, ("429",), "RateLimit", 'What is left, as `"writes";r=0;t=60`.'),
    (None, ("429",), "RateLimit-Policy", 'The limit, as `"writes";q=120;w=60`.'),
    (None, ("429", "503"), "Retry-After", "Seconds after which it is worth trying again."),
)
"""Headers of answers: the parameter that the operation must have (None: any operation), the statuses of the
answers that have the header, its name, and its meaning."""
_CREDENTIALS: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"apiKey": []}]
_SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A person's token (JWT) from the OpenID Connect provider that is set, or an API key.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Api-Key",
        "description": "An API key: `boxoffice keys create`.",
    },
}


def render(document: dict[str, Any]) -> str:
    """The description as JSON."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def describe(
    described: Sequence[ControllerRouterHandler], kinds: Mapping[str, Kind], tags: list[Tag]
) -> dict[str, Any]:
    """The description of these operations as data; ``kinds`` has the problems that they name."""
    app = Litestar(described, request_class=ApiRequest, openapi_config=_config(tags), logging_config=None)
    document: dict[str, Any] = _tidied(app.openapi_schema.to_schema())
    operations = {o["operationId"]: o for path in document["paths"].values() for o in path.values()}
    told: set[str] = set()
    for handler, operation in operations_of(app):
        codes = [
            *operation.errors(has_body=handler.parsed_data_field is not None),
            *_of_gate(operation.policy),
        ]
        told.update(codes)
        _complete(operations[operation.id], handler, operation, _by_status(codes, kinds))
    schemas = _schemas(app)
    complete_problem(schemas["Problem"], kinds)
    for name in {"Event", "UserEvent"} & schemas.keys():
        complete_event(schemas[name])
    document["components"] = {
        "schemas": schemas,
        "examples": {code: _problem_example(code, kinds[code]) for code in sorted(told)},
        "securitySchemes": _SCHEMES,
    }
    formed: dict[str, Any] = generatable(document)
    return formed


def _config(tags: list[Tag]) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Boxoffice",
        version=__version__,
        description=_DESCRIPTION,
        license=License(name="ISC", identifier="ISC"),
        tags=tags,
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin()],
    )


def _complete(
    described: dict[str, Any],
    handler: HTTPRouteHandler,
    operation: Operation,
    errors: dict[int, dict[str, Kind]],
) -> None:
    """Adds what Litestar leaves out: examples by name, what the body is, problems, and headers of answers."""
    if body := described.get("requestBody"):
        _complete_body(body, handler)
    answers: dict[str, Any] = described["responses"]
    for status, spec in (handler.responses or {}).items():
        if spec.data_container is not None:
            answers[str(status)]["content"][spec.media_type]["examples"] = _examples(spec.examples or [])
    if isinstance(operation, StreamOperation):
        answers["200"]["content"]["text/event-stream"] = _stream(operation)
    answers |= {str(status): _problem_answer(kinds) for status, kinds in errors.items()}
    described["security"] = [] if operation.policy.open else _CREDENTIALS
    described["responses"] = dict(sorted(answers.items()))
    or_me(described.get("parameters", []))
    _add_headers(described, operation)


def _stream(operation: StreamOperation) -> dict[str, Any]:
    """The other form of a stream operation's answer. Its schema is a text: OpenAPI has none for events."""
    example = {"summary": "A stream", "value": operation.stream}
    return {"schema": {"type": "string"}, "examples": {"stream": example}}


def _of_gate(policy: Policy) -> Iterator[str]:
    """The codes of the problems that the gate can answer under a policy."""
    yield "unauthenticated"
    if not policy.open:
        yield from ("forbidden", "no_profile")
    if policy.rate is not None:
        yield "rate_limited"


def _by_status(codes: Iterable[str], kinds: Mapping[str, Kind]) -> dict[int, dict[str, Kind]]:
    by_status: dict[int, dict[str, Kind]] = {}
    for code in codes:
        by_status.setdefault(kinds[code].status, {})[code] = kinds[code]
    return by_status


def _problem_answer(kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The answer with one status. Many operations share an example: it stands once, and is referred to."""
    examples = {code: _reference("examples", code) for code in kinds}
    content = {MEDIA_TYPE: {"schema": _reference("schemas", "Problem"), "examples": examples}}
    return {"description": "; ".join(kind.title for kind in kinds.values()), "content": content}


def _problem_example(code: str, kind: Kind) -> dict[str, Any]:
    return {
        "summary": kind.title,
        "value": worded(kind, Trouble(code, kind.example)) | {"request_id": "9f1c"},
    }


def _complete_body(body: dict[str, Any], handler: HTTPRouteHandler) -> None:
    field = handler.parsed_data_field
    assert field is not None
    assert isinstance(field.kwarg_definition, BodyKwarg)
    body["required"] = not field.is_optional
    name = next(
        kind for kind in (field.annotation, *field.args) if hasattr(kind, "__struct_fields__")
    ).__name__
    examples = _examples(field.kwarg_definition.examples or [])
    schema: dict[str, Any] = _reference("schemas", name)
    if field.is_optional:
        schema = {"anyOf": [schema, {"type": "null"}]}
    body["content"] = {"application/json": {"schema": schema, "examples": examples}}


def _add_headers(described: dict[str, Any], operation: Operation) -> None:
    """Adds the headers of the table, and those that an example's answer to a command has."""
    parameters = {parameter["name"] for parameter in described.get("parameters", [])}
    if isinstance(operation, StreamOperation):
        parameters.discard("after")  # a stream has no pages
    answers = described["responses"]
    for parameter, statuses, name, meaning in _HEADERS:
        for status in statuses:
            if status in answers and (parameter is None or parameter in parameters):
                _add_header(answers[status], name, meaning)
    if isinstance(operation, CommandOperation):
        for success in map(operation.answer, operation.examples.values()):
            for name in success.headers:
                _add_header(answers[str(success.status)], name, _OF_ANSWERS[name])


def _add_header(answer: dict[str, Any], name: str, meaning: str) -> None:
    answer.setdefault("headers", {})[name] = {"description": meaning, "schema": {"type": "string"}}


def _examples(examples: list[Example]) -> dict[str, Any]:
    return {
        str(example.id): {"summary": example.summary, "value": msgspec.to_builtins(example.value)}
        for example in examples
    }


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _schemas(app: Litestar) -> dict[str, Any]:
    template = _reference("schemas", "{name}")["$ref"]
    types = list(_wire_types(app))
    _, schemas = msgspec.json.schema_components(types, ref_template=template)
    for kind in types:
        if together := getattr(kind, "together", None):
            schemas[kind.__name__] |= together
    for schema in schemas.values():
        if schema.get("additionalProperties", True):  # an answer: fields with a default are always sent
            always = schema.get("required", [])
            fields: dict[str, Any] = schema.get("properties", {})
            schema["required"] = [
                name for name, field in fields.items() if name in always or "default" in field
            ]
    return dict(sorted(schemas.items()))


def _wire_types(app: Litestar) -> Iterator[Any]:
    yield Problem
    for handler, _ in operations_of(app):
        if handler.parsed_data_field is not None:
            yield handler.parsed_data_field.annotation
        for spec in (handler.responses or {}).values():
            if spec.data_container is not None:
                yield spec.data_container


def _tidied(node: Any) -> Any:
    if isinstance(node, dict):
        node = _without_null(node)
        return {name: _tidied(value) for name, value in node.items() if not _is_noise(name, value, node)}
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if isinstance(node, float) and node.is_integer():
        return int(node)
    return node


def _is_noise(name: str, value: object, node: dict[str, Any]) -> bool:
    if name == "id":  # the id of an example, which its key tells already
        return "value" in node
    return (name in _NOISE and value is False) or (name == "headers" and value == {})


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    """A schema without its null: an optional parameter may be left out, but it may not be null."""
    choices = node.get("oneOf", [])
    others = [choice for choice in choices if choice != {"type": "null"}]
    if len(others) != 1 or len(others) == len(choices):
        return node
    return {**others[0], **{name: value for name, value in node.items() if name != "oneOf"}}
