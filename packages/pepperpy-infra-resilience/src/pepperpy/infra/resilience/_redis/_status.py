"""Whether a store answers, and who shares through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pepperpy.infra.utils import Signal, Weakly, emit
from pepperpy.infra.utils.redaction import redact_text

if TYPE_CHECKING:
    from pepperpy.infra.resilience._circuit import Circuit

    from ._accounts import Account


class Status:
    """Written by the worker, read by every call that might be a probe."""

    def __init__(self, name: str, store: object) -> None:
        self.name: str = name
        self._store = store
        self.is_up: bool = True  # until it is shown that it is not
        self.outages: int = 0
        self.last_error: str | None = None
        self._circuits: Weakly[Circuit] = Weakly()
        self._accounts: Weakly[Account] = Weakly()

    def add(self, circuit: Circuit) -> None:
        """Remember it for as long as it lives."""
        self._circuits.add(circuit)

    def add_account(self, account: Account) -> None:
        """Remember it for as long as it lives."""
        self._accounts.add(account)

    def circuits(self) -> list[Circuit]:
        """Those that share through this store; they may have gone to another one."""
        return [circuit for circuit in self._circuits.alive() if self.has(circuit)]

    def has(self, circuit: Circuit) -> bool:
        """Whether it shares through this store still."""
        return circuit.share is not None and circuit.share.store is self._store

    def accounts(self) -> list[Account]:
        """All of them."""
        return self._accounts.alive()

    def went_down(self, error: Exception) -> None:
        """Tell once, however often it is tried in vain."""
        self.last_error = f"{type(error).__qualname__}: {redact_text(str(error))}"
        if self.is_up:
            self.is_up = False
            self.outages += 1
            self._tell("resilience_store.down", 30)

    def came_up(self) -> None:
        """Tell that circuits are shared again."""
        self.is_up = True
        self._tell("resilience_store.up", 20)

    def _tell(self, kind: str, level: int) -> None:
        facts = {"error": self.last_error, "outages": self.outages}
        emit(Signal(kind=kind, source=self.name, level=level, facts=facts))
