"""Logging that is set up from the configuration, and follows it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.config import (
    BaseConfig,
    ConfigNameError,
    ConfigRegistry,
    ConfigSyntaxError,
    ConfigValidationError,
    ConfigWarning,
    get_config,
    register_config,
    reload_config,
    set_config,
    use_registry,
)
from pepperpy.infra.logging import (
    InvalidOptionError,
    configure_logging,
    get_logger,
    initialize_logging,
    shutdown_logging,
)
from pepperpy.infra.utils import Signal, inspectables, subscribe

ROOT = logging.root


class Place:
    """A file, an environment, and a registry that reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "pepperpy.toml"
        self.log = folder / "app.log"
        self.environ: dict[str, str] = {}
        self.write("")

    def write(self, text: str, *, to_file: bool = True) -> None:
        where = f"log_file = {str(self.log)!r}\nconsole = false\n" if to_file else ""
        self.file.write_text(f"[logging]\n{where}{text}", "utf-8")

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    registry = ConfigRegistry(file=place.file, dotenv=None, environ=place.environ)
    handlers, level = ROOT.handlers, ROOT.level
    ROOT.handlers = []
    with use_registry(registry):
        yield place
        shutdown_logging()
    ROOT.handlers = handlers
    ROOT.setLevel(level)


def ours() -> list[logging.Handler]:
    """The handlers of the root logger without pytest's."""
    return [each for each in ROOT.handlers if type(each).__module__.startswith("pepperpy")]


def sink_of(place: Place, kind: str = "log_sink") -> Any:
    found = [each.inspect() for each in inspectables()]
    return next(
        each for each in reversed(found) if (each["kind"], each["name"]) == (kind, str(place.log))
    )


class TestLayers:
    def test_section_of_the_file_sets_everything_up(self, place: Place) -> None:
        place.write('level = "WARNING"\nfile_format = "json"\n[logging.levels]\n"a.b" = "DEBUG"')

        initialize_logging()
        get_logger("a").info("off")
        get_logger("a.b").debug("on")

        assert [line["message"] for line in place.lines()] == ["on"]

    def test_levels_may_be_written_without_quotes(self, place: Place) -> None:
        place.write('[logging.levels]\na.b.c = "DEBUG"\na.d = 40')

        initialize_logging()

        assert logging.getLogger("a.b.c").level == logging.DEBUG
        assert logging.getLogger("a.d").level == logging.ERROR

    def test_levels_of_file_and_environment_are_merged(self, place: Place) -> None:
        place.write('[logging.levels]\na.e = "DEBUG"\n"a.f" = "DEBUG"')
        place.environ["PEPPERPY_LOGGING_LEVELS"] = '{"a.f": "ERROR"}'

        initialize_logging()

        assert logging.getLogger("a.e").level == logging.DEBUG
        assert logging.getLogger("a.f").level == logging.ERROR

    def test_environment_wins_over_the_file(self, place: Place) -> None:
        place.write('level = "WARNING"')
        place.environ["PEPPERPY_LOGGING_LEVEL"] = "error"

        initialize_logging()

        assert ROOT.level == logging.ERROR

    def test_empty_level_in_the_environment_is_none(self, place: Place) -> None:
        place.environ["PEPPERPY_LOGGING_LEVEL"] = ""

        initialize_logging()

        assert ROOT.level == logging.INFO

    def test_mapping_and_keywords_win_over_both_leaf_by_leaf(self, place: Place) -> None:
        place.write(
            'level = "ERROR"\nfile_format = "json"\nsampling.first = 1\nsampling.then_every = 3\n'
            'levels."a.b" = "ERROR"\nlevels."a.c" = "ERROR"'
        )

        initialize_logging(
            {"level": "WARNING", "levels": {"a.c": "DEBUG"}}, level="INFO", sampling={"first": 2}
        )
        for number in range(6):
            get_logger("a").info("x", n=number)

        assert [line["n"] for line in place.lines()] == [0, 1, 4]
        assert logging.getLogger("a.b").level == logging.ERROR
        assert logging.getLogger("a.c").level == logging.DEBUG

    def test_level_of_none_leaves_it_to_the_configuration(self, place: Place) -> None:
        place.write('level = "ERROR"')

        initialize_logging({"level": None}, level=None)

        assert ROOT.level == logging.ERROR

    def test_nothing_configured_is_what_configure_logging_does(self, place: Place) -> None:
        place.write("", to_file=False)

        initialize_logging()

        assert ROOT.level == logging.INFO
        assert [type(each).__name__ for each in ours()] == ["ConsoleSink"]

    def test_unknown_keyword_is_refused(self, place: Place) -> None:
        with pytest.raises(InvalidOptionError, match="did you mean 'queue'"):
            initialize_logging(queu=True)

    def test_misspelt_setting_is_a_warning_that_names_the_nearest(self, place: Place) -> None:
        place.write('levle = "DEBUG"')

        with pytest.warns(ConfigWarning, match="levle.*did you mean 'level'"):
            initialize_logging()


