"""Start a lab with two workers, say on one line of JSON where it is, and end with our input.

``python -m tests.clients_js.serve`` for the JavaScript tests where no pytest started one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.lab import Lab, running_lab


def described(lab: Lab) -> dict[str, Any]:
    """What ``tests/support/server.ts`` wants to know of it."""
    return {
        "url": lab.url,
        "token": lab.token,
        "workers": [{"url": worker.url, "pid": worker.pid} for worker in lab.workers()],
        "notes": str(lab.notes),
    }


async def serve() -> None:
    """Until nobody writes to our input any more."""
    with tempfile.TemporaryDirectory(prefix="rtstore-js-") as tmp:
        async with running_lab(Path(tmp)) as lab:
            print(json.dumps(described(lab)), flush=True)  # noqa: T201 -- what it is for
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
