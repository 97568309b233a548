"""`emit` and `subscribe`."""

import asyncio
from concurrent.futures import CancelledError as FutureCancelled

import pytest

from pepperpy.infra.utils import Signal, emit, listening, subscribe

RANG = Signal(kind="demo.rang", source="bell")


@pytest.fixture
def heard():
    signals = []
    unsubscribe = subscribe(signals.append)
    yield signals
    unsubscribe()


class TestSignal:
    def test_is_a_warning_without_facts_by_default(self):
        assert (RANG.level, RANG.facts) == (30, {})

    def test_cannot_be_changed(self):
        with pytest.raises(AttributeError):
            RANG.kind = "demo.fell"

    def test_takes_keywords_only(self):
        with pytest.raises(TypeError):
            Signal("demo.rang", "bell")


class TestSubscribe:
    def test_listener_hears_every_signal(self, heard):
        emit(RANG)

        assert heard == [RANG]

    def test_unsubscribing_ends_it_and_may_be_repeated(self):
        signals = []
        unsubscribe = subscribe(signals.append)

        unsubscribe()
        unsubscribe()
        emit(RANG)

        assert signals == []

    def test_a_listener_subscribed_twice_hears_twice_until_it_leaves_once(self):
        signals = []
        leave, stay = subscribe(signals.append), subscribe(signals.append)
        emit(RANG)
        leave()
        emit(RANG)
        stay()

        assert len(signals) == 3

    def test_listening_tells_whether_anybody_is_there(self):
        before = listening()
        unsubscribe = subscribe(lambda signal: None)
        during = listening()
        unsubscribe()

        assert (before, during, listening()) == (False, True, False)

    def test_a_listener_may_leave_while_it_is_called(self, heard):
        unsubscribe = subscribe(lambda signal: unsubscribe())

        emit(RANG)
        emit(RANG)

        assert heard == [RANG, RANG]


async def to_await(signal):
    pass


def with_items(signal):
    yield signal


@pytest.mark.parametrize("bad", [None, 5, "print", to_await, with_items])
def test_what_cannot_listen_is_refused_at_once(bad):
    with pytest.raises(TypeError, match="a listener must be a plain function"):
        subscribe(bad)

    assert not listening()


class TestFailingListener:
    def test_breaks_neither_the_sender_nor_other_listeners(self):
        signals = []

        def broken(signal):
            raise ValueError("broken")

        leave = [subscribe(broken), subscribe(signals.append)]
        emit(RANG)
        for each in leave:
            each()

        assert signals == [RANG]

    def test_is_logged_with_its_error_and_itself(self, caplog):
        def broken(signal):
            raise ValueError("broken")

        unsubscribe = subscribe(broken)
        emit(RANG)
        unsubscribe()

        (record,) = caplog.records
        assert (record.name, record.levelname) == ("pepperpy.infra.utils", "ERROR")
        assert "demo.rang of bell" in record.getMessage()
        assert "broken at" in record.getMessage()
        assert record.exc_info[0] is ValueError

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError, FutureCancelled])
    def test_control_flow_passes_through(self, kind):
        def interrupted(signal):
            raise kind

        unsubscribe = subscribe(interrupted)
        with pytest.raises(kind):
            emit(RANG)
        unsubscribe()


def test_a_listener_does_not_hear_what_it_causes_itself(heard):
    echoes = []

    def echo(signal):
        echoes.append(signal)
        emit(Signal(kind="demo.echoed", source="wall"))

    unsubscribe = subscribe(echo)
    emit(RANG)
    unsubscribe()

    assert echoes == [RANG]
    assert [signal.kind for signal in heard] == ["demo.rang", "demo.echoed"]
