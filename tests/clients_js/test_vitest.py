"""The JavaScript clients' own tests (vitest), types and builds, against one lab."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.clients_js.serve import described
from tests.support import npm
from tests.support.lab import Lab, running_lab
from tests.support.npm import INSTALL_S, NODE

HERE = Path(__file__).parents[2] / "clients" / "js"
RUN_S = 900.0
"""It takes two minutes, and six on a machine that does much else."""
BINS = HERE / "node_modules"
TSC, VITE = BINS / "typescript/bin/tsc", BINS / "vite/bin/vite.js"
VITEST = BINS / "vitest/vitest.mjs"


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    npm.install(HERE, whose="the JavaScript clients")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


async def _run(*command: str | Path, cwd: Path = HERE, **environ: str) -> str:
    """What node says. Raises AssertionError with that if it fails."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        *command,
        cwd=cwd,
        env=os.environ | {"NO_COLOR": "1", "CI": "1"} | environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(RUN_S):
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = told.decode(errors="replace")
    assert process.returncode == 0, text[-8000:]
    return text


def _say(measured: Callable[[str], None], told: str) -> None:
    for line in re.findall(r"^measured: (.*)$", told, re.MULTILINE):
        measured(line)


@pytest.mark.timeout(RUN_S + INSTALL_S)
@pytest.mark.asyncio(loop_scope="module")
async def test_everything_vitest_runs(lab: Lab, measured: Callable[[str], None]) -> None:
    told = await _run(VITEST, "run", RTSTORE_TEST_SERVER=json.dumps(described(lab)))
    _say(measured, told)


@pytest.mark.timeout(RUN_S + INSTALL_S)
async def test_the_types_of_the_records_are_what_the_schema_says() -> None:
    await _run(HERE / "scripts" / "generate.js", "--check")


@pytest.mark.timeout(RUN_S)
async def test_the_types_are_right() -> None:
    await _run(TSC, "-p", "tsconfig.json", "--noEmit")


@pytest.mark.timeout(RUN_S + INSTALL_S)
async def test_the_packages_can_be_built_and_bring_nothing_that_is_not_used(
    measured: Callable[[str], None],
) -> None:
    for package in ("client", "react"):
        folder = HERE / "packages" / package
        await _run(VITE, "build", "--logLevel", "warn", cwd=folder)
        await _run(TSC, cwd=folder)
        assert (folder / "dist" / "index.d.ts").exists()
    _say(measured, await _run("scripts/size.js"))
