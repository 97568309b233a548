"""What can be wrong with how logging is set up.  Logging a line raises none of these."""

from __future__ import annotations

from pepperpy.infra.utils import InfraError


class LoggingError(InfraError):
    """The root of the errors of `pepperpy.infra.logging`."""

    code = "logging"


class InvalidLevelError(LoggingError, ValueError):
    """A level that is neither a known name nor a number.

    *level* is what was given, *nearest* has the known names that look like it.
    """

    code = "logging-level"


class InvalidFormatError(LoggingError, ValueError):
    """A format that does not exist or cannot be used as asked; *format* is what was given."""

    code = "logging-format"


class InvalidOptionError(LoggingError, ValueError):
    """An option that does not exist, or a value that it cannot have; *option* is its name."""

    code = "logging-option"


class LogFileError(LoggingError, OSError):
    """The log file cannot be opened for appending; *path* is its full path.

    Nothing was changed: what was set up before goes on.
    """

    code = "logging-file"
