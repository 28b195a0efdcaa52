"""The requests of a document, as its reader would send them: the curl lines of its ``sh`` blocks."""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import msgspec
from msgspec import Struct

_BLOCK: Final = re.compile(r"^```(sh|json)\n(.*?)^```$", re.M | re.S)
_VARIABLE: Final = re.compile(r"\$(\w+)")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


class Request(Struct, frozen=True):
    """One curl line."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None

    async def send(self, http: httpx.AsyncClient) -> httpx.Response:
        """The answer to it."""
        return await http.request(self.method, self.url, headers=self.headers, content=self.body)


class Step(Struct, frozen=True):
    """A block of requests (or of seconds to wait), and what the page shows of the last answer."""

    lines: list[Request | float]
    shown: Any


def steps(page: str, names: Mapping[str, str]) -> Iterator[Step]:
    """The blocks of a page that have curl lines; ``names`` are the variables of the shell in them."""
    blocks = _BLOCK.findall(page)
    for (kind, text), (next_kind, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "sh" and (lines := list(_lines(text, names))):
            yield Step(lines, msgspec.json.decode(shown) if next_kind == "json" else None)


def _lines(text: str, names: Mapping[str, str]) -> Iterator[Request | float]:
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(_VARIABLE.sub(lambda found: names.get(found[1], found[0]), line), comments=True)
        match words:
            case ["curl", *options]:
                yield _request(options)
            case ["sleep", seconds]:
                yield float(seconds)
            case _:
                pass


def _request(options: list[str]) -> Request:
    """A request from curl's options; fails for one that this reader does not know."""
    given: dict[str, str] = {}
    headers: dict[str, str] = {}
    words = iter(options)
    for word in words:
        match word:
            case "-s":
                pass
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-X" | "-d":
                given[word] = next(words)
            case _:
                assert word.startswith("http"), f"an option that is not known here: {word}"
                given["url"] = word
    return Request(
        given.get("-X", "POST" if "-d" in given else "GET"), given["url"], headers, given.get("-d")
    )


def differences(shown: object, answered: object, where: str = "") -> list[str]:
    """Where an answer is not what a page shows of it; members that the page leaves out do not matter, and
    any time is as good as any other.
    """
    match shown, answered:
        case {}, {}:
            pairs = [(f"{where}.{key}", value, _member(answered, key)) for key, value in _items(shown)]
        case [*_], [*_] if len(shown) == len(answered):
            pairs = [(f"{where}[{n}]", *pair) for n, pair in enumerate(zip(shown, answered, strict=True))]
        case str(), str() if _TIME.fullmatch(shown) and _TIME.fullmatch(answered):
            return []
        case _:
            return [] if shown == answered else [f"{where}: {shown!r} is shown, {answered!r} was answered"]
    return [difference for place, a, b in pairs for difference in differences(a, b, place)]


def _items(shown: object) -> list[tuple[str, object]]:
    assert isinstance(shown, dict)
    return list(shown.items())


def _member(answered: object, key: str) -> object:
    assert isinstance(answered, dict)
    return answered.get(key, "nothing")
