"""Rules about names: what else goes when one goes, and what limits the entries that carry it."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from pepperpy.infra.utils import ForkSafeLock, to_seconds

from ._errors import InvalidOptionError, InvalidTTLError
from ._names import Wanted
from ._settings import check_size

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ._memo import Memo


class InvalidationStrategy(StrEnum):
    """What a rule does."""

    TTL = "ttl"
    """Entries with the name live no longer than that."""
    LRU = "lru"
    """No more than so many entries carry the name; the one that was asked for longest ago goes."""
    PATTERN = "pattern"
    """With the name go all that a glob matches."""
    DEPENDENCY = "dependency"
    """The name goes when one goes that it depends on."""
    VERSION = "version"
    """The name goes when its version changes."""
    MANUAL = "manual"
    """The name goes only when it is named itself, by no glob and no dependency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInvalidationRule:
    """One rule about a name, or about all names that a glob matches.

    Raises:
        InvalidOptionError: If it lacks what its strategy needs.
        InvalidTTLError: If *ttl* is no duration above 0.

    Examples:
        >>> CacheInvalidationRule(strategy=InvalidationStrategy.TTL, ttl=60).ttl
        60.0
    """

    strategy: InvalidationStrategy
    pattern: str | None = None
    dependencies: Iterable[str] = ()
    version: str | None = None
    ttl: float | timedelta | None = None
    """Seconds, or a `timedelta`."""
    max_size: int | None = None

    def __post_init__(self) -> None:
        try:
            strategy = InvalidationStrategy(self.strategy)
        except ValueError as error:
            raise InvalidOptionError(
                f"strategy must be one of {', '.join(map(repr, map(str, InvalidationStrategy)))}; "
                f"got {self.strategy!r}",
                option="strategy",
                value=self.strategy,
            ) from error
        object.__setattr__(self, "strategy", strategy)
        self._check_texts()
        if self.ttl is not None:
            seconds = to_seconds(self.ttl)
            if not seconds > 0:
                raise InvalidTTLError(
                    f"ttl must be positive seconds, or a timedelta; got {self.ttl!r}",
                    option="ttl",
                    value=self.ttl,
                )
            object.__setattr__(self, "ttl", seconds)
        check_size("max_size", self.max_size)
        self._check_need(strategy)

    def _check_texts(self) -> None:
        names: Any = self.dependencies
        several = hasattr(names, "__iter__") and not isinstance(names, str)
        object.__setattr__(self, "dependencies", tuple(names) if several else (names,))
        for option, texts in (
            ("dependencies", self.dependencies),
            ("pattern", (self.pattern or "",)),
            ("version", (self.version or "",)),
        ):
            for text in texts:
                check_name(option, text)

    def _check_need(self, strategy: InvalidationStrategy) -> None:
        needs = {
            InvalidationStrategy.TTL: "ttl",
            InvalidationStrategy.LRU: "max_size",
            InvalidationStrategy.PATTERN: "pattern",
            InvalidationStrategy.DEPENDENCY: "dependencies",
            InvalidationStrategy.VERSION: "version",
        }
        need = needs.get(strategy)
        if need is not None and not getattr(self, need):
            raise InvalidOptionError(
                f"a rule with the strategy {str(strategy)!r} needs {need}=",
                option=need,
                value=getattr(self, need),
            )


def check_name(option: str, name: object) -> None:
    """Refuse what cannot be a name.

    Raises:
        InvalidOptionError: If *name* is no text.
    """
    if not isinstance(name, str):
        raise InvalidOptionError(
            f"{option} must be text, like 'user:123'; got {type(name).__name__}",
            option=option,
            value=type(name).__name__,
        )


class _Kept(NamedTuple):
    """An entry that a limit counts."""

    memo: ref[Memo]
    hits: int
    """Those that it had when it was last looked at."""
    names: tuple[str, ...]


class _Limit:
    """The entries that carry a name of which there may be only so many."""

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size
        # By the number of the memo and the key; who was asked for longest ago comes first.
        self.kept: OrderedDict[tuple[int, Hashable], _Kept] = OrderedDict()

    def add(self, memo: Memo, key: Hashable, names: tuple[str, ...]) -> None:
        place = (id(memo), key)
        self.kept[place] = _Kept(ref(memo), 0, names)
        self.kept.move_to_end(place)

    def touch(self, name: str) -> None:
        for place in [place for place, kept in self.kept.items() if name in kept.names]:
            self.kept.move_to_end(place)

    def excess(self) -> list[tuple[Memo, Hashable]]:
        """Those that are too many.  Who was asked for meanwhile is passed over once."""
        found: list[tuple[Memo, Hashable]] = []
        spared = 0
        while len(self.kept) > self.max_size:
            place, kept = self.kept.popitem(last=False)
            memo = kept.memo()
            hits = None if memo is None else memo.hits_of(place[1])
            if memo is None or hits is None:
                continue
            if hits > kept.hits and spared < self.max_size:
                spared += 1
                self.kept[place] = kept._replace(hits=hits)
                continue
            found.append((memo, place[1]))
        return found


