"""What the process uses and what it runs on, and what importing costs."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from pepperpy.infra.metrics import get_memory_usage, get_system_info
from pepperpy.infra.metrics._system import memory_limit


class TestMemory:
    def test_it_is_the_resident_memory_of_the_process(self) -> None:
        usage = get_memory_usage()

        assert isinstance(usage, int)
        assert usage == pytest.approx(psutil.Process(os.getpid()).memory_info().rss, rel=0.2)

    def test_it_grows_with_memory_that_is_touched(self) -> None:
        before = get_memory_usage()

        kept = bytes(range(256)) * 200_000

        assert get_memory_usage() - before > 0.8 * len(kept)

    def test_a_child_that_has_ended_meanwhile_or_hides_counts_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Child:
            def __init__(self, error: Exception) -> None:
                self.error = error

            def memory_info(self) -> None:
                raise self.error

        errors = [psutil.NoSuchProcess(1), psutil.ZombieProcess(1), psutil.AccessDenied(1)]
        monkeypatch.setattr(
            psutil.Process, "children", lambda self, recursive: [Child(e) for e in errors]
        )

        assert get_memory_usage(include_children=True) == pytest.approx(
            get_memory_usage(), rel=0.05
        )


class TestSystem:
    def test_it_tells_of_python_processors_and_memory(self) -> None:
        info = get_system_info()

        assert info["python_version"] == platform.python_version()
        assert info["process_id"] == os.getpid()
        assert 0 < info["memory_available"] <= info["memory_total"]
        assert 0 < info["memory_usage"] <= info["memory_total"]
        assert 1 <= info["cpu_available"] <= info["cpu_count"]
        json.dumps(info)

    def test_what_the_system_does_not_tell_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def silent(*args: Any, **kwargs: Any) -> None:
            raise psutil.AccessDenied

        for name in ("virtual_memory", "cpu_count", "Process"):
            monkeypatch.setattr(psutil, name, silent)

        info = get_system_info()

        assert info["memory_total"] is info["cpu_count"] is info["memory_usage"] is None
        assert info["python_version"] == platform.python_version()

    @pytest.mark.parametrize(
        ("file", "text", "limit"),
        [
            ("memory.max", "536870912\n", 536870912),
            ("memory.max", "max\n", None),
            ("memory/memory.limit_in_bytes", "1048576\n", 1048576),
            ("memory/memory.limit_in_bytes", "9223372036854771712\n", None),
            ("other", "1\n", None),
        ],
    )
    def test_the_limit_of_a_container_is_known(
        self, tmp_path: Path, file: str, text: str, limit: int | None
    ) -> None:
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "ascii")

        assert memory_limit(tmp_path) == limit


class TestImport:
    def test_it_loads_nothing_that_is_not_used(self) -> None:
        heavy = {"asyncio", "numpy", "psutil", "statistics", "tracemalloc"}
        code = f"""
import sys
import pepperpy.infra.metrics as metrics
print(sorted({heavy!r} & set(sys.modules)))
with metrics.measure_time("x"):
    pass
metrics.benchmark(report_telemetry=False)(lambda: 1)()
print(sorted({heavy!r} & set(sys.modules)), "pepperpy.infra.telemetry" in sys.modules)
"""
        printed = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout

        assert printed == "[]\n[] False\n"
