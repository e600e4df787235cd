"""Base: what was last in the file and in the document alike, for three-way merges.

Beside it stands what we set out to save since and never heard of: a file that holds such content
is our own save, not somebody's change, whoever of us died before the answer.
"""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from collections.abc import Sequence
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
    """Keep it for whoever keeps the document next; nothing is pending then."""
    data = await asyncio.to_thread(_pack, base.content)
    await link.command(
        "HSET", keys.base, "id", entry_id, "sha", base.hash, "digest", base.digest, "data", data,
        "pending", "",
    )  # fmt: skip


async def store_pending(link: Link, keys: DocumentKeys, pending: Sequence[str]) -> None:
    """Keep what is about to be saved; before it is, as who saves may die any time after."""
    await link.command("HSET", keys.base, "pending", " ".join(pending))


async def restore(link: Link, keys: DocumentKeys) -> tuple[Base | None, list[str]]:
    """What was stored (None if nothing was), and what was pending."""
    told = await link.command("HMGET", keys.base, "sha", "digest", "data", "pending")
    pending = (told[3] or b"").decode().split()
    if told[2] is None:
        return None, pending
    content = await asyncio.to_thread(_unpack, told[2])
    return Base(content, told[0].decode(), told[1].decode()), pending


def _pack(content: Any) -> bytes:  # noqa: ANN401 -- a document's content
    if isinstance(content, bytes):
        content = {"base64": base64.b64encode(content).decode()}
    return zlib.compress(json.dumps([content]).encode(), 3)


def _unpack(data: bytes) -> Any:  # noqa: ANN401 -- a document's content
    (content,) = json.loads(zlib.decompress(data))
    if isinstance(content, dict) and set(content) == {"base64"}:
        return base64.b64decode(content["base64"])
    return content
