"""Jupyter's own kernel and session routes, that say first who does what."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from typing import Any

from jupyter_server.services.kernels.handlers import KernelActionHandler, KernelHandler
from jupyter_server.services.sessions.handlers import SessionHandler, SessionRootHandler

from rtstore.jupyter.backend import Backend
from rtstore.jupyter.kernels import Actor
from rtstore.jupyter.rights import signed_in
from rtstore.jupyter.sessions import ACTOR, CHANGED, NOTEBOOK, SharedSessions
from rtstore.schema.run import Run

logger = logging.getLogger(__name__)

BAD = 400
_ID = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"
_SESSION = r"(?P<session_id>\w+-\w+-\w+-\w+-\w+)"


class _Told:
    """What the handlers share."""

    def initialize(self, backend: Backend) -> None:
        """Takes what the route was registered with."""
        self._backend = backend

    def _actor(self) -> Actor:
        user: Any = self.current_user  # type: ignore[attr-defined] # of the handler
        actor = Actor(user.username, user.display_name or user.name or user.username)
        ACTOR.set(actor)
        return actor


class Action(_Told, KernelActionHandler):  # type: ignore[misc] # untyped
    """``POST …/api/kernels/{id}/interrupt`` and ``/restart``."""

    @signed_in
    async def post(self, kernel_id: str, action: str) -> None:
        """As Jupyter's."""
        actor = self._actor()
        kernels = self._backend.kernels
        hit = await kernels.about_to(action, kernel_id, actor) if self._knows(kernel_id) else []
        try:
            await super().post(kernel_id, action)
        except Exception:
            kernels.failed_to(kernel_id)
            raise
        if action == "restart" and self.get_status() < BAD:
            kernels.restarted(kernel_id)
        done = "restarted" if action == "restart" else "interrupted"
        await self._backend.tell_of_hits(hit, f"{actor.name} {done} the kernel")

    def _knows(self, kernel_id: str) -> bool:
        return kernel_id in self.kernel_manager


class Kernel(_Told, KernelHandler):  # type: ignore[misc] # untyped
    """``GET`` and ``DELETE …/api/kernels/{id}``: to delete is to end it, whoever uses it."""

    @signed_in
    async def delete(self, kernel_id: str) -> None:
        """As Jupyter's."""
        actor = self._actor()
        hit = []
        if kernel_id in self.kernel_manager:
            hit = await self._backend.kernels.about_to("shutdown", kernel_id, actor)
        try:
            await super().delete(kernel_id)
        except Exception:
            self._backend.kernels.failed_to(kernel_id)
            raise
        await self._backend.tell_of_hits(hit, f"{actor.name} shut the kernel down")


class Session(_Told, SessionHandler):  # type: ignore[misc] # untyped
    """``…/api/sessions/{id}``."""

    @signed_in
    async def patch(self, session_id: str) -> None:
        """As Jupyter's; who changes the kernel is alone in it, and others are told."""
        actor, sessions = self._actor(), self.session_manager
        model = self.get_json_body()
        asked = model.get("kernel") if isinstance(model, dict) else None
        if not asked or not isinstance(sessions, SharedSessions):
            await super().patch(session_id)
            return
        session = await sessions.get_session(session_id=session_id)
        async with AsyncExitStack() as held:
            if session["type"] == NOTEBOOK:
                await held.enter_async_context(sessions.alone(session["path"]))
            hit = await self._change_kernel(session_id, asked, actor)
        await self._backend.tell_of_hits(hit, f"{actor.name} {CHANGED}")

    async def _change_kernel(
        self, session_id: str, asked: dict[str, Any], actor: Actor
    ) -> list[Run]:
        """Let Jupyter do it, and end the kernel before. Returns the runs of others that it hit."""
        session = await self.session_manager.get_session(session_id=session_id)
        before, kernels = session["kernel"]["id"], self._backend.kernels
        if (given := asked.get("id")) is not None:
            is_other = given != before and given in self.kernel_manager
        else:
            is_other = asked.get("name") is not None
        hit = await kernels.about_to("shutdown", before, actor) if is_other else []
        try:
            await super().patch(session_id)
        except Exception:
            kernels.failed_to(before)
            raise
        if self.get_status() >= BAD:
            kernels.failed_to(before)
            return []
        return hit

    @signed_in
    async def delete(self, session_id: str) -> None:
        """As Jupyter's, but a kernel that others use stays."""
        self._actor()
        await super().delete(session_id)


class Sessions(_Told, SessionRootHandler):  # type: ignore[misc] # untyped
    """``…/api/sessions``."""

    @signed_in
    async def get(self) -> None:
        """As Jupyter's, without the sessions that are another user's own."""
        self._actor()
        await super().get()

    @signed_in
    async def post(self) -> None:
        """As Jupyter's, but one session for each notebook."""
        self._actor()
        await super().post()


ROUTES = [
    (rf"/api/kernels/{_ID}/(?P<action>restart|interrupt)", Action),
    (rf"/api/kernels/{_ID}", Kernel),
    (rf"/api/sessions/{_SESSION}", Session),
    (r"/api/sessions", Sessions),
]
