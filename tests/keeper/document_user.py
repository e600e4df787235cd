"""A Jupyter server extension that uses documents, as jupyter-ai and others do."""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado.web import authenticated


class DocumentUser(APIHandler):  # type: ignore[misc] # untyped
    @authenticated  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        told: dict[str, Any] = json.loads(self.request.body)
        document = await self.settings["jupyter_server_ydoc"].get_document(
            path=told["path"],
            content_type="notebook",
            file_format="json",
            copy=told["copy"],
            create=told.get("create", False),
        )
        if document is None:
            self.finish("null")
            return
        if told["do"] == "insert":
            document.ycells[0]["source"].insert(0, told["text"])
        self.finish(json.dumps([str(cell["source"]) for cell in document.ycells]))


def _load_jupyter_server_extension(serverapp: ServerApp) -> None:
    route = url_path_join(serverapp.base_url, "document-user")
    serverapp.web_app.add_handlers(".*", [(route, DocumentUser)])
