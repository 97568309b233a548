"""What a cached function can do besides being called."""

from __future__ import annotations

from operator import length_hint
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.utils import passes_through, running_loop
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper

from ._errors import InvalidOptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from types import FunctionType

    from ._info import CacheInfo
    from ._keys import Keys
    from ._memo import Memo
    from ._tasks import TaskDriver
    from ._threads import ThreadDriver

_AT_ONCE: Final = 100


class _Call(NamedTuple):
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Handles:
    """The functions that `cached` puts on each function.

    Where *self* could be an argument of the user's function, it is positional only.
    """

    names: Final = (
        "cache_clear",
        "cache_info",
        "cache_key",
        "invalidate",
        "many",
        "put",
        "refresh",
        "warm",
    )

    def __init__(
        self,
        func: Callable[..., Any],
        wrapper: FunctionType,
        memo: Memo,
        keys: Keys,
        driver: ThreadDriver | TaskDriver,
    ) -> None:
        self._wrapper: Callable[..., Any] = wrapper
        self._memo = memo
        self._keys = keys
        self._driver: Any = driver
        # Its parameters bind the arguments, and its errors are those of a call.
        self._key_of = compile_wrapper(
            func,
            f"{keys.source}\nreturn $k, $args, $kwargs",
            {**keys.names, "tokens": memo.tokens.by_id},
            label="cached key",
            kind=Kind.FUNCTION,
        )
        for name in self.names:
            setattr(wrapper, name, getattr(self, name))

    def _bind(self, args: Iterable[Any], kwargs: Mapping[str, Any]) -> tuple[Hashable, Any, Any]:
        """The key of a call, and its arguments by position and by name."""
        key, bound, named = self._key_of(*args, **kwargs)
        return self._memo.settle(key, bound), bound, named

    def _calls(self, calls: Iterable[Any]) -> Iterator[_Call]:
        one = self._keys.takes_one_argument
        for call in calls:
            if isinstance(call, dict):
                yield _Call((), call)
            elif one:
                yield _Call((call,), {})
            elif isinstance(call, tuple):
                yield _Call(call, {})
            else:
                raise InvalidOptionError(
                    f"{self._memo.function}() takes several arguments, so each call must be a "
                    f"tuple of them, or a dict of them by name; got {type(call).__name__}",
                    option="calls",
                    value=type(call).__name__,
                )

    def invalidate(self, /, *args: Any, **kwargs: Any) -> int:
        """Drop the result of the call with these arguments; 1 if there was one, else 0."""
        key, _, _ = self._bind(args, kwargs)
        return self._memo.forget(key)

    def put(self, value: Any, /, *args: Any, **kwargs: Any) -> None:
        """Keep *value* as the result of the call with these arguments."""
        key, bound, named = self._bind(args, kwargs)
        self._memo.put(key, self._memo.names_of(key, bound, named), value)

    def cache_info(self) -> CacheInfo:
        """Hits, misses and more since the function was decorated."""
        return self._memo.info()

    def cache_clear(self) -> None:
        """Drop all results of this function."""
        self._memo.empty()

    def cache_key(self, /, *args: Any, **kwargs: Any) -> str:
        """A text for the call with these arguments, the same in every process.

        Raises:
            UnkeyableArgumentError: If one of them means nothing outside of this process.
        """
        key, _, _ = self._key_of(*args, **kwargs)
        return f"{self._memo.namespace}:{self._memo.function}:{self._keys.written(key)}"

    def refresh(self, /, *args: Any, **kwargs: Any) -> Any:
        """Load the result of the call with these arguments, whatever is kept; it is returned."""
        raise NotImplementedError

    def many(self, calls: Iterable[Any], /) -> Any:
        """The results of many calls, in their order.

        Args:
            calls: For each call its argument; where there are several, a tuple of them; or a dict
                of arguments by name.
        """
        raise NotImplementedError

    def warm(self, calls: Iterable[Any], /) -> Any:
        """Make many calls, as `many` takes them, whether some of them fail or not.

        Returns how many did not.

        Raises:
            ExceptionGroup: With the errors, when all others are done.
        """
        raise NotImplementedError


class PlainHandles(Handles):
    """Those of a plain function."""

    def refresh(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._driver.refresh(*self._bind(args, kwargs))

    def many(self, calls: Iterable[Any], /) -> list[Any]:
        return [self._wrapper(*call.args, **call.kwargs) for call in self._calls(calls)]

    def warm(self, calls: Iterable[Any], /) -> int:
        errors: list[Exception] = []
        count = 0
        for call in self._calls(calls):
            try:
                self._wrapper(*call.args, **call.kwargs)
                count += 1
            except Exception as error:  # the others are to be loaded; raised below
                if passes_through(error):
                    raise
                errors.append(error)
        return _counted(count, errors)


class CoroutineHandles(Handles):
    """Those of a coroutine function; calls run a hundred at once."""

    async def refresh(self, /, *args: Any, **kwargs: Any) -> Any:
        return await self._driver.refresh(*self._bind(args, kwargs))

    async def many(self, calls: Iterable[Any], /) -> list[Any]:
        results: dict[int, Any] = {}
        work = enumerate(self._calls(calls))

        async def worker() -> None:
            for index, call in work:
                results[index] = await self._wrapper(*call.args, **call.kwargs)

        await _run(worker, calls)
        return [results[index] for index in range(len(results))]

    async def warm(self, calls: Iterable[Any], /) -> int:
        errors: list[Exception] = []
        count = 0
        work = self._calls(calls)

        async def worker() -> None:
            nonlocal count
            for call in work:
                try:
                    await self._wrapper(*call.args, **call.kwargs)
                    count += 1
                except Exception as error:  # as above
                    if passes_through(error):
                        raise
                    errors.append(error)

        await _run(worker, calls)
        return _counted(count, errors)


async def _run(worker: Callable[[], Any], calls: Iterable[Any]) -> None:
    """Have many workers share one iterator; the first error ends them all."""
    if running_loop() is None:
        await worker()
        return
    import asyncio

    workers = min(_AT_ONCE, max(1, length_hint(calls, _AT_ONCE)))
    tasks = [asyncio.ensure_future(worker()) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _counted(count: int, errors: list[Exception]) -> int:
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(errors) + count} calls failed", errors)
    return count
