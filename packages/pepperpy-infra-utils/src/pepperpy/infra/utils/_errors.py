"""What every error of the project has in common, and the one for a missing extra."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from types import TracebackType


class InfraError(Exception):
    """The root of every public error in `pepperpy.infra`: a message for people, data for programs.

    Each package derives one root from it, and mixes in the builtin error that people already
    catch: ``class AcquireTimeoutError(PoolError, TimeoutError)``.  Errors survive pickling with
    their data.

    Args:
        message: What was wrong, with which value, and what to do.  Never a secret.
        data: Becomes attributes of the error, so that nobody has to parse the text.

    Examples:
        >>> error = InfraError("ttl must be positive; got -1", ttl=-1)
        >>> str(error), error.ttl, error.code
        ('ttl must be positive; got -1', -1, 'infra')
    """

    code: ClassVar[str] = "infra"
    """Stable, and unique for each class."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        # Tracebacks and pickles name the package that users import from, not our private module.
        if cls.__module__.startswith("pepperpy.infra."):
            cls.__module__ = cls.__module__.partition("._")[0]

    def __init__(self, message: str, **data: object) -> None:
        super().__init__(message)
        self.__dict__.update(data)

    def __str__(self) -> str:
        # KeyError shows the repr of its message; errors that mix it in must not.
        return str(self.args[0]) if self.args else ""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> object: ...  # the data, under the names it was given


InfraError.__module__ = "pepperpy.infra.utils"


class UtilsError(InfraError):
    """The root of the errors that `pepperpy.infra.utils` raises itself."""

    code = "utils"


class InvalidArgumentError(UtilsError, TypeError, ValueError):
    """An argument has a type or value that its function does not take.

    *argument*, its name, is an attribute.
    """

    code = "utils-invalid-argument"


class MissingExtraError(InfraError, ImportError):
    """An optional part was asked for, and what it needs is not installed.

    *wheel* and *extra* are attributes.
    """

    code = "missing-extra"


class require_extra:  # noqa: N801 - reads as a verb: `with require_extra(...)`
    """Turn a failing import inside the block into an error that names the install line.

    Args:
        wheel: The distribution that offers the extra, like ``pepperpy-infra-cache``.
        extra: The extra that brings what the block imports.

    Raises:
        MissingExtraError: From the `ImportError`, which stays its cause.

    Examples:
        >>> with require_extra("pepperpy-infra-cache", "redis"):
        ...     import no_such_driver
        Traceback (most recent call last):
            ...
        pepperpy.infra.utils.MissingExtraError: ... pip install "pepperpy-infra-cache[redis]"
    """

    def __init__(self, wheel: str, extra: str) -> None:
        self._wheel = wheel
        self._extra = extra

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, ImportError) and not isinstance(error, MissingExtraError):
            spec = f"{self._wheel}[{self._extra}]"
            missing = f"no module {error.name!r}" if error.name else str(error)
            raise MissingExtraError(
                f'this needs the extra "{spec}" ({missing}); pip install "{spec}"',
                wheel=self._wheel,
                extra=self._extra,
            ) from error


def passes_through(error: BaseException) -> bool:
    """Whether *error* is control flow, which nothing may retry, count, cache or swallow.

    `KeyboardInterrupt`, `SystemExit`, `GeneratorExit`, and the cancellations of asyncio, trio and
    `concurrent.futures`; the last one is an `Exception`, which is why this asks by class.

    Examples:
        >>> passes_through(KeyboardInterrupt()), passes_through(ValueError())
        (True, False)
    """
    kind = type(error)  # isinstance() would ask the error for its class, which may raise
    if not issubclass(kind, Exception):
        return True
    # Never imported here: if nobody imported it, nobody can have raised its error.
    futures = sys.modules.get("concurrent.futures._base")
    return futures is not None and issubclass(kind, futures.CancelledError)
