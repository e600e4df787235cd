"""The ``rtstore`` command as a person runs it, and documents for it to look at."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

RUN_S = 90.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How it ended and what it printed."""

    status: int
    out: str
    err: str


async def rtstore(*words: str, home: Path, **environ: str) -> Ran:
    """Run it in a home of its own; `environ` goes over ours, of which no setting is left."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "rtstore", *words),
        env=clean(home) | environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(RUN_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


def clean(home: Path) -> dict[str, str]:
    """An environment without settings of rtstore's and Jupyter's; a wide terminal."""
    ours = ("RTSTORE_", "JUPYTER_", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "HOME": str(home),
        "RTSTORE_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "COLUMNS": "240",
    }
