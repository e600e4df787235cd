"""DocumentSession: how a client opens a document."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from rtstore.schema.records.record import About, Kind, Place, Record, Shape
from rtstore.schema.records.user import UserInfo


class DocumentSessionRequest(Record):
    """What a client wants to open a path as."""

    about = About(
        Kind.ACTION,
        "clients with contents:write",
        (Place("PUT api/collaboration/session/<path>", Shape.REST),),
        "jupyter-collaboration's session endpoint",
    )

    format: str
    """json, text or base64; app for an application document, whose path is its name."""
    type: str
    """notebook, file, chat, … or app."""
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    """JSON Schema of an application document; the newest given wins."""


class DocumentSession(Record):
    """The room of an opened document is ``<format>:<type>:<fileId>``."""

    about = About(
        Kind.PROJECTION,
        "workers",
        (Place("PUT api/collaboration/session/<path>", Shape.REST),),
        "jupyter-collaboration's session endpoint",
    )

    format: str
    type: str
    fileId: str  # noqa: N815 -- as the front end has it
    sessionId: str  # noqa: N815
    """To be given in the query of the room's websocket; another one means another history."""


class ServerIdentity(Record):
    """Which server this is, and who the client is to it."""

    about = About(
        Kind.PROJECTION,
        "workers",
        (Place("GET rtstore/server", Shape.REST),),
        "Identity API of Jupyter Server",
    )

    id: str
    """Of the room ``server:<id>``."""
    version: str
    """Of rtstore."""
    user: UserInfo
