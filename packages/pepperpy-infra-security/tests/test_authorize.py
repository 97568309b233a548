"""Permissions: what a pattern covers, which one decides, and whose record counts."""

from __future__ import annotations

import copy
import pickle
from enum import Enum
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pepperpy.infra.security import (
    AuthorizationError,
    Authorizer,
    Credential,
    Decision,
    Identity,
    InvalidPermissionError,
    MemoryIdentityStore,
    PermissionLevel,
    Reason,
    SecurityManager,
    SimpleAuthorizer,
    _permissions,
)
from pepperpy.infra.security._permissions import Permissions

NONE, READ, WRITE = PermissionLevel.NONE, PermissionLevel.READ, PermissionLevel.WRITE
ADMIN, SYSTEM = PermissionLevel.ADMIN, PermissionLevel.SYSTEM


def allowed(permissions, resource, level=READ) -> bool:
    manager = SecurityManager()
    identity = manager.create_identity("ann", permissions)
    answer = manager.authorize(identity, resource, level)
    assert isinstance(answer, bool)
    assert answer is bool(manager.explain(identity, resource, level))
    assert answer is identity.has_permission(resource, level)
    return answer


class TestLevels:
    def test_are_in_order_and_each_holds_those_below(self) -> None:
        levels = [NONE, READ, WRITE, ADMIN, SYSTEM]

        assert sorted(levels, reverse=True) == levels[::-1]
        for given_level, asked in product(levels, levels):
            assert allowed({"a": given_level}, "a", asked) is (NONE < asked <= given_level)

    @pytest.mark.parametrize("level", [10, "READ", None, True, 1.0])
    def test_what_is_none_is_refused(self, manager, level) -> None:
        identity = manager.create_identity("ann", {"*": SYSTEM})

        with pytest.raises(InvalidPermissionError):
            manager.authorize(identity, "a", level)
        with pytest.raises(TypeError, match="must be a PermissionLevel"):
            manager.create_identity("bob", {"a": level})
        with pytest.raises(ValueError, match="must be a PermissionLevel"):
            manager.update_permissions(identity.id, {"a": level})
        assert manager.get_identity(identity.id).permissions == {"*": SYSTEM}


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "covers", "not_covers"),
        [
            ("*", ["a", "a:b", "a:b:c"], [""]),
            ("a", ["a"], ["b", "a:b", "A", "a ", " a", "á", ""]),
            ("a:*", ["a:b", "a:b:c"], ["a", "ab", "ab:c", "b:a", "a:", "a::b"]),
            ("a:*:c", ["a:b:c", "a:*a:c"], ["a:c", "a:b:b:c", "a:b:c:d", "a::c"]),
            ("*:read", ["a:read"], ["a:b:read", "read", ":read", "a:reader"]),
            ("*:*", ["a:b", "a:b:c"], ["a"]),
            ("é:*", ["é:b"], ["e\u0301:b"]),
        ],
    )
    def test_a_star_is_a_whole_segment_and_a_last_one_the_rest(
        self, pattern, covers, not_covers
    ) -> None:
        assert [text for text in covers if not allowed({pattern: READ}, text)] == []
        assert [text for text in not_covers if allowed({pattern: READ}, text)] == []

    @pytest.mark.parametrize(
        ("permissions", "grants", "denies"),
        [
            ({"*": WRITE, "a:*": NONE, "a:b": WRITE}, ["x", "a:b", "a"], ["a:c", "a:b:c"]),
            ({"a:*": NONE, "a:b:*": WRITE}, ["a:b:c"], ["a:b", "a:c"]),
            ({"a:*:c": WRITE, "a:*": NONE}, ["a:b:c"], ["a:b", "a:b:d"]),
            ({"a:*:c": NONE, "a:b:*": WRITE}, ["a:b:c"], ["a:x:c"]),
            ({"*:b": WRITE, "a:*": READ}, ["x:b"], ["a:b"]),
            ({"*": WRITE, "a": READ}, ["b"], ["a"]),
        ],
    )
    def test_the_most_specific_pattern_decides(self, permissions, grants, denies) -> None:
        for order in (permissions, dict(reversed(permissions.items()))):
            assert [text for text in grants if not allowed(order, text, WRITE)] == []
            assert [text for text in denies if allowed(order, text, WRITE)] == []

    @pytest.mark.parametrize(
        ("permissions", "grants", "denies"),
        [
            ({"a:b": WRITE}, ["a:b"], ["a:*", "*", "*:b", "*:*"]),
            ({"a:*": WRITE}, ["a:*", "a:b:*", "a:*:c", "a:*:*"], ["*", "*:*", "*:b"]),
            ({"*": WRITE}, ["*", "a:*", "*:*"], []),
            ({"*": WRITE, "a:b": NONE}, ["a:c:*", "b:*", "a:*:c"], ["*", "a:*", "*:b", "*:*"]),
            ({"*": WRITE, "a:b": READ, "a:c": ADMIN}, ["b:*"], ["*", "a:*"]),
            ({"*": WRITE, "a:*": WRITE, "*:b": NONE}, ["a:*"], ["*", "x:*"]),
            ({"*": READ, "a:*": WRITE}, ["a:*"], ["*"]),
            # A denial that something more specific hides wherever it would count.
            ({"*": WRITE, "*:b": NONE, "a:b": WRITE}, ["a:*"], ["*", "*:b"]),
            ({"*": WRITE, "*:b:*": NONE, "a:*": WRITE}, ["a:*", "a:b:*"], ["*", "c:*"]),
        ],
    )
    def test_asking_for_a_star_needs_all_that_it_covers(self, permissions, grants, denies) -> None:
        assert [text for text in grants if not allowed(permissions, text, WRITE)] == []
        assert [text for text in denies if allowed(permissions, text, WRITE)] == []

    @pytest.mark.parametrize(
        "pattern",
        ["", ":", "a:", ":a", "a::b", "a*", "*a", "**", "a:b*", "a:**:c", 7, None, ("a",), b"a"],
        ids=repr,
    )
    def test_what_is_no_pattern_is_refused_where_it_is_written(self, manager, pattern) -> None:
        identity = manager.create_identity("ann")

        with pytest.raises(InvalidPermissionError) as caught:
            manager.create_identity("bob", {pattern: READ})
        assert caught.value.pattern == pattern
        with pytest.raises(InvalidPermissionError):
            manager.update_permissions(identity.id, {pattern: READ})
        with pytest.raises(InvalidPermissionError):
            manager.create_api_key(identity.id, scopes={pattern: READ})
        assert [each.name for each in manager.list_identities()] == ["ann"]
        assert identity.credentials == []

    def test_a_pattern_from_an_enum_is_its_text(self, manager) -> None:
        class Place(str, Enum):  # noqa: UP042 - whose str() is its name
            PAYROLL = "documents:payroll"

        ann = manager.create_identity("ann", {"documents:*": READ, Place.PAYROLL: NONE})

        assert ann.permissions == {"documents:*": READ, "documents:payroll": NONE}
        assert not manager.authorize(ann, "documents:payroll", READ)
        assert not manager.authorize(ann, Place.PAYROLL, READ)

    def test_patterns_are_bounded(self, manager) -> None:
        for pattern in (":".join("a" * 33), "a" * 1025):
            with pytest.raises(InvalidPermissionError, match="more than"):
                manager.create_identity("ann", {pattern: READ})

    @pytest.mark.parametrize("permissions", [[], "a", 7, {"a"}, [("a", READ)]])
    def test_permissions_are_a_mapping(self, manager, permissions) -> None:
        with pytest.raises(InvalidPermissionError, match="must be a mapping"):
            manager.create_identity("ann", permissions)

    @pytest.mark.parametrize("resource", [None, 7, b"a", ["a"], ("a",), object()], ids=repr)
    def test_what_is_no_resource_is_denied(self, manager, resource) -> None:
        identity = manager.create_identity("ann", {"*": SYSTEM})

        assert manager.authorize(identity, resource, READ) is False
        assert identity.has_permission(resource, READ) is False

    @pytest.mark.parametrize("level", [READ, WRITE])
    def test_a_star_from_outside_looks_at_each_grant_once(self, level, monkeypatch) -> None:
        looked = []
        original = _permissions._hides
        monkeypatch.setattr(
            _permissions,
            "_hides",
            lambda before, shared: looked.append(len(before)) or original(before, shared),
        )
        grants = {f"documents:{number}:*": READ for number in range(200)}

        for resource in ("*", "documents:*", "*:*"):
            allowed(grants, resource, level)

        assert sum(looked) == 0

    def test_a_resource_of_a_million_segments_is_answered(self) -> None:
        assert allowed({"*": READ}, ":".join("a" * 1_000_000))
        assert not allowed({"a:a:*:b": READ}, ":".join("a" * 1_000_000))
        assert not allowed({"a": READ}, ":".join("*" * 1_000_000))


