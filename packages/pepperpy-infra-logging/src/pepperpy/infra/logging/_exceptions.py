"""An exception as data: what a machine can search, without the source lines a person would read."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from ._values import is_a, safe_repr, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable

# Of longer tracebacks both ends are kept: where it began, and where it broke.
OUTER_FRAMES: Final = 10
INNER_FRAMES: Final = 40
CHAIN_LIMIT: Final = 16
MEMBER_LIMIT: Final = 16
NOTE_LIMIT: Final = 16
# Over chains and groups together: groups of groups would else be many.
EXCEPTION_LIMIT: Final = 64


def describe(
    error: BaseException, traceback: object, redact_text: Callable[[str], str]
) -> dict[str, Any]:
    """*error* with its frames, notes, causes and members; never raises, and ends.

    Args:
        error: Any exception, however badly it behaves.
        traceback: That of *error*, which a record has beside it.
        redact_text: Masks the secrets of a text.
    """
    try:
        return _Description(redact_text).of(error, traceback)
    except Exception as failure:  # noqa: BLE001 - a boundary: the line must be written
        message = f"<unreadable: {type(failure).__name__}>"
        return {"type": _plain_name(error), "message": message, "frames": []}


def name_of(error: BaseException) -> str:
    """The error's class, with its module unless it is a builtin one."""
    kind = type(error)
    module, name = safe_text(kind.__module__), safe_text(kind.__qualname__)
    return name if module == "builtins" else f"{module}.{name}"


def _plain_name(error: BaseException) -> str:
    # Past the class of the class, which may have attributes that fail.
    return str(type.__dict__["__name__"].__get__(type(error)))


class _Description:
    """One walk over one error."""

    def __init__(self, redact_text: Callable[[str], str]) -> None:
        self._text = redact_text
        self._left = EXCEPTION_LIMIT
        self._path: list[BaseException] = []

    def of(self, error: BaseException, traceback: object) -> dict[str, Any]:
        """The error and what hangs on it."""
        shown: dict[str, Any] = {
            "type": self._text(name_of(error)),
            "message": self._text(safe_text(error)),
        }
        if any(error is each for each in self._path):
            return {**shown, "omitted": "cycle"}
        self._left -= 1
        if self._left < 0 or len(self._path) >= CHAIN_LIMIT:
            return {**shown, "omitted": "too many"}
        self._path.append(error)
        try:
            if issubclass(type(error), SyntaxError):
                shown["syntax"] = self._syntax(error)
            self._add_notes(shown, error)
            self._add_frames(shown, traceback)
            self._add_origin(shown, error)
            self._add_members(shown, error)
        finally:
            self._path.pop()
        return shown

    def _syntax(self, error: BaseException) -> dict[str, Any]:
        """The place in the source, which is the error's own and not a frame's."""
        line = _attribute(error, "lineno")
        return {
            "file": self._optional(_attribute(error, "filename")),
            "line": line if type(line) is int else None,
            "text": self._optional(_attribute(error, "text")),
        }

    def _add_notes(self, shown: dict[str, Any], error: BaseException) -> None:
        notes = _attribute(error, "__notes__")
        if notes is None:
            return
        given: list[Any] = list(notes) if type(notes) in {list, tuple} else [notes]
        if given:
            shown["notes"] = [
                self._text(safe_text(note) if is_a(note, str) else safe_repr(note))
                for note in given[:NOTE_LIMIT]
            ]
        if len(given) > NOTE_LIMIT:
            shown["omitted_notes"] = len(given) - NOTE_LIMIT

    def _add_frames(self, shown: dict[str, Any], traceback: object) -> None:
        places = _places(traceback)
        if (beyond := len(places) - OUTER_FRAMES - INNER_FRAMES) > 0:
            places = places[:OUTER_FRAMES] + places[-INNER_FRAMES:]
            shown["omitted_frames"] = beyond
        shown["frames"] = [
            {"file": self._text(file), "line": line, "function": self._text(function)}
            for file, line, function in places
        ]

    def _add_origin(self, shown: dict[str, Any], error: BaseException) -> None:
        """The error's cause, or else its context, by the same rules as Python prints them."""
        cause = _attribute(error, "__cause__")
        if _is_error(cause):
            shown["cause"] = self._linked(cause)
            return
        context = _attribute(error, "__context__")
        if _is_error(context) and not _attribute(error, "__suppress_context__"):
            shown["context"] = self._linked(context)

    def _add_members(self, shown: dict[str, Any], error: BaseException) -> None:
        if not issubclass(type(error), BaseExceptionGroup):
            return
        given = _attribute(error, "exceptions")
        kind: Any = type(given)  # pyright: ignore[reportUnknownVariableType]
        members = [each for each in (given if kind is tuple else ()) if _is_error(each)]
        shown["exceptions"] = [self._linked(each) for each in members[:MEMBER_LIMIT]]
        if len(members) > MEMBER_LIMIT:
            shown["omitted_exceptions"] = len(members) - MEMBER_LIMIT

    def _linked(self, error: BaseException) -> dict[str, Any]:
        return self.of(error, _attribute(error, "__traceback__"))

    def _optional(self, value: object) -> str | None:
        return None if value is None else self._text(safe_text(value))


def _places(traceback: object) -> list[tuple[str, int | None, str]]:
    """File, line and function of each frame, the innermost last."""
    step = traceback if isinstance(traceback, TracebackType) else None
    places: list[tuple[str, int | None, str]] = []
    while step is not None:
        code = step.tb_frame.f_code
        places.append((code.co_filename, step.tb_lineno, code.co_qualname))
        step = step.tb_next
    return places


def _attribute(error: BaseException, name: str) -> Any:
    """The attribute, or None where a class has put something in its place that fails."""
    try:
        return getattr(error, name, None)
    except Exception:  # noqa: BLE001 - a boundary: the line must be written
        return None


def _is_error(value: object) -> bool:
    # Not isinstance, which believes what an object says of its class.
    return issubclass(type(value), BaseException)
