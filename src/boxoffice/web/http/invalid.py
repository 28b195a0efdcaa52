"""Invalid input: which field is wrong, what was expected there, and what the problem was."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, Literal

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException
from litestar.params import ParameterKwarg
from msgspec import Struct

Place = Literal["body", "query", "path", "header"]

_PATH: Final = re.compile(r" - at (?:`key` in )?`\$\.?(?P<path>.*)`$")
_UNKNOWN_FIELD: Final = re.compile(r"Object contains unknown field `(?P<path>.*)`")
_MISSING_FIELD: Final = re.compile(r"Object missing required field `(?P<path>.*)`")


class FieldError(Struct, rename={"place": "in"}):
    """One thing that is wrong: where it is, what is expected there, and what the problem was."""

    place: Place
    path: str
    expected: str
    problem: str


class InvalidInput(Exception):
    """The request cannot be read, or does not fit its schema."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(errors)
        self.errors = list(errors)


class Unfit(Exception):
    """The request can be read, and cannot be served as it is. ``code``: of the problem that says why."""

    def __init__(self, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code: Final = code
        self.headers: Final = headers or {}


def invalid_field(path: str, expected: str, problem: str, place: Place = "body") -> InvalidInput:
    """One wrong field, as an exception to raise."""
    return InvalidInput(FieldError(place, path, expected, problem))


def unreadable_body(error: Exception) -> InvalidInput:
    """The error for a body that is no JSON at all."""
    return invalid_field("", "a JSON object in UTF-8", str(error))


def misfit_body(body_type: Any, error: msgspec.ValidationError) -> InvalidInput:
    """The error for a body that is JSON, but not what ``body_type`` describes."""
    text = str(error)
    if unknown := _UNKNOWN_FIELD.match(text):
        known = ", ".join(_descriptions(body_type))
        return invalid_field(unknown["path"], f"no field but: {known}", "Unknown field")
    if missing := _MISSING_FIELD.match(text):
        return invalid_field(missing["path"], _expected(body_type, missing["path"]), "Missing")
    located = _PATH.search(text)
    path = located["path"] if located else ""
    problem = text[: located.start()] if located else text
    return invalid_field(path, _expected(body_type, path), _without_pattern(problem))


def misfit_parameters(request: Request[Any, Any, Any], error: ValidationException) -> InvalidInput:
    """The errors for parameters (or a missing body) that do not fit the handler's signature."""
    return InvalidInput(*_parameter_errors(request, error))


def _parameter_errors(request: Request[Any, Any, Any], error: ValidationException) -> Iterator[FieldError]:
    fields = request.route_handler.parsed_fn_signature.parameters
    for found in error.extra or []:
        assert isinstance(found, dict)
        name, problem = found["key"], found["message"]
        if name == "data":
            yield FieldError("body", "", "a JSON object", "The body is empty")
            continue
        kwarg = fields[name].kwarg_definition
        assert isinstance(kwarg, ParameterKwarg)
        alias = kwarg.name or name
        yield FieldError(found["source"], alias, kwarg.description or problem, _without_pattern(problem))


def _without_pattern(problem: str) -> str:
    return "It does not match the pattern" if " matching regex " in problem else problem


def _expected(body_type: Any, path: str) -> str:
    field = re.split(r"[.\[]", path, maxsplit=1)[0]
    return _descriptions(body_type).get(field, "a JSON object")


@cache
def _descriptions(body_type: Any) -> dict[str, str]:
    """The description of every field, in the words of the schema."""
    schema = msgspec.json.schema(body_type)
    return {
        name: field.get("description", "")
        for definition in schema["$defs"].values()
        for name, field in definition.get("properties", {}).items()  # an enum has none
    }