# Resources of a small world, and one segment that no pattern names.
WORLD = [
    ":".join(segments) for length in (1, 2, 3, 4) for segments in product("abz", repeat=length)
]
patterns = st.lists(st.sampled_from("ab*"), min_size=1, max_size=3).map(":".join)
tables = st.dictionaries(patterns, st.sampled_from([NONE, READ, WRITE]), max_size=6)


def covers(pattern: str, resource: str) -> bool:
    wanted, given_segments = pattern.split(":"), resource.split(":")
    if wanted[-1] == "*":
        if len(given_segments) < len(wanted):
            return False
        given_segments = given_segments[: len(wanted)]
    return len(wanted) == len(given_segments) and all(
        want in ("*", have) for want, have in zip(wanted, given_segments, strict=True)
    )


def naive(table, resource: str) -> PermissionLevel:
    """The level of the most specific pattern, by looking at all of them."""

    def rank(pattern: str) -> list[int]:
        segments = pattern.split(":")
        ranks = [1 if segment == "*" else 0 for segment in segments]
        return [*ranks[:-1], 2] if segments[-1] == "*" else ranks

    fitting = [pattern for pattern in table if covers(pattern, resource)]
    return table[min(fitting, key=rank)] if fitting else NONE


class TestAlgebra:
    @given(tables, st.sampled_from(WORLD))
    def test_a_resource_gets_what_a_naive_reading_gives(self, table, resource) -> None:
        rule = Permissions(table).deciding(resource, READ)

        assert (rule.level if rule else NONE) == naive(table, resource)

    @given(tables, patterns.filter(lambda pattern: "*" in pattern), st.sampled_from([READ, WRITE]))
    @example({"*": WRITE, "a:*": NONE, "a:*:*": WRITE}, "a:*", WRITE)
    @example({"*": WRITE, "a:b": NONE, "*:b": WRITE}, "*:b", WRITE)
    def test_a_star_is_granted_exactly_if_all_that_it_covers_is(self, table, asked, level) -> None:
        rule = Permissions(table).deciding(asked, level)

        everything = all(
            naive(table, resource) >= level for resource in WORLD if covers(asked, resource)
        )
        assert (rule is not None and rule.level >= level) is everything

    @given(tables, tables, st.sampled_from(WORLD), st.sampled_from([READ, WRITE]))
    def test_scopes_narrow_and_never_widen(self, table, scopes, resource, level) -> None:
        manager = SecurityManager()
        identity = manager.create_identity("ann", table)
        narrowed = manager.authenticate(manager.create_api_key(identity.id, scopes=scopes))

        answer = manager.authorize(narrowed, resource, level)

        both = naive(table, resource) >= level and naive(scopes, resource) >= level
        assert answer is both
        assert narrowed.has_permission(resource, level) is both
        assert answer <= manager.authorize(identity, resource, level)


