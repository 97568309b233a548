"""`ProviderTelemetry`: reports that carry the name of who makes them, as a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils.redaction import redact_text

from ._manager import engine_of
from ._reporter import Reporter
from ._tags import PROVIDER, text
from ._types import EventLevel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._manager import TelemetryManager


class ProviderTelemetry(Reporter):
    """Telemetry of one provider: each report has the tag ``pepperpy.provider.id``.

    Names of metrics and events pass through as they are.

    Args:
        provider_id: The provider.
        manager: Who takes the reports; the default manager if it is left out.

    Examples:
        >>> from pepperpy.infra.telemetry import TelemetryManager
        >>> manager = TelemetryManager()
        >>> ProviderTelemetry("mail", manager).count("sent")
        >>> manager.get_value("sent", {"pepperpy.provider.id": "mail"})
        1
    """

    def __init__(self, provider_id: str, manager: TelemetryManager | None = None) -> None:
        self.provider_id = provider_id
        self._engine = engine = engine_of(manager or _default_manager())
        shown = redact_text(text(provider_id))
        super().__init__(engine.registry, engine.switch, {PROVIDER: shown})

    def __repr__(self) -> str:
        return f"<ProviderTelemetry {redact_text(text(self.provider_id))!r}>"

    def report_event(  # noqa: PLR0917 - as it is known
        self,
        name: str,
        level: EventLevel,
        message: str,
        data: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Do what `TelemetryManager.report_event` does, with the provider's tag."""
        self._engine.take_event(name, level, message, data, tags, handler_name, own=self._own)

    def debug(
        self,
        name: str,
        message: str,
        data: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Report an event of level debug."""
        self._event(name, EventLevel.DEBUG, message, data, tags, handler_name)

    def info(
        self,
        name: str,
        message: str,
        data: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Report an event of level info."""
        self._event(name, EventLevel.INFO, message, data, tags, handler_name)

    def warning(
        self,
        name: str,
        message: str,
        data: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Report an event of level warning."""
        self._event(name, EventLevel.WARNING, message, data, tags, handler_name)

    def error(
        self,
        name: str,
        message: str,
        data: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Report an event of level error."""
        self._event(name, EventLevel.ERROR, message, data, tags, handler_name)

    def critical(
        self,
        name: str,
        message: str,
        data: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Report an event of level critical."""
        self._event(name, EventLevel.CRITICAL, message, data, tags, handler_name)

    def _event(self, *args: Any) -> None:
        self._engine.take_event(*args, own=self._own, depth=4)


def _default_manager() -> TelemetryManager:
    from ._default import default

    return default
