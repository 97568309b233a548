"""Providers, one after the other."""

import asyncio
import gc
import inspect as inspection
import pickle
import weakref
from contextlib import suppress

import pytest

from pepperpy.infra.resilience import (
    CircuitBreaker,
    CircuitBreakerConfig,
    CircuitBreakerError,
    CircuitConflictError,
    CircuitState,
    InvalidPolicyError,
    ProviderFallback,
    ProviderFallbackError,
    get_circuit_breaker,
    get_fallback,
    isolated_circuit_breakers,
    with_fallback,
)
from pepperpy.infra.utils import FakeClock, subscribe


@pytest.fixture(autouse=True)
def _isolated():
    with isolated_circuit_breakers():
        yield


class Down(Exception):
    pass


def ask(provider_id, healthy, seen=None):
    if seen is not None:
        seen.append(provider_id)
    if provider_id not in healthy:
        raise Down(provider_id)
    return provider_id


async def aask(provider_id, healthy, seen=None):
    await asyncio.sleep(0)
    return ask(provider_id, healthy, seen)


def decorated(**options):
    return with_fallback("a", ["b", "c"], **options)(ask)


def executed(**options):
    fallback = ProviderFallback("a", ["b", "c"], **options)
    return lambda *args: fallback.execute(ask, *args)


@pytest.mark.parametrize("make", [decorated, executed])
class TestOrder:
    def test_providers_are_asked_in_order_until_one_answers(self, make):
        seen = []

        assert make()("bc", seen) == "b"

        assert seen == ["a", "b"]

    def test_an_open_circuit_is_skipped_without_a_call(self, make):
        get_circuit_breaker("a").force_open()
        seen = []

        assert make()("abc", seen) == "b"

        assert seen == ["b"]

    def test_every_cause_is_kept(self, make):
        call = make()
        get_circuit_breaker("b").force_open()

        with pytest.raises(ProviderFallbackError) as caught:
            call("")

        error = caught.value
        assert isinstance(error, ExceptionGroup)
        assert [type(each) for each in error.exceptions] == [Down, CircuitBreakerError, Down]
        assert error.providers == ("a", "b", "c")
        assert "a (Down), b (CircuitBreakerError), c (Down)" in str(error)

    def test_failures_open_the_registrys_breaker_of_the_provider(self, make):
        call = make(config=CircuitBreakerConfig(failure_threshold=1))

        call("b")

        assert get_circuit_breaker("a").state is CircuitState.OPEN
        assert get_circuit_breaker("b").state is CircuitState.CLOSED

    def test_an_error_that_is_not_the_providers_asks_nobody_else(self, make):
        call, seen = make(exceptions=(Down, OSError)), []

        with pytest.raises(TypeError):
            call(None, seen)  # it cannot be asked for a provider

        assert seen == ["a"]

    def test_an_open_circuit_is_skipped_whatever_the_exceptions_are(self, make):
        get_circuit_breaker("a").force_open()
        seen = []

        assert make(exceptions=Down)("c", seen) == "c"

        assert seen == ["b", "c"]

    def test_a_rejection_by_another_circuit_is_an_error_like_any_other(self, make):
        other = CircuitBreaker("other")
        other.force_open()

        class Guarded:
            def __contains__(self, _):
                return other.execute(bool)

        with pytest.raises(CircuitBreakerError, match="other"):
            make(exceptions=Down)(Guarded())
        with pytest.raises(ProviderFallbackError):
            make()(Guarded())

    def test_an_interrupt_asks_nobody_else(self, make):
        seen = []

        class Interrupting:
            def __contains__(self, _):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make()(Interrupting(), seen)

        assert seen == ["a"]


