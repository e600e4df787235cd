from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.support.stores import Flavour, Store, start_store
from tests.support.tools import ALL_REQUIRED, TOOLS

_NOT_RUN = pytest.StashKey[dict[str, set[str]]]()
"""Tool → tests that lacked it."""
_MEASURED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NOT_RUN] = {}
    config.stash[_MEASURED] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    missing = [
        tool
        for marker, tool in TOOLS.items()
        if item.get_closest_marker(marker) and not tool.found
    ]
    if not missing:
        return
    packages = " ".join(sorted(tool.package for tool in missing))
    why = f"{missing[0].program} is missing: apt-get install {packages}"
    if ALL_REQUIRED:
        pytest.fail(f"{why} (RTSTORE_TEST_ALL=1)", pytrace=False)
    for tool in missing:
        item.config.stash[_NOT_RUN].setdefault(tool.package, set()).add(item.nodeid)
    pytest.skip(why)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last lines of a run: what was measured, and what was not run for want of a tool."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return
    for line in config.stash[_MEASURED]:
        terminal.write_line(f"measured: {line}")
    not_run = config.stash[_NOT_RUN]
    if not_run:
        number = len(set().union(*not_run.values()))
        packages = " ".join(sorted(not_run))
        terminal.write_line(f"{number} tests not run: apt-get install {packages}")


@pytest.fixture
def measured(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Say a measured number at the end of the run."""
    return pytestconfig.stash[_MEASURED].append


@pytest.fixture
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store of this test's own; Valkey, unless parametrised (indirect) with a Flavour."""
    flavour: Flavour = getattr(request, "param", Flavour())
    async with start_store(tmp_path, flavour.kind, cluster=flavour.cluster) as running:
        yield running
