"""What supervision knows of Jupyter: ``api/status`` with the token, and SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

TOKEN = Path(os.environ["JUPYTER_TOKEN_FILE"]).read_text()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = (await reader.readuntil(b"\r\n\r\n")).decode()
    right = request.startswith("GET /base/api/status ") and f"token {TOKEN}\r\n" in request
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n" if right else b"HTTP/1.1 404 Not Found\r\n\r\n")
    writer.close()


async def main() -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    assert os.environ["RTSTORE_SUPERVISED"] == "1"
    for name in ("REDIS_URL", "SECRET", "CONTENTS_ID", "STATE_DIR"):
        assert os.environ[f"RTSTORE_{name}"], name
    await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1]))
    await ended.wait()
    with (Path(os.environ["RTSTORE_STATE_DIR"]) / "drained").open("a") as drained:
        drained.write(f"{time.monotonic()} jupyter\n")


asyncio.run(main())
