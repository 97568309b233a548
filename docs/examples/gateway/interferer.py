"""What the demo does to the gateway while it works: edits its file, tells it news, and kills it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from faults import Interference, Outage
from processes import Child
from steps import Step, Steps

from pepperpy.infra import retry

RELOADED, REFUSED = "config.reloaded", "config.reload_failed"

SHORT = 0.3
EDIT = {
    'gateway = "INFO"': 'gateway = "DEBUG"',
    "time_for_an_attempt = 0.5": f"time_for_an_attempt = {SHORT}",
}
SLIP = {"attempts = 3": 'attempts = "a few"'}


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the file, *moment* seconds after the start of the run."""

    what: str
    moment: float
    event: str = RELOADED  # what has to come of it


@dataclass(frozen=True, slots=True)
class Change:
    """The gateway was told that what carries *name* has changed, and dropped so many answers."""

    name: str
    moment: float
    dropped: int


# Windows refuses while the gateway reads the file, which is over in no time.
replace = retry(Path.replace, max_attempts=10, delay=0.01, exceptions=PermissionError)


class Interferer(Steps):
    """Does to *gateway* and its *file* what is planned; remembers what it did, and when.

    Now and then it has it *forget* what carries the *name*.  When the gateway was killed and has come
    back, *on_back* is called; and after all of it, *done* is set.
    """

    def __init__(
        self,
        gateway: Child,
        file: Path,
        plan: Interference,
        *,
        kill: bool,
        name: str,
        forget: Callable[[str], Awaitable[int]],
        now: Callable[[], float],
        on_back: Callable[[], Awaitable[object]],
        done: asyncio.Event,
        say: Callable[[str], object],
    ) -> None:
        self.edits: list[Edit] = []
        self.changes: list[Change] = []
        self.outage: Outage | None = None
        self._gateway = gateway
        self._file = file
        self._original = file.read_text("utf-8")
        self._name = name
        self._forget = forget
        steps: list[Step] = [
            (plan.edit, self._edit),
            (plan.change, self._change),
            (plan.slip, self._slip),
            (plan.undo, self._undo),
            *([(plan.kill, self._kill)] if kill else []),
            (plan.change_again, self._change),
        ]
        super().__init__(steps, now=now, done=done)
        self._on_back = on_back
        self._say = say

    async def _edit(self) -> None:
        self._write("edited", EDIT, RELOADED)

    async def _slip(self) -> None:
        self._write("edited with a mistake", {**EDIT, **SLIP}, REFUSED)

    async def _undo(self) -> None:
        self._write("edited back", {}, RELOADED)

    async def _change(self) -> None:
        dropped = await self._forget(self._name)
        self.changes.append(Change(self._name, self._now(), dropped))
        self._say(f"the gateway is told that {self._name} has changed; it drops {dropped} answers")

    def _write(self, what: str, changes: dict[str, str], event: str) -> None:
        # In one step, so that nobody can read half of it.
        draft = self._file.with_suffix(".draft")
        draft.write_text(changed(self._original, changes), "utf-8")
        self.edits.append(Edit(what, self._now(), event))
        replace(draft, self._file)
        self._say(f"{self._file.name} is {what}")

    async def _kill(self) -> None:
        port = self._gateway.port
        begin = self._now()
        self.outage = Outage(begin, float("inf"))
        self._say("the gateway is killed, in the midst of its work")
        await self._gateway.kill()
        # Clients know it by its port, so it must be the same one.
        await self._gateway.spawn(PEPPERPY_GATEWAY_PORT=str(port), PEPPERPY_GATEWAY_OTHER_PORTS="0")
        await self._gateway.ready()
        self.outage = Outage(begin, self._now())
        self._say(f"the gateway is back on port {port}")
        await self._on_back()


def changed(text: str, changes: dict[str, str]) -> str:
    """*text* with others in the place of some of its parts.

    Raises:
        ValueError: If a part is not there.
    """
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"there is no {old!r} that could be edited")
        text = text.replace(old, new)
    return text
