"""What a pool can be set to."""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from pepperpy.infra.connection import ConnectionPoolConfig, PoolConfigError


def test_defaults_make_sense():
    config = ConnectionPoolConfig()

    assert (config.min_size, config.max_size, config.acquire_timeout) == (1, 10, 10.0)
    assert (config.idle_timeout, config.max_lifetime) == (60.0, 3600.0)
    assert (config.validate_on_acquire, config.validate_interval) == (True, 30.0)
    assert (config.retry_attempts, config.retry_delay) == (3, 1.0)
    assert config.params == {}


def test_times_may_be_timedeltas_and_are_kept_as_seconds():
    config = ConnectionPoolConfig(idle_timeout=timedelta(minutes=2), validate_interval=0)

    assert (config.idle_timeout, config.validate_interval) == (120.0, 0.0)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("min_size", -1),
        ("min_size", True),
        ("min_size", 11),
        ("max_size", 0),
        ("max_size", 2.5),
        ("max_size", "10"),
        ("max_waiting", -1),
        ("acquire_timeout", -0.1),
        ("acquire_timeout", math.nan),
        ("acquire_timeout", "soon"),
        ("close_timeout", None),
        ("close_timeout", math.inf),
        ("idle_timeout", 0),
        ("max_lifetime", -5),
        ("lifetime_jitter", 1.5),
        ("lifetime_jitter", math.nan),
        ("validate_interval", -1),
        ("validate_timeout", 0),
        ("validate_on_acquire", "no"),
        ("retry_attempts", -1),
        ("retry_delay", None),
        ("health_check_interval", 0),
        ("leak_threshold", 0),
        ("params", [("a", 1)]),
    ],
)
def test_what_makes_no_sense_is_refused_at_construction(option, value):
    with pytest.raises(ValueError, match=option) as caught:
        ConnectionPoolConfig(**{option: value})

    assert isinstance(caught.value, PoolConfigError)
    assert caught.value.option == option


@pytest.mark.parametrize(
    "option",
    [
        "acquire_timeout",
        "connect_timeout",
        "health_check_interval",
        "idle_timeout",
        "leak_threshold",
        "max_lifetime",
        "max_waiting",
        "reset_timeout",
        "validate_interval",
        "validate_timeout",
    ],
)
def test_none_means_no_limit(option):
    assert getattr(ConnectionPoolConfig(**{option: None}), option) is None


def test_no_connections_at_all_may_be_kept():
    assert ConnectionPoolConfig(min_size=0).min_size == 0


def test_it_can_be_derived_from_copied_and_pickled():
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Special(ConnectionPoolConfig):
        dsn: str = "db"

    assert replace(Special(min_size=2), max_size=3).min_size == 2
    assert pickle.loads(pickle.dumps(ConnectionPoolConfig(min_size=2))).min_size == 2


def test_a_pool_takes_a_config_only(link_pool):
    with pytest.raises(PoolConfigError, match="must be a ConnectionPoolConfig; got dict"):
        link_pool(config={"min_size": 1})
