"""Check: whether what a store holds under a key is what the records say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from rtstore.schema.records.record import Described, Place, Shape
from rtstore.schema.records.registry import RECORDS

IN_REDIS = frozenset(
    {Shape.HASH, Shape.FIELDS, Shape.STRING, Shape.LIST, Shape.MEMBERS, Shape.STREAM}
)
REDIS_TYPES = {
    Shape.HASH: "hash",
    Shape.FIELDS: "hash",
    Shape.STRING: "string",
    Shape.LIST: "list",
    Shape.MEMBERS: "zset",
    Shape.STREAM: "stream",
}
_TAGS = {
    "{K}": r"\{[^{}]+\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}",
    "{S}": r"\{[^{}]+\}",
    "{D}": r"\{[A-Za-z0-9_.-]{1,128}\}",
}


def pattern_of(where: str) -> re.Pattern[str]:
    """What the keys of a place match: ``<…>`` is anything without a colon, a path anything."""
    parts = []
    for part in re.split(r"(\{[SDK]\}|<[^>]*>)", where):
        if part in _TAGS:
            parts.append(_TAGS[part])
        elif part.startswith("<"):
            parts.append(".*" if part == "<path>" else "[^:]+")
        else:
            parts.append(re.escape(part))
    return re.compile("".join(parts))


_PLACES = [
    (pattern_of(place.where), place, record)
    for record in RECORDS.values()
    for place in record.about.places
    if place.shape in IN_REDIS
]


def records_of(key: str) -> list[tuple[Place, type[Described]]]:
    """The records that may be under a key, with the place; none for a key that nobody knows."""
    return [(place, record) for pattern, place, record in _PLACES if pattern.fullmatch(key)]


def wrong(key: str, redis_type: str, value: Any) -> list[str]:  # noqa: ANN401 -- a Redis reply
    """What is wrong with a key's value, as redis-py returns it in bytes; nothing: [].

    A hash and a stream's entries are dicts, a sorted set's members pairs with their scores.
    """
    found = records_of(key)
    if not found:
        return [f"{key}: no record has this key"]
    problems: list[str] = []
    for place, record in found:
        if REDIS_TYPES[place.shape] != redis_type:
            problems.append(f"{key}: a {redis_type}, but {record.__name__} is a {place.shape}")
            continue
        told = [
            f"{key} {at}: {record.__name__}: {what}" for at, what in _checked(place, record, value)
        ]
        if not told:
            return []
        problems += told
    return problems


def _checked(
    place: Place,
    record: type[Described],
    value: Any,  # noqa: ANN401
) -> Iterator[tuple[str, str]]:
    for at, told in _parts(place, record, value):
        if isinstance(told, ValueError):
            yield at, str(told)
            continue
        try:
            assert issubclass(record, BaseModel)
            record.model_validate(told)
        except ValidationError as error:
            yield (
                at,
                "; ".join(
                    f"{'.'.join(map(str, one['loc']))}: {one['msg']} ({str(one['input'])[:60]!r})"
                    for one in error.errors(include_url=False)[:5]
                ),
            )


def _parts(
    place: Place,
    record: type[Described],
    value: Any,  # noqa: ANN401
) -> Iterator[tuple[str, Any]]:
    """Each record in the value with where it is; a ValueError where it can't be taken apart."""
    if place.shape is Shape.HASH:
        yield "", _fields(value)
    elif place.shape is Shape.STREAM:
        for entry_id, fields in value:
            yield entry_id.decode(), _fields(fields)
    else:
        if place.shape is Shape.FIELDS:
            pairs = [(name.decode(), one) for name, one in value.items()]
        elif place.shape is Shape.MEMBERS:
            pairs = [("", member) for member, _score in value]
        else:
            pairs = [("", one) for one in (value if isinstance(value, list) else [value])]
        for at, one in pairs:
            try:
                yield at, record.taken_apart(one)
            except ValueError as error:
                yield at, error


def _fields(told: dict[bytes, bytes]) -> dict[str, Any]:
    return {name.decode(): _text(value) for name, value in told.items()}


def _text(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value  # an update, or something compressed
