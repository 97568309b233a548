from __future__ import annotations

import gc
import threading

import pytest

from pepperpy.infra.utils import Inspectable, inspectables, register_inspectable


class Queue:
    __hash__ = None  # unhashable, and equal to every other one

    def __eq__(self, other):
        return True

    def inspect(self):
        return {"kind": "queue"}


def found(obj):
    return [one for one in inspectables() if one is obj]


class TestInspectables:
    def test_unhashable_and_equal_objects_are_told_apart(self):
        first, second = Queue(), Queue()

        register_inspectable(first)
        register_inspectable(second)

        assert (len(found(first)), len(found(second))) == (1, 1)

    def test_registering_twice_counts_once(self):
        queue = Queue()

        register_inspectable(queue)
        register_inspectable(queue)

        assert len(found(queue)) == 1

    def test_dead_objects_are_forgotten(self):
        before = len(inspectables())
        queue = Queue()
        register_inspectable(queue)

        del queue
        gc.collect()

        assert len(inspectables()) == before

    def test_anything_with_an_inspect_method_is_one(self):
        assert isinstance(Queue(), Inspectable)
        assert not isinstance(object(), Inspectable)

    def test_objects_without_inspect_are_refused_by_name(self):
        with pytest.raises(TypeError, match="dict has none"):
            register_inspectable({})

    def test_objects_without_weak_references_are_refused_with_the_cure(self):
        class Slotted:
            __slots__ = ()

            def inspect(self):
                return {}

        with pytest.raises(TypeError, match='add "__weakref__" to its __slots__'):
            register_inspectable(Slotted())

    def test_registering_and_reading_from_many_threads_loses_nothing(self):
        kept = [[] for _ in range(8)]

        def work(mine):
            for _ in range(200):
                queue = Queue()
                register_inspectable(queue)
                mine.append(queue)
                register_inspectable(Queue())  # dies at once, while others iterate
                inspectables()

        threads = [threading.Thread(target=work, args=(mine,)) for mine in kept]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        alive = {id(one) for one in inspectables()}
        assert all(id(queue) in alive for mine in kept for queue in mine)
