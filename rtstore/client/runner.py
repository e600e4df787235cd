"""Runner: has the server run a notebook's cells, in the notebook's kernel.

It speaks as jupyter-server-nbmodel's front end does, which rtstore understands as well.
"""

from __future__ import annotations

import posixpath
from typing import Any

from rtstore.client.errors import ActionFailed
from rtstore.client.requests import Requests
from rtstore.client.runs import Run, Shown
from rtstore.errors import JupyterUnavailable
from rtstore.schema.run import OK

NOBODYS = ("not found", "404", "405", "method not allowed")
"""What a server says that knows no such request at all."""


class Runner:
    """See the module. For one notebook."""

    def __init__(self, requests: Requests, document_id: str) -> None:
        self._requests = requests
        self._document_id = document_id

    async def kernel(self, path: str, kernel_name: str = "", *, start: bool = True) -> str:
        """The id of the notebook's kernel; '' if it has none, and none is to be started.

        Raises ActionFailed if it can't be started, NotAllowed, JupyterUnavailable.
        """
        for session in await self._requests.need("GET", "api/sessions"):
            if session.get("type") == "notebook" and path in _paths(session):
                return str(session["kernel"]["id"])
        if not start:
            return ""
        asked: dict[str, Any] = {
            "path": path,
            "name": posixpath.basename(path),
            "type": "notebook",
            "kernel": {"name": kernel_name} if kernel_name else {},
        }
        reply = await self._requests.ask("POST", "api/sessions", asked)
        if reply.status >= 400:
            raise ActionFailed(f"{path}: no kernel: {reply.message}", status=reply.status)
        return str(reply.told["kernel"]["id"])

    async def run(self, kernel_id: str, cell_id: str, source: str, notebook: Shown) -> Run:
        """Ask for a run: it is in the kernel's queue when this returns.

        Raises ActionFailed if it is refused, NotAllowed, JupyterUnavailable.
        """
        where = {"cell_id": cell_id, "document_id": self._document_id}
        path = f"api/kernels/{kernel_id}/execute"
        body = {"code": source, "metadata": where}
        reply = await self._requests.ask("POST", path, body, repeats=False)
        if reply.status in (404, 405) and reply.message.lower() in NOBODYS:
            raise JupyterUnavailable(
                f"{self._requests.base} runs no cells: it has no POST api/kernels/<id>/execute "
                "(rtstore and jupyter-server-nbmodel have)"
            )
        if reply.status >= 400:
            raise ActionFailed(f"cell {cell_id}: {reply.message}", status=reply.status)
        told = reply.told if isinstance(reply.told, dict) else {}
        run_id, location = str(told.get("run") or ""), reply.location
        if location:  # jupyter-server-nbmodel leaves the base URL out
            location = f"api/kernels/{location.partition('/api/kernels/')[2]}"
        if not run_id and not location:
            raise JupyterUnavailable(
                f"{self._requests.base} runs cells, but does not say how: its answer has no "
                "run and no Location"
            )
        run = Run(
            *(cell_id, kernel_id, run_id or location.rpartition("/")[2]),
            *(self._requests, notebook, "" if run_id else location),
        )
        if not source.strip():
            run.state = OK  # what it showed is gone; there is nothing to run
        return run


def _paths(session: dict[str, Any]) -> tuple[str, str]:
    """JupyterLab asks for sessions of a made-up path beside the notebook, with its name."""
    path, name = str(session.get("path") or ""), str(session.get("name") or "")
    return path, posixpath.join(posixpath.dirname(path), name)
