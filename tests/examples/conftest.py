from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.examples.built import served
from tests.examples.visitor import Visitor
from tests.support.lab import Lab, running_lab
from tests.support.people import chromium

Arrive = Callable[..., Awaitable[Visitor]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Shared by all; each test takes a document of its own."""
    async with running_lab(tmp_path_factory.mktemp("examples")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def notebook_url(lab: Lab) -> AsyncIterator[str]:
    """Where the notebook page is served."""
    async with served("react-notebook", lab) as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def todo_url(lab: Lab) -> AsyncIterator[str]:
    """Where the todo list is served."""
    async with served("todo", lab) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(browser: Browser, lab: Lab) -> AsyncIterator[Arrive]:
    """A visitor comes; at the end of the test all leave, and no page had an error."""
    present: list[Visitor] = []

    async def come(name: str, **options: object) -> Visitor:
        present.append(await Visitor.arrive(browser, lab, name, **options))  # type: ignore[arg-type]
        return present[-1]

    yield come
    for visitor in present:
        await visitor.leave()
    assert [error for visitor in present for error in visitor.errors] == []
