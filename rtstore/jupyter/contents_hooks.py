"""Jupyter's own contents routes, for files that are open together.

Whoever reads, copies, downloads, exports or checkpoints such a file gets what is on everybody's
screen: its keeper saves it first. Whoever writes it, or goes back to a checkpoint, changes what
is on everybody's screen. A file that is not open costs one look into a dict.

Whoever writes, moves or deletes a file is its only writer meanwhile: a keeper's save has looked
at the file, and must not write over what was done to it since. The keeper saves before the lock
is taken, as its save takes the same.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import JupyterHandler, path_regex
from jupyter_server.nbconvert.handlers import NbconvertFileHandler
from jupyter_server.services.contents.handlers import (
    CheckpointsHandler,
    ContentsHandler,
    ModifyCheckpointsHandler,
)
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from rtstore.jupyter.backend import Backend
from rtstore.jupyter.contents_events import Change

Route = tuple[str, type[JupyterHandler], dict[str, Any]]


class Hooked(JupyterHandler):  # type: ignore[misc] # untyped
    """Goes before a handler class; the route's `backend` is taken off its arguments."""

    def initialize(self, backend: Backend, **kwargs: Any) -> None:  # noqa: ANN401
        """Takes what the route was registered with."""
        self._backend = backend
        super().initialize(**kwargs)

    async def prepare(self) -> None:
        """Have the file saved first, if this request reads one that is open together."""
        prepared = super().prepare()
        if prepared is not None:
            await prepared
        path = None if self._finished else self.read_path()
        if path and self._backend.is_indexed(path) and await self._may_read():
            await self._backend.save_if_open(path)
        path = None if self._finished else self.hash_path()
        if path and self._backend.is_indexed(path) and await self._may_read():
            await self._backend.until_hash_is_known(path)

    def on_finish(self) -> None:
        """Tell that the file is another now, if this request made it so."""
        super().on_finish()
        path = self.written_path() if self.get_status() < 300 else None
        if path and self._backend.is_indexed(path):
            self._backend.changes.add(Change("replaced", path))

    def read_path(self) -> str | None:
        """The file whose content this request reads, if it does."""
        return None

    def hash_path(self) -> str | None:
        """The file whose hash this request asks for, if it does."""
        return None

    def written_path(self) -> str | None:
        """The file whose content this request wrote, if it did."""
        return None

    @asynccontextmanager
    async def only_writer(self, *more: str) -> AsyncIterator[None]:
        """Be the only one who writes this request's file, and those at `more`."""
        async with AsyncExitStack() as held:
            # In one order, so that two who move files onto each other don't wait for ever.
            for path in sorted({self._path(), *more}):
                await held.enter_async_context(self._backend.files.only_writer(path))
            yield

    def _path(self) -> str:
        given = self.path_kwargs.get("path") or (self.path_args[-1] if self.path_args else "")
        return str(given).strip("/")

    async def _may_read(self) -> bool:
        if self.current_user is None:
            return False
        asked = self.authorizer.is_authorized(self, self.current_user, "read", "contents")
        return bool(await ensure_async(asked))


class HookedContents(Hooked, ContentsHandler):  # type: ignore[misc] # untyped
    """``/api/contents/…``: GET with content, POST of a copy; PUT, PATCH (a move), DELETE."""

    @authenticated  # type: ignore[untyped-decorator]
    async def put(self, path: str = "") -> None:
        """Jupyter's, as the only writer."""
        async with self.only_writer():
            await super().put(path)

    @authenticated  # type: ignore[untyped-decorator]
    async def patch(self, path: str = "") -> None:
        """Jupyter's, as the only writer of both paths."""
        async with self.only_writer(*self._moved_to()):
            await super().patch(path)

    @authenticated  # type: ignore[untyped-decorator]
    async def delete(self, path: str = "") -> None:
        """Jupyter's, as the only writer."""
        async with self.only_writer():
            await super().delete(path)

    def _moved_to(self) -> list[str]:
        try:
            return [str(json.loads(self.request.body)["path"]).strip("/")]
        except (ValueError, KeyError, TypeError):
            return []  # the handler itself says what is wrong

    def read_path(self) -> str | None:
        """See Hooked."""
        if self.request.method == "GET":
            return None if self.get_query_argument("content", "1") == "0" else self._path()
        if self.request.method == "POST" and b"copy_from" in self.request.body:
            try:
                return str(json.loads(self.request.body)["copy_from"]).strip("/")
            except (ValueError, KeyError, TypeError):
                return None  # the handler itself says what is wrong
        return None

    def hash_path(self) -> str | None:
        """See Hooked. The front end does so at Ctrl+S, to see whether the file is another."""
        asks = self.request.method == "GET" and self.get_query_argument("content", "1") == "0"
        return self._path() if asks and self.get_query_argument("hash", "0") == "1" else None

    def written_path(self) -> str | None:
        """See Hooked. Contents managers that send events told this already: no harm twice."""
        return self._path() if self.request.method == "PUT" else None


class HookedCheckpoints(Hooked, CheckpointsHandler):  # type: ignore[misc] # untyped
    """``/api/contents/…/checkpoints``: POST makes one of what is on the screen."""

    def read_path(self) -> str | None:
        """See Hooked."""
        return self._path() if self.request.method == "POST" else None


class HookedRestore(Hooked, ModifyCheckpointsHandler):  # type: ignore[misc] # untyped
    """``/api/contents/…/checkpoints/<id>``: POST reverts the file."""

    @authenticated  # type: ignore[untyped-decorator]
    async def post(self, path: str, checkpoint_id: str) -> None:
        """Jupyter's, as the only writer."""
        async with self.only_writer():
            await super().post(path, checkpoint_id)

    def written_path(self) -> str | None:
        """See Hooked."""
        return self._path() if self.request.method == "POST" else None


class HookedExport(Hooked, NbconvertFileHandler):  # type: ignore[misc] # untyped
    """``/nbconvert/<format>/…``."""

    def read_path(self) -> str | None:
        """See Hooked."""
        return self._path()


class HookedDownload(Hooked):
    """``/files/…``; goes before the contents manager's own handler class."""

    def read_path(self) -> str | None:
        """See Hooked."""
        return self._path()


def routes(backend: Backend, base_url: str) -> list[Route]:
    """Jupyter's contents routes with the hooks in front; they go before Jupyter's own."""
    given = {"backend": backend}
    checkpoint = r"(?P<checkpoint_id>[\w-]+)"
    contents = rf"/api/contents{path_regex}"
    plain: list[Route] = [
        (rf"{contents}/checkpoints", HookedCheckpoints, given),
        (rf"{contents}/checkpoints/{checkpoint}", HookedRestore, given),
        (rf"/nbconvert/(?P<format>\w+){path_regex}", HookedExport, given),
    ]
    manager = backend.contents_manager()
    if manager.files_handler_class:
        download = type("HookedFiles", (HookedDownload, manager.files_handler_class), {})
        plain.append((r"/files/(.*)", download, given | manager.files_handler_params))
    # Last, as a path may end in what the routes above end in; …/trust stays Jupyter's.
    plain.append((rf"{contents}(?<!/trust)", HookedContents, given))
    return [(url_path_join(base_url, pattern), *rest) for pattern, *rest in plain]
