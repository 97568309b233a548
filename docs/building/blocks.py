"""Runs the Python of a page: its ``python`` blocks in order, as one program.

A ``text`` block right below one of them is what that block must print, where ``...`` stands for
anything.  A block of another language with ``title="name"`` is a file of that name, which may also
be a module: ``{.python title="name.py"}``.  Functions called ``test_...`` that need no fixtures are
called in the end.  As a program this runs the pages that its arguments name, one after the other in
one process; tracebacks then show the lines of the page.
"""

from __future__ import annotations

import inspect
import io
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path
from types import ModuleType

_FENCED = re.compile(
    r"^(?P<margin> *)```(?P<language>\w*)(?P<options>[^\n`]*)\n(?P<code>.*?)^(?P=margin)```$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(slots=True)
class Block:
    """One block of Python on a page, and what stands around it."""

    line: int
    """How many lines stand above its code."""
    code: str
    files: dict[str, str]
    """Those that the page shows above it, and below the block before."""
    prints: str | None = None
    """What it must print, `None` where the page does not say."""


def blocks_of(text: str) -> list[Block]:
    """The Python blocks of a page, in order; those in lists and notes as well."""
    found: list[Block] = []
    files: dict[str, str] = {}
    end = 0
    for match in _FENCED.finditer(text):
        code = re.sub(f"^{match['margin']}", "", match["code"], flags=re.MULTILINE)
        title = _TITLE.search(match["options"])
        right_below = found and not files and not text[end : match.start()].strip()
        if match["language"] == "python":
            found.append(Block(text.count("\n", 0, match.start("code")), code, files))
            files, end = {}, match.end()
        elif match["language"] == "text" and right_below:
            found[-1].prints = code
        elif title:
            files[title[1]] = code
    return found


def run(
    page: Path, folder: Path, *, after: Sequence[Path] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a page in *folder* with a Python of its own, for which warnings are errors.

    Args:
        after: The pages that its program goes on from, as a chapter does.
    """
    return subprocess.run(  # noqa: S603 - our own pages, by this very Python
        [sys.executable, "-W", "error", __file__, *map(str, after), str(page)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def main(*pages: str) -> None:
    """Run all blocks of *pages* in this process.

    Raises:
        AssertionError: If a block prints something else than its page says.
    """
    # A main module of their own: what they define can be pickled, and its annotations resolved.
    module = sys.modules["__main__"] = ModuleType("__main__")
    sys.path[0] = str(Path.cwd())  # as for a program that lies there
    for page in pages:
        _run(page, module)
    for name, test in list(vars(module).items()):
        if name.startswith("test_") and not inspect.signature(test).parameters:
            result = test()
            if inspect.iscoroutine(result):
                import asyncio

                asyncio.run(result)


def _run(page: str, module: ModuleType) -> None:
    for block in blocks_of(Path(page).read_text("utf-8")):
        for name, content in block.files.items():
            Path(name).write_text(content, "utf-8")
        printed = io.StringIO()
        program = compile("\n" * block.line + block.code, page, "exec")
        with redirect_stdout(printed), redirect_stderr(printed):
            exec(program, module.__dict__)  # noqa: S102 - this is what we are here for
        _compare(block, printed.getvalue(), page)


def _compare(block: Block, printed: str, page: str) -> None:
    if block.prints is not None and not OutputChecker().check_output(
        block.prints, printed, ELLIPSIS
    ):
        raise AssertionError(
            f"{page}:{block.line}: the block prints\n{printed}\nand the page says\n{block.prints}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
