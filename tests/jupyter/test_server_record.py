"""Of two Jupyter servers on one root the first keeps the record, until it is gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

import pytest
from jupyter_server.serverapp import ServerApp

from rtstore.jupyter.server_record import ServerRecord
from rtstore.redis_backend.link import Link
from rtstore.tasks import background
from tests.support.waiting import until

MINE = "http://127.0.0.1:1/"


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """The process of the server that wrote the record."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
async def key(link: Link, other: subprocess.Popen[bytes]) -> str:
    """The other's record, so young that only its process can tell that it is nobody's."""
    key = f"test:{uuid.uuid4().hex}"
    in_an_hour = str(int((time.time() + 3600) * 1000))
    told = ["url", "http://127.0.0.1:2/", "pid", str(other.pid), "host", socket.gethostname()]
    await link.command("HSET", key, *told, "beat", in_an_hour)
    return key


async def test_a_server_takes_over_from_one_that_was_killed_and_not_waited_for(
    link: Link, key: str, other: subprocess.Popen[bytes]
) -> None:
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)

    async def is_mine() -> bool:
        return bool(await link.command("HGET", key, "url") == MINE.encode())

    async with background(ServerRecord(link, key, ServerApp(), MINE).run()):
        await until(is_mine, what="the record is ours", timeout_s=10)
