"""What programs with this deployment's secret do to kernels: ``{base}rtstore/internal/kernel``."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from rtstore.jupyter.internal import InternalHandler, Told
from rtstore.jupyter.kernels import Actor
from rtstore.jupyter.sessions import NOTEBOOK

ACTIONS = ("start", "interrupt", "restart", "shutdown")


class KernelHandler(InternalHandler):
    """``{"action", "kernel" or "path", "name"?, "by"?}`` → ``{"kernel"}``.

    start: the kernel of a notebook, made if it has none. 404 for an unknown kernel.
    """

    async def answer(self, told: Told) -> Mapping[str, Any]:
        """See the class."""
        action = str(told["action"])
        if action not in ACTIONS:
            raise HTTPError(400, f"action {action!r}: one of {', '.join(ACTIONS)}")
        if action == "start":
            return await self._start(str(told["path"]), told.get("name"))
        kernel_id, manager = str(told["kernel"]), self.settings["kernel_manager"]
        if kernel_id not in manager:
            raise HTTPError(404, f"no kernel {kernel_id}")
        by = str(told.get("by") or getpass.getuser())
        kernels = self._backend.kernels
        hit = await kernels.about_to(action, kernel_id, Actor(by, by))
        try:
            await ensure_async(getattr(manager, f"{action}_kernel")(kernel_id))
        except Exception:
            kernels.failed_to(kernel_id)
            raise
        if action == "restart":
            kernels.restarted(kernel_id)
        await self._backend.tell_of_hits(hit, f"{by}: {action} of the kernel")
        return {"kernel": kernel_id}

    async def _start(self, path: str, name: object) -> Mapping[str, Any]:
        clean = path.strip("/")
        if not await ensure_async(self.settings["contents_manager"].file_exists(clean)):
            raise HTTPError(404, f"no file {clean}")
        session = await self.settings["session_manager"].create_session(
            path=clean,
            name=clean.rpartition("/")[2],
            type=NOTEBOOK,
            kernel_name=str(name) if name else None,
        )
        return {"kernel": session["kernel"]["id"]}


ROUTES = [("rtstore/internal/kernel", KernelHandler)]
