"""How the process of the gateway is doing: the memory that it takes."""

from __future__ import annotations

import asyncio

from names import MEMORY

from pepperpy.infra import MetricCategory, get_memory_usage, report_custom_metric


async def watch_memory(every: float) -> None:
    """Tell telemetry how many bytes we take, each so many seconds, until we are cancelled."""
    while True:
        report_custom_metric(MEMORY, get_memory_usage(), "By", MetricCategory.RESOURCE)
        await asyncio.sleep(every)
