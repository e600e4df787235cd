"""The examples as they are built, each served with the Jupyter server of a lab behind it."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support import npm
from tests.support.lab import Lab
from tests.support.npm import NODE

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
VITE = EXAMPLES / "node_modules/vite/bin/vite.js"
TSC = EXAMPLES / "node_modules/typescript/bin/tsc"
BUILD_S = 120
SERVES_S = 60.0


def install() -> None:
    """Have what they need; skips, or fails, the test."""
    npm.install(EXAMPLES, whose="the examples")


def build(name: str) -> None:
    """Have `dist` made of the sources as they are now."""
    made = EXAMPLES / name / "dist/index.html"
    if made.exists() and made.stat().st_mtime > max(map(_changed, _sources(name))):
        return
    run(name, VITE, "build", "--logLevel", "warn")


def run(name: str, *words: str | Path) -> None:
    """Have node do something in an example. Raises AssertionError with what it said."""
    told = subprocess.run(
        [NODE, *words],
        cwd=EXAMPLES / name,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr


def _sources(name: str) -> Iterator[Path]:
    for folder in (EXAMPLES / name / "src", EXAMPLES / "shared", *_clients()):
        yield from (path for path in folder.rglob("*") if path.is_file())
    yield from (EXAMPLES / name / "index.html", EXAMPLES / "example.js")
    yield EXAMPLES / "package-lock.json"


def _clients() -> list[Path]:
    packages = REPOSITORY / "clients/js/packages"
    return [packages / "client/src", packages / "react/src"]


def _changed(path: Path) -> float:
    return path.stat().st_mtime


@asynccontextmanager
async def served(name: str, lab: Lab) -> AsyncIterator[str]:
    """Build the example and serve it as `npm start` does; its URL, without the token."""
    install()
    build(name)
    process = await asyncio.create_subprocess_exec(
        *(NODE, "../start.js", "--built", "--port", "0"),
        cwd=EXAMPLES / name,
        env=os.environ | {"RTSTORE_SERVER": f"{lab.url}?token={lab.token}"},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(SERVES_S):
            line = (await process.stdout.readline()).decode()
        found = re.fullmatch(r"Open (\S+)\?token=\w+\n", line)
        assert found, f"{name} is not served: {line!r}"
        yield found[1]
    finally:
        process.terminate()
        await process.wait()
