"""Questions to a kernel whose answer is one message: complete, inspect, is_complete, history.

Each has a channel of its own for as long as it takes. A kernel that runs a cell answers after it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from jupyter_core.utils import ensure_async

from rtstore.jupyter.failed import Failed

ANSWER_S = 30.0
ANSWER_BYTES_MAX = 2**20


async def ask(manager: Any, kernel_id: str, action: str, params: dict[str, Any]) -> Any:  # noqa: ANN401
    """The content of the kernel's reply. Raises Failed: 404, 504, 413."""
    try:
        kernel = manager.get_kernel(kernel_id)
    except KeyError:
        raise Failed(404, f"no kernel {kernel_id}") from None
    client = kernel.client()
    kind = action.partition(".")[2] + "_request"
    client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)  # noqa: S604
    try:
        message = client.session.msg(kind, _content(kind, params))
        client.shell_channel.send(message)
        async with asyncio.timeout(ANSWER_S):
            while True:
                reply = await ensure_async(client.shell_channel.get_msg(timeout=ANSWER_S))
                if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                    break
    except TimeoutError:
        raise Failed(504, f"the kernel has not answered within {ANSWER_S:.0f} s") from None
    finally:
        client.stop_channels()
    content = dict(reply["content"])
    if len(json.dumps(content, default=str)) > ANSWER_BYTES_MAX:
        raise Failed(413, f"the kernel's answer has more than {ANSWER_BYTES_MAX} bytes")
    return json.loads(json.dumps(content, default=str))


def _content(kind: str, params: dict[str, Any]) -> dict[str, Any]:
    """Of the request, in full: not every kernel has defaults."""
    if kind == "history_request":
        full = {"output": False, "raw": True, "hist_access_type": "tail", "n": 10}
        more = {"session": 0, "start": 0, "stop": None, "pattern": "", "unique": False}
        return full | more | params
    return ({"detail_level": 0} if kind == "inspect_request" else {}) | params
