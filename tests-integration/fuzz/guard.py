"""What must hold for every input of every decoder, and how a breach is kept."""

from __future__ import annotations

import hashlib
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pepperpy.infra.serialization import SerializationError

MOST_SECONDS: Final = 1.0  # of processor time, for one call of a decoder
MOST_MEMORY: Final = 256 << 10  # KiB that one input may add to the peak
_RUNNING: Final = ("os.", "subprocess.", "socket.", "shutil.", "ctypes.", "pty.", "webbrowser.")


class Breach(Exception):
    """Something that must not be, beside an exception of another kind."""


class Guard:
    """Runs decoders and keeps each kind of breach once, with the input that showed it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = b""
        self._watching = False
        self._ran: str | None = None
        self.kinds: set[str] = set()
        self.warm = True
        """Whether first calls are over, which import what is imported when it is needed."""
        sys.addaudithook(self._audit)

    def begin(self, data: bytes) -> None:
        """The next input."""
        self._data = data

    def call(
        self,
        read: Callable[..., Any],
        *args: Any,
        allowed: type[Exception] = SerializationError,
        **options: Any,
    ) -> tuple[bool, Any]:
        """Whether there is a value, and the value; anything but a value or the error is kept."""
        self._ran, self._watching = None, True
        before = resource.getrusage(resource.RUSAGE_SELF)
        try:
            found = True, read(*args, **options)
        except allowed:
            found = False, None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - it is what is looked for
            self._watching, found = False, (False, None)
            self.keep(error)
        self._watching = False
        after = resource.getrusage(resource.RUSAGE_SELF)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if self.warm and seconds > MOST_SECONDS:
            self.breach(f"slow {read.__name__}", f"{seconds:.1f} s")
        if after.ru_maxrss - before.ru_maxrss > MOST_MEMORY:
            self.breach(f"memory {read.__name__}", f"{after.ru_maxrss - before.ru_maxrss} KiB")
        if self._ran:
            self.breach(f"ran {self._ran}", read.__name__)
        return found

    def must(self, what: str, make: Callable[[], Any]) -> Any:
        """What has to succeed, like writing what was read."""
        try:
            return make()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001
            self.keep(error, what)
            return None

    def breach(self, kind: str, detail: str) -> None:
        """Keep that a property does not hold."""
        self.keep(Breach(detail), kind)

    def keep(self, error: BaseException, kind: str = "") -> None:
        """Keep an error, unless one like it was kept before."""
        where = traceback.extract_tb(error.__traceback__)
        place = f" at {Path(where[-1].filename).name}:{where[-1].lineno}" if where else ""
        kind = f"{kind} {type(error).__name__}{place}".strip()
        if kind in self.kinds:
            return
        self.kinds.add(kind)
        name = hashlib.sha256(self._data).hexdigest()[:12]
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(self._data)
        told = "".join(traceback.format_exception(error))
        (self._folder / f"{name}.txt").write_text(
            f"{kind}\n{told}", encoding="utf-8", errors="replace"
        )
        shown = f"FOUND {kind}: {str(error)[:200]!a} in {name}"
        print(shown, flush=True)  # noqa: T201 - a command

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if self._watching and event.startswith(_RUNNING) and event != "os.listdir":
            self._ran = event
