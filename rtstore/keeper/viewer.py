"""Viewer: the live document for people with redis-cli (``rt:{D}:view``)."""

from __future__ import annotations

import asyncio
import json
import logging

from rtstore.errors import BadDocument
from rtstore.keeper.charge import Charge
from rtstore.schema import live, view

logger = logging.getLogger(__name__)

EVERY_S = 2.0


class Viewer:
    """Writes one charge's view; nothing of ours reads it."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge
        self._at = ""

    async def run(self) -> None:
        """At most every EVERY_S while the document changes. Never returns."""
        while True:
            await self.write()
            await asyncio.sleep(EVERY_S)

    async def write(self) -> None:
        """Bring it up to date. Raises StoreUnavailable, StoreRefused."""
        charge = self._charge
        at = str(charge.replica.follower.position)
        if at == self._at:
            return
        self._at = at
        async with charge.lock:
            await charge.settle()
            try:
                content = live.content(charge.replica.document, states=True)
            except BadDocument as error:
                logger.debug("not viewed document=%s why=%s", charge.document_id, error)
                return
        told = await charge.office.link.command("HGETALL", charge.keys.authors)
        users = {client.decode(): _user(value) for client, value in told.items()}
        editors = charge.replica.editors.items()
        authors = {cell: users.get(str(client), "") for cell, client in editors}
        fields = view.view(
            charge.where.kind, content, path=charge.where.path, at=at, authors=authors
        )
        pairs = [part for pair in fields.items() for part in pair]
        await charge.office.link.command("HSET", charge.keys.view, *pairs)


def _user(value: bytes) -> str:
    try:
        return str(json.loads(value)["user"])
    except (ValueError, KeyError, TypeError):
        return ""