class TestWhoseRecord:
    def test_denies_by_default(self, manager) -> None:
        identity = manager.create_identity("ann")

        assert not manager.authorize(identity, "a", READ)
        assert not manager.authorize(manager.create_identity("bob", {}), "*", READ)

    def test_a_made_up_identity_is_not_authorized(self, manager) -> None:
        identity = manager.create_identity("ann", {"a": READ})

        class Liar(Identity):
            def has_permission(self, resource, level):
                return True

        class Duck:
            id, name, permissions = identity.id, "ann", {"*": SYSTEM}
            _seal = "seal"

        for made_up in (
            *(None, identity.id, "ann", object(), Duck(), {"id": identity.id}, identity.__class__),
            Identity(identity.id, "ann", permissions={"*": SYSTEM}),
            Liar(identity.id, "ann", permissions={"*": SYSTEM}),
            pickle.loads(pickle.dumps(identity)),
            copy.deepcopy(identity),
            Credential(id=identity.id),
        ):
            assert manager.authorize(made_up, "a", READ) is False, made_up
            assert manager.explain(made_up, "a", READ).reason is Reason.UNKNOWN_IDENTITY

    def test_an_identity_of_another_manager_is_not_authorized(self, manager, clock) -> None:
        identity = manager.create_identity("ann", {"a": READ})
        stores = manager._credentials, manager._identities
        other = SecurityManager()
        twin = SecurityManager(*stores, clock=clock)  # that even keeps the same records

        assert not other.authorize(identity, "a", READ)
        assert not twin.authorize(identity, "a", READ)
        assert twin.authorize(twin.get_identity(identity.id), "a", READ)

    def test_changing_an_identity_changes_nothing(self, manager) -> None:
        ann = manager.create_identity("ann", {"a": READ})
        admin = manager.create_identity("admin", {"*": SYSTEM})

        ann.permissions["*"] = SYSTEM
        ann.id, ann.name = admin.id, admin.name

        assert not manager.authorize(ann, "b", READ)
        assert manager.authorize(ann, "a", READ)

    def test_changed_permissions_count_at_once_for_all_who_hold_the_identity(self, manager) -> None:
        identity = manager.create_identity("ann", {"a": READ, "b": READ})
        session = manager.authenticate(manager.create_api_key(identity.id))

        view = manager.update_permissions(identity.id, {"a": WRITE})

        assert view.permissions == {"a": WRITE}
        assert identity.permissions == {"a": READ, "b": READ}
        for each in (identity, session, view):
            assert manager.authorize(each, "a", WRITE)
            assert not manager.authorize(each, "b", READ)

    def test_a_key_narrowed_to_nothing_may_nothing(self, manager) -> None:
        identity = manager.create_identity("ann", {"*": SYSTEM})
        for scopes in ({}, [], {"*": NONE}):
            session = manager.authenticate(manager.create_api_key(identity.id, scopes=scopes))
            assert not manager.authorize(session, "a", READ)
            assert not session.has_permission("a", READ)

    def test_scopes_may_be_patterns_alone(self, manager) -> None:
        identity = manager.create_identity("ann", {"*": WRITE})

        credential = manager.create_api_key(identity.id, scopes=["a:*"])
        session = manager.authenticate(credential)

        assert manager.authorize(session, "a:b", WRITE)
        assert not manager.authorize(session, "a:b", ADMIN)
        assert not manager.authorize(session, "b", READ)

    @pytest.mark.parametrize("scopes", ["a:*", 7])
    def test_scopes_that_are_none_are_refused(self, manager, scopes) -> None:
        identity = manager.create_identity("ann")

        with pytest.raises(InvalidPermissionError, match="scopes must be patterns"):
            manager.create_api_key(identity.id, scopes=scopes)


