"""What a page hears over its own kernel websocket while cells put out much."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse

from rtstore.jupyter.page_kernels import LARGE_BYTES, SPARED
from rtstore.schema.run import OK
from tests.support.lab import Lab
from tests.support.runs import Bench, bench
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(90)]
SHOW = "from IPython.display import display\ndisplay({'text/plain': 'y' * %d}, raw=True)\n"


async def hear(page: ClientWebSocketResponse, run_id: str) -> list[tuple[str, str]]:
    """Type and text of each output of a request, until its kernel is idle."""
    heard: list[tuple[str, str]] = []
    while True:
        told = json.loads(await page.receive_str())
        if told["parent_header"].get("msg_id") != run_id or told["channel"] != "iopub":
            continue
        content: dict[str, Any] = told["content"]
        if told["msg_type"] in ("stream", "display_data"):
            text = content.get("text") or content["data"]["text/plain"]
            heard.append((told["msg_type"], text))
        elif content.get("execution_state") == "idle":
            return heard


async def ask_itself(page: ClientWebSocketResponse, code: str) -> str:
    """As a console does; the request's id."""
    msg_id = uuid.uuid4().hex
    header = {"msg_id": msg_id, "msg_type": "execute_request", "session": "page", "username": ""}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    request = {"channel": "shell", "parent_header": {}, "metadata": {}, "buffers": []}
    await page.send_json(
        request | {"header": header | {"version": "5.3", "date": ""}, "content": content}
    )
    return msg_id


async def test_large_outputs_of_cells_are_in_the_notebook_only(lab: Lab) -> None:
    small, large = LARGE_BYTES // 2, 4 * LARGE_BYTES
    code = SHOW % small + SHOW % large + SHOW % large
    async with bench(lab, "spared.ipynb", [code]) as nb:
        url = f"{lab.url}api/kernels/{nb.kernel_id}/channels?session_id=page"
        async with nb.http.ws_connect(url, max_msg_size=0) as page:
            await hear(page, await ask_itself(page, ""))  # it is through to the kernel
            run_id = await nb.ask(0)
            assert await hear(page, run_id) == [
                ("display_data", "y" * small),
                ("stream", SPARED + "\n"),
            ]
            assert await nb.until_over(run_id) == OK
            await until(lambda: _has_all(nb, [small, large, large]), what="the file has all of it")

            own = await ask_itself(page, code)
            lengths = [len(text) for _, text in await hear(page, own)]
            assert lengths == [small, large, large]


async def _has_all(nb: Bench, lengths: list[int]) -> bool:
    cells = nb.on_disk()
    texts = ["".join(one["data"]["text/plain"]) for one in cells[0]["outputs"]] if cells else []
    return [len(text) for text in texts] == lengths