class Rules:
    """All rules of one cache, by the name that they are about.  Guarded by the lock."""

    def __init__(self) -> None:
        self.has_ttl: bool = False
        self.has_limits: bool = False
        self._lock = ForkSafeLock()
        self._rules: dict[str, list[CacheInvalidationRule]] = {}
        self._limits: dict[str, _Limit] = {}
        self._versions: dict[str, str] = {}

    def add(self, name: str, rule: CacheInvalidationRule) -> None:
        """Have *rule* hold for *name* from now on, beside those that already do."""
        with self._lock:
            self._rules.setdefault(name, []).append(rule)
            self._refresh()

    def remove(self, name: str) -> int:
        """Forget the rules of *name*; how many there were."""
        with self._lock:
            count = len(self._rules.pop(name, ()))
            self._versions.pop(name, None)
            self._refresh()
            return count

    def of(self, name: str) -> list[CacheInvalidationRule]:
        """The rules of *name*, in the order in which they were added."""
        with self._lock:
            return list(self._rules.get(name, ()))

    def _refresh(self) -> None:
        self.has_ttl = any(self._with(InvalidationStrategy.TTL))
        wanted = {
            name: rule.max_size
            for name, rule in self._with(InvalidationStrategy.LRU)
            if rule.max_size is not None
        }
        for name in [name for name in self._limits if name not in wanted]:
            del self._limits[name]
        self.has_limits = bool(wanted)
        for name, size in wanted.items():
            self._limits.setdefault(name, _Limit(size)).max_size = size

    def _with(self, strategy: InvalidationStrategy) -> list[tuple[str, CacheInvalidationRule]]:
        return [
            (name, rule)
            for name, rules in self._rules.items()
            for rule in rules
            if rule.strategy is strategy
        ]

    def ttl_of(self, names: Iterable[str]) -> float:
        """The shortest life that a rule allows an entry with *names*, in seconds."""
        own = list(names)
        with self._lock:
            rules = self._with(InvalidationStrategy.TTL)
        allowed: list[Any] = [
            rule.ttl for about, rule in rules if any(map(Wanted(about).matches, own))
        ]
        return min(allowed, default=math.inf)

    def kept(self, memo: Memo, key: Hashable, names: tuple[str, ...]) -> None:
        """Note that an entry with *names* is there, and drop those that are now too many."""
        excess: list[tuple[Memo, Hashable]] = []
        with self._lock:
            for about, limit in self._limits.items():
                if any(map(Wanted(about).matches, names)):
                    limit.add(memo, key, names)
                    excess += limit.excess()
        for owner, each in excess:
            owner.forget(each)

    def gone(self, memo: Memo, keys: Iterable[Hashable]) -> None:
        """Count the entries of *keys* no more, but for those that are there again."""
        with self._lock:
            for key in keys:
                if memo.hits_of(key) is None:
                    for limit in self._limits.values():
                        limit.kept.pop((id(memo), key), None)

    def touch(self, name: str) -> bool:
        """Count what carries *name* as just asked for, for its limits; whether it has any."""
        with self._lock:
            limits = [limit for about, limit in self._limits.items() if Wanted(about).matches(name)]
            for limit in limits:
                limit.touch(name)
            return bool(limits)

    def new_version(self, name: str, version: str) -> bool:
        """Note the version of *name*; whether it is another one than before."""
        with self._lock:
            before = self._versions.get(name)
            if before is None:
                rules = [
                    rule
                    for rule in self._rules.get(name, ())
                    if rule.strategy is InvalidationStrategy.VERSION
                ]
                before = rules[-1].version if rules else None
            self._versions[name] = version
            return before != version

    def affected(self, name: str, *, literal: bool = False) -> list[Wanted]:
        """What goes when *name* goes: itself, and what rules add, however they are linked."""
        first = Wanted(name, literal=literal)
        with self._lock:
            if not self._rules:
                return [first]
            dependent = self._with(InvalidationStrategy.DEPENDENCY)
            patterns = self._with(InvalidationStrategy.PATTERN)
            manual = [about for about, _ in self._with(InvalidationStrategy.MANUAL)]
        spared = [about for about in manual if about != name]
        found = {name: first}
        ahead = [first]
        while ahead:
            gone = ahead.pop()
            linked = [about for about, rule in dependent if any(map(gone.meets, rule.dependencies))]
            linked += [rule.pattern or "" for about, rule in patterns if gone.meets(about)]
            for each in linked:
                if each not in found and not any(Wanted(about).matches(each) for about in manual):
                    found[each] = Wanted(each)
                    ahead.append(found[each])
        return [each.sparing(spared) if spared else each for each in found.values()]
