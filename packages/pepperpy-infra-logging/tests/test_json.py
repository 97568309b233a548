from __future__ import annotations

import json
import logging
import math
from collections import OrderedDict, UserDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pepperpy.infra.logging import configure_logging, get_logger, log_context
from pepperpy.infra.logging._clean import Cleaner
from pepperpy.infra.logging._json import JsonRenderer
from pepperpy.infra.logging._record import Record
from pepperpy.infra.logging._values import Plain
from pepperpy.infra.utils.redaction import Redactor

Lines = Callable[[], list[dict[str, Any]]]


class Colour(Enum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


@dataclass
class User:
    name: str
    password: str


class Hostile:
    """Raises whatever is asked of it."""

    def _fail(self, *_: object) -> Any:
        raise RuntimeError("hostile")

    __repr__ = __str__ = __eq__ = __hash__ = __format__ = __bool__ = __len__ = __iter__ = _fail

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("hostile")


class HostileMapping(UserDict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("hostile")

    def __iter__(self) -> Any:
        raise RuntimeError("hostile")


class HostileText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("hostile")

    def __mod__(self, other: object) -> str:
        raise RuntimeError("hostile")


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def endless() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def doubled(times: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(times):
        value = [value, value]
    return value


ODD = {
    "newline": "a\nb\r\nc",
    "escape": "\x1b[31mred\x1b[0m",
    "separators": "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    "bidi": "a\u202eb\u2066c",
    "surrogate": "a\ud800b",
    "nul": "a\0b",
    "nan": math.nan,
    "inf": -math.inf,
    "huge": 10**400,
    "gigantic": 10**20_000,
    "bytes": b"a\xffb",
    "set": {1},
    "dataclass": User("ann", "pw"),
    "datetime": datetime(2026, 1, 2, 3, tzinfo=UTC),
    "date": date(2026, 1, 2),
    "delta": timedelta(seconds=90),
    "decimal": Decimal("1.10"),
    "uuid": UUID(int=1),
    "path": PurePosixPath("/a/b"),
    "enum": Colour.RED,
    "intenum": Number.ONE,
    "object": object(),
    "type": int,
    "function": len,
    "generator": (n for n in range(3)),
    "exception": ValueError("x"),
    "cycle": endless(),
    "deep": nested(5000),
    "wide": doubled(10),
    "keys": {1: "a", "1": "b", None: "c", (1, 2): "d", b"e": "f", Colour.RED: "g"},
    "mapping": MappingProxyType({"a": OrderedDict(b=1)}),
    "deque": deque([1]),
    "hostile": Hostile(),
    "hostile mapping": HostileMapping(),
    "hostile text": HostileText("text"),
    "hostile inside": [Hostile(), {"a": Hostile()}, (Hostile(), 1)],
    "hostile class": type("X", (), {"__repr__": lambda self: 5})(),
}


class TestOneObjectPerLine:
    @pytest.mark.parametrize("name", ODD)
    def test_whatever_is_logged(self, lines: Lines, name: str) -> None:
        value: Any = ODD[name]
        log = get_logger("json.odd")

        with log_context(context=value):
            log.info(value)
            log.info("%s and %r", value, value)
            log.info("field", field=value, extra={"extra": value})
            log.info("nested", field={"a": [value]})
            log.info("mapping %(a)s", {"a": value})
        log.info("after")

        read = lines()
        assert len(read) == 6
        for line in read:
            assert list(line)[:4] == ["timestamp", "level", "logger", "message"]
            assert isinstance(line["message"], str)
        assert read[-1]["message"] == "after"

    @pytest.mark.parametrize("name", ODD)
    def test_no_reader_sees_more_lines(self, lines: Lines, path: Path, name: str) -> None:
        get_logger("json.odd\n\u2028name").info("%s", ODD[name], field=ODD[name])

        assert len(lines()) == 1
        assert len(path.read_text("utf-8").splitlines()) == 1

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        message=st.text(),
        key=st.text(),
        value=st.text() | st.floats() | st.integers() | st.binary(),
    )
    def test_for_any_text_key_and_value(
        self, lines: Lines, path: Path, message: str, key: str, value: object
    ) -> None:
        path.write_bytes(b"")

        get_logger("json.any").info(message, **{key: value})

        (line,) = lines()
        assert len(line) == 5

    def test_values_come_through_as_what_they_are(self, lines: Lines) -> None:
        get_logger("json").info(
            "x",
            **{
                name.replace(" ", "_"): value
                for name, value in ODD.items()
                if name not in {"deep", "wide", "function", "generator", "object"}
            },
        )

        line = lines()[0]
        shown = {
            "newline": "a\nb\r\nc",
            "separators": ODD["separators"],
            "surrogate": "a\\ud800b",
            "nan": "nan",
            "inf": "-inf",
            "huge": 10**400,
            "gigantic": hex(10**20_000),
            "bytes": "a\\xffb",
            "set": [1],
            "dataclass": {"name": "ann", "password": "***"},
            "datetime": "2026-01-02T03:00:00+00:00",
            "date": "2026-01-02",
            "delta": "0:01:30",
            "decimal": "1.10",
            "uuid": str(UUID(int=1)),
            "path": "/a/b",
            "enum": "red",
            "intenum": 1,
            "type": "<class 'int'>",
            "exception": "ValueError: x",
            "cycle": {"self": "<cycle>"},
            "keys": {"1": "a", "1_": "b", "None": "c", "(1, 2)": "d", "e": "f", "red": "g"},
            "mapping": {"a": {"b": 1}},
            "deque": "deque([1])",
            "hostile": "<Hostile unreadable: RuntimeError>",
            "hostile_text": "text",
        }
        assert {name: line[name] for name in shown} == shown

    def test_iterators_are_not_used_up(self, lines: Lines) -> None:
        numbers = iter([1, 2, 3])

        get_logger("json").info("%s", numbers, numbers=numbers)

        assert list(numbers) == [1, 2, 3]

    def test_depth_and_size_end_in_a_mark(self, lines: Lines) -> None:
        get_logger("json").info("x", deep=nested(5000), wide=doubled(40))

        assert "<nested too deep>" in json.dumps(lines()[0]["deep"])
        assert "<too large>" in json.dumps(lines()[0]["wide"])

    def test_each_text_in_pairs_of_pairs_is_looked_at_once(self) -> None:
        class Counting(Redactor):
            def redact_text(self, text: str) -> str:
                asked.append(text)
                return super().redact_text(text)

        asked: list[str] = []
        pairs: Any = "innermost"
        for _ in range(30):
            pairs = [pairs, "plain"]

        Plain(Counting())(pairs)

        assert asked.count("innermost") == 1

    def test_object_that_logs_itself_when_it_is_shown_ends(self, lines: Lines) -> None:
        log = get_logger("json.self")

        class Chatty:
            def __repr__(self) -> str:
                log.info("showing %s", self, me=self)
                return "chatty"

        log.info("start %s", Chatty(), me=Chatty())

        read = lines()
        assert 1 < len(read) < 500
        assert read[-1]["message"].startswith("start ")


_TEXTS = st.one_of(
    st.text(),
    st.sampled_from(
        ["password=hunter2", "token: abc", "postgres://a:pw@h", "%", "%s", "\ud800", "\x85"]
    ),
)
_PLAIN_FIELDS = st.dictionaries(
    st.one_of(_TEXTS, st.sampled_from(["user", "level", "message", "password", "order"])),
    st.one_of(_TEXTS, st.integers(), st.booleans(), st.none(), st.floats(), st.lists(_TEXTS)),
    max_size=4,
)


class TestShortWay:
    @given(
        msg=_TEXTS,
        args=st.lists(st.one_of(_TEXTS, st.integers(), st.floats(), st.none()), max_size=2),
        fields=_PLAIN_FIELDS,
        context=_PLAIN_FIELDS,
    )
    def test_line_of_a_call_is_the_one_of_its_record(
        self, msg: str, args: list[Any], fields: dict[str, Any], context: dict[str, Any]
    ) -> None:
        render = JsonRenderer(Cleaner(Redactor()))
        call = (1767225600.25, "json", 20, msg, tuple(args), fields)
        with log_context(**context):
            record = Record.make(*call[:5], None, fields)
            expected = render.line(record)  # first: the short way takes names that are known
            try:
                short = render.line_of_call(*call)
            except (ValueError, TypeError, UnicodeError):
                return  # the long way is taken then

        assert short is None or short == expected

    @pytest.mark.parametrize(
        ("fields", "shown"),
        [
            ({"note": "password=hunter2"}, {"note": "password=***"}),
            ({"password": "hunter2"}, {"password": "***"}),
            ({"level": "high"}, {"level": "INFO", "level_": "high"}),
            ({"who": "ann"}, {"who": "ann", "who_": "context"}),
            ({"ratio": math.nan}, {"ratio": "nan"}),
        ],
    )
    def test_what_is_more_than_usual_is_shown_alike_each_time(
        self, lines: Lines, fields: dict[str, Any], shown: dict[str, Any]
    ) -> None:
        with log_context(who="context"):
            for _ in range(3):  # names are known from the second time on
                get_logger("json").info("x", **fields)

        assert [{**line, **shown} for line in lines()] == lines()

    @pytest.mark.parametrize("context", [{}, {"request": "r-1", "try": 2}])
    def test_usual_call_goes_it(self, context: dict[str, Any]) -> None:
        render = JsonRenderer(Cleaner(Redactor()))
        fields = {"user": "ann", "amount": 12, "new": True, "note": None}
        call = (1767225600.25, "json", 20, "order %s paid by %s", (7, "ann"), fields)
        with log_context(**context):
            expected = render.line(Record.make(*call[:5], None, fields))

            assert render.line_of_call(*call) == expected


class TestOrderAndNames:
    def test_order_is_timestamp_level_logger_message_context_fields(self, lines: Lines) -> None:
        with log_context(request="r"):
            get_logger("json").info("x", a=1, extra={"b": 2})

        assert list(lines()[0]) == [
            *("timestamp", "level", "logger", "message"),
            *("request", "b", "a"),
        ]

    def test_timestamp_is_utc_with_microseconds(self, lines: Lines) -> None:
        handler = logging.root.handlers[0]
        for created in (0.0, 1767225600.000001, 1767225600.999999, 1767225601.5, 1767225600.25):
            record = logging.makeLogRecord({"created": created, "msg": "x", "name": "n"})
            handler.handle(record)

        assert [line["timestamp"] for line in lines()] == [
            "1970-01-01T00:00:00.000000Z",
            "2026-01-01T00:00:00.000001Z",
            "2026-01-01T00:00:00.999999Z",
            "2026-01-01T00:00:01.500000Z",
            "2026-01-01T00:00:00.250000Z",
        ]

    def test_context_and_field_of_one_name_are_both_kept(self, lines: Lines) -> None:
        with log_context(user="ann", same="s"):
            get_logger("json").info("x", user="bob", same="s")

        line = lines()[0]
        assert (line["user"], line["user_"], line["same"]) == ("bob", "ann", "s")
        assert "same_" not in line

    def test_names_that_are_taken_several_times_are_all_kept(self, lines: Lines) -> None:
        with log_context(message=1, message_=2):
            get_logger("json").info("x", message=3, message_=4, exception=5, exc_info=KeyError("k"))

        line = lines()[0]
        assert line["message"] == "x"
        assert sorted(line[name] for name in line if name.startswith("message_")) == [1, 2, 3, 4]
        assert (line["exception"]["type"], line["exception_"]) == ("KeyError", 5)


class TestNeverRaises:
    @pytest.mark.parametrize(
        ("message", "args"),
        [
            ("%d", ("x",)),
            ("%s %s", (1,)),
            ("none", (1,)),
            ("%(a)s", ({"b": 1},)),
            ("%", (1,)),
            ("%z", (1,)),
        ],
    )
    def test_wrong_arguments_are_shown_in_the_line(
        self, lines: Lines, message: str, args: tuple[Any, ...]
    ) -> None:
        get_logger("json").info(message, *args, user="ann")

        line = lines()[0]
        assert line["message"].startswith(f"{message} <arguments do not fit: ")
        assert line["user"] == "ann"

    def test_wrong_arguments_show_no_secret(self, lines: Lines) -> None:
        get_logger("json").info("%d", {"password": "hunter2"}, "postgres://u:hunter2@h")

        assert "hunter2" not in json.dumps(lines())

    @pytest.mark.parametrize(
        ("message", "args"),
        [
            ("password=%s %d", ("hunter2", "x")),
            ("password=%s", ("hunter2", "x")),
            ("token: %(token)s", ({"user": "hunter2"},)),
            ("password=%s %s", (["hunter2"],)),
        ],
    )
    def test_wrong_arguments_are_not_shown_where_the_message_names_a_secret(
        self, lines: Lines, message: str, args: tuple[Any, ...]
    ) -> None:
        get_logger("json").info(message, *args)

        shown = lines()[0]["message"]
        assert "hunter2" not in shown
        assert "<arguments do not fit: (" in shown

    def test_renderer_that_fails_still_writes_a_line(
        self, lines: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> bytes:
            raise RuntimeError("secret hunter2")

        for way in ("_render", "_render_call"):
            monkeypatch.setattr(logging.root.handlers[0], way, fail)

        get_logger("json").warning("x")

        line = lines()[0]
        assert line["message"] == "<a line that could not be rendered: RuntimeError>"
        assert (line["level"], line["logger"]) == ("WARNING", "json")

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
    def test_interrupts_pass_through(self, lines: Lines, kind: type[BaseException]) -> None:
        class Stops:
            def __str__(self) -> str:
                raise kind

        with pytest.raises(kind):
            get_logger("json").info("%s", Stops())


class TestRedaction:
    def test_secrets_are_masked_wherever_they_stand(self, lines: Lines, path: Path) -> None:
        secret = "hunter2-Zq9"
        log = get_logger("json.secret")
        url = f"postgres://ann:{secret}@db"
        try:
            raise ValueError(f"cannot use password={secret}")  # noqa: TRY301
        except ValueError as error:
            log.exception("e")
            log.error("e", exc_info=error, error=error)  # noqa: TRY400
        with log_context(api_key=secret, dsn=url):
            log.info("c")
        log.info(f"password={secret}")  # noqa: G004
        log.info("token: %s", secret)
        log.info("got %s", {"password": secret})
        log.info("got %(user)s", {"user": {"password": secret}})
        log.info("f", password=secret, url=url, nested={"a": [{"client_secret": secret}]})
        log.info("x", extra={"password": secret, "url": url})
        log.info("o", user=User("ann", secret), text=repr(User("ann", secret)))
        log.info("h", headers=[(b"authorization", f"Bearer {secret}".encode())])
        log.bind(token=secret).info("b")
        log.info("s", stack_info=True)
        logging.getLogger("json.plain").info("x", extra={"password": secret})

        assert len(lines()) == 14
        assert secret not in path.read_text()

    @pytest.mark.parametrize("nested", [True, False])
    def test_secrets_are_masked_in_keys(self, lines: Lines, nested: bool) -> None:
        keys = {"ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8": 1, "postgres://ann:hunter2@db": 2}
        log = get_logger("json")

        for _ in range(2):
            if nested:
                log.info("calls", by_key=keys)
            else:
                log.info("calls", extra=keys)

        for line in lines():
            shown = line["by_key"] if nested else line
            assert (shown["***"], shown["postgres://ann:***@db"]) == (1, 2)

    @pytest.mark.parametrize("given", [["tax_id"], ("tax_id",)])
    def test_names_can_be_added(self, path: Path, given: Any) -> None:
        configure_logging(log_file=path, console=False, file_format="json", redact=given)

        get_logger("json").info("x", customerTaxId="123", password="pw")

        assert '"customerTaxId":"***","password":"***"' in path.read_text()

    def test_can_be_switched_off(self, path: Path) -> None:
        configure_logging(log_file=path, console=False, file_format="json", redact=False)

        get_logger("json").info("token=%s", "abc", password="pw", more={"token": "t"})

        line = json.loads(path.read_text())
        assert (line["message"], line["password"], line["more"]) == (
            "token=abc",
            "pw",
            {"token": "t"},
        )

    def test_many_names_take_bounded_memory(self, lines: Lines) -> None:
        log = get_logger("json.names")
        render: Any = logging.root.handlers[0]._render  # type: ignore[attr-defined]

        for at in range(5000):
            log.info("x", **{f"field{at}": 1})

        assert len(render.__self__._cleaner._verdicts) <= 4096
