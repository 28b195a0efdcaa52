"""A group of settings, and what its declarations say."""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec import inspect as types

from boxoffice.settings.texts import BOOLEANS, Secret, SettingsError, Shape, folder

G = TypeVar("G", bound="Group")


class Group(Struct, frozen=True, kw_only=True, rename=str.upper):
    """The settings of one subject. The docstring of a group is its introduction in ``docs/settings.md``.

    A setting is one field: ``name: Annotated[type, bounds, "Meaning."] = default``. Its name in the
    environment is the field's name in upper case. The type says how the text is read (see ``texts``), and a
    ``Secret`` is never shown. The bounds of a number are a ``msgspec.Meta``.
    """

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, object]:  # noqa: ARG003 - for those that override it
        """Defaults, by field, that depend on what is set.

        ``given`` has the values of this group that are set, by field, and all texts of the environment,
        by name.
        """
        return {}

    @classmethod
    def unread(cls, given: Mapping[str, str]) -> Collection[str]:  # noqa: ARG003 - for those that override it
        """Names in the environment that are not read, as another setting of ``given`` takes their place."""
        return ()


class Setting(NamedTuple):
    """One declaration. ``field`` is the name in the group, ``name`` the name in the environment."""

    field: str
    name: str
    default: object
    meaning: str
    shape: Shape
    secret: bool

    def value_of(self, text: str) -> object:
        """The value that the text stands for. Raises ``SettingsError``, which does not quote a secret."""
        try:
            return self.shape.read(text)
        except ValueError:  # msgspec's errors are ValueErrors too
            shown = "set" if self.secret else repr(text)
            # Without its cause, which may quote the secret.
            raise SettingsError(f"{self.name} is {shown}; expected {self.shape.expected}") from None


def prefixed(prefix: str) -> Callable[[str], str]:
    """A ``rename`` for a group whose names in the environment begin with ``prefix``."""
    return lambda name: prefix + name.upper()


@cache
def settings_in(group: type[Group]) -> tuple[Setting, ...]:
    """The settings of a group, in the order of their declaration.

    Raises ``TypeError`` if a declaration has no meaning, or a type that no text can be read as.
    """
    return tuple(map(_setting, msgspec.structs.fields(group)))


def load_group(group: type[G], texts: Mapping[str, str]) -> G:
    """The group with the values that ``texts`` has for it, by name. Raises ``SettingsError``."""
    unread = group.unread(texts)
    values = {
        setting.field: setting.value_of(texts[setting.name])
        for setting in settings_in(group)
        if setting.name in texts and setting.name not in unread
    }
    return group(**{**group.defaults({**texts, **values}), **values})


def _setting(field: msgspec.structs.FieldInfo) -> Setting:
    kind, notes = _taken_apart(field.type)
    meaning = next((note for note in notes if isinstance(note, str)), None)
    if meaning is None:
        raise TypeError(f"{field.encode_name} has no meaning; expected Annotated[type, 'Meaning.']")
    shape = next((note for note in notes if isinstance(note, Shape)), None)
    return Setting(
        field.name,
        field.encode_name,
        field.default,
        meaning,
        _shape_of(field.type) if shape is None else shape,
        secret=kind is Secret,
    )


def _taken_apart(kind: Any) -> tuple[Any, list[object]]:
    """A type without None and without ``Annotated``, and the notes of every ``Annotated`` in it."""
    notes: list[object] = []
    while (origin := get_origin(kind)) in (Annotated, Union, UnionType):
        if origin is Annotated:
            notes += kind.__metadata__
            kind = kind.__origin__
        else:
            [kind] = [part for part in get_args(kind) if part is not NoneType]
    return kind, notes


def _shape_of(kind: Any) -> Shape:
    """The shape of a type that brings none itself."""

    def converted(text: str) -> object:
        word = text.strip().lower()
        return msgspec.convert(BOOLEANS.get(word, word), kind, strict=False)

    found = types.type_info(kind)
    match found.types[0] if isinstance(found, types.UnionType) else found:
        case types.IntType(ge=low, le=high):
            return Shape(converted, f"a whole number from {low} to {high}")
        case types.FloatType(gt=None, ge=low, le=high):
            return Shape(converted, f"a number from {low:g} to {high:g}")
        case types.FloatType(gt=low, le=high):
            return Shape(converted, f"a number above {low:g} and up to {high:g}")
        case types.BoolType():
            return Shape(converted, "true or false")
        case types.LiteralType(values=values):
            return _one_of(values)
        case types.StrType():
            return Shape(str.strip, "a text")
        case types.CustomType(cls=cls) if cls is Path:
            return Shape(lambda text: folder(text.strip()), "a folder")
        case types.CustomType(cls=cls) if cls is Secret:
            return Shape(Secret, "a text")
        case _:
            raise TypeError(f"no text can be read as {kind}: its type needs a Shape")


def _one_of(values: tuple[object, ...]) -> Shape:
    by_word = {str(value).lower(): value for value in values}

    def chosen(text: str) -> object:
        word = text.strip().lower()
        if word not in by_word:
            raise ValueError
        return by_word[word]

    return Shape(chosen, " or ".join(map(str, values)))
