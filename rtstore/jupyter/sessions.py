"""One session and one kernel for each notebook, whoever opens it first, and however often.

Jupyter makes a session per request, so that two people who open a notebook in one instant get a
kernel each. JupyterLab asks under a made-up path beside the notebook, with the notebook's name:
what counts here is the file.
"""

from __future__ import annotations

import asyncio
import logging
import math
import posixpath
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.services.sessions.sessionmanager import SessionManager

from rtstore.errors import RTStoreError
from rtstore.jupyter.kernels import Actor
from rtstore.redis_backend.lease import RENEW_S, Lease
from rtstore.tasks import background

logger = logging.getLogger(__name__)

ACTOR: ContextVar[Actor | None] = ContextVar("actor", default=None)
"""Who makes the request that is being answered."""
LOCK_WITHIN_S = 10.0
LOCK_AGAIN_S = 0.1
INSIST_S = 30.0
"""Who shuts a kernel down twice within this means it, whoever else has the notebook open."""
NOTEBOOK = "notebook"
CHANGED = "changed the kernel"
"""What people are told of who did so."""
_GONE = "gone"
"""In place of a file's id: the file was deleted, or another was moved onto it."""


def one_kernel_each(
    kind: type[SessionManager], backend: Callable[[], Any]
) -> type[SessionManager]:
    """The session manager class that Jupyter is configured with, made to share kernels."""
    return type(
        f"Shared{kind.__name__}", (SharedSessions, kind), {"backend": staticmethod(backend)}
    )


