"""Words: the types of single values that records share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Digits = Annotated[str, Field(pattern=r"^[0-9]+$")]
"""A number, as text."""
MsText = Annotated[str, Field(pattern=r"^[0-9]{1,16}$")]
"""Milliseconds since 1970, as text."""
Ms = Annotated[int, Field(ge=0)]
"""Milliseconds since 1970."""
EntryIdText = Annotated[str, Field(pattern=r"^[0-9]+-[0-9]+$")]
"""The id of a stream's entry."""
IsSet = Annotated[str, Field(pattern=r"^1?$")]
"""'1' for yes, '' or nothing for no."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, in hex."""
FileIdText = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]
"""A document's id."""
Iso = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")]
"""A time as ISO 8601, UTC."""
Binary = Annotated[bytes, Field(json_schema_extra={"contentEncoding": "binary"})]
"""Bytes as they are: a Yjs update (v1), or something compressed."""
