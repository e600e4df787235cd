"""What workers ask the Jupyter server for: ``{base}rtstore/internal/…``, JSON both ways.

Only requests signed with this deployment's secret are answered; no cookie or token is looked at.
The hooks of `contents_hooks` don't see these reads and writes, but wait for the writes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from jsonschema import ValidationError  # type: ignore[import-untyped] # what jupyter_events raises
from jupyter_client.jsonutil import json_default
from tornado.web import HTTPError, RequestHandler

from rtstore.errors import NotAllowed, RTStoreError, StoreUnavailable
from rtstore.jupyter.backend import Backend
from rtstore.jupyter.disk import is_below, os_path
from rtstore.jupyter.files import Document, Refused
from rtstore.jupyter.rights import without_login
from rtstore.schema.identity import SIGNATURE_HEADER, verify_request

PATHS_MAX = 10_000
"""In one request for stats."""


class Told(dict[str, Any]):
    """A request's JSON object; a field that is missing is the sender's mistake."""

    def __missing__(self, name: str) -> Any:  # noqa: ANN401
        raise HTTPError(400, f"field {name!r} is missing")


class InternalHandler(RequestHandler):  # type: ignore[misc] # untyped
    """Base of the endpoints: checks the signature before anything, answers with JSON."""

    def initialize(self, backend: Backend) -> None:
        """Takes what the route was registered with."""
        self._backend = backend
        self._path = ""

    def check_xsrf_cookie(self) -> None:
        """The signature says more than a cookie."""

    def prepare(self) -> None:
        """Refuse what no worker of ours has signed."""
        try:
            verify_request(
                self.request.headers.get(SIGNATURE_HEADER, ""),
                str(self.request.method),
                self.request.path,
                secret=self._backend.secret,
                now=time.time(),
            )
        except NotAllowed as error:
            raise HTTPError(403, str(error)) from error

    @without_login
    async def post(self) -> None:
        """Answer one request; what went wrong is told as ``message``."""
        try:
            reply = await self.answer(self._told())
        except Refused as refused:
            self.set_status(refused.status)
            reply = refused.told
        except StoreUnavailable as error:
            raise HTTPError(503, str(error)) from error
        except RTStoreError as error:
            raise HTTPError(400, str(error)) from error
        if reply is None:
            self.set_status(204)
            self.finish()
            return
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(reply, default=json_default))

    async def answer(self, told: Told) -> Mapping[str, Any] | None:
        """The answer to `told`; None for nothing."""
        raise NotImplementedError

    def _told(self) -> Told:
        try:
            told = json.loads(self.request.body)
        except ValueError as error:
            raise HTTPError(400, f"the body is no JSON: {error}") from error
        if not isinstance(told, dict):
            raise HTTPError(400, "the body must be a JSON object")
        self._path = str(told.get("path", ""))
        return Told(told)

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ANN401 -- tornado's
        """``{"message"}``, naming files as the contents API does and not as this host does."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        message = getattr(error, "log_message", None) or self._reason
        if error is not None and not isinstance(error, HTTPError):
            message = f"{type(error).__name__}: {error}"
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"message": self._without_os_path(str(message))}))

    def _without_os_path(self, message: str) -> str:
        path = self._path
        manager = self._backend.contents_manager()
        on_disk = os_path(manager, path) if path and is_below(manager) else None
        return message.replace(on_disk, path) if on_disk else message


class StatHandler(InternalHandler):
    """``{"paths"}`` → ``{"stats": {path: stat or null}, "moved": {old: new}, "ids": {path: id}}``.

    A path whose file was moved from outside has the stat of its new place, and is in `moved`.
    `ids` has those that a store which was emptied has forgotten, too.
    """

    async def answer(self, told: Told) -> Mapping[str, Any]:
        """See the class."""
        paths = [str(path) for path in told["paths"]]
        if len(paths) > PATHS_MAX:
            raise HTTPError(400, f"more than {PATHS_MAX} paths in one request")
        stats = await self._backend.files.stats(paths)
        moved = {}
        for path in paths:
            if stats[path] is None and (new := await self._backend.connected.moves.follow(path)):
                moved[path] = new
                stats[path] = (await self._backend.files.stats([new]))[new]
        known = {path: self._backend.file_ids.was(path) for path in paths}
        return {"stats": stats, "moved": moved, "ids": known}


class ReadHandler(InternalHandler):
    """``{"path", "type", "format"}`` → the file, see Files.read."""

    async def answer(self, told: Told) -> Mapping[str, Any]:
        """See the class."""
        return await self._backend.files.read(_document(told))


class SaveHandler(InternalHandler):
    """``{…, "content", "document_id", "lease", "hash", "create"}`` → ``{"hash", "stat", …}``.

    409 ``{"reason": "lease"}`` or ``{"reason": "changed", "hash"}``, 404 ``missing``, 403
    ``read-only``: nothing was written. A `hash` of null says that no file was seen, and matches
    none.
    """

    async def answer(self, told: Told) -> Mapping[str, Any]:
        """See the class."""
        document, lease = _document(told), str(told["lease"]).encode()
        held_in = self._backend.keys.document(str(told["document_id"])).lease("keep")

        async def still_owner() -> bool:
            return bool(await self._backend.connected.link.command("GET", held_in) == lease)

        return await self._backend.files.save(
            document,
            told["content"],
            seen_hash=told["hash"],
            may_create=bool(told.get("create")),
            still_owner=still_owner,
        )


class BesideHandler(InternalHandler):
    """``{"path", "type", "format", "content", "label"}`` → ``{"path"}`` of a new file."""

    async def answer(self, told: Told) -> Mapping[str, Any]:
        """See the class."""
        label = str(told["label"])
        if not label.replace("-", "").isalnum():
            raise HTTPError(400, f"label {label!r}: letters, digits and - only")
        path = await self._backend.files.save_beside(_document(told), told["content"], label)
        return {"path": path}


class EventHandler(InternalHandler):
    """``{"schema_id", "data"}``: emitted on Jupyter's event bus. 400 if it breaks its schema.

    With ``"if_changed": true`` not if it repeats what was last told so of its room: several
    workers know of one thing.
    """

    async def answer(self, told: Told) -> None:
        """See the class."""
        emitted = self._backend.event_logger
        if told["schema_id"] not in emitted.schemas:
            raise HTTPError(400, f"no event schema {told['schema_id']!r}")
        data = dict(told["data"])
        try:
            # `emit` itself looks only if somebody listens.
            emitted.schemas.validate_event(told["schema_id"], data)
            if told.get("if_changed") and not self._backend.last_told.is_news(data):
                return
            emitted.emit(schema_id=told["schema_id"], data=data)
        except ValidationError as error:
            raise HTTPError(400, f"not a valid event: {error.message}") from error


def _document(told: Told) -> Document:
    path = str(told["path"]).strip("/")
    if not path:
        raise HTTPError(400, "path is empty")
    return Document(path, str(told["type"]), str(told["format"]))


ROUTES: list[tuple[str, type[InternalHandler]]] = [
    ("rtstore/internal/stat", StatHandler),
    ("rtstore/internal/read", ReadHandler),
    ("rtstore/internal/save", SaveHandler),
    ("rtstore/internal/beside", BesideHandler),
    ("rtstore/internal/event", EventHandler),
]
