"""Prometheus' text formats: what a manager has counted, for a scrape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._exposed import RESERVED
from ._families import families
from ._readable import source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._exposed import Labels
    from ._families import Family
    from ._readable import Readable

PLAIN: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_ESCAPES_IN_HELP: Final = str.maketrans({"\\": "\\\\", "\n": "\\n"})
_NO_NUMBERS: Final = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}


def prometheus_text(manager: Readable | None = None, *, openmetrics: bool = False) -> str:
    """What *manager* has counted, as Prometheus reads it.

    Letters that Prometheus does not have become ``_``, counters end in ``_total``, timers in
    ``_seconds``.  Two metrics that come to one name do not share it, and a signal tells of it.

    Args:
        manager: The default one if it is left out; or what `share_metrics` returns.
        openmetrics: OpenMetrics 1.0 in place of the text format 0.0.4.

    Examples:
        >>> from pepperpy.infra.telemetry import TelemetryManager
        >>> manager = TelemetryManager()
        >>> manager.count("http.requests", 3, tags={"route": "/pay"})
        >>> print(prometheus_text(manager), end="")
        # HELP http_requests_total Reported as http.requests.
        # TYPE http_requests_total counter
        http_requests_total{route="/pay"} 3
    """
    source = source_of(manager)
    lines = [
        line
        for family in families(source.figures(), source.exposed)
        for line in _written(family, openmetrics=openmetrics)
    ]
    if openmetrics:
        lines.append("# EOF\n")
    return "".join(lines)


def negotiated(accept: str) -> bool:
    """Whether who sends this ``Accept`` header would rather have OpenMetrics."""
    wants = {OPENMETRICS: 0.0, PLAIN: 0.0}
    for part in accept.split(","):
        media, *given = (each.strip() for each in part.lower().split(";"))
        options = dict(each.split("=", 1) for each in given if "=" in each)
        if media == "application/openmetrics-text":
            if options.get("version", "1.0.0").strip('"') == "1.0.0":
                wants[OPENMETRICS] = max(wants[OPENMETRICS], _weight(options))
        elif media in {"text/plain", "text/*", "*/*"}:
            wants[PLAIN] = max(wants[PLAIN], _weight(options))
    return wants[OPENMETRICS] > 0 and wants[OPENMETRICS] >= wants[PLAIN]


def _weight(options: dict[str, str]) -> float:
    try:
        return float(options.get("q", "1"))
    except ValueError:
        return 0.0


def _written(family: Family, *, openmetrics: bool) -> Iterator[str]:
    name = family.name
    # To OpenMetrics, the suffix belongs to the sample.
    title = f"{name}_total" if family.kind == "counter" and not openmetrics else name
    if family.reported not in {name, f"{name}_total"}:
        escapes = _ESCAPES if openmetrics else _ESCAPES_IN_HELP
        yield f"# HELP {title} {family.help.translate(escapes)}\n"
    yield f"# TYPE {title} {family.kind}\n"
    if openmetrics and family.unit:
        yield f"# UNIT {title} {family.unit}\n"
    reserved = RESERVED[family.kind]
    for labels, samples in family.samples():
        written = _labels(labels)
        for suffix, value, number in samples:
            own = _labels([(reserved, value)]) if value else ""
            both = f"{written},{own}" if written and own else written or own
            braced = f"{{{both}}}" if both else ""
            yield f"{name}{suffix}{braced} {_number(number)}\n"


def _labels(labels: Labels | Iterable[tuple[str, str]]) -> str:
    return ",".join([f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels])


def _number(number: float) -> str:
    text = repr(number)
    return _NO_NUMBERS.get(text, text)
