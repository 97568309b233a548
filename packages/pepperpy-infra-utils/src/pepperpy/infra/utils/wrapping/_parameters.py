"""A function's own parameter list, as fragments of source."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import CO_VARARGS, CO_VARKEYWORDS, getattr_static
from keyword import iskeyword
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SELF = frozenset({"self", "cls", "mcs", "mcls"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of a wrapper, without the values of their defaults.

    Functions with equal parameters can share the code of their wrappers.
    """

    positional: tuple[str, ...] = ()
    """Those that can be passed by position."""
    positional_only: int = 0
    """How many of them can be passed by position only."""
    defaults: int = 0
    """How many of them have a default, counted from the right."""
    var_positional: str | None = None
    keyword_only: tuple[str, ...] = ()
    keyword_defaults: frozenset[str] = frozenset()
    var_keyword: str | None = None
    injected: int | None = None
    """Where the call has an argument that the parameter list has not; `None` for nowhere."""

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, the starred ones last."""
        starred = (self.var_positional, self.var_keyword)
        return (*self.positional, *self.keyword_only, *(name for name in starred if name))

    @property
    def header(self) -> str:
        """What stands between the parentheses of ``def``, with `None` for each default."""
        return ", ".join(self._header())

    def _header(self) -> Iterator[str]:
        first_default = len(self.positional) - self.defaults
        for index, name in enumerate(self.positional):
            yield name if index < first_default else f"{name}=None"
            if index + 1 == self.positional_only:
                yield "/"
        if self.var_positional or self.keyword_only:
            yield f"*{self.var_positional or ''}"
        for name in self.keyword_only:
            yield f"{name}=None" if name in self.keyword_defaults else name
        if self.var_keyword:
            yield f"**{self.var_keyword}"

    @property
    def call(self) -> str:
        """``$func(...)`` with every argument passed on, and ``$injected`` in its place."""
        arguments = [*self.positional]
        if self.injected is not None:
            arguments.insert(self.injected, "$injected")
        arguments += [f"*{self.var_positional}"] if self.var_positional else []
        arguments += [f"{name}={name}" for name in self.keyword_only]
        arguments += [f"**{self.var_keyword}"] if self.var_keyword else []
        return f"$func({', '.join(arguments)})"

    @property
    def args(self) -> str:
        """A tuple display of the positional arguments."""
        starred = [f"*{self.var_positional}"] if self.var_positional else []
        return "(" + "".join(f"{item}, " for item in [*self.positional, *starred]) + ")"

    @property
    def kwargs(self) -> str:
        """A dict display of the keyword arguments."""
        starred = [f"**{self.var_keyword}"] if self.var_keyword else []
        items = [*(f"{name!r}: {name}" for name in self.keyword_only), *starred]
        return "{" + ", ".join(items) + "}"


def parameters_of(func: Callable[..., object]) -> Parameters:
    """Those that the wrapper of *func* will have.

    Examples:
        >>> def load(user_id, *, fresh=False): ...
        >>> parameters_of(load).names
        ('user_id', 'fresh')
    """
    return signature_of(func).parameters


class Signature(NamedTuple):
    """The parameters, and the default values to share with the function."""

    parameters: Parameters
    defaults: tuple[object, ...] | None
    keyword_defaults: dict[str, object] | None


def signature_of(func: Callable[..., object], *, inject: bool = False) -> Signature:
    """That of *func*: its own for Python functions, methods and objects with a `__call__`.

    Anything else, such as a builtin, a class or a partial, has ``*args, **kwargs``.

    Args:
        inject: Leave out the first parameter, or the one after ``self`` or ``cls``.

    Raises:
        TypeError: If there is no such parameter.
    """
    function, bound = _python_function(func)
    if function is None or not _writable(names := _names(function)):
        anything = Parameters(
            var_positional="args", var_keyword="kwargs", injected=0 if inject else None
        )
        return Signature(anything, None, None)
    code = function.__code__
    count, only = code.co_argcount, code.co_posonlyargcount
    positional, values = list(names[:count]), list(function.__defaults__ or ())

    def drop(index: int) -> None:
        nonlocal only
        if (at := index - (len(positional) - len(values))) >= 0:
            del values[at]
        del positional[index]
        only -= index < only

    starred = iter(names[count + code.co_kwonlyargcount :])
    var_positional = next(starred) if code.co_flags & CO_VARARGS else None
    if bound and positional:
        drop(0)
    injected = None
    if inject:
        injected = int(bool(positional) and positional[0] in _SELF)
        if injected < len(positional):
            drop(injected)
        elif var_positional is None:
            raise TypeError(
                f"{function.__qualname__}() has no positional parameter to fill in; "
                "give it one in the first place (in a method, right after self)"
            )
    parameters = Parameters(
        positional=tuple(positional),
        positional_only=only,
        defaults=len(values),
        var_positional=var_positional,
        keyword_only=names[count : count + code.co_kwonlyargcount],
        keyword_defaults=frozenset(function.__kwdefaults__ or ()),
        var_keyword=next(starred, None),
        injected=injected,
    )
    return Signature(parameters, tuple(values) or None, function.__kwdefaults__)


def _python_function(func: Callable[..., object]) -> tuple[FunctionType | None, bool]:
    """The function whose code runs when *func* is called, and whether its first one is bound."""
    if isinstance(func, FunctionType):
        return func, False
    # Looked up statically: a `__call__` that is a staticmethod binds nothing.
    looked_up: object = getattr_static(type(func), "__call__", None)
    inner = func.__func__ if isinstance(func, MethodType) else looked_up
    return (inner, True) if isinstance(inner, FunctionType) else (None, False)


def _names(function: FunctionType) -> tuple[str, ...]:
    code = function.__code__
    starred = bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + starred]


def _writable(names: tuple[str, ...]) -> bool:
    """Whether all can stand in source; generated functions have parameters such as ``.0``."""
    return all(name.isidentifier() and not iskeyword(name) for name in names)
