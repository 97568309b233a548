"""`python -m pepperpy.infra`: what is installed, and whether what is configured answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest

import pepperpy.infra
from pepperpy.infra import _checks, _inventory

ROOTS = [str(Path(entry).parent.parent) for entry in pepperpy.infra.__path__]

POOLS = """
    import asyncio
    from pepperpy.infra import ConnectionPool, ConnectionPoolConfig, register_pool

    class Pool(ConnectionPool):
        async def _create_connection(self):
            if self.name == "frozen":
                await asyncio.Event().wait()
            if self.name == "refused":
                raise ConnectionRefusedError("postgres://bob:opensesame@db/shop refuses")
            return object()

        async def _close_connection(self, connection):
            pass

    config = ConnectionPoolConfig(min_size=1, retry_attempts=1, close_timeout=0.2)
    pools = [Pool(name, config) for name in ("users", "refused", "frozen")]
    for pool in pools:
        register_pool(pool)
"""


class Run:
    """The command, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([*ROOTS, *sys.path])
        return subprocess.run(
            [sys.executable, "-m", "pepperpy.infra", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, **environment},
            capture_output=True,
            text=True,
            timeout=25,
            check=False,
        )

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(textwrap.dedent(text), "utf-8")


@pytest.fixture
def command(tmp_path: Path) -> Run:
    return Run(tmp_path)


