"""Gateways and keepers on hosts of their own: nothing is shared with the kernels but the store
and HTTP, and nobody can tell.

RTSTORE_TEST_LONG=1 runs every kill and every kernel case so; RTSTORE_KILLS as in test_kills.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
import pytest_asyncio

from tests.deploy.apart import BRIDGES, Apart, running_apart
from tests.kernel_bridge.cases import Case, all_cases
from tests.kernel_bridge.own_cases import FEW, SHORT
from tests.kernel_bridge.performing import shows
from tests.kernel_bridge.test_kills import FAULTS, KILLS, SEED, again_and_again
from tests.support.hosts import why_not
from tests.support.runs import Bench
from tests.support.tools import LONG
from tests.support.waiting import until

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.nginx,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(1800),
]

CASES = [*SHORT, *all_cases()] if LONG else FEW


async def kill_keeper(nb: Bench) -> None:
    """Who folds what the kernel says into the notebook."""
    assert isinstance(nb.lab, Apart)
    psutil.Process((await nb.lab.keeper(nb.path)).pid).kill()


async def pull_the_keepers_cable(nb: Bench) -> None:
    """It goes on, but nobody hears it; then it is back, and another keeps the document."""
    assert isinstance(nb.lab, Apart)
    keeper = await nb.lab.keeper(nb.path)

    async def another_keeps_it() -> bool:
        assert isinstance(nb.lab, Apart)
        return (await nb.lab.keeper(nb.path)).name != keeper.name

    with keeper.host.pulled():
        await until(another_keeps_it, what="another keeps it", timeout_s=60)


HERE = FAULTS | {"keeper": kill_keeper, "cable of the keeper": pull_the_keepers_cable}
del HERE["store with its last writes"]  # it cuts what a lab's own store wrote
KINDS = [(fault, "python3") for fault in ("all workers", "keeper", "cable of the keeper")]
if LONG:
    KINDS = [(fault, "python3") for fault in HERE]
    KINDS += [(fault, "foreign") for fault in HERE if fault != "all workers"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Apart]:
    if why := why_not():
        pytest.skip(why)
    async with running_apart(tmp_path_factory.mktemp("apart")) as running:
        running.add_foreign_kernel()
        yield running


async def test_the_workers_see_nothing_of_jupyters_host(site: Apart) -> None:
    beside = [bridge.pid for bridge in site.bridges()]
    assert site.jupyter.process is not None
    ours = namespaces(site.jupyter.process.pid)
    for one in site.away:
        assert not namespaces(one.pid) & ours
        seen = Path(f"/proc/{one.pid}/root")
        for path in (site.notes, site.jupyter.home / "run", site.jupyter.home / "rtstore"):
            assert path.exists()
            assert not (seen / path.relative_to("/")).exists()
        programs = [program.read_bytes() for program in (seen / "proc").glob("[0-9]*/cmdline")]
        assert b"worker" in (seen / "proc" / "1" / "cmdline").read_bytes()
        assert [program for program in programs if b"jupyter_server" in program] == []
    assert [namespaces(pid) for pid in beside] == [ours] * BRIDGES


def namespaces(pid: int) -> set[str]:
    """Which ones a process is in."""
    return {str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in ("net", "mnt", "pid")}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_notebook_shows_what_a_kernel_elsewhere_said(site: Apart, case: Case) -> None:
    await shows(site, case)


@pytest.mark.parametrize(("fault", "kernel"), KINDS)
async def test_each_line_is_there_once_whoever_dies(
    site: Apart,
    fault: str,
    kernel: str,
    measured: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(FAULTS, fault, HERE[fault])
    await again_and_again(site, fault, kernel)
    measured(f"hosts apart: {KILLS} x {fault} ended in mid-run, {kernel} (seed {SEED})")
