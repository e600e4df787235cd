"""Bridges: where workers are somebody else's to start, those that kernels need on their host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rtstore.settings import Settings
from rtstore.supervisor.crew import Crew
from rtstore.supervisor.environ import handed_down
from rtstore.supervisor.state_dir import state_dir
from rtstore.supervisor.supervisor import WORKER, crew_running

COMMAND = (*WORKER, "--roles", "bridge")


@asynccontextmanager
async def running_bridges(
    settings: Settings, *, contents_id: str, number: int, command: Sequence[str] = COMMAND
) -> AsyncIterator[None]:
    """Keep `number` bridges for the kernels of this host, while the body runs; 0: none.

    `settings` name the store and the secret. Raises RTStoreError if they can't be started.
    """
    if not number:
        yield
        return
    data_dir = settings.data_dir.expanduser().absolute()
    state = state_dir(data_dir, f"{contents_id}.bridges")
    told = handed_down(settings, store_url=settings.redis_url or "", contents_id=contents_id)
    told = told.model_copy(update={"workers": number})
    async with crew_running(Crew(told, state_dir=state, command=command, root_dir=state)):
        yield
