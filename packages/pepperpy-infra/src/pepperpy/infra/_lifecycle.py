"""One start and one stop for all that is installed: log, telemetry, breakers, cache, pools, stores."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias

from pepperpy.infra.utils import (
    InvalidArgumentError,
    arun_closers,
    did_you_mean,
    run_closers,
    running_loop,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
    from types import TracebackType
    from typing import Self

Options: TypeAlias = Mapping[str, Mapping[str, Any]]

# The log first, so that the others can write to it.  What is closed last is opened first.
SECTIONS = ("logging", "telemetry", "resilience", "cache")


def start(config: Options | None = None) -> Awaitable[None]:
    """Set up what is installed: log, telemetry, breakers, cache; awaited, open what is registered.

    Each part reads its section of the configuration, as its ``initialize_...`` function does.
    Awaited, it connects the storage providers and opens the pools that are registered; without
    ``await`` a pool opens when it is first used, also after a `stop`.  Starting again replaces the
    set-up.

    Args:
        config: Options by section, which win over the configuration:
            ``{"logging": {"level": "DEBUG"}, "cache": {"max_size": 500}}``.

    Raises:
        InvalidArgumentError: If there is no such section, or its options are no mapping.
        ModuleNotFoundError: If the wheel of a section is not installed.
        InfraError: What a part has to say against its options.  Parts that were set up before it
            stay, so that the error can be logged; `stop` closes them.

    Examples:
        >>> _ = start({"logging": {"level": "WARNING"}})
        >>> _ = stop()
    """
    given = _checked(config)
    for section in SECTIONS:
        if section in given or is_installed(section):
            initialize(section, given.get(section, {}))
    if "pepperpy.infra.connection" in sys.modules:  # else there is no pool yet
        _portion("connection").reopen_pools()
    return _Rest(_open)


def stop() -> Awaitable[None]:
    """Close everything in order: pools, the cache, storage, then telemetry, and last the log.

    Where an event loop is running, ``await stop()``: nothing is closed before.

    Raises:
        ExceptionGroup: With the error of each part that could not be closed.  The rest is.
    """
    if running_loop() is not None:
        return arun_closers()
    run_closers()
    return _Rest(_nothing)


class running:  # noqa: N801 - reads as a verb: `with running():`
    """`start` before the block, and `stop` after it whatever happens; ``async with`` as well.

    An error of the block always gets out.  If parts could not be closed then, it has notes that
    say so, and the log of the program tells more; without such an error they are raised.

    Args:
        config: As `start` takes it.

    Raises:
        RuntimeError: By ``with``, if an event loop is running; use ``async with`` there.

    Examples:
        >>> with running({"logging": {"level": "WARNING"}}):
        ...     print("at work")
        at work
    """

    def __init__(self, config: Options | None = None) -> None:
        self._config = config

    def __enter__(self) -> Self:
        if running_loop() is not None:
            raise RuntimeError(
                "an event loop is running in this thread; use `async with running()`"
            )
        try:
            start(self._config)
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            run_closers()
        except ExceptionGroup as failures:
            if error is None:
                raise
            _tell(failures, error)

    async def __aenter__(self) -> Self:
        try:
            await start(self._config)
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await arun_closers()
        except ExceptionGroup as failures:
            if error is None:
                raise
            _tell(failures, error)


@asynccontextmanager
async def lifespan(app: object) -> AsyncGenerator[None]:  # noqa: ARG001 - frameworks hand it over
    """`running`, in the form that ASGI frameworks take: ``Starlette(lifespan=lifespan)``."""
    async with running():
        yield


class _Rest:
    """What is left to do for somebody who awaits."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, None]:
        return self._work().__await__()


def initialize(section: str, options: Mapping[str, Any]) -> None:
    """Call the ``initialize_...`` function of a section."""
    getattr(_portion(section), f"initialize_{section}")(options)


async def _open() -> None:
    if is_installed("storage"):
        await _portion("storage").get_registry().connect_all()
    if is_installed("connection"):
        await _portion("connection").initialize_pools()


def is_installed(portion: str) -> bool:
    """Whether the wheel that owns `pepperpy.infra.<portion>` is there."""
    return find_spec(f"pepperpy.infra.{portion}") is not None


async def _nothing() -> None:
    """It was done at once."""


def _checked(config: Any) -> Options:
    """*config*, if it is of the form that it should have."""
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        example = "{'logging': {'level': 'DEBUG'}}"
        raise _refused(f"config must be a mapping of options by section, like {example}", config)
    given: Mapping[Any, Any] = config  # pyright: ignore[reportUnknownVariableType]
    for section, options in given.items():
        if section not in SECTIONS:
            problem = f"unknown section {section!r}; {did_you_mean(section, SECTIONS)}"
            raise InvalidArgumentError(problem, argument="config")
        if not isinstance(options, Mapping):
            raise _refused(f"options of {section!r} must be a mapping", options)
    return given


def _refused(rule: str, got: object) -> InvalidArgumentError:
    return InvalidArgumentError(f"{rule}; got {type(got).__name__}", argument="config")


def _portion(name: str) -> Any:
    return import_module(f"pepperpy.infra.{name}")


def _tell(failures: ExceptionGroup, error: BaseException) -> None:
    """Report what could not be closed while *error* was on its way out."""
    for failure in failures.exceptions:
        error.add_note(f"also, a part could not be closed: {failure!r}")
    logging.getLogger("pepperpy.infra").error("parts could not be closed", exc_info=failures)
