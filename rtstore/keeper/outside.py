"""Outside: a file that is not what we last wrote is merged into the live document."""

from __future__ import annotations

import asyncio
import logging

from rtstore.errors import BadDocument, DocumentError, JupyterUnavailable, NoSuchDocument
from rtstore.keeper import form, giants
from rtstore.keeper.base import Base
from rtstore.keeper.charge import Charge, is_same
from rtstore.keeper.contents import Read, Stat
from rtstore.redis_backend.update_log import Origin
from rtstore.schema import apply, notebook, session_events, three_way

logger = logging.getLogger(__name__)


AGAIN_S = 10.0
"""A file that could not be taken in, and did not change, is tried again after this."""


class NotTaken(Exception):
    """The file is not what we last wrote, and the document does not have it; the message says
    why, if `is_told` to the person.
    """

    def __init__(self, why: str, *, is_told: bool) -> None:
        super().__init__(why)
        self.is_told = is_told


class Outside:
    """Watches one charge's file for changes that are not ours."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge
        self._seen: Stat | None = None
        self._unreadable = ""
        self.is_gone_told = False
        """Whether the person knows that the file was deleted."""
        self._not_taken: Stat | None = None
        self._not_before = 0.0

    async def told(self, stat: Stat | None) -> None:
        """What the file looks like now, once a second; a change counts when it is steady.

        Raises LeaseLost, StoreUnavailable, StoreRefused.
        """
        charge = self._charge
        if stat is None:
            await self._gone()
            return
        charge.is_missing = self.is_gone_told = False
        if is_same(stat, charge.stat):
            self._seen = None
        elif is_same(stat, self._seen):
            self._seen = None
            await self._look_at_change(stat)
        else:
            self._seen = stat

    async def _look_at_change(self, stat: Stat) -> None:
        now = asyncio.get_running_loop().time()
        if is_same(stat, self._not_taken) and now < self._not_before:
            return
        try:
            await self.look()
        except (JupyterUnavailable, NotTaken) as error:
            logger.info("file not taken document=%s why=%s", self._charge.document_id, error)
            if isinstance(error, NotTaken):
                self._not_taken, self._not_before = stat, now + AGAIN_S

    async def _gone(self) -> None:
        charge = self._charge
        if self.is_gone_told or await charge.find_path():
            return
        charge.is_missing = True
        path = charge.where.path
        logger.warning("file is gone document=%s path=%s", charge.document_id, path)
        why = f"{path} was deleted; the open document is kept"
        self.is_gone_told = await charge.event(session_events.ALARM, "save", why)

    async def look(self, *, is_replaced: bool = False) -> None:
        """Read the file and take in what is new there.

        `is_replaced`: somebody wrote it through Jupyter (a PUT, a checkpoint): it wins whole.
        Raises NotTaken (the document and what we know of the file are as before, so that no save
        goes over it), JupyterUnavailable, LeaseLost, StoreUnavailable, StoreRefused.
        """
        charge = self._charge
        is_again = False
        while True:
            base, where = charge.base, charge.where
            try:
                file = await charge.office.contents.read(where)
                theirs = form.from_file(where.kind, where.form, file.content)
                theirs = await giants.taken_out(charge, theirs)
            except NoSuchDocument:
                if charge.where != where:
                    continue
                charge.is_missing = True
                return
            except DocumentError as error:
                raise await self._can_not_read(error) from error
            self._unreadable = ""
            async with charge.lock:
                is_current = charge.base is base and charge.where == where
                is_new = is_current and await self._compare(
                    file, theirs, is_replaced=is_replaced, is_again=is_again
                )
            if is_current:
                break
            # A save or another look came between: what was read may be older than the base.
            is_again = True
        if is_new:
            why = f"{where.path} was changed outside, and the open document with it"
            await charge.event(session_events.NEWS, "overwrite", why)

    async def _compare(
        self, file: Read, theirs: object, *, is_replaced: bool, is_again: bool
    ) -> bool:
        """Whether the document was changed."""
        charge = self._charge
        is_ours = file.hash == charge.file_hash and charge.base is not None
        # Who replaced the file by what we last saved means it; if we saved since, it is merged.
        if is_ours and (is_again or not is_replaced):
            charge.stat = file.stat
            return False
        await charge.replica.follower.catch_up()
        await charge.settle()
        if is_replaced or not self._is_pending(theirs):
            return await self._take(file, theirs, is_replaced=is_replaced)
        logger.info("own save found document=%s", charge.document_id)
        await self._agree(file, theirs)
        return False

    def _is_pending(self, theirs: object) -> bool:
        """Whether it is a save of ours, or of who kept it before, that was never answered."""
        charge = self._charge
        return form.on_disk(form.digest(charge.where.kind, theirs)) in charge.pending

    async def _agree(self, file: Read, theirs: object) -> None:
        charge, kind = self._charge, self._charge.where.kind
        base = Base.of(kind, theirs, file.hash)
        charge.replica.is_content_new = charge.digest() != base.digest
        await charge.agreed(base, file.stat)
        if charge.replica.is_content_new:
            charge.replica.edited.set()

    async def _can_not_read(self, error: DocumentError) -> NotTaken:
        word = "is no longer valid" if isinstance(error, BadDocument) else "can't be read"
        why = f"{self._charge.where.path} {word}: {error}"
        if why != self._unreadable and await self._charge.event(session_events.ALARM, "load", why):
            self._unreadable = why
        return NotTaken(why, is_told=why == self._unreadable)

    async def _take(self, file: Read, theirs: object, *, is_replaced: bool) -> bool:
        charge, kind = self._charge, self._charge.where.kind
        wanted: object | None = theirs
        conflict = ""
        if not is_replaced:
            wanted, conflict = self._merged(theirs, is_known=file.hash == charge.file_hash)
        logger.info(
            "file changed outside document=%s path=%s conflict=%s",
            charge.document_id, charge.where.path, conflict or "none",
        )  # fmt: skip
        # First of all: once the base is the file's content, the next save goes over it.
        if conflict and not await self._keep_beside(theirs, conflict):
            why = f"{conflict}; what is in the file can't be saved beside"
            raise NotTaken(why, is_told=conflict == charge.not_beside)
        done = wanted is not None and await charge.replica.edit(
            lambda document: apply.apply(kind, document, wanted), Origin(kind="x"), charge.hand
        )
        await self._agree(file, theirs)
        return bool(done)

    async def _keep_beside(self, theirs: object, why: str) -> bool:
        charge = self._charge
        told = form.to_file(charge.where.kind, await giants.put_back(charge, theirs))
        return await charge.beside(told, "conflict", why) is not None

    def _merged(self, theirs: object, *, is_known: bool) -> tuple[object | None, str]:
        """What the document is to say, and why the file must be kept beside ("": it need not).

        None: it is to stay as it is, which no file can say and no edit can start from.
        `is_known`: the file is the one that was last saved, only its content was forgotten.
        """
        charge, kind = self._charge, self._charge.where.kind
        try:
            ours = charge.content()
            ours = notebook.read(ours) if kind == form.NOTEBOOK else ours
        except BadDocument as error:
            return None, f"changed outside while the open document is not valid: {error}"
        if charge.base is None:  # nothing says which side changed: the live document is kept
            is_lost = not is_known and form.digest(kind, ours) != form.digest(kind, theirs)
            return ours, "changed outside while nobody kept the document" if is_lost else ""
        merged = three_way.merge(kind, charge.base.content, ours, theirs)
        if not merged.conflicts:
            return merged.content, ""
        cells = ", ".join(conflict.cell for conflict in merged.conflicts[:5])
        return merged.content, f"changed here and outside at once: {cells}"
