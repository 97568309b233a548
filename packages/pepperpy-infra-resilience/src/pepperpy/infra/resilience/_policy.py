"""What every policy can do: decorate, run a function, and be a part of a `Pipeline`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from pepperpy.infra.utils.wrapping import Kind, decorate, kind_of, name_of

from ._layers import wrapper_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ._layers import Layer

F = TypeVar("F", bound="Callable[..., Any] | classmethod[Any, ..., Any] | staticmethod[..., Any]")
P = ParamSpec("P")
R = TypeVar("R")


def compiled(func: Callable[..., Any], policies: Sequence[object]) -> Any:
    """*func* with *policies* around it, the outermost first.

    A policy with a method `around` calls the function in its own way, again or elsewhere, and so
    needs it as a function; all between two of these share one wrapper.
    """
    layers: list[Layer] = []
    for policy in reversed(policies):
        around = getattr(policy, "around", None)
        if around is not None:
            func = around(_with(func, layers))
            layers = []
        else:
            layers.insert(0, cast("Layer", policy))
    return _with(func, layers)


def _with(func: Callable[..., Any], layers: list[Layer]) -> Any:
    return wrapper_of(func, layers, label="pipeline") if layers else func


class Policy:
    """A policy, or several: a decorator, and `execute` for a function that is not decorated.

    Derive from it to bring your own: with a method `around`, which gets a function and returns
    another one, it stands in a `Pipeline` like the others.
    """

    __slots__ = ("__weakref__", "_runners", "name")

    name: str
    """For errors, signals and inspection."""

    def _policies(self) -> Sequence[object]:
        return (self,)

    def source(self, inner: str, kind: Kind, tag: str) -> str:
        """The lines *inner* with this policy around them, for a policy that is compiled in."""
        raise NotImplementedError(f"{type(self).__name__} needs a method around(self, func)")

    def names(self, tag: str) -> Mapping[str, object]:
        """What the lines refer to, each name with *tag* at its end."""
        raise NotImplementedError(f"{type(self).__name__} needs a method names(self, tag)")

    def __call__(self, func: F, /) -> F:
        """Decorate *func*."""
        label = type(self).__name__
        return cast(
            "F", decorate(func, lambda inner: compiled(inner, self._policies()), label=label)
        )

    def execute(self, func: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call *func* with all other arguments, under the policy.

        What a coroutine function gives is awaited by the caller.
        """
        kind = kind_of(func)
        runners = self._runners_by_kind()
        runner = runners.get(kind)
        if runner is None:
            as_kind = wrapper_of(_run, [], label="pipeline", kind=kind)
            runner = runners[kind] = compiled(as_kind, self._policies())
        return cast("R", runner(func, *args, **kwargs))

    def _runners_by_kind(self) -> dict[Kind, Callable[..., Any]]:
        try:
            return self._runners
        except AttributeError:
            self._runners: dict[Kind, Callable[..., Any]] = {}
            return self._runners


def refuse_generators(what: str, func: Callable[..., Any], kind: Kind, why: str) -> None:
    """Tell at decoration that *what* cannot be put on *func*.

    Raises:
        TypeError: If it is a generator function.
    """
    if kind.is_generator:
        raise TypeError(
            f"{what} decorates functions and coroutine functions; {name_of(func)} is a "
            f"{kind.value}, {why}"
        )


class Nothing:
    """An ``async`` block that does nothing."""

    __slots__ = ()

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


def _run(func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """What `execute` decorates, as a function of each kind."""
    return func(*args, **kwargs)
