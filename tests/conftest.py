from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.support.reasons import reasons
from tests.support.stores import Flavour, Store, start_store
from tests.support.tools import ALL_REQUIRED, LONG, TOOLS
from tests.support.turns import turn

# Random examples may take as long as the machine needs. A test has the profile that is loaded when
# it is imported: so for all folders, and first.
settings.register_profile("ours", deadline=None, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=1_500)
settings.load_profile("ours")

_NOT_RUN = pytest.StashKey[dict[str, set[str]]]()
"""Tool → tests that lacked it."""
_MEASURED = pytest.StashKey[list[str]]()
_REASONS = pytest.StashKey[list[str]]()
"""Why tests failed, in a line each: groups of groups hide it in pages."""


class ByFolder(LoadScopeScheduling):  # type: ignore[misc] # untyped
    """Tests of one folder run in one process, so that what they share is started once."""

    def _split_scope(self, nodeid: str) -> str:
        folders = nodeid.partition("::")[0].split("/")
        return folders[1] if len(folders) > 1 else folders[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    """xdist's hook, with ``-n``."""
    return ByFolder(config, log)


def pytest_testnodedown(node: Any) -> None:
    """xdist's hook: what a process of a run has to say at its end."""
    told = getattr(node, "workeroutput", {})
    node.config.stash[_MEASURED] += told.get("measured", [])
    node.config.stash[_REASONS] += told.get("reasons", [])
    for tool, tests in told.get("not_run", {}).items():
        node.config.stash[_NOT_RUN].setdefault(tool, set()).update(tests)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One process of several: have the first one say it."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["measured"] = session.config.stash[_MEASURED]
        told["reasons"] = session.config.stash[_REASONS]
        not_run = session.config.stash[_NOT_RUN]
        told["not_run"] = {tool: sorted(tests) for tool, tests in not_run.items()}


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NOT_RUN] = {}
    config.stash[_MEASURED] = []
    config.stash[_REASONS] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and call.excinfo is not None:
        for reason in reasons(call.excinfo.value):
            item.config.stash[_REASONS].append(f"{item.nodeid} ({report.when}): {reason}")
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is only in the long form."""
    long = [item for item in items if item.get_closest_marker("long") and not LONG]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """With ``-n``: what measures time does not run beside other tests."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:
        return (yield)
    folder = Path(tempfile.gettempdir()) / f"rtstore-tests-{run}"
    folder.mkdir(exist_ok=True)
    with turn(folder, alone=item.get_closest_marker("alone") is not None):
        return (yield)


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
    """The last lines of a run: what was measured, what failed, and what lacked a tool."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return
    for line in config.stash[_MEASURED]:
        terminal.write_line(f"measured: {line}")
    for line in config.stash[_REASONS]:
        terminal.write_line(f"failed: {line}")
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