def parts(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return {each["part"]: each for each in json.loads(done.stdout)["checks"]}


class TestChecks:
    def test_all_is_well_without_a_configuration(self, command: Run) -> None:
        done = command()

        assert done.returncode == 0, done.stdout + done.stderr
        for part in ("logging", "telemetry", "cache", "configuration"):
            assert f"{part}  " in done.stdout
        assert "FAILED" not in done.stdout

    def test_a_pool_that_answers_and_two_that_do_not(self, command: Run) -> None:
        command.write("wiring.py", POOLS)

        done = command("wiring", "--json", "--timeout", "0.2")

        found = parts(done)
        assert done.returncode == 1
        assert found["import wiring"]["ok"]
        assert found["pool users"]["ok"]
        assert found["pool refused"]["problem"].startswith("ConnectionRefusedError")
        assert found["pool frozen"]["problem"] == "no answer in 0.2 s"
        assert "opensesame" not in done.stdout + done.stderr

    def test_a_pool_that_hangs_does_not_hold_up_the_end(self, command: Run) -> None:
        # An attempt to connect is waited for: longer than `Run` waits for the command.
        command.write("wiring.py", POOLS.replace("close_timeout=0.2", "close_timeout=60"))

        found = parts(command("wiring", "--json", "--timeout", "0.2"))

        assert found["pool frozen"]["problem"] == "no answer in 0.2 s"
        assert found["stopping"]["problem"] == "not done in 0.2 s"

    def test_storage_providers_are_connected(self, command: Run) -> None:
        command.write("garbage.db", "this is no database, whoever put it here" * 100)
        command.write(
            "wiring.py",
            """
            from pepperpy.infra import register_file_provider

            register_file_provider("orders", "orders.db")
            register_file_provider("users", "garbage.db")
            """,
        )

        found = parts(command("wiring", "--json"))

        assert found["storage orders"]["ok"]
        assert found["storage users"]["problem"].startswith("CorruptStoreError")

    def test_a_wrong_setting_is_told_with_its_place(self, command: Run) -> None:
        command.write("pepperpy.toml", '[logging]\nlevel = "LOUD"\n')

        done = command()

        assert done.returncode == 1
        assert "logging" in done.stdout
        assert "pepperpy.toml:2" in done.stdout

    def test_what_has_no_effect_is_a_warning_of_the_report(self, command: Run) -> None:
        command.write("pepperpy.toml", '[logging]\nlevle = "INFO"\n')

        done = command(PEPPERPY_CACHE_MAXSIZE="3")

        assert done.returncode == 0
        assert done.stderr == ""
        (head, *warnings) = done.stdout[done.stdout.index("configuration") :].splitlines()
        assert head.split() == ["configuration", "ok"]
        assert [each.split()[0] for each in warnings] == ["WARNING", "WARNING"]
        assert "logging has no field 'levle'; did you mean 'level'?" in done.stdout
        assert "PEPPERPY_CACHE_MAXSIZE sets nothing" in done.stdout

    def test_warnings_are_in_the_report_for_programs(self, command: Run) -> None:
        done = command("--json", PEPPERPY_CACHE_MAXSIZE="3")

        assert json.loads(done.stdout)["ok"]
        (warning,) = parts(done)["configuration"]["warnings"]
        assert warning.startswith("PEPPERPY_CACHE_MAXSIZE sets nothing")
        assert parts(done)["cache"]["warnings"] == []

    def test_a_broken_settings_file_is_told_once(self, command: Run) -> None:
        command.write("pepperpy.toml", "[logging\n")

        done = command()

        assert done.returncode == 1
        assert done.stdout.count("expected ']'") == 1
        assert len(re.findall("FAILED  no settings from .*pepperpy.toml, see", done.stdout)) == 4

    def test_a_profile_that_is_not_there_is_told_once(self, command: Run) -> None:
        command.write("pepperpy.toml", "[profiles.prod.logging]\nlevel = 'INFO'\n")

        done = command(PEPPERPY_PROFILE="test")

        assert done.returncode == 1
        assert done.stdout.count("did you mean") + done.stdout.count("there are: 'prod'") == 1

    def test_a_module_that_cannot_be_imported_is_told_and_the_rest_is_still_tried(
        self, command: Run
    ) -> None:
        done = command("no_such_module", "--json")

        found = parts(done)
        assert done.returncode == 1
        assert "no_such_module" in found["import no_such_module"]["problem"]
        assert found["cache"]["ok"]

    def test_settings_of_the_program_are_checked_as_well(self, command: Run) -> None:
        command.write(
            "settings.py",
            """
            from pepperpy.infra import BaseConfig, register_config

            class Mail(BaseConfig):
                port: int

            register_config("mail", Mail)
            """,
        )

        assert "mail.port" in command("settings").stdout
        assert command("settings", PEPPERPY_MAIL_PORT="25").returncode == 0

    def test_what_a_module_prints_is_not_in_the_report(self, command: Run) -> None:
        command.write(
            "wiring.py",
            """
            import logging, sys

            logging.basicConfig(stream=sys.stdout, level="INFO")
            logging.info("from the log")
            print("from the program")
            """,
        )

        done = command("wiring", "--json")

        assert json.loads(done.stdout)["ok"]
        assert "from the program" in done.stderr
        assert "from the log" in done.stderr

    def test_a_module_that_ends_the_program_is_told_and_the_rest_is_still_tried(
        self, command: Run
    ) -> None:
        command.write("script.py", "raise SystemExit(3)")

        found = parts(command("script", "--json"))

        assert "it ends the program when it is imported" in found["import script"]["problem"]
        assert found["cache"]["ok"]

    def test_an_object_that_cannot_be_looked_into_does_not_keep_pools_from_being_tried(
        self, command: Run
    ) -> None:
        broken = """
            from pepperpy.infra.utils import register_inspectable

            class Broken:
                def inspect(self):
                    raise RuntimeError("broken")

            broken = Broken()
            register_inspectable(broken)
        """
        command.write("wiring.py", textwrap.dedent(POOLS) + textwrap.dedent(broken))

        found = parts(command("wiring", "--json", "--timeout", "0.2"))

        assert found["pool users"]["ok"]
        assert not found["pool refused"]["ok"]

    @pytest.mark.parametrize(
        ("library", "part", "other"),
        [("pydantic", "configuration", "logging"), ("msgspec", "logging", "telemetry")],
    )
    def test_a_wheel_whose_library_is_missing_is_told_and_the_rest_is_still_tried(
        self, command: Run, library: str, part: str, other: str
    ) -> None:
        missing = f"No module named {library!r}"
        command.write(f"{library}.py", f"raise ModuleNotFoundError({missing!r}, name={library!r})")

        found = parts(command("--json"))

        assert found[part]["problem"] == f"ModuleNotFoundError: {missing}"
        assert other in found

    @pytest.mark.parametrize("text", [b"[logging\n", b"\xff\xfe", b"[logging]\nlevel = []\n"])
    def test_every_part_that_reads_a_broken_file_names_it_in_json(
        self, command: Run, text: bytes
    ) -> None:
        (command.folder / "pepperpy.toml").write_bytes(text)

        done = command("--json")

        assert done.returncode == 1
        assert "pepperpy.toml" in parts(done)["logging"]["problem"]
        assert "pepperpy.toml" in parts(done)["configuration"]["problem"]

    @pytest.mark.parametrize("seconds", ["soon", "-1", "0", "nan"])
    def test_a_wrong_argument_is_told_by_the_usage(self, command: Run, seconds: str) -> None:
        done = command("--timeout", seconds)

        assert done.returncode == 2
        assert "usage: python -m pepperpy.infra" in done.stderr
        assert f"must be seconds, more than 0; got {seconds!r}" in done.stderr


class TestInventory:
    def test_json_has_python_platform_and_each_wheel_with_its_version(self, command: Run) -> None:
        found = json.loads(command("--json").stdout)

        assert found["python"] == ".".join(map(str, sys.version_info[:3]))
        assert found["platform"]
        versions = {each["name"]: each["version"] for each in found["wheels"]}
        assert versions == {each.name: each.version for each in _inventory.wheels()}

    def test_an_extra_is_there_if_all_that_it_needs_is(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = _Made(
            "pepperpy_infra.made",
            "pytest>=1; extra == 'there'",
            "pytest>=1; extra == 'half'",
            "no-such-distribution>=1; extra == 'half'",
            "no-such-distribution>=1; extra == 'all'",
            "no-such-distribution; (python_version < '3.0') and extra == 'old'",
            "no-such-distribution>=1",
        )
        monkeypatch.setattr(_inventory, "distributions", lambda: [made, _Made("other")])

        (wheel,) = _inventory.wheels()

        assert wheel.name == "pepperpy-infra-made"
        assert wheel.extras == ["old", "there"]
        assert wheel.absent == ["half"]
        assert wheel.missing["half"] == ("no-such-distribution",)

    def test_a_wheel_that_another_one_needs_and_that_is_not_there_is_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = _Made(
            "pepperpy_infra",
            "pepperpy-infra-cache<0.2,>=0.1",
            "pepperpy_infra_utils>=1.0",
            "pepperpy-infra-storage>=0.1; extra == 'file'",
            "no-such-distribution>=1",
        )
        utils = _Made("pepperpy-infra-utils")
        monkeypatch.setattr(_inventory, "distributions", lambda: [made, utils])

        assert _checks._wheels().problem == (
            "pepperpy-infra needs pepperpy-infra-cache, which is not installed"
        )

    def test_a_whole_family_lacks_nothing(self) -> None:
        assert _checks._wheels().ok


class _Made(Distribution):
    """Metadata without files."""

    def __init__(self, name: str, *requires: str) -> None:
        self._text = "\n".join(
            [f"Name: {name}", "Version: 1.2", *(f"Requires-Dist: {each}" for each in requires)]
        )

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        raise NotImplementedError
