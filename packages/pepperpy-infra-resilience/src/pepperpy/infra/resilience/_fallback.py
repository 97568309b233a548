"""`ProviderFallback`: one call, several providers that may answer it."""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast, overload

from pepperpy.infra.utils import Signal, emit, listening, passes_through, register_inspectable
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, decorate, kind_of, name_of

from ._circuit import LOCK
from ._config import error_types
from ._errors import CircuitBreakerError, ProviderFallbackError, invalid
from ._hedging import first_answer
from ._later import counted_later
from ._options import older_names, seconds, text
from ._registry import get_circuit_breaker

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from datetime import timedelta

    from pepperpy.infra.utils import Clock
    from pepperpy.infra.utils.wrapping import Parameters

    from ._breaker import CircuitBreaker
    from ._config import CircuitBreakerConfig

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

OLDER_NAMES = {
    "primary_provider_id": "primary",
    "fallback_provider_ids": "fallbacks",
    "circuit_breaker_config": "config",
}

_LOOP = """\
$errors = []
for $injected, $breaker in $providers:
    try:
        $token = {admit}
        $began = $breaker.began()
        try:
            $result = $await$call
        except $BaseException as $error:
            $breaker.failed($token, $error)
            raise
{later}        if $token.special:
            $breaker.finished($token, $result, $began)
        else:
            $token.successes += 1
        if $errors:
            $served($injected)
            $errors = $none
        return $result
    except $Exception as $error:
        if not $moves_on($error):
            raise
        $errors.append($error)
try:
    raise $exhausted($errors)
finally:
    del $errors
"""

_AADMIT = "$breaker._circuit.window or await $breaker.aadmit()"  # a closed one awaits nothing

# A plain function may be somebody's wrapper around a coroutine function, for some providers or all.
_LATER = """\
        if $type($result) is $coroutine:
            $work = $counted($breaker, $token, $began, $result)
            return $rest($func, {index}, $args, $kwargs, $errors, $injected, $work)
"""


