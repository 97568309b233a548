"""What a source file imports, whichever way it is spelled, and whether that happens at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_LOADERS = {"import_module", "__import__", "importlib.import_module"}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported thing.

    *target* is the dotted path with the imported name at its end, since only the file system knows
    whether that name is a module.  *parent* is the part that was surely a module.
    """

    target: str
    parent: str
    line: int
    lazy: bool  # inside of a function, or for type checkers alone


def read(source: str, module: str, *, package: bool) -> list[Import]:
    """Every import in *source*.

    Args:
        source: The text of the file.
        module: Its dotted name, which relative imports start from.
        package: Whether the file is an ``__init__``.
    """
    # A relative import counts its levels from the package, which an `__init__` itself is.
    home = module if package else module.rpartition(".")[0]
    return list(_walk(ast.parse(source), home, lazy=False))


def _walk(node: ast.AST, home: str, *, lazy: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, alias.name, node.lineno, lazy)
    elif isinstance(node, ast.ImportFrom):
        parent = _absolute(home, node.level, node.module)
        for alias in node.names:
            yield Import(f"{parent}.{alias.name}", parent, node.lineno, lazy)
    elif isinstance(node, ast.Call):
        yield from _called(node, home)
    checked = _for_checkers(node)
    lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, home, lazy=lazy or child in checked)


def _called(node: ast.Call, home: str) -> Iterator[Import]:
    if ast.unparse(node.func) in _LOADERS and node.args:
        name = _leading_text(node.args[0])
        level = len(name) - len(name.lstrip("."))
        target = _absolute(home, level, name.lstrip(".") or None)
        # Such a call is written to put an import off, wherever it stands.
        yield Import(target, target, node.lineno, lazy=True)


def _leading_text(node: ast.expr) -> str:
    """The constant that a string expression begins with; empty if it begins with something else."""
    while isinstance(node, ast.JoinedStr | ast.BinOp):
        node = node.left if isinstance(node, ast.BinOp) else (node.values or [ast.Constant("")])[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _absolute(home: str, level: int, module: str | None) -> str:
    if not level:
        return module or ""
    parts = home.split(".")
    return ".".join([*parts[: len(parts) - level + 1], *filter(None, [module])])


def _for_checkers(node: ast.AST) -> list[ast.stmt]:
    """The statements below an ``if TYPE_CHECKING``, which no interpreter runs."""
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        return [] if ast.unparse(node.test).startswith("not ") else node.body
    return []
