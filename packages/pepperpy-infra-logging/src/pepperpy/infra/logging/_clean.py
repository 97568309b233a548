"""From a record to what may be shown of it: message, fields and error without secrets."""

from __future__ import annotations

import traceback
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._exceptions import describe
from ._record import PLAIN_ARGUMENTS, Record, context_of, fields_of, message_of
from ._values import Plain, is_a, key_text, mask, one_deeper, safe_repr

if TYPE_CHECKING:
    import logging
    from collections.abc import Container

    from pepperpy.infra.utils.redaction import Redactor

_SCALARS = frozenset({int, bool, type(None)})
_KNOWN_NAMES = 4096


class Cleaner:
    """Reads records for the renderers; knows nothing of how a line looks."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        # Names are asked about for every field of every line: a dict answers in half of the time
        # of a call.  Bounded by _judge; races cost at most a second look.
        self._verdicts: dict[object, bool] = {}
        self.known_verdict = self._verdicts.get
        self.redact_text = redactor.redact_text

    def message(self, record: logging.LogRecord) -> str:
        """The message with its arguments filled in; never raises."""
        msg, args = record.msg, record.args
        # The usual case without a further call: a text, and arguments that cannot misbehave.
        if type(msg) is not str:
            return self._message_with_objects(record)
        if not args:
            return self.redact_text(msg)
        if type(args) is not tuple:
            return self._message_with_objects(record)
        for arg in args:
            if type(arg) not in PLAIN_ARGUMENTS:
                return self._message_with_objects(record)
        try:
            text = msg % args
        except Exception:  # noqa: BLE001 - a boundary: the line must be written
            return self._message_with_objects(record)
        shown = self.redact_text(text)
        return shown if shown is text else self._with_whole_secrets(msg, args, shown)

    def fill(self, line: dict[str, Any], record: logging.LogRecord) -> None:
        """Add context and fields to *line*, whose keys are taken.

        A name that is taken gets a trailing ``_``, as does a context's name that the call uses for
        another value: nothing is lost, and the call's own field keeps the plain name.
        """
        own = record.fields if type(record) is Record else fields_of(record)
        for name, value in context_of(record).items():
            if name not in own or own[name] is not value:
                self.put(line, name, value, own)
        for name, value in own.items():
            self.put(line, name, value)

    def error(self, record: logging.LogRecord) -> dict[str, Any] | None:
        """The record's exception as data; of one that came as text, that."""
        info = record.exc_info
        if info and info[1] is not None:
            return describe(info[1], info[2], self.redact_text)
        text = self.traceback(record)
        return None if text is None else {"traceback": text}

    def traceback(self, record: logging.LogRecord) -> str | None:
        """The record's exception as Python prints it, without the last line break."""
        text = record.exc_text
        if record.exc_info and record.exc_info[1] is not None:
            try:
                # Asks the errors for their texts, which may log the error again.
                with one_deeper():
                    text = "".join(traceback.format_exception(*record.exc_info))
            except Exception as error:  # noqa: BLE001 - a boundary: the line must be written
                kind = type(record.exc_info[1]).__name__
                text = f"{kind}: <traceback unreadable: {type(error).__name__}>"
        return self.redact_text(text.rstrip("\n")) if text else None

    def stack(self, record: logging.LogRecord) -> str | None:
        """The stack that ``stack_info=True`` asked for."""
        return self.redact_text(record.stack_info) if record.stack_info else None

    def put(
        self, line: dict[str, Any], key: object, value: Any, taken: Container[str] = ()
    ) -> None:
        """Add one field to *line*, under a name that is neither there nor in *taken*."""
        name, secret = self._judge(key)
        kind = type(value)  # pyright: ignore[reportUnknownVariableType]
        if secret:
            shown: object = mask(value, self._redactor)
        elif kind is str:
            shown = self.redact_text(value)
        else:
            shown = value if kind in _SCALARS else Plain(self._redactor)(value)
        while name in line or name in taken:
            name += "_"
        line[name] = shown

    def _judge(self, key: object) -> tuple[str, bool]:
        if type(key) is str and (known := self._verdicts.get(key)) is not None:
            return key, known
        name = key_text(key)
        secret, shown = self._redactor.is_secret_name(name), self.redact_text(name)
        if shown is key and len(name) <= 100 and len(self._verdicts) < _KNOWN_NAMES:
            self._verdicts[name] = secret
        return shown, secret

    def _message_with_objects(self, record: logging.LogRecord) -> str:
        given: Any = record.args
        if is_a(given, tuple):
            args: Any = tuple(self._argument(arg) for arg in given)
        elif is_a(given, Mapping) and given:
            args = _Named(given, self._redactor)
        else:
            args = self._argument(given)
        return self.redact_text(message_of(record, args, self._of_misfits))

    def _of_misfits(self, msg: str, args: Any) -> str:
        """Arguments that do not fit; only their types if one may be the secret that *msg* names."""
        if self.redact_text(msg) == msg:
            return safe_repr(args)
        kinds = args if is_a(args, tuple) else (args,)
        return f"({', '.join(type(each).__name__ for each in kinds)})"

    def _argument(self, arg: Any) -> Any:
        # Not those of classes with a text of their own: a copy would have another one.
        kind: Any = type(arg)  # pyright: ignore[reportUnknownVariableType]
        if kind not in _COPIED and not hasattr(kind, "_fields"):
            return arg
        try:
            return self._redactor.redact(arg)
        except Exception:  # noqa: BLE001 - a boundary: message_of tells what is wrong with it
            return arg

    def _with_whole_secrets(self, msg: str, args: tuple[Any, ...], shown: str) -> str:
        """The message, where a text that fills the place of a secret is masked to its end.

        In the finished text nothing tells where ``password=correct horse`` ends.  So the redactor
        is asked about the message with words in the places, and which of them it masks.
        """
        words = tuple(f"zq{at}" if type(arg) is str else arg for at, arg in enumerate(args))
        try:
            trial = self.redact_text(msg % words)
            hidden = [
                mask(arg, self._redactor) if type(arg) is str and word not in trial else arg
                for arg, word in zip(args, words, strict=True)
            ]
            return self.redact_text(msg % tuple(hidden))
        except Exception:  # noqa: BLE001 - a boundary: no word fits into a `%c`
            return shown


# Copied, with what is secret in them masked, before they become text.
_COPIED = frozenset({dict, list, tuple, set, frozenset, OrderedDict})


class _Named:
    """The mapping of ``info("%(user)s", {...})``, with what is secret in it masked."""

    def __init__(self, given: Any, redactor: Redactor) -> None:
        self._given = given
        self._redactor = redactor

    def __getitem__(self, name: str) -> Any:
        value = self._given[name]  # a mapping of the user may know what to do with missing names
        if self._redactor.is_secret_name(name):
            return mask(value, self._redactor)
        return self._redactor.redact(value)

    def __repr__(self) -> str:
        return safe_repr(self._redactor.redact(self._given))
