from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import uuid
from collections import OrderedDict, deque
from decimal import Decimal
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pepperpy.infra.cache import UnkeyableArgumentError, cached

MOMENT = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)

_PROGRAM = """
import datetime as dt, uuid
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from dataclasses import dataclass
from zoneinfo import ZoneInfo
from pepperpy.infra.cache import cached

@dataclass
class Point:
    x: object
    y: object = None

class Color(Enum):
    RED = object()

@cached(version="2", namespace="shop")
def f(*args, **kwargs): ...

print(f.cache_key(
    1, "a", 2.5, b"x", None, True, ..., 1j, 10**5000, "long" * 100, "\\ud800",
    [1, (2, {"a": {3, "b", "c"}, "d": frozenset("xyz")})],
    Point({"z": 1, "y": 2, "x": 3}), Color.RED, Decimal("1.50"), uuid.UUID(int=7), dict,
    PurePosixPath("/a"), dt.datetime(2024, 1, 1, tzinfo=ZoneInfo("UTC")), dt.timedelta(1),
    z=1, y=2, x=3,
))
print(f.cache_key("short", 1))
"""


def _run(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return done.stdout


@cached
def f(x: object) -> None: ...


class TestCacheKey:
    def test_is_the_same_in_every_process(self) -> None:
        one, two = _run("1"), _run("2")

        assert one == two
        assert one.splitlines()[1] == "shop:__main__.f@2:<*>,'short',1,<*>"

    def test_can_be_read_where_arguments_are_short(self) -> None:
        @cached(namespace="shop", version="2")
        def load(user_id: int, name: str) -> None: ...

        key = load.cache_key(7, "ann")

        assert key.startswith("shop:")
        assert load.__qualname__ + "@2:" in key
        assert key.endswith(":7,'ann'")

    def test_does_not_depend_on_the_form_of_the_call(self) -> None:
        @cached
        def load(a: int, b: int = 2) -> None: ...

        assert load.cache_key(1) == load.cache_key(a=1, b=2) == load.cache_key(1, 2)

    def test_refuses_the_instance_of_a_method_which_no_other_process_knows(self) -> None:
        class A:
            @cached
            def load(self, n: int) -> None: ...

        with pytest.raises(UnkeyableArgumentError, match="'self' of load") as caught:
            A.load.cache_key(A(), 1)

        assert caught.value.parameter == "self"

    def test_takes_a_method_whose_key_says_what_counts(self) -> None:
        class A:
            @cached(key="{n}")
            def load(self, n: int) -> None: ...

        assert A.load.cache_key(A(), 1) == A.load.cache_key(A(), 1)
        assert A.load.cache_key(A(), 1) != A.load.cache_key(A(), 2)

    @pytest.mark.parametrize(
        "values",
        [
            (1, True, 1.0, "1", b"1", Decimal(1), np.int64(1).tobytes()),
            ((1,), (True,), [1], (1.0,), {1}, frozenset({1})),
            ("a,b", ("a", "b"), "'a','b'"),
            (Decimal("1.0"), Decimal("1.00")),
            (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1), {"a": 1, "b": 2}),
            (uuid.UUID(int=1), str(uuid.UUID(int=1))),
            (PurePosixPath("/a"), "/a"),
            (MOMENT.replace(tzinfo=None), MOMENT, MOMENT.date()),
            (
                dt.datetime(2024, 1, 1, 12, tzinfo=ZoneInfo("UTC")),
                dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC),
            ),
            (np.zeros(2, "f4"), np.zeros(2, "f8"), np.zeros((2, 1), "f4")),
            (10**18, 10**18 + 1, -(10**18), "1000000000000000000"),
            ("x" * 64, "x" * 65, "x" * 66),
            (0.0, -0.0, float("nan")),
            (dict, list, OrderedDict),
            (slice(1), slice(True), slice(1, None, 2), range(1), range(0, 3, 2), range(0, 4, 2)),
            (deque([1]), deque([1.0]), [1]),
        ],
        ids=str,
    )
    def test_differs_where_arguments_differ(self, values: tuple[object, ...]) -> None:
        keys = {f.cache_key(value) for value in values}

        assert len(keys) == len(values)

    def test_order_of_a_dict_and_of_a_set_does_not_count(self) -> None:
        assert f.cache_key({"a": 1, "b": 2}) == f.cache_key({"b": 2, "a": 1})
        assert f.cache_key({1, 2, 3}) == f.cache_key({3, 2, 1})

    def test_what_means_nothing_elsewhere_is_refused_with_its_parameter(self) -> None:
        class Local: ...

        class Zone(dt.tzinfo):
            def utcoffset(self, when: dt.datetime | None) -> dt.timedelta:
                return dt.timedelta(0)

        for value in (
            object(),
            [object()],
            lambda: None,
            Local,
            dt.datetime(2024, 1, 1, tzinfo=Zone()),
            Zone(),
        ):
            with pytest.raises(UnkeyableArgumentError, match="no process knows another one's") as e:
                f.cache_key(value)
            assert e.value.parameter == "x"

    def test_what_contains_itself_is_refused(self) -> None:
        endless: list[object] = []
        endless.append(endless)

        with pytest.raises(UnkeyableArgumentError, match="contains itself"):
            f.cache_key(endless)

    def test_runs_nothing_and_counts_nothing(self) -> None:
        @cached
        def g(n: int) -> None:
            raise AssertionError

        g.cache_key(1)

        info = g.cache_info()
        assert (info.hits, info.misses, info.loads) == (0, 0, 0)
