"""What processes that we start are told: settings as RTSTORE_… variables."""

from __future__ import annotations

import os
from pathlib import Path

from rtstore.settings import Settings
from rtstore.supervisor.state_dir import shared_secret


def handed_down(settings: Settings, *, store_url: str, contents_id: str) -> Settings:
    """The settings a child gets: with the store, the root and the secret decided.

    Its `fingerprint` is the one that a worker with these settings announces.
    """
    data_dir = settings.data_dir.expanduser().absolute()
    return settings.model_copy(
        update={
            "redis_url": store_url,
            "contents_id": contents_id,
            "data_dir": data_dir,
            "secret": settings.secret or shared_secret(data_dir),
        }
    )


def child_environ(settings: Settings, *, state_dir: Path) -> dict[str, str]:
    """Our environment, with exactly these settings in it."""
    environ = dict(os.environ)  # noqa: TID251 -- children inherit it; nothing is read from it
    for name, value in settings.model_dump(mode="json").items():
        variable = f"RTSTORE_{name.upper()}"
        environ.pop(variable, None)
        if value is not None:
            environ[variable] = str(value)
    environ["RTSTORE_STATE_DIR"] = str(state_dir)
    environ["RTSTORE_BRIDGES"] = "0"  # each of our workers is one
    return environ