OPTIONS: list[tuple[str, str, Callable[[Place], bool]]] = [
    ("LEVEL", "debug", lambda _: ROOT.level == 10),
    ("LEVELS", '{"o.a": "DEBUG"}', lambda _: logging.getLogger("o.a").level == 10),
    ("FORMAT", "json", lambda _: True),
    ("FORMAT_STRING", "%(message)s!", lambda place: place.log.read_text() == "hello!\n"),
    ("FILE_FORMAT", "json", lambda place: place.lines()[0]["message"] == "hello"),
    ("CONSOLE", "true", lambda _: len(ours()) == 2),
    ("CONSOLE", "WARNING", lambda _: ours()[1].level == 30),
    ("CONSOLE", "40", lambda _: ours()[1].level == 40),
    ("QUEUE", "true", lambda place: sink_of(place)["config"]["queue"] == "block"),
    (
        "QUEUE__OVERFLOW",
        "drop_newest",
        lambda place: sink_of(place)["config"]["queue"] == "drop_newest",
    ),
    ("ROTATION", "100 MB", lambda place: "100 MB" in repr(sink_of(place)["config"])),
    (
        "SAMPLING",
        "true",
        lambda place: "first=10" in sink_of(place, "log_sieve")["config"]["sampling"],
    ),
    (
        "SAMPLING__FIRST",
        "7",
        lambda place: "first=7" in sink_of(place, "log_sieve")["config"]["sampling"],
    ),
    ("REPEATS", "true", lambda place: sink_of(place, "log_sieve")["config"]["repeats"] == 5),
    ("REPEATS", "1", lambda place: sink_of(place, "log_sieve")["config"]["repeats"] == 1),
    ("REDACT", '["word"]', lambda place: "word=***" in place.log.read_text()),
    ("REDACT", "tax_id, word", lambda place: "word=***" in place.log.read_text()),
    ("REDACT", "false", lambda place: "password=x" in place.log.read_text()),
    ("CAPTURE_WARNINGS", "true", lambda _: logging._warnings_showwarning is not None),  # type: ignore[attr-defined]
]


class TestOptions:
    @pytest.mark.parametrize(("name", "text", "holds"), OPTIONS, ids=lambda each: str(each)[:20])
    def test_every_one_can_be_set_by_a_variable(
        self, place: Place, name: str, text: str, holds: Callable[[Place], bool]
    ) -> None:
        place.environ[f"PEPPERPY_LOGGING_{name}"] = text

        initialize_logging()
        fields = {"password": "x", "word": "x"} if name == "REDACT" else {}
        get_logger("o").info("hello", extra=fields)
        for handler in ROOT.handlers:
            handler.flush()

        assert holds(place)

    def test_file_and_retention_come_from_the_file(self, place: Place) -> None:
        place.write('rotation = "daily"\nretention = 7')

        initialize_logging()

        assert "daily" in repr(sink_of(place)["config"])

    def test_model_has_every_option_of_configure_logging(self, place: Place) -> None:
        initialize_logging()

        options = configure_logging.__annotations__.keys() - {"return"}
        assert type(get_config("logging")).model_fields.keys() == options


