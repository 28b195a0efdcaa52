"""Schemas in the forms that generators of clients read, without a loss for those who check by them.

msgspec says what is valid. A generator also asks how large an integer is, which words a text can be, and what
a problem has beside the members of all problems.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from boxoffice.vocabulary.views import EventKind
from boxoffice.web.http.kinds import Kind

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:")
_INT32_MAX: Final = 2**31 - 1

_TYPES: Final[Mapping[type, dict[str, Any]]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
}

_OR_ME: Final = {"type": "string", "enum": ["me"], "description": "The person's own user."}


def generatable(node: Any) -> Any:
    """The schema, or the whole description, in these forms."""
    if isinstance(node, list):
        return [generatable(item) for item in node]
    if not isinstance(node, dict):
        return node
    return _formed({name: generatable(value) for name, value in node.items()})


def _formed(node: dict[str, Any]) -> dict[str, Any]:
    if node.get("items") is False:  # a tuple of values of one type
        first, *_ = node["prefixItems"]
        return {name: value for name, value in node.items() if name != "prefixItems"} | {"items": first}
    if isinstance(values := node.get("enum"), list) and isinstance(values[0], bool):
        rest = {name: value for name, value in node.items() if name not in ("enum", "default")}
        return {"type": "boolean", "const": values[0]} | rest
    if node.get("type") == "integer" and "format" not in node:
        return node | {"format": "int64" if node.get("maximum", _INT32_MAX + 1) > _INT32_MAX else "int32"}
    return node


def or_me(parameters: Iterable[dict[str, Any]]) -> None:
    """Adds the word ``me`` to the user's id in a path, which only the gate reads."""
    for parameter in parameters:
        if parameter["name"] == "user_id" and parameter["in"] == "path":
            told = parameter["schema"]
            about = {name: told.pop(name) for name in ("description", "examples") if name in told}
            parameter["schema"] = {"anyOf": [told, _OR_ME]} | about


def complete_event(event: dict[str, Any]) -> None:
    """Adds the kinds of events. A domain's kinds are texts, too, so the type in Python is open."""
    event["properties"]["kind"] = {"type": "string", "enum": list(EventKind)}


def complete_problem(problem: dict[str, Any], kinds: Mapping[str, Kind]) -> None:
    """Adds the codes to the schema of problems, and the members that the problems with some codes have.

    All codes are told, also those that no operation names: a path that leads nowhere is answered, too.
    """
    properties = problem["properties"]
    told = sorted(kinds)
    properties["code"] = {"type": "string", "enum": told}
    having: dict[str, list[str]] = {}
    for code in told:
        for name, value in kinds[code].example.items():
            having.setdefault(name, []).append(code)
            properties[name] = _schema_of(value)
            if name.endswith(("_s", "_seconds")):  # seconds have fractions, whatever the example has
                properties[name] = {"type": "number"}
    for name, those in having.items():
        properties[name]["description"] = f"Only with the code {' or '.join(those)}."


def _schema_of(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"type": "array", "items": _schema_of(value[0])}
    if isinstance(value, str) and _MOMENT.match(value):
        return {"type": "string", "format": "date-time"}
    return dict(_TYPES[type(value)])
