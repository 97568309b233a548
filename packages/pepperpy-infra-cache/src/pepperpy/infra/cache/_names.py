"""The names of an entry, by which it can be found without its arguments.

Three sources: the template of its key, its tags, and *entities*, which nobody declares: a parameter
called ``user_id`` gives the name ``user:<its value>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from ._errors import InvalidOptionError
from ._template import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from pepperpy.infra.utils.wrapping import Parameters

    from ._keys import Keys

_ENTITY: Final = re.compile(r"(.+)_(?:id|key|uuid)\Z")
_WILD: Final = re.compile(r"[*?\[]")


class Entity(NamedTuple):
    """A parameter that says what a call is about."""

    prefix: str
    """The ``user:`` of ``user:123``."""
    part: int
    """Which part of the key its value is."""


class Naming:
    """Which names the entries of one function get.

    Raises:
        InvalidTemplateError: If a tag does not fit the function.
        InvalidOptionError: If a tag is neither a template nor a function.
    """

    def __init__(
        self,
        parameters: Parameters,
        keys: Keys,
        *,
        tags: Iterable[str | Callable[[Any], object]] | str | Callable[[Any], object],
        entities: bool,
        function: str,
    ) -> None:
        self.of_result: list[Callable[[Any], object]] = []
        texts = [] if keys.template is None else [keys.template.text]
        for tag in _several(tags):
            if isinstance(tag, str):
                texts.append(parse(tag, parameters.names, option="tags", function=function).text)
            elif callable(tag):
                self.of_result.append(tag)
            else:
                raise _no_tags(tag)
        self.entities: list[Entity] = []
        places = {part.value: index for index, part in enumerate(keys.parts)}
        plain = (*parameters.positional, *parameters.keyword_only) if entities else ()
        for name in plain:
            found = _ENTITY.match(name)
            if found is None:
                continue
            if name in places:
                self.entities.append(Entity(f"{found[1]}:", places[name]))
            else:  # the key does not tell it, so the entry has to
                texts.append(f"$entity({f'{found[1]}:'!r}, {name})")
        self.key_is_name: bool = keys.of_call is not None
        self.source: str | None = f"return ({', '.join(texts)},)" if texts else None
        """Source that returns the names that the arguments give; `None` for none."""

    @property
    def names_entries(self) -> bool:
        """Whether an entry can carry a name at all."""
        return bool(self.source or self.entities or self.of_result or self.key_is_name)

    def named_by_result(self, result: Any) -> list[str]:
        """The names that the tags find in the result.

        Raises:
            InvalidOptionError: If a function that was given as a tag returns something else.
        """
        return [name for tag in self.of_result for name in _told(tag(result)) if name]

    def named_by_parts(self, parts: tuple[Any, ...]) -> list[str]:
        """The names that the entities among the parts of a key give."""
        names = (entity_name(entity.prefix, parts[entity.part]) for entity in self.entities)
        return [name for name in names if name]


def _several(tags: Any) -> Iterable[Any]:
    if isinstance(tags, str) or callable(tags):
        return (tags,)
    try:
        return tuple(tags)
    except TypeError as error:
        raise _no_tags(tags) from error


def _no_tags(given: object) -> InvalidOptionError:
    return InvalidOptionError(
        "tags are templates like 'team:{team_id}', or functions of the result; got " + repr(given),
        option="tags",
        value=given,
    )


def _told(found: Any) -> Iterable[str]:
    if found is None or isinstance(found, str):
        return () if found is None else (found,)
    if hasattr(found, "__iter__"):
        told: tuple[Any, ...] = tuple(found)
        if all(isinstance(name, str) for name in told):
            return told
    raise InvalidOptionError(
        "a function among the tags must return a name, or several, or None; got a "
        f"{type(found).__name__}",
        option="tags",
        value=type(found).__name__,
    )


def entity_name(prefix: str, value: object) -> str:
    """``user:123`` for a text, a whole number or a UUID, and the empty text for all else."""
    if isinstance(value, str):
        return prefix + str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return prefix + int.__repr__(value)
        except ValueError:  # more digits than Python shows
            return ""
    return prefix + str(value) if isinstance(value, UUID) else ""


class Wanted:
    """Names to look for: one, or all that a glob matches."""

    __slots__ = ("_match", "_spared", "literal", "name")

    def __init__(
        self, name: str, *, literal: bool = False, spared: tuple[Wanted, ...] = ()
    ) -> None:
        self.name: str = name
        self.literal: bool = literal
        self._spared = spared
        is_glob = not literal and _WILD.search(name)
        self._match = re.compile(translate(name)).match if is_glob else None

    @property
    def spared(self) -> tuple[str, ...]:
        """The names that a glob does not mean here."""
        return tuple(each.name for each in self._spared)

    @property
    def is_glob(self) -> bool:
        """Whether more than one name can be meant."""
        return self._match is not None

    def matches(self, name: str) -> bool:
        """Whether *name* is meant; a glob means itself as well."""
        if name == self.name:
            return True
        if self._match is None or self._match(name) is None:
            return False
        return not any(spared.matches(name) for spared in self._spared)

    def sparing(self, names: Iterable[str]) -> Wanted:
        """The same, but for *names*, which may be globs, where only a glob means them."""
        return Wanted(self.name, literal=self.literal, spared=tuple(map(Wanted, names)))

    def meets(self, name: str) -> bool:
        """Whether what is meant here and by *name*, which may be a glob, have a name in common.

        True where that is hard to tell: a cache may forget too much, but never too little.
        """
        other = Wanted(name)
        if self.is_glob and other.is_glob:
            return self.may_begin(other._literal_start) or self.name == name
        return self.matches(name) or other.matches(self.name)

    def may_begin(self, prefix: str) -> bool:
        """Whether a name that begins with *prefix* can be meant."""
        if self._match is None:
            return self.name.startswith(prefix)
        start = self._literal_start
        return start.startswith(prefix) or prefix.startswith(start)

    @property
    def beginning(self) -> str:
        """What all names that can be meant begin with; one of them may be all of it."""
        return self._literal_start if self.is_glob else self.name

    @property
    def _literal_start(self) -> str:
        return _WILD.split(self.name, maxsplit=1)[0]
