"""`CircuitBreaker`: what users call, and the drivers around a `Circuit`'s decisions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from types import CoroutineType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from pepperpy.infra.utils import (
    BothFaces,
    Clock,
    passes_through,
    register_inspectable,
)
from pepperpy.infra.utils.wrapping import Kind, decorate, kind_of

from ._circuit import LOCK, Circuit
from ._config import CircuitBreakerConfig, config_of, shown
from ._entered import Entered, enter, leave
from ._errors import CircuitBreakerError, RejectedError
from ._later import LATER, counted_later
from ._layers import indented, judged, wrapper_of
from ._options import a_clock, older_names, text
from ._state import CircuitState
from ._switch import adopt
from ._windows import is_special, needs_clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self, Unpack

    from ._circuit import Probe
    from ._config import BreakerOptions
    from ._redis import RedisResilienceStore
    from ._windows import Window

F = TypeVar("F", bound="Callable[..., Any] | classmethod[Any, ..., Any] | staticmethod[..., Any]")
P = ParamSpec("P")
R = TypeVar("R")

_LOOKED_AT = 8  # children, when one must go, in search of a closed one


class CircuitBreaker(BothFaces):
    """Stops calling what keeps failing, and tries now and then whether it works again.

    Use it as a decorator, ``with breaker:``, ``async with breaker:`` or ``breaker.execute(f, x)``,
    on plain and coroutine functions, methods, and generators of both kinds.  One breaker serves all
    of these at once, in any number of threads and tasks; calls do not wait for each other.

    It never retries and never wraps an error: `CircuitBreakerError` always means that the call was
    not made.  Cancellation, `KeyboardInterrupt` and a generator that is closed early say
    nothing about the service, and are not counted.

    Args:
        name: Of what is protected; for errors, signals and inspection.
        config: When it opens and closes: a `CircuitBreakerConfig`, or a mapping with its fields.
        clock: What measures the time.
        store: Where processes share what the circuit is; without it, each has a circuit of its own.
        options: Fields of a `CircuitBreakerConfig`, in place of those of *config*.

    Raises:
        InvalidPolicyError: If an option makes no sense; it is a `ValueError`.

    Examples:
        >>> breaker = CircuitBreaker("mail", failure_threshold=1, recovery_timeout=30)
        >>> @breaker
        ... def send(text):
        ...     raise ConnectionError("refused")
        >>> for _ in range(2):
        ...     try:
        ...         send("hello")
        ...     except Exception as error:
        ...         print(type(error).__name__)
        ConnectionError
        CircuitBreakerError
    """

    __slots__ = (
        "__weakref__",
        "_children",
        "_circuit",
        "_clock",
        "_now",
        "_store",
        "_timed",
    )

    @older_names(provider_id="name")
    def __init__(
        self,
        name: str,
        config: CircuitBreakerConfig | Mapping[str, Any] | None = None,
        *,
        clock: Clock | None = None,
        store: RedisResilienceStore | None = None,
        **options: Unpack[BreakerOptions],
    ) -> None:
        self._setup(text(name, "name"), config_of(config, options), a_clock(clock))
        if store is not None:
            self.share(store)
        register_inspectable(self)

    def _setup(self, name: str, config: CircuitBreakerConfig, clock: Clock) -> None:
        self._circuit = Circuit(name, config)
        self._clock = clock
        self._now = clock.monotonic  # a rejection is not much more than this reading
        self._timed = needs_clock(config)
        self._children: OrderedDict[object, CircuitBreaker] = OrderedDict()
        self._store: RedisResilienceStore | None = None
        adopt(self._circuit)

    def __repr__(self) -> str:
        return f"<CircuitBreaker {self.name!r}: {self.state.value}>"

    @property
    def name(self) -> str:
        """Of what is protected."""
        return self._circuit.name

    @property
    def config(self) -> CircuitBreakerConfig:
        """When it opens and closes."""
        return self._circuit.config

    @property
    def clock(self) -> Clock:
        """What measures the time."""
        return self._clock

    @property
    def state(self) -> CircuitState:
        """What a call that comes now would meet."""
        return self._circuit.state(self._now())

    @property
    def last_failure(self) -> Exception | None:
        """The error that opened the circuit; `None` when it is closed, as nothing is kept then."""
        return self._circuit.refusal.last_failure

    @property
    def retry_after(self) -> float:
        """Seconds until a call may be admitted, 0 for now; infinite if no time brings it about."""
        return max(0.0, self._circuit.until - self._now())

    # Calls.

    def __call__(self, func: F, /) -> F:
        """Decorate *func*."""
        return cast("F", decorate(func, self._wrap, label="CircuitBreaker"))

    def _wrap(self, func: Callable[..., Any]) -> Any:
        return wrapper_of(func, [self], label="circuit_breaker")

    def execute(self, func: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call *func* with all other arguments, and return what it returns.

        What a coroutine function gives is awaited by the caller, and counted when it is done.

        Raises:
            CircuitBreakerError: If the circuit is open; then *func* is not called.
        """
        token: Window | Probe | None = self._circuit.window
        if token is None:
            if self._asks_store() and kind_of(func) is Kind.COROUTINE:
                return cast("R", self._aexecute(func, args, kwargs))
            token = self.admit()
        if token.special:
            return self._execute(token, func, args, kwargs)
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            self.failed(token, error)
            raise
        if type(result) in LATER:
            return cast("R", LATER[type(result)](self, token, 0.0, result))
        token.successes += 1
        return result

    def _execute(self, token: Window | Probe, func: Callable[..., R], args: Any, kwargs: Any) -> R:
        began = self.began()
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            self.failed(token, error)
            raise
        later = LATER.get(type(result))
        if later is not None:
            return cast("R", later(self, token, began, result))
        self.finished(token, result, began)
        return result

    def _asks_store(self) -> bool:
        return self._circuit.share is not None and self.state is CircuitState.HALF_OPEN

    async def _aexecute(self, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        token = await self.aadmit()
        return await counted_later(self, token, self.began(), func(*args, **kwargs))

    async def __aenter__(self) -> Self:
        return self._entered(await self.aadmit())

    def __enter__(self) -> Self:
        return self._entered(self.admit())

    def _entered(self, token: Window | Probe) -> Self:
        began = self._now() if self._timed else 0.0
        enter(Entered(self, token, began))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        block = leave(self)
        if block is None:  # left in another context than it was entered in: the probe is let go
            return
        if error is None:
            self.finished(block.token, None, block.began, judge=False)
        else:
            self.failed(block.token, error)

    # Forced states.

    def force_open(self) -> None:
        """Reject every call until `reset`."""
        self._circuit.force(CircuitState.FORCED_OPEN)

    def disable(self) -> None:
        """Let every call pass and count nothing, until `reset`."""
        self._circuit.force(CircuitState.DISABLED)

    def metrics_only(self) -> None:
        """Let every call pass and count, without ever opening, until `reset`.

        The signal ``circuit.would_open`` tells of what would have been.
        """
        self._circuit.force(CircuitState.METRICS_ONLY)

    def trip(self, error: Exception | None = None) -> None:
        """Open now for the recovery time, as failures would, whatever the state is."""
        self._circuit.open(self._now(), error)

    def reset(self) -> None:
        """Close, whatever the state, and forget what was counted; the children as well."""
        self._circuit.reset()
        with LOCK:
            children = list(self._children.values())
        for child in children:
            child.reset()

    # Children.

    def for_key(self, key: object) -> CircuitBreaker:
        """The breaker of one host, tenant or other *key*, with the same configuration.

        For one key it is the same object while it is kept.  At most *max_keys* of them are: the one
        that was not asked for longest goes, but a closed one before one that is not.

        Raises:
            TypeError: If *key* is not hashable.
        """
        children = self._children
        with LOCK:
            child = children.get(key)
            if child is None:
                child = children[key] = _Child(f"{self.name}[{key}]", self.config, self._clock)
                if self._store is not None:
                    child.share(self._store)
                if len(children) > self.config.max_keys:
                    self._drop_one(children)
            else:
                children.move_to_end(key)
        return child

    @staticmethod
    def _drop_one(children: OrderedDict[object, CircuitBreaker]) -> None:
        eldest = [key for key, _ in zip(children, range(min(_LOOKED_AT, len(children) - 1)))]  # noqa: B905
        closed = (key for key in eldest if children[key]._circuit.counted is not None)  # noqa: SLF001
        del children[next(closed, eldest[0])]

    # Other processes.

    def share(self, store: RedisResilienceStore | None) -> None:
        """Open and close together with the breakers of this name in other processes, from now on.

        The children of `for_key` do so too.  The *store* decides who probes; when it is down, this
        breaker decides alone, and with `None` it always does.
        """
        with LOCK:
            self._store = store
            children = list(self._children.values())
        if store is None:
            self._circuit.leave()
        else:
            store.attach(self._circuit, self._now)
        for child in children:
            child.share(store)

    # What the drivers share.

    def admit(self) -> Window | Probe:
        """Where the call is to be counted.

        Raises:
            CircuitBreakerError: If it must not be made.
        """
        circuit = self._circuit
        token: Window | Probe | None = circuit.window
        if token is None:
            now = self._now()
            if now < circuit.until or (token := circuit.admit(now)) is None:
                circuit.rejected += 1
                raise CircuitBreakerError(circuit.refusal, now)
        return token

    async def aadmit(self) -> Window | Probe:
        """The same for a task, which may have to wait for the store."""
        circuit = self._circuit
        token: Window | Probe | None = circuit.window
        if token is None:
            now = self._now()
            if now < circuit.until or (token := await circuit.aadmit(now)) is None:
                circuit.rejected += 1
                raise CircuitBreakerError(circuit.refusal, now)
        return token

    def began(self) -> float:
        """When a call began, if that matters."""
        return self._now() if self._timed else 0.0

    def failed(self, token: Window | Probe, error: BaseException) -> None:
        """Count *error*, or give back the slot if it says nothing about the service."""
        counts = False
        try:
            counts = self._is_failure(error)
        finally:
            if not counts:
                self._circuit.released(token)
        if counts:
            self._circuit.failed(token, self._now(), cast("Exception", error))

    def finished(
        self, token: Window | Probe, result: object, began: float, *, judge: bool = True
    ) -> None:
        """Count a call that returned."""
        circuit, config = self._circuit, self._circuit.config
        is_bad = config.failure_result if judge else None
        bad = False
        if is_bad is not None:
            try:
                bad = bool(is_bad(result))
            except BaseException:
                circuit.released(token)
                raise
        now = self._now()
        if bad:
            circuit.failed(token, now, None)
        elif config.slow_call is not None and now - began >= cast("float", config.slow_call):
            circuit.was_slow(token, now)
        else:
            circuit.succeeded(token, now)

    def _is_failure(self, error: BaseException) -> bool:
        config = self._circuit.config
        failures = cast("tuple[type[Exception], ...]", config.failure_exceptions)
        kind = type(error)  # isinstance() would ask the error for its class, which may raise
        if (
            not issubclass(kind, failures)
            or issubclass(kind, cast("tuple[type[Exception], ...]", config.ignored_exceptions))
            or passes_through(error)
        ):
            return False
        if issubclass(kind, RejectedError):
            # A call that was not made says nothing, unless somebody wants it to.
            wanted = tuple(each for each in failures if issubclass(each, RejectedError))
            own = isinstance(error, CircuitBreakerError) and error.name == self.name
            if own or not issubclass(kind, wanted):
                return False
        return config.is_failure is None or bool(config.is_failure(cast("Exception", error)))

    # As a layer of a wrapper.

    def source(self, inner: str, kind: Kind, tag: str) -> str:
        """The lines of the happy path: one attribute read, one addition, no lock and no clock."""
        admit = f"await $aadmit{tag}" if kind.is_async else f"$admit{tag}"
        admission = f"""\
$token{tag} = $circuit{tag}.window
if $token{tag} is None:
    $moment{tag} = $now{tag}()
    if $moment{tag} < $circuit{tag}.until or ($token{tag} := {admit}($moment{tag})) is None:
        $circuit{tag}.rejected += 1
        raise $rejected{tag}($circuit{tag}.refusal, $moment{tag})
"""
        failed = f"$failed{tag}($token{tag}, $error{tag})"
        began = f"$began{tag}" if self._timed else "0.0"
        if not is_special(self._circuit.config):
            succeeded = f"""\
$token{tag}.successes += 1
if $token{tag}.special:
    $succeeded{tag}($token{tag}, $now{tag}())"""
        else:
            admission += f"$began{tag} = $now{tag}()\n" if self._timed else ""
            judge = ", judge=False" if kind.is_generator else ""
            succeeded = f"$finished{tag}($token{tag}, $result, {began}{judge})"
        if kind is Kind.FUNCTION:  # which may be somebody's wrapper around a coroutine function
            succeeded = f"""\
if $type($result) is $coroutine:
    $result = $counted($breaker{tag}, $token{tag}, {began}, $result)
else:
{indented(succeeded)}"""
        return admission + judged(inner, kind, tag, failed=failed, succeeded=succeeded)

    def names(self, tag: str) -> Mapping[str, object]:
        """What they refer to."""
        return {
            "coroutine": CoroutineType,
            "counted": counted_later,
            f"breaker{tag}": self,
            f"circuit{tag}": self._circuit,
            f"now{tag}": self._now,
            f"admit{tag}": self._circuit.admit,
            f"aadmit{tag}": self._circuit.aadmit,
            f"rejected{tag}": CircuitBreakerError,
            f"failed{tag}": self.failed,
            f"succeeded{tag}": self._circuit.succeeded,
            f"finished{tag}": self.finished,
        }

    def inspect(self) -> dict[str, object]:
        """The breaker as it is now."""
        circuit = self._circuit
        window = circuit.counted
        last = circuit.refusal.last_failure
        with LOCK:
            children = list(self._children.values())
        return {
            "kind": "circuit_breaker",
            "name": circuit.name,
            "state": self.state.value,
            "facts": {
                "successes": window.successes if window else 0,
                "failures": window.failures if window else 0,
                "slow": window.slow if window else 0,
                "rejected": circuit.rejected,
                "trips": circuit.trips,
                "would_open": circuit.would_open,
                "last_failure": None if last is None else type(last).__qualname__,
                "keys": len(children),
                "open_keys": sum(child._circuit.counted is None for child in children),  # noqa: SLF001
            },
            "config": shown(circuit.config),
        }


class _Child(CircuitBreaker):
    """One of many, which its parent shows."""

    __slots__ = ()

    def __init__(self, name: str, config: CircuitBreakerConfig, clock: Clock) -> None:  # pyright: ignore[reportMissingSuperCall]
        self._setup(name, config, clock)
