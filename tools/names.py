"""Public names: each module says in ``__all__`` what it offers, and an ``__init__`` does nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_TYPE_VARIABLES = {"ParamSpec", "TypeVar", "TypeVarTuple"}


def faults(source: str, *, package: bool, private: bool) -> list[str]:
    """What is wrong with the names of one module.

    Args:
        source: The text of the file.
        package: Whether it is an ``__init__``: docstring, imports and ``__all__``, no code.
        private: Whether its path has a part that begins with an underscore; then nobody imports
            from it, and it needs no ``__all__``.
    """
    body = ast.parse(source).body
    found = list(_code(body)) if package else []
    if not private:
        found += _listed(body, package=package)
    return found


def _code(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (docstring or isinstance(node, ast.Import | ast.ImportFrom) or _is_all(node)):
            yield f"line {node.lineno}: an __init__ holds imports and __all__ alone"


def _listed(body: list[ast.stmt], *, package: bool) -> Iterator[str]:
    listed = next((literal(node) for node in body if _is_all(node)), None)
    if listed is None:
        yield "has no __all__ that is a plain list of names"
        return
    bound = {name for node in body for name in _bound(node, package=package)}
    public = {name for name in bound if not name.startswith("_")}
    for name in sorted(public - set(listed)):
        yield f"{name} is public and not in __all__"
    for name in sorted(set(listed) - bound):
        yield f"__all__ has {name}, which is not here"
    if len(set(listed)) < len(listed):
        yield "__all__ has a name twice"


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["__all__"]


def literal(node: ast.stmt) -> list[str] | None:
    """The names of an ``__all__`` that is a plain list; None for any other statement."""
    if _is_all(node) and isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
        items = node.value.elts
        return [str(item.value) for item in items if isinstance(item, ast.Constant)]
    return None


def _bound(node: ast.stmt, *, package: bool) -> Iterator[str]:
    """Names that a statement makes; what a module imports is its own business."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if package and not future:
            yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
    elif isinstance(node, ast.Assign) and not _is_type_variable(node.value):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_type_variable(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) in _TYPE_VARIABLES
