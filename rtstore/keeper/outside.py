"""Outside: a file that is not what we last wrote is merged into the live document."""

from __future__ import annotations

import logging

from rtstore.errors import BadDocument, DocumentError, JupyterUnavailable, NoSuchDocument
from rtstore.keeper import form
from rtstore.keeper.base import Base
from rtstore.keeper.charge import Charge, is_same
from rtstore.keeper.contents import Read, Stat
from rtstore.redis_backend.update_log import Origin
from rtstore.schema import apply, three_way

logger = logging.getLogger(__name__)


class Outside:
    """Watches one charge's file for changes that are not ours."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge
        self._seen: Stat | None = None
        self._unreadable = ""

    async def told(self, stat: Stat | None) -> None:
        """What the file looks like now, once a second; a change counts when it is steady.

        Raises LeaseLost, StoreUnavailable, StoreRefused.
        """
        charge = self._charge
        if stat is None:
            await self._gone()
            return
        charge.is_missing = False
        if is_same(stat, charge.stat):
            self._seen = None
        elif is_same(stat, self._seen):
            self._seen = None
            try:
                await self.look()
            except JupyterUnavailable as error:
                logger.info("file not read document=%s why=%s", charge.document_id, error)
        else:
            self._seen = stat

    async def _gone(self) -> None:
        charge = self._charge
        if charge.is_missing or await charge.find_path():
            return
        charge.is_missing = True
        logger.warning("file is gone document=%s path=%s", charge.document_id, charge.where.path)
        await charge.event(
            "WARNING", "save", f"{charge.where.path} was deleted; the open document is kept"
        )

    async def look(self, *, is_replaced: bool = False) -> None:
        """Read the file and take in what is new there.

        `is_replaced`: somebody wrote it through Jupyter (a PUT, a checkpoint): it wins whole.
        Raises JupyterUnavailable, LeaseLost, StoreUnavailable, StoreRefused.
        """
        charge = self._charge
        try:
            file = await charge.office.contents.read(charge.where)
            theirs = form.from_file(charge.where.kind, charge.where.form, file.content)
        except NoSuchDocument:
            charge.is_missing = True
            return
        except DocumentError as error:
            await self._can_not_read(error)
            return
        self._unreadable = ""
        async with charge.lock:
            if file.hash == charge.file_hash and not is_replaced and charge.base is not None:
                charge.stat = file.stat
                return
            await charge.replica.follower.catch_up()
            await charge.settle()
            await self._take(file, theirs, is_replaced=is_replaced)

    async def _can_not_read(self, error: DocumentError) -> None:
        why = str(error)
        if why != self._unreadable:
            self._unreadable = why
            word = "is no longer valid" if isinstance(error, BadDocument) else "can't be read"
            await self._charge.event("WARNING", "load", f"{self._charge.where.path} {word}: {why}")

    async def _take(self, file: Read, theirs: object, *, is_replaced: bool) -> None:
        charge, kind = self._charge, self._charge.where.kind
        ours = charge.replica.document.get()
        is_known = file.hash == charge.file_hash
        conflicts: tuple[three_way.Conflict, ...] = ()
        wanted = theirs
        if not is_replaced:
            # Without a base nothing says which side changed: the live document is kept.
            before = charge.base.content if charge.base is not None else theirs
            merged = three_way.merge(kind, before, ours, theirs)
            wanted, conflicts = merged.content, merged.conflicts
        logger.info(
            "file changed outside document=%s path=%s conflicts=%d",
            charge.document_id, charge.where.path, len(conflicts),
        )  # fmt: skip
        await charge.replica.edit(
            lambda document: apply.apply(kind, document, wanted), Origin(kind="x"), charge.hand
        )
        is_lost = charge.base is None and not is_known and not is_replaced and theirs != ours
        if conflicts or is_lost:
            cells = ", ".join(conflict.cell for conflict in conflicts[:5])
            told = form.to_file(kind, theirs)
            await charge.beside(told, "conflict", f"changed here and outside at once: {cells}")
        base = Base.of(kind, theirs, file.hash)
        after = Base.of(kind, charge.replica.document.get(), file.hash)
        charge.replica.is_content_new = after.digest != base.digest
        await charge.agreed(base, file.stat)
        if charge.replica.is_content_new:
            charge.replica.edited.set()
