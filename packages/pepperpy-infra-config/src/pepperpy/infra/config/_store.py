"""The state of a registry: components, what was set, and the snapshots; each step is all or nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import ForkSafeLock, Signal, did_you_mean, emit, listening, nearest

from ._building import Built, Component, Override, build, failure
from ._changes import ConfigChange, changed_paths
from ._errors import (
    ConfigCycleError,
    ConfigError,
    ConfigNameError,
    FieldError,
    UnknownConfigError,
)
from ._misspelt import misspelt, misspelt_sections
from ._notices import Notices
from ._report import ConfigReport
from ._subscribers import Subscribers
from ._validating import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import BaseModel

    from ._sources import Inputs, Notice, Sources


class Store:
    """What a registry knows.  Everything changes under the lock; `values` is read without it."""

    def __init__(self, name: str, sources: Sources) -> None:
        self.name = name
        self.sources = sources
        self.subscribers = Subscribers()
        self.counts = {"builds": 0, "reloads": 0, "failed_reloads": 0}
        self.values: dict[str, Any] = {}
        """The snapshots by component: the one object that the short way looks into."""
        self.components: dict[str, Component] = {}
        self._lock = ForkSafeLock()
        self._built: dict[str, Built] = {}
        self._overrides: dict[str, Override] = {}
        self._building: set[tuple[int, str]] = set()
        self._generation = 0
        self._notices = Notices()

    def component(self, name: str) -> Component:
        """The component of this name, or the error that tells which there are."""
        found = self.components.get(name)
        if found is not None:
            return found
        known = tuple(self.components)
        hint = did_you_mean(name, known) if nearest(name, known) or not known else ""
        listed = f"registered are: {', '.join(map(repr, sorted(known)))}" if known else ""
        raise UnknownConfigError(
            f"no configuration is registered for {name!r}; {f'{hint} {listed}'.strip()}",
            component=name,
            known=known,
        )

    def add(self, name: str, model: type[BaseModel], *, anew: bool) -> None:
        """Make *model* that of a component."""
        with self._lock:
            known = self.components.get(name)
            if known is not None and known.model is model:
                return
            if known is not None and not anew:
                raise ConfigNameError(
                    f"{name!r} is registered with the model {known.model.__qualname__}; "
                    "choose another name, or pass replace=True",
                    component=name,
                )
            self.components[name] = Component(name, model)
            self._forget(name)

    def first(self, name: str) -> Built:
        """The snapshot of a component, built if there is none."""
        component = self.component(name)
        notices: list[Notice] = []
        try:
            with self._lock:
                known = self._built.get(name)
                if known is not None:  # another thread was faster
                    return known
                built = self._build(component, self._read(), self.override(name), notices)
                if not built.errors:
                    self._keep([built])
            self._tell()
        finally:
            self._notices.warn(notices)
        if built.errors:
            raise failure(built)
        return built

    def override(self, name: str) -> Override:
        """What was set for a component."""
        return self._overrides.get(name, Override())

    def put(self, name: str, join: Callable[[Override], Override]) -> None:
        """Change what is set for a component, if the result is valid."""
        component = self.component(name)
        notices: list[Notice] = []
        try:
            with self._lock:
                override = join(self.override(name))
                built = self._build(component, self._read(), override, notices)
                if not built.errors:
                    self._swap([built])
                    self._overrides[name] = override
            self._tell()
        finally:
            self._notices.warn(notices)
        if built.errors:
            raise failure(built)

    def forget(self, name: str | None) -> None:
        """Drop the snapshot of one component or of all, and what was set."""
        with self._lock:
            for each in tuple(self.components) if name is None else (self.component(name).name,):
                self._forget(each)
            self._generation += 1

    def _forget(self, name: str) -> None:
        self.values.pop(name, None)
        self._built.pop(name, None)
        self._overrides.pop(name, None)

    def reload(self, name: str | None) -> list[ConfigChange]:
        """Build one component, or all that were built, and swap if all of them are valid."""
        if name is not None:
            self.component(name)
        notices: list[Notice] = []
        try:
            with self._lock:
                changes = self._reload(list(self._built) if name is None else [name], notices)
                self.counts["reloads"] += 1
            self._tell()
        except ConfigError as error:
            self.counts["failed_reloads"] += 1
            if listening():
                source = self.name if name is None else name
                facts = {"error": str(error), "code": error.code}
                emit(Signal(kind="config.reload_failed", source=source, level=40, facts=facts))
            raise
        finally:
            self._notices.warn(notices)
        return changes

    def _read(self) -> Inputs:
        # All that was built together comes from one place, wherever the program has gone since.
        return self.sources.read(anew=not self._built)

    def _reload(self, names: list[str], notices: list[Notice]) -> list[ConfigChange]:
        inputs = self._read()
        all_built = [
            self._build(self.components[name], inputs, self.override(name), notices)
            for name in names
        ]
        errors = [error for built in all_built for error in built.errors]
        if errors and len(names) == 1:
            raise failure(all_built[0])
        if errors:
            raise invalid("the configuration", with_components(errors))
        self._generation += 1
        return self._swap(all_built)

    def _build(
        self, component: Component, inputs: Inputs, override: Override, notices: list[Notice]
    ) -> Built:
        mark = (os.getpid(), component.name)  # a fork must not inherit what was under way
        if mark in self._building:
            raise ConfigCycleError(
                f"the configuration of {component.name!r} needs itself to be built",
                component=component.name,
            )
        self._building.add(mark)
        try:
            built = build(component, inputs, override, self.components)
        finally:
            self._building.discard(mark)
        self.counts["builds"] += 1
        notices += built.notices
        notices += self._notices.misspelt(inputs, self.components.values())
        return built

    def _keep(self, all_built: Sequence[Built]) -> None:
        for built in all_built:
            self._built[built.component.name] = built
        # In one step: who looks without the lock sees all of them, or none.
        self.values.update([(built.component.name, built.value) for built in all_built])

    def _swap(self, all_built: list[Built]) -> list[ConfigChange]:
        """Put new snapshots in the place of old ones; one that is equal stays the same object."""
        changes: list[ConfigChange] = []
        kept: list[Built] = []
        for built in all_built:
            old = self._built.get(built.component.name)
            change = _change(old, built)
            if change is not None:
                changes.append(change)
            elif old is not None and not built.given and not _was_touched(old):
                built = built._replace(value=old.value)  # noqa: PLW2901
            kept.append(built)
        self._keep(kept)
        self.subscribers.note(changes)
        return changes

    def _tell(self) -> None:
        # A model that changes another one while it is built: who builds it tells of both.
        if not self._lock.is_mine():
            self.subscribers.tell()

    def put_all(self, joins: Mapping[str, Callable[[Override], Override]]) -> Callable[[], None]:
        """Change what is set for several components, or for none; the result undoes it."""
        with self._lock:
            for name in joins:
                self.component(name)
            before = {name: (self._overrides.get(name), self._built.get(name)) for name in joins}
            generation = self._generation
        done: list[str] = []
        try:
            for name, join in joins.items():
                done.append(name)
                self.put(name, join)
        except BaseException:
            self._restore(before, done, generation)
            raise
        return lambda: self._restore(before, done, generation)

    def _restore(
        self,
        before: Mapping[str, tuple[Override | None, Built | None]],
        names: list[str],
        generation: int,
    ) -> None:
        with self._lock:
            for name in names:
                override, built = before[name]
                now = self._built.get(name)
                self._forget(name)
                if override is not None:
                    self._overrides[name] = override
                # After a reload the old snapshot is out of date, and the next use builds one.
                if built is not None and self._generation == generation:
                    self._keep([built])
                    change = _change(now, built)
                    self.subscribers.note([] if change is None else [change])
        self._tell()

    def report(self, components: Sequence[Component], what: str) -> ConfigReport:
        """All that is wrong with some components; no snapshot is made."""
        errors: list[FieldError] = []
        notices: list[Notice] = []
        with self._lock:
            try:
                inputs = self._read()
                # All of them, also those that were warned of before.
                notices += misspelt(inputs.names(), self.components.values())
                notices += misspelt_sections(inputs, self.components.values())
                for each in components:
                    built = self._build(each, inputs, self.override(each.name), notices)
                    errors += built.errors
            except ConfigError as error:
                origin = str(getattr(error, "path", ""))
                errors.append(FieldError(message=str(error), origin=origin, kind=error.code))
        if len(components) != 1:
            errors = with_components(errors)
        warnings = dict.fromkeys(notice.message for notice in notices)
        return ConfigReport(name=what, errors=tuple(errors), warnings=tuple(warnings))


def _change(old: Built | None, new: Built) -> ConfigChange | None:
    if old is None:
        return None
    paths = changed_paths(old.pristine, new.pristine)
    if not paths:
        return None
    return ConfigChange(name=new.component.name, old=old.value, new=new.value, paths=paths)


def _was_touched(built: Built) -> bool:
    return bool(changed_paths(built.pristine, built.value))


def with_components(errors: Sequence[FieldError]) -> list[FieldError]:
    """The errors with the component as the first part of their paths."""
    return [
        replace(error, path=".".join(filter(None, (error.component, error.path))))
        for error in errors
    ]
