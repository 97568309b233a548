from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepperpy.infra.cache import Cache, cached
from pepperpy.infra.cache._freeze import freeze
from pepperpy.infra.cache._written import written
from pepperpy.infra.utils import FakeClock


@dataclass
class Point:
    x: Any
    y: Any


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, -0.0, 1.0, math.nan]),
    st.sampled_from(["", "a", "1", "a,b"]),
    st.sampled_from([b"", b"a"]),
    st.decimals(0, 2, places=1),
)
# Deferred, since what a failure shows of a strategy grows with each use of it.
hashables = st.deferred(
    lambda: st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.tuples(inner), st.tuples(inner, inner), st.frozensets(inner, max_size=3)
        ),
        max_leaves=3,
    )
)
values = st.deferred(lambda: nested)
nested = st.recursive(
    hashables,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(hashables, inner, max_size=2),
        st.builds(Point, inner, inner),
        st.lists(inner, max_size=2).map(deque),
    ),
    max_leaves=4,
)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same classes throughout."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple, deque)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, frozenset):
        return len(one) == len(other) and all(any(same(a, b) for b in other) for a in one)
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            any(same(key, k) and same(value, v) for k, v in other.items())
            for key, value in one.items()
        )
    if isinstance(one, Point):
        return same((one.x, one.y), (other.x, other.y))
    return repr(one) == repr(other)


@st.composite
def signatures(draw: st.DrawFn) -> str:
    names = iter("abcdefgh")
    parts: list[str] = []
    has_default = False
    positional_only = draw(st.integers(0, 2))
    for index in range(positional_only + draw(st.integers(0, 2))):
        has_default = has_default or draw(st.booleans())
        parts.append(f"{next(names)}={draw(st.integers(0, 2))}" if has_default else next(names))
        if index + 1 == positional_only:
            parts.append("/")
    starred = draw(st.booleans())
    keywords = draw(st.integers(0, 2))
    if starred or keywords:
        parts.append("*args" if starred else "*")
        if not starred and not keywords:
            parts.pop()
    defaults = [draw(st.sampled_from(["", "=0", "=1"])) for _ in range(keywords)]
    parts += [next(names) + default for default in defaults]
    if draw(st.booleans()):
        parts.append("**kwargs")
    return ", ".join(parts)


arguments = st.one_of(
    st.integers(0, 1), st.sampled_from([True, "0", 1.0, -0.0, (1,), (True,)]), values
)
calls = st.lists(
    st.tuples(
        st.lists(arguments, max_size=4),
        st.dictionaries(st.sampled_from("abcdefx"), arguments, max_size=3),
    ),
    max_size=8,
)


class TestCachedEqualsPlain:
    @settings(max_examples=6 * settings.default.max_examples, deadline=None)
    @given(signatures(), calls)
    def test_for_any_signature_and_calls(self, signature: str, made: Any) -> None:
        scope: dict[str, Any] = {}
        exec(f"def f({signature}): return locals()", scope)
        plain = scope["f"]
        remembering = cached(ttl=60, max_size=None)(plain)

        for args, kwargs in [*made, *made]:
            try:
                expected = plain(*args, **kwargs)
            except TypeError as error:
                with pytest.raises(TypeError, match=re.escape(str(error))):
                    remembering(*args, **kwargs)
                continue
            assert same(remembering(*args, **kwargs), expected)
            loads = remembering.cache_info().loads
            assert same(remembering(*args, **kwargs), expected)
            assert remembering.cache_info().loads == loads

    @settings(max_examples=4 * settings.default.max_examples, deadline=None)
    @given(signatures(), calls)
    def test_what_is_kept_is_what_calls_and_handles_look_for(
        self, signature: str, made: Any
    ) -> None:
        scope: dict[str, Any] = {}
        exec(f"def f({signature}): return object()", scope)
        f = cached(max_size=None)(scope["f"])

        for args, kwargs in made:
            try:
                kept = f(*args, **kwargs)
            except TypeError:
                continue
            marker = object()
            f.put(marker, *args, **kwargs)
            assert f(*args, **kwargs) is marker
            assert marker is not kept
            assert f.invalidate(*args, **kwargs) == 1
            assert f.invalidate(*args, **kwargs) == 0
            assert f.cache_key(*args, **kwargs) == f.cache_key(*args, **kwargs)


class TestKeys:
    @settings(max_examples=10 * settings.default.max_examples, deadline=None)
    @given(values, values)
    def test_frozen_values_are_equal_exactly_if_the_values_are_the_same(
        self, one: Any, other: Any
    ) -> None:
        assert freeze(one) == freeze(one)
        assert hash(freeze(one)) == hash(freeze(one))
        assert (freeze(one) == freeze(other)) == same(one, other)

    @settings(max_examples=10 * settings.default.max_examples, deadline=None)
    @given(st.lists(values, max_size=3), st.lists(values, max_size=3))
    def test_written_keys_are_equal_exactly_if_the_values_are_the_same(
        self, one: list[Any], other: list[Any]
    ) -> None:
        assert (written(tuple(one)) == written(tuple(other))) == same(one, other)


class TestExpiry:
    @settings(max_examples=2 * settings.default.max_examples, deadline=None)
    @given(
        st.floats(0.1, 100), st.lists(st.tuples(st.integers(0, 3), st.floats(0, 60)), max_size=30)
    )
    def test_a_result_is_never_served_at_or_after_its_end(
        self, ttl: float, steps: list[tuple[int, float]]
    ) -> None:
        clock = FakeClock()

        @Cache("property", clock=clock).cached(ttl=ttl)
        def f(n: int) -> float:
            return clock.monotonic()

        for n, wait in steps:
            born = f(n)
            assert clock.monotonic() < born + ttl
            clock.advance(wait)
