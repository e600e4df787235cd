"""A Jupyter server extension that waits for documents as chats do."""

from __future__ import annotations

import json
from typing import Any

from jupyter_events import EventLogger
from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

SESSION = "https://schema.jupyter.org/jupyter_collaboration/session/v1"
_heard: list[dict[str, Any]] = []


class Heard(APIHandler):  # type: ignore[misc] # untyped
    @authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        self.finish(json.dumps(_heard))


def _load_jupyter_server_extension(serverapp: ServerApp) -> None:
    settings = serverapp.web_app.settings

    async def listen(logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        told = dict(data)
        _heard.append(told)
        if told.get("action") == "initialize":
            documents = settings["jupyter_server_ydoc"]
            document = await documents.get_document(room_id=told["room"], copy=False)
            told["sources"] = [str(cell["source"]) for cell in document.ycells]

    serverapp.event_logger.add_listener(schema_id=SESSION, listener=listen)
    route = url_path_join(serverapp.base_url, "session-listener")
    serverapp.web_app.add_handlers(".*", [(route, Heard)])
