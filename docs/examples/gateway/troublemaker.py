"""What the demo does to several gateways and their Redis while they work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from driver import Driver, Outcome, Verdict
from faults import DOWN, STILL, Outage, Troubles
from fleet import Ended, Told
from guard import PAUSE
from keyring import Keyring, key_id
from load import Ask
from processes import Child
from redisserver import RedisServer
from steps import Step, Steps
from trespasses import PASSING


class Troublemaker(Steps):
    """Does to the *gateways* and their *redis* what is planned; remembers what it did, and when.

    A Redis that is not the demo's own, `None`, is left alone.  When the killed gateway has come back, and
    when the Redis has, *on_back* is called.
    """

    def __init__(
        self,
        gateways: Sequence[Child],
        redis: RedisServer | None,
        plan: Troubles,
        driver: Driver,
        keys: Keyring,
        *,
        zone: str,
        kill: bool,
        on_back: Callable[[], Awaitable[object]],
        done: asyncio.Event,
        say: Callable[[str], object],
    ) -> None:
        self.ended: list[Ended] = []
        self.told: list[Told] = []
        self.away: dict[int, Outage] = {}
        self.frozen: Outage | None = None
        self.down: Outage | None = None
        self._gateways = gateways
        self._driver = driver
        self._keys = keys
        self._zone = zone
        self._on_back = on_back
        self._say = say
        self._asked = 0
        steps: list[Step] = [(moment, self._change) for moment in plan.changes]
        steps += [(moment, self._end_key) for moment in plan.ends]
        if kill:
            steps.append((plan.kill, self._kill_gateway))
        if kill and redis:
            steps += [
                (plan.freeze, partial(self._freeze, redis)),
                (plan.down, partial(self._kill_redis, redis)),
            ]
        super().__init__(sorted(steps, key=lambda step: step[0]), now=driver.now, done=done)

    async def _change(self) -> None:
        worker = len(self.told) % len(self._gateways)
        asked = self._driver.now()
        ask = Ask(
            self._id(), self._zone, key="operator", is_deletion=True, worker=worker, is_own=True
        )
        outcome, _ = await self._driver.send(ask)
        is_done = outcome.verdict is Verdict.RIGHT
        self.told.append(
            Told(
                name=f"zone:{self._zone}",
                worker=worker,
                asked=asked,
                acknowledged=outcome.ended,
                is_done=is_done,
            )
        )
        name = self._gateways[worker].name
        came = "forgets it" if is_done else f"says {outcome.problem}"
        self._say(f"{name} is told that zone:{self._zone} has changed, and {came}")

    async def _end_key(self) -> None:
        """End a key that all gateways know, at one of them, and show it to all at once."""
        # After an outage a gateway asks the Redis again in a moment, and believes keys until then.
        back = max((each.end for each in (self.frozen, self.down) if each), default=0.0)
        await self._is_stopped_before(back + 2 * PAUSE)
        name = PASSING[len(self.ended)]
        workers = range(len(self._gateways))
        await asyncio.gather(*(self._show(name, worker) for worker in workers))
        worker, asked = (len(self.ended) + 1) % len(self._gateways), self._driver.now()
        ask = Ask(
            self._id(),
            "",
            key="operator",
            ends=key_id(self._keys[name]),
            worker=worker,
            is_own=True,
        )
        outcome, _ = await self._driver.send(ask)
        if outcome.verdict is not Verdict.RIGHT:
            self._say(f"a key could not be ended: {outcome.problem or outcome.note}")
            return
        self.ended.append(Ended(name, worker, asked, outcome.ended))
        seen = await asyncio.gather(
            *(self._show(name, each, trespass=f"{name}, ended") for each in workers)
        )
        refused = sum(each.status == 401 for each in seen)
        self._say(
            f"{self._gateways[worker].name} is told to end a key; {refused} of {len(seen)} refuse it"
        )

    async def _show(self, key: str, worker: int, trespass: str | None = None) -> Outcome:
        ask = Ask(self._id(), self._zone, key=key, trespass=trespass, worker=worker, is_own=True)
        outcome, _ = await self._driver.send(ask)
        return outcome

    def _id(self) -> str:
        self._asked += 1
        return f"own-{self._asked}"

    async def _kill_gateway(self) -> None:
        worker = len(self._gateways) // 2
        gateway, begin = self._gateways[worker], self._driver.now()
        self.away[worker] = Outage(begin, float("inf"))
        self._say(f"{gateway.name} is killed, in the midst of its work")
        await gateway.kill()
        port = str(gateway.port)
        await gateway.spawn(PEPPERPY_GATEWAY_PORT=port, PEPPERPY_GATEWAY_OTHER_PORTS="0")
        await gateway.ready()
        self.away[worker] = Outage(begin, self._driver.now())
        self._say(f"{gateway.name} is back on port {port}")
        await self._on_back()

    async def _freeze(self, redis: RedisServer) -> None:
        begin = self._now()
        redis.freeze()
        self._say("the Redis stands still")
        await self._is_stopped_before(begin + STILL)
        redis.thaw()
        self.frozen = Outage(begin, self._now())
        self._say("the Redis goes on")

    async def _kill_redis(self, redis: RedisServer) -> None:
        """Kill it and start it again; what is told meanwhile cannot be done, and has to be refused."""
        begin = self._now()
        self.down = Outage(begin, float("inf"))
        await redis.kill()
        self._say("the Redis is killed")
        await self._is_stopped_before(begin + DOWN / 2)
        await self._change()
        await self._is_stopped_before(begin + DOWN)
        await redis.start()
        self.down = Outage(begin, self._now())
        self._say("the Redis is back, with its data")
        await self._on_back()
