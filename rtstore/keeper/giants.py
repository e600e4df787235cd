"""Giants: what a notebook keeps beside it, stored, and put back where a file needs it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from rtstore.errors import StoreFull
from rtstore.keeper.charge import Charge
from rtstore.redis_backend.giant_store import GiantStore
from rtstore.schema import giants
from rtstore.schema.giant_names import origins
from rtstore.schema.giants import Beside

logger = logging.getLogger(__name__)

WHOLE_BYTES_MAX = 200 * 2**20
"""A file gets no more of them than this; what is beyond stays a link."""


async def store(charge: Charge, blobs: Mapping[str, str]) -> None:
    """Keep values under their hashes. Raises LeaseLost, StoreUnavailable, StoreFull."""
    kept = GiantStore(charge.office.link, charge.keys)
    for sha, text in blobs.items():
        await kept.put(sha, text, holding=charge.lease.holding)


async def taken_out(charge: Charge, content: Any) -> Any:  # noqa: ANN401 -- a notebook's content
    """A notebook as the document holds it, of one that a file has; stores what is large.

    Contents of other kinds, and what is no notebook, come back as they are.
    """
    if not _is_notebook(content):
        return content
    beside = Beside(await charge.base_url(), charge.document_id)
    cells = [
        {**cell, "outputs": giants.small(cell["outputs"], beside)}
        if isinstance(cell.get("outputs"), list)
        else cell
        for cell in content["cells"]
    ]
    await store(charge, beside.blobs)
    return {**content, "cells": cells}


async def put_back(charge: Charge, content: Any) -> Any:  # noqa: ANN401 -- a notebook's content
    """A notebook as a file holds it, of one that the document says.

    What was copied with a cell of another notebook is kept beside this one from then on.
    """
    needed: set[str] = set()
    if not _is_notebook(content):
        return content
    for cell in content["cells"]:
        if isinstance(cell.get("outputs"), list):
            needed |= giants.names(cell["outputs"])
    if not needed:
        return content
    stored: dict[str, str] = {}
    room = WHOLE_BYTES_MAX
    for name in sorted(needed):
        key = charge.keys.giant(name)
        # Asked before it is read: all of them together could be more than fits in here.
        size = int(await charge.office.link.command("STRLEN", key))
        if size > room:
            continue
        found = await charge.office.link.command("GET", key)
        if found is None and (found := await _taken_over(charge, name, content, room)) is None:
            continue
        room -= len(found)
        stored[name] = found.decode("utf-8", "replace")
    cells = [
        {**cell, "outputs": giants.whole(cell["outputs"], stored)}
        if isinstance(cell.get("outputs"), list)
        else cell
        for cell in content["cells"]
    ]
    return {**content, "cells": cells}


async def _taken_over(
    charge: Charge,
    name: str,
    content: Any,  # noqa: ANN401 -- a notebook's content
    bytes_max: int,
) -> bytes | None:
    """What is kept beside another document of this server, by the link that came with a cell.

    The other one may not need it any more by tomorrow.
    """
    office = charge.office
    origin = (await asyncio.to_thread(origins, content)).get(name, "")
    if origin in {"", charge.document_id} or await office.files.path_of(origin) is None:
        return None
    key = office.keys.document(origin).giant(name)
    if int(await office.link.command("STRLEN", key)) > bytes_max:
        return None
    found: bytes | None = await office.link.command("GET", key)
    if found is not None:
        try:
            kept = GiantStore(office.link, charge.keys)
            await kept.put(name, found, holding=charge.lease.holding)
        except StoreFull as error:  # the file gets it all the same
            logger.warning("not taken over document=%s why=%s", charge.document_id, error)
    return found


def _is_notebook(content: object) -> bool:
    """Whether it has cells, each of the form that is looked into here."""
    cells = content.get("cells") if isinstance(content, dict) else None
    return isinstance(cells, list) and all(
        isinstance(cell, dict) and _are_outputs(cell.get("outputs") or []) for cell in cells
    )


def _are_outputs(outputs: object) -> bool:
    return isinstance(outputs, list) and all(isinstance(output, dict) for output in outputs)
