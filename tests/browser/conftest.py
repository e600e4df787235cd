from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.support.lab import Lab, running_lab
from tests.support.people import Person, chromium, seat_apart

Arrive = Callable[[str], Awaitable[Person]]
Meet = Callable[..., Awaitable[tuple[Person, Person]]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Shared by all; each test takes a notebook of its own. Who kills starts another."""
    async with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(browser: Browser, lab: Lab) -> AsyncIterator[Arrive]:
    """A person comes; at the end of the test all leave."""
    present: list[Person] = []

    async def come(name: str) -> Person:
        present.append(await Person.arrive(browser, lab, name))
        return present[-1]

    yield come
    for person in present:
        await person.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def meet(arrive: Arrive, lab: Lab) -> Meet:
    """Ann and Bob in one new notebook, on two workers: ``ann, bob = await meet(path, cells)``."""

    async def come(path: str, cells: list[str]) -> tuple[Person, Person]:
        lab.write_notebook(path, cells)
        ann, bob = await arrive("ann"), await arrive("bob")
        await ann.open(path)
        await bob.open(path)
        await seat_apart(ann, bob)
        return ann, bob

    return come


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the lab said last."""
    report = yield
    running = getattr(item, "funcargs", {}).get("lab")
    if report.failed and isinstance(running, Lab):
        report.sections.append(("the lab said", running.log.read_text(errors="replace")[-4000:]))
        for log in sorted(running.state_dir.glob("*.log")):
            report.sections.append((log.name, log.read_text(errors="replace")[-2000:]))
    return report
