"""What changes in the file, whichever process changes it."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from pepperpy.infra.storage._errors import StorageError

from ._faults import Busy
from ._statements import VERSIONS, VERSIONS_FROM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pepperpy.infra.utils import Clock

    from ._driver import Driver
    from ._faults import Faults
    from ._lane import Lane

_EVERY: Final = 0.1  # seconds between looks at what other processes do
_PAGE: Final = 2000


class Happened(NamedTuple):
    """A key was written, or is gone."""

    key: str
    version: int | None
    """`None` if it is gone."""


Tell: TypeAlias = "Callable[[list[Happened] | None], bool]"
"""Passes on what happened, `None` for the end, and gives False when nobody listens any more."""


class _Watched:
    """Some keys, and how they were seen last.

    Args:
        prefix: What they begin with.
        tell: Called with what happened.
        seen: Version and end by key.
    """

    def __init__(
        self,
        prefix: str,
        tell: Tell,
        seen: dict[str, tuple[int, float | None]],
    ) -> None:
        self.prefix = prefix
        self.tell = tell
        self.compared_at: int | None = None
        """The ``data_version`` of the file when it was compared last."""
        self._seen = seen

    def noted(self, happened: Iterable[Happened]) -> list[Happened]:
        """What of this, that was done here, is news; the file may have told it already."""
        news: list[Happened] = []
        for each in happened:
            if not each.key.startswith(self.prefix):
                continue
            version, _ = self._seen.get(each.key, (0, None))
            if each.version is None:
                if self._seen.pop(each.key, None) is not None:
                    news.append(each)
            elif each.version > version:
                self._seen[each.key] = (each.version, None)
                news.append(each)
        return news

    def compared(self, found: dict[str, tuple[int, float | None]], now: float) -> list[Happened]:
        """What is different from how it was; keys that only expired are not told."""
        seen, self._seen = self._seen, found
        gone = [
            Happened(key, None)
            for key, (_, expires) in seen.items()
            if key not in found and (expires is None or expires > now)
        ]
        written = [
            Happened(key, version)
            for key, (version, _) in found.items()
            if seen.get(key, (0, None))[0] != version
        ]
        return gone + written


class Observer:
    """Tells those who watch keys what happens to them, from a thread of its own while there are any.

    What is done in this process is noted, and told in order at once.  For what others do the file
    is looked at ten times a second; when it has changed, all watched keys are compared.

    Args:
        lane: Its connection.
        faults: Makes the errors.
        driver: The library.
        clock: What expiry goes by.
    """

    def __init__(self, lane: Lane, faults: Faults, driver: Driver, clock: Clock) -> None:
        self._lane = lane
        self._faults = faults
        self._driver = driver
        self._clock = clock
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew in a child: those who watch are the parent's."""
        self.active = False
        """Whether anybody watches."""
        self._gate = Lock()  # guards the three below
        self._watched: list[_Watched] = []
        self._thread: Thread | None = None
        self._closed = False
        self._notes: deque[Happened] = deque()
        self._wake = Event()

    def watch(self, prefix: str, tell: Tell) -> None:
        """Tell of keys that begin so, from now on.

        Raises:
            LockedError: If another process has the file locked as a whole.
        """
        try:
            watched = _Watched(prefix, tell, dict(self._versions(prefix)))
        except Busy:
            raise self._faults.locked(0) from None
        with self._gate:
            if self._closed:
                raise self._faults.closed()
            self._watched = [*self._watched, watched]
            self.active = True
            if self._thread is None:
                thread = Thread(target=self._serve, name="pepperpy-storage-observer", daemon=True)
                thread.start()
                self._thread = thread

    def note(self, happened: Iterable[Happened]) -> None:
        """Take in what was done in this process, in order."""
        self._notes.extend(happened)
        self._wake.set()

    def close(self) -> None:
        """Stop, and let those who watch know."""
        with self._gate:
            self._closed = True
            thread = self._thread
            watched, self._watched = self._watched, []
            self.active = False
        self._wake.set()
        if thread is not None:
            thread.join()
        for each in watched:
            each.tell(None)

    def serves(self, thread: Thread) -> bool:
        """Whether that is its own thread."""
        return thread is self._thread

    def _serve(self) -> None:
        due = monotonic()
        while not self._closed:
            self._wake.wait(max(due - monotonic(), 0))
            self._wake.clear()
            self._tell_notes()
            if monotonic() < due:
                continue
            # Whoever reads or writes is told what is wrong with the file.
            with suppress(Busy, StorageError):
                self._look()
            if self._done():
                return
            due = monotonic() + _EVERY

    def _tell_notes(self) -> None:
        happened: list[Happened] = []
        while self._notes:
            happened.append(self._notes.popleft())
        for watched in self._watched:
            news = watched.noted(happened)
            if news and not watched.tell(news):
                self._forget(watched)

    def _look(self) -> None:
        """Compare all watched keys for which that was not done since anybody has committed."""
        with self._lane.lock:
            version: int = self._rows("PRAGMA data_version", ())[0][0]
        for watched in self._watched:
            if watched.compared_at == version:
                continue
            found = dict(self._versions(watched.prefix))
            watched.compared_at = version
            if not watched.tell(watched.compared(found, self._clock.time())):
                self._forget(watched)

    def _forget(self, watched: _Watched) -> None:
        with self._gate:
            self._watched = [each for each in self._watched if each is not watched]

    def _done(self) -> bool:
        """Whether nobody watches any more, and so the thread ends."""
        with self._gate:
            if self._watched:
                return False
            self.active = False
            self._thread = None
            self._notes.clear()
            return True

    def _versions(self, prefix: str) -> Iterator[tuple[str, tuple[int, float | None]]]:
        query, start = VERSIONS_FROM, prefix
        while True:
            with self._lane.lock:
                rows = self._rows(query, (start, _PAGE))
            for key, version, expires in rows:
                if not key.startswith(prefix):
                    return
                yield key, (version, expires)
            if len(rows) < _PAGE:
                return
            query, start = VERSIONS, rows[-1][0]

    def _rows(self, query: str, parameters: tuple[Any, ...]) -> list[Any]:
        """What a query gives; the caller holds the lane's lock."""
        try:
            return self._lane.open().execute(query, parameters).fetchall()
        except self._driver.error as error:
            raise self._faults.told(error) from error