@pytest.mark.asyncio
class TestAsync:
    async def test_coroutine_functions(self):
        call = with_fallback("a", ["b", "c"])(aask)
        fallback = get_fallback("a", ["b", "c"])

        assert inspection.iscoroutinefunction(call)
        assert await call("c") == "c"
        assert await fallback.execute(aask, "c") == "c"
        assert await fallback.execute(lambda provider: aask(provider, "b")) == "b"
        with pytest.raises(ProviderFallbackError) as caught:
            await fallback.execute(aask, "")
        assert len(caught.value.exceptions) == 3

    @pytest.mark.parametrize("hedge_after", [None, 60.0])
    async def test_an_error_that_is_not_the_providers_asks_nobody_else(self, hedge_after):
        fallback = ProviderFallback("a", ["b", "c"], exceptions=Down, hedge_after=hedge_after)
        seen = []

        class Mistaken:
            def __contains__(self, provider):
                if provider == "b":
                    raise TypeError
                return False

        for call in (fallback(aask), lambda *args: fallback.execute(aask, *args)):
            with pytest.raises(TypeError):
                await call(Mistaken(), seen)

        assert seen == ["a", "b"] * 2

    async def test_a_hedge_skips_an_open_circuit_whatever_the_exceptions_are(self):
        get_circuit_breaker("a").force_open()

        call = with_fallback("a", ["b", "c"], exceptions=Down, hedge_after=60.0)(aask)

        assert await call("c") == "c"

    async def test_cancellation_passes_through_and_asks_nobody_else(self):
        seen = []

        @with_fallback("a", ["b"])
        async def call(provider_id):
            seen.append(provider_id)
            await asyncio.get_running_loop().create_future()

        task = asyncio.ensure_future(call())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert seen == ["a"]


@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["decorated", "execute", "method"])
@pytest.mark.parametrize("answering", ["a", "b", "c", None])
async def test_providers_may_be_plain_for_some_and_coroutines_for_others(form, answering):
    fallback = ProviderFallback("a", ["b", "c"])

    def mixed(provider_id, word):
        async def later():
            await asyncio.sleep(0)
            return ask(provider_id, [answering]) + word

        return later() if provider_id != "c" else ask("c", [answering]) + word

    class Client:
        @fallback
        def call(self, provider_id, word):
            return mixed(provider_id, word)

    forms = {
        "decorated": fallback(mixed),
        "execute": lambda word: fallback.execute(mixed, word),
        "method": Client().call,
    }
    if answering:
        assert await forms[form]("!") == f"{answering}!"
    else:
        with pytest.raises(ProviderFallbackError) as caught:
            await forms[form]("!")
        assert [str(error) for error in caught.value.exceptions] == ["a", "b", "c"]
    failed = fallback.providers[: "abc".index(answering or "c") + (not answering)]
    for name in fallback.providers:
        facts = get_circuit_breaker(name).inspect()["facts"]
        assert facts["failures"] == (name in failed)
        assert facts["successes"] == (name == answering)


class TestSignature:
    def test_it_is_published_without_the_provider(self):
        @with_fallback("a", ["b"])
        def call(provider_id: str, path: str, *, depth: int = 1) -> str:
            return f"{provider_id}{path}{depth}"

        assert str(inspection.signature(call)) == "(path: str, *, depth: int = 1) -> str"
        assert call(path="/x", depth=2) == "a/x2"

    def test_in_a_method_it_comes_after_self(self):
        class Client:
            @with_fallback("a", ["b"])
            def call(self, provider_id, path):
                return self, provider_id, path

        client = Client()

        assert client.call("/x") == (client, "a", "/x")

    def test_generators_and_functions_without_a_place_are_refused(self):
        def items(provider_id):
            yield provider_id

        with pytest.raises(TypeError, match="generator"):
            with_fallback("a", ["b"])(items)
        with pytest.raises(TypeError, match="no positional parameter"):
            with_fallback("a", ["b"])(lambda: 1)


class TestRegistry:
    def test_names_with_separators_do_not_collide(self):
        assert get_fallback("a", ["b,c"]) is not get_fallback("a,b", ["c"])
        assert get_fallback("a", ["b"]) is get_fallback("a", ["b"])

    def test_another_config_is_an_error(self):
        get_fallback("a", ["b"], CircuitBreakerConfig(failure_threshold=2))

        with pytest.raises(CircuitConflictError):
            get_fallback("a", ["b"], CircuitBreakerConfig(failure_threshold=3))

    @pytest.mark.parametrize(
        ("primary", "fallbacks"),
        [
            ("a", "bc"),
            ("", ["b"]),
            ("a", ["a"]),
            ("a", [None]),
            ("a", None),
            ([], ["b"]),
            ("a", [[]]),
        ],
    )
    def test_names_that_are_none_are_refused(self, primary, fallbacks):
        for make in (ProviderFallback, get_fallback, with_fallback):
            with pytest.raises(InvalidPolicyError):
                make(primary, fallbacks)

    @pytest.mark.parametrize("exceptions", ["Down", [Down, 1], KeyboardInterrupt, None])
    def test_exceptions_that_are_none_are_refused(self, exceptions):
        for make in (ProviderFallback, get_fallback, with_fallback):
            with pytest.raises(InvalidPolicyError, match="exceptions must be"):
                make("a", ["b"], exceptions=exceptions)

    def test_other_exceptions_make_another_fallback(self):
        strict = get_fallback("a", ["b"], exceptions=Down)

        assert strict is get_fallback("a", ["b"], exceptions=[Down])
        assert strict is not get_fallback("a", ["b"])


