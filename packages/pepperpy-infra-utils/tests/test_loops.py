from __future__ import annotations

import asyncio
import subprocess
import sys

from pepperpy.infra.utils import running_loop


def test_in_a_coroutine_it_is_the_loop_that_runs_it_and_elsewhere_none() -> None:
    async def program() -> bool:
        in_a_thread = await asyncio.to_thread(running_loop)
        return running_loop() is asyncio.get_running_loop() and in_a_thread is None

    assert running_loop() is None
    assert asyncio.run(program())
    assert running_loop() is None


def test_asking_does_not_import_asyncio() -> None:
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from pepperpy.infra.utils import running_loop\n"
        "assert running_loop() is None and 'asyncio' not in sys.modules"
    )

    done = subprocess.run(
        [sys.executable, "-ISB", "-c", code], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
