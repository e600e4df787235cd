"""Record: one kind of thing that rtstore keeps or says, as its normative description.

Records describe; who writes or reads in a hurry need not construct one. The tests validate every
value in a live store against them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    RootModel,
    model_validator,
)
from pydantic_core import CoreSchema


class Kind(StrEnum):
    """What a record is; that decides who may write it."""

    CRDT = "CRDT"
    """People edit it together: everybody who may write the document."""
    LOG = "log"
    """What happened, in order; appended, never changed."""
    PROJECTION = "projection"
    """What a process knows of itself or of Jupyter: written by the server side alone."""
    ACTION = "action"
    """A request that makes something happen, and what became of it."""
    PRESENCE = "presence"
    """What somebody who is here says of themselves; gone when they are."""
    UPKEEP = "upkeep"
    """What workers need to know of each other's work; of no interest to clients."""


class Shape(StrEnum):
    """How a record lies in its place."""

    HASH = "hash"
    """The hash is the record, its fields the record's."""
    FIELDS = "hash of records"
    """Each value of the hash is a record."""
    STRING = "string"
    LIST = "list"
    MEMBERS = "sorted set"
    """Each member is a record; the score is said by `named`."""
    STREAM = "stream"
    """Each entry is a record."""
    CHANNEL = "channel"
    ROOM = "room"
    """A websocket of ``api/collaboration/room/``."""
    REST = "REST"
    PART = "part"
    """It stands in another record."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is: a key (``{S}``: contents root, ``{D}``: document, ``{K}``: kernel,
    ``<…>``: anything), a room, or a request.
    """

    where: str
    shape: Shape
    named: str = ""
    """What the hash's fields, or the scores, are."""


@dataclass(frozen=True, slots=True)
class About:
    """What each record says of itself."""

    kind: Kind
    written_by: str
    places: tuple[Place, ...] = ()
    source: str = "rtstore"
    """Where it comes from: a specification, or rtstore itself."""


class Described:
    """What a record has besides its fields."""

    about: ClassVar[About]

    @classmethod
    def taken_apart(cls, value: bytes) -> Any:  # noqa: ANN401 -- what is validated
        """A whole value in Redis as what is validated. Raises ValueError."""
        return json.loads(value)


class Part(BaseModel):
    """An object with these fields and no others."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, populate_by_name=True)


class Foreign(BaseModel):
    """An object of somebody else's: it may have more fields than are known here."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


class Record(Described, Part):
    """A record that is an object, or a hash."""


class ForeignRecord(Described, Foreign):
    """A record that is an object of somebody else's."""


class Text(Described, RootModel[str]):
    """A record that is a text."""

    @classmethod
    def taken_apart(cls, value: bytes) -> Any:  # noqa: ANN401
        """Itself."""
        return value.decode()


T = TypeVar("T")


class Word(Described, RootModel[T]):
    """A record that is a text of some form."""

    @classmethod
    def taken_apart(cls, value: bytes) -> Any:  # noqa: ANN401
        """Itself."""
        return value.decode()


class Value(Described, RootModel[T]):
    """A record that is any other JSON value."""


class Open(Record):
    """A hash which has, besides its fields, others that are named by a pattern; their type is
    that of ``__pydantic_extra__``.
    """

    model_config = ConfigDict(extra="allow")

    more: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Pattern of names → what they hold."""

    @model_validator(mode="after")
    def _has_no_others(self) -> Self:
        for name in self.model_extra or {}:
            if not any(re.fullmatch(pattern, name) for pattern in self.more):
                raise ValueError(f"no field {name!r}")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        told: dict[str, Any] = handler(schema)
        whole = handler.resolve_ref_schema(told)
        kind = whole["additionalProperties"]
        whole["patternProperties"] = {
            f"^{pattern}$": kind | {"description": about} for pattern, about in cls.more.items()
        }
        whole["additionalProperties"] = False
        return told
