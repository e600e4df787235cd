"""Documents of applications: a name becomes a document id and a session id."""

from __future__ import annotations

import json
from typing import Any

from rtstore.gateway.gateway import Gateway
from rtstore.gateway.place import Place, session_id
from rtstore.schema import feed
from rtstore.schema.app_document import APP, document_id, path_of


async def session(gateway: Gateway, name: str, schema: object) -> tuple[int, dict[str, Any]]:
    """Make the document known; 201 if it is new, and what its client needs to join.

    `schema`: the JSON Schema that counts from now on; None leaves what there is. Raises
    BadDocument, StoreUnavailable, StoreRefused.
    """
    document = document_id(name)
    text = "" if schema is None else json.dumps(schema, separators=(",", ":"))
    if text:
        # Imported when it is needed: a worker that starts again is waited for.
        from rtstore.schema import app_schema

        app_schema.parse(text)
    deployment = gateway.rooms.deployment
    place = Place(deployment, document, kind=APP, form=APP)
    place.moved(path_of(document))
    opened = await place.begin()
    if text:
        before = await deployment.link.command("GET", place.keys.schema)
        if before != text.encode():
            await deployment.link.command("SET", place.keys.schema, text)
            await deployment.link.command("SPUBLISH", place.keys.feed, feed.notice("schema"))
    await place.announce()
    told = {"format": APP, "type": APP, "fileId": document}
    told["sessionId"] = session_id(deployment.contents_id, opened.meta["gen"])
    return 201 if opened.verdict == "new" else 200, told
