"""The websocket by which bridges hear kernels that they don't have at hand, at a real server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from rtstore.kernel_bridge import ws_channels
from rtstore.kernel_bridge.ws_channels import WsChannels
from rtstore.schema.identity import SIGNATURE_HEADER, sign_request
from rtstore.schema.kernel_framing import V1
from rtstore.schema.kernel_message import Sender
from rtstore.supervisor.state_dir import shared_secret
from tests.support.lab import Lab
from tests.support.runs import Bench, bench

pytestmark = [pytest.mark.asyncio(loop_scope="session")]

LINES = 6000
"""In three seconds or less: twice what Jupyter lets through, unless told."""


def signed(url: str, secret: str) -> dict[str, str]:
    path = urlsplit(url).path
    return {SIGNATURE_HEADER: sign_request("GET", path, secret=secret, now=time.time())}


@asynccontextmanager
async def line(nb: Bench, session: str) -> AsyncIterator[WsChannels]:
    url = f"{nb.lab.url}rtstore/internal/channels/{nb.kernel_id}"
    headers = signed(url, shared_secret(nb.lab.data))
    async with (
        ClientSession() as http,
        ws_channels.opened(http, url, session=session, signature=headers) as channels,
    ):
        yield channels


async def test_only_who_has_the_secret_is_let_in(lab: Lab) -> None:
    async with bench(lab, "door.ipynb", ["1"]) as nb:
        base, secret = f"{lab.url}rtstore/internal/channels/", shared_secret(lab.data)
        here, nowhere = base + nb.kernel_id, base + "0" * 8
        for url, headers, status in [
            (here, {}, 403),
            (here, signed(here, "another secret, as long"), 403),
            (here, signed(nowhere, secret), 403),
            (nowhere, signed(nowhere, secret), 404),
        ]:
            with pytest.raises(WSServerHandshakeError) as refused:
                # The token of a user, which the bench sends, is of no use here.
                async with nb.http.ws_connect(f"{url}?session_id=x", headers=headers):
                    pass
            assert refused.value.status == status


async def test_a_flood_comes_whole_and_a_question_can_be_answered(lab: Lab) -> None:
    code = f"for n in range({LINES}): print(n, flush=True)\nprint('got', input('? '))"
    async with bench(lab, "line.ipynb", ["1"]) as nb:
        assert await nb.run(0) == "ok"
        async with line(nb, "somebody") as channels:
            assert channels._protocol == V1
            sender = Sender("somebody", b"")
            content = {"code": code, "allow_stdin": True, "silent": False}
            await channels.request(
                sender.request("execute_request", content, msg_id="r-1", date="2000-01-01T00:00Z")
            )
            async with asyncio.timeout(60):
                text = await _text(channels, sender)
        assert text.splitlines() == [*map(str, range(LINES)), "got it"]


async def _text(channels: WsChannels, sender: Sender) -> str:
    """What the run says until it has got its answer."""
    text = ""
    while "got it" not in text:
        channel, frames = await channels.heard()
        header, parent, _, told = (json.loads(frame) for frame in frames[2:6])
        if parent.get("msg_id") != "r-1":
            continue
        if channel == "iopub" and header["msg_type"] == "stream":
            text += told["text"]
        elif channel == "stdin":
            await channels.answer(_answer(sender, "it"))
    return text


def _answer(sender: Sender, value: str) -> list[bytes]:
    content: dict[str, Any] = {"value": value, "status": "ok"}
    return sender.request("input_reply", content, msg_id="r-2", date="2000-01-01T00:00Z")
