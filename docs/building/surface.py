"""What a wheel offers: its public modules, their names, and its errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from types import FunctionType, ModuleType

from pepperpy.infra.utils import InfraError
from tools.workspace import Package

FUNCTIONS, CLASSES, OTHERS, ERRORS = "Functions", "Classes", "Other names", "Errors"

_EMPHASIS = re.compile(r"(?<![*\w])\*([a-z]\w*)\*(?![*\w])")


def modules(package: Package) -> Iterator[ModuleType]:
    """The wheel's module, and the modules that its ``__all__`` names."""
    module = import_module(package.module)
    yield module
    for name in module.__all__:
        member = getattr(module, name)
        if package.portion and isinstance(member, ModuleType):
            yield member


def names(module: ModuleType) -> list[str]:
    """The public names of *module*, without the modules among them."""
    return [name for name in module.__all__ if not isinstance(getattr(module, name), ModuleType)]


def grouped(module: ModuleType) -> dict[str, list[str]]:
    """The public names of *module* by what they are, errors last."""
    groups: dict[str, list[str]] = {FUNCTIONS: [], CLASSES: [], OTHERS: [], ERRORS: []}
    for name in names(module):
        groups[_group(name, getattr(module, name))].append(name)
    return {title: found for title, found in groups.items() if found}


def _group(name: str, member: object) -> str:
    if isinstance(member, type):
        if issubclass(member, InfraError):
            return ERRORS
        # Classes that read as verbs, like `deadline`, are used as functions.
        return FUNCTIONS if name.islower() else CLASSES
    return FUNCTIONS if callable(member) else OTHERS


def methods(member: object) -> list[str]:
    """The public methods of an object that is called itself, as `retry` is."""
    if isinstance(member, (type, FunctionType)) or not callable(member):
        return []
    return [
        name
        for name, value in vars(type(member)).items()
        if not name.startswith("_") and isinstance(value, FunctionType)
    ]


def inherited(kind: type) -> list[str]:
    """What a class offers that stands in a base class of ours which is private."""
    return [
        name
        for base in kind.__mro__[1:]
        if "._" in base.__module__ and base.__module__.startswith("pepperpy.infra.")
        for name in vars(base)
        if not name.startswith("_") and not _is_public(base)
    ]


def _is_public(kind: type) -> bool:
    return kind.__name__ in import_module(kind.__module__.partition("._")[0]).__all__


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """A public error, with the module that people import it from."""

    module: str
    kind: type[InfraError]
    attributes: tuple[str, ...]

    @property
    def code(self) -> str:
        """What programs compare and what the index has as an anchor."""
        return self.kind.code

    @property
    def text(self) -> str:
        """The docstring."""
        return cleandoc(self.kind.__doc__ or "")


def errors(package: Package) -> Iterator[ErrorClass]:
    """Every public error class of a wheel; the facade has none of its own."""
    if package.portion is None:
        return
    data = _data(package)
    for module in modules(package):
        for name in names(module):
            kind = getattr(module, name)
            if isinstance(kind, type) and issubclass(kind, InfraError):
                yield ErrorClass(module.__name__, kind, _attributes(kind, data))


def _attributes(kind: type[InfraError], data: dict[str, list[str]]) -> tuple[str, ...]:
    """What an error of this class carries, by what its docstring, body and callers say."""
    found: list[str] = []
    for base in kind.__mro__:
        if base is InfraError:
            break
        if issubclass(base, InfraError):
            found += _EMPHASIS.findall(base.__doc__ or "")
            found += [name for name in vars(base).get("__annotations__", {}) if name != "code"]
            found += data.get(base.__name__, [])
    return tuple(dict.fromkeys(name for name in found if not name.startswith("_")))


def _data(package: Package) -> dict[str, list[str]]:
    """The keywords with which the wheel makes its errors: they become the attributes."""
    folder = Path(str(import_module(package.module).__file__)).parent
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                words = [keyword.arg for keyword in node.keywords if keyword.arg]
                found.setdefault(node.func.id, []).extend(words)
    return found
