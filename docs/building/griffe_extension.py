"""Shows functions as their users see them: objects that are called, and defaults with a name."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import griffe

from docs.building.links import Links
from tools import workspace

_PLAIN = (bool, int, float, str)


class AsUsersSeeThem(griffe.Extension):
    """Mends what the source says in a way that only its authors need, and links names."""

    def __init__(self) -> None:
        super().__init__()
        self._links = Links(workspace.load())

    def on_package(self, *, pkg: griffe.Module, **_: object) -> None:
        """Do it in every module of the package."""
        for module in _modules(pkg):
            for attribute in list(module.attributes.values()):
                kind = module.members.get(str(attribute.annotation))
                if isinstance(kind, griffe.Class) and "__call__" in kind.members:
                    module.set_member(attribute.name, _function(attribute, kind))
            for function in module.functions.values():
                if not function.is_alias:
                    _take_apart(function)
            self._link(module)

    def _link(self, scope: griffe.Module | griffe.Class) -> None:
        for member in scope.members.values():
            if member.is_alias or isinstance(member, griffe.Module):
                continue
            if member.docstring is not None:
                member.docstring.value = self._links.put_into(member.docstring.value, member.path)
            if isinstance(member, griffe.Class):
                self._link(member)

    def on_function(self, *, func: griffe.Function, **_: object) -> None:
        """Show the value of a default that is a private constant."""
        for parameter in func.parameters:
            name = str(parameter.default)
            if name.startswith("_") and name.isidentifier():
                value = getattr(import_module(func.module.path), name)
                if isinstance(value, _PLAIN):
                    parameter.default = repr(value)


def _take_apart(function: griffe.Function) -> None:
    """Options of which the docstring tells one by one, though ``**options`` has them all."""
    text = function.docstring.value if function.docstring else ""
    for parameter in list(function.parameters):
        path = _unpacked(parameter.annotation)
        if path is None or not text or f" {parameter.name}:" in text:
            continue
        del function.parameters[parameter.name]
        for option in function.modules_collection[path].attributes.values():
            function.parameters.add(
                griffe.Parameter(
                    option.name,
                    annotation=option.annotation,
                    kind=griffe.ParameterKind.keyword_only,
                    default="...",
                )
            )


def _unpacked(annotation: str | griffe.Expr | None) -> str | None:
    """The path of the class in ``Unpack[...]``."""
    if not isinstance(annotation, griffe.ExprSubscript) or isinstance(annotation.slice, str):
        return None
    return annotation.slice.canonical_path if annotation.canonical_name == "Unpack" else None


def _modules(module: griffe.Module) -> Iterator[griffe.Module]:
    yield module
    for inner in module.modules.values():
        if not inner.is_alias:
            yield from _modules(inner)


def _function(attribute: griffe.Attribute, kind: griffe.Class) -> griffe.Function:
    """An instance of a private class, like `retry`, as the function that it is for its users."""
    call = kind["__call__"]
    rest = griffe.ParameterKind.var_positional  # there to be refused with a message
    parameters = [each for each in list(call.parameters)[1:] if each.kind is not rest]
    function = griffe.Function(
        attribute.name,
        parameters=griffe.Parameters(*parameters),
        returns=call.returns,
        lineno=attribute.lineno,
        endlineno=attribute.endlineno,
        parent=kind.parent,
    )
    text = attribute.docstring or kind.docstring
    if text is not None:
        function.docstring = griffe.Docstring(text.value, parent=function)
    return function
