"""From the arguments of a call to its key.

The key of a call is made by source in the wrapper itself: a single text or integer stands for
itself, all else is a tuple of the arguments and their classes, so that ``1``, ``True`` and ``1.0``
differ.  What such a key does not tell apart, lists and tuples among it, gets a frozen one in
`settle`, away from the hot path; no entry is ever kept under the plain key of such a call.  A key
that is made by the user's own function is taken as it is, if it can be hashed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import ref

from ._errors import InvalidOptionError, UnkeyableArgumentError
from ._freeze import CannotFreezeError, Mark, freeze, is_flat, thaw
from ._template import Template, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from pepperpy.infra.utils.wrapping import Parameters

_INSTANCE: Final = frozenset({"self", "cls", "mcs", "mcls"})


_FROZEN: Final = Mark("<frozen>")
_STAR: Final = Mark("<*>")


class Token:
    """Stands for one living object in the keys of its methods' calls."""

    __slots__ = ()


class Part(NamedTuple):
    """One thing that tells calls apart."""

    value: str
    """Source of its value."""
    parameter: str
    """The parameter that it comes from."""


class Keys:
    """How calls of one function are told apart.

    Args:
        parameters: Those of the function.
        key: A template, or a function of the arguments; `None` for all arguments.
        ignore: Names of parameters that do not count.
        function: The function's name.

    Raises:
        InvalidTemplateError: If the template does not fit.
        InvalidOptionError: If *key* or *ignore* cannot be what they are.
    """

    def __init__(
        self,
        parameters: Parameters,
        *,
        key: str | Callable[..., object] | None,
        ignore: Iterable[str],
        function: str,
    ) -> None:
        self._function = function
        self._parameters = parameters
        self.template: Template | None = None
        self.of_call: Callable[..., object] | None = key if callable(key) else None
        """A function of the user's own that makes the key."""
        self.is_starred: bool = False
        self.is_method: bool = False
        ignored = self._ignored(ignore, key)
        self.parts: tuple[Part, ...]
        if isinstance(key, str):
            self.template = self._parsed(key)
            fields = dict.fromkeys((field.value, field.parameter) for field in self.template.fields)
            self.parts = tuple(Part(*field) for field in fields)
        elif key is not None:
            if not callable(key):
                raise InvalidOptionError(
                    f"key must be a template like 'user:{{user_id}}', or a function of the "
                    f"arguments; got {key!r}",
                    option="key",
                    value=key,
                )
            self.parts = (Part("$keyed", "key"),)
        else:
            self.parts = tuple(self._arguments(ignored))

    def _ignored(self, ignore: Iterable[str], key: object) -> frozenset[str]:
        try:
            ignored = frozenset([ignore] if isinstance(ignore, str) else ignore)
        except TypeError as error:
            raise InvalidOptionError(
                f"ignore must be names of parameters; got {ignore!r}", option="ignore", value=ignore
            ) from error
        if ignored and key is not None:
            raise InvalidOptionError(
                "ignore and key are two ways to say what counts; give one of them",
                option="ignore",
                value=ignore,
            )
        for name in sorted(ignored - set(self._parameters.names), key=repr):
            raise InvalidOptionError(
                f"ignore names {name!r}, which is no parameter of {self._function}(); it has "
                f"{', '.join(self._parameters.names) or 'none'}",
                option="ignore",
                value=name,
            )
        return ignored

    def _parsed(self, key: str) -> Template:
        template = parse(key, self._parameters.names, option="key", function=self._function)
        if not template.fields and self._parameters.names:
            names = ", ".join(self._parameters.names)
            raise InvalidOptionError(
                f"key={key!r} names no parameter of {self._function}(), so all calls would share "
                f"one result; name some of {names} in braces",
                option="key",
                value=key,
            )
        return template

    def _arguments(self, ignored: frozenset[str]) -> Iterable[Part]:
        parameters = self._parameters
        plain = [*parameters.positional, *parameters.keyword_only]
        if parameters.positional[:1] and parameters.positional[0] in _INSTANCE - ignored:
            self.is_method = True
            del plain[0]
        yield from (Part(name, name) for name in plain if name not in ignored)
        for name, source in (
            (parameters.var_positional, "*{0}"),
            (parameters.var_keyword, "*($pairs({0}) if {0} else ())"),
        ):
            if name is not None and name not in ignored:
                self.is_starred = True
                yield Part(f"$star, {source.format(name)}", name)

    @property
    def takes_one_argument(self) -> bool:
        """Whether a call is made with one value."""
        return len(self._parameters.names) == 1 and not self.is_starred

    @property
    def names(self) -> dict[str, object]:
        """What `source` refers to."""
        return {
            "star": _STAR,
            "pairs": _pairs,
            "text": str,
            "key_of": self.of_call,
        }

    @property
    def lookup(self) -> tuple[str, str]:
        """Source to run first, and an expression for the key: ``$k`` where it takes more than one."""
        *before, last = self.source.splitlines()
        return (f"{self.source}\n", "$k") if before else ("", last.removeprefix("$k = "))

    @property
    def source(self) -> str:
        """Source that puts the key of the call into ``$k``."""
        lines: list[str] = []
        if self.of_call is not None:
            lines.append(f"$keyed = {self._parameters.call.replace('$func(', '$key_of(', 1)}")
        values: list[str] = []
        for index, part in enumerate(self.parts):
            # A name is read for its class as well; anything longer would be evaluated twice.
            if part.value.isidentifier() or part.value.startswith(("$keyed", "$star")):
                values.append(part.value)
            else:
                lines.append(f"$p{index} = {part.value}")
                values.append(f"$p{index}")
        return "\n".join([*lines, f"$k = {self._key(values)}"])

    def _key(self, values: list[str]) -> str:
        if self.is_starred:
            owner = f"{self._owner}, " if self.is_method else ""
            return f"({owner}*($parts := ({', '.join(values)},)), *$map($type, $parts))"
        classes = [f"{value}.__class__" for value in values]
        if self.is_method:
            return f"({', '.join([self._owner, *values, *classes])},)"
        if len(values) == 1:
            (value,), (kind,) = values, classes
            return f"{value} if {kind} is $int or {kind} is $str else ({kind}, {value})"
        return f"({', '.join([*values, *classes])})" if values else "()"

    @property
    def _owner(self) -> str:
        return f"$tokens.get($id({self._parameters.positional[0]}))"

    def split(self, key: Any) -> tuple[Any, ...]:
        """The values of the parts in a plain or frozen *key*, without the instance."""
        if key.__class__ is not tuple:
            return (key,)
        if key and key[0] is _FROZEN:
            return tuple(map(thaw, key[1 + self.is_method :]))
        plain: tuple[Any, ...] = key[1:] if self.is_method else key
        if not self.is_method and not self.is_starred and len(self.parts) == 1:
            return (plain[1],)
        return plain[: len(plain) // 2]

    @staticmethod
    def owner(key: Any) -> Hashable:
        """What stands for the instance in the *key* of a method's call."""
        return key[1] if key[0] is _FROZEN else key[0]  # type: ignore[no-any-return]

    def settle(self, key: Any, token: Hashable) -> Hashable:
        """The key under which an entry is kept: *key* itself if it says enough, or a frozen one.

        Args:
            key: As the wrapper made it.
            token: What stands for the instance, in a method.

        Raises:
            UnkeyableArgumentError: If an argument can be part of no key.
        """
        if key.__class__ is str or key.__class__ is int:
            return key
        parts = self.split(key)
        if self.is_method and key[0] is not token:
            key = (token, *key[1:])
        if self.of_call is not None or all(map(is_flat, parts)):
            try:
                hash(key)
            except TypeError:
                pass
            else:
                return key  # type: ignore[no-any-return]
        owner = (token,) if self.is_method else ()
        return (_FROZEN, *owner, *self._freeze(parts))

    def _freeze(self, parts: tuple[Any, ...]) -> Iterable[Hashable]:
        for index, part in enumerate(parts):
            try:
                yield freeze(part)
            except CannotFreezeError as error:
                raise self._unkeyable(parts, index, error.problem) from None

    def written(self, key: Any) -> str:
        """The arguments in a plain *key* as a text that is the same in every process.

        Raises:
            UnkeyableArgumentError: If one of them means nothing outside of this process.
        """
        from ._written import written

        parts = self.split(key)
        if self.is_method:
            raise self._unkeyable_parameter(
                self._parameters.positional[0], "no other process knows the instance"
            )
        for index, part in enumerate(parts):
            try:
                written((part,))
            except CannotFreezeError as error:
                raise self._unkeyable(parts, index, error.problem) from None
        return written(parts)

    def _unkeyable(
        self, parts: tuple[Any, ...], index: int, problem: str
    ) -> UnkeyableArgumentError:
        return self._unkeyable_parameter(self._parameter(parts, index), problem)

    def _unkeyable_parameter(self, name: str, problem: str) -> UnkeyableArgumentError:
        hint = (
            "have it return plain values"
            if self.of_call is not None
            else f"leave it out with ignore={name!r}, or say with key= what counts"
        )
        return UnkeyableArgumentError(
            f"{name!r} of {self._function}() can't be part of a key, since {problem}; {hint}",
            function=self._function,
            parameter=name,
        )

    def _parameter(self, parts: tuple[Any, ...], index: int) -> str:
        """The parameter that a part comes from."""
        plain = [part.parameter for part in self.parts if not part.value.startswith("$star")]
        if index < len(plain):
            return plain[index]
        begun = sum(part is _STAR for part in parts[: index + 1])
        return self.parts[len(plain) + begun - 1].parameter


class Tokens:
    """What stands for the living instances of a method's class, by their identity."""

    def __init__(self, on_end: Callable[[Token], None]) -> None:
        self.by_id: dict[int, Token] = {}
        """Read by wrappers without a lock; each change is one step."""
        self._refs: dict[int, ref[Any]] = {}
        self._on_end = on_end

    def of(self, instance: Any) -> Hashable:
        """The token of *instance*, or its value if it cannot be weakly referenced."""
        number = id(instance)
        token = self.by_id.get(number)
        if token is not None:
            return token

        def forget(_: ref[Any]) -> None:
            self._refs.pop(number, None)
            gone = self.by_id.pop(number, None)
            if gone is not None:
                self._on_end(gone)

        try:
            self._refs[number] = ref(instance, forget)
        except TypeError:
            return freeze(instance)
        return self.by_id.setdefault(number, Token())


def _pairs(keywords: Mapping[str, object]) -> tuple[object, ...]:
    """Names and values, in the order of the names."""
    return tuple(item for name in sorted(keywords) for item in (name, keywords[name]))
