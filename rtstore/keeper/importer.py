"""Importer: the file's content becomes the document's first update, exactly once."""

from __future__ import annotations

import logging
import time

from rtstore.errors import BadDocument, DocumentError, NoSuchDocument
from rtstore.keeper import base as bases
from rtstore.keeper import form, giants
from rtstore.keeper.base import Base
from rtstore.keeper.charge import Charge, is_same
from rtstore.keeper.contents import Read
from rtstore.redis_backend.update_log import Origin
from rtstore.replica.replica import Replica
from rtstore.schema import live
from rtstore.schema.ids import EntryId

logger = logging.getLogger(__name__)


class Refused(Exception):
    """The document can't be loaded; its members were told."""


async def load(charge: Charge) -> bool:
    """Fill the document from its file if nobody has; know what the file is either way.

    Returns whether it was filled now. Raises Refused, JupyterUnavailable, LeaseLost,
    StoreUnavailable, StoreRefused.
    """
    if charge.replica.is_empty:
        return await _import(charge)
    await _resume(charge)
    return False


async def _import(charge: Charge) -> bool:
    at = charge.replica.follower.position
    try:
        file = await charge.office.contents.read(charge.where)
        content = form.from_file(charge.where.kind, charge.where.form, file.content)
        content = await giants.taken_out(charge, content)
        fresh = Replica(charge.log, charge.where.kind)
        entry_id = await _append(charge, fresh, file, content, after=at)
    except DocumentError as error:
        await _refuse(charge, error)
        raise Refused(str(error)) from error
    await charge.replica.follower.catch_up()
    if entry_id is None:
        logger.info("somebody else was first document=%s", charge.document_id)
        await _resume(charge)
        return False
    logger.info("imported document=%s path=%s", charge.document_id, charge.where.path)
    charge.file_hash, charge.stat = file.hash, file.stat
    # Of what was appended, not of the log: somebody may be typing already.
    charge.base = Base.of(charge.where.kind, live.content(fresh.document), file.hash)
    await bases.store(charge.office.link, charge.keys, charge.base, str(entry_id))
    return True


async def _append(
    charge: Charge, fresh: Replica, file: Read, content: object, *, after: EntryId
) -> EntryId | None:
    path = charge.where.path

    def fill(document: object) -> None:
        document.set(content)  # type: ignore[attr-defined]
        document.path = path  # type: ignore[attr-defined]
        document.hash = file.hash  # type: ignore[attr-defined]
        document.dirty = False  # type: ignore[attr-defined]

    meta = {"saved_id": "@id", "saved_hash": file.hash, "saved_ts": str(int(time.time() * 1000))}
    if file.stat is not None:
        meta |= {"saved_mtime": str(file.stat["mtime_ns"]), "saved_ino": str(file.stat["ino"])}
    try:
        return await fresh.edit(fill, Origin(), charge.hand, after=after, meta=meta)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise BadDocument(f"not a {charge.where.kind}: {error}") from error


async def _refuse(charge: Charge, error: DocumentError) -> None:
    code = 4500
    if isinstance(error, NoSuchDocument):
        code = 4404
    elif isinstance(error, BadDocument):
        code = 4400
    logger.warning("not loaded path=%s code=%d why=%s", charge.where.path, code, error)
    await charge.office.link.command("HSET", charge.keys.meta, "error", f"{code} {error}"[:500])
    await charge.notice("refused", code=code, reason=str(error))


async def _resume(charge: Charge) -> None:
    """Another kept it before: what it last saved is the base of what the file says now."""
    await charge.settle()
    charge.base, charge.pending = await bases.restore(charge.office.link, charge.keys)
    meta = await charge.log.meta()
    stats, _ = await charge.office.contents.stat([charge.where.path])
    stat = stats.get(charge.where.path)
    if stat is None:
        charge.is_missing, charge.file_hash = True, None
        return
    seen = {
        "mtime_ns": int(meta.get("saved_mtime", "0")),
        "size": stat["size"],
        "ino": int(meta.get("saved_ino", "0")),
    }
    if charge.base is not None and is_same(stat, seen):
        charge.file_hash, charge.stat = charge.base.hash, stat
    else:
        charge.file_hash = charge.base.hash if charge.base else meta.get("saved_hash")
        charge.stat = None  # differs from any: the next look at the file reads it
