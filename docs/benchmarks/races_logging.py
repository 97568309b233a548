"""Races of `pepperpy-infra-logging`: a call below the level, a JSON line in a file, a slow sink."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import queue
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import loguru
import orjson
import structlog
from harness import OURS, Goal, Loop, Race, repeating
from pythonjsonlogger.json import JsonFormatter

from pepperpy.infra.logging import configure_logging, get_logger, shutdown_logging

NOTHING = "a function that does nothing"
WRITE = "orjson.dumps and os.write"


def races(folder: Path) -> Iterator[Race]:
    """All of them; the lines go to files in *folder*."""
    configure_logging(
        level="INFO", log_file=str(folder / "ours.log"), file_format="json", console=False
    )
    yield disabled(folder)
    yield json_line(folder)
    shutdown_logging()
    yield behind("99th percentile", lambda calls: sorted(calls)[int(len(calls) * 0.99)])
    yield behind("mean", statistics.fmean)


def do_nothing(*args: object, **kwargs: object) -> None:
    """What a disabled call should cost."""


def disabled(folder: Path) -> Race:
    """DEBUG where the level is INFO."""
    ours, native = get_logger("bench.ours"), structlog_to(folder / "off-structlog.log")
    library, plain = loguru_to(folder / "off-loguru.log"), stdlib_to(folder / "off-stdlib.log")
    return Race(
        title="a log call below the level",
        contestants={
            NOTHING: repeating(lambda: do_nothing("hello %s", 1)),
            OURS: repeating(lambda: ours.debug("hello %s", 1)),
            "logging": repeating(lambda: plain.debug("hello %s", 1)),
            "structlog": repeating(lambda: native.debug("hello", user="u")),
            "loguru": repeating(lambda: library.debug("hello {}", 1)),
        },
        floors=[NOTHING],
        goals=[Goal(at_most=1.25, against=NOTHING)],
    )


def json_line(folder: Path) -> Race:
    """One line that is in the file when the call returns."""
    ours, native = get_logger("bench.ours"), structlog_to(folder / "structlog.log")
    library = loguru_to(folder / "loguru.log")
    by_hand = stdlib_to(folder / "stdlib.log", StdlibJson())
    by_library = stdlib_to(
        folder / "python-json-logger.log",
        JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"),
    )
    descriptor = os.open(folder / "floor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def floor() -> None:
        line = {
            "timestamp": time.time(),
            "level": "INFO",
            "logger": "x",
            "message": "hello %s" % 1,  # noqa: UP031 - as loggers do
            "user": "u",
        }
        os.write(descriptor, orjson.dumps(line) + b"\n")

    return Race(
        title="a JSON line in a file",
        contestants={
            WRITE: repeating(floor),
            OURS: repeating(lambda: ours.info("hello %s", 1, user="u")),
            "structlog, orjson": repeating(lambda: native.info("hello", user="u")),
            "logging, json": repeating(lambda: by_hand.info("hello %s", 1, extra={"user": "u"})),
            "python-json-logger": repeating(
                lambda: by_library.info("hello %s", 1, extra={"user": "u"})
            ),
            "loguru": repeating(lambda: library.info("hello {}", 1, user="u")),
        },
        floors=[WRITE],
        goals=[
            Goal(at_most=0.65, against="structlog, orjson"),
            Goal(at_most=0.27, against="logging, json"),
        ],
    )


CALLS, PAUSE = 1000, 0.0002

# Gets a stream; returns the call, and what writes the rest of the lines.
Start = Callable[["SlowStream"], tuple[Callable[[int], object], Callable[[], object]]]


def behind(figure: str, of: Callable[[list[float]], float]) -> Race:
    """What a caller waits who logs faster than the lines can be written, with a queue between.

    Nobody drops a line: ours waits for room once 10,000 lines wait, loguru sooner, and the others
    have no bound.
    """
    return Race(
        title=f"a line behind a slow stream ({figure})",
        contestants={
            OURS: bursts(start_ours, of),
            "logging, QueueHandler": bursts(start_stdlib, of),
            "structlog, QueueHandler": bursts(start_structlog, of),
            "loguru, enqueue": bursts(start_loguru, of),
        },
        goals=[Goal(at_most=0.25, against="logging, QueueHandler")],
        calibrate=False,
    )


class SlowStream:
    """Takes its time for each line."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.lines = 0

    def write(self, text: str) -> None:
        """Take one line."""
        time.sleep(PAUSE)
        self.lines += text.count("\n")

    def flush(self) -> None:
        """Nothing waits in here."""

    def isatty(self) -> bool:
        """No."""
        return False


