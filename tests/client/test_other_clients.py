"""Other people's Python clients, unmodified, in a whole ``rtstore lab``."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.util import find_spec
from typing import Any

import pytest

from rtstore.client import connect
from tests.support.lab import Lab
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

NBMODEL = """
import asyncio, json, sys
from jupyter_kernel_client import JupyterKernelClient
from jupyter_nbmodel_client import NbModelClient, get_jupyter_notebook_websocket_url
url, token = sys.argv[1:]

def client():
    return NbModelClient(get_jupyter_notebook_websocket_url(url, "nbmodel.ipynb", token))

async def seen(met):
    async with asyncio.timeout(30):
        while not met():
            await asyncio.sleep(0.02)

async def main():
    async with client() as one, client() as two:
        await one.wait_until_synced()
        await two.wait_until_synced()
        with JupyterKernelClient(server_url=url, token=token) as kernel:
            at = one.add_code_cell("print('from nbmodel'); 6 * 7")
            await seen(lambda: len(two) == 2)
            told = await asyncio.to_thread(one.execute_cell, at, kernel)
            await seen(lambda: len(two[at]["outputs"]) == 2)
            print(json.dumps({"status": told["status"], "cell": two[at], "kernel": kernel.id}))

asyncio.run(main())
"""

KERNEL = """
import json, sys
from jupyter_kernel_client import JupyterKernelClient
url, token = sys.argv[1:]
with JupyterKernelClient(server_url=url, token=token) as kernel:
    told = kernel.execute("x = 20\\nprint('said')\\nx + 1")
    failed = kernel.execute("1 / 0")
    kernel.restart()
    gone = kernel.execute("x")
    ids = [one["id"] for one in kernel.list_kernels()]
    print(json.dumps([told, failed["status"], gone["outputs"][0]["ename"], kernel.id in ids]))
"""


async def say(program: str, lab: Lab) -> Any:
    """What a program with the lab's URL (without the last slash) and token prints: JSON."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, lab.url.rstrip("/"), lab.token),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-3000:]
    return json.loads(said.splitlines()[-1])


async def test_jupyter_nbmodel_client(lab: Lab) -> None:
    lab.write_notebook("nbmodel.ipynb", ["x = 1"])
    async with connect(lab.url, token=lab.token) as server:
        async with server.notebook("nbmodel.ipynb") as ours:
            told = await say(NBMODEL, lab)
            assert told["status"] == "ok"
            stream, result = told["cell"]["outputs"]
            assert ("".join(stream["text"]), result["data"]["text/plain"]) == (
                "from nbmodel\n",
                "42",
            )
            async with asyncio.timeout(30):
                await ours.until(lambda: len(ours.cell(-1).outputs) == 2)

    async def is_on_disk() -> bool:
        return '"from nbmodel\\n"' in (lab.notes / "nbmodel.ipynb").read_text()

    await until(is_on_disk, what="the file has what was run", timeout_s=60)


async def test_jupyter_kernel_client(lab: Lab) -> None:
    told, failed, gone, is_listed = await say(KERNEL, lab)
    assert (told["status"], told["execution_count"]) == ("ok", 1)
    assert told["outputs"][0]["text"] == "said\n"
    assert told["outputs"][1]["data"]["text/plain"] == "21"
    assert (failed, gone, is_listed) == ("error", "NameError", True)


async def test_they_switch_nothing_on(lab: Lab) -> None:
    """The back end that rtstore is in the place of is not to come with them."""
    assert lab.url
    assert find_spec("jupyter_nbmodel_client")
    assert find_spec("jupyter_server_ydoc") is None
