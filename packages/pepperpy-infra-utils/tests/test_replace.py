"""`save_json` and `replace_file` on disk: one step, nothing torn, nothing left behind."""

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from pepperpy.infra.utils import JSONValueError, load_json, replace_file, save_json

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a promise that needs POSIX")
OLD = {"old": True}
NEW = {"new": list(range(1000))}


@pytest.fixture(params=["unnamed", "named"])
def way(request, monkeypatch):
    """Both ways to write beside the target: Linux has files without a name, others have not."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return request.param


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "config.json"
    save_json(OLD, target)
    return target


def contents(folder):
    return sorted(os.listdir(folder))


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def run_child(path, patch, value="{'new': 1}", *, check=False):
    code = f"""
        import os, signal
        import pepperpy.infra.utils as utils
        def die(*args, **kwargs):
            os.kill(os.getpid(), signal.SIGKILL)
        {patch}
        utils.save_json({value}, {str(path)!r})
        """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, check=check, capture_output=True)


class Disk:
    """`os.write` on a disk that is full after so many bytes."""

    def __init__(self, room):
        self.room = room
        self._write = os.write

    def write(self, descriptor, data):
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(descriptor, data[: self.room])
        self.room -= written
        return written


@pytest.mark.usefixtures("way")
class TestFailuresLeaveTheOldFileAndNoLitter:
    def test_an_unserialisable_value(self, path):
        with pytest.raises(JSONValueError):
            save_json({"new": object()}, path)

        assert load_json(path) == OLD
        assert contents(path.parent) == ["config.json"]

    def test_an_unserialisable_value_does_not_even_make_the_folder(self, tmp_path):
        with pytest.raises(JSONValueError):
            save_json(object(), tmp_path / "a" / "b.json")

        assert contents(tmp_path) == []

    @pytest.mark.parametrize("room", [0, 1, 1000])
    def test_a_full_disk(self, path, monkeypatch, room):
        monkeypatch.setattr(os, "write", Disk(room).write)

        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught:
            save_json(NEW, path)

        assert caught.value.filename == str(path)
        assert load_json(path) == OLD
        assert contents(path.parent) == ["config.json"]

    @POSIX
    def test_a_file_size_limit_of_the_system(self, path):
        patch = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"

        done = run_child(path, patch, "list(range(10000))")

        assert b"File too large" in done.stderr
        assert load_json(path) == OLD
        assert contents(path.parent) == ["config.json"]

    @pytest.mark.parametrize("step", ["write", "fsync", "fchmod", "replace", "close"])
    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
    def test_an_interrupt_at_any_step(self, path, monkeypatch, step, error):
        real = getattr(os, step)

        def interrupt(*args, **kwargs):
            if step == "close":
                real(*args)
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(os, step, interrupt)
            with pytest.raises(error):
                save_json(NEW, path)

        assert load_json(path) == OLD
        assert contents(path.parent) == ["config.json"]

    @pytest.mark.parametrize("step", ["fsync", "replace", "fchmod"])
    def test_a_system_error_at_any_step(self, path, monkeypatch, step):
        def fail(*args, **kwargs):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with monkeypatch.context() as patched:
            patched.setattr(os, step, fail)
            with pytest.raises(OSError, match=os.strerror(errno.EIO)):
                save_json(NEW, path)

        assert load_json(path) == OLD
        assert contents(path.parent) == ["config.json"]

    def test_no_descriptor_stays_open(self, path, monkeypatch):
        before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
        for _ in range(5):
            save_json(NEW, path)
            with monkeypatch.context() as patched:
                patched.setattr(os, "write", Disk(10).write)
                with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
                    save_json(NEW, path)

        after = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
        assert after == before


@POSIX
class TestKilled:
    """A process that kills itself with SIGKILL at one step, the same each time."""

    @pytest.mark.parametrize("step", ["write", "fsync", "fchmod", "link"])
    def test_before_the_content_has_a_name_the_old_file_stays_and_nothing_else(self, path, step):
        if not hasattr(os, "O_TMPFILE"):
            pytest.skip("without files that have no name a killed process leaves its hidden one")

        done = run_child(path, f"os.{step} = die")

        assert done.returncode == -signal.SIGKILL
        assert load_json(path) == OLD
        assert contents(path.parent) == ["config.json"]

    @pytest.mark.parametrize("step", ["write", "fsync", "replace"])
    def test_a_named_file_is_hidden_and_the_old_one_stays(self, path, step):
        done = run_child(path, f"vars(os).pop('O_TMPFILE', None); os.{step} = die")

        assert done.returncode == -signal.SIGKILL
        assert load_json(path) == OLD
        hidden, *others = contents(path.parent)
        assert others == ["config.json"]
        assert hidden.startswith(".config.json.")
        assert hidden.endswith(".tmp")

    def test_after_the_replacement_the_new_file_is_whole(self, path):
        done = run_child(path, "real = os.replace; os.replace = lambda *a: (real(*a), die())")

        assert done.returncode == -signal.SIGKILL
        assert load_json(path) == {"new": 1}
        assert contents(path.parent) == ["config.json"]

    def test_the_next_save_works_after_a_killed_one(self, path):
        run_child(path, "os.replace = die")

        save_json(NEW, path)

        assert load_json(path) == NEW


@pytest.mark.usefixtures("way")
class TestOrder:
    def test_content_then_sync_then_replace_then_sync_of_the_folder(self, path, monkeypatch):
        steps = []

        def step(name, real, *args):
            folder = name == "fsync" and stat.S_ISDIR(os.fstat(args[0]).st_mode)
            steps.append("fsync folder" if folder else name)
            return real(*args)

        for name in ("write", "fsync", "replace"):
            monkeypatch.setattr(os, name, partial(step, name, getattr(os, name)))

        save_json(NEW, path)

        assert steps == ["write", "fsync", "replace", "fsync folder"]

    def test_on_macos_the_drives_cache_is_flushed_too(self, path, monkeypatch):
        fcntl = pytest.importorskip("fcntl")
        asked = []
        monkeypatch.setattr(sys, "platform", "darwin")
        monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
        monkeypatch.setattr(fcntl, "fcntl", lambda descriptor, what: asked.append(what))
        monkeypatch.setattr(
            os, "fsync", lambda descriptor: pytest.fail("fsync is not enough there")
        )

        save_json(NEW, path)

        assert asked == [51, 51]

    def test_where_the_drive_can_not_fsync_has_to_do(self, path, monkeypatch):
        fcntl = pytest.importorskip("fcntl")
        synced = []

        def refuse(descriptor, what):
            raise OSError(errno.ENOTSUP, "network drive")

        monkeypatch.setattr(sys, "platform", "darwin")
        monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
        monkeypatch.setattr(fcntl, "fcntl", refuse)
        monkeypatch.setattr(os, "fsync", synced.append)

        save_json(NEW, path)

        assert len(synced) == 2

    def test_parts_that_the_system_leaves_over_are_written_too(self, path, monkeypatch):
        real = os.write
        monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:7]))

        save_json(NEW, path)

        assert load_json(path) == NEW

    def test_a_file_system_that_syncs_no_folders_is_no_error(self, path, monkeypatch):
        real = os.fsync

        def fsync(descriptor):
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "no such thing here")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)

        save_json(NEW, path)

        assert load_json(path) == NEW

    def test_without_posix_calls_it_works_as_on_windows(self, path, monkeypatch):
        monkeypatch.setattr(sys, "platform", "win32")
        for name in ("O_TMPFILE", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "fchmod", "fchown"):
            monkeypatch.delattr(os, name, raising=False)

        save_json(NEW, path)

        assert load_json(path) == NEW
        assert contents(path.parent) == ["config.json"]


class TestConcurrency:
    def test_concurrent_writers_and_readers_never_meet_half_a_file(self, path):
        values = [{"writer": n, "text": str(n) * 20_000} for n in range(4)]

        def write(value):
            for _ in range(15):
                save_json(value, path)

        def read(_):
            return [load_json(path) for _ in range(60)]

        with ThreadPoolExecutor(8) as pool:
            readings = [pool.submit(read, n) for n in range(4)]
            for done in [pool.submit(write, value) for value in values]:
                done.result()
            seen = [value for reading in readings for value in reading.result()]

        assert all(value == OLD or value in values for value in seen)
        assert load_json(path) in values
        assert contents(path.parent) == ["config.json"]

    def test_a_reader_that_has_the_old_file_open_keeps_it(self, path):
        with path.open() as reader:
            save_json(NEW, path)

            assert json.load(reader) == OLD


@POSIX
@pytest.mark.usefixtures("way")
class TestModes:
    @pytest.mark.parametrize("bits", [0o600, 0o640, 0o644, 0o666, 0o755, 0o4750])
    def test_an_existing_file_keeps_its_mode(self, path, bits):
        path.chmod(bits)

        save_json(NEW, path)

        assert mode(path) == bits
        assert load_json(path) == NEW

    @pytest.mark.parametrize(("umask", "bits"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
    def test_a_new_file_follows_the_umask(self, tmp_path, umask, bits):
        before = os.umask(umask)
        try:
            save_json(NEW, tmp_path / "new.json")
        finally:
            os.umask(before)

        assert mode(tmp_path / "new.json") == bits

    def test_new_content_of_a_private_file_is_private_from_the_start(self, path, monkeypatch):
        path.chmod(0o600)
        modes = []
        real = os.write

        def write(descriptor, data):
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            return real(descriptor, data)

        monkeypatch.setattr(os, "write", write)
        save_json(NEW, path)

        assert modes == [0o600]

    def test_the_owner_is_kept_where_the_system_permits(self, path, monkeypatch):
        given, asked = os.stat(path), []
        other = os.stat_result((*given[:4], 12345, 23456, *given[6:]))
        real = os.stat
        monkeypatch.setattr(os, "stat", lambda p, **k: other if p == str(path) else real(p, **k))
        monkeypatch.setattr(os, "fchown", lambda descriptor, uid, gid: asked.append((uid, gid)))

        save_json(NEW, path)

        assert asked == [(12345, 23456)]

    def test_where_it_does_not_the_file_is_saved_without_special_bits(self, path, monkeypatch):
        path.chmod(0o4755)
        given = os.stat(path)
        other = os.stat_result((*given[:4], 12345, 23456, *given[6:]))
        real = os.stat

        def refuse(descriptor, uid, gid):
            raise PermissionError(errno.EPERM, "not yours")

        monkeypatch.setattr(os, "fchown", refuse)
        with monkeypatch.context() as patched:
            patched.setattr(os, "stat", lambda p, **k: other if p == str(path) else real(p, **k))
            save_json(NEW, path)

        assert load_json(path) == NEW
        assert mode(path) == 0o755

    def test_a_read_only_file_is_not_replaced(self, path, monkeypatch):
        monkeypatch.setattr(os, "access", lambda target, how: False)  # root may write anything

        with pytest.raises(PermissionError, match="this file is read-only"):
            save_json(NEW, path)

        assert load_json(path) == OLD


@POSIX
@pytest.mark.usefixtures("way")
class TestPaths:
    def test_a_symbolic_link_is_followed_and_stays_one(self, path, tmp_path):
        elsewhere = tmp_path / "links"
        elsewhere.mkdir()
        link = elsewhere / "link.json"
        link.symlink_to("../config.json")

        save_json(NEW, link)

        assert link.is_symlink()
        assert load_json(path) == NEW
        assert contents(elsewhere) == ["link.json"]
        assert contents(tmp_path) == ["config.json", "links"]

    def test_a_chain_of_links_is_followed_to_its_end(self, path, tmp_path):
        (tmp_path / "one").symlink_to("two")
        (tmp_path / "two").symlink_to("config.json")

        save_json(NEW, tmp_path / "one")

        assert load_json(path) == NEW
        assert not path.is_symlink()

    def test_a_dangling_link_gets_its_target_with_its_folders(self, tmp_path):
        (tmp_path / "link").symlink_to("deep/er/new.json")

        save_json(NEW, tmp_path / "link")

        assert (tmp_path / "link").is_symlink()
        assert load_json(tmp_path / "deep" / "er" / "new.json") == NEW

    def test_links_in_a_circle_are_an_error(self, tmp_path):
        (tmp_path / "one").symlink_to("two")
        (tmp_path / "two").symlink_to("one")

        with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
            save_json(NEW, tmp_path / "one")

        assert contents(tmp_path) == ["one", "two"]
        assert (tmp_path / "one").is_symlink()

    def test_parents_are_made(self, tmp_path):
        save_json(NEW, tmp_path / "a" / "b" / "c.json")

        assert load_json(tmp_path / "a" / "b" / "c.json") == NEW

    def test_a_plain_name_goes_to_the_working_folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

        save_json(NEW, "c.json")

        assert contents(tmp_path) == ["c.json"]

    def test_a_file_where_a_folder_is_needed_is_an_error(self, path):
        with pytest.raises(NotADirectoryError):
            save_json(NEW, path / "x.json")

        assert load_json(path) == OLD

    def test_a_folder_is_not_replaced(self, tmp_path):
        (tmp_path / "empty").mkdir()

        with pytest.raises(IsADirectoryError, match="this is a folder"):
            save_json(NEW, tmp_path / "empty")

        assert (tmp_path / "empty").is_dir()

    @pytest.mark.parametrize("name", ["", "new/"])
    def test_a_path_without_a_file_name_is_an_error(self, tmp_path, monkeypatch, name):
        monkeypatch.chdir(tmp_path)

        with pytest.raises(IsADirectoryError, match="a file's name is missing here"):
            save_json(NEW, name)

        assert contents(tmp_path) == []

    def test_a_pipe_is_not_replaced(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")

        with pytest.raises(OSError, match="pipe, socket or device"):
            save_json(NEW, tmp_path / "pipe")

        assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)

    def test_a_device_is_not_replaced(self):
        with pytest.raises(OSError, match="pipe, socket or device"):
            save_json(NEW, "/dev/null")

    @pytest.mark.parametrize("name", ["x" * 255, "ü" * 127, "\udcff.json", "😀" * 60 + ".json"])
    def test_any_name_that_the_system_takes(self, tmp_path, name):
        save_json(NEW, tmp_path / name)

        assert load_json(tmp_path / name) == NEW
        assert len(contents(tmp_path)) == 1

    def test_a_hard_link_keeps_the_old_content(self, path, tmp_path):
        os.link(path, tmp_path / "other")

        save_json(NEW, path)

        assert load_json(tmp_path / "other") == OLD


class Pieces:
    """Bytes that come a piece at a time, each time anew."""

    def __init__(self, *pieces, error=None):
        self._pieces = pieces
        self._error = error

    def __iter__(self):
        yield from self._pieces
        if self._error is not None:
            raise self._error


class TestPieces:
    def test_what_comes_in_pieces_is_written_in_one_step(self, path, way):
        replace_file(path, Pieces(b"one ", b"", b"two"))

        assert path.read_bytes() == b"one two"
        assert contents(path.parent) == [path.name]

    def test_a_file_system_without_unnamed_files_gets_all_pieces(self, path, monkeypatch):
        monkeypatch.setattr("pepperpy.infra.utils._replace._give_name", refuse)

        replace_file(path, Pieces(b"one ", b"two"))

        assert path.read_bytes() == b"one two"
        assert contents(path.parent) == [path.name]

    @pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
    def test_an_error_of_the_pieces_leaves_the_old_file(self, path, way, error):
        with pytest.raises(type(error)):
            replace_file(path, Pieces(b"one ", error=error))

        assert load_json(path) == OLD
        assert contents(path.parent) == [path.name]


def refuse(*args):
    raise OSError(95, "not supported here")
