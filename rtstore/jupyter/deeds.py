"""Deeds: how each action is done: by the REST call that it stands for, or by a manager."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from jupyter_core.utils import ensure_async
from jupyter_server.auth import User
from jupyter_server.serverapp import ServerApp

from rtstore.errors import RTStoreError
from rtstore.jupyter.cell_runs import CellRuns
from rtstore.jupyter.failed import Failed
from rtstore.jupyter.kernel_choice import kernel_name_of
from rtstore.jupyter.kernel_questions import ask
from rtstore.jupyter.rest_calls import RestCalls, Users
from rtstore.redis_backend.action_book import ActionBook, Record
from rtstore.schema.kinds import NOTEBOOK

Params = dict[str, Any]
Call = tuple[str, str, object]
"""Method, path below ``api/``, and body."""

FIXED = frozenset(
    {
        "kernel.start",
        "session.create",
        "terminal.create",
        "contents.upload",
        "cell.run",
        "checkpoint.list",
        "kernel.complete",
        "kernel.inspect",
        "kernel.is_complete",
        "kernel.history",
    }
)
"""What may be begun again by a server that finds it half done: the result has a name fixed
beforehand, or nothing is changed.
"""


@dataclass(frozen=True, slots=True)
class Deeds:
    """Does actions at one server."""

    serverapp: ServerApp
    rest: RestCalls
    book: ActionBook
    runs: CellRuns
    users: Users
    instance: str
    """Names this server among those of one contents root."""

    async def do(self, record: Record) -> Any:  # noqa: ANN401 -- JSON
        """The action's result. Raises Failed; anything else is a defect."""
        action, params = str(record["action"]), dict(record["params"])
        user = self.users.named(record["user"], record["name"])
        try:
            if action in ASKED_OF_KERNELS:
                kernel_id = params.pop("kernel_id")
                return await ask(self.serverapp.kernel_manager, kernel_id, action, params)
            if action == "cell.run":
                await self._require_notebook(params["path"])
                return await self.runs.run(record, self.session_of(user))
            if action in _OF_KERNELS and params["kernel_id"] not in self.serverapp.kernel_manager:
                raise Failed(404, f"no kernel {params['kernel_id']}")
            if (server := params.get("server", self.instance)) != self.instance:
                raise Failed(404, f"no server {server}, or no more")
            if action == "kernel.start":
                return await self._start_kernel(record["id"], params)
            if action == "contents.upload":
                params["content"] = await self._content(record)
            return _told(action, await self._call(user, _CALLS[action](record["id"], params)))
        except RTStoreError as error:
            raise Failed(503, str(error)) from error

    async def _require_notebook(self, path: str) -> None:
        """The keeper of anything else runs no cells."""
        manager = self.serverapp.web_app.settings["contents_manager"]
        if not await ensure_async(manager.file_exists(path)):
            raise Failed(404, f"no file {path}")
        kind = await self.runs.kind_of(path)
        if kind is not None and kind != NOTEBOOK:
            raise Failed(400, f"{path} is no notebook: it is open as {kind}")
        if kind is None:
            try:
                model = await ensure_async(manager.get(path, content=False))
            except Exception as error:  # any contents manager
                raise Failed(getattr(error, "status_code", 500), _why(error)) from error
            if model["type"] != NOTEBOOK:
                raise Failed(400, f"{path} is no notebook")

    def session_of(self, user: User) -> Callable[[str, str | None], Awaitable[str]]:
        """How the kernel of a notebook is found, or started, for a user."""

        async def find(path: str, kernel_name: str | None) -> str:
            name = kernel_name or await kernel_name_of(self.serverapp, user, path)
            asked = {"path": path, "type": NOTEBOOK, "kernel_name": name}
            session = await self._call(user, _CALLS["session.create"]("", asked))
            return str(session["kernel"]["id"])

        return find

    async def _call(self, user: User, call: Call) -> Any:  # noqa: ANN401 -- JSON
        status, told = await self.rest.call(user, *call)
        if status >= 400:
            why = told.get("message") if isinstance(told, dict) else None
            raise Failed(status, str(why or f"the server answered {status}"))
        return told

    async def _start_kernel(self, action_id: str, params: Params) -> dict[str, str]:
        manager, kernel_id = self.serverapp.kernel_manager, fixed_id(action_id)
        try:
            await ensure_async(
                manager.start_kernel(
                    kernel_id=kernel_id,
                    kernel_name=params.get("name") or manager.default_kernel_name,
                    path=params.get("path") or "",
                )
            )
        except Exception as error:
            raise Failed(getattr(error, "status_code", 500), _why(error)) from error
        return {"kernel_id": kernel_id}

    async def _content(self, record: Record) -> Any:  # noqa: ANN401 -- JSON
        content = await self.book.content(record["id"])
        if content is None:
            raise Failed(410, "what was to be uploaded is there no more; upload it again")
        if hashlib.sha256(content).hexdigest() != record["params"].get("sha256"):
            why = "what the store has is not what was to be uploaded (its SHA-256 is another)"
            raise Failed(500, f"{why}; nothing was written, upload it again")
        return json.loads(content)


