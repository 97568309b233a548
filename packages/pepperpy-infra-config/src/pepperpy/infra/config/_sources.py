"""Where configuration comes from: the file, ``.env``, the environment, and which of them to read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.utils import did_you_mean

from ._document import DEFAULT_FILE, PROFILES, Document, load, read
from ._dotenv import Entry, parse_dotenv
from ._errors import ConfigFileError, ConfigProfileError, ConfigTypeError
from ._kinds import is_a, kind_name
from ._variables import CONFIG_VARIABLE, PREFIX, PROFILE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Collection

DEFAULT_DOTENV: Final = ".env"

_FIRST: Final = PREFIX[0] + PREFIX[0].lower()
_LENGTH: Final = len(PREFIX)

PathLike = str | os.PathLike[str]


class Default:
    """Stands for an argument that was left out, where None has a meaning of its own."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "..."


DEFAULT: Final = Default()


class Notice(NamedTuple):
    """Something worth a warning, and what tells it from others."""

    key: object
    message: str


class Inputs(NamedTuple):
    """All sources as they were at one moment."""

    environ: Mapping[str, str]
    dotenv: Mapping[str, Entry]
    dotenv_path: str
    document: Document | None
    profile: str | None
    notices: list[Notice]

    def __repr__(self) -> str:
        return "Inputs(...)"  # they may hold secrets

    def names(self) -> Collection[str]:
        """All variables that look like ours, set or misspelt."""
        return {**self.environ, **self.dotenv} if self.dotenv else self.environ

    @classmethod
    def nothing(cls, environ: Mapping[str, str] | None = None) -> Inputs:
        """No file, and no variables but those given."""
        return cls(environ or {}, {}, "", None, None, [])

    def tables(self) -> list[tuple[tuple[str, ...], Any]]:
        """What holds the sections, the weaker first: the whole document, then the profile."""
        if self.document is None:
            return []
        tables: list[tuple[tuple[str, ...], Any]] = [((), self.document.data)]
        if self.profile is not None and (profiles := _profiles(self.document)):
            found = profiles.get(self.profile)
            tables.append(((PROFILES, self.profile), {} if found is None else found))
        return tables


