"""Permissions: patterns of resources, each with a level; the most specific one decides.

A resource is text like ``documents:7:read``, in segments.  In a pattern ``*`` stands for a whole
segment, and as the last one for all that follows, which is one segment at least.  Of two patterns
for one resource the one is more specific that first has, read from the left, a segment where the
other has a star; and a star in the middle is more specific than a last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, cast

from ._errors import InvalidPermissionError
from ._levels import PermissionLevel

STAR: Final = "*"
SEPARATOR: Final = ":"
MAX_SEGMENTS: Final = 32
MAX_LENGTH: Final = 1024

Segments: TypeAlias = tuple[str, ...]


class Rule(NamedTuple):
    """One pattern and what it gives."""

    pattern: str
    level: PermissionLevel
    segments: Segments


class Permissions:
    """What an identity or a key may do, made ready for asking.  It never changes.

    Raises:
        InvalidPermissionError: If a pattern or a level is none.
    """

    __slots__ = ("_exact", "_ordered", "_root")

    def __init__(self, levels: Mapping[str, PermissionLevel]) -> None:
        rules = [_rule(pattern, level) for pattern, level in _items(levels)]
        self._ordered: list[Rule] = sorted(rules, key=_specificity)
        self._exact: dict[str, Rule] = {
            rule.pattern: rule for rule in rules if STAR not in rule.segments
        }
        # Nested dicts by segment; what ends at a node stands under "", which is no segment.
        self._root: dict[str, Any] = {}
        for rule in rules:
            node = self._root
            for segment in rule.segments:
                node = node.setdefault(segment, {})
            node[""] = rule

    def levels(self) -> dict[str, PermissionLevel]:
        """A copy, as it was given but for the order."""
        return {rule.pattern: rule.level for rule in self._ordered}

    def deciding(self, resource: str, level: PermissionLevel) -> Rule | None:
        """The rule that says whether *resource* may be used at *level*; None if there is none.

        A resource that holds a star stands for all that it covers.  Then the answer is a rule that
        denies a part of it, if there is one.
        """
        rule = self._exact.get(resource)
        if rule is not None:
            return rule
        segments = tuple(resource.split(SEPARATOR))
        if "" in segments:
            return None
        if STAR in segments:
            return self._for_all(segments, level)
        return _walk(self._root, segments, 0)

    def _for_all(self, asked: Segments, level: PermissionLevel) -> Rule | None:
        before: list[Rule] = []
        for rule in self._ordered:
            shared = _overlap(asked, rule.segments)
            if shared is None:
                continue
            if shared == asked:
                return rule  # it covers all that is asked, and hides what comes after it
            # Looked at only where it matters: a star may come from outside, many times a second.
            if rule.level < level and not _hides(before, shared):
                return rule
            before.append(rule)
        return None


def _hides(before: list[Rule], shared: Segments) -> bool:
    """Whether a more specific rule covers all of *shared*."""
    return any(_overlap(shared, other.segments) == shared for other in before)


def _walk(node: dict[str, Any], segments: Segments, at: int) -> Rule | None:
    # No node is visited twice, since only one way leads to it.
    if at == len(segments):
        rule: Rule | None = node.get("")
        return rule
    child = node.get(segments[at])
    if child is not None:
        rule = _walk(child, segments, at + 1)
        if rule is not None:
            return rule
    star = node.get(STAR)
    if star is None:
        return None
    return _walk(star, segments, at + 1) or star.get("")


def _overlap(one: Segments, other: Segments) -> Segments | None:
    """What both patterns cover, as a pattern; None if that is nothing."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left == STAR and at == len(one) - 1:
            return (*_merged(one[:at], other[:at]), *other[at:])
        if right == STAR and at == len(other) - 1:
            return (*_merged(one[:at], other[:at]), *one[at:])
        if left != right and STAR not in (left, right):
            return None
    return _merged(one, other) if len(one) == len(other) else None


def _merged(one: Segments, other: Segments) -> Segments:
    return tuple(right if left == STAR else left for left, right in zip(one, other, strict=True))


def _specificity(rule: Rule) -> tuple[int, ...]:
    last = len(rule.segments) - 1
    return tuple(
        0 if segment != STAR else 1 if at < last else 2 for at, segment in enumerate(rule.segments)
    )


def _items(levels: Any) -> Iterable[tuple[Any, Any]]:
    if not isinstance(levels, Mapping):
        raise InvalidPermissionError(
            "permissions must be a mapping of patterns to levels, like "
            f"{{'documents:*': PermissionLevel.READ}}; got {type(levels).__name__}",
            pattern=None,
        )
    return cast("Mapping[str, Any]", levels).items()


def _rule(pattern: Any, level: Any) -> Rule:
    check_level(level, pattern)
    if not isinstance(pattern, str):
        raise _invalid(pattern, "must be text like 'documents:*'")
    if len(pattern) > MAX_LENGTH:
        raise _invalid(pattern[:40], f"has more than {MAX_LENGTH} characters")
    # Not str(), which gives the name of a member where an enum is mixed with str.
    text = str.__str__(pattern)
    segments = tuple(text.split(SEPARATOR))
    if "" in segments:
        raise _invalid(pattern, "has an empty segment")
    if len(segments) > MAX_SEGMENTS:
        raise _invalid(pattern, f"has more than {MAX_SEGMENTS} segments")
    if any(STAR in segment and segment != STAR for segment in segments):
        raise _invalid(pattern, "has a star that is not a whole segment")
    return Rule(text, level, segments)


def check_level(level: object, pattern: object) -> None:
    """Refuse what is no level."""
    if not isinstance(level, PermissionLevel):
        raise InvalidPermissionError(
            f"the level for {pattern!r} must be a PermissionLevel; got {level!r}", pattern=pattern
        )


def _invalid(pattern: object, problem: str) -> InvalidPermissionError:
    return InvalidPermissionError(f"the pattern {pattern!r} {problem}", pattern=pattern)


def permissions_of(levels: Any, option: str) -> Permissions | None:
    """What narrows a key: a mapping as above, or patterns up to whatever the identity may.

    Raises:
        InvalidPermissionError: If it is neither, or a pattern or level is none.
    """
    if levels is None:
        return None
    if isinstance(levels, Mapping):
        return Permissions(cast("Mapping[str, PermissionLevel]", levels))
    if isinstance(levels, str) or not isinstance(levels, Iterable):
        raise InvalidPermissionError(
            f"{option} must be patterns, or a mapping of patterns to levels; got {levels!r}",
            pattern=levels,
        )
    patterns = cast("Iterable[str]", levels)
    return Permissions(dict.fromkeys(patterns, PermissionLevel.SYSTEM))


EVERYTHING: Final = Permissions({STAR: PermissionLevel.SYSTEM})
