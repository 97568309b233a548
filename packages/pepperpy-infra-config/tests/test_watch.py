from __future__ import annotations

import os
import signal
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.config import (
    BaseConfig,
    ConfigRegistry,
    ConfigSyntaxError,
    ConfigTypeError,
    Watcher,
    get_config,
    register_config,
    subscribe_config,
    watch_config,
)
from pepperpy.infra.utils import Signal, run_closers, subscribe


class App(BaseConfig):
    name: str = "default"


@pytest.fixture(autouse=True)
def _registered(registry: ConfigRegistry, toml: Path) -> None:
    register_config("app", App)
    toml.write_text('[app]\nname = "one"\n')
    get_config("app")


@pytest.fixture
def watcher() -> Any:
    """One that does not look by itself in the time of a test."""
    with watch_config(3600, engine="poll") as watcher:
        yield watcher


def test_a_changed_file_is_loaded(toml: Path, watcher: Watcher) -> None:
    assert watcher.check() == ()
    toml.write_text('[app]\nname = "two"\n')

    (change,) = watcher.check()

    assert change.paths == ("name",)
    assert get_config("app").name == "two"
    assert watcher.check() == ()


def test_two_writes_of_one_length_in_one_moment_are_two(toml: Path, watcher: Watcher) -> None:
    for name in ("two", "six", "ten"):
        before = toml.stat()
        toml.write_text(f'[app]\nname = "{name}"\n')
        os.utime(toml, ns=(before.st_atime_ns, before.st_mtime_ns))
        watcher.check()
        assert get_config("app").name == name


def test_a_file_that_is_replaced_in_one_step_is_loaded(
    toml: Path, folder: Path, watcher: Watcher
) -> None:
    (folder / "new").write_text('[app]\nname = "two"\n')
    (folder / "new").replace(toml)

    watcher.check()

    assert get_config("app").name == "two"


def test_a_link_that_points_elsewhere_is_followed(folder: Path, toml: Path) -> None:
    toml.unlink()
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "pepperpy.toml").write_text(f'[app]\nname = "{name}"\n')
    (folder / "data").symlink_to("a")
    toml.symlink_to("data/pepperpy.toml")
    with watch_config(3600, engine="poll") as watcher:
        (folder / "data2").symlink_to("b")
        (folder / "data2").replace(folder / "data")

        watcher.check()

    assert get_config("app").name == "b"


def test_a_file_that_is_removed_and_made_again(toml: Path, watcher: Watcher) -> None:
    toml.unlink()
    assert watcher.check() == ()
    assert get_config("app").name == "one"  # it is away for the moment

    toml.write_text('[app]\nname = "two"\n')
    watcher.check()

    assert get_config("app").name == "two"


def test_a_half_written_file_keeps_the_old_and_is_reported_once(
    toml: Path, watcher: Watcher
) -> None:
    signals: list[Signal] = []
    unsubscribe = subscribe(signals.append)
    toml.write_text('[app]\nname = "tw')
    for _ in range(3):
        assert watcher.check() == ()

    assert get_config("app").name == "one"
    assert isinstance(watcher.error, ConfigSyntaxError)
    assert [each.kind for each in signals] == ["config.reload_failed"]

    toml.write_text('[app]\nname = "two"\n')
    watcher.check()
    unsubscribe()

    assert watcher.error is None
    assert get_config("app").name == "two"


def test_another_working_directory_is_no_change(
    folder: Path, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")

    assert watcher.check() == ()
    assert get_config("app").name == "one"


def test_a_file_that_appears_later_is_seen(folder: Path, toml: Path) -> None:
    toml.unlink()
    with watch_config(3600, engine="poll") as watcher:
        (folder / ".env").write_text("PEPPERPY_APP_NAME=dotenv\n")
        watcher.check()

    assert get_config("app").name == "dotenv"


def test_a_broken_dotenv_is_reported_and_mended(folder: Path, watcher: Watcher) -> None:
    (folder / ".env").write_text("PEPPERPY_APP_NAME='x\n")
    watcher.check()
    assert get_config("app").name == "one"
    assert isinstance(watcher.error, ConfigSyntaxError)

    (folder / ".env").write_text("PEPPERPY_APP_NAME='x'\n")
    watcher.check()
    assert get_config("app").name == "x"


@pytest.mark.parametrize("engine", ["poll", "watchfiles", "auto"])
def test_the_thread_looks_by_itself(engine: str, toml: Path) -> None:
    seen = threading.Event()
    subscribe_config("app", lambda change: seen.set())
    with watch_config(0.01, engine=engine):
        toml.write_text('[app]\nname = "two"\n')

        assert seen.wait(20)


def test_it_stops_by_the_block_by_stop_and_by_the_closers() -> None:
    with watch_config(3600) as first:
        assert first.running
    second = watch_config(timedelta(hours=1))
    second.stop()
    second.stop()
    third = watch_config(3600, engine="poll")
    run_closers()

    assert [first.running, second.running, third.running] == [False] * 3
    assert not any(each.name == "pepperpy-config-watch" for each in threading.enumerate())


def test_a_subscriber_may_stop_it(toml: Path) -> None:
    done = threading.Event()
    watcher = watch_config(0.01, engine="poll")

    def stop(change: object) -> None:
        watcher.stop()
        done.set()

    subscribe_config("app", stop)
    toml.write_text('[app]\nname = "two"\n')

    assert done.wait(20)
    assert not watcher.running


@pytest.mark.asyncio
async def test_async_with_does_what_with_does() -> None:
    async with watch_config(3600, engine="poll") as watcher:
        assert watcher.running

    assert not watcher.running


def test_nothing_is_watched_without_being_asked() -> None:
    assert not any(each.name == "pepperpy-config-watch" for each in threading.enumerate())


@pytest.mark.parametrize("interval", [0, -1, float("nan"), "soon", None])
def test_an_interval_that_is_none_is_refused(interval: Any) -> None:
    with pytest.raises(ConfigTypeError, match="interval must be seconds > 0"):
        watch_config(interval)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ConfigTypeError, match="engine must be one of"):
        watch_config(engine="inotify")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_no_watcher_and_can_still_reload(toml: Path, watcher: Watcher) -> None:
    read, write = os.pipe()
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is the point
        pid = os.fork()
    if pid == 0:  # pragma: no cover - the child
        signal.alarm(10)  # ends it if it is held up
        try:
            toml.write_text('[app]\nname = "child"\n')
            watcher.stop()
            answer = f"{watcher.running} {len(watcher.check())} {get_config('app').name}"
            os.write(write, answer.encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)

    assert os.read(read, 100) == b"False 1 child"
    assert watcher.running
    os.close(read)
