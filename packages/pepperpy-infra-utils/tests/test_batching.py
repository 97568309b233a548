from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from pepperpy.infra.utils import Batching, InvalidArgumentError

pytestmark = pytest.mark.asyncio


class Server:
    """Answers ten times what it is asked, when the test lets it."""

    def __init__(self) -> None:
        self.seen: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, requests: Sequence[int]) -> list[int | BaseException]:
        self.seen.append(list(requests))
        await asyncio.sleep(0)
        await self.open.wait()
        return [ValueError(number) if number < 0 else number * 10 for number in requests]


async def begun(server: Server, count: int) -> None:
    while len(server.seen) < count:  # noqa: ASYNC110 - turns of the loop, no wish for time
        await asyncio.sleep(0)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_at_a_time_each_is_its_own_round_trip() -> None:
    server = Server()
    ask = Batching(server)

    assert [await ask(number) for number in range(3)] == [0, 10, 20]
    assert server.seen == [[0], [1], [2]]


async def test_what_comes_meanwhile_shares_the_next_round_trip_up_to_the_limit() -> None:
    server = Server()
    ask = Batching(server, limit=4)

    replies = await asyncio.gather(*(ask(number) for number in range(10)))

    assert replies == [number * 10 for number in range(10)]
    assert server.seen == [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9]]
    assert ask.waiting == 0


async def test_an_exception_among_the_replies_is_raised_to_its_caller_alone() -> None:
    ask = Batching(Server())

    replies = await asyncio.gather(*(ask(n) for n in (-1, 2, -3, 4)), return_exceptions=True)

    assert [str(reply) for reply in replies] == ["-1", "20", "-3", "40"]


async def test_when_the_round_trip_fails_all_who_shared_it_are_told_and_the_next_works() -> None:
    broken = True

    async def send(requests: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0)
        if broken:
            raise ConnectionError("reset")
        return requests

    ask = Batching(send)
    replies = await asyncio.gather(*(ask(n) for n in range(3)), return_exceptions=True)
    assert [type(reply) for reply in replies] == [ConnectionError] * 3

    broken = False
    assert await asyncio.gather(*(ask(n) for n in range(3))) == [0, 1, 2]


async def test_a_cancelled_caller_neither_stops_the_others_nor_shifts_their_replies() -> None:
    server = Server()
    server.open.clear()
    ask = Batching(server)
    tasks = [asyncio.create_task(ask(number)) for number in range(6)]
    await begun(server, 1)
    tasks[3].cancel()  # waits
    tasks[0].cancel()  # is under way by itself
    await begun(server, 2)
    tasks[5].cancel()  # shares the round trip that is under way
    await settle()
    server.open.set()

    replies = await asyncio.gather(*tasks, return_exceptions=True)

    assert [replies[n] for n in (1, 2, 4)] == [10, 20, 40]
    assert all(isinstance(replies[n], asyncio.CancelledError) for n in (0, 3, 5))
    assert server.seen == [[0], [1, 2, 4, 5]]
    assert await ask(7) == 70


async def test_if_all_who_waited_have_left_nothing_is_sent_for_them() -> None:
    server = Server()
    server.open.clear()
    ask = Batching(server)
    tasks = [asyncio.create_task(ask(number)) for number in range(3)]
    await begun(server, 1)
    for task in tasks[1:]:
        task.cancel()
    await settle()
    server.open.set()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert server.seen == [[0]]
    assert await ask(5) == 50


@pytest.mark.parametrize("turns", range(6))
async def test_it_goes_on_after_every_task_was_cancelled_at_any_moment(turns: int) -> None:
    server = Server()
    server.open.clear()
    ask = Batching(server)
    tasks = [asyncio.create_task(ask(number)) for number in range(4)]
    await begun(server, 1)
    tasks[0].cancel()
    for _ in range(turns):
        await asyncio.sleep(0)
    me = asyncio.current_task()
    for task in asyncio.all_tasks():
        if task is not me:
            task.cancel()
    server.open.set()
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)

    assert await asyncio.wait_for(ask(9), 5) == 90


async def test_too_few_replies_are_handed_to_nobody() -> None:
    async def send(requests: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0)
        return requests[1:]

    ask = Batching(send)
    replies = await asyncio.gather(*(ask(n) for n in range(3)), return_exceptions=True)

    assert [str(reply) for reply in replies] == [
        "send returned 0 replies to 1 requests",
        *["send returned 1 replies to 2 requests"] * 2,
    ]


@pytest.mark.parametrize("seed", range(30))
async def test_under_any_interleaving_each_caller_gets_its_own_reply(seed: int) -> None:
    rng = random.Random(seed)

    async def send(requests: Sequence[int]) -> list[int]:
        for _ in range(rng.randrange(4)):
            await asyncio.sleep(0)
        if rng.random() < 0.1:
            raise ConnectionError
        return [-number for number in requests]

    ask = Batching(send, limit=rng.randrange(1, 8))

    async def call(number: int) -> int:
        for _ in range(rng.randrange(20)):
            await asyncio.sleep(0)
        return await ask(number)

    tasks = [asyncio.create_task(call(number)) for number in range(60)]
    for task in rng.sample(tasks, 20):
        for _ in range(rng.randrange(3)):
            await asyncio.sleep(0)
        task.cancel()
    replies = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)

    for number, reply in enumerate(replies):
        assert reply == -number or isinstance(reply, asyncio.CancelledError | ConnectionError)
    assert ask.waiting == 0


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_below_one_is_refused(limit: int) -> None:
    with pytest.raises(InvalidArgumentError, match="limit must be at least 1"):
        Batching(Server(), limit=limit)
