from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.deploy.site import Site, running_site
from tests.jupyter.conftest import store_url

__all__ = ["store_url"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One for the module: the last test leaves one worker of three."""
    async with running_site(tmp_path_factory.mktemp("site"), store_url) as running:
        yield running
