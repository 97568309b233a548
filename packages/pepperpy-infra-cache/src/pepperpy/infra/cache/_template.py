"""Templates for keys and tags, such as ``user:{user_id}``, compiled into source."""

from __future__ import annotations

import re
from keyword import iskeyword
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple

from pepperpy.infra.utils import did_you_mean

from ._errors import InvalidTemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONVERSIONS = {"r": "repr", "s": "text", "a": "ascii"}
_STEP = re.compile(r"\.([^.\[\]]+)|\[([^\[\]]+)\]")


class Field(NamedTuple):
    """A part in braces: which parameter it begins with, and its value as an expression."""

    parameter: str
    value: str
    """Source, with parameters by their own names and helpers behind a ``$``."""


class Template(NamedTuple):
    """A text with parts in braces."""

    fields: tuple[Field, ...]
    text: str
    """Source of the whole text."""


def parse(
    template: str,
    parameters: tuple[str, ...],
    *,
    option: str,
    function: str,
    text: str = "$text",
) -> Template:
    """*template*, checked against the parameters of a function.

    Fields may have attributes and items, a conversion and a format, as in `str.format`:
    ``{user.id}``, ``{names[0]}``, ``{when:%Y-%m-%d}``.

    Args:
        option: The name of the argument that *template* was given as.
        function: The name of the function.
        text: Source of what makes a text of a value.

    Raises:
        InvalidTemplateError: If it is no such text, or names what is no parameter.
    """
    fields: list[Field] = []
    parts: list[str] = []
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise InvalidTemplateError(
            f"{option}={template!r} is no template: {error}",
            option=option,
            value=template,
            parameter=None,
        ) from error
    for literal, field, spec, conversion in pieces:
        if literal:
            parts.append(_quoted(literal))
        if field is not None:
            source = _Source(template, parameters, option, function)
            found = source.field(field, spec or "", conversion)
            fields.append(found)
            parts.append(f"{text}({found.value})")
    return Template(tuple(fields), " + ".join(parts) or "''")


class _Source(NamedTuple):
    template: str
    parameters: tuple[str, ...]
    option: str
    function: str

    def field(self, field: str, spec: str, conversion: str | None) -> Field:
        root = re.match(r"[^.\[]*", field)
        name = root[0] if root else ""
        if name not in self.parameters:
            raise self._refuse(
                f"{{{field}}} names no parameter of {self.function}(); "
                f"{did_you_mean(name, self.parameters)}",
                name,
            )
        value = name + "".join(self._steps(field, field[len(name) :], name))
        if conversion:
            if conversion not in _CONVERSIONS:
                raise self._refuse(
                    f"{{{field}!{conversion}}} has a conversion other than !r, !s and !a", name
                )
            value = f"${_CONVERSIONS[conversion]}({value})"
        if "{" in spec:
            raise self._refuse(f"{{{field}}} has a format that depends on another field", name)
        return Field(name, f"$format({value}, {_quoted(spec)})" if spec else value)

    def _steps(self, field: str, path: str, name: str) -> Iterator[str]:
        while path:
            step = _STEP.match(path)
            if step is None or (step[1] is not None and not _is_plain(step[1])):
                raise self._refuse(
                    f"{{{field}}} can have .attributes and [items] behind the parameter", name
                )
            item = step[2]
            yield (
                f".{step[1]}"
                if item is None
                else f"[{int(item) if item.isascii() and item.isdigit() else _quoted(item)}]"
            )
            path = path[step.end() :]

    def _refuse(self, problem: str, parameter: str) -> InvalidTemplateError:
        return InvalidTemplateError(
            f"{self.option}={self.template!r}: {problem}",
            option=self.option,
            value=self.template,
            parameter=parameter,
        )


def _is_plain(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name) and not name.startswith("__")


def _quoted(text: str) -> str:
    return repr(text).replace("$", "\\x24")  # the wrapper compiler takes $ for its own