watched = weakref.WeakSet()


class Watched(Exception):
    def __init__(self):
        super().__init__()
        watched.add(self)


@pytest.mark.asyncio
@pytest.mark.parametrize("hedge_after", [None, 1.0])
@pytest.mark.parametrize("healthy", [["c"], []])
@pytest.mark.parametrize("form", ["decorated", "execute", "plain", "plain execute"])
async def test_errors_are_gone_with_the_call_not_with_the_next_collection(
    hedge_after, healthy, form
):
    if hedge_after and "plain" in form:
        return
    fallback = ProviderFallback("a", ["b", "c"], hedge_after=hedge_after)

    def plain(provider_id):
        if provider_id not in healthy:
            raise Watched
        return provider_id

    async def call(provider_id):
        return plain(provider_id)

    func = plain if "plain" in form else call
    gc.collect()
    gc.disable()
    try:
        with suppress(ProviderFallbackError):
            answer = fallback.execute(func) if "execute" in form else fallback(func)()
            if "plain" not in form:
                await answer
        for name in fallback.providers:
            get_circuit_breaker(name).reset()
        await asyncio.sleep(0)
        assert not list(watched)
    finally:
        gc.enable()


@pytest.mark.asyncio
class TestHedging:
    async def test_the_next_one_starts_when_the_first_is_slow_and_the_loser_is_cancelled(self):
        ended = []

        @with_fallback("a", ["b"], hedge_after=0.0)
        async def call(provider_id):
            if provider_id == "a":
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    ended.append("a")
            return provider_id

        assert await call() == "b"

        assert ended == ["a"]
        assert get_circuit_breaker("a").inspect()["facts"]["failures"] == 0

    async def test_the_next_one_starts_at_once_when_the_first_fails(self):
        clock = FakeClock()
        get_circuit_breaker("a", clock=clock)

        @with_fallback("a", ["b"], hedge_after=60.0)
        async def call(provider_id):
            if provider_id == "a":
                raise Down
            return provider_id

        assert await call() == "b"

    async def test_nobody_else_is_asked_when_the_first_is_quick(self):
        seen = []
        fallback = ProviderFallback("a", ["b"], hedge_after=30.0)

        assert await fallback.execute(aask, "ab", seen) == "a"

        assert seen == ["a"]

    async def test_all_failed(self):
        fallback = ProviderFallback("a", ["b", "c"], hedge_after=0.0)
        get_circuit_breaker("b").force_open()

        with pytest.raises(ProviderFallbackError) as caught:
            await fallback.execute(aask, "")

        kinds = [type(each) for each in caught.value.exceptions]
        assert kinds == [Down, CircuitBreakerError, Down]

    async def test_cancelling_the_race_cancels_everybody_in_it(self):
        ended = []

        async def hang(provider_id):
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.append(provider_id)

        task = asyncio.ensure_future(ProviderFallback("a", ["b"], hedge_after=0.0).execute(hang))
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert sorted(ended) == ["a", "b"]

    async def test_a_plain_function_is_refused(self):
        with pytest.raises(TypeError, match="coroutine function"):
            with_fallback("a", ["b"], hedge_after=1.0)(ask)


def test_the_error_survives_pickling_and_splitting():
    with pytest.raises(ProviderFallbackError) as caught:
        ProviderFallback("a", ["b"]).execute(ask, "")

    twin = pickle.loads(pickle.dumps(caught.value))
    some = caught.value.subgroup(lambda error: error.args == ("b",))
    assert twin.providers == ("a", "b")
    assert some.providers == ("b",)


def test_it_says_how_often_it_was_needed():
    fallback = ProviderFallback("a", ["b"])
    heard = []
    unsubscribe = subscribe(heard.append)
    fallback.execute(ask, "b")
    with pytest.raises(ProviderFallbackError):
        fallback.execute(ask, "")
    unsubscribe()

    assert fallback.inspect()["facts"] == {"exhausted": 1, "served_by_b": 1}
    assert [signal.kind for signal in heard] == ["fallback.exhausted"]
