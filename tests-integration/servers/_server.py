"""What every server can do: start, die, freeze, and come back on the port where it was."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import psutil

HOST = "127.0.0.1"
PATIENCE = 25.0


class MissingServerError(Exception):
    """A server that the tests need is neither installed nor named in the environment."""


class Server(ABC):
    """One server of our own, or the one whose address the environment gives.

    Args:
        url: Of a server that runs already, which is only used and emptied.
    """

    name: ClassVar[str]
    variable: ClassVar[str]
    """Of the environment: the URL of one that runs already."""
    install: ClassVar[str]
    """How to get it, as a command."""

    def __init__(self, url: str | None = None) -> None:
        self._elsewhere = url
        self._processes: list[subprocess.Popen[bytes]] = []
        if url is None:
            type(self).program()
            self.host, self.port = HOST, free_port()
            self.folder = Path(tempfile.mkdtemp(prefix=f"pepperpy-{self.name.lower()}-"))
        else:
            parts = urlsplit(url)
            self.host, self.port = parts.hostname or HOST, parts.port or self.usual_port

    usual_port: ClassVar[int]

    @classmethod
    def found(cls) -> Self:
        """The one that the environment names, or else a new one that is to be started."""
        return cls(os.environ.get(cls.variable) or None)

    @classmethod
    def where(cls) -> str:
        """Where it is, for people; raises `MissingServerError` if it is nowhere."""
        return f"at {cls.variable}" if os.environ.get(cls.variable) else str(cls.program())

    @classmethod
    def program(cls) -> Path:
        """Its program on this machine."""
        if (path := cls._search()) is None:
            raise MissingServerError(
                f"the integration tests need {cls.name}: {cls.install};"
                f" or start it by tests-integration/compose.yaml and set {cls.variable}"
            )
        return path

    @classmethod
    @abstractmethod
    def _search(cls) -> Path | None: ...

    @property
    def url(self) -> str:
        """Where clients find it."""
        return self._elsewhere or self.url_at(self.host, self.port)

    @abstractmethod
    def url_at(self, host: str, port: int) -> str:
        """What the URL is when a proxy stands at *host* and *port*."""

    def start(self) -> Self:
        """Return when it answers; on the same port, with the data that it had."""
        if self._elsewhere is None:
            self._launch()
        self._await_answer()
        return self

    @abstractmethod
    def _launch(self) -> None: ...

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it serves; an `OSError` says no as well."""

    @abstractmethod
    def clean(self) -> None:
        """Forget all data, while it runs."""

    def kill(self) -> None:
        """End it at once, by SIGKILL."""
        self.freeze()  # or it could start another process meanwhile
        family = [*self._family()]
        for process in family:
            _send(process, signal.SIGKILL)
        for child in self._processes:
            child.wait(PATIENCE)
        while any(map(_lives, family)):
            sleep(0.001)
        self._processes.clear()

    def freeze(self) -> None:
        """Stop it where it stands: connections stay open, the kernel takes new ones, none is answered."""
        for process in self._family():
            _send(process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for process in self._family():
            _send(process, signal.SIGCONT)

    def restart(self, *, empty: bool = False) -> None:
        """Kill it and start it again; if *empty*, without the data that it had."""
        self.kill()
        if empty:
            self._forget()
        self.start()

    @abstractmethod
    def _forget(self) -> None:
        """Remove what lies on disk, while it does not run."""

    def remove(self) -> None:
        """End it, and leave nothing behind."""
        if self._elsewhere is None:
            if self._processes:
                self.kill()
            shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *_: object) -> None:
        self.remove()

    def _family(self) -> Iterator[psutil.Process]:
        """Its processes, parents first: who stops each as it comes misses no child."""
        if self._elsewhere is not None:
            raise RuntimeError(f"{self.name} at {self.variable} is not ours to kill or freeze")
        for child in self._processes:
            with suppress(psutil.NoSuchProcess):
                parent = psutil.Process(child.pid)
                yield parent
                yield from parent.children(recursive=True)

    def _spawn(self, *command: object, **options: Any) -> None:
        with (self.folder / "log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    [*map(str, command)],
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is the tests', not the server's
                    **options,
                )
            )

    def _run(self, *command: object, **options: Any) -> None:
        done = subprocess.run(
            [*map(str, command)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            **options,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")

    def _await_answer(self) -> None:
        end = monotonic() + PATIENCE
        while True:
            with suppress(OSError):
                if self._answers():
                    return
            if any(child.poll() is not None for child in self._processes) or monotonic() > end:
                raise RuntimeError(f"{self.name} does not answer: {self._last_words()}")
            sleep(0.01)

    def _last_words(self) -> str:
        if self._elsewhere is not None:
            return f"is the server of {self.variable} there?"
        return (self.folder / "log").read_text("utf-8", "replace")[-2000:]


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _lives(process: psutil.Process) -> bool:
    try:  # those whose parent is dead are zombies until init looks
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    """A port of the loopback where nothing listens.

    Not one that the kernel gives to clients: a client that calls a dead server on such a port is, now
    and then, given the very port that it calls, and talks to itself.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port
