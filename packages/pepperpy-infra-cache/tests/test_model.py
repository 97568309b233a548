"""A cache beside a plain model of it: whatever is done, values are right and figures add up."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pepperpy.infra.cache import Cache
from pepperpy.infra.utils import FakeClock

IDS = st.one_of(st.integers(0, 6), st.integers(0, 6).map(str))
PAGES = st.integers(0, 1)
GLOBS = ["user:*", "user:[0-2]", "*", "page:*", "shelf:?", "nothing:*", "us"]


@dataclass
class Kept:
    """What may be there; a bounded cache may have less."""

    value: int
    until: float
    names: set[str]
    version: int


class Against(RuleBasedStateMachine):
    """Rules that both follow."""

    @initialize(
        size=st.one_of(st.none(), st.integers(1, 6)),
        ttl=st.one_of(st.none(), st.sampled_from([3.0, 10.0])),
        of_result=st.booleans(),
    )
    def begin(self, size: int | None, ttl: float | None, of_result: bool) -> None:
        self.clock = FakeClock()
        self.cache = Cache("model", clock=self.clock)
        self.size, self.ttl, self.of_result = size, ttl, of_result
        self.version = 0
        self.calls = self.runs = self.failed = 0
        self.model: dict[tuple[Any, int], Kept] = {}
        tags: Any = ["page:{page}", *([lambda value: f"shelf:{value % 3}"] if of_result else [])]

        @self.cache.cached(ttl=ttl, max_size=size, tags=tags)
        def f(user_id: object, page: int = 0) -> int:
            self.runs += 1
            if self.breaks:
                raise LookupError
            return self.version

        self.breaks = False
        self.f: Any = f

    def note(self, key: tuple[Any, int], value: int) -> None:
        user_id, page = key
        names = {f"user:{user_id}", f"page:{page}"}
        if self.of_result:
            names.add(f"shelf:{value % 3}")
        until = self.clock.monotonic() + (self.ttl or 1e12)
        self.model[key] = Kept(value, until, names, self.version)

    def good(self) -> dict[tuple[Any, int], Kept]:
        now = self.clock.monotonic()
        return {key: kept for key, kept in self.model.items() if kept.until > now}

    def is_exact(self) -> bool:
        return self.size is None

    @rule(user_id=IDS, page=PAGES, named=st.booleans())
    def call(self, user_id: Any, page: int, named: bool) -> None:
        self.version += 1
        key = (user_id, page)
        before, self.calls = self.runs, self.calls + 1
        value = self.f(page=page, user_id=user_id) if named else self.f(user_id, page)

        kept = self.good().get(key)
        if self.runs > before:
            assert value == self.version
            assert kept is None or not self.is_exact()
            self.note(key, value)
        else:
            assert kept is not None
            assert kept.value == value

    @rule(user_id=IDS, page=PAGES)
    def fail(self, user_id: Any, page: int) -> None:
        self.breaks, self.calls = True, self.calls + 1
        before = self.runs
        try:
            value = self.f(user_id, page)
        except LookupError:
            self.failed += 1
            assert self.runs > before
            self.model.pop((user_id, page), None) if self.size else None
        else:
            assert value == self.good()[user_id, page].value
        finally:
            self.breaks = False

    @rule(user_id=IDS, page=PAGES, value=st.integers(-5, 5))
    def put(self, user_id: Any, page: int, value: int) -> None:
        self.f.put(value, user_id, page)
        self.note((user_id, page), value)

    @rule(user_id=IDS, page=PAGES)
    def refresh(self, user_id: Any, page: int) -> None:
        self.version += 1
        assert self.f.refresh(user_id, page) == self.version
        self.note((user_id, page), self.version)

    @rule(user_id=IDS, page=PAGES)
    def invalidate_call(self, user_id: Any, page: int) -> None:
        expected = (user_id, page) in self.good()
        count = self.f.invalidate(user_id, page)
        self.model.pop((user_id, page), None)
        assert count == expected if self.is_exact() else count <= expected

    def drop(self, named: Any, count: int) -> None:
        gone = [key for key, kept in self.good().items() if any(map(named, kept.names))]
        for key in gone:
            del self.model[key]
        assert count == len(gone) if self.is_exact() else count <= len(gone)

    @rule(
        name=st.one_of(
            st.integers(0, 6).map("user:{}".format),
            PAGES.map("page:{}".format),
            st.integers(0, 2).map("shelf:{}".format),
            st.sampled_from(["", "user:", "x"]),
        )
    )
    def invalidate_name(self, name: str) -> None:
        self.drop(lambda carried: carried == name, self.cache.invalidate(name))

    @rule(glob=st.sampled_from(GLOBS))
    def invalidate_glob(self, glob: str) -> None:
        self.drop(lambda carried: fnmatchcase(carried, glob), self.cache.invalidate(glob))

    @rule(clears_all=st.booleans())
    def clear(self, clears_all: bool) -> None:
        size = self.f.cache_info().size
        if clears_all:
            assert self.cache.clear() == size
        else:
            self.f.cache_clear()
        self.model.clear()

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0, 10.0]))
    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-1e6, 1e6]))
    def jump(self, seconds: float) -> None:
        self.clock.jump(seconds)

    @invariant()
    def figures_add_up(self) -> None:
        info = self.f.cache_info()
        store = self.f.cache_info.__self__._memo.store
        entries = store.entries
        assert self.size is None or len(entries) <= self.size
        assert info.hits + info.misses == self.calls
        assert info.loads + info.load_errors == self.runs
        assert info.load_errors == self.failed
        good = self.good()
        if self.is_exact():
            assert info.size == len(good)
        else:
            assert info.size <= len(good)

    @invariant()
    def indexes_are_exact(self) -> None:
        store = self.f.cache_info.__self__._memo.store
        indexed: dict[str, set[Any]] = {}
        for key, entry in store.entries.items():
            for name in entry[5].names:
                indexed.setdefault(name, set()).add(key)
        assert store.names == indexed
        alive = [entry for entry in [*store._small, *store._main] if entry]
        assert sorted(map(id, alive)) == sorted(map(id, store.entries.values()))
        dropped = len(store._small) + len(store._main) - len(alive)
        assert store._dropped_in_queues == dropped <= 16 + len(store.entries) // 4 + 1


Against.TestCase.settings = settings(
    max_examples=3 * settings.default.max_examples, stateful_step_count=40, deadline=None
)
TestAgainstAModel = Against.TestCase
