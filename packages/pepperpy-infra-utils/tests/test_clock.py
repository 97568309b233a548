"""`Clock` and `FakeClock`."""

import asyncio
import os
import subprocess
import sys
import time
from datetime import timedelta
from threading import Thread

import pytest
import trio
import trio.testing

from pepperpy.infra.utils import Clock, FakeClock


class TestClock:
    def test_readings_are_the_systems(self):
        clock = Clock()

        assert time.monotonic() <= clock.monotonic() <= time.monotonic()
        assert time.time() <= clock.time() <= time.time()

    def test_a_reading_costs_what_the_systems_does(self):
        assert Clock().monotonic is time.monotonic

    def test_a_clock_that_derives_from_it_may_ask_it(self):
        class Later(Clock):
            def monotonic(self):
                return super().monotonic() + 1000

        assert Later().monotonic() >= time.monotonic() + 999

    def test_sleeping_blocks_for_at_least_so_long(self):
        clock = Clock()
        start = time.monotonic()

        clock.sleep(0.001)

        assert time.monotonic() - start >= 0.001

    def test_sleep_of_zero_lets_other_asyncio_tasks_run_once(self):
        assert asyncio.run(self._turns_asyncio(Clock())) == ["sleeper", "other", "sleeper again"]

    def test_sleep_of_zero_lets_other_trio_tasks_run_once(self):
        assert sorted(trio.run(self._turns_trio, Clock())) == ["other", "sleeper", "sleeper again"]

    @staticmethod
    async def _turns_asyncio(clock):
        turns = []

        async def sleeper():
            turns.append("sleeper")
            await clock.asleep(0)
            turns.append("sleeper again")

        async def other():
            turns.append("other")

        await asyncio.gather(sleeper(), other())
        return turns

    @staticmethod
    async def _turns_trio(clock):
        turns = []

        async def sleeper():
            turns.append("sleeper")
            await clock.asleep(0)
            assert "other" in turns  # trio picks the order of a round at random
            turns.append("sleeper again")

        async def other():
            turns.append("other")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(sleeper)
            nursery.start_soon(other)
        return turns

    def test_sleeping_under_trio_uses_trios_clock(self):
        async def main():
            await Clock().asleep(3600)
            return trio.current_time()

        moved = trio.testing.MockClock(autojump_threshold=0)

        assert trio.run(main, clock=moved) >= 3600

    def test_importing_the_package_imports_no_event_loop(self):
        code = "import sys, pepperpy.infra.utils; print({'asyncio', 'trio'} & set(sys.modules))"

        shown = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_env()
        ).stdout

        assert shown.strip() == "set()"


def _env():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


class TestFakeClock:
    def test_starts_where_it_is_told_and_stands_still(self):
        clock = FakeClock(100.0, wall=500.0)

        assert (clock.monotonic(), clock.monotonic(), clock.time()) == (100.0, 100.0, 500.0)

    def test_advancing_moves_both_readings(self):
        clock = FakeClock(wall=500.0)

        clock.advance(2.5)

        assert (clock.monotonic(), clock.time()) == (2.5, 502.5)

    def test_jumping_moves_the_wall_clock_alone(self):
        clock = FakeClock(wall=500.0)

        clock.jump(-100)

        assert (clock.monotonic(), clock.time()) == (0.0, 400.0)

    def test_sleeping_advances_at_once_and_is_recorded(self):
        clock = FakeClock()

        clock.sleep(5)
        clock.sleep(0.5)

        assert (clock.monotonic(), clock.sleeps) == (5.5, [5, 0.5])

    def test_sleeping_in_a_task_advances_and_lets_others_run_once(self):
        clock = FakeClock()
        turns = []

        async def sleeper():
            await clock.asleep(60)
            turns.append(clock.monotonic())

        async def other():
            turns.append("other")

        async def main():
            await asyncio.gather(sleeper(), other())

        asyncio.run(main())

        assert turns == ["other", 60.0]
        assert clock.sleeps == [60]

    def test_moves_on_by_a_timedelta(self):
        clock = FakeClock()

        clock.advance(timedelta(minutes=1))

        assert clock.monotonic() == 60

    @pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "5", None])
    def test_time_does_not_go_back(self, seconds):
        clock = FakeClock()

        with pytest.raises(ValueError, match="seconds >= 0"):
            clock.advance(seconds)
        with pytest.raises(ValueError, match="seconds >= 0"):
            clock.sleep(seconds)

        assert (clock.monotonic(), clock.sleeps) == (0.0, [])

    def test_no_advance_is_lost_between_threads(self):
        clock = FakeClock()

        def work():
            for _ in range(2000):
                clock.advance(1)

        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert clock.monotonic() == 8000

    def test_repr_tells_the_time(self):
        assert repr(FakeClock(2)) == "FakeClock(2.0)"
