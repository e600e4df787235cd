"""AppSchema: the JSON Schema of an application's document: its roots, and what they may hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import (  # type: ignore[import-untyped]
    Draft202012Validator,
    SchemaError,
)
from pycrdt import Array, Doc, Map, Text, XmlFragment

from rtstore.errors import BadDocument

SCHEMA_BYTES_MAX = 2**16
PROBLEMS_MAX = 20
_ROOTS: dict[str, Any] = {"object": Map, "array": Array, "string": Text, "xml": XmlFragment}
_UNBOUNDED = frozenset(
    {
        "pattern",
        "patternProperties",
        "$ref",
        "$dynamicRef",
        "uniqueItems",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
"""Keywords that a sender could make take for ever, or that lead elsewhere: regular expressions
backtrack, items are compared with each other, and what was evaluated is evaluated at each level.
"""

Schema = dict[str, Any]


def parse(text: str | bytes) -> Schema:
    """A JSON Schema that can be kept. Raises BadDocument saying what is wrong with it."""
    if len(text) > SCHEMA_BYTES_MAX:
        raise BadDocument(f"the schema has more than {SCHEMA_BYTES_MAX} bytes")
    try:
        schema = json.loads(text)
        if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
            raise BadDocument("the schema must be an object with properties: the document's roots")
        Draft202012Validator.check_schema(schema)
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"the schema is no JSON: {error}") from error
    except SchemaError as error:
        raise BadDocument(f"no JSON Schema: {error.json_path}: {error.message[:200]}") from error
    if found := _UNBOUNDED & set(_keywords(schema)):
        raise BadDocument(f"the schema must do without {', '.join(sorted(found))}")
    for name, told in schema["properties"].items():
        if name == "state" or _root(told) not in _ROOTS:
            raise BadDocument(
                f"root {name!r}: its type must be object, array or string, or x-yjs be xml;"
                " state is the server's"
            )
    return schema


def _keywords(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema
        for one in schema.values():
            yield from _keywords(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from _keywords(one)


def _root(told: object) -> str:
    if not isinstance(told, dict):
        return ""
    return "xml" if told.get("x-yjs") == "xml" else str(told.get("type"))


def value(doc: Doc[Any], schema: Schema) -> dict[str, Any]:
    """What the roots that a schema names hold; and None for those that it does not name."""
    told: dict[str, Any] = {}
    for name, one in schema["properties"].items():
        kind = _root(one)
        root = doc.get(name, type=_ROOTS[kind])
        told[name] = str(root) if kind in {"string", "xml"} else root.to_py()
    return told | {name: None for name in _names(doc) if name not in told and name != "state"}


def problems(schema: Schema, told: dict[str, Any]) -> list[str]:
    """What is wrong with a document's value, PROBLEMS_MAX at most: ``<where>: <what>``."""
    roots = {
        name: {"type": "string"} if _root(one) == "xml" else one
        for name, one in schema["properties"].items()
    }
    if schema.get("additionalProperties", True) is not False:
        told = {name: one for name, one in told.items() if name in roots}
    found = []
    for error in Draft202012Validator(schema | {"properties": roots}).iter_errors(told):
        where = ".".join(str(part) for part in error.absolute_path) or "document"
        found.append(f"{where}: {error.message}"[:300])
        if len(found) == PROBLEMS_MAX:
            break
    return sorted(found)


def _names(doc: Doc[Any]) -> list[str]:
    return list(doc.keys())  # a Doc is no dict
