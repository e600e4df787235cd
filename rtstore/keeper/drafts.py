"""Drafts: what tabs of an earlier history held becomes files beside the document's."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from rtstore.errors import (
    BadDocument,
    BadFrame,
    DocumentError,
    JupyterUnavailable,
    NotAllowed,
    RTStoreError,
)
from rtstore.keeper import form, giants
from rtstore.keeper.charge import Charge
from rtstore.keeper.contents import Where
from rtstore.redis_backend import drafts
from rtstore.redis_backend.drafts import Draft
from rtstore.schema import decoded, notebook, session_events
from rtstore.schema.contained import is_contained

logger = logging.getLogger(__name__)

LABEL = "draft"
CHECK_S = 30.0
"""Looked for this often even when nothing was heard: pub/sub may lose the notice."""
RETRY_S = 2.0


class Drafts:
    """Those of one charge."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge
        self._kept = drafts.Drafts(charge.office.link, charge.keys)
        self._failed: set[str] = set()
        self.came = asyncio.Event()
        """Set when there is another."""

    async def run(self) -> None:
        """Write each that comes, and those that came before. Never returns."""
        while True:
            self.came.clear()
            try:
                await self.write()
            except JupyterUnavailable as error:
                logger.info("draft waits document=%s why=%s", self._charge.document_id, error)
                await asyncio.sleep(RETRY_S)
                continue
            try:
                async with asyncio.timeout(CHECK_S):
                    await self.came.wait()
            except TimeoutError:
                pass

    async def write(self) -> None:
        """See to all that wait. Raises JupyterUnavailable, StoreUnavailable, StoreRefused."""
        for name, draft in (await self._kept.waiting()).items():
            path, fault = None, None
            try:
                path = await self._written(draft)
            except RTStoreError:
                raise
            except Exception as error:  # the edge of one draft: the document is kept all the same
                fault = error
            if path is not None:
                await self._kept.done(name, path=path)
            elif name not in self._failed:
                self._failed.add(name)
                document_id = self._charge.document_id
                logger.error("draft not saved document=%s", document_id, exc_info=fault)

    async def _written(self, draft: Draft) -> str | None:
        """The file that it is in now; '' if it need not be in any, None if it can't be yet."""
        charge = self._charge
        try:
            content = await asyncio.to_thread(_content, draft)
        except (BadDocument, BadFrame) as error:
            logger.warning("draft not read document=%s why=%s", charge.document_id, error)
            return ""
        async with charge.lock:
            await charge.settle()
            present, kind = charge.content(), charge.where.kind
        if await asyncio.to_thread(_says_nothing_new, draft, content, kind, present):
            return ""
        path = await self._beside(draft, content)
        if path is not None:
            logger.warning("draft saved document=%s path=%s", charge.document_id, path)
            why = (
                f"{draft.user} edited a copy of {charge.where.path} that can't be merged any more"
            )
            await charge.event(session_events.ALARM, "save", f"{why}; see {path}")
        return path

    async def _beside(self, draft: Draft, content: Any) -> str | None:  # noqa: ANN401 -- by kind
        contents, path = self._charge.office.contents, self._charge.where.path
        where = Where(path, draft.type, draft.format)
        content = await giants.put_back(self._charge, content)  # while the store has it
        try:
            try:
                return await contents.beside(where, form.to_file(draft.type, content), LABEL)
            except BadDocument:  # what no notebook can be is kept as it is
                told = json.dumps(content, indent=1, default=str)
                return await contents.beside(Where(path, "file", "text"), told, LABEL)
        except (DocumentError, NotAllowed) as error:
            logger.info("no draft beside document=%s why=%s", self._charge.document_id, error)
            return None


def _content(draft: Draft) -> Any:  # noqa: ANN401 -- by kind
    """In a thread: a whole document. Raises BadDocument, BadFrame."""
    try:
        return decoded.content(draft.type, draft.update)
    except Exception:
        raise
    except BaseException as error:  # a panic of the library is none of Exception
        raise BadFrame(f"can't be applied: {error}") from None


def _says_nothing_new(draft: Draft, content: Any, kind: str, present: Any) -> bool:  # noqa: ANN401
    try:
        if draft.type == kind:
            return is_contained(kind, content, present)
        # Of one file that was opened as two types, one is a notebook, the other its text.
        return is_contained(
            form.NOTEBOOK, _as_notebook(draft.type, content), _as_notebook(kind, present)
        )
    except (BadDocument, ValueError, RecursionError):  # of JSON that is none, or too deep
        return False


def _as_notebook(kind: str, content: Any) -> Any:  # noqa: ANN401 -- by kind
    if kind == form.NOTEBOOK:
        return content
    if not isinstance(content, str):
        raise BadDocument("no notebook")
    return notebook.read(json.loads(content))
