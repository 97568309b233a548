"""The cache beside the other wheels: configured, seen by telemetry, heard by logging."""

from __future__ import annotations

from typing import Any

import pytest

CACHED = """
import asyncio
from pepperpy.infra import (
    TelemetryManager, cached, clear_cache, initialize_logging, initialize_telemetry,
    invalidate_cache,
)
from pepperpy.infra.utils import FakeClock, run_closers

clock = FakeClock()
told = TelemetryManager.get_instance()


def figure(name, cache):
    tags = {"pepperpy.component.name": cache}
    return next(
        record["value"]
        for record in told.snapshot()
        if record["name"] == f"pepperpy.cache.{name}" and record["tags"] == tags
    )
"""


class TestTelemetry:
    CODE = """
@cached(ttl=60, clock=clock, name="shop.users", max_size=3)
def get_user(user_id):
    return {"id": user_id}


for user_id in (1, 2, 1, 1, 3, 4):
    get_user(user_id)
invalidate_cache("user:4")

info = get_user.cache_info()
for name in ("hits", "misses", "loads", "coalesced", "size"):
    assert figure(name, "shop.users") == getattr(info, name), name
assert (info.hits, info.misses) == (2, 4)
assert figure("removed.invalidated", "shop.users") == 1
assert figure("removed.size", "shop.users") == info.evictions == 1
assert figure("hit_ratio", "shop.users") == info.hit_ratio


@cached(ttl=60, name="shop.orders")
async def get_order(order_id):
    await asyncio.sleep(0)
    return order_id


async def main():
    await asyncio.gather(*[get_order(7) for _ in range(10)])


asyncio.run(main())
assert (figure("loads", "shop.orders"), figure("coalesced", "shop.orders")) == (1, 9)
"""

    def test_a_snapshot_has_the_figures_of_every_cached_function(self, program: Any) -> None:
        program.run(CACHED + self.CODE)

    HANDLED = """
from pepperpy.infra import MemoryTelemetryHandler

memory = MemoryTelemetryHandler()
initialize_telemetry(handlers={"memory": memory}, interval=60)


@cached(name="shop.prices")
def get_price(product_id):
    return 9.5


get_price(1), get_price(1)
told.flush()
get_price(1)
told.flush()

hits = [
    metric.value
    for metric in memory.metrics
    if metric.name == "pepperpy.cache.hits"
    and metric.tags["pepperpy.component.name"] == "shop.prices"
]
assert hits == [1, 2], hits
run_closers()
"""

    def test_handlers_get_them_with_each_flush(self, program: Any) -> None:
        program.run(CACHED + self.HANDLED)


FAILING = """
@cached(ttl=60, stale_on_error=600, clock=clock, name="shop.rates")
def get_rates():
    if clock.monotonic() > 60:
        raise ConnectionError("api_key=swordfish")
    return {"USD": 1.08}


first = get_rates()
clock.advance(61)
"""


class TestSignals:
    CODE = """
initialize_logging({"log_file": "app.log", "file_format": "json", "console": False})
initialize_telemetry()
assert get_rates() is first
assert told.get_value("cache.refresh_failed") == 1
run_closers()
"""

    def test_a_load_that_failed_behind_an_old_result_is_in_the_log_and_counted(
        self, program: Any
    ) -> None:
        program.run(CACHED + FAILING + self.CODE)

        (line,) = (
            line for line in program.lines("app.log") if "cache.refresh_failed" in line["message"]
        )
        assert line["error"] == "ConnectionError"
        assert "shop.rates" in str(line)
        assert "swordfish" not in (program.folder / "app.log").read_text("utf-8")

    SILENT = """
assert get_rates() is first
assert get_rates.cache_info().stale == 1
"""

    def test_nobody_has_to_listen(self, program: Any) -> None:
        program.run(CACHED + FAILING + self.SILENT)


class TestConfig:
    CODE = """
from pepperpy.infra import cached, initialize_cache


@cached
def square(n):
    return n * n


@cached(max_size=7)
def own(n):
    return n


initialize_cache({arguments})
print(square.cache_info().max_size, own.cache_info().max_size)
"""

    def run(self, program: Any, arguments: str = "", **environ: str) -> str:
        done = program.run(self.CODE.replace("{arguments}", arguments), environ=environ)
        return str(done.stdout)

    def test_the_environment_sets_how_much_is_kept_of_functions_that_do_not_say(
        self, program: Any
    ) -> None:
        assert self.run(program, PEPPERPY_CACHE_MAX_SIZE="50") == "50 7\n"

    def test_so_does_the_section_cache_of_a_file(self, program: Any) -> None:
        program.write("pepperpy.toml", '[cache]\ncache_type = "memory"\nmax_size = 60\n')

        assert self.run(program) == "60 7\n"

    def test_the_program_wins(self, program: Any) -> None:
        assert self.run(program, "max_size=70", PEPPERPY_CACHE_MAX_SIZE="50") == "70 7\n"

    def test_without_a_word_it_is_the_default(self, program: Any) -> None:
        assert self.run(program) == "1024 7\n"

    @pytest.mark.parametrize(
        ("variable", "value", "error"),
        [
            ("PEPPERPY_CACHE_MAX_SIZE", "-77", "ConfigValidationError"),
            ("PEPPERPY_CACHE_MAX_SIZE", "many", "ConfigValidationError"),
            ("PEPPERPY_CACHE_CACHE_TYPE", "redis", "InvalidOptionError"),
            ("PEPPERPY_CACHE_CACHE_TYPE", "memroy", "CacheTierError"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, program: Any, variable: str, value: str, error: str
    ) -> None:
        code = self.CODE.replace("{arguments}", "")

        failed = program.run(code, environ={variable: value}, fails=True)

        assert error in failed.stderr


class TestFacade:
    CODE = """
import pepperpy.infra
import pepperpy.infra.cache
from pepperpy.infra import Cache, CacheError, cache_disabled, cached, invalidates

assert cached is pepperpy.infra.cache.cached
users = Cache("users", ttl=60)
people = {1: "Ann"}


@users.cached
def get_user(user_id):
    return people[user_id]


@invalidates("user:{user_id}", cache=users)
def rename(user_id, name):
    people[user_id] = name


assert get_user(1) == "Ann"
rename(1, "Bea")
assert get_user(1) == "Bea"
people[1] = "Cleo"
with cache_disabled():
    assert get_user(1) == "Cleo"
assert get_user(1) == "Bea"

try:
    cached(ttl=-1)
except CacheError as error:
    print(error.code)
"""

    def test_its_names_work_together(self, program: Any) -> None:
        assert program.run(self.CODE).stdout == "cache-ttl\n"
