"""What the worker has to do, besides what circuits tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pepperpy.infra.resilience._share import Job, View

if TYPE_CHECKING:
    from pepperpy.infra.resilience._circuit import Circuit

    from ._accounts import Account


class Changed(NamedTuple):
    """A job: another process said that the circuits of a name changed."""

    name: str
    view: View


class Missed(NamedTuple):
    """A job: messages may have been lost, so look at everything."""


class Joined(NamedTuple):
    """A job: a circuit that is new here may be an old one elsewhere."""

    circuit: Circuit


class Woken(NamedTuple):
    """A job: something was taken from an account, so settle it for a while."""

    account: Account


class Stop(NamedTuple):
    """The last job."""


Work = Job | Changed | Missed | Joined | Woken | Stop
