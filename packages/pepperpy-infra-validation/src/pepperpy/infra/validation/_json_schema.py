"""`to_json_schema`: what of a rule can be said in JSON Schema (2020-12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._branches import All, Any_, NoneOf, Said, Together, message_of
from ._fields import Fields, Items
from ._nodes import Each, Leaf, Node, Opaque, Replacing
from ._plan import plan_of
from ._rows import Alike, Row

if TYPE_CHECKING:
    from ._schema import Unknown
    from ._validator import Rule

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
# Keywords that mean something else beside each other.
_STRUCTURE = {"additionalProperties", "items", "prefixItems", "properties"}
_NUMBERS = (["integer", "number"], ["number", "integer"])
# Rules whose schema says neither more nor less; only such can be turned round.
_EXACT = {
    "string",
    "boolean",
    "none",
    "list",
    "mapping",
    "min_length",
    "max_length",
    "length_between",
}


def to_json_schema(rule: Rule, *, unknown: Unknown = "ignore") -> dict[str, Any]:
    """The schema as JSON Schema, for documents and other languages.

    What cannot be said there, like functions of yours, is left out and told in a ``$comment``; so
    what passes here passes there, but for strings and mappings that JSON does not have, digits and
    letters beyond ASCII in a pattern, and models that convert.  A schema that holds itself becomes
    a ``$ref``.  Models and annotated types are asked of pydantic.

    Examples:
        >>> from pepperpy.infra.validation import min_length, optional
        >>> schema = to_json_schema({"name": min_length(2), "age": optional(int)})
        >>> schema["required"], schema["properties"]["name"]
        (['name'], {'type': 'string', 'minLength': 2})
    """
    return _Writer(plan_of(rule, unknown).node).document()


class _Writer:
    def __init__(self, node: Node) -> None:
        self._root = node
        self._open: list[int] = []
        self._names: dict[int, str] = {}
        self._definitions: dict[str, Any] = {}

    def document(self) -> dict[str, Any]:
        body = self.written(self._root)
        document = {"$schema": _DRAFT, **body}
        if self._definitions:
            document["$defs"] = self._definitions
        return document

    def written(self, node: Node) -> dict[str, Any]:
        if isinstance(node, Leaf):
            return _comment(node) if node.spec.schema is None else dict(node.spec.schema)
        if isinstance(node, Opaque):
            return self._opaque(node)
        if id(node) in self._open:
            name = self._names.setdefault(id(node), f"schema{len(self._names) + 1}")
            return {"$ref": "#" if node is self._root else f"#/$defs/{name}"}
        self._open.append(id(node))
        made = self._container(node)
        self._open.pop()
        name = self._names.get(id(node), "")
        if not name or node is self._root:
            return made
        self._definitions[name] = made
        return {"$ref": f"#/$defs/{name}"}

    def _opaque(self, node: Opaque) -> dict[str, Any]:
        adapter = getattr(node.rule, "adapter", None)
        if adapter is None or isinstance(node, Replacing):
            return _comment(node)
        from pydantic.errors import PydanticUserError

        try:
            made: dict[str, Any] = adapter.json_schema()
        except PydanticUserError:  # some part of it cannot be said
            return _comment(node)
        for name, inner in made.pop("$defs", {}).items():
            if self._definitions.setdefault(name, inner) != inner:
                return _comment(node)  # two models of one name
        return made

    def _container(self, node: Node) -> dict[str, Any]:
        if isinstance(node, Fields):
            return self._fields(node)
        if isinstance(node, (Each, Alike)):
            item = self.written(node.item)
            unique = isinstance(node, Alike) and node.kind in (set, frozenset)
            return {"type": "array", "items": item, **({"uniqueItems": True} if unique else {})}
        if isinstance(node, Items):
            return {"type": "object", "additionalProperties": self.written(node.item)}
        if isinstance(node, Row):
            items = [self.written(each) for each in node.nodes]
            size = {"minItems": len(items), "maxItems": len(items)}
            return {"type": "array", "prefixItems": items, **size}
        return self._branch(node)

    def _branch(self, node: Node) -> dict[str, Any]:
        if isinstance(node, All):
            return _merged([self.written(each) for each in _before_conversion(node)])
        if isinstance(node, Any_):
            arms = [self.written(each) for each in node.nodes]
            # A comment in place of a rule allows everything, as it must here.
            return {"anyOf": arms} if arms else {"not": {}}
        if isinstance(node, NoneOf):
            return _negated([self.written(each) for each in node.nodes], node)
        if isinstance(node, Said):
            return self.written(node.node) if node.counts else {}
        return _comment(node.rule) if isinstance(node, Together) else {}

    def _fields(self, node: Fields) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "object"}
        keys = [key for key in node.keys if isinstance(key.name, str)]
        made["properties"] = {key.name: self.written(key.node) for key in keys}
        required = [key.name for key in keys if key.required]
        if required:
            made["required"] = required
        if node.unknown == "forbid":
            made["additionalProperties"] = False
        return made


def _before_conversion(node: All) -> list[Node]:
    """The rules that are for the value as it comes: those behind a conversion see another one."""
    found: list[Node] = []
    for each in node.nodes:
        found.append(each)
        if each.replaces:
            break
    return found


def _comment(node: Node) -> dict[str, Any]:
    return {"$comment": message_of(node)}


def _negated(schemas: list[dict[str, Any]], node: NoneOf) -> dict[str, Any]:
    if not all(isinstance(each, Leaf) and each.spec.code in _EXACT for each in node.nodes):
        return _comment(node)
    return _merged([{"not": schema} for schema in schemas])


def _merged(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """Several schemas as one: in one object where their keywords do not clash."""
    merged: dict[str, Any] = {}
    rest: list[dict[str, Any]] = []
    for schema in schemas:
        if [merged.get("type"), schema.get("type")] in _NUMBERS:
            merged["type"] = "integer"
            schema = {**schema, "type": "integer"}  # noqa: PLW2901
        clash = schema.keys() & _STRUCTURE and merged.keys() & _STRUCTURE
        if not clash and all(merged.get(key, value) == value for key, value in schema.items()):
            merged |= schema
        else:
            rest.append(schema)
    return {**merged, "allOf": rest} if rest else merged