class TestMistakes:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("LEVEL", "loud"),
            ("LEVELS", '{"a": "loud"}'),
            ("FORMAT", "jsn"),
            ("FORMAT_STRING", "%(message"),
            ("FILE_FORMAT", "pretty"),
            ("CONSOLE", "perhaps"),
            ("QUEUE__MAX_LINES", "0"),
            ("QUEUE__OVERFLOW", "drop"),
            ("QUEUE__MAX_SIZE", "big"),
            ("QUEUE__LEVEL", "loud"),
            ("QUEUE__TIMEOUT", "0"),
            ("ROTATION", "sometimes"),
            ("RETENTION", "long"),
            ("SAMPLING__FIRST", "0"),
            ("SAMPLING__THEN_EVERY", "-1"),
            ("SAMPLING__PER", "inf"),
            ("SAMPLING", "perhaps"),
            ("SAMPLING__BELOW", "loud"),
            ("REPEATS", "-1"),
            ("REDACT", "[1"),
            ("REDACT", "[1]"),
            ("REPEATS", "often"),
            ("CAPTURE_WARNINGS", "perhaps"),
        ],
    )
    def test_wrong_variable_is_named_and_nothing_is_changed(
        self, place: Place, name: str, text: str
    ) -> None:
        configure_logging("WARNING", console=False)
        before = ours()
        place.environ[f"PEPPERPY_LOGGING_{name}"] = text

        with pytest.raises(ConfigValidationError, match=f"PEPPERPY_LOGGING_{name}") as caught:
            initialize_logging()

        assert isinstance(caught.value, ValueError)
        assert (ours(), ROOT.level) == (before, logging.WARNING)

    def test_wrong_setting_in_the_file_is_named_with_its_line(self, place: Place) -> None:
        place.write('level = "loud"')

        with pytest.raises(ConfigValidationError, match=r"level: .*pepperpy\.toml:4"):
            initialize_logging()

    def test_all_mistakes_are_told_at_once(self, place: Place) -> None:
        place.write('level = "loud"\nformat = "jsn"\nsampling.first = 0')

        with pytest.raises(ConfigValidationError) as caught:
            initialize_logging()

        assert [each.path for each in caught.value.errors] == [
            *("level", "format", "sampling.first"),
        ]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('level = "wanring"', "there is no such log level; did you mean WARNING"),
            ('rotation = "often"', "rotation must be a size .'100 MB'"),
            (
                'queue.overflow = "block"\nqueue.level = "INFO"',
                "level of queue must be left out unless",
            ),
            ('levels."a.b" = "loud"', r"levels.*: there is no such log level.*pepperpy\.toml:4"),
            ("repeats = 0", "repeats must be True, False, positive seconds"),
        ],
    )
    def test_message_tells_what_it_may_be(self, place: Place, text: str, message: str) -> None:
        place.write(text)

        with pytest.raises(ConfigValidationError, match=message):
            initialize_logging()

    def test_broken_file_is_named(self, place: Place) -> None:
        place.write("level = ")

        with pytest.raises(ConfigSyntaxError):
            initialize_logging()

    def test_component_of_the_program_is_not_taken_over(self, place: Place) -> None:
        class Own(BaseConfig):
            level: str = "x"

        register_config("logging", Own)

        with pytest.raises(ConfigNameError, match="logging"):
            initialize_logging()