class SharedSessions(SessionManager):  # type: ignore[misc] # untyped
    """See the module."""

    backend: Any
    """Returns the Backend, or None before there is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 -- Jupyter's
        super().__init__(*args, **kwargs)
        self._starting: dict[str, asyncio.Lock] = {}
        self._files: dict[str, str] = {}
        """Session id → file id: it is of that file, wherever that is, and of no other."""
        self._owners: dict[str, str] = {}
        """Session id → username, where each user has a kernel of their own."""
        self._kept: dict[str, tuple[str, float]] = {}
        """Session id → who shut it down last while others used it, and when."""
        self._makes = 0

    async def create_session(
        self,
        path: str | None = None,
        name: str | None = None,
        type: str | None = None,  # noqa: A002
        kernel_name: str | None = None,
        kernel_id: str | None = None,
    ) -> dict[str, Any]:
        """Jupyter's: the notebook's session, made if there is none."""
        make = super().create_session
        given = {"name": name, "type": type, "kernel_name": kernel_name, "kernel_id": kernel_id}
        if type != NOTEBOOK or not path:
            return dict(await make(path=path, **given))
        file = real_path(path, name)
        user = await self._owner_of_new(file)
        async with self.alone(file):
            found = await self._session_of(file, user)
            if found is None:
                with self._making():
                    found = dict(await make(path=file, **given))
                self._place(found["id"], file)
                if user:
                    self._owners[found["id"]] = user
                if (backend := self.backend()) is not None:
                    backend.kernels.look()  # it is for this notebook
            elif kernel_id in self.kernel_manager and kernel_id != found["kernel"]["id"]:
                before = found["kernel"]["id"]
                await self.update_session(found["id"], kernel_id=kernel_id)
                await self._end_unused(before)
                found = await self.get_session(session_id=found["id"])
            # JupyterLab shuts a session down that is not of the path which it made up.
            return dict(found) | {"path": path}

    @property
    def is_making(self) -> bool:
        """Whether a notebook gets a kernel just now: that may be there already, and no session."""
        return self._makes > 0

    @contextmanager
    def _making(self) -> Iterator[None]:
        self._makes += 1
        try:
            yield
        finally:
            self._makes -= 1

    async def session_exists(self, path: str) -> bool:
        """Jupyter's: whether a request for `path` needs no new session. `create_session` finds
        the right one for a notebook.
        """
        self._settle()
        if any(one["type"] == NOTEBOOK and one["path"] == path for one in self._rows()):
            return False
        return bool(await super().session_exists(path))

    async def list_sessions(self) -> list[dict[str, Any]]:
        """Jupyter's: all but those that are another user's own, or of a notebook whose users
        have each their own by now, or of a file that is gone and another is in its place:
        JupyterLab takes whatever session it finds for a file.
        """
        self._settle()
        actor, backend = ACTOR.get(), self.backend()
        told: list[dict[str, Any]] = await super().list_sessions()
        if actor is None or backend is None:
            return told
        shown = []
        for one in told:
            if self._files.get(one["id"]) == _GONE and backend.is_indexed(one["path"]):
                continue
            owner = self._owners.get(one["id"])
            if owner is None and one["type"] == NOTEBOOK:
                if await backend.is_kernel_per_user(one["path"]):
                    continue
            elif owner not in (None, actor.username):
                continue
            shown.append(one)
        return shown

    def owner_of(self, session_id: str) -> str:
        """Whose own it is, where each user has one; else ''."""
        return self._owners.get(session_id, "")

    @asynccontextmanager
    async def alone(self, file: str) -> AsyncIterator[None]:
        """Nobody else gives this file a kernel meanwhile, in this server or another."""
        lock = self._starting.setdefault(file, asyncio.Lock())
        async with lock:
            lease = await self._lease(file)
            if lease is None:
                yield
                return
            try:
                async with background(_renew(lease)):
                    yield
            finally:
                try:
                    await lease.release()
                except RTStoreError as error:
                    logger.debug("start lock not released: %s", error)

    async def restore(self, kernel_id: str, path: str, user: str) -> None:
        """A kernel that a server before this one had is the notebook's again.

        `user`: whose own it is; '': everybody's.
        """
        session_id = self.new_session_id()
        if user:
            self._owners[session_id] = user
        # The file's id is asked for when somebody asks for the session: it may not be here yet.
        name = posixpath.basename(path)
        await self.save_session(session_id, path, name, NOTEBOOK, kernel_id)

    def user_of_kernel(self, kernel_id: str) -> str:
        """Whose own kernel it is; '' if it is everybody's."""
        for row in self._rows():
            if row["kernel_id"] == kernel_id:
                return self._owners.get(row["session_id"], "")
        return ""

    def path_of_kernel(self, kernel_id: str) -> str:
        """The path of a session with this kernel; '' if there is none."""
        for row in self._rows():
            if row["kernel_id"] == kernel_id:
                is_file = row["type"] == NOTEBOOK
                path = self._place(row["session_id"], row["path"]) if is_file else row["path"]
                return str(path)
        return ""

    def gone(self, path: str) -> None:
        """The file or directory was deleted, or another is about to be in its place: a file
        that is there later gets no session of what was there.
        """
        self._settle()
        for row in self._rows():
            if row["path"] == path or str(row["path"]).startswith(f"{path}/"):
                self._files[row["session_id"]] = _GONE

    async def update_session(self, session_id: str, **kwargs: Any) -> None:  # noqa: ANN401
        """Jupyter's. A made-up path means the notebook's. With a path, it is of the file there."""
        if kwargs.get("path") and kwargs.get("name"):
            kwargs["path"] = real_path(kwargs["path"], kwargs["name"])
        await super().update_session(session_id, **kwargs)
        if kwargs.get("path"):
            # Its id is asked for again: the move of the file may not have come to us yet.
            self._files.pop(session_id, None)

    async def delete_session(self, session_id: str) -> None:
        """Jupyter's: end it and its kernel; but not under others who have the notebook open."""
        session = await self.get_session(session_id=session_id)
        backend = self.backend()
        if session["type"] == NOTEBOOK and backend is not None:
            actor = ACTOR.get()
            is_own = session_id in self._owners
            others = [] if is_own else await backend.others_in(session["path"], actor)
            if others and not self._is_insisted(session_id, actor):
                logger.info(
                    "kernel kept, others use it path=%s who=%s", session["path"], ", ".join(others)
                )
                backend.tell_kept(session["path"], actor, others)
                return
            if actor is not None:
                kernel_id = session["kernel"]["id"]
                await backend.kernels.about_to("shutdown", kernel_id, actor)
                with _or_not(backend, kernel_id):
                    await super().delete_session(session_id)
                return
        await super().delete_session(session_id)

    def _is_insisted(self, session_id: str, actor: Actor | None) -> bool:
        """Whether this user was told a moment ago that others use it: a closing tab asks once."""
        who = actor.username if actor is not None else ""
        user, at = self._kept.get(session_id, ("", -math.inf))
        self._kept[session_id] = (who, time.monotonic())
        return who == user != "" and time.monotonic() - at <= INSIST_S

    async def _end_unused(self, kernel_id: str) -> None:
        """A session has another kernel now: end the one it had, unless another session has it."""
        if any(row["kernel_id"] == kernel_id for row in self._rows()):
            return
        actor, backend = ACTOR.get(), self.backend()
        if actor is None or backend is None:
            await ensure_async(self.kernel_manager.shutdown_kernel(kernel_id))
            return
        hit = await backend.kernels.about_to("shutdown", kernel_id, actor)
        with _or_not(backend, kernel_id):
            await ensure_async(self.kernel_manager.shutdown_kernel(kernel_id))
        await backend.tell_of_hits(hit, f"{actor.name} {CHANGED}")

    async def _session_of(self, file: str, user: str) -> dict[str, Any] | None:
        """The live session of a file, wherever the file was when it was made.

        `user`: whose own it must be; '': everybody's.
        """
        backend = self.backend()
        file_id = backend.file_ids.index(file) if backend is not None else None
        self._settle()
        at_path = None
        for session in await super().list_sessions():
            is_theirs = self._owners.get(session["id"], "") == user
            if session["type"] != NOTEBOOK or not is_theirs:
                continue
            claimed = self._files.get(session["id"])
            if claimed is not None and claimed == file_id:
                return dict(session)
            if claimed is None and session["path"] == file:
                at_path = dict(session)
        return at_path

    async def _owner_of_new(self, file: str) -> str:
        """Who is to have a session of their own for this file; '' if it is everybody's."""
        actor, backend = ACTOR.get(), self.backend()
        if actor is None or backend is None or not await backend.is_kernel_per_user(file):
            return ""
        return actor.username

    def _rows(self) -> list[Any]:
        self.cursor.execute("SELECT session_id, path, type, kernel_id FROM session")
        return list(self.cursor.fetchall())

    def _settle(self) -> None:
        """Have each session's path say where its file is now."""
        for row in self._rows():
            if row["type"] != NOTEBOOK:
                continue
            path = self._place(row["session_id"], row["path"])
            if path != row["path"]:
                self.cursor.execute(
                    "UPDATE session SET path=?, name=? WHERE session_id=?",
                    (path, posixpath.basename(path), row["session_id"]),
                )

    def _place(self, session_id: str, path: str) -> str:
        """Where the file is whose session was last known to be at `path`."""
        backend, file_id = self.backend(), self._files.get(session_id)
        if backend is None or file_id == _GONE:
            return path
        ids = backend.file_ids
        now = (ids.get_path(file_id) if file_id is not None else None) or path
        # Asked again: of two ids that were made for one file in one instant, one is given up.
        if (file_id := ids.get_id(now)) is not None:
            self._files[session_id] = file_id
        return str(now)

    async def _lease(self, file: str) -> Lease | None:
        """The lock in the store; None while there is no store, when this server is alone."""
        backend = self.backend()
        if backend is None:
            return None
        try:
            lease: Lease | None = await backend.start_lease(file)
            if lease is None:
                return None
            async with asyncio.timeout(LOCK_WITHIN_S):
                while not await lease.acquire():  # noqa: ASYNC110 -- nobody can tell us
                    await asyncio.sleep(LOCK_AGAIN_S)
        except (RTStoreError, TimeoutError) as error:
            logger.warning("kernel started without the store's lock path=%s: %s", file, error)
            return None
        return lease


def real_path(path: str, name: str | None) -> str:
    """The notebook's path: its name in the directory of the path that was asked for."""
    clean = path.strip("/")
    return posixpath.join(posixpath.dirname(clean), name) if name and "/" not in name else clean


async def _renew(lease: Lease) -> None:
    while True:
        await asyncio.sleep(RENEW_S)
        try:
            await lease.renew()
        except RTStoreError as error:
            logger.debug("start lock not renewed: %s", error)


@contextmanager
def _or_not(backend: Any, kernel_id: str) -> Iterator[None]:  # noqa: ANN401 -- the Backend
    """A kernel that could not be shut down takes runs as before."""
    try:
        yield
    except BaseException:
        backend.kernels.failed_to(kernel_id)
        raise
