"""JsonSchema: the records as JSON Schema (2020-12), for whoever generates types from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from rtstore.schema.actions import ACTIONS
from rtstore.schema.records.action_result import RESULTS
from rtstore.schema.records.record import Described
from rtstore.schema.records.registry import RECORDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{model}"
_MODE: JsonSchemaMode = "validation"


def bundle() -> dict[str, Any]:
    """All of them: ``$defs`` by name, and ``x-actions``: the parameters and result of each action.

    Of each record ``x-record`` says what it is, who writes it and where it is.
    """
    models: list[type[BaseModel]] = [
        *(record for record in RECORDS.values() if issubclass(record, BaseModel)),
        *ACTIONS.values(),
        *_result_models(),
    ]
    _, told = models_json_schema([(model, _MODE) for model in models], ref_template=_REF)
    definitions = told["$defs"]
    for definition in definitions.values():
        _untitle(definition)
    for name, record in RECORDS.items():
        definitions[name]["x-record"] = _about(record)
    return {
        "$schema": DIALECT,
        "title": "rtstore",
        "description": "What rtstore keeps and says. Written by `rtstore schema --json`.",
        "$defs": dict(sorted(definitions.items())),
        "x-actions": {name: _action(name) for name in sorted(ACTIONS)},
    }


def one(name: str) -> dict[str, Any]:
    """The schema of one of them, with those that it refers to. Raises KeyError."""
    definitions = bundle()["$defs"]
    told, needed, seen = definitions[name], set(references(definitions[name])), set[str]()
    while new := needed - seen:
        seen |= new
        needed |= {other for part in new for other in references(definitions[part])}
    more = {"$defs": {part: definitions[part] for part in sorted(needed)}} if needed else {}
    return {"$schema": DIALECT, **told, **more}


def references(told: Any) -> Iterator[str]:  # noqa: ANN401 -- JSON
    """Names that a schema refers to."""
    if isinstance(told, dict):
        if isinstance(ref := told.get("$ref"), str):
            yield ref.rpartition("/")[2]
        for value in told.values():
            yield from references(value)
    elif isinstance(told, list):
        for value in told:
            yield from references(value)


def _untitle(definition: dict[str, Any]) -> None:
    """Titles of fields say their names again; generators would make a type of each."""
    for field in definition.get("properties", {}).values():
        field.pop("title", None)


def _result_models() -> list[type[BaseModel]]:
    found = {}
    for result in RESULTS.values():
        for model in (result, *getattr(result, "__args__", ())):
            if isinstance(model, type) and issubclass(model, BaseModel):
                found[model.__name__] = model
    return list(found.values())


def _action(name: str) -> dict[str, Any]:
    params, result = ACTIONS[name], RESULTS[name]
    told = TypeAdapter(result).json_schema(mode=_MODE, ref_template=_REF)
    told.pop("$defs", None)
    if isinstance(result, type) and issubclass(result, BaseModel):
        told = {"$ref": _REF.format(model=result.__name__)}
    return {
        "params": {"$ref": _REF.format(model=params.__name__)},
        "result": told,
        "right": params.right,
        "stands_for": params.stands_for,
    }


def _about(record: type[Described]) -> dict[str, Any]:
    about = record.about
    return {
        "kind": about.kind.value,
        "written_by": about.written_by,
        "places": [f"{place.where} ({place.shape})" for place in about.places],
        "source": about.source,
    }
