"""What came of a validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._errors import Templates, ValidationError, group


class ValidationResult:
    """Whether data is valid, what is wrong with it, and a copy of it if nothing is.

    Args:
        is_valid: Whether all rules passed; errors make it false in any case.
        errors: What failed, in the order of the schema.
        validated_data: A copy of the data with defaults and conversions in it; `None` if not valid.
        warnings: What failed on a lower level than `ValidationLevel.ERROR`.

    Examples:
        >>> bool(ValidationResult()), bool(ValidationResult(False))
        (True, False)
    """

    __slots__ = ("errors", "is_valid", "validated_data", "warnings")

    def __init__(
        self,
        is_valid: bool = True,
        errors: Sequence[ValidationError] = (),
        validated_data: Any = None,
        warnings: Sequence[ValidationError] = (),
    ) -> None:
        self.is_valid: bool = is_valid and not errors
        self.errors: list[ValidationError] = list(errors)
        self.validated_data: Any = validated_data if self.is_valid else None
        self.warnings: list[ValidationError] = list(warnings)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> list[ValidationError]:
            # Compiled schemas leave these out of a valid result, for most are never looked at.
            if name not in ("errors", "warnings"):
                kind = type(self).__name__
                raise AttributeError(
                    f"{kind!r} object has no attribute {name!r}", name=name, obj=self
                )
            empty: list[ValidationError] = []
            setattr(self, name, empty)
            return empty

    def raise_if_invalid(self) -> Any:
        """The validated data, if it is valid.

        Raises:
            InvalidDataError: With all errors.
        """
        if self.is_valid:
            return self.validated_data
        raise group(self.errors or [ValidationError("is not valid")])

    def messages(self, templates: Templates = {}) -> dict[str, list[str]]:  # noqa: B006 - never changed
        """The messages by path, translated with *templates*, as forms and answers want them."""
        found: dict[str, list[str]] = {}
        for error in self.errors:
            found.setdefault(error.path, []).append(error.translated(templates))
        return found

    def __bool__(self) -> bool:
        return self.is_valid

    def __repr__(self) -> str:
        # Not the data, which may hold secrets.
        if self.is_valid:
            return "ValidationResult(is_valid=True)"
        return f"ValidationResult(is_valid=False, errors={self.errors!r})"
