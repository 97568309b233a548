"""`log_calls` writes what was called with what, and what came of it; never a secret or an error."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from dataclasses import dataclass
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.decorators import InvalidOptionError, log_calls

TOKEN = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture):
    """The messages without the time, which nobody can foretell."""
    caplog.set_level("INFO")
    return lambda: [message.partition(" after ")[0] for message in caplog.messages]


class TestLines:
    def test_a_call_has_a_line_when_it_begins_and_one_when_it_ends(self, caplog, lines) -> None:
        @log_calls(log_args=True, log_result=True, name="add")
        def add(a, b=2, *rest, c=3, **more):
            return a + b

        add(1, 5, 6, d=[7])

        assert lines() == ["add(6, a=1, b=5, c=3, d=[7])", "add returned 6"]
        first, last = caplog.records
        assert {first.name, last.name} == {__name__}
        assert first.__dict__["code.function.name"] == "add"
        assert last.__dict__["duration"] > 0

    def test_an_error_has_a_line_in_place_of_the_result(self, caplog, lines) -> None:
        @log_calls(name="fail")
        def fail():
            raise LookupError("no such zone")

        with pytest.raises(LookupError):
            fail()

        assert lines() == ["fail()", "fail raised LookupError: no such zone"]
        assert caplog.records[1].__dict__["error.type"] == "LookupError"

    @pytest.mark.parametrize(
        ("args", "expected"),
        [
            ((True, True), ["f(a=1)", "f returned 1"]),
            ((False, True), ["f(...)", "f returned 1"]),
            ((True, False), ["f(a=1)", "f returned"]),
            ((False, False, "shop"), ["f(...)", "f returned"]),
        ],
    )
    def test_arguments_and_results_can_be_left_out(self, caplog, lines, args, expected) -> None:
        log_calls(*args, name="f")(lambda a: a)(1)

        assert lines() == expected
        assert caplog.records[0].name == (args[2] if len(args) > 2 else __name__)

    def test_self_and_cls_are_left_out(self, lines) -> None:
        class Service:
            @log_calls(name="m")
            def method(self, a):
                return a

            @classmethod
            @log_calls(name="c")
            def make(cls, a):
                return a

        Service().method(1)
        Service.make(2)

        assert lines() == ["m(a=1)", "m returned 1", "c(a=2)", "c returned 2"]

    def test_the_lines_count_as_written_by_the_caller(self, caplog, lines) -> None:
        work = log_calls(lambda: 1)

        def caller():
            work()

        caller()

        assert [record.funcName for record in caplog.records] == ["caller", "caller"]

    def test_coroutines_and_generators_have_theirs_when_they_run(self, lines) -> None:
        @log_calls(name="work")
        async def work(a):
            return a

        @log_calls(name="items")
        def items(a):
            yield a
            return "end"

        @log_calls(name="closed")
        async def closed():
            yield 1
            yield 2

        async def drive():
            await work(1)
            made = closed()
            await anext(made)
            await made.aclose()

        waiting = items(2)
        assert lines() == []
        list(waiting)
        asyncio.run(drive())

        assert lines() == [
            *("items(a=2)", "items returned 'end'"),
            *("work(a=1)", "work returned 1", "closed()", "closed was closed"),
        ]

    def test_while_the_level_is_off_no_argument_is_looked_at(self, caplog) -> None:
        caplog.set_level("WARNING")

        class Untouched:
            def __repr__(self):
                raise AssertionError

        untouched = Untouched()

        assert log_calls(lambda a: a)(untouched) is untouched
        assert not caplog.records

    def test_a_level_that_is_switched_on_counts_at_once(self, caplog) -> None:
        work = log_calls(level="debug")(lambda: 1)
        work()
        caplog.set_level("DEBUG")
        work()

        assert len(caplog.records) == 2

    def test_a_partial_shows_its_arguments_by_position(self, lines) -> None:
        log_calls(name="p")(functools.partial(pow, 2))(3)

        assert lines() == ["p(3)", "p returned 8"]


@dataclass
class Login:
    user: str
    password: str


class Pair(NamedTuple):
    user: str
    token: str


class TestSecrets:
    def test_parameters_with_the_name_of_a_secret_are_masked(self, lines) -> None:
        @log_calls(name="f", log_result=False)
        def f(user, password, *, api_key, **more):
            return None

        f("ann", "hunter2", api_key="k-1", session_token="s-1", page=3)

        assert lines()[0] == "f(user='ann', password=***, api_key=***, session_token=***, page=3)"

    def test_that_a_secret_is_not_given_is_shown(self, lines) -> None:
        log_calls(name="f")(lambda password=None, token="": None)()

        assert lines()[0] == "f(password=None, token='')"

    @pytest.mark.parametrize(
        "value",
        [
            {"password": "hunter2"},
            [{"deep": ({"api_key": "hunter2"},)}],
            "postgres://ann:hunter2@db/app",
            b"password=hunter2",
            [("password", "hunter2")],
            Login("ann", "hunter2"),
            [Login("ann", "hunter2")],
            Pair("ann", "hunter2"),
            ValueError("password=hunter2"),
            "x" * 199 + " password=hunter2",
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_secrets_in_arguments_results_and_errors_are_masked(self, caplog, value) -> None:
        caplog.set_level("INFO")

        @log_calls
        def f(a, *rest, **more):
            if isinstance(a, Exception):
                raise a
            return a

        with contextlib.suppress(ValueError):
            f(value, value, more=value)

        assert len(caplog.messages) == 2
        assert "hunter2" not in caplog.text

    @given(before=st.integers(0, 300), limit=st.integers(1, 300))
    def test_no_part_of_a_secret_is_left_where_a_text_is_cut(self, before, limit) -> None:
        shown = []

        class Keep(logging.Handler):
            def emit(self, record):
                shown.append(record.getMessage())

        logger, keep = logging.getLogger("cut"), Keep()
        logger.addHandler(keep)
        logger.propagate = False
        logger.setLevel("INFO")
        try:
            log_calls(logger_name="cut", max_length=limit)(lambda a: a)("x" * before + " " + TOKEN)
        finally:
            logger.removeHandler(keep)

        assert len(shown) == 2
        assert not any("a1B2" in message for message in shown)


class TestLength:
    def test_what_is_long_is_cut(self, lines) -> None:
        log_calls(name="f", max_length=10)(lambda a: a)("x" * 1000)

        assert lines() == ["f(a='xxxxxx...)", "f returned 'xxxxxx..."]

    def test_a_huge_container_costs_no_more_than_what_is_shown(self, caplog) -> None:
        caplog.set_level("INFO")
        touched = []

        class Item:
            def __repr__(self):
                touched.append(self)
                return "item"

        log_calls(len)([Item()] * 1_000_000)

        assert len(touched) < 500
        assert len(caplog.messages[0]) < 400

    def test_depth_and_cycles_do_no_harm(self, lines) -> None:
        cycle: list[object] = []
        cycle.append(cycle)
        deep: object = 1
        for _ in range(100_000):
            deep = [deep]
        wide: object = "x"
        for _ in range(30):
            wide = [wide, wide]

        for value in (cycle, deep, wide):
            log_calls(name="f", log_result=False)(lambda a: None)(value)

        assert all(len(line) < 250 for line in lines())
        assert len(lines()) == 6
        while isinstance(deep, list):  # else freeing it would recurse as deep
            deep = deep.pop()


class Hostile:
    """Everything that one could ask of it goes wrong."""

    def __init__(self, error: BaseException) -> None:
        object.__setattr__(self, "error", error)

    def __getattribute__(self, name):
        raise object.__getattribute__(self, "error")

    def __repr__(self):
        raise object.__getattribute__(self, "error")

    __str__ = __hash__ = __eq__ = __len__ = __bool__ = __repr__


class TestHostileValues:
    @pytest.mark.parametrize(
        "error", [ValueError("pw=hunter2"), RecursionError(), MemoryError(), AttributeError("x")]
    )
    def test_a_repr_that_raises_is_shown_as_such(self, lines, error) -> None:
        value = Hostile(error)

        assert log_calls(name="f")(lambda a: a)(value) is value

        kind = type(error).__name__
        text = f"<Hostile without a text: {kind}>"
        assert lines() == [f"f(a={text})", f"f returned {text}"]

    @pytest.mark.parametrize("container", [list, tuple, dict], ids=lambda kind: kind.__name__)
    def test_one_bad_repr_in_a_container_spoils_only_its_own_text(self, lines, container) -> None:
        bad = Hostile(ValueError())
        value = {"a": bad, "b": 1} if container is dict else container([bad, 1])

        log_calls(name="f", log_result=False)(lambda a: None)(value)

        assert "<Hostile without a text: ValueError>" in lines()[0]
        assert "1" in lines()[0]

    def test_a_repr_that_is_no_text_or_lies_is_shown_as_such(self, lines) -> None:
        class Liar(str):
            def __str__(self):
                raise ValueError

            def __getitem__(self, item):
                raise ValueError

        class Odd:
            def __repr__(self):
                return 7

        class Lying:
            def __repr__(self):
                return Liar("fine")

        log_calls(name="f", log_result=False)(lambda a, b: None)(Odd(), Lying())

        assert lines()[0] == "f(a=<Odd without a text: TypeError>, b=fine)"

    def test_an_error_whose_text_raises_is_raised_all_the_same(self, lines) -> None:
        class Mute(Exception):
            def __str__(self):
                raise ValueError

        with pytest.raises(Mute):
            log_calls(name="f")(_raise)(Mute())

        assert lines()[1] == "f raised Mute: <Mute without a text: ValueError>"

    def test_an_object_that_calls_the_function_in_its_repr_ends(self, lines) -> None:
        class Loop:
            @log_calls(name="n")
            def n(self):
                return self

            def __repr__(self):
                self.n()
                return "loop"

        Loop().n()

        assert lines() == ["n()", "n returned loop"]

    def test_a_class_that_hides_its_name_is_shown_all_the_same(self, lines) -> None:
        class Meta(type):
            @property
            def __name__(cls):
                raise RuntimeError

        class Odd(Exception, metaclass=Meta):
            def __repr__(self):
                raise self

        with pytest.raises(Odd):
            log_calls(name="f")(_raise)(Odd())

        assert lines() == ["f(error=<Odd without a text: Odd>)", "f raised Odd"]

    def test_huge_numbers_and_percent_signs_are_only_shown(self, lines) -> None:
        log_calls(name="100%s", log_result=False)(lambda a, b: None)(10**5000, "%d %s")

        assert lines()[0] == "100%s(a=<int without a text: ValueError>, b='%d %s')"

    def test_line_breaks_stay_inside_of_the_quotes(self, lines) -> None:
        log_calls(name="f", log_result=False)(lambda a: None)("one\ntwo\x1b")

        assert lines()[0] == r"f(a='one\ntwo\x1b')"

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
        )
    )
    def test_any_value_comes_through_untouched(self, value) -> None:
        logger = logging.getLogger("untouched")
        logger.setLevel("INFO")
        logger.propagate = False

        assert log_calls(logger_name="untouched")(lambda a: a)(value) is value

    def test_a_handler_that_raises_does_not_fail_the_call(self) -> None:
        class Broken(logging.Handler):
            def handle(self, record):
                raise OSError("disk is full")

        logger, broken = logging.getLogger("broken.calls"), Broken()
        logger.addHandler(broken)
        logger.setLevel("INFO")
        try:
            assert log_calls(logger_name="broken.calls")(lambda: 7)() == 7
        finally:
            logger.removeHandler(broken)


class TestBadOptions:
    @pytest.mark.parametrize("length", [0, -1, True, "9", None, 1.5])
    def test_a_length_that_is_none_is_refused(self, length) -> None:
        with pytest.raises(InvalidOptionError, match="max_length must be") as caught:
            log_calls(max_length=length)

        assert caught.value.option == "max_length"

    def test_an_unknown_level_is_refused(self) -> None:
        with pytest.raises(InvalidOptionError, match="there is no log level 'loud'"):
            log_calls(level="loud")


def _raise(error):
    raise error