class TestExplain:
    def decision(self, resource="a:b", level=READ, **options) -> Decision:
        manager = SecurityManager()
        identity = manager.create_identity("ann", {"a:*": READ, "a:no": NONE, "s:*": WRITE})
        session = manager.authenticate(manager.create_api_key(identity.id, scopes=["a:*"]))
        return manager.explain(session, resource, level)

    @pytest.mark.parametrize(
        ("resource", "level", "reason", "pattern"),
        [
            ("a:b", READ, Reason.GRANTED, "a:*"),
            ("a:b", WRITE, Reason.TOO_LOW, "a:*"),
            ("a:no", READ, Reason.DENIED, "a:no"),
            ("x", READ, Reason.NO_RULE, None),
            ("s:b", READ, Reason.OUT_OF_SCOPE, None),
            ("a:b", NONE, Reason.NOTHING_ASKED, None),
            (7, READ, Reason.NOT_A_RESOURCE, None),
        ],
    )
    def test_says_why_and_what_decided(self, resource, level, reason, pattern) -> None:
        decision = self.decision(resource, level)

        assert (decision.reason, decision.pattern) == (reason, pattern)
        assert bool(decision) is decision.allowed is (reason is Reason.GRANTED)
        assert reason.value in str(decision)

    def test_says_when_the_credential_ended(self, manager) -> None:
        credential = manager.create_api_key(manager.create_identity("ann", {"*": READ}).id)
        session = manager.authenticate(credential)
        manager.revoke_credential(credential.id)

        assert manager.explain(session, "a", READ).reason is Reason.CREDENTIAL_INVALID

    def test_require_raises_what_explain_says(self, manager) -> None:
        identity = manager.create_identity("ann", {"a": READ})

        manager.require(identity, "a", READ)
        with pytest.raises(AuthorizationError, match="may not WRITE 'a'") as caught:
            manager.require(identity, "a", WRITE)

        assert isinstance(caught.value, PermissionError)
        assert caught.value.decision == manager.explain(identity, "a", WRITE)