def fixed_id(action_id: str) -> str:
    """The id of what an action makes, known before it is made."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"rtstore:action:{action_id}"))


ASKED_OF_KERNELS = frozenset(
    {"kernel.complete", "kernel.inspect", "kernel.is_complete", "kernel.history"}
)


_OF_KERNELS = frozenset({"kernel.interrupt", "kernel.restart", "kernel.shutdown"})
"""To Jupyter's own handlers an unknown kernel is an internal error."""


def _path(path: str) -> str:
    return quote(path.strip("/"))


def _session(params: Params) -> dict[str, Any]:
    kernel = {"name": params.get("kernel_name"), "id": params.get("kernel_id")}
    told = {name: params.get(name) for name in ("path", "type", "name")}
    told["kernel"] = {name: one for name, one in kernel.items() if one is not None} or None
    return {name: one for name, one in told.items() if one is not None}


def _new_session(_: str, params: Params) -> Call:
    body = {"type": "notebook", "name": params["path"].rpartition("/")[2]} | _session(params)
    return "POST", "sessions", {"kernel": {}} | body


def _upload(_: str, params: Params) -> Call:
    body = {name: params[name] for name in ("content", "format")}
    body["type"] = "notebook" if params["format"] == "json" else "file"
    return "PUT", f"contents/{_path(params['path'])}", body


def _checkpoint(params: Params, *more: str) -> str:
    return "/".join(("contents", _path(params["path"]), "checkpoints", *map(quote, more)))


_CALLS: dict[str, Callable[[str, Params], Call]] = {
    "kernel.interrupt": lambda _, p: ("POST", f"kernels/{quote(p['kernel_id'])}/interrupt", None),
    "kernel.restart": lambda _, p: ("POST", f"kernels/{quote(p['kernel_id'])}/restart", None),
    "kernel.shutdown": lambda _, p: ("DELETE", f"kernels/{quote(p['kernel_id'])}", None),
    "session.create": _new_session,
    "session.change": lambda _, p: ("PATCH", f"sessions/{quote(p['session_id'])}", _session(p)),
    "session.delete": lambda _, p: ("DELETE", f"sessions/{quote(p['session_id'])}", None),
    "terminal.create": lambda action_id, p: (
        "POST", "terminals", {"name": p.get("name") or f"t{fixed_id(action_id)[:6]}"},
    ),
    "terminal.delete": lambda _, p: ("DELETE", f"terminals/{quote(p['name'])}", None),
    "contents.create": lambda _, p: (
        "POST", f"contents/{_path(p['path'])}", {k: p[k] for k in ("type", "ext") if k in p},
    ),
    "contents.upload": _upload,
    "contents.rename": lambda _, p: (
        "PATCH", f"contents/{_path(p['path'])}", {"path": p["new_path"]},
    ),
    "contents.copy": lambda _, p: (
        "POST", f"contents/{_path(p['to'])}", {"copy_from": p["path"]},
    ),
    "contents.delete": lambda _, p: ("DELETE", f"contents/{_path(p['path'])}", None),
    "checkpoint.create": lambda _, p: ("POST", _checkpoint(p), None),
    "checkpoint.list": lambda _, p: ("GET", _checkpoint(p), None),
    "checkpoint.restore": lambda _, p: ("POST", _checkpoint(p, p["checkpoint_id"]), None),
    "checkpoint.delete": lambda _, p: ("DELETE", _checkpoint(p, p["checkpoint_id"]), None),
}  # fmt: skip


def _told(action: str, answer: Any) -> Any:  # noqa: ANN401 -- JSON
    """What of an answer is the result."""
    if action == "terminal.create":
        return {"name": answer["name"]}
    if action.startswith("contents.") and isinstance(answer, dict):
        return {name: one for name, one in answer.items() if name != "content"}
    return None if action in {"kernel.interrupt", "kernel.restart"} else answer


def _why(error: BaseException) -> str:
    return str(getattr(error, "log_message", None) or error) or type(error).__name__
