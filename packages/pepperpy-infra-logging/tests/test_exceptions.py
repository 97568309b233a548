"""What a line of JSON tells of an exception."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pepperpy.infra.logging import capture_logs, configure_logging, get_logger

Lines = Callable[[], list[dict[str, Any]]]
Shown = Callable[[BaseException], dict[str, Any]]

SECRET = "hunter2-hunter2"


@pytest.fixture
def shown(lines: Lines) -> Shown:
    def show(error: BaseException) -> dict[str, Any]:
        get_logger("e").error("x", exc_info=error)
        exception: dict[str, Any] = lines()[-1]["exception"]
        return exception

    return show


def raised(error: BaseException) -> BaseException:
    try:
        raise error  # noqa: TRY301
    except BaseException as caught:  # noqa: BLE001
        return caught


def deep(depth: int) -> None:
    if depth == 0:
        raise ValueError("deep")
    deep(depth - 1)


def chain(length: int, link: str) -> BaseException:
    error: BaseException = ValueError("0")
    for number in range(1, length):
        outer = ValueError(str(number))
        setattr(outer, link, error)
        error = outer
    return error


def walk(shown: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield shown
    for name in ("cause", "context"):
        if name in shown:
            yield from walk(shown[name])
    for each in shown.get("exceptions", []):
        yield from walk(each)


class TestParts:
    def test_type_and_message(self, shown: Shown) -> None:
        found = shown(ValueError("outer\nline"))

        assert found == {"type": "ValueError", "message": "outer\nline", "frames": []}

    def test_type_of_another_module_is_named_with_it(self, shown: Shown) -> None:
        assert (
            shown(json.JSONDecodeError("bad", "doc", 0))["type"] == "json.decoder.JSONDecodeError"
        )

    def test_frames_have_file_line_and_function_and_the_innermost_is_last(
        self, shown: Shown
    ) -> None:
        class Shop:
            def pay(self) -> None:
                raise ValueError("no")

        try:
            Shop().pay()
        except ValueError as error:
            found = shown(error)["frames"]
            place = traceback.extract_tb(error.__traceback__)

        assert [(each["file"], each["line"]) for each in found] == [
            (each.filename, each.lineno) for each in place
        ]
        assert found[-1]["function"].endswith("Shop.pay")
        assert all(each.keys() == {"file", "line", "function"} for each in found)

    def test_no_source_and_no_local_variable_is_shown(self, lines: Lines, path: Path) -> None:
        local = "value of a local"  # noqa: F841
        try:
            int("x")  # and this comment
        except ValueError:
            get_logger("e").exception("x")

        text = path.read_text()
        assert "value of a local" not in text
        assert "and this comment" not in text

    def test_notes_are_shown(self, shown: Shown) -> None:
        error = ValueError("x")
        error.add_note("3 attempts")
        error.add_note("in 2.1 s")

        assert shown(error)["notes"] == ["3 attempts", "in 2.1 s"]

    def test_place_of_a_syntax_error_is_shown(self, shown: Shown) -> None:
        try:
            compile("a = (\nb c", "there.py", "exec")
        except SyntaxError as error:
            found = shown(error)
            expected = {"file": error.filename, "line": error.lineno, "text": error.text}

        assert found["syntax"] == expected
        assert found["syntax"]["file"] == "there.py"

    def test_members_of_a_group_are_shown_each_with_its_own_frames(self, shown: Shown) -> None:
        inner = ExceptionGroup("inner", [raised(ValueError("v"))])  # type: ignore[list-item]
        found = shown(ExceptionGroup("outer", [raised(KeyError("k")), inner]))  # type: ignore[list-item]

        key, group = found["exceptions"]
        assert (key["type"], key["message"], key["frames"][0]["function"]) == (
            "KeyError",
            "'k'",
            "raised",
        )
        assert group["exceptions"][0]["message"] == "v"

    def test_traceback_of_the_triple_counts(self, lines: Lines) -> None:
        error = raised(ValueError("x"))

        get_logger("e").error("x", exc_info=(ValueError, error, None))

        assert lines()[0]["exception"]["frames"] == []

    def test_text_of_a_record_from_elsewhere_is_kept(self, lines: Lines) -> None:
        record = logging.makeLogRecord({"msg": "x", "exc_text": "Traceback: gone"})

        logging.root.handlers[0].handle(record)

        assert lines()[0]["exception"] == {"traceback": "Traceback: gone"}

    def test_text_format_still_has_a_traceback_for_people(self, path: Path) -> None:
        configure_logging(log_file=path, console=False)

        get_logger("e").error("x", exc_info=raised(ValueError("v")))

        assert "Traceback (most recent call last)" in path.read_text()
        assert "raise error" in path.read_text()

    def test_captures_have_the_exception_itself(self) -> None:
        error = ValueError("x")
        with capture_logs() as logs:
            get_logger("e").error("x", exc_info=error)

        assert logs[0].error is error


class TestChain:
    def test_cause_goes_before_context(self, shown: Shown) -> None:
        try:
            try:
                raise KeyError("inner")  # noqa: TRY301
            except KeyError as error:
                raise ValueError("outer") from error
        except ValueError as error:
            found = shown(error)

        assert (found["cause"]["type"], found["cause"]["message"]) == ("KeyError", "'inner'")
        assert "context" not in found

    def test_context_is_shown_unless_it_was_suppressed(self, shown: Shown) -> None:
        error = ValueError("outer")
        error.__context__ = KeyError("inner")
        assert shown(error)["context"]["type"] == "KeyError"

        error.__suppress_context__ = True
        assert "context" not in shown(error)

    @pytest.mark.parametrize("link", ["__cause__", "__context__"])
    def test_cycles_end(self, shown: Shown, link: str) -> None:
        first, second = ValueError("first"), ValueError("second")
        setattr(first, link, second)
        setattr(second, link, first)

        found = shown(first)[link.strip("_")][link.strip("_")]
        assert found == {"type": "ValueError", "message": "first", "omitted": "cycle"}

    def test_error_that_is_shown_twice_is_no_cycle(self, shown: Shown) -> None:
        error = ValueError("x")
        found = shown(ExceptionGroup("g", [error, error]))

        assert [each.get("omitted") for each in found["exceptions"]] == [None, None]


class TestBounds:
    def test_both_ends_of_a_long_traceback_are_kept(self, shown: Shown) -> None:
        try:
            deep(200)
        except ValueError as error:
            found = shown(error)
            last = traceback.extract_tb(error.__traceback__)[-1].lineno
            whole = len(traceback.extract_tb(error.__traceback__))

        assert len(found["frames"]) == 50
        assert found["omitted_frames"] == whole - 50
        assert found["frames"][0]["function"].endswith(
            "test_both_ends_of_a_long_traceback_are_kept"
        )
        assert found["frames"][-1]["line"] == last

    @pytest.mark.parametrize("link", ["__cause__", "__context__"])
    def test_long_chain_ends_in_a_mark(self, shown: Shown, link: str) -> None:
        *_, last = found = list(walk(shown(chain(500, link))))

        assert len(found) == 17
        assert last == {"type": "ValueError", "message": "483", "omitted": "too many"}

    def test_members_of_a_large_group_are_counted(self, shown: Shown) -> None:
        found = shown(ExceptionGroup("g", [ValueError(str(number)) for number in range(100)]))

        assert len(found["exceptions"]) == 16
        assert found["omitted_exceptions"] == 84

    def test_groups_of_groups_are_bounded_together(self, shown: Shown) -> None:
        group: Exception = ValueError("x")
        for _ in range(6):
            group = ExceptionGroup("g", [group] * 6)

        complete = [each for each in walk(shown(group)) if "omitted" not in each]
        assert len(complete) == 64

    def test_many_notes_are_counted(self, shown: Shown) -> None:
        error = ValueError("x")
        error.__notes__ = [str(number) for number in range(100)]

        found = shown(error)
        assert (len(found["notes"]), found["omitted_notes"]) == (16, 84)


class TestSecrets:
    def test_are_masked_in_every_text(self, lines: Lines, path: Path) -> None:
        secret = f"postgres://ann:{SECRET}@db/app"
        code = compile("raise ValueError", f"{secret}.py", "exec")
        try:
            exec(code)
        except ValueError as caught:
            error: Exception = caught
        error.args = (secret,)
        error.add_note(f"password={SECRET}")
        error.__cause__ = SyntaxError(f"token: {SECRET}", (secret, 1, 1, f'password = "{SECRET}"'))
        error.__cause__.__context__ = ExceptionGroup(f"api_key={SECRET}", [KeyError(secret)])
        named = type(f"password={SECRET}", (Exception,), {})
        error.__cause__.__context__.__cause__ = named(secret)

        get_logger("e").error("x", exc_info=error)

        assert len(list(walk(lines()[0]["exception"]))) == 5
        assert SECRET not in path.read_text()


class BadText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("hostile")

    __repr__ = __str__


class BadParts(Exception):
    __notes__ = property(lambda self: 1 / 0)  # type: ignore[assignment]
    __cause__ = property(lambda self: 1 / 0)  # type: ignore[assignment]
    __context__ = property(lambda self: 1 / 0)  # type: ignore[assignment]


class Endless(Exception):
    @property
    def __cause__(self) -> BaseException:  # type: ignore[override]
        return Endless()


class BadGroup(ExceptionGroup[Exception]):
    exceptions = property(lambda self: [1, self, None])  # type: ignore[assignment]


class Liar:
    @property
    def __class__(self) -> type:  # type: ignore[override]
        return ValueError


class LyingCause(Exception):
    __cause__ = Liar()  # type: ignore[assignment]


class BadSyntax(SyntaxError):
    lineno = property(lambda self: 1 / 0)  # type: ignore[assignment]
    filename = property(lambda self: BadText())  # type: ignore[assignment]
    text = 5  # type: ignore[assignment]


class NoModule(Exception):
    __module__ = None  # type: ignore[assignment]


class TestHostile:
    def test_class_that_does_not_tell_its_name_is_still_a_line(self, shown: Shown) -> None:
        class BadMeta(type):
            def __getattribute__(cls, name: str) -> Any:
                if name in {"__module__", "__name__", "__qualname__"}:
                    raise ZeroDivisionError
                return super().__getattribute__(name)

        class BadKind(Exception, metaclass=BadMeta):
            pass

        assert shown(BadKind("x")) == {
            "type": "BadKind",
            "message": "<unreadable: ZeroDivisionError>",
            "frames": [],
        }

    @pytest.mark.parametrize(
        "error",
        [
            *(BadText(), BadParts(), Endless(), BadGroup("g", [ValueError()]), LyingCause()),
            *(NoModule(), BadSyntax("x"), raised(BadText())),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_exception_is_still_a_line_with_its_type(
        self, shown: Shown, error: BaseException
    ) -> None:
        found = shown(error)

        assert found["type"].endswith(type(error).__qualname__)
        assert len(list(walk(found))) <= 17

    @pytest.mark.parametrize(
        ("notes", "expected"),
        [("text", ["text"]), (5, ["5"]), ([b"x", 1], ["b'x'", "1"]), ({"a": 1}, ["{'a': 1}"])],
    )
    def test_notes_of_a_wrong_type_are_shown(self, shown: Shown, notes: Any, expected: Any) -> None:
        error = ValueError("x")
        error.__notes__ = notes

        assert shown(error)["notes"] == expected

    def test_note_without_a_text_is_named(self, shown: Shown) -> None:
        error = ValueError("x")
        error.__notes__ = [BadText()]  # type: ignore[list-item]

        assert shown(error)["notes"] == ["<BadText without a text: RuntimeError>"]

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
    def test_interrupts_pass_through(self, shown: Shown, kind: type[BaseException]) -> None:
        class Interrupting(Exception):
            @property
            def __cause__(self) -> BaseException:  # type: ignore[override]
                raise kind

        with pytest.raises(kind):
            shown(Interrupting())

    def test_error_at_the_recursion_limit_is_a_line(self, lines: Lines) -> None:
        def fall() -> None:
            fall()

        try:
            fall()
        except RecursionError:
            get_logger("e").exception("x")

        assert lines()[0]["exception"]["type"] == "RecursionError"
        assert lines()[0]["exception"]["omitted_frames"] > sys.getrecursionlimit() // 2


errors = st.recursive(
    st.builds(ValueError, st.text()),
    lambda inner: st.one_of(
        st.builds(lambda a, b: _linked(a, "__cause__", b), inner, inner),
        st.builds(lambda a, b: _linked(a, "__context__", b), inner, inner),
        st.builds(ExceptionGroup, st.text(), st.lists(inner, min_size=1, max_size=20)),
        st.builds(lambda a, notes: _linked(a, "__notes__", notes), inner, st.lists(st.text())),
    ),
)


def _linked(error: Exception, name: str, value: Any) -> Exception:
    setattr(error, name, value)
    return error


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(error=errors)
@example(error=ValueError("\ud800"))
def test_for_all_trees_of_errors_there_is_one_line_that_ends(
    lines: Lines, path: Path, error: Exception
) -> None:
    before = path.read_bytes().count(b"\n")

    get_logger("e").error("x", exc_info=error)

    assert path.read_bytes().count(b"\n") == before + 1
    found = list(walk(lines()[-1]["exception"]))
    assert found[0]["type"] == type(error).__name__
    assert len([each for each in found if "omitted" not in each]) <= 64
