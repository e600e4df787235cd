"""Base: what was last in the file and in the document alike, for three-way merges."""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any

from rtstore.keeper import form
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link


@dataclass(frozen=True, slots=True)
class Base:
    """Content as the document says it, the hash of the file that has it, and its digest."""

    content: Any
    hash: str
    digest: str

    @classmethod
    def of(cls, kind: str, content: Any, file_hash: str) -> Base:  # noqa: ANN401 -- a document's content
        """With the digest computed."""
        return cls(content, file_hash, form.digest(kind, content))


async def store(link: Link, keys: DocumentKeys, base: Base, entry_id: str) -> None:
    """Keep it for whoever keeps the document next."""
    data = await asyncio.to_thread(_pack, base.content)
    await link.command(
        "HSET", keys.base, "id", entry_id, "sha", base.hash, "digest", base.digest, "data", data
    )  # fmt: skip


async def restore(link: Link, keys: DocumentKeys) -> Base | None:
    """What was stored; None if nothing was."""
    told = await link.command("HMGET", keys.base, "sha", "digest", "data")
    if told[2] is None:
        return None
    content = await asyncio.to_thread(_unpack, told[2])
    return Base(content, told[0].decode(), told[1].decode())


def _pack(content: Any) -> bytes:  # noqa: ANN401 -- a document's content
    if isinstance(content, bytes):
        content = {"base64": base64.b64encode(content).decode()}
    return zlib.compress(json.dumps([content]).encode(), 3)


def _unpack(data: bytes) -> Any:  # noqa: ANN401 -- a document's content
    (content,) = json.loads(zlib.decompress(data))
    if isinstance(content, dict) and set(content) == {"base64"}:
        return base64.b64decode(content["base64"])
    return content
