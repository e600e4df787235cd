"""A Jupyter server extension that asks for documents, and says which object it got."""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from pycrdt import Text
from tornado.web import authenticated


class DocumentAsker(APIHandler):  # type: ignore[misc] # untyped
    @authenticated  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        told: dict[str, Any] = json.loads(self.request.body)
        say = told.pop("say", "")
        try:
            document = await self.settings["jupyter_server_ydoc"].get_document(**told)
        except Exception as error:
            self.finish(json.dumps({"error": type(error).__name__, "why": str(error)}))
            return
        if document is None:
            self.finish(json.dumps(None))
            return
        if say:
            document.ydoc.get("source", type=Text).insert(0, say)
        self.finish(json.dumps({"object": id(document), "text": document.get()}))


def _load_jupyter_server_extension(serverapp: ServerApp) -> None:
    route = url_path_join(serverapp.base_url, "document-asker")
    serverapp.web_app.add_handlers(".*", [(route, DocumentAsker)])
