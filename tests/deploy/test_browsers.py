"""Two pages of JupyterLab through nginx, each served by a worker of its own; one is killed."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from rtstore.redis_backend.keys import DocumentKeys
from rtstore.supervisor.slots import WorkerSlot
from tests.deploy.site import Site, running_site
from tests.jupyter.conftest import ROOT
from tests.support.lab import Lab
from tests.support.people import Person, chromium, seat_apart
from tests.support.waiting import until

pytestmark = [
    pytest.mark.nginx,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

Meet = Callable[[str, list[str]], Awaitable[tuple[Person, Person]]]
KEY_EVERY_MS = 25


class SiteLab(Lab):
    """The site as people in browsers need it. Nobody starts again what was killed."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.url, self.token, self.store_url = site.url, site.token, site.jupyter.store_url
        self.notes = site.jupyter.files
        self._names: dict[int, str] = {}

    async def find_workers(self) -> None:
        """Ask each worker for its name."""
        for port in self.site.ports:
            url = f"http://127.0.0.1:{port}/rtstore/readyz"
            with await asyncio.to_thread(urllib.request.urlopen, url, None, 30) as reply:
                self._names[port] = json.loads(reply.read())["worker"]

    def workers(self) -> list[WorkerSlot]:
        """Those that live."""
        return [
            WorkerSlot(n, process.pid, "", "", ROOT, "", port, "", self._names[port], 0.0)
            for n, (port, process) in enumerate(
                zip(self.site.ports, self.site.workers, strict=True)
            )
            if process.poll() is None
        ]

    async def document(self, path: str) -> DocumentKeys:
        """The keys of the document of this path."""
        async with self.redis() as redis:
            found = await redis.hget(self.site.jupyter.root.paths, path)
        assert found, f"{path} was never opened"
        return self.site.jupyter.keys.document(found)

    def kill(self, worker: WorkerSlot) -> None:
        """SIGKILL."""
        self.site.kill_worker(worker.slot)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SiteLab]:
    folder = tmp_path_factory.mktemp("site")
    async with running_site(folder, store_url, has_lab=True) as site:
        running = SiteLab(site)
        await running.find_workers()
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def meet(browser: Browser, lab: SiteLab) -> AsyncIterator[Meet]:
    """Ann and Bob in one new notebook, on two workers."""
    present: list[Person] = []

    async def come(path: str, cells: list[str]) -> tuple[Person, Person]:
        lab.write_notebook(path, cells)
        for name in ("ann", "bob"):
            present.append(await Person.arrive(browser, lab, name))
            await present[-1].open(path)
        ann, bob = present
        await seat_apart(ann, bob)
        return ann, bob

    yield come
    for person in present:
        await person.leave()


async def test_two_people_type_in_one_notebook_and_see_each_other(
    lab: SiteLab, meet: Meet
) -> None:
    ann, bob = await meet("together.ipynb", ["first = 1", "second = 2"])
    await ann.enter(0)
    await bob.enter(1)

    for one, other in ((ann, bob), (bob, ann)):
        await one.cursor_flag((await other.user())["display_name"]).wait_for()
    async with asyncio.TaskGroup() as group:
        group.create_task(ann.type("0" * 40, delay_ms=KEY_EVERY_MS))
        group.create_task(bob.type("0" * 40, delay_ms=KEY_EVERY_MS))

    told = ["first = 1" + "0" * 40, "second = 2" + "0" * 40]
    await ann.until_texts(told)
    await bob.until_texts(told)
    await lab.until_saved("together.ipynb", told)
    nobody_noticed = await ann.dialogs() + await bob.dialogs() + ann.errors + bob.errors
    assert nobody_noticed == []


@pytest.mark.alone
async def test_a_worker_killed_in_the_middle_of_typing_is_not_noticed(
    lab: SiteLab, meet: Meet
) -> None:
    ann, bob = await meet("killed.ipynb", [""])
    before, after = "abcdefghij" * 5, "klmnopqrst" * 5
    await ann.enter()

    async with asyncio.TaskGroup() as group:
        group.create_task(ann.type(before + after, delay_ms=KEY_EVERY_MS))
        await bob.until_length(25)
        lab.kill(await ann.worker())
        # What is typed while there is no connection arrives too, and soon.
        await bob.until_length(len(before), timeout_s=3)

    await bob.until_texts([before + after], timeout_s=3)
    await ann.until_texts([before + after])
    await lab.until_saved("killed.ipynb", [before + after])
    nobody_noticed = await ann.dialogs() + await bob.dialogs() + ann.errors + bob.errors
    assert nobody_noticed == []
    assert len(lab.workers()) == 2


async def test_a_cell_runs_where_its_kernel_is_and_shows_everywhere(
    lab: SiteLab, meet: Meet
) -> None:
    """Gateways and keepers share nothing with the kernel but the store and HTTP."""
    ann, bob = await meet("runs.ipynb", ["print(6 * 7)\ninput('Go on? ')"])
    await ann.until_kernel()
    await ann.run_cell(0)
    await bob.until_shown(0, "Go on?")
    await bob.answer("yes")

    for person in (ann, bob):
        await person.until_prompts(["[1]:"])
        await person.until_shown(0, "'yes'")

    async def is_saved() -> bool:
        return "'yes'" in (lab.notes / "runs.ipynb").read_text()

    await until(is_saved, what="the outputs are in the file")
