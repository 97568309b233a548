"""What is kept of a result, and for how long."""

from __future__ import annotations

import math
from copy import deepcopy
from random import random
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, Final

from ._entry import Details, Entry, new_entry
from ._errors import UncacheableResultError
from ._failures import fresh_error

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ._keys import Keys
    from ._names import Naming
    from ._rules import Rules
    from ._settings import Settings

_NEVER: Final = -math.inf
_ONCE: Final = frozenset(
    {CoroutineType, GeneratorType, AsyncGeneratorType, map, filter, zip, enumerate, reversed}
)
"""Classes of what can be gone through only once."""


class Keeping:
    """Makes the entries of one function.  Runs code of the user's, and so without a lock."""

    def __init__(
        self, function: str, settings: Settings, keys: Keys, naming: Naming, rules: Rules
    ) -> None:
        self._function = function
        self._settings = settings
        self._keys = keys
        self._naming = naming
        self._rules = rules
        # What each result of an ordinary function would find out again.
        is_fixed = settings.none_ttl is None and not callable(settings.ttl)
        self._life: float | None = settings.life_of(None) if is_fixed else None
        self._is_simple = settings.is_simple
        given = settings.copy
        self._is_plain = (
            self._life is not None
            and settings.is_simple
            and settings.cache_if is None
            and not settings.copy
            and not naming.of_result
        )
        self._copy: Any = given if callable(given) else deepcopy if given else None

    def copied(self, value: Any) -> Any:
        """What to hand out of *value*, which others may hold as well."""
        return value if self._copy is None else self._copy(value)

    def entry(
        self,
        key: Hashable,
        names: tuple[str, ...],
        value: Any,
        now: float,
        life: float | None = None,
    ) -> Entry | None:
        """An entry for *value*, or `None` if it is not to be kept.

        Args:
            life: Seconds that it is good for; `None` for what the settings say.

        Raises:
            UncacheableResultError: If *value* can be used only once.
            InvalidTTLError: If the user's function for the ttl returned no duration.
            InvalidOptionError: If another one of the user's functions returned nonsense.
        """
        if type(value) in _ONCE:
            raise self._used_up(value)
        if self._is_plain and life is None and not (names or self._rules.has_ttl):
            return [value, now + self._life, 0, 0, key, None]  # type: ignore[operator]
        settings = self._settings
        if settings.cache_if is not None and not settings.cache_if(value):
            return None
        if life is None:
            life = self._life if self._life is not None else settings.life_of(value)
        if self._naming.of_result:
            names = (*names, *self._naming.named_by_result(value))
        if self._rules.has_ttl:
            life = min(life, self._rules.ttl_of([*names, *self.entity_names(key)]))
        if life <= 0:
            return None
        if not names and self._is_simple:
            return new_entry(self.copied(value), now + life, key, None)
        return self._detailed(key, names, value, now, life)

    def _detailed(
        self, key: Hashable, names: tuple[str, ...], value: Any, now: float, life: float
    ) -> Entry | None:
        settings: Any = self._settings  # its times are seconds by now
        weight = 0
        if settings.max_bytes is not None:
            weight = settings.weight_of(value)
            if weight > settings.max_bytes:
                return None
        life *= 1 - settings.jitter * random() if settings.jitter else 1  # noqa: S311 - no secret
        fresh_until = now + life
        stale_until: float = fresh_until + settings.stale_for
        error_until: float = fresh_until + settings.stale_on_error
        deadline = fresh_until
        if settings.refresh_ahead and life < math.inf:
            deadline -= life * settings.refresh_ahead
        details = None
        if names or weight or not (deadline == stale_until == error_until):
            details = Details(
                fresh_until=fresh_until,
                stale_until=stale_until,
                error_until=error_until,
                names=tuple(dict.fromkeys(names)),
                weight=weight,
            )
        return new_entry(self.copied(value), deadline, key, details)

    def failure(
        self, key: Hashable, names: tuple[str, ...], error: Exception, now: float
    ) -> Entry | None:
        """An entry that raises *error*, or `None` if it is none of those to keep."""
        if not isinstance(error, self._settings.cache_errors):
            return None
        settings: Any = self._settings
        until: float = now + settings.error_ttl
        details = Details(
            fresh_until=until,
            stale_until=_NEVER,
            error_until=_NEVER,
            names=tuple(dict.fromkeys(names)),
            failed=True,
        )
        return new_entry(fresh_error(error), _NEVER, key, details)

    def entity_names(self, key: Hashable) -> list[str]:
        """The names that the entities in *key* give."""
        if not self._naming.entities:
            return []
        return self._naming.named_by_parts(self._keys.split(key))

    def limited_names(self, entry: Entry | None) -> tuple[str, ...]:
        """All names that *entry* carries, if there is a rule that limits some."""
        if entry is None or not self._rules.has_limits:
            return ()
        *_, key, details = entry
        return (*(() if details is None else details.names), *self.entity_names(key))

    def _used_up(self, value: object) -> UncacheableResultError:
        return UncacheableResultError(
            f"{self._function}() returned a {type(value).__name__}, which can be used only once "
            "and so can't be kept; return a list, or decorate the function that makes its items"
            + (" (or write `async def`)" if type(value) is CoroutineType else ""),
            function=self._function,
        )
