"""What is installed without the rest works without the rest, and what is missing has a name."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import pepperpy.infra

SITE = Path(sysconfig.get_path("purelib"))

Site = Callable[..., list[Path]]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Make what site-packages would be if only the wheels named had been installed."""

    def make(*portions: str, facade: bool = False) -> list[Path]:
        home = tmp_path / "site"
        infra = home / "pepperpy" / "infra"
        infra.mkdir(parents=True)
        for portion in portions:
            source = import_module(f"pepperpy.infra.{portion}").__path__[0]
            shutil.copytree(source, infra / portion)
        if facade:
            shutil.copy(str(pepperpy.infra.__file__), infra)
        for path in SITE.iterdir():
            if not path.name.startswith("pepperpy"):
                home.joinpath(path.name).symlink_to(path, path.is_dir())
        return [home]

    return make


class TestLoggingAndTelemetryWithoutConfig:
    CODE = """
from pepperpy.infra.logging import get_logger, initialize_logging
from pepperpy.infra.telemetry import get_provider_telemetry, initialize_telemetry
from pepperpy.infra.utils import run_closers

initialize_logging({"log_file": "app.log", "file_format": "json", "console": False})
initialize_telemetry()
get_logger("shop").info("paid")
get_provider_telemetry("shop").info("order_paid", "the order is paid")
run_closers()

import sys
assert "pydantic" not in sys.modules
try:
    import pepperpy.infra.config
except ModuleNotFoundError as error:
    print(error.name)
"""

    def test_are_initialized_and_write_to_one_log(self, program: Any, site: Site) -> None:
        shown = program.run(self.CODE, path=site("utils", "logging", "telemetry"))

        assert shown.stdout == "pepperpy.infra.config\n"
        assert [line["message"] for line in program.lines("app.log")] == [
            "paid",
            "the order is paid",
        ]

    def test_the_level_comes_from_the_environment(self, program: Any, site: Site) -> None:
        environ = {"PEPPERPY_LOGGING_LEVEL": "CRITICAL"}

        program.run(self.CODE, path=site("utils", "logging", "telemetry"), environ=environ)

        assert not (program.folder / "app.log").read_text("utf-8")


class TestConfigWithoutLoggingAndTelemetry:
    CODE = """
from pepperpy.infra.config import BaseConfig, get_config, register_config


class Shop(BaseConfig):
    port: int = 80


register_config("shop", Shop)
print(get_config("shop").port)
"""

    def test_works(self, program: Any, site: Site) -> None:
        program.write("pepperpy.toml", "[shop]\nport = 81\n[logging]\nlevel = 'INFO'\n")

        assert program.run(self.CODE, path=site("utils", "config")).stdout == "81\n"


class TestLoggingWithConfigAndWithoutTelemetry:
    CODE = """
from pepperpy.infra.logging import get_logger, initialize_logging

initialize_logging()
get_logger("shop").info("not this")
get_logger("shop").warning("but this")
"""

    def test_reads_its_section(self, program: Any, site: Site) -> None:
        program.write("pepperpy.toml", "[logging]\nlevel = 'WARNING'\nlog_file = 'app.log'\n")

        program.run(self.CODE, path=site("utils", "config", "logging"))

        text = (program.folder / "app.log").read_text("utf-8")
        assert "but this" in text
        assert "not this" not in text


class TestCacheAlone:
    CODE = """
from pepperpy.infra.cache import cached, initialize_cache

initialize_cache("memory", max_size=2)


@cached(ttl=60)
def square(n):
    return n * n


square.many([1, 2, 3])
print(square.cache_info().size)

import sys
assert "pydantic" not in sys.modules
"""

    def test_works_with_utils_and_nothing_else_of_ours(self, program: Any, site: Site) -> None:
        environ = {"PEPPERPY_CACHE_MAX_SIZE": "1"}

        shown = program.run(self.CODE, path=site("utils", "cache"), environ=environ)

        assert shown.stdout == "2\n"


class TestFacade:
    @pytest.mark.parametrize(
        ("name", "wheel"),
        [
            ("cached", "pepperpy-infra-cache"),
            ("get_config", "pepperpy-infra-config"),
            ("get_logger", "pepperpy-infra-logging"),
            ("get_provider_telemetry", "pepperpy-infra-telemetry"),
            ("with_circuit_breaker", "pepperpy-infra-resilience"),
        ],
    )
    def test_a_name_of_a_missing_wheel_says_which_to_install(
        self, program: Any, site: Site, name: str, wheel: str
    ) -> None:
        code = f"from pepperpy.infra import retry\nfrom pepperpy.infra import {name}\n"

        failed = program.run(code, path=site("utils", facade=True), fails=True)

        assert f"pip install {wheel}" in failed.stderr
