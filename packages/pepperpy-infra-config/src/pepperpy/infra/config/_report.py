"""`ConfigReport`: all that is wrong, as a value instead of an error."""

from __future__ import annotations

from dataclasses import dataclass

from ._errors import FieldError
from ._validating import invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReport:
    r"""The result of a validation; true if there is nothing wrong.

    Examples:
        >>> report = ConfigReport(
        ...     name="mail", errors=(FieldError(path="port", message="is missing"),)
        ... )
        >>> bool(report), str(report)
        (False, 'mail is not valid, 1 error:\n  port: is missing')
    """

    name: str
    """What was validated."""
    errors: tuple[FieldError, ...] = ()
    """Everything that is wrong."""
    warnings: tuple[str, ...] = ()
    """What has no effect, like a misspelt variable."""

    @property
    def is_valid(self) -> bool:
        """Whether there are no errors."""
        return not self.errors

    def __bool__(self) -> bool:
        return self.is_valid

    def __str__(self) -> str:
        head = f"{self.name} is valid" if self else str(invalid(self.name, self.errors))
        return "\n  ".join((head, *(f"warning: {each}" for each in self.warnings)))

    def raise_if_invalid(self) -> None:
        """Turn the report into an error if there is something wrong.

        Raises:
            ConfigValidationError: With the same errors.
        """
        if not self:
            raise invalid(self.name, self.errors)
