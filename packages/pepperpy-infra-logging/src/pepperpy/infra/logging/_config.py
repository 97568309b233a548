"""The settings of logging as a component of `pepperpy.infra.config`; imported only if that is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import from_json

from pepperpy.infra.config import BaseConfig

from ._configure import setup
from ._errors import InvalidLevelError, LoggingError
from ._levels import parse_level
from ._queue_policy import QueuePolicy
from ._repeats import window_of
from ._rotation import rotation_of
from ._sampling import Sampling
from ._text import check_format
from ._values import is_a

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

# What is wrong is found here and not when it is applied: then a reload fails as a whole, the
# message tells the place of the mistake, and what was set up before goes on.


def _refused_by(check: Callable[[Any], object]) -> AfterValidator:
    def checked(value: Any) -> Any:
        # Not kept in a variable: config blots out of a message what stands in the variables of a
        # validator, as it may be a secret.
        if value is not None and _problem(check, value):
            raise ValueError(_problem(check, value))
        return value

    return AfterValidator(checked)


def _problem(check: Callable[[Any], object], value: Any) -> str | None:
    """What *check* has against a value, without the value."""
    try:
        check(value)
    except InvalidLevelError as error:
        return f"there is no such log level; {str(error).partition('; ')[2]}"
    except LoggingError as error:
        return str(error).partition("; got ")[0]
    return None


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _truth_or_level(value: Any) -> Any:
    return _TRUTHS.get(value.strip().lower(), value) if isinstance(value, str) else value


def _truth_or_names(value: Any) -> Any:
    """A variable's text as a truth, a list in JSON, or names with commas between them."""
    truth = _truth_or_level(value)
    if not isinstance(truth, str):
        return truth
    if truth.lstrip().startswith("["):
        return from_json(truth)
    return [name.strip() for name in truth.split(",")]


def _flat(levels: Mapping[str, Any]) -> dict[str, Any]:
    """Levels by whole names: in TOML ``app.db = "DEBUG"`` is a table in a table."""
    flat: dict[str, Any] = {}
    for name, level in levels.items():
        if is_a(level, Mapping):
            flat.update((f"{name}.{below}", each) for below, each in _flat(level).items())
        else:
            flat[name] = level
    return flat


def _parse_all(level: Any) -> None:
    for each in _flat({"": level}).values():
        parse_level(each)


_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

Level = Annotated[int | str, _refused_by(parse_level)]
OptionalLevel = Annotated[
    int | str | None, BeforeValidator(_none_if_empty), _refused_by(parse_level)
]
ConsoleLevel = Annotated[
    bool | int | str,
    BeforeValidator(_truth_or_level),
    _refused_by(lambda value: isinstance(value, bool) or parse_level(value)),
]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Size = Annotated[int | str, _refused_by(lambda value: QueuePolicy(max_size=value))]
Levels = Annotated[dict[str, Annotated[Any, _refused_by(_parse_all)]], AfterValidator(_flat)]
LogFile = Annotated[str | None, BeforeValidator(_none_if_empty)]
FormatString = Annotated[str | None, BeforeValidator(_none_if_empty), _refused_by(check_format)]
Rotating = Annotated[
    int | str | None,
    BeforeValidator(_none_if_empty),
    _refused_by(lambda value: rotation_of(value, None, "")),
]
Retaining = Annotated[
    int | str | None,
    BeforeValidator(_none_if_empty),
    _refused_by(lambda value: rotation_of("daily", value, "")),
]
# A number first: `PEPPERPY_LOGGING_REPEATS=1` is a second.
Window = Annotated[float | bool, _refused_by(window_of)]

Redacting = Annotated[bool | list[str], BeforeValidator(_truth_or_names)]

_QUEUE, _SAMPLING = QueuePolicy(), Sampling()


class QueueConfig(BaseConfig):
    """A `QueuePolicy`."""

    max_lines: int = Field(_QUEUE.max_lines, ge=1)
    max_size: Size = _QUEUE.max_size
    overflow: Literal["block", "drop_newest", "drop_below"] = _QUEUE.overflow
    level: OptionalLevel = None
    timeout: Seconds | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if _problem(lambda options: QueuePolicy(**options), self.model_dump()):
            raise ValueError(_problem(lambda options: QueuePolicy(**options), self.model_dump()))
        return self


class SamplingConfig(BaseConfig):
    """A `Sampling`."""

    first: int = Field(_SAMPLING.first, ge=1)
    then_every: int = Field(_SAMPLING.then_every, ge=0)
    per: Seconds = 1.0
    below: Level = _SAMPLING.below


def _kind(value: Any) -> str:
    return "its-table" if isinstance(value, (Mapping, BaseConfig)) else "on-or-off"


# Told apart by us: else each mistake in a table would be told once more, as that of a bool.
Switch = Annotated[bool, Tag("on-or-off")]
Queueing = Annotated[Switch | Annotated[QueueConfig, Tag("its-table")], Discriminator(_kind)]
Thinning = Annotated[Switch | Annotated[SamplingConfig, Tag("its-table")], Discriminator(_kind)]


class LoggingConfig(BaseConfig):
    """The options of `configure_logging` that can be written in a file."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    level: OptionalLevel = None
    """What the root logger lets through; INFO if nothing is said."""
    levels: Levels = Field(default_factory=dict)
    """Levels of single loggers, by name."""
    format: Literal["auto", "pretty", "json", "text"] = "auto"
    """How the console looks; auto is pretty on a terminal and JSON elsewhere."""
    format_string: FormatString = None
    """A %(name)s format for lines of text."""
    log_file: LogFile = None
    """Lines are appended here."""
    file_format: Literal["text", "json"] = "text"
    """How the file looks."""
    console: ConsoleLevel = True
    """Whether to write to standard error, or the level from which on."""
    queue: Queueing = False
    """Whether a thread writes the lines, or a table that says more."""
    rotation: Rotating = None
    """When a new file is begun, like 100 MB or daily."""
    retention: Retaining = None
    """How many old files are kept, or for how long, like 30 days."""
    sampling: Thinning = False
    """Whether many similar lines are thinned out, or a table that says how."""
    repeats: Window = False
    """For how many seconds repetitions of a line are held back; true is 5."""
    redact: Redacting = True
    """Whether secrets are masked, or names that are secret in addition."""
    capture_warnings: bool = False
    """Whether Python's warnings are logged."""

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        """Refuse at a reload what is right one by one but not together.

        Before logging follows the configuration, nobody knows what the program will give.
        """
        if setup.follower is not None and _problem(_check_rotation, setup.follower.options(self)):
            raise ValueError(_problem(_check_rotation, setup.follower.options(self)))
        return self


def _check_rotation(options: Mapping[str, Any]) -> None:
    rotation_of(*map(options.get, ("rotation", "retention", "log_file")))