def bursts(start: Start, of: Callable[[list[float]], float]) -> Loop:
    """A contestant that takes the time of each call of a burst; writing the rest does not count."""

    def loop(times: int) -> float:
        figures = []
        for _ in range(times):
            stream = SlowStream()
            call, stop = start(stream)
            calls = []
            for number in range(CALLS):
                begun = time.perf_counter()
                call(number)
                calls.append(time.perf_counter() - begun)
            stop()
            if stream.lines != CALLS:
                raise AssertionError(f"{stream.lines} of {CALLS} lines were written")
            figures.append(of(calls))
        return sum(figures)

    return loop


def start_ours(stream: SlowStream) -> tuple[Callable[[int], object], Callable[[], object]]:
    """The console, where it is slow."""
    stderr, sys.stderr = sys.stderr, stream  # type: ignore[assignment]  # all of it that is used
    configure_logging(level="INFO", format="json", queue=True)
    log = get_logger("bench.ours")

    def stop() -> None:
        shutdown_logging()
        sys.stderr = stderr

    return lambda number: log.info("hello %s", number), stop


def start_stdlib(stream: SlowStream) -> tuple[Callable[[int], object], Callable[[], object]]:
    """The way of the cookbook."""
    logger, stop = queueing(stream)
    return lambda number: logger.info("hello %s", number), stop


def start_structlog(stream: SlowStream) -> tuple[Callable[[int], object], Callable[[], object]]:
    """On the standard library's queue, as its documentation advises."""
    logger, stop = queueing(stream)
    log = structlog.wrap_logger(
        logger,
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.render_to_log_kwargs,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    ).bind()
    return lambda number: log.info("hello", number=number), stop


def queueing(stream: SlowStream) -> tuple[logging.Logger, Callable[[], object]]:
    """A logger with a queue, and what ends its thread."""
    lines: queue.Queue[Any] = queue.Queue(-1)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(StdlibJson())
    listener = logging.handlers.QueueListener(lines, handler)
    listener.start()
    logger = logging.Logger("bench", logging.INFO)  # noqa: LOG001 - outside the tree on purpose
    logger.addHandler(logging.handlers.QueueHandler(lines))
    return logger, listener.stop


def start_loguru(stream: SlowStream) -> tuple[Callable[[int], object], Callable[[], object]]:
    """Its own thread, behind a pipe."""
    logger = loguru.logger
    logger.remove()
    logger.add(stream.write, serialize=True, level="INFO", enqueue=True)
    return lambda number: logger.info("hello {}", number), logger.remove  # noqa: PLE1205


class StdlibJson(logging.Formatter):
    """What people write themselves."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a JSON line."""
        return json.dumps(
            {
                "timestamp": self.formatTime(record),
                "level": record.levelname,
                "logger": record.name,
                "message": record.getMessage(),
                "user": getattr(record, "user", None),
            }
        )


def stdlib_to(path: Path, formatter: logging.Formatter | None = None) -> logging.Logger:
    """A logger that ours does not serve."""
    logger = logging.Logger("bench", logging.INFO)  # noqa: LOG001 - outside the tree on purpose
    handler = logging.FileHandler(path)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    return logger


def structlog_to(path: Path) -> Any:
    """Structlog in the fastest form that its documentation has."""
    return structlog.wrap_logger(
        structlog.BytesLogger(path.open("ab")),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    ).bind()


def orjson_dumps(value: object, **_: Callable[[object], object]) -> bytes:
    """The signature that structlog asks for."""
    return orjson.dumps(value)


def loguru_to(path: Path) -> Any:
    """A logger with one JSON file and no console."""
    logger = loguru.logger
    logger.remove()
    logger.add(path, serialize=True, level="INFO")
    return logger
