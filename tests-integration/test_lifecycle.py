"""What `running` opened is closed however the program ends, and in a forked child as well."""

from __future__ import annotations

import os
from typing import Any

import pytest

SET_UP = """
import asyncio, logging, os, signal, sys, warnings
from pepperpy.infra import (
    ConnectionPool, ConnectionPoolConfig, cached, get, pooled_resource, register_file_provider,
    register_pool, running, set, stop,
)

config = {
    "logging": {
        "console": False, "log_file": "app.log", "file_format": "json", "level": "INFO",
        "queue": True,
    },
    "cache": {"cache_type": "file", "cache_directory": "cache"},
}
log = logging.getLogger("app")
parent = os.getpid()


class Pool(ConnectionPool):
    async def _create_connection(self):
        return object()

    async def _close_connection(self, connection):
        log.info("closed in the " + ("parent" if os.getpid() == parent else "child"))


pool = Pool("pool", ConnectionPoolConfig(min_size=1))
register_pool(pool)
register_file_provider("orders", "orders.db")


@cached(ttl=600)
def double(number: int) -> int:
    print("computed", number)
    return 2 * number
"""

ENDS = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))


async def tasks():
    async with running(config):
        await set("orders", "1", "an order")
        double(21)
        log.info("at work")
        asyncio.get_running_loop().call_soon(signal.raise_signal, {signal})
        await asyncio.Event().wait()


def plain():
    with running(config):
        double(21)
        log.info("at work")
        signal.raise_signal({signal})


{program}
"""

# Nothing is computed: the result is in the file.
AGAIN = """
with running(config):
    print(double(21))
"""

# Python 3.12 warns of each fork in a program with threads; that it works is what is shown here.
FORKS = """
warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")


async def use(number):
    await set("orders", str(number), number)
    double(number)
    async with pooled_resource("pool"):
        log.info(f"used {number}")


async def child():
    async with running(config):
        await use(2)


async def main():
    async with running(config):
        await use(1)
        pid = os.fork()
        if not pid:
            asyncio.events._set_running_loop(None)  # the child is not in its parent's loop
            CHILD
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        await use(3)
        print(await get("orders", "1"))


asyncio.run(main())
"""


def messages(program: Any) -> list[str]:
    return [line["message"] for line in program.lines("app.log")]


@pytest.mark.parametrize("signal", ["signal.SIGTERM", "signal.SIGINT"])
class TestSignals:
    def test_a_program_of_tasks_that_is_told_to_end_has_closed_everything(
        self, program: Any, signal: str
    ) -> None:
        ends = ENDS.format(signal=signal, program="asyncio.run(tasks())")

        done = program.run(SET_UP + ends, fails=True)

        assert messages(program) == ["at work", "closed in the parent"]
        assert done.stdout == "computed 21\n"
        assert program.run(SET_UP + AGAIN).stdout == "42\n"

    def test_a_plain_program_that_is_told_to_end_has_closed_everything(
        self, program: Any, signal: str
    ) -> None:
        program.run(SET_UP + ENDS.format(signal=signal, program="plain()"), fails=True)

        assert messages(program) == ["at work"]
        assert program.run(SET_UP + AGAIN).stdout == "42\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
class TestFork:
    def test_a_child_starts_and_stops_for_itself_and_its_parent_goes_on(self, program: Any) -> None:
        shown = program.run(SET_UP + FORKS.replace("CHILD", "asyncio.run(child())"))

        assert shown.stdout.splitlines()[-1] == "1"
        assert messages(program) == [
            "used 1",
            "used 2",
            "closed in the child",
            "used 3",
            "closed in the parent",
        ]

    def test_a_child_that_stops_what_its_parent_started_leaves_it_to_the_parent(
        self, program: Any
    ) -> None:
        program.run(SET_UP + FORKS.replace("CHILD", 'log.info("forked"); stop()'))

        assert messages(program) == ["used 1", "forked", "used 3", "closed in the parent"]
