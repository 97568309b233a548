"""`Explanation`: each value of a snapshot, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._kinds import class_of, is_a
from ._masking import MapKey, is_hidden, is_secret, members, shown, shown_path
from ._shape import bare, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from ._building import Built
    from ._layers import Path

_WIDTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedValue:
    """One value of a snapshot."""

    path: str
    """The field, like ``db.port``."""
    value: str
    """Its repr, masked if it is a secret."""
    origin: str
    """``default``, a variable, ``pepperpy.toml:7``, ``.env:2 (NAME)`` or ``set_config``."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every value of a component with its origin; `str` makes a table of it."""

    name: str
    rows: tuple[ExplainedValue, ...]

    def __getitem__(self, path: str) -> ExplainedValue:
        for row in self.rows:
            if row.path == path:
                return row
        raise KeyError(path)

    def __iter__(self) -> Iterator[ExplainedValue]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        cells = [(row.path, _short(row.value), row.origin) for row in self.rows]
        widths = [max((len(cell[at]) for cell in cells), default=0) for at in range(2)]
        lines = (
            f"{path:{widths[0]}}  {value:{widths[1]}}  {origin}" for path, value, origin in cells
        )
        return "\n".join((f"[{self.name}]", *lines))


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def explain(built: Built) -> Explanation:
    """The rows of a snapshot, in the order of its model."""
    rows = [
        ExplainedValue(
            path=shown_path(shown_as),
            value=repr(value),
            origin=built.origin(path),
        )
        for path, shown_as, value in _leaves(built.value)
    ]
    return Explanation(built.component.name, tuple(rows))


def _leaves(model: BaseModel) -> Iterator[tuple[Path, Path, Any]]:
    yield from _inside(model, (), (), secret=False)


def _inside(
    value: Any, path: Path, names: Path, *, secret: bool
) -> Iterator[tuple[Path, Path, Any]]:
    value = bare(value)
    keys = _keys(value)
    if not keys and path:
        masked = shown(value, str(names[-1]) if names else "", secret=secret)
        yield path, names, masked
        return
    for key, name, inner in keys:
        hidden = secret or is_hidden(value, name)
        hidden = hidden or (bool(names) and is_secret(str(names[-1]), value))
        yield from _inside(inner, (*path, key), (*names, name), secret=hidden)


def _keys(value: Any) -> list[tuple[Any, Any, Any]]:
    """The key in the data, the name to show, and the value of each part."""
    if is_a(value, Mapping):
        return [(key, MapKey(key), item) for key, item in value.items()]
    named = members(value, hidden=True)
    if named is None:
        return []
    by_name = shape_of(class_of(value)).by_name if hasattr(value, "__pydantic_fields_set__") else {}
    return [(by_name[name].key if name in by_name else name, name, item) for name, item in named]
