"""Looker: somebody with a live room's socket open, and what it showed."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError

from rtstore.tasks import background
from tests.support.lab import Lab
from tests.support.store_check import check_message, check_result


class Looker:
    """See the module."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.tables: dict[str, dict[str, Any]] = {}
        self.version = 0
        self.messages: list[dict[str, Any]] = []
        self.code: int | None = None
        self._news = asyncio.Event()

    async def hear(self) -> None:
        async for message in self.socket:
            if message.type is WSMsgType.TEXT:
                self._take(json.loads(message.data))
                self._news.set()
        self.code = self.socket.close_code
        self._news.set()
        await asyncio.Event().wait()

    def _take(self, told: dict[str, Any]) -> None:
        check_message(told)
        self.messages.append(told)
        if told["type"] == "snapshot":
            self.tables, self.version = told["tables"], told["version"]
        elif told["type"] == "changes":
            self.version = told["version"]
            for one in told["changes"]:
                if one["record"] is None:
                    del self.tables[one["table"]][one["id"]]
                else:
                    self.tables.setdefault(one["table"], {})[one["id"]] = one["record"]

    async def until(self, met: Callable[[], Any], *, within_s: float = 40.0) -> Any:
        """Until `met()` is something; returns it."""
        try:
            async with asyncio.timeout(within_s):
                while not (found := met()):
                    self._news.clear()
                    await self._news.wait()
                return found
        except TimeoutError:
            told = json.dumps(self.tables)[:3000]
            raise AssertionError(f"it shows {told}, closed with {self.code}") from None

    def told_since(self, at: int, table: str, name: str) -> list[Any]:
        """What one record was, change by change, since so many messages were there."""
        return [
            one["record"]
            for message in self.messages[at:]
            if message["type"] == "changes"
            for one in message["changes"]
            if (one["table"], one["id"]) == (table, name)
        ]

    async def ask(self, action: str, **params: Any) -> dict[str, Any]:
        """Have something done; its record when it has ended. Several may be asked at once."""
        action_id = uuid.uuid4().hex
        asked = {"type": "action", "id": action_id, "action": action, "params": params}
        await self.socket.send_json(asked)

        def answered() -> Any:
            return next((m for m in self.messages if _answers(m, action_id)), None)

        answer = await self.until(answered)
        if answer["type"] == "error":
            return dict(answer)

        def ended() -> Any:
            record = self.tables["actions"].get(action_id, {})
            return record if record.get("state") in ("ok", "error", "lost") else None

        record = dict(await self.until(ended, within_s=60.0))
        check_result(record)
        return record


def _answers(message: dict[str, Any], action_id: str) -> bool:
    told = message.get("record", message)
    return message["type"] in {"action", "error"} and told.get("id") == action_id


async def server_id(http: ClientSession, lab: Lab) -> str:
    """The S of the lab's rooms. Workers that were killed may not be there yet: 503, ask again."""
    async with asyncio.timeout(40):
        while True:
            async with http.get(f"{lab.url}rtstore/server") as reply:
                if reply.status != 503:
                    assert reply.status == 200, await reply.text()
                    return str((await reply.json())["id"])
            await asyncio.sleep(0.1)


@asynccontextmanager
async def looking(
    lab: Lab, room: str = "server:{S}", *, at: str | None = None
) -> AsyncIterator[Looker]:
    """Look at a room, through Jupyter or directly at a worker."""
    async with ClientSession(headers={"Authorization": f"token {lab.token}"}) as http:
        name = quote(room.format(S=await server_id(http, lab)), safe="")
        url = f"{at or lab.url}api/collaboration/room/{name}"
        async with await _connected(http, url) as socket:
            looker = Looker(socket)
            async with background(looker.hear()):
                await looker.until(lambda: looker.messages or looker.code)
                yield looker


async def _connected(http: ClientSession, url: str) -> Any:
    """A worker that has just begun may not know yet where Jupyter is: 503, ask again."""
    async with asyncio.timeout(40):
        while True:
            try:
                return await http.ws_connect(url, max_msg_size=2**26)
            except WSServerHandshakeError as error:
                if error.status != 503:
                    raise
            await asyncio.sleep(0.1)
