"""The store and the workers of this server: those it was given, or else started here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from rtstore.errors import SettingsError
from rtstore.settings import Settings
from rtstore.supervisor.bridges import running_bridges
from rtstore.supervisor.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class System:
    """What is there; it may die and come back under the same names."""

    store_url: str
    state_dir: Path
    secret: str = field(repr=False)


class Given(BaseSettings):
    """What ``rtstore lab`` (or a deployment) tells a Jupyter server that it has set up."""

    model_config = SettingsConfigDict(env_prefix="RTSTORE_", extra="ignore")

    supervised: bool = False
    """Store and workers are somebody else's to start: RTSTORE_REDIS_URL, _SECRET, _STATE_DIR."""
    bridges: int = Field(default=2, ge=0, le=16)
    """With `supervised`: how many bridges are started for the kernels of this host."""
    state_dir: Path | None = None
    """Where the workers of this host say where they are."""


@asynccontextmanager
async def running_system(settings: Settings, *, contents_id: str) -> AsyncIterator[System]:
    """The store and workers, ready, for as long as the context is open.

    Started here they are supervised meanwhile and ended after it. Raises RTStoreError when that
    can't be, saying why.
    """
    given = Given()
    if given.supervised:
        system = _as_told(settings, given)
        # A kernel is served where it runs, so here, wherever the workers are.
        async with running_bridges(settings, contents_id=contents_id, number=given.bridges):
            yield system
        return
    async with Supervisor(settings, contents_id=contents_id).running() as started:
        yield System(started.store_url, started.state_dir, started.secret)


def _as_told(settings: Settings, given: Given) -> System:
    told = {
        "RTSTORE_REDIS_URL": settings.redis_url,
        "RTSTORE_SECRET": settings.secret,
        "RTSTORE_STATE_DIR": given.state_dir,
    }
    if missing := [name for name, value in told.items() if not value]:
        raise SettingsError(f"RTSTORE_SUPERVISED is set, so {' and '.join(missing)} must be too")
    return System(str(settings.redis_url), Path(str(given.state_dir)), str(settings.secret))
