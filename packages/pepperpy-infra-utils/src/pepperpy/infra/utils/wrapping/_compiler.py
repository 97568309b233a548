"""From a few lines of source to a wrapper with the function's own parameter list.

Measured on CPython 3.11, over a bare call: such a wrapper costs 30 ns where
``def wrapper(*args, **kwargs)`` costs 120 ns.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import linecache
import re
import sys
import textwrap
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from ._kinds import Kind, kind_of, text_attribute
from ._parameters import Parameters, signature_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

_MOST_RECIPES = 1024

_RELAY = {
    Kind.GENERATOR: """\
return (yield from $relay($generator, $item))
""",
    # An async generator has no `yield from`, and another async generator would be in the way of
    # asend() and athrow(): so this stands in the wrapper itself.
    Kind.ASYNC_GENERATOR: """\
while True:
    $thrown = None
    try:
        $sent = yield $item
    except $GeneratorExit:
        await $generator.aclose()
        raise
    except $BaseException as $error:
        $thrown = $error
    try:
        if $thrown is None:
            $item = await $generator.asend($sent)
        else:
            $item = await $generator.athrow($thrown)
    except $StopAsyncIteration:
        return
    finally:
        del $thrown
""",
}


class _Recipe(NamedTuple):
    """What functions with equal parameters share."""

    code: CodeType
    mangled: Mapping[str, str]  # each name behind a $ -> what it is called in the code


# No lock, which a fork could inherit held: each step is one atomic operation on the dict, and two
# threads that compile the same recipe at once do no harm.
_recipes: dict[tuple[object, ...], _Recipe] = {}


def compile_wrapper(
    func: Callable[..., object],
    body: str | Callable[[Parameters], str],
    names: Mapping[str, object],
    *,
    label: str,
    kind: Kind | None = None,
    inject: bool = False,
) -> FunctionType:
    """A function with the parameters, name, doc, annotations and kind of *func*, and another body.

    Write a ``$`` before every identifier of the body: then nothing can collide with a parameter
    of the function, whatever that is called.

    - ``$call`` is the call of *func* with all arguments, ``$await`` is ``await `` where *func* is
      awaited and nothing elsewhere;
    - ``$args`` and ``$kwargs`` are a tuple and a dict of the arguments, for slow paths.  (Do not
      hide a parameter in a lambda: it becomes a cell, which costs every call 25 ns.)
    - ``$func`` is *func*, ``$x`` is the ``x`` of *names* or of the builtins, any other one a local;
    - a line ``$relay``, in the wrapper of a generator, passes on ``$item`` and all that follows in
      ``$generator``, with what is sent, thrown and returned.

    Args:
        func: What the wrapper stands in for; it becomes its ``__wrapped__``.
        body: The source, or a function that makes it out of the parameters.
        names: What the body refers to.
        label: The decorator's name, shown in tracebacks as the wrapper's file.
        kind: Overrides what `kind_of` finds.
        inject: Fill in the first parameter (in a method the one after ``self``) with the local
            ``$injected``, and leave it out of the published signature.

    Raises:
        TypeError: If *inject* is set and there is no such parameter.

    Examples:
        >>> def shout(func):
        ...     return compile_wrapper(func, "return $call.upper()", {}, label="shout")
        >>> @shout
        ... def greet(name, *, mark="!"):
        ...     return f"hello {name}{mark}"
        >>> greet("world")
        'HELLO WORLD!'
    """
    kind = kind or kind_of(func)
    parameters, defaults, keyword_defaults = signature_of(func, inject=inject)
    text = body if isinstance(body, str) else body(parameters)
    recipe = _recipe(text, parameters, kind, label)
    known = {**vars(builtins), "relay": relay, **names, "func": func}
    scope = {mangled: known[name] for name, mangled in recipe.mangled.items() if name in known}
    name = text_attribute(func, "__name__") or type(func).__name__
    wrapper = FunctionType(
        # A code object of its own: it specialises for this wrapper's globals, and has its name.
        recipe.code.replace(co_name=name, co_qualname=text_attribute(func, "__qualname__") or name),
        {"__builtins__": builtins, "__name__": __name__, **scope},
        name,
        defaults,
    )
    wrapper.__kwdefaults__ = keyword_defaults
    if isinstance(func, FunctionType):
        functools.update_wrapper(wrapper, func)
    else:
        # An object's attributes are its state, and what it calls its name may be anything.
        odd = {name for name in ("__name__", "__qualname__") if text_attribute(func, name) is None}
        assigned = [name for name in functools.WRAPPER_ASSIGNMENTS if name not in odd]
        functools.update_wrapper(wrapper, func, assigned=assigned, updated=())
    if inject:
        _publish_without_injected(wrapper, func, parameters.injected or 0)
    return wrapper


def _recipe(text: str, parameters: Parameters, kind: Kind, label: str) -> _Recipe:
    key = (text, parameters, kind, label)
    recipe = _recipes.get(key)
    if recipe is None:
        recipe = _recipes[key] = _compile(text, parameters, kind, label)
        while len(_recipes) > _MOST_RECIPES:
            _forget(next(iter(list(_recipes))))
    return recipe


def _forget(key: tuple[object, ...]) -> None:
    recipe = _recipes.pop(key, None)
    if recipe is not None:
        linecache.cache.pop(recipe.code.co_filename, None)


def _compile(text: str, parameters: Parameters, kind: Kind, label: str) -> _Recipe:
    fragments = {
        "call": parameters.call,
        "args": parameters.args,
        "kwargs": parameters.kwargs,
        "await": "await " if kind.is_async else "",
    }
    prefix = "_w_"
    while any(name.startswith(prefix) for name in parameters.names):
        prefix = f"_{prefix}"
    mangled: dict[str, str] = {}

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name in fragments:
            return re.sub(r"\$(\w+)", fill, fragments[name])
        return mangled.setdefault(name, prefix + name)

    if relay_text := _RELAY.get(kind):
        text = re.sub(
            r"^([ \t]*)\$relay$\n?",
            lambda match: textwrap.indent(relay_text, match[1]),
            text,
            flags=re.MULTILINE,
        )
    body = textwrap.indent(re.sub(r"\$(\w+)", fill, text.strip()), "    ")
    source = f"{'async ' if kind.is_async else ''}def wrapper({parameters.header}):\n{body}\n"
    filename = f"<pepperpy.infra {label} {crc32(source.encode()):08x}>"
    module = compile(source, filename, "exec", dont_inherit=True)
    # A size and no time of change: linecache keeps such an entry, and tracebacks show its lines.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    code = next(item for item in module.co_consts if isinstance(item, CodeType))
    return _Recipe(code, mangled)


def _publish_without_injected(
    wrapper: FunctionType, func: Callable[..., object], index: int
) -> None:
    """Give *wrapper* the signature and annotations that its callers see."""
    # From 3.14 on annotations are code that runs when they are read: nobody has asked yet.
    lazy = {"annotation_format": 3} if sys.version_info >= (3, 14) else {}
    try:
        signature = inspect.signature(func, **lazy)  # type: ignore[arg-type]
    except ValueError:  # a builtin tells nobody its parameters
        return
    shown = list(signature.parameters.values())
    if index >= len(shown) or shown[index].kind is inspect.Parameter.VAR_POSITIONAL:
        return
    injected = shown.pop(index).name
    wrapper.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
    annotate = getattr(func, "__annotate__", None)
    if annotate is not None:
        wrapper.__annotate__ = lambda form: _without(annotate(form), injected)  # type: ignore[attr-defined]
    elif sys.version_info < (3, 14):
        wrapper.__annotations__ = _without(wrapper.__annotations__, injected)


def _without(annotations: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in annotations.items() if key != name}


def relay(generator: Generator[Any, Any, Any], item: object) -> Generator[Any, Any, Any]:
    """Yield *item*, then go on with *generator* as ``yield from`` does from the start."""
    while True:
        sent = thrown = None
        try:
            sent = yield item
        except GeneratorExit:
            generator.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
            thrown = error
        try:
            item = generator.send(sent) if thrown is None else generator.throw(thrown)
        except StopIteration as stop:
            return stop.value
        finally:
            del thrown
