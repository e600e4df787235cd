"""Settings: read once from the environment (``RTSTORE_…``), fixed from then on.

The unit is the end of the name. Command-line flags override a field by `model_copy`.
"""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path
from typing import Literal, Self

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from rtstore.errors import SettingsError


def _data_dir() -> Path:
    return Path(platformdirs.user_data_dir("rtstore", appauthor=False))


class Settings(BaseSettings):
    """One process's settings."""

    model_config = SettingsConfigDict(env_prefix="RTSTORE_", frozen=True, extra="ignore")

    redis_url: str | None = None
    """Where the store is (redis://, rediss://, unix://). None: the embedded store."""
    key_prefix: str = Field("rt", pattern=r"^[A-Za-z0-9_.-]{1,32}$")
    """First part of every key; deployments that share a Redis differ in this."""
    data_dir: Path = Field(default_factory=_data_dir)
    """The embedded store's data, logs and the secret. Not on a network file system."""
    secret: str | None = Field(None, repr=False, min_length=16)
    """Shared by the Jupyter extension and all workers. None: made once in `data_dir`."""
    workers: int = Field(2, ge=1, le=64)
    """Gateway workers that `rtstore lab` and the Jupyter extension start."""
    contents_id: str | None = None
    """Name of the contents root; None: derived from host and root directory."""
    jupyter_url: str | None = None
    """Base URL of the Jupyter server for a worker; None: as published in the store."""
    allowed_origins: str = ""
    """Comma-separated origins that may open sockets besides the page's own host."""
    reauth_s: float = Field(300.0, ge=0.05)
    """Jupyter is asked again this often who an open socket belongs to, and what they may do."""
    save_after_s: float = Field(1.0, ge=0.05)
    """A document is saved when nothing changed for this long. Larger: fewer writes."""
    save_latest_s: float = Field(10.0, ge=0.1)
    """…and at most this long after the first unsaved change, however busy it is."""
    linger_s: float = Field(30.0, ge=0.05)
    """A document that nobody has open is remembered this long by the worker where it was open (a
    page that is loaded again finds it at once), and kept twice as long."""
    outbox_bytes_max: int = Field(8 * 2**20, ge=2**16)
    """What may wait for one browser; above it is skipped and brought up to date later."""
    update_bytes_max: int = Field(64 * 2**20, ge=2**16)
    """Largest single update that is accepted; larger ones close the socket with 1009."""
    presence_ttl_s: float = Field(20.0, ge=2)
    """Who vanished with a dead worker leaves the lists after this long."""
    durability: Literal["fast", "local"] = "fast"
    """fast: AOF every second: a crash of the machine loses that (so does a kill of the store while
    its disk is slow, and rooms put it back); local: fsync each."""
    history_dir: Path | None = None
    """Where archived entries go (a directory that all keepers share); None: into Redis."""
    outputs_kept_days: float = Field(90.0, ge=0)
    """Outputs that are too large for a document are deleted when it has not needed them for so
    long; 0: never. Less: a smaller store; old edits in the archive, and undos of pages that were
    open or away for longer, bring back a link to nothing."""
    kernels_outlive: bool = False
    """Kernels go on when the Jupyter server is killed, and are its own again when it is back."""
    view: bool = True
    """Keep ``rt:{D}:view``, the live document for people with redis-cli."""

    @classmethod
    def load(cls, **given: object) -> Self:
        """From the environment, `given` first. Raises SettingsError naming the variable."""
        try:
            return cls(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            name = "RTSTORE_" + "_".join(str(part) for part in first["loc"]).upper()
            raise SettingsError(f"{name}={first['input']!r}: {first['msg']}") from error

    def fingerprint(self) -> str:
        """Equal for processes that may share workers: everything but the number of them."""
        told = self.model_dump(mode="json", exclude={"workers", "secret", "jupyter_url"})
        return hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()[:16]

    def contents_root_id(self, root_dir: str | Path) -> str:
        """The S of ``rt:{S}:…``: the same for every process that serves this directory."""
        if self.contents_id:
            return self.contents_id
        told = f"{socket.gethostname()}:{os.path.realpath(root_dir)}"
        return "c-" + hashlib.sha256(told.encode()).hexdigest()[:12]