class TestFollowing:
    def test_reload_is_applied(self, place: Place) -> None:
        place.write('level = "WARNING"\nlevels."f.a" = "ERROR"')
        initialize_logging()

        place.write('level = "DEBUG"\nfile_format = "json"')
        reload_config()
        get_logger("f").debug("on")

        assert ROOT.level == logging.DEBUG
        assert logging.getLogger("f.a").level == logging.NOTSET
        assert place.lines()[-1]["message"] == "on"

    def test_what_the_program_gave_still_wins_after_a_reload(self, place: Place) -> None:
        initialize_logging(level="WARNING")

        place.write('level = "DEBUG"\nlevels."f.b" = "ERROR"')
        reload_config()

        assert ROOT.level == logging.WARNING
        assert logging.getLogger("f.b").level == logging.ERROR
        logging.getLogger("f.b").setLevel(0)

    @pytest.mark.parametrize(
        "wrong", ['level = "loud"', "repeats = 0", "sampling.first = 0", 'rotation = "often"']
    )
    def test_wrong_setting_fails_the_reload_and_keeps_what_was(
        self, place: Place, wrong: str
    ) -> None:
        place.write('level = "WARNING"')
        initialize_logging()
        before = ours()

        place.write(f"{wrong}\ncapture_warnings = true")
        with pytest.raises(ConfigValidationError, match=r"pepperpy\.toml"):
            reload_config()

        assert (ours(), ROOT.level) == (before, logging.WARNING)
        assert get_config("logging").level == "WARNING"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("retention = 3", "retention must be left out without rotation"),
            ('log_file = ""\nrotation = "1 MB"', "rotation needs a log_file"),
        ],
    )
    def test_settings_that_do_not_go_together_fail_the_reload_and_keep_what_was(
        self, place: Place, text: str, message: str
    ) -> None:
        initialize_logging()
        place.write(text, to_file="log_file" not in text)

        with pytest.raises(ConfigValidationError, match=message):
            reload_config()

        get_logger("a").info("x")
        assert place.log.read_text("utf-8").endswith("a: x\n")

    def test_settings_may_go_together_with_what_the_program_gives(self, place: Place) -> None:
        place.write('rotation = "1 MB"', to_file=False)
        initialize_logging(log_file=place.log, console=False)

        place.write("retention = 3", to_file=False)
        with pytest.raises(ConfigValidationError, match="retention must be left out"):
            reload_config()
        place.write('rotation = "2 MB"\nretention = 3', to_file=False)
        reload_config()

        assert sink_of(place)["config"]["rotation"] == "2 MB"

    @pytest.mark.parametrize("option", ["LOG_FILE", "FORMAT_STRING", "ROTATION", "RETENTION"])
    def test_empty_variable_is_none(self, place: Place, option: str) -> None:
        place.environ[f"PEPPERPY_LOGGING_{option}"] = ""

        initialize_logging(file_format="text")
        get_logger("a").info("x")

        assert option == "LOG_FILE" or place.log.read_text("utf-8").endswith("a: x\n")

    def test_file_that_cannot_be_opened_keeps_what_was_and_is_told(self, place: Place) -> None:
        initialize_logging()
        before = ours()
        heard: list[Signal] = []
        unsubscribe = subscribe(heard.append)

        place.write(f"log_file = {str(place.folder)!r}", to_file=False)
        reload_config()
        unsubscribe()

        assert ours() == before
        assert "config.subscriber_failed" in [each.kind for each in heard]
        place.write('level = "ERROR"')
        reload_config()
        assert ROOT.level == logging.ERROR

    def test_set_config_is_applied(self, place: Place) -> None:
        initialize_logging()

        set_config("logging", {"level": "ERROR"})

        assert ROOT.level == logging.ERROR

    @pytest.mark.parametrize("end", [shutdown_logging, lambda: configure_logging(console=False)])
    def test_ends_when_logging_is_shut_down_or_configured_otherwise(
        self, place: Place, end: Callable[[], None]
    ) -> None:
        initialize_logging()
        end()
        before = (ours(), ROOT.level)

        place.write('level = "CRITICAL"')
        reload_config()

        assert (ours(), ROOT.level) == before

    def test_failed_configuration_does_not_end_it(self, place: Place) -> None:
        initialize_logging()
        with pytest.raises(InvalidOptionError):
            configure_logging(repeats=-1)

        place.write('level = "CRITICAL"')
        reload_config()

        assert ROOT.level == logging.CRITICAL

    def test_initializing_again_replaces_its_subscription(self, place: Place) -> None:
        for _ in range(3):
            initialize_logging(level="WARNING")
        initialize_logging()

        place.write('level = "ERROR"')
        reload_config()

        assert ROOT.level == logging.ERROR

    def test_many_threads_may_initialize_reload_and_shut_down(self, place: Place) -> None:
        import threading

        errors: list[BaseException] = []

        def work(action: Callable[[], object]) -> None:
            try:
                for _ in range(20):
                    action()
            except BaseException as error:  # noqa: BLE001
                errors.append(error)

        initialize_logging()
        actions = [
            initialize_logging,
            reload_config,
            shutdown_logging,
            lambda: set_config("logging", {"level": "ERROR"}),
        ]
        threads = [threading.Thread(target=work, args=[action], daemon=True) for action in actions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert not any(thread.is_alive() for thread in threads)
        assert errors == []


class TestSecrets:
    def test_value_in_the_wrong_place_is_shown_nowhere(self, place: Place) -> None:
        secret = "hunter2-hunter2"
        place.write(f'level = "{secret}"\nrotation = "{secret}"\nsampling.below = "{secret}"')

        with pytest.raises(ConfigValidationError) as caught:
            initialize_logging()

        assert secret not in f"{caught.value!r} {caught.value} {caught.value.__context__}"


class TestWithoutConfig:
    CODE = """
import sys
sys.modules["pepperpy.infra.config"] = None
from pepperpy.infra.logging import get_logger, initialize_logging
initialize_logging(log_file="app.log", console=False, file_format="json")
get_logger("app").debug("on")
assert "pydantic" not in sys.modules
"""

    def test_level_of_the_environment_is_read_all_the_same(self, program: Any) -> None:
        program.run(self.CODE, environ={"PEPPERPY_LOGGING_LEVEL": "debug"})

        assert [line["message"] for line in program.lines("app.log")] == ["on"]

    def test_file_is_not_read(self, program: Any) -> None:
        program.write("pepperpy.toml", '[logging]\nlevel = "loud"')

        program.run(self.CODE)

        assert (program.folder / "app.log").read_text() == ""

    def test_config_is_imported_by_initialize_logging_alone(self, program: Any) -> None:
        program.run(
            "import sys; from pepperpy.infra.logging import *\n"
            "configure_logging(console=False)\n"
            "assert 'pydantic' not in sys.modules\n"
            "assert 'pepperpy.infra.config' not in sys.modules"
        )

    def test_config_that_is_installed_and_broken_is_told(self, program: Any) -> None:
        program.run(
            "import sys\n"
            "sys.modules['pydantic'] = None\n"
            "from pepperpy.infra.logging import initialize_logging\n"
            "try:\n    initialize_logging()\n"
            "except ModuleNotFoundError as error:\n    assert error.name == 'pydantic'\n"
            "else:\n    raise SystemExit('nothing was said')"
        )

    def test_whole_program_is_configured_by_its_file_and_environment(self, program: Any) -> None:
        program.write(
            "pepperpy.toml",
            '[logging]\nlog_file = "app.log"\nfile_format = "json"\nconsole = false',
        )

        program.run(
            "from pepperpy.infra.logging import get_logger, initialize_logging\n"
            "initialize_logging()\nget_logger('app').debug('on')",
            environ={"PEPPERPY_LOGGING_LEVELS__APP": "DEBUG"},
        )

        assert [line["message"] for line in program.lines("app.log")] == ["on"]


def test_no_variable_of_this_process_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PEPPERPY_LOGGING_LEVEL", "CRITICAL")

    initialize_logging()

    assert ROOT.level == logging.INFO
