"""The switch for tests: everything of this package lets every call pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pepperpy.infra.utils import BothFaces, Weakly, register_after_fork

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ._circuit import Circuit

OFF: Final[list[object]] = []
"""The blocks under way; a list, as looking whether one is empty is the quickest question."""

_circuits: Weakly[Circuit] = Weakly()


def adopt(circuit: Circuit) -> None:
    """Let the switch find *circuit*, which is new, for as long as it lives."""
    _circuits.add(circuit)
    if OFF:
        circuit.switch(off=True)


class resilience_disabled(BothFaces):  # noqa: N801 - reads as a statement
    """In this block every breaker, limit, timeout and chaos lets calls pass, and counts nothing.

    For the whole process, so that threads and tasks of a test are in it as well.  Afterwards all
    is as it was before.  Retries have a test mode of their own: `retry.testing`.

    Examples:
        >>> from pepperpy.infra.resilience import CircuitBreaker, resilience_disabled
        >>> breaker = CircuitBreaker("mail")
        >>> breaker.force_open()
        >>> with resilience_disabled():
        ...     breaker.execute(len, "abc")
        3
    """

    __slots__ = ()

    def __enter__(self) -> Self:
        OFF.append(self)
        for circuit in _circuits.alive():
            circuit.switch(off=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        OFF.pop()
        if not OFF:
            for circuit in _circuits.alive():
                circuit.switch(off=False)


class _Forks:
    """Tells all circuits at once: one weak reference each is enough."""

    def after_fork(self) -> None:
        for circuit in _circuits.alive():
            circuit.after_fork()


_forks = _Forks()
register_after_fork(_forks)