class Sources:
    """Which sources a registry reads.  Reads nothing before it is asked."""

    def __init__(
        self,
        file: PathLike | Default | None,
        profile: str | Default | None,
        environ: Mapping[str, str] | None,
        dotenv: PathLike | Default | None,
    ) -> None:
        self._file = _checked_path("file", file)
        self._profile = profile
        self._environ = environ
        self._dotenv = _checked_path("dotenv", dotenv)
        if not is_a(profile, (str, Default, NoneType)):
            raise ConfigTypeError(f"profile must be a text or None; got {kind_name(profile)}")
        if environ is not None and not is_a(environ, Mapping):
            raise ConfigTypeError(f"environ must be a mapping of texts; got {kind_name(environ)}")
        self._folder: str | None = None
        """What relative paths begin with."""
        # What was read last, to parse only what has changed.  Each is replaced in one step.
        self._document: Document | None = None
        self._dotenv_read: tuple[str, bytes, dict[str, Entry]] | None = None

    def read(self, *, anew: bool = False) -> Inputs:
        """Everything as it is now.

        Args:
            anew: Whether to look from the working directory as it is now, and not from that of the
                time before: a program may have changed to another one since.

        Raises:
            ConfigFileError: If a file cannot be read or parsed.
            ConfigProfileError: If the file has profiles, and not this one.
        """
        if anew or self._folder is None:
            self._folder = _working_directory()
        environ = self._variables()
        dotenv_path, dotenv = self._read_dotenv()
        path, named = self._path(environ, dotenv)
        document = self._load(path, named=named) if path else None
        profile = self._chosen(self._profile, PROFILE_VARIABLE, environ, dotenv)
        notices = _check_profile(profile, document) if profile else []
        return Inputs(environ, dotenv, dotenv_path, document, profile, notices)

    def paths(self) -> tuple[str, ...]:
        """The files that are read now, whether they exist or not."""
        dotenv_path, dotenv = self._read_dotenv()
        path, _ = self._path(self._variables(), dotenv)
        return tuple(each for each in (path, dotenv_path) if each)

    def _variables(self) -> dict[str, str]:
        environ = os.environ if self._environ is None else self._environ
        # Most are not ours, and their first letter tells.
        names = [
            name for name in environ if name[:1] in _FIRST and name[:_LENGTH].upper() == PREFIX
        ]
        try:
            return {name: environ[name] for name in names}
        except KeyError:  # another thread took one away meanwhile
            return {name: text for name in names if (text := environ.get(name)) is not None}

    @staticmethod
    def _chosen(
        given: Any, variable: str, environ: Mapping[str, str], dotenv: Mapping[str, Entry]
    ) -> Any:
        if given is not DEFAULT:
            return given
        # An empty variable is how a shell says that there is none.
        return environ.get(variable) or (dotenv[variable].value if variable in dotenv else None)

    def _path(
        self, environ: Mapping[str, str], dotenv: Mapping[str, Entry]
    ) -> tuple[str | None, bool]:
        """The full path of the file, and whether somebody asked for this one."""
        chosen: str | None = self._chosen(self._file, CONFIG_VARIABLE, environ, dotenv)
        if chosen:
            return self._full(chosen), True
        if self._file is None:
            return None, False
        return os.path.join(self._here(), DEFAULT_FILE), False

    def _here(self) -> str:
        return _working_directory() if self._folder is None else self._folder

    def _full(self, path: str) -> str:
        return os.path.normpath(os.path.join(self._here(), os.path.expanduser(path)))

    def _load(self, path: str, *, named: bool) -> Document | None:
        try:
            document = load(path, self._document)
        except ConfigFileError as error:
            if named or not getattr(error, "missing", False):
                raise
            return None
        self._document = document
        return document

    def _read_dotenv(self) -> tuple[str, Mapping[str, Entry]]:
        if self._dotenv is None:
            return "", {}
        given = self._dotenv
        named = not isinstance(given, Default)
        here = os.path.join(self._here(), DEFAULT_DOTENV)
        path: str = here if isinstance(given, Default) else self._full(given)
        # Many keep a virtual environment in a folder of this name.
        if not named and not os.path.isfile(path):
            return path, {}
        content = read(path)
        known = self._dotenv_read
        if known is None or known[:2] != (path, content):
            entries = parse_dotenv(path, content)
            ours = {
                name: entry for name, entry in entries.items() if name[:_LENGTH].upper() == PREFIX
            }
            known = self._dotenv_read = path, content, ours
        return path, known[2]


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it is gone, and nothing lies in it
        return ""


def _checked_path(argument: str, path: Any) -> Any:
    """A path, or what stands for one; a path in bytes would not fit into messages."""
    if path is None or isinstance(path, (str, Default)):
        return path
    text: Any = path.__fspath__() if is_a(path, os.PathLike) else path
    if not is_a(text, str):
        raise ConfigTypeError(f"{argument} must be a path or None; got {kind_name(path)}")
    return text


def _profiles(document: Document) -> dict[Any, Any]:
    """The tables of the profiles by name; YAML reads some names as numbers."""
    found: Any = document.data.get(PROFILES)
    return {str(name): table for name, table in found.items()} if is_a(found, dict) else {}


def _check_profile(profile: str, document: Document | None) -> list[Notice]:
    profiles = {} if document is None else _profiles(document)
    if profiles:
        if profile not in profiles:
            known = sorted(profiles)
            raise ConfigProfileError(
                f"the configuration file has no profile {profile!r}; "
                f"{did_you_mean(profile, known)} (it has {', '.join(known)})",
                profile=profile,
                known=tuple(known),
            )
        return []
    where = "there is no configuration file" if document is None else "the file has no profiles"
    return [Notice(("profile", profile), f"the profile {profile!r} has no effect, since {where}")]
