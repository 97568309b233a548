"""Every provider does what a dict would do, in whatever order it is asked."""

from __future__ import annotations

import asyncio
import tempfile
import zlib
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pepperpy.infra.storage import (
    Compressed,
    ConflictError,
    Encrypted,
    FileStorageProvider,
    InvalidValueError,
    KeyNotFoundError,
    MemoryStorageProvider,
    Put,
    StorageProvider,
)
from pepperpy.infra.utils import FakeClock

from .test_wrappers import XorCipher

KEYS = st.sampled_from(["a", "b", "ab", "a:1", "a:2", "é", "*", "\x00", "\U0010ffff"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=5,
) | st.binary(max_size=10)
TTLS = st.none() | st.sampled_from([1, 2.5, 60])


class Held:
    """What the model knows of a key."""

    def __init__(self, value: Any, version: int, end: float | None) -> None:
        self.value, self.version, self.end = value, version, end


class ProviderAgainstDict(RuleBasedStateMachine):
    """Rules for all; each provider is a class of its own below."""

    def make(self, folder: str, clock: FakeClock) -> StorageProvider:
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(wall=2_000_000_000.0)
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.store = self.make(self.folder.name, self.clock)
        self.model: dict[str, Held] = {}
        self.used: dict[str, set[int]] = {}
        self.run(self.store.connect())

    def teardown(self) -> None:
        self.run(self.store.disconnect())
        self.runner.close()
        self.folder.cleanup()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def alive(self, key: str) -> Held | None:
        held = self.model.get(key)
        if held is not None and held.end is not None and held.end <= self.clock.monotonic():
            del self.model[key]
            return None
        return held

    def wrote(self, key: str, value: Any, version: int, ttl: float | None) -> None:
        assert version not in self.used.setdefault(key, set())
        self.used[key].add(version)
        self.model[key] = Held(
            value, version, None if ttl is None else self.clock.monotonic() + ttl
        )

    @contextmanager
    def agrees(self, ok: bool, error: type[Exception]) -> Iterator[None]:
        if ok:
            yield
            return
        with pytest.raises(error):
            yield

    @rule(key=KEYS, value=VALUES, ttl=TTLS)
    def set(self, key: str, value: Any, ttl: float | None) -> None:
        self.wrote(key, value, self.run(self.store.set(key, value, ttl=ttl)), ttl)

    @rule(key=KEYS, value=VALUES, ttl=TTLS, off=st.integers(0, 2))
    def set_if_version(self, key: str, value: Any, ttl: float | None, off: int) -> None:
        held = self.alive(key)
        expected = off + (1 if held is None else held.version)
        good = held is not None and expected == held.version
        with self.agrees(good, ConflictError):
            work = self.store.set(key, value, ttl=ttl, if_version=expected)
            self.wrote(key, value, self.run(work), ttl)

    @rule(key=KEYS, value=VALUES, ttl=TTLS)
    def set_if_absent(self, key: str, value: Any, ttl: float | None) -> None:
        with self.agrees(self.alive(key) is None, ConflictError):
            version = self.run(self.store.set(key, value, ttl=ttl, if_absent=True))
            self.wrote(key, value, version, ttl)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        assert self.run(self.store.delete(key)) is (self.alive(key) is not None)
        self.model.pop(key, None)

    @rule(key=KEYS, by=st.integers(-5, 2**65), ttl=TTLS)
    def increment(self, key: str, by: int, ttl: float | None) -> None:
        held = self.alive(key)
        good = held is None or type(held.value) is int
        with self.agrees(good, InvalidValueError):
            total = self.run(self.store.increment(key, by, ttl=ttl))
            assert total == by + (0 if held is None else held.value)
            self.rewrote(key, total, held, ttl)

    @rule(key=KEYS, value=VALUES, default=st.booleans())
    def update(self, key: str, value: Any, default: bool) -> None:
        held = self.alive(key)
        with self.agrees(held is not None or default, KeyNotFoundError):
            options = {"default": "new"} if default else {}
            made = self.run(self.store.update(key, lambda _: value, **options))
            self.rewrote(key, made, held, None)

    def rewrote(self, key: str, value: Any, held: Held | None, ttl: float | None) -> None:
        """A write that keeps the end of what was there."""
        if held is None:
            end = ttl
        else:
            end = None if held.end is None else held.end - self.clock.monotonic()
        self.wrote(key, value, self.run(self.store.get_entry(key)).version, end)

    @rule(key=KEYS, ttl=TTLS)
    def expire(self, key: str, ttl: float | None) -> None:
        held = self.alive(key)
        assert self.run(self.store.expire(key, ttl)) is (held is not None)
        if held is not None:
            self.wrote(key, held.value, self.run(self.store.get_entry(key)).version, ttl)

    @rule(values=st.dictionaries(KEYS, VALUES, max_size=4), ttl=TTLS)
    def set_many(self, values: dict[str, Any], ttl: float | None) -> None:
        versions = self.run(self.store.set_many(values, ttl=ttl))
        assert versions.keys() == values.keys()
        for key, value in values.items():
            self.wrote(key, value, versions[key], ttl)

    @rule(keys=st.lists(KEYS, max_size=4))
    def delete_many(self, keys: list[str]) -> None:
        there = {key for key in keys if self.alive(key) is not None}
        assert self.run(self.store.delete_many(keys)) == len(there)
        for key in there:
            del self.model[key]

    @rule(
        writes=st.dictionaries(KEYS, st.none() | st.builds(Put, VALUES, TTLS), max_size=3),
        expect=st.dictionaries(KEYS, st.booleans(), max_size=2),
    )
    def apply(self, writes: dict[str, Put | None], expect: dict[str, bool]) -> None:
        versions: dict[str, int | None] = {}
        for key, right in expect.items():
            held = self.alive(key)
            found = None if held is None else held.version
            versions[key] = found if right else (found or 0) + 1
        with self.agrees(all(expect.values()), ConflictError):
            written = self.run(self.store.apply(writes, expect=versions))
            for key, put in writes.items():
                if put is None:
                    self.model.pop(key, None)
                else:
                    self.wrote(key, put.value, written[key], put.ttl)

    @rule(one=KEYS, other=KEYS, value=VALUES, fails=st.booleans())
    def transaction(self, one: str, other: str, value: Any, fails: bool) -> None:
        async def block() -> dict[str, int]:
            async with self.store.transaction() as tx:
                held = await tx.get(one, default="none")
                await tx.set(other, value)
                assert await tx.get(other) == value
                if other != one:
                    await tx.delete(one)
                    assert not await tx.exists(one)
                if fails:
                    raise RuntimeError(repr(type(held)))
            return tx.versions

        with self.agrees(not fails, RuntimeError):
            versions = self.run(block())
            if other != one:
                self.model.pop(one, None)
            self.wrote(other, value, versions[other], None)

    @rule()
    def clear(self) -> None:
        self.run(self.store.clear())
        self.model.clear()

    @rule(seconds=st.sampled_from([0.5, 1, 2.5, 60]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def connect_again(self) -> None:
        self.run(self.store.disconnect())
        self.run(self.store.connect())

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        held = self.alive(key)
        assert self.run(self.store.exists(key)) is (held is not None)
        if held is None:
            with pytest.raises(KeyNotFoundError):
                self.run(self.store.get(key))
            return
        entry = self.run(self.store.get_entry(key))
        assert repr(entry.value) == repr(held.value)
        assert entry.version == held.version
        assert (entry.expires_at is None) is (held.end is None)

    @rule(pattern=st.sampled_from(["*", "a*", "?", "a:[12]", "[*]", "*b", "[!a]*"]))
    def keys(self, pattern: str) -> None:
        found = [key for key in self.there() if fnmatchcase(key, pattern)]
        assert self.run(self.store.keys(pattern)) == found

    @rule(prefix=st.sampled_from(["", "a", "a:", "*", "z"]), limit=st.integers(1, 4))
    def scan(self, prefix: str, limit: int) -> None:
        found: dict[str, Any] = {}
        cursor = None
        while True:
            page = self.run(self.store.scan(prefix, cursor=cursor, limit=limit))
            assert len(page.entries) <= limit
            found.update((key, entry.version) for key, entry in page.entries.items())
            cursor = page.cursor
            if cursor is None:
                break
        expected = {key: self.model[key].version for key in self.there() if key.startswith(prefix)}
        assert list(found.items()) == list(expected.items())

    def there(self) -> list[str]:
        return sorted(key for key in list(self.model) if self.alive(key) is not None)

    @invariant()
    def both_hold_the_same(self) -> None:
        held = {key: self.model[key].value for key in self.there()}
        found = self.run(self.store.get_many([*held, "never"]))
        assert {key: repr(value) for key, value in found.items()} == {
            key: repr(value) for key, value in held.items()
        }


def machine(make: Callable[[str, FakeClock], StorageProvider], examples: int) -> Any:
    """The tests of one provider."""

    class Machine(ProviderAgainstDict):
        def make(self, folder: str, clock: FakeClock) -> StorageProvider:
            return make(folder, clock)

    case: Any = Machine.TestCase
    case.settings = settings(max_examples=examples, stateful_step_count=30, deadline=None)
    return case


TestMemory = machine(lambda folder, clock: MemoryStorageProvider("m", clock=clock), 40)
TestFile = machine(
    lambda folder, clock: FileStorageProvider("f", f"{folder}/f.db", "process", clock=clock), 15
)
TestNamespace = machine(
    lambda folder, clock: MemoryStorageProvider("m", clock=clock).namespace("[*]"), 15
)
TestEncrypted = machine(
    lambda folder, clock: Encrypted(
        Compressed(MemoryStorageProvider("m", clock=clock), zlib), XorCipher()
    ),
    15,
)
