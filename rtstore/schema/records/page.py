"""Page: the records for people, as ``docs/data-model.md``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rtstore.schema.actions import ACTIONS
from rtstore.schema.records import json_schema
from rtstore.schema.records.registry import GROUPS

_TOP = """# The data model

Everything that rtstore keeps or says is a *record*, and each record is one of these:

| kind | what it is | who writes it |
| --- | --- | --- |
| CRDT | people edit it together | everybody who may write the document |
| log | what happened, in order | appended by workers; never changed |
| projection | what a process knows of itself, or of Jupyter | the server side alone |
| action | a request that makes something happen, and what became of it | a client asks; \
the server side says the rest |
| presence | what somebody who is here says of themselves; gone when they are | each connection \
for itself; the server says who it is |
| upkeep | what workers need to know of each other's work | workers |

In keys `{S}` is a contents root (a Jupyter server and its root directory), `{D}` a document and
`{K}` a kernel (`<S>.<kernel id>`); [redis.md](redis.md) says how to look at them. `rtstore schema`
prints all this as JSON Schema (2020-12); [coverage.md](coverage.md) says which record or action
stands for what in Jupyter's own interfaces. The tests validate every value of a live store
against these records; a key that no record has fails them.

This page is written by `rtstore schema --write .`, from `rtstore/schema/records/`.
"""
_FORMS = {
    "^[0-9]+$": "digits",
    "^[0-9]{1,16}$": "ms since 1970, as digits",
    "^[0-9]+-[0-9]+$": "entry id",
    "^[0-9a-f]{64}$": "SHA-256, in hex",
    "^1?$": '`"1"` for yes',
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d": "time, ISO 8601",
}
"""What texts of a pattern are called."""
_ACTIONS = """
## What can be asked for

An action is authorised like the REST call or message that it stands for. Unknown actions and
parameters are refused with 400, naming what is known.
"""


def page() -> str:
    """The whole page."""
    schema = json_schema.bundle()
    told = [_TOP]
    shown: set[str] = set()
    for group, records in GROUPS.items():
        told.append(f"\n## {group}\n")
        for record in records:
            told += _record(record.__name__, schema["$defs"], shown)
    told.append(_ACTIONS)
    told += _actions(schema)
    return "\n".join(told).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _record(name: str, definitions: Mapping[str, Any], shown: set[str]) -> Iterator[str]:
    schema, about = definitions[name], definitions[name]["x-record"]
    shown.add(name)
    yield f"### {name}\n\n{_line(schema['description'])}\n"
    yield "| | |\n| --- | --- |"
    yield f"| kind | {about['kind']} |"
    yield f"| written by | {_cell(about['written_by'])} |"
    for place in about["places"]:
        where, _, shape = place.rpartition(" (")
        yield f"| where | `{where}`: {shape.rstrip(')')}{_named(name, where)} |"
    yield f"| source | {_cell(about['source'])} |\n"
    yield from _body(schema, definitions)
    for part in json_schema.references(schema):
        if part not in shown and "x-record" not in definitions[part]:
            yield from _part(part, definitions, shown)


def _named(name: str, where: str) -> str:
    records = [record for group in GROUPS.values() for record in group]
    record = next(one for one in records if one.__name__ == name)
    named = next(place.named for place in record.about.places if place.where == where)
    return f"; {named.replace('``', '`')}" if named else ""


def _part(name: str, definitions: Mapping[str, Any], shown: set[str]) -> Iterator[str]:
    schema = definitions[name]
    shown.add(name)
    yield f"#### {name}\n\n{_line(schema.get('description', ''))}\n"
    yield from _body(schema, definitions)
    for part in json_schema.references(schema):
        if part not in shown and "x-record" not in definitions[part]:
            yield from _part(part, definitions, shown)


def _body(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[str]:
    fields = schema.get("properties")
    if not fields:
        if schema.get("type") != "object" or schema.get("additionalProperties"):
            yield f"It is: {_type(schema)}\n"
        return
    yield "| field | type | meaning |\n| --- | --- | --- |"
    required = set(schema.get("required", ()))
    for name, field in fields.items():
        mark = "" if name in required else "?"
        yield f"| `{name}`{mark} | {_type(field)} | {_cell(field.get('description', ''))} |"
    for pattern, field in schema.get("patternProperties", {}).items():
        yield f"| `{pattern[1:-1]}` | {_type(field)} | {_cell(field.get('description', ''))} |"
    if schema.get("additionalProperties") is True:
        yield "| … | any | others are possible |"
    yield ""


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if union := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(one) for one in union))
    words = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if words:
        return ", ".join(f'`"{one}"`' for one in words)
    return _plain(schema)


def _plain(schema: Mapping[str, Any]) -> str:
    match schema.get("type"):
        case "array":
            return f"list of {_type(schema.get('items', {}))}"
        case "object":
            more = schema.get("additionalProperties")
            return f"object of {_type(more)}" if isinstance(more, dict) else "object"
        case "string":
            return _text(schema)
        case kind:
            return str(kind or "any")


def _text(schema: Mapping[str, Any]) -> str:
    if schema.get("contentMediaType") == "application/json":
        return f"JSON, as text: {_type(schema.get('contentSchema', {}))}"
    if schema.get("contentEncoding") == "binary":
        return "bytes"
    pattern = schema.get("pattern")
    if pattern is None:
        return "text"
    return _FORMS.get(pattern) or f"text `{pattern}`".replace("|", "\\|")


def _actions(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, told in schema["x-actions"].items():
        params = schema["$defs"][ACTIONS[name].__name__]
        yield f"### {name}\n\n{_line(params['description'])}\n"
        yield "| | |\n| --- | --- |"
        yield f"| stands for | `{told['stands_for']}` |"
        yield f"| right | {told['right']} |"
        yield f"| result | {_type(told['result'])} |\n"
        yield from _body(params, schema["$defs"])
    shown: set[str] = set()
    yield "## Results\n"
    for told in schema["x-actions"].values():
        for part in json_schema.references(told["result"]):
            if part not in shown:
                yield from _part(part, schema["$defs"], shown)


def _line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")