class ProviderFallback:
    """Asks one provider after the other until one answers.

    Each provider has the circuit breaker of its name (`get_circuit_breaker`), and one whose circuit
    is open is skipped without a call.  Cancellation passes through and asks nobody else.  A plain
    function may return a coroutine, for all providers or for some.

    Args:
        primary: The provider that is asked first.
        fallbacks: Those that are asked when it fails, in this order.
        config: Of their breakers; without it, as they are.
        hedge_after: Seconds after which the next one is asked as well, while the earlier ones are
            still at it; the first answer counts and the others are cancelled.  For coroutine
            functions only.
        exceptions: Errors after which the next one is asked; any other is raised at once, since it
            says nothing about the provider.
        clock: What measures *hedge_after*, and the time of breakers that are made here.

    Raises:
        InvalidPolicyError: If a name is none, or comes twice.
        CircuitConflictError: If a breaker exists with another configuration.

    Examples:
        >>> def ask(provider_id, question):
        ...     if provider_id == "primary":
        ...         raise ConnectionError
        ...     return f"{provider_id} says {question}"
        >>> ProviderFallback("primary", ["backup"]).execute(ask, "hi")
        'backup says hi'
    """

    __slots__ = (
        "__weakref__",
        "_breakers",
        "_clock",
        "_exceptions",
        "_exhausted",
        "_hedge_after",
        "_served",
    )

    @older_names(**OLDER_NAMES)
    def __init__(
        self,
        primary: str,
        fallbacks: Iterable[str],
        config: CircuitBreakerConfig | Mapping[str, Any] | None = None,
        *,
        hedge_after: float | timedelta | None = None,
        exceptions: type[Exception] | Iterable[type[Exception]] = Exception,
        clock: Clock | None = None,
    ) -> None:
        names = names_of(primary, fallbacks)
        self._hedge_after = None if hedge_after is None else seconds(hedge_after, "hedge_after")
        self._exceptions = error_types(exceptions, "exceptions")
        self._breakers = {name: get_circuit_breaker(name, config, clock=clock) for name in names}
        self._clock = self._breakers[primary].clock
        self._served = dict.fromkeys(names[1:], 0)
        self._exhausted = 0
        register_inspectable(self)

    def __repr__(self) -> str:
        return f"<ProviderFallback {' > '.join(self._breakers)}>"

    @property
    def providers(self) -> tuple[str, ...]:
        """Their names, in the order in which they are asked."""
        return tuple(self._breakers)

    @property
    def breakers(self) -> tuple[CircuitBreaker, ...]:
        """Their circuit breakers."""
        return tuple(self._breakers.values())

    @overload
    def __call__(self, func: Callable[Concatenate[str, P], R], /) -> Callable[P, R]: ...

    @overload
    def __call__(
        self, func: Callable[Concatenate[S, str, P], R], /
    ) -> Callable[Concatenate[S, P], R]: ...

    def __call__(self, func: Callable[..., Any], /) -> Callable[..., Any]:
        """Decorate *func*, whose first argument is the provider to use."""
        return cast("Callable[..., Any]", decorate(func, self._wrap, label="with_fallback"))

    def _wrap(self, func: Callable[..., Any]) -> Any:
        kind = kind_of(func)
        if kind.is_generator:
            raise TypeError(
                f"with_fallback decorates functions and coroutine functions; {name_of(func)} is a "
                f"{kind.value}, and another provider cannot go on in the midst of its items"
            )
        self._check_hedge(func, kind)

        def body(parameters: Parameters) -> str:
            index = parameters.injected
            if self._hedge_after is not None:
                return f"return await $hedged($func, {index}, $args, $kwargs)"
            plain = kind is Kind.FUNCTION
            admit = "$breaker.admit()" if plain else _AADMIT
            return _LOOP.format(admit=admit, later=_LATER.format(index=index) if plain else "")

        names = {
            "none": None,
            "coroutine": CoroutineType,
            "counted": counted_later,
            "rest": self._rest,
            "providers": tuple(self._breakers.items()),
            "moves_on": self._moves_on,
            "served": self._count,
            "exhausted": self._all_failed,
            "hedged": self._hedged,
        }
        return compile_wrapper(func, body, names, label="fallback", kind=kind, inject=True)

    def _check_hedge(self, func: Callable[..., Any], kind: Kind) -> None:
        if self._hedge_after is not None and kind is not Kind.COROUTINE:
            raise TypeError(
                f"hedge_after cancels the slower call, so it needs a coroutine function; "
                f"{name_of(func)} is a {kind.value}"
            )

    def execute(
        self,
        func: Callable[Concatenate[str, P], R],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Call ``func(provider_id, ...)`` for one provider after the other until one answers.

        What a coroutine function gives is awaited by the caller.

        Raises:
            ProviderFallbackError: If all failed, or were skipped; it has the error of each.
        """
        if self._hedge_after is not None:
            self._check_hedge(func, kind_of(func))
            return cast("R", self._hedged(func, 0, args, kwargs))
        errors: list[Exception] = []
        for name, breaker in self._breakers.items():
            try:
                result = breaker.execute(func, name, *args, **kwargs)
            except Exception as error:
                if not self._moves_on(error):
                    raise
                errors.append(error)
                continue
            if isinstance(result, CoroutineType):
                work = cast("Coroutine[Any, Any, Any]", result)
                return cast("R", self._rest(func, 0, args, kwargs, errors, name, work))
            if errors:
                self._count(name)
                del errors  # they have this frame in their tracebacks
            return result
        try:
            raise self._all_failed(errors)
        finally:
            del errors

    async def _rest(  # noqa: PLR0917 - what there is so far
        self,
        func: Callable[..., Any],
        index: int,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        errors: list[Exception],
        first: str,
        work: Any,
    ) -> Any:
        """What *work* of the provider *first* gives, or one of those after it."""
        names = list(self._breakers)
        for name in names[names.index(first) :]:
            try:
                if work is None:
                    given = (*args[:index], name, *args[index:])
                    work = self._breakers[name].execute(func, *given, **kwargs)
                result: Any = work
                if type(work) is CoroutineType:
                    result = await cast("Coroutine[Any, Any, Any]", work)
            except Exception as error:
                if not self._moves_on(error):
                    raise
                errors.append(error)
                work = None
                continue
            if errors:
                self._count(name)
                del errors
            return result
        try:
            raise self._all_failed(errors)
        finally:
            del errors

    async def _hedged(
        self,
        func: Callable[..., Any],
        index: int,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        def starting(name: str) -> Callable[[], Coroutine[Any, Any, Any]]:
            given = (*args[:index], name, *args[index:])
            return lambda: self._breakers[name].execute(func, *given, **kwargs)

        names = list(self._breakers)
        won, result, errors = await first_answer(
            [starting(name) for name in names],
            cast("float", self._hedge_after),
            self._clock,
            self._moves_on,
        )
        if won is None:
            try:
                raise self._all_failed(errors)
            finally:
                del errors
        del errors
        if won > 0:
            self._count(names[won])
        return result

    def _moves_on(self, error: Exception) -> bool:
        """Whether the next one is asked after *error*."""
        if passes_through(error):
            return False
        kind = type(error)  # isinstance() would ask the error for its class, which may raise
        if issubclass(kind, self._exceptions):
            return True
        return isinstance(error, CircuitBreakerError) and error.name in self._breakers

    def _count(self, name: str) -> None:
        with LOCK:
            self._served[name] += 1

    def _all_failed(self, errors: list[Exception]) -> ProviderFallbackError:
        with LOCK:
            self._exhausted += 1
        told = ", ".join(
            f"{name} ({type(error).__qualname__})"
            for name, error in zip(self._breakers, errors, strict=True)
        )
        if listening():
            facts = {
                name: type(error).__qualname__
                for name, error in zip(self._breakers, errors, strict=True)
            }
            primary = next(iter(self._breakers))
            emit(Signal(kind="fallback.exhausted", source=primary, level=40, facts=facts))
        return ProviderFallbackError(
            f"every provider failed: {told}", errors, providers=self.providers
        )

    def inspect(self) -> dict[str, object]:
        """The fallback as it is now."""
        usable = any(breaker.retry_after == 0 for breaker in self._breakers.values())
        return {
            "kind": "provider_fallback",
            "name": next(iter(self._breakers)),
            "state": "ok" if usable else "down",
            "facts": {
                "exhausted": self._exhausted,
                **{f"served_by_{name}": count for name, count in self._served.items()},
            },
            "config": {
                "providers": list(self._breakers),
                "hedge_after": self._hedge_after,
            },
        }


def names_of(primary: str, fallbacks: Iterable[str]) -> list[str]:
    """The names of all providers, each once.

    Raises:
        InvalidPolicyError: If a name is none, or comes twice.
    """
    if isinstance(fallbacks, str) or not hasattr(fallbacks, "__iter__"):
        invalid("fallbacks", fallbacks, "must be several names, like ['backup']")
    names = [text(name, "a provider") for name in (primary, *fallbacks)]
    if len(set(names)) < len(names):
        invalid("fallbacks", names, "must name each provider once")
    return names