class TestAuthorizers:
    def test_another_one_decides_by_what_the_manager_knows(self) -> None:
        seen = []

        class OnlyAnn(Authorizer):
            def authorize(self, identity, resource, level):
                seen.append((identity.name, identity.permissions))
                return identity.name == "ann"

        manager = SecurityManager(authorizer=OnlyAnn())
        ann, bob = manager.create_identity("ann", {"a": READ}), manager.create_identity("bob")
        ann.permissions["b"] = SYSTEM
        bob.name = "ann"

        assert manager.authorize(ann, "x", ADMIN)
        assert not manager.authorize(bob, "x", ADMIN)
        assert seen == [("ann", {"a": READ}), ("bob", {})]
        assert manager.explain(ann, "x", READ).reason is Reason.BY_AUTHORIZER

    def test_another_one_is_not_asked_for_strangers_and_ended_keys(self) -> None:
        class Yes(Authorizer):
            def authorize(self, identity, resource, level):
                return True

        manager = SecurityManager(authorizer=Yes())
        identity = manager.create_identity("ann")
        credential = manager.create_api_key(identity.id)
        session = manager.authenticate(credential)
        manager.revoke_credential(credential.id)

        assert manager.authorize(identity, "a", READ)
        assert not manager.authorize(session, "a", READ)
        assert not manager.authorize(Identity(identity.id), "a", READ)
        assert not manager.authorize(None, "a", READ)

    def test_another_one_is_not_asked_for_who_is_deleted_just_now(self) -> None:
        class Yes(Authorizer):
            def authorize(self, identity, resource, level):
                return True

        class Forgetful(MemoryIdentityStore):
            def get_identity(self, id):  # noqa: A002
                record = super().get_identity(id)
                self.delete_identity(id)
                return record

        manager = SecurityManager(identity_store=Forgetful(), authorizer=Yes())
        ann = manager.create_identity("ann")

        assert manager.explain(ann, "a", READ).reason is Reason.UNKNOWN_IDENTITY

    def test_the_scopes_of_a_key_narrow_what_another_one_grants(self) -> None:
        class Yes(Authorizer):
            def authorize(self, identity, resource, level):
                return True

        manager = SecurityManager(authorizer=Yes())
        identity = manager.create_identity("ann")
        session = manager.authenticate(manager.create_api_key(identity.id, scopes=["a:*"]))

        assert manager.authorize(session, "a:b", READ)
        assert not manager.authorize(session, "b", READ)

    def test_an_answer_that_is_not_true_is_a_denial(self) -> None:
        class Vague(Authorizer):
            def authorize(self, identity, resource, level):
                return "no"

        manager = SecurityManager(authorizer=Vague())

        assert manager.authorize(manager.create_identity("ann"), "a", READ) is False

    def test_the_simple_one_decides_by_patterns(self) -> None:
        manager = SecurityManager(authorizer=SimpleAuthorizer())
        identity = manager.create_identity("ann", {"a:*": READ})

        assert manager.authorize(identity, "a:b", READ)
        assert SimpleAuthorizer().authorize(identity, "a:b", READ)
        assert not SimpleAuthorizer().authorize(identity, "a:b", WRITE)
