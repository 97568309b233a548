"""`deprecated`: PEP 702 on every Python that we support, for all that can be called."""

from __future__ import annotations

import inspect
import sys
import warnings
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, cast

from pepperpy.infra.utils.wrapping import Kind, Parameters, compile_wrapper

from ._decorating import decorating
from ._errors import InvalidOptionError, InvalidTargetError
from ._frames import above, is_wrapper
from ._source import passing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LABEL = "deprecated"
_REASON = "This is deprecated and will be removed in a future version."


if TYPE_CHECKING:
    # Checkers know deprecations by this name alone, and bring its stub themselves.
    from typing_extensions import deprecated as deprecated  # noqa: PLC0414 - exported
else:

    def deprecated(
        reason: Any = _REASON,
        *,
        category: type[Warning] | None = DeprecationWarning,
        stacklevel: int = 1,
    ) -> Any:
        """Warn whoever uses a function or class; type checkers and editors warn earlier.

        This is PEP 702's `warnings.deprecated`, which Python has from 3.13 on.  Beyond it, coroutine
        functions and generators stay what they are, classes keep their signatures, and it may stand
        above ``@classmethod``, ``@staticmethod`` and ``@property``.

        A function warns when it is called; a generator when its first item is asked for; below
        Python 3.12 a coroutine function when it is awaited.  A class warns when it is instantiated
        or derived from, and its subclasses are not deprecated themselves.  The text is kept as
        ``__deprecated__``.

        Args:
            reason: What to say: best, what to use in its place.
            category: The class of the warning; `None` for none while the program runs.
            stacklevel: 1 warns at the caller, 2 at the caller's caller.

        Raises:
            InvalidOptionError: At decoration, if an option makes no sense.
            InvalidTargetError: At decoration, if it is put on what cannot be called or changed.

        Examples:
            >>> import warnings
            >>> @deprecated("Use new_function() instead")
            ... def old_function():
            ...     return 42
            >>> with warnings.catch_warnings(record=True, action="always") as caught:
            ...     old_function()
            42
            >>> caught[0].message
            DeprecationWarning('Use new_function() instead')
        """
        target, text = (None, reason) if isinstance(reason, str) else (reason, _REASON)
        notice = _Notice(text, category, stacklevel)
        return notice.put_on if target is None else notice.put_on(target)


class _Notice:
    """What is said about everything that one decorator was put on."""

    def __init__(self, text: str, category: Any, stacklevel: Any) -> None:
        if not (category is None or (isinstance(category, type) and issubclass(category, Warning))):
            raise InvalidOptionError(
                f"category must be a class of warnings, or None; got {category!r}",
                option="category",
            )
        if isinstance(stacklevel, bool) or not isinstance(stacklevel, int) or stacklevel < 1:
            raise InvalidOptionError(
                f"stacklevel must be 1 for the caller, or more; got {stacklevel!r}",
                option="stacklevel",
            )
        self._text = text
        self._category = category
        self._stacklevel = stacklevel

    def put_on(self, target: Any, /) -> Any:
        """*target*, deprecated."""
        if not isinstance(target, type):
            return decorating(target, self._wrap, label=_LABEL)
        try:
            if self._category is not None:
                _on_new(target, self)
                _on_subclass(target, self)
            target.__deprecated__ = self._text  # type: ignore[attr-defined]
        except TypeError as error:
            raise _cannot_change(target) from error
        return target

    def _wrap(self, func: Callable[..., Any], kind: Kind) -> Any:
        marked: Any = func
        if self._category is not None or not isinstance(func, FunctionType):
            # A plain function that returns the coroutine can warn at once, and where it is called.
            plain = kind is Kind.COROUTINE and sys.version_info >= (3, 12)
            runs = Kind.FUNCTION if plain else kind
            warn = "" if self._category is None else "$warn()\n"
            names = {"warn": self.warn}
            marked = compile_wrapper(func, warn + passing(runs), names, label=_LABEL, kind=runs)
            if sys.version_info >= (3, 12) and plain:
                inspect.markcoroutinefunction(marked)
        marked.__deprecated__ = self._text
        return marked

    def warn(self) -> None:
        """Warn at the caller of the wrapper that calls this."""
        self._warn(3 + above(2, is_wrapper))

    def warn_at_class(self) -> None:
        """Warn at the class statement that ends in the hook that calls this."""
        self._warn(3 + above(2, _is_maker))

    def _warn(self, level: int) -> None:
        warnings.warn(self._text, self._category, level + self._stacklevel)


def _on_new(target: Any, notice: _Notice) -> None:
    """Warn when *target* is instantiated.

    What the class has of its own is wrapped in its place, which keeps the signature.  A class with
    neither gets a `__new__`; an `__init__` would hide those that stand behind it in a subclass.
    """
    own = cast("Mapping[str, Any]", vars(target))
    names = {"warn": notice.warn, "target": target}
    if "__new__" in own:
        made = (
            own["__new__"].__func__ if isinstance(own["__new__"], staticmethod) else own["__new__"]
        )
        target.__new__ = staticmethod(_warning(made, names, "{first} is $target"))
    elif "__init__" in own:
        target.__init__ = _warning(own["__init__"], names, "$type({first}) is $target")
    else:

        def __new__(kind: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
            inherited = cast("Any", super(target, kind)).__new__
            if inherited is not object.__new__:
                return inherited(kind, *args, **kwargs)
            if kind.__init__ is object.__init__ and (args or kwargs):
                raise TypeError(f"{kind.__name__}() takes no arguments")
            return inherited(kind)

        __new__.__qualname__ = f"{target.__qualname__}.__new__"
        target.__new__ = staticmethod(_warning(__new__, names, "{first} is $target"))


def _warning(func: Callable[..., Any], names: dict[str, Any], condition: str) -> Callable[..., Any]:
    """*func* with a warning before it, where its first argument meets *condition*."""

    def body(parameters: Parameters) -> str:
        first = (
            parameters.positional[0] if parameters.positional else f"{parameters.var_positional}[0]"
        )
        met = condition.format(first=first)
        return f"if {met}:\n    $warn()\nreturn $call"

    return compile_wrapper(func, body, names, label=_LABEL)


def _on_subclass(target: Any, notice: _Notice) -> None:
    """Warn when *target* is derived from, where the class statement stands."""
    own = cast("Mapping[str, Any]", vars(target)).get("__init_subclass__")

    def __init_subclass__(kind: Any, /, **kwargs: Any) -> None:  # noqa: N807
        notice.warn_at_class()
        if own is None:
            cast("Any", super(target, kind)).__init_subclass__(**kwargs)
        else:
            own.__func__(kind, **kwargs)

    __init_subclass__.__qualname__ = f"{target.__qualname__}.__init_subclass__"
    target.__init_subclass__ = classmethod(__init_subclass__)


def _is_maker(code: CodeType) -> bool:
    """Whether *code* may stand between a class statement and the hook that it ends in."""
    return code.co_name in {"__init_subclass__", "__new__", "__call__"}


def _cannot_change(target: Any) -> InvalidTargetError:
    return InvalidTargetError(
        f"{_LABEL} has to change what it is put on, and {target!r} cannot be changed; "
        "derive from it, or wrap it in a function",
        decorator=_LABEL,
    )
