"""Asking the Jupyter server of a contents root, as one who has the deployment's secret."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from rtstore.errors import JupyterUnavailable, NotAllowed, SettingsError
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.schema.identity import SIGNATURE_HEADER, sign_request
from rtstore.settings import Settings
from rtstore.supervisor.state_dir import shared_secret

TIMEOUT = ClientTimeout(total=60)


async def ask(
    link: Link,
    keys: Keys,
    settings: Settings,
    *,
    root: str,
    endpoint: str,
    told: dict[str, Any],
) -> dict[str, Any]:
    """What the endpoint answers. Raises JupyterUnavailable, NotAllowed (another secret)."""
    found = settings.jupyter_url
    if not found:
        url = await link.command("HGET", keys.root(root).server, "url")
        found = url.decode() if url else None
    if not found:
        raise JupyterUnavailable(f"no Jupyter server serves {root} now; start it with rtstore lab")
    secret = settings.secret or shared_secret(settings.data_dir.expanduser())
    full = f"{found.rstrip('/')}/rtstore/internal/{endpoint}"
    signature = sign_request("POST", urlsplit(full).path, secret=secret, now=time.time())
    try:
        async with (
            ClientSession(timeout=TIMEOUT, headers={SIGNATURE_HEADER: signature}) as http,
            http.post(URL(full, encoded=True), json=told) as reply,
        ):
            answer = await reply.json() if reply.content_type == "application/json" else {}
            if reply.status == 403:
                raise NotAllowed(
                    "Jupyter refuses us: set RTSTORE_SECRET to that of the deployment"
                )
            if reply.status >= 400:
                raise SettingsError(
                    str(answer.get("message") or f"Jupyter answers {reply.status}")
                )
            return dict(answer)
    except (ClientError, TimeoutError, OSError) as error:
        raise JupyterUnavailable(f"{full}: {str(error) or 'no answer'}") from error
