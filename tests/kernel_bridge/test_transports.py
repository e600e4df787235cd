"""Kernels that are not reached by plain TCP: over Unix sockets, and encrypted by CurveZMQ."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
import zmq

from rtstore.errors import KernelUnreachable
from rtstore.kernel_bridge.connection import Connection
from tests.support.lab import running_lab
from tests.support.runs import bench

CHANNELS = ["shell", "stdin", "iopub", "hb", "control"]
PORTS = {f"{name}_port": number for number, name in enumerate(CHANNELS, 1)}
TOLD = {"ip": "127.0.0.1", "key": "k", **PORTS}
CELLS = ["x = input('?')\nprint('got', x)", "1 / 0"]
pytestmark = pytest.mark.timeout(240)


@pytest.mark.skipif(not zmq.has("curve"), reason="ZeroMQ is built without CurveZMQ (libsodium)")
async def test_kernels_on_unix_sockets_with_curve_are_heard(tmp_path: Path) -> None:
    # A Unix socket's path may have about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="rt") as short:
        options = ["--KernelManager.transport=ipc"]
        options += ["--KernelManager.transport_encryption=required"]
        environ = {"JUPYTER_RUNTIME_DIR": short}
        async with running_lab(tmp_path, options=options, environ=environ) as lab:
            lab.add_foreign_kernel()
            for kernel, capture in (("python3", "journal"), ("foreign", "ring")):
                async with bench(lab, f"{kernel}.ipynb", CELLS, kernel=kernel) as nb:
                    run = await nb.ask(0)
                    await nb.answer(run, "7")
                    assert await nb.until_over(run) == "ok"
                    await nb.until_idle(0)
                    (shown,) = [o for o in nb.outputs(0) if o.get("name") == "stdout"]
                    assert shown["text"] == "got 7\n"
                    assert await nb.run(1) == "error"
                    async with lab.redis() as redis:
                        meta = await redis.hgetall(nb.keys.meta)
                    assert meta["capture"] == capture
                    told = json.loads(Path(meta["connection_file"]).read_text())
                    assert told["transport"] == "ipc"
                    assert len(told["curve_publickey"]) == 40


def test_a_connection_file_says_how_to_connect(tmp_path: Path) -> None:
    file = tmp_path / "kernel.json"
    file.write_text(json.dumps(TOLD))
    addresses = [f"tcp://127.0.0.1:{number}" for number in range(1, 6)]
    assert Connection.read(str(file)) == Connection(*addresses, b"k")  # type: ignore[call-arg,arg-type]
    curve = {"transport": "ipc", "ip": "/run/k", "curve_publickey": "P", "curve_secretkey": "S"}
    file.write_text(json.dumps(TOLD | curve))
    read = Connection.read(str(file))
    assert (read.shell, read.curve) == ("ipc:///run/k-1", (b"P", b"S"))


def test_keys_that_are_none_are_said() -> None:
    connection = Connection("tcp://127.0.0.1:1", "", "", "", "", b"k", (b"P", b"S"))
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        with pytest.raises(KernelUnreachable, match="CurveZMQ"):
            connection.connect(socket, connection.shell)
