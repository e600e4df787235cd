"""One session and one kernel for each notebook, whoever opens it first, and however often.

Jupyter makes a session per request, so that two people who open a notebook in one instant get a
kernel each. JupyterLab asks under a made-up path beside the notebook, with the notebook's name:
what counts here is the file.
"""

from __future__ import annotations

import asyncio
import logging
import posixpath
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

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
NOTEBOOK = "notebook"


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
        self._known: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        """Session id → username, where each user has a kernel of their own."""

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
        async with self._alone(file):
            found = await self._session_of(file, user)
            if found is None:
                found = dict(await make(path=file, **given))
                self._known[self._key(file, user)] = found["id"]
                if user:
                    self._owners[found["id"]] = user
                if (backend := self.backend()) is not None:
                    backend.kernels.look()  # it is for this notebook
            elif kernel_id and kernel_id != found["kernel"]["id"]:
                await self.update_session(found["id"], kernel_id=kernel_id)
                found = await self.get_session(session_id=found["id"])
            # JupyterLab shuts a session down that is not of the path which it made up.
            return dict(found) | {"path": path}

    async def session_exists(self, path: str) -> bool:
        """Jupyter's: whether a request for `path` needs no new session. `create_session` finds
        the right one for a notebook.
        """
        if any(one["type"] == NOTEBOOK and one["path"] == path for one in self._rows()):
            return False
        return bool(await super().session_exists(path))

    async def list_sessions(self) -> list[dict[str, Any]]:
        """Jupyter's: all but those that are another user's own, or of a notebook whose users
        have each their own by now: JupyterLab takes whatever session it finds for a file.
        """
        actor, backend = ACTOR.get(), self.backend()
        told: list[dict[str, Any]] = await super().list_sessions()
        if actor is None or backend is None:
            return told
        shown = []
        for one in told:
            owner = self._owners.get(one["id"])
            if owner is None and one["type"] == NOTEBOOK:
                if await backend.is_kernel_per_user(one["path"]):
                    continue
            elif owner not in (None, actor.username):
                continue
            shown.append(one)
        return shown

    def user_of_kernel(self, kernel_id: str) -> str:
        """Whose own kernel it is; '' if it is everybody's."""
        for row in self._rows():
            if row["kernel_id"] == kernel_id:
                return self._owners.get(row["session_id"], "")
        return ""

    def path_of_kernel(self, kernel_id: str) -> str:
        """The path of a session with this kernel; '' if there is none."""
        self.cursor.execute("SELECT path FROM session WHERE kernel_id=?", (kernel_id,))
        row = self.cursor.fetchone()
        return str(row["path"]) if row is not None else ""

    async def update_session(self, session_id: str, **kwargs: Any) -> None:  # noqa: ANN401
        """Jupyter's. A made-up path means the notebook's."""
        if kwargs.get("path") and kwargs.get("name"):
            kwargs["path"] = real_path(kwargs["path"], kwargs["name"])
        await super().update_session(session_id, **kwargs)

    async def delete_session(self, session_id: str) -> None:
        """Jupyter's: end it and its kernel; but not under others who have the notebook open."""
        session = await self.get_session(session_id=session_id)
        backend = self.backend()
        if session["type"] == NOTEBOOK and backend is not None:
            actor = ACTOR.get()
            is_own = session_id in self._owners
            others = [] if is_own else await backend.others_in(session["path"], actor)
            if others:
                logger.info(
                    "kernel kept, others use it path=%s who=%s", session["path"], ", ".join(others)
                )
                return
            if actor is not None:
                await backend.kernels.about_to("shutdown", session["kernel"]["id"], actor)
        await super().delete_session(session_id)

    async def _session_of(self, file: str, user: str) -> dict[str, Any] | None:
        """The live session of a file, wherever the file was when it was made.

        `user`: whose own it must be; '': everybody's.
        """
        known = self._known.get(self._key(file, user))
        for session in await super().list_sessions():
            is_theirs = self._owners.get(session["id"], "") == user
            if session["type"] != NOTEBOOK or not is_theirs:
                continue
            if session["id"] == known or session["path"] == file:
                return dict(session)
        return None

    async def _owner_of_new(self, file: str) -> str:
        """Who is to have a session of their own for this file; '' if it is everybody's."""
        actor, backend = ACTOR.get(), self.backend()
        if actor is None or backend is None or not await backend.is_kernel_per_user(file):
            return ""
        return actor.username

    def _rows(self) -> list[Any]:
        self.cursor.execute("SELECT session_id, path, type, kernel_id FROM session")
        return list(self.cursor.fetchall())

    def _key(self, file: str, user: str) -> str:
        backend = self.backend()
        file_id = backend.file_ids.index(file) if backend is not None else None
        return f"{file_id or file}\0{user}"

    @asynccontextmanager
    async def _alone(self, file: str) -> AsyncIterator[None]:
        """Nobody else starts a kernel for this file meanwhile, in this server or another."""
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
