"""The wrapper compiler: how every decorator of `pepperpy.infra` is made.

A wrapper with the decorated function's own parameter list passes arguments on by plain local
variables.  That costs a quarter of what ``*args, **kwargs`` costs, and it leaves nothing to
normalise: keyword order and defaults are settled before the first line of the wrapper runs.

`compile_wrapper` makes such a wrapper from a few lines of source; `decorate` finds the function
inside a ``classmethod`` or ``property``; `kind_of` tells coroutine functions and generators apart.
"""

from ._compiler import compile_wrapper
from ._decorate import decorate
from ._kinds import Kind, kind_of, name_of
from ._parameters import Parameters, parameters_of

__all__ = [
    "Kind",
    "Parameters",
    "compile_wrapper",
    "decorate",
    "kind_of",
    "name_of",
    "parameters_of",
]
