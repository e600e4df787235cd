"""Requests: HTTP to the server, in JSON, with errors that say what the server lacks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientConnectorError, ClientError, ClientSession
from yarl import URL

from rtstore.errors import JupyterUnavailable, NotAllowed

TRY_FOR_S = 20.0
"""A server whose workers are being started again answers 502 to 504 for a moment."""
RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered."""

    status: int
    told: Any
    """Its JSON; of anything else an object whose ``message`` says why."""
    location: str = ""

    @property
    def message(self) -> str:
        """Why, in the server's words."""
        told = self.told if isinstance(self.told, dict) else {}
        return str(told.get("message") or self.status)


class Requests:
    """Asks one server."""

    def __init__(self, http: ClientSession, base: URL) -> None:
        self.http, self.base = http, base

    def at(self, path: str) -> URL:
        """The URL of a path below the base URL."""
        return URL(f"{self.base}{path}", encoded=True)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401 -- any JSON
        *,
        repeats: bool = True,
    ) -> Reply:
        """The answer, whatever its status; but not while the server only restarts.

        `repeats`: whether it may be asked again when nobody knows whether it was heard. Raises
        NotAllowed (401, 403), JupyterUnavailable.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + TRY_FOR_S
        while True:
            reply = await self._once(method, path, body)
            if reply.status in (401, 403):
                why = reply.message if isinstance(reply.told, dict) else ""
                why = why if why != str(reply.status) else "not signed in; give the server's token"
                raise NotAllowed(f"{self.base}: {why}")
            if reply.status not in (0, 502, 503, 504):
                return reply
            if loop.time() > until or not (repeats or reply.status == 503):
                raise JupyterUnavailable(f"{self.base} does not answer {path}: {reply.message}")
            await asyncio.sleep(RETRY_S)

    async def need(self, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401
        """The JSON of a good answer. Raises JupyterUnavailable otherwise, and as `ask`."""
        reply = await self.ask(method, path, body)
        if reply.status in (404, 405):
            raise JupyterUnavailable(f"{self.base} has no {path.partition('?')[0]}")
        if reply.status >= 400:
            raise JupyterUnavailable(f"{self.base} refuses {path}: {reply.message}")
        return reply.told

    async def _once(self, method: str, path: str, body: Any) -> Reply:  # noqa: ANN401
        headers = {"Accept": "application/json"}
        try:
            async with self.http.request(
                method, self.at(path), json=body, headers=headers
            ) as reply:
                is_json = "json" in reply.headers.get("Content-Type", "")
                told = await reply.json() if is_json else {"message": reply.reason}
                return Reply(reply.status, told, reply.headers.get("Location", ""))
        except ClientConnectorError as error:
            raise JupyterUnavailable(f"can't reach {self.base}: {error.strerror}") from error
        except (ClientError, TimeoutError) as error:
            return Reply(0, {"message": str(error) or "no answer"})
        except ValueError as error:  # says JSON, is none
            return Reply(0, {"message": f"not understood: {error}"})
