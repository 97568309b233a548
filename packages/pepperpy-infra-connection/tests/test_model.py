"""The core against what must always hold, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pepperpy.infra.connection import ConnectionPoolConfig
from pepperpy.infra.connection._core import BUSY, DUE, IDLE, LENT, Core, Task

MOSTLY = st.sampled_from([True, True, True, False])


class Ticket:
    def __init__(self, number):
        self.number = number
        self.outcome = None

    def done(self):
        return self.outcome is not None

    def set_result(self, entry):
        assert not self.done()
        self.outcome = entry

    def set_exception(self, error):
        assert not self.done()
        self.outcome = error


class PoolMachine(RuleBasedStateMachine):
    """A driver that does the work of a core in any order, and callers that do as they please."""

    def __init__(self):
        super().__init__()
        config = ConnectionPoolConfig(min_size=1, max_size=3, max_lifetime=50, validate_interval=5)
        self.core = Core(None, config, resets=False)
        self.now = 0.0
        self.works = []
        self.queue = []
        self.lent = {}
        self.open = set()
        self.serial = 0
        self.pump()

    def pump(self):
        while self.core.serve(self.now):
            work = self.core.next_work(self.now)
            if work is None:
                break
            self.begin(work)
        for ticket in self.queue:
            if ticket.done() and not isinstance(ticket.outcome, (str, Exception)):
                entry = ticket.outcome
                assert id(entry) not in self.lent, "lent twice"
                assert entry.connection in self.open, "lent when closed"
                self.lent[id(entry)] = entry
        served = [ticket.number for ticket in self.queue if ticket.done()]
        left = [ticket.number for ticket in self.queue if not ticket.done()]
        gone = [t.number for t in self.queue if isinstance(t.outcome, (str, Exception))]
        assert all(number < min(left, default=99999) for number in served if number not in gone)
        self.queue = [ticket for ticket in self.queue if not ticket.done()]

    def take(self, work):
        if work is not None:
            self.begin(work)

    def begin(self, work):
        self.works.append(work)
        if work.task is Task.CONNECT:
            # Those that are being closed count as well.
            assert len(self.core.entries) + self.core.connecting <= self.core.max_size

    @rule()
    def somebody_wants_one(self):
        self.serial += 1
        ticket = Ticket(self.serial)
        self.queue.append(ticket)
        self.core.waiters.append(ticket)
        self.pump()

    @rule(index=st.integers(0, 5))
    def somebody_gives_up(self, index):
        if self.queue:
            self.queue[index % len(self.queue)].outcome = "gave up"
            self.core.forsake()
            self.pump()

    @rule(index=st.integers(0, 5), failed=st.booleans())
    def one_comes_back(self, index, failed):
        if self.lent:
            entry = self.lent.pop(list(self.lent)[index % len(self.lent)])
            if failed:
                self.core.suspect(entry)
            assert entry.state in (LENT, DUE)
            if entry.state == LENT:
                entry.state = IDLE
                self.core.idle.append(entry)
            else:
                entry.state = BUSY
                self.take(self.core.give(entry, self.now))
            self.pump()

    @rule(index=st.integers(0, 5), good=MOSTLY)
    def some_work_ends(self, index, good):
        if not self.works:
            return
        task, entry = self.works.pop(index % len(self.works))
        if task is Task.CONNECT:
            self.core.connecting -= 1
            if good:
                connection = f"connection {self.serial}"
                self.serial += 1
                self.open.add(connection)
                self.take(
                    self.core.give(self.core.add(connection, self.now), self.now, checked=True)
                )
            else:
                self.core.fill_failed(self.now, 3, 1.0)
                self.core.fail_first(OSError())
        elif task is Task.CHECK:
            self.core.checking -= 1
            if good:
                self.core.checked(entry, self.now)
                self.take(self.core.give(entry, self.now, checked=True))
            else:
                self.take(self.core.retire(entry))
        else:
            self.open.discard(entry.connection)
            self.core.gone(entry)
        self.pump()

    @rule(seconds=st.sampled_from([0.5, 6.0, 30.0]))
    def time_passes(self, seconds):
        self.now += seconds
        for work in self.core.reap(self.now, 10.0):
            self.take(work)
        self.core.fill_at = -1.0
        self.pump()

    @rule(least=st.integers(0, 2), more=st.integers(1, 2))
    def it_is_resized(self, least, more):
        for work in self.core.resize(least, least + more):
            self.take(work)
        self.pump()

    @rule(seconds=st.sampled_from([0.5, 6.0]))
    def one_is_used_and_time_passes(self, seconds):
        self.somebody_wants_one()
        self.some_work_ends(0, good=True)
        self.one_comes_back(0, failed=False)
        self.now += seconds
        self.somebody_wants_one()

    @rule()
    def it_is_drained(self):
        for work in self.core.drain():
            self.take(work)
        self.pump()

    @invariant()
    def every_connection_is_in_one_place(self):
        busy = [work.entry for work in self.works if work.entry is not None]
        places = [*self.core.idle, *self.lent.values(), *busy]
        assert len({id(entry) for entry in places}) == len(places)
        assert {id(e) for e in places} == {id(e) for e in self.core.entries.values()}
        assert self.core.connecting == sum(w.task is Task.CONNECT for w in self.works)
        assert self.core.checking == sum(w.task is Task.CHECK for w in self.works)
        assert self.core.closing == sum(w.task is Task.CLOSE for w in self.works)

    @invariant()
    def nobody_waits_in_vain(self):
        if self.queue:
            assert self.works or self.lent

    def teardown(self):
        """Let everything come to its end: then nobody waits, and every connection can be had."""
        for _ in range(200):
            if self.works:
                self.some_work_ends(0, good=True)
            elif self.lent:
                self.one_comes_back(0, failed=False)
        assert not self.queue
        assert len(self.core.idle) == len(self.core.entries) <= self.core.max_size


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=3 * settings.default.max_examples, stateful_step_count=80)
