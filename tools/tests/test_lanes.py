"""Sessions run side by side: all of them, so many at a time, each with its own output and end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools import lanes

# Says that it is there and waits until the other one is.
MEETS = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
while not other.exists():
    time.sleep(0.01)
"""


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


class TestLanes:
    def test_each_session_has_its_own_output_and_end(self) -> None:
        there = lanes.Lanes(
            {
                "good": python("print('fine')"),
                "bad": python("import sys; print('broken', file=sys.stderr); sys.exit(3)"),
            },
            1,
        )

        good, bad = there.result("good"), there.result("bad")

        assert (good.stdout, good.returncode) == ("fine\n", 0)
        assert (bad.stdout, bad.returncode) == ("broken\n", 3)

    def test_two_lanes_run_two_at_a_time(self, tmp_path: Path) -> None:
        one, two = tmp_path / "one", tmp_path / "two"
        there = lanes.Lanes({"one": python(MEETS, one, two), "two": python(MEETS, two, one)}, 2)

        assert there.result("one").returncode == there.result("two").returncode == 0

    def test_one_lane_takes_them_in_their_order(self, tmp_path: Path) -> None:
        write = "import sys; open('order', 'a').write(sys.argv[1])"
        code = f"import os; os.chdir({str(tmp_path)!r}); {write}"
        there = lanes.Lanes({name: python(code, name) for name in "bac"}, 1)

        for name in "abc":
            there.result(name)

        assert (tmp_path / "order").read_text() == "bac"

    def test_a_process_of_a_lane_knows_that_it_is_one(self) -> None:
        code = f"import os; print(os.environ[{lanes.MARK!r}])"

        assert lanes.Lanes({"one": python(code)}, 1).result("one").stdout == "1\n"

    def test_what_cannot_be_run_is_an_error_where_it_is_asked_for(self) -> None:
        there = lanes.Lanes({"none": ["no-such-program"], "one": python("")}, 1)

        with pytest.raises(FileNotFoundError):
            there.result("none")
        assert there.result("one").returncode == 0


class TestWhole:
    @pytest.mark.parametrize(
        "arguments", ["-s tests", "--sessions tests lint", "-s tests -- --durations=5 -x"]
    )
    def test_the_session_without_a_parameter_is_asked_for_as_a_whole(self, arguments: str) -> None:
        assert lanes.whole("tests", arguments.split())

    @pytest.mark.parametrize(
        "arguments",
        ["", "-s lint", "-s tests(tools)", "-s lint -- tests", "-s tests -p 3.12", "-rs tests"],
    )
    def test_one_scope_or_something_special_is_not(self, arguments: str) -> None:
        assert not lanes.whole("tests", arguments.split())
